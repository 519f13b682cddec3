import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, link, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind } from '../contracts/node-kind.ts';

type Mode = 'create' | 'overwrite' | 'append';

interface WriteSpec {
  readonly path: string;
  readonly content: string;
  readonly mode?: Mode;
}

/** Folders that others keep their own records in: a file put there would change what they hold to be true. */
const KEPT = ['.git', '.dagrun'];

export const write: NodeKind<WriteSpec> = {
  kind: 'write',
  summary: 'Write a file inside the workspace.',
  schema: {
    type: 'object',
    properties: {
      path: {
        type: 'string',
        'x-holds': 'template',
        'x-reaches': 'a path',
        description: 'The file; relative paths start at the folder of this file, and folders are made as needed.',
      },
      content: { type: 'string', 'x-holds': 'template', description: 'What it holds.' },
      mode: {
        enum: ['overwrite', 'create', 'append'],
        'x-holds': 'literal',
        description:
          'What a file that is there already means: it is replaced, a failure unless it holds the same, or added to. Default: overwrite.',
      },
    },
    required: ['path', 'content'],
    additionalProperties: false,
  },
  example: 'kind: write\npath: reports/{{inputs.name}}.md\ncontent: |\n  # {{inputs.name}}\n  {{inputs.text}}\n',
  callsModel: false,
  output: () => ({
    type: 'object',
    properties: {
      path: { type: 'string', description: 'From the folder of the workflow.' },
      bytes: { type: 'integer', description: 'How many were written.' },
      sha256: { type: 'string', description: 'Of what was written.' },
    },
    required: ['path', 'bytes', 'sha256'],
    additionalProperties: false,
  }),
  idempotent: ({ mode }) => mode !== 'append',

  check({ path }, report) {
    if (typeof path !== 'string' || path.includes('{{')) return;
    const kept = keptIn(posix.normalize(path));
    if (kept !== undefined) report('DAG141', ['path'], inKept(path, kept), { help: 'write beside it' });
  },

  async execute({ path, content, mode = 'overwrite' }, { outside, abort }) {
    abort.throwIfAborted();
    if (path.trim() === '') throw unwritable(path, '`path` is empty');
    const { name, file } = await outside.place(path).catch((error: unknown) => {
      throw error instanceof Failed ? unwritable(path, error.message) : error;
    });
    const kept = keptIn(file);
    if (kept !== undefined) throw unwritable(path, inKept(path, kept));
    const bytes = Buffer.from(content, 'utf8');
    try {
      if ((await lstat(file).catch(() => undefined))?.isDirectory()) throw unwritable(path, `"${path}" is a folder`);
      await mkdir(dirname(file), { recursive: true });
      if (mode === 'append') await append(file, bytes);
      else await replace(file, bytes, mode, path);
    } catch (error) {
      throw error instanceof Failed ? error : unwritable(path, `"${path}" cannot be written: ${reasonOf(error)}`);
    }
    return { path: name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  },
};

function keptIn(file: string): string | undefined {
  return file.split(/[/\\]/).find((folder) => KEPT.includes(folder.toLowerCase()));
}

function inKept(path: string, kept: string): string {
  return `"${path}" lies in ${kept}, where nodes do not write`;
}

/** Whole or not at all: it is written beside its place, made to last, and put there in one step. */
async function replace(file: string, bytes: Buffer, mode: Mode, path: string): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeLasting(beside, bytes, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    if (mode === 'create') {
      await link(beside, file).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        // Written by a try before this one whose end nobody heard of.
        if (!(await readFile(file)).equals(bytes)) throw unwritable(path, `"${path}" is there already, and holds something else`);
      });
      return;
    }
    const before = await lstat(file).catch(() => undefined);
    if (before) await chmod(beside, before.mode & 0o777);
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}

async function append(file: string, bytes: Buffer): Promise<void> {
  await writeLasting(file, bytes, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0));
}

async function writeLasting(file: string, bytes: Buffer, flags: number): Promise<void> {
  const handle = await open(file, flags, 0o666);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its symbolic links go in a circle',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  return REASONS[code] ?? code;
}

function unwritable(file: string, message: string): Failed {
  return new Failed({ type: 'file_unwritable', message, file });
}
