import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Surroundings } from '../contracts/engine.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { DagrunError } from '../errors.ts';

const PATTERN = /\.test\.ya?ml$/;
/** Folders in which nobody keeps tests. */
const SKIPPED = new Set(['node_modules', '.git', '.dagrun', 'dist']);

/**
 * Test files, absolute: those named, and those below the folders named; without any, those of the project (in `cwd`, and below
 * its `workflows/`). Throws DagrunError for a name that is neither.
 */
export function findTests(names: readonly string[], around: Surroundings = {}): readonly string[] {
  const cwd = resolve(around.cwd ?? '.');
  if (names.length === 0) return [...filesIn(cwd, false), ...filesIn(join(cwd, 'workflows'), true)];
  return [
    ...new Set(
      names.flatMap((name) => {
        const path = resolve(cwd, name);
        const found = statSync(path, { throwIfNoEntry: false });
        if (found?.isDirectory()) return filesIn(path, true);
        if (found) return [path];
        const known = findTests([], around).map((file) => relative(cwd, file));
        const near = suggest(name, known);
        throw new DagrunError(`there is no file ${name}`, { exitCode: 2, ...(near !== undefined && { help: `did you mean ${near}?` }) });
      }),
    ),
  ];
}

function filesIn(folder: string, deep: boolean): readonly string[] {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return deep && !SKIPPED.has(entry.name) ? filesIn(path, true) : [];
    return PATTERN.test(entry.name) ? [path] : [];
  });
}
