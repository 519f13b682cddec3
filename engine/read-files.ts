import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { Failed } from './contracts/failure.ts';
import type { WorkspaceFile } from './contracts/node-kind.ts';
import { mediaOf } from './media.ts';
import { isWithin, outsideOf, placeIn, realPath } from './workspace.ts';

/** No model takes a hundredth of it as text, and none a file of this size at all. */
const LARGEST_FILE = 100_000_000;
/** More files than this are no attachment but a mistake in the pattern. */
const MOST_FILES = 1_000;
/** Where nobody keeps what a model should read, unless the pattern names it. */
const NEVER = ['.git', 'node_modules', '.dagrun'];

/**
 * Reads the files that nodes name: one by its path, or all that match a pattern, sorted by name. Relative paths start at `folder`;
 * nothing outside `roots` is read, by symbolic links neither. Throws Failed (file_unreadable).
 */
export function createFileReader(folder: string, roots: readonly string[]): (path: string) => Promise<readonly WorkspaceFile[]> {
  const allowed = roots.map(realPath);
  return async (path) => {
    // A name with brackets in it is a name before it is a pattern.
    if (!isPattern(path) || existsSync(resolve(folder, path))) return [await readOne(path, folder, allowed)];
    const names = await matching(path, folder, allowed);
    return Promise.all(names.map((name) => readOne(name, folder, allowed)));
  };
}

/** Why files may not be read that a path names, or a pattern means; undefined when they may. `allowed` are folders with their links followed. */
export function refusalToRead(path: string, folder: string, allowed: readonly string[]): string | undefined {
  const reached = isPattern(path) && !existsSync(resolve(folder, path)) ? baseOf(path, folder) : path;
  return placeIn(folder, allowed, reached).why === 'outside' ? outsideOf(path) : undefined;
}

function isPattern(path: string): boolean {
  return /[*?[\]{}]|[!+@]\(/.test(path);
}

/** The folder that a pattern is looked for in. */
function baseOf(pattern: string, folder: string): string {
  const steps = pattern.split('/');
  return resolve(folder, steps.slice(0, steps.findIndex(isPattern)).join('/') || (pattern.startsWith('/') ? '/' : '.'));
}

/** Names of the files that match, from `folder`, in the order of their letters, on every machine the same. */
async function matching(pattern: string, folder: string, allowed: readonly string[]): Promise<readonly string[]> {
  const fail = (message: string): Failed => new Failed({ type: 'file_unreadable', message, file: pattern });
  const steps = pattern.split('/');
  const first = steps.findIndex(isPattern);
  const base = baseOf(pattern, folder);
  // Otherwise half a disk would be walked before anything is refused.
  if (!isWithin(realPath(base), allowed)) throw fail(outsideOf(pattern));
  const ignore = NEVER.filter((name) => !steps.includes(name)).map((name) => `**/${name}/**`);
  const found = await glob(steps.slice(first).join('/'), {
    cwd: base,
    onlyFiles: true,
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore,
  });
  if (found.length === 0) throw fail(`no file matches "${pattern}"`);
  if (found.length > MOST_FILES) throw fail(`"${pattern}" matches ${found.length} files: no more than ${MOST_FILES} can be attached`);
  return found.map((name) => relative(folder, join(base, name)).split(sep).join('/')).sort();
}

async function readOne(path: string, folder: string, allowed: readonly string[]): Promise<WorkspaceFile> {
  const file = resolve(folder, path);
  const fail = (message: string, cause?: unknown): Failed => new Failed({ type: 'file_unreadable', message, file: path }, { cause });
  if (!existsSync(file)) throw fail(`there is no file "${path}"`);
  const target = realPath(file);
  if (!isWithin(target, allowed)) throw fail(outsideOf(path));
  let bytes: Buffer;
  try {
    const about = await stat(target);
    // A pipe or a device would be waited for, or never end.
    if (!about.isFile()) throw fail(`"${path}" is ${about.isDirectory() ? 'a folder' : 'not a file'}`);
    if (about.size > LARGEST_FILE) throw fail(`"${path}" is too large to be attached: ${Math.ceil(about.size / 1e6)} MB`);
    bytes = await readFile(target);
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw fail(`"${path}" cannot be read: ${error instanceof Error && 'code' in error ? error.code : 'unknown reason'}`, error);
  }
  const name = relative(folder, file).split(sep).join('/');
  const media = mediaOf(bytes);
  if (media?.type === 'image' && media.pixels === undefined) throw fail(`"${path}" is cut off: its size in pixels cannot be read`);
  if (media) return { name, attachment: { ...media, name, data: bytes.toString('base64') } };
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes) || text.includes('\0'))
    throw fail(`"${path}" is neither a text in UTF-8 nor an image (PNG, JPEG, GIF, WebP) nor a PDF`);
  return { name, text };
}
