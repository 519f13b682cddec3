import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Surroundings } from './contracts/engine.ts';
import type { SourceTree } from './contracts/source.ts';
import { suggest } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import type { WorkflowFile } from './load.ts';

/** A file of a revision, `HEAD~1:workflows/review.workflow.yml`: in git's own words, the path starts at the top of the repository. */
export interface RevisionFile {
  readonly revision: string;
  readonly path: string;
}

/** What stands before and after the first colon; undefined when there is none, or when it is that of a drive or a URL. */
export function parseRevision(text: string): RevisionFile | undefined {
  const match = /^([^:]+):(?![\\/])(.+)$/s.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { revision: match[1], path: match[2] };
}

/** The file as it was in the last commit. `file` is absolute. Throws DagrunError. */
export function atHead(file: string, around: Surroundings): WorkflowFile {
  const real = realpathSync(file);
  const top = topOf(dirname(real));
  return open({ revision: 'HEAD', path: relative(top, real).split(sep).join('/') }, top, around);
}

/** The file as it was in a revision. A path that begins with `./` or `../` starts where the user is, as git has it. Throws DagrunError. */
export function atRevision({ revision, path }: RevisionFile, around: Surroundings): WorkflowFile {
  const cwd = realpathSync(resolve(around.cwd ?? '.'));
  const top = topOf(cwd);
  const inside = /^\.\.?\//.test(path) ? relative(top, resolve(cwd, path)) : path;
  return open({ revision, path: inside.split(sep).join('/') }, top, around);
}

/** Where a file of a revision is when it is checked out; absolute. Throws DagrunError outside a repository. */
export function checkedOut({ path }: RevisionFile, around: Surroundings): string {
  const cwd = realpathSync(resolve(around.cwd ?? '.'));
  return /^\.\.?\//.test(path) ? resolve(cwd, path) : join(topOf(cwd), path);
}

function open({ revision, path }: RevisionFile, top: string, around: Surroundings): WorkflowFile {
  const tree = revisionTree(top, commitOf(revision, top), revision);
  const file = join(top, path);
  const text = tree.read(file);
  if (text === undefined) throw new DagrunError(`there is no file ${path} in ${revision}`, { exitCode: 2, help: adviceOn() });
  return { path: file, source: { name: tree.nameOf(file), text }, tree };

  function adviceOn(): string {
    const here = relative(top, resolve(around.cwd ?? '.', path))
      .split(sep)
      .join('/');
    if (here !== path && tree.read(join(top, here)) !== undefined) return `did you mean ${revision}:${here}?`;
    const near = suggest(basename(path), tree.list(dirname(file)));
    if (near !== undefined) return `did you mean ${tree.nameOf(join(dirname(file), near))}?`;
    if (existsSync(file)) return `it was not committed then: name another revision, or two files`;
    return 'paths start at the top of the repository; `./` in front of one starts it here';
  }
}

/** The files of a commit, as if it were checked out at `top`. Symbolic links are followed inside of it. */
function revisionTree(top: string, commit: string, revision: string): SourceTree {
  const inside = (path: string): string | undefined => {
    const name = relative(top, path).split(sep).join('/');
    return name.startsWith('../') || name === '..' || /[\n\0]/.test(name) ? undefined : name;
  };
  return {
    read(path) {
      const name = inside(path);
      return name === undefined ? undefined : blobOf(git(top, ['cat-file', '--batch', '--follow-symlinks'], `${commit}:${name}\n`));
    },
    list(folder) {
      const name = inside(folder);
      if (name === undefined) return [];
      try {
        return git(top, ['ls-tree', '-z', '--name-only', `${commit}:${name}`])
          .toString('utf8')
          .split('\0')
          .filter((entry) => entry !== '')
          .sort();
      } catch (error) {
        if (error instanceof GitRefused) return [];
        throw error;
      }
    },
    nameOf: (path) => `${revision}:${inside(path) ?? path}`,
  };
}

/** The content in an answer of `cat-file --batch`, `<object> blob <size>`; undefined for anything but a file. */
function blobOf(answer: Buffer): string | undefined {
  const end = answer.indexOf(10);
  const [, type, size] = answer.toString('utf8', 0, end).split(' ');
  return type === 'blob' ? answer.toString('utf8', end + 1, end + 1 + Number(size)) : undefined;
}

function topOf(folder: string): string {
  try {
    return resolve(git(folder, ['rev-parse', '--show-toplevel']).toString('utf8').trimEnd());
  } catch (error) {
    if (!(error instanceof GitRefused)) throw error;
    throw new DagrunError('there is no git repository here', {
      exitCode: 2,
      // There may be one that git does not trust.
      help: `compare two files instead${/not a git repository/.test(error.said) ? '' : `\ngit says: ${error.said}`}`,
    });
  }
}

function commitOf(revision: string, top: string): string {
  try {
    // What begins with a dash would be an option.
    if (revision.startsWith('-')) throw new GitRefused('');
    return git(top, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`])
      .toString('utf8')
      .trimEnd();
  } catch (error) {
    if (!(error instanceof GitRefused)) throw error;
    throw new DagrunError(`there is no revision "${revision}"`, { exitCode: 2, help: howToHaveIt(top) });
  }
}

function howToHaveIt(top: string): string {
  const isShallow = git(top, ['rev-parse', '--is-shallow-repository']).toString('utf8').trim() === 'true';
  return isShallow ? 'this clone holds the last commits only: `git fetch --unshallow` brings the others' : '`git log --oneline` shows them';
}

/** git ended with another code than 0. */
class GitRefused extends Error {
  /** The first line it wrote. */
  readonly said: string;
  constructor(said: string) {
    super('git refused');
    this.name = 'GitRefused';
    this.said = said;
  }
}

/** A tree of files nobody would call a workflow's. */
const MOST_BYTES = 256 * 1024 * 1024;

/** What git prints. Throws GitRefused, or DagrunError when there is no git. */
function git(folder: string, args: readonly string[], input = ''): Buffer {
  try {
    return execFileSync('git', args, { cwd: folder, input, maxBuffer: MOST_BYTES, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    if (isMissing(error))
      throw new DagrunError('git is not installed, or not on the PATH', { exitCode: 2, help: 'compare two files instead' });
    throw new GitRefused(saidBy(error));
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function saidBy(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error && Buffer.isBuffer(error.stderr) ? error.stderr.toString('utf8') : '';
  return said.split('\n', 1)[0] ?? '';
}
