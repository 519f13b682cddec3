import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkWorkflow, renderDiagnostics } from '../engine/index.ts';

const folder = join(import.meta.dirname, 'fixtures');
const ENDING = '.workflow.yml';

function filesIn(name: string): readonly string[] {
  return readdirSync(join(folder, name))
    .filter((file) => file.endsWith(ENDING))
    .sort();
}

/** What `dagrun validate` prints for a file, without colour. */
async function told(cwd: string, file: string): Promise<string> {
  return renderDiagnostics(await checkWorkflow(file, { cwd, env: {} }), { format: 'pretty', colour: false });
}

describe('a file with mistakes is told what its golden says', () => {
  const cwd = join(folder, 'check');
  const files = filesIn('check');

  test.each(files)('%s', async (file) => {
    const text = await told(cwd, file);
    const code = /^DAG\d{3}/.exec(file)?.[0];
    expect(code, 'the name of a fixture begins with its code').toBeDefined();
    if (!file.includes('-not-')) expect(text).toContain(` ${code}: `);
    await expect(text).toMatchFileSnapshot(join(cwd, file.replace(ENDING, '.expected.txt')));
  });

  test('every golden has its fixture', () => {
    const goldens = readdirSync(cwd).filter((file) => file.endsWith('.expected.txt'));
    expect(goldens.filter((golden) => !existsSync(join(cwd, golden.replace('.expected.txt', ENDING))))).toEqual([]);
  });
});

describe('a right file is silent', () => {
  test.each(filesIn('ok'))('%s', async (file) => {
    expect(await told(join(folder, 'ok'), file)).toBe('');
  });
});
