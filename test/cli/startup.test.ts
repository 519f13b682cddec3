import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Files and packages that are loaded as soon as a file is, types and `await import()` left out. */
function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, names = '', from = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) ([^;]*?) from '([^']+)'/gm)) {
    const onlyTypes = names.startsWith('type ') || /^\{(?:\s*type [^,}]+,?)+\s*\}$/.test(names);
    if (onlyTypes) continue;
    if (from.startsWith('.') && from.endsWith('.ts')) loadedBy(join(dirname(file), from), seen);
    else if (!from.startsWith('.')) seen.add(from);
  }
  return seen;
}

test('help and version load the command line and nothing of the engine', () => {
  const loaded = [...loadedBy(join(root, 'cli/main.ts'))].map((file) => (file.startsWith('/') ? relative(root, file) : file));
  expect(loaded).toContain('cli/commands/run.ts');
  expect(loaded.filter((file) => file.startsWith('engine/'))).toEqual([]);
  expect(loaded.filter((file) => !file.startsWith('cli/') && !file.startsWith('node:'))).toEqual(['commander']);
});
