import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Failed } from './contracts/failure.ts';
import type { SourceHost, SourceTree } from './contracts/source.ts';

/** What marks the top of a workspace, the likeliest first. */
const MARKS = ['dagrun.config.yml', '.git', 'package.json'];

/** The folder a workflow's paths may not leave: the nearest one upward that holds a mark, else the folder itself. */
export function workspaceOf(folder: string): string {
  for (const mark of MARKS) {
    for (let at = folder; ; at = dirname(at)) {
      if (existsSync(join(at, mark))) return at;
      if (dirname(at) === at) break;
    }
  }
  return folder;
}

/** The files of the disk; they are named as from `cwd`. */
export function diskTree(cwd: string): SourceTree {
  return {
    read(path) {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    list(folder) {
      try {
        return readdirSync(folder).sort();
      } catch {
        return [];
      }
    },
    nameOf: (path) => relative(cwd, path) || path,
  };
}

/** Reads the files a workflow is made of; paths start at `folder`. */
export function sourceHost(folder: string, tree: SourceTree): SourceHost {
  return { read: (path) => tree.read(join(folder, path)), list: (path) => tree.list(join(folder, path)) };
}

/** No model takes a hundredth of it. */
const LARGEST_TEXT = 100_000_000;

/**
 * Reads the text files that nodes attach. Relative paths start at `folder`; nothing outside `roots` is read, symbolic links
 * included. Throws Failed (file_unreadable).
 */
export function createTextReader(
  folder: string,
  roots: readonly string[],
): (path: string) => Promise<{ readonly name: string; readonly text: string }> {
  const allowed = roots.map(real);
  return async (path) => {
    const file = isAbsolute(path) ? path : resolve(folder, path);
    const fail = (message: string, cause?: unknown): Failed => new Failed({ type: 'file_unreadable', message, file: path }, { cause });
    if (!existsSync(file)) throw fail(`there is no file "${path}"`);
    const target = real(file);
    if (!allowed.some((root) => target === root || target.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw fail(`"${path}" lies outside the workspace`);
    let bytes: Buffer;
    try {
      const about = await stat(target);
      // A pipe or a device would be waited for, or never end.
      if (!about.isFile()) throw fail(`"${path}" is ${about.isDirectory() ? 'a folder' : 'not a file'}`);
      if (about.size > LARGEST_TEXT) throw fail(`"${path}" is too large to be attached: ${Math.ceil(about.size / 1e6)} MB`);
      bytes = await readFile(target);
    } catch (error) {
      if (error instanceof Failed) throw error;
      throw fail(`"${path}" cannot be read: ${error instanceof Error && 'code' in error ? error.code : 'unknown reason'}`, error);
    }
    const text = bytes.toString('utf8');
    if (!isUtf8(bytes) || text.includes('\0')) throw fail(`"${path}" is not a text file in UTF-8`);
    return { name: relative(folder, file).split(sep).join('/'), text };
  };
}

/**
 * Finds where paths inside the workspace lead. Relative ones start at `folder`; nothing outside `roots` is found, by symbolic links
 * neither. What is not there yet is found where it would be. Throws Failed (file_unreadable).
 */
export function createPlacer(
  folder: string,
  roots: readonly string[],
): (path: string) => Promise<{ readonly name: string; readonly file: string }> {
  const allowed = roots.map(real);
  return async (path) => {
    const fail = (message: string): Failed => new Failed({ type: 'file_unreadable', message, file: path });
    if (path.includes('\0')) throw fail('a path cannot hold a NUL character');
    const asked = isAbsolute(path) ? path : resolve(folder, path);
    const file = realPlace(asked);
    if (file === undefined) throw fail(`"${path}" is a symbolic link that leads nowhere`);
    if (!allowed.some((root) => file === root || file.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw fail(`"${path}" lies outside the workspace`);
    return { name: relative(real(folder), file).split(sep).join('/') || '.', file };
  };
}

/** The path with the links of what exists of it followed; undefined when one of them leads nowhere. */
function realPlace(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    if (isLink(path)) return undefined;
    const parent = dirname(path);
    if (parent === path) return path;
    const above = realPlace(parent);
    return above === undefined ? undefined : join(above, basename(path));
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
