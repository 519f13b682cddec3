import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { codes, explainCode } from '../../engine/diagnostics/codes.ts';
import { checkWorkflow, renderDiagnostics } from '../../engine/index.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-codes-'));
afterAll(() => rmSync(sandbox, { recursive: true }));

async function check(text: string): Promise<{ readonly codes: readonly string[]; readonly told: string }> {
  writeFileSync(join(sandbox, 'example.workflow.yml'), text);
  const diagnostics = await checkWorkflow('example.workflow.yml', { cwd: sandbox, env: {} });
  const found = [...new Set(diagnostics.map((diagnostic) => diagnostic.code))];
  return { codes: found, told: renderDiagnostics(diagnostics, { format: 'pretty', colour: false }) };
}

// Codes of configuration and of runs have examples that are no workflow files.
const examples = Object.entries(codes).filter(([code, entry]) => /^DAG[1-6]/.test(code) && entry.wrong !== undefined);

describe.each(examples)('%s', (code, { wrong = '', right }) => {
  test('its wrong example has exactly this mistake', async () => {
    const found = await check(wrong);
    expect(found.codes, found.told).toEqual([code]);
  });

  test('its right example has none', async () => {
    expect(right).toBeDefined();
    expect((await check(right ?? '')).told).toBe('');
  });
});

test('every code says what it means, in the form all of them have', () => {
  for (const [code, { title, explanation }] of Object.entries(codes)) {
    expect(code).toMatch(/^DAG[1-9]\d\d$/);
    expect(title, code).not.toMatch(/\.$/);
    expect(title.length, code).toBeLessThanOrEqual(70);
    expect(explanation, code).toMatch(/[.:`]$/);
  }
  expect(explainCode('dag101')?.title).toBe('text that is not YAML');
  expect(explainCode('DAG199')).toBeUndefined();
});
