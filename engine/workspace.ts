import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Failed } from './contracts/failure.ts';
import type { SourceHost, SourceTree, Standing } from './contracts/source.ts';

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

/** Files may be read from the workspace of the workflow and from that of whoever runs it. */
export function rootsOf(file: string, cwd: string, config: { readonly file?: string } = {}): readonly string[] {
  return [workspaceOf(dirname(file)), workspaceOf(resolve(cwd)), ...(config.file === undefined ? [] : [dirname(config.file)])];
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
    whatIs,
  };
}

function whatIs(path: string): Standing {
  try {
    const about = statSync(path);
    if (!about.isFile()) return about.isDirectory() ? 'folder' : 'other';
  } catch {
    return undefined;
  }
  try {
    accessSync(path, constants.X_OK);
    return 'program';
  } catch {
    return 'file';
  }
}

/** Reads the files a workflow is made of; paths start at `folder`, and stay inside `root`. */
export function sourceHost(folder: string, tree: SourceTree, root: string): SourceHost {
  return {
    read: (path) => tree.read(join(folder, path)),
    list: (path) => tree.list(join(folder, path)),
    outside: (path) => !isWithin(realPath(join(folder, path)), [root]),
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
  const allowed = roots.map(realPath);
  return async (path) => {
    const found = placeIn(folder, allowed, path);
    if (found.why !== undefined) throw new Failed({ type: 'file_unreadable', message: REFUSALS[found.why](path), file: path });
    return { name: relative(realPath(folder), found.file).split(sep).join('/') || '.', file: found.file };
  };
}

/** Where a path leads: nodes may reach it only without a `why`. `allowed` are folders with their links followed. */
export function placeIn(
  folder: string,
  allowed: readonly string[],
  path: string,
): { readonly file: string; readonly why?: never } | { readonly why: 'nul' | 'dangling' | 'outside' } {
  if (path.includes('\0')) return { why: 'nul' };
  const file = realPlace(isAbsolute(path) ? path : resolve(folder, path));
  if (file === undefined) return { why: 'dangling' };
  return isWithin(file, allowed) ? { file } : { why: 'outside' };
}

/** What is said of a path that leaves the workspace. */
export function outsideOf(path: string): string {
  return `"${path}" lies outside the workspace`;
}

const REFUSALS = {
  nul: () => 'a path cannot hold a NUL character',
  dangling: (path: string) => `"${path}" is a symbolic link that leads nowhere`,
  outside: outsideOf,
} as const;

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

/** Whether a path is one of these folders or lies in one; all of them with their links followed. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}

/** A path with its symbolic links followed; itself when there is nothing. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
