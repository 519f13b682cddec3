import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suggest } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';

const PATTERN = /\.(workflow|dagrun)\.ya?ml$/;
/** Folders in which nobody keeps workflows. */
const SKIPPED = new Set(['node_modules', '.git', '.dagrun', 'dist']);

/** A workflow file, and whether it ships with dagrun. */
export interface FoundFile {
  /** The file's name without its ending. */
  readonly name: string;
  readonly file: string;
  readonly builtin: boolean;
}

/** Workflow files of the project (in `cwd` and below `cwd/workflows`), then those of the gallery; each list by name. */
export function findFiles(cwd: string): readonly FoundFile[] {
  const own = [...filesIn(cwd, false), ...filesIn(join(cwd, 'workflows'), true)];
  const gallery = filesIn(join(packageRoot(), 'workflows'), true).filter((file) => !own.includes(file));
  const found = (files: readonly string[], builtin: boolean): FoundFile[] =>
    files.map((file) => ({ name: basename(file).replace(PATTERN, ''), file, builtin })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...found(own, false), ...found(gallery, true)];
}

/** The absolute file of a workflow given by path or by name: the project's own come first. Throws DagrunError when there is none. */
export function findFile(nameOrFile: string, cwd: string): string {
  const path = resolve(cwd, nameOrFile);
  if (existsSync(path) && statSync(path).isFile()) return path;
  const files = findFiles(cwd);
  const byName = files.find((one) => one.name === nameOrFile);
  if (byName) return byName.file;

  const looksLikePath = nameOrFile.includes('/') || /\.ya?ml$/.test(nameOrFile);
  const names = files.map((one) => one.name);
  const near = looksLikePath ? suggest(basename(nameOrFile), neighbours(path)) : suggest(nameOrFile, names);
  const nearPath = near === undefined || !looksLikePath ? near : relative(cwd, join(dirname(path), near));
  throw new DagrunError(looksLikePath ? `there is no file ${nameOrFile}` : `there is no workflow called "${nameOrFile}"`, {
    exitCode: 2,
    help:
      nearPath !== undefined
        ? `did you mean ${nearPath}?`
        : names.length > 0
          ? '`dagrun list` shows the workflows there are'
          : '`dagrun init` makes a first one',
  });
}

/** The folder dagrun is installed in: where its own gallery and schemas are. */
function packageRoot(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); dirname(at) !== at; at = dirname(at)) {
    const file = join(at, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'dagrun') return at;
  }
  throw new Error('dagrun does not find its own package.json');
}

function filesIn(folder: string, deep: boolean): readonly string[] {
  const files: string[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (deep && !SKIPPED.has(entry.name)) files.push(...filesIn(path, true));
    } else if (PATTERN.test(entry.name)) {
      files.push(path);
    }
  }
  return files;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function neighbours(path: string): readonly string[] {
  return entriesOf(dirname(path)).map((entry) => entry.name);
}
