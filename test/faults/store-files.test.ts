import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../engine/contracts/event.ts';
import { StoreFailed } from '../../engine/contracts/store.ts';
import { openProjectStore } from '../../engine/project-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';
import { mulberry } from '../crash/sweep.ts';
import { bulky, cli, folderWith, mayMount, newestRun, removeFolders } from './project.ts';

afterAll(removeFolders);

const HELLO = 'dagrun: 1\nname: hello\nnodes:\n  say: { kind: set, value: \'"hello"\' }\noutputs: { said: nodes.say.output }\n';

/** Runs with a store that cannot be used: what it says, and nothing else happens. */
async function refused(store: string, folder = folderWith({ 'hello.workflow.yml': HELLO })): Promise<string> {
  const { code, stdout, stderr } = await cli(folder, ['run', 'hello', '--quiet'], { DAGRUN_STORE: `file:${store}` });
  expect(code).toBe(3);
  expect(stdout).toBe('');
  return stderr.replaceAll(folder, '…');
}

describe('a store that cannot be used is told before anything runs', () => {
  test('a file that is no database', async () => {
    const folder = folderWith({ 'hello.workflow.yml': HELLO, 'notes.db': 'These are my notes.\n'.repeat(100) });
    expect(await refused(join(folder, 'notes.db'), folder)).toBe(
      'error: …/notes.db is no store of dagrun\nhelp: move it away, or put the store elsewhere with DAGRUN_STORE=file:…\n',
    );
    expect(readFileSync(join(folder, 'notes.db'), 'utf8')).toContain('These are my notes.');
  });

  test('a folder in the place of the file, and a file in the place of the folder', async () => {
    const folder = folderWith({ 'hello.workflow.yml': HELLO, store: 'a file' });
    mkdirSync(join(folder, 'runs.db'));
    const help = 'help: make its folder writable, or put the store elsewhere with DAGRUN_STORE=file:…\n';
    expect(await refused(join(folder, 'runs.db'), folder)).toBe(`error: …/runs.db cannot be written\n${help}`);
    expect(await refused(join(folder, 'store/runs.db'), folder)).toBe(`error: …/store/runs.db cannot be written\n${help}`);
  });

  test('a database of a newer dagrun', async () => {
    const folder = folderWith({ 'hello.workflow.yml': HELLO });
    const file = join(folder, 'runs.db');
    const raw = new Database(file);
    raw.pragma('user_version = 999');
    raw.close();
    expect(await refused(file, folder)).toMatch(
      /^error: the store was written by a newer dagrun \(version 999 of its tables; this one knows \d+\)\nhelp: update dagrun, or use another store with DAGRUN_STORE\n$/,
    );
  });

  test('a database another process holds for too long', () => {
    const file = join(folderWith(), 'runs.db');
    const raw = new Database(file);
    raw.exec('begin exclusive');
    raw.exec('create table mine (x)');
    try {
      expect(() => openSqlite(file, 20)).toThrow(
        expect.objectContaining({ reason: 'locked', message: `${file} is locked by another process` }),
      );
    } finally {
      raw.exec('rollback');
      raw.close();
    }
  });

  test.skipIf(!mayMount())('a file system that cannot be written', async () => {
    const folder = folderWith({ 'hello.workflow.yml': HELLO });
    const sealed = join(folder, 'sealed');
    mkdirSync(sealed);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,ro', 'none', sealed]);
    try {
      expect(await refused(join(sealed, 'runs.db'), folder)).toContain('error: …/sealed/runs.db cannot be written\n');
    } finally {
      execFileSync('umount', [sealed]);
    }
  });
});

test('a damaged page is told as such, or does no harm', { timeout: 120_000 }, async () => {
  const folder = folderWith({ 'bulky.workflow.yml': bulky(6) });
  const file = join(folder, 'runs.db');
  expect((await cli(folder, ['run', 'bulky', '--quiet'], { DAGRUN_STORE: `file:${file}` })).code).toBe(0);
  const whole = await readAll(file);
  const bytes = readFileSync(file);
  const pages = bytes.length / 4096;
  const random = mulberry(1);
  const seen = { harmless: 0, told: 0 };
  for (let page = 0; page < pages; page += 1) {
    for (const kind of ['random', 'zero', 'letters'] as const) {
      const damaged = Buffer.from(bytes);
      for (let at = 0; at < 4096; at += 1) damaged[page * 4096 + at] = { random: Math.floor(random() * 256), zero: 0, letters: 65 }[kind];
      const copy = join(folder, 'damaged.db');
      cpSync(file, copy);
      writeFileSync(copy, damaged);
      for (const suffix of ['-wal', '-shm']) if (existsSync(copy + suffix)) writeFileSync(copy + suffix, '');
      try {
        const read = await readAll(copy);
        // Letters inside a long text are letters: only a checksum would tell.
        if (kind !== 'letters') expect(read, `page ${page}, ${kind}`).toEqual(whole);
        seen.harmless += 1;
      } catch (error) {
        expect(error, `page ${page}, ${kind}`).toBeInstanceOf(StoreFailed);
        expect((error as StoreFailed).reason, `page ${page}, ${kind}`).toBe('corrupt');
        seen.told += 1;
      }
    }
  }
  expect(seen.told).toBeGreaterThan(pages);
});

test('a store that is closed while a run is under way fails the run, and is no bug', async () => {
  const folder = folderWith({ 'bulky.workflow.yml': bulky(1) });
  const file = join(folder, 'runs.db');
  await cli(folder, ['run', 'bulky', '--quiet'], { DAGRUN_STORE: `file:${file}` });
  const store = await openProjectStore({ env: { DAGRUN_STORE: `file:${file}` } });
  const { id } = (await store.runs.list())[0]!;
  await store.load(id);
  await store.close();
  await expect(store.runs.find(id)).rejects.toMatchObject({ name: 'StoreFailed', reason: 'io' });
});

/** All a store holds. */
async function readAll(file: string): Promise<unknown> {
  const store = await openProjectStore({ env: { DAGRUN_STORE: `file:${file}` } });
  try {
    const runs = await store.runs.list();
    const found: unknown[] = [];
    for (const run of runs) {
      await store.load(run.id);
      const events: RunEvent[] = [];
      for await (const event of store.journal.read(run.id)) events.push(event);
      found.push({ run, plan: await store.runs.plan(run.id), events, inbox: await store.inbox.read(run.id) });
    }
    // The store must not be taken for an empty one.
    expect(found.length).toBeGreaterThan(0);
    expect((await newestRun(file)).id).toBe(runs[0]?.id);
    return found;
  } finally {
    await store.close();
  }
}
