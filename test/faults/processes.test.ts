import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleOf } from '../crash/bundle.ts';
import { type HoldingServer, startHoldingServer } from './holding-server.ts';
import { bulky, cli, folderWith, newestRun, removeFolders } from './project.ts';

const TWO = `dagrun: 1
name: two
nodes:
  first: { model: openai/gpt-6-luna, prompt: One. }
  second: { model: openai/gpt-6-luna, prompt: "Two. {{nodes.first.output}}" }
outputs: { said: nodes.second.output }
`;

let command: string;
const children: ChildProcess[] = [];
const servers: HoldingServer[] = [];
beforeAll(async () => {
  command = await bundleOf('cli/main.ts');
}, 60_000);
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of servers) server.close();
  removeFolders();
});

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
  /** Resolves when stderr holds this text. */
  says(text: string): Promise<void>;
}

/** dagrun in a process of its own. `limit`: kilobytes a file may have. */
function start(folder: string, args: readonly string[], env: Readonly<Record<string, string>>, limit?: number): Started {
  const own = { ...env, PATH: process.env.PATH };
  const line = [command, '-C', folder, ...args];
  const child =
    limit === undefined
      ? spawn(process.execPath, line, { env: own })
      : // Being told of it, not ended by it: what a quota does.
        spawn('sh', ['-c', `trap '' XFSZ; ulimit -f ${limit * 2}; exec "$0" "$@"`, process.execPath, ...line], { env: own });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const listeners: (() => void)[] = [];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
    for (const look of listeners) look();
  });
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))),
    says: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        listeners.push(look);
        look();
      }),
  };
}

async function project(): Promise<{
  readonly folder: string;
  readonly store: string;
  readonly server: HoldingServer;
  readonly env: Readonly<Record<string, string>>;
}> {
  const server = await startHoldingServer();
  servers.push(server);
  const folder = folderWith({ 'two.workflow.yml': TWO });
  const store = join(folder, 'runs.db');
  return { folder, store, server, env: { ...server.env, DAGRUN_STORE: `file:${store}` } };
}

function inStore(store: string, statement: string, patience = 5000): void {
  const raw = new Database(store);
  try {
    raw.pragma(`busy_timeout = ${patience}`);
    raw.exec(statement);
  } finally {
    raw.close();
  }
}

/** Stops a process where it does not hold the store: in the middle of a write it would hold up everybody. */
function freezeBetweenWrites(child: { kill(signal: NodeJS.Signals): boolean }, change: () => void): void {
  for (let left = 20; ; left -= 1) {
    child.kill('SIGSTOP');
    try {
      change();
      return;
    } catch (error) {
      if (left === 0) throw error;
      child.kill('SIGCONT');
    }
  }
}

test.concurrent('a second process is refused while the first one lives, and takes over when it is dead', { timeout: 60_000 }, async () => {
  const { folder, server, env } = await project();
  const first = start(folder, ['run', 'two', '--json'], env);
  await server.arrived(1);
  server.answer();
  await server.arrived(2);

  const refused = await cli(folder, ['resume', 'last', '--json'], env);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('is driven by process');

  first.child.kill('SIGKILL');
  await first.ended;
  server.answer(true);
  const second = await cli(folder, ['resume', 'last', '--json'], env);
  expect(second.code).toBe(0);
  expect(JSON.parse(second.stdout)).toMatchObject({ status: 'succeeded', outputs: { said: 'Done.' } });
  // The first call was kept; the second was in flight.
  expect(server.asked).toBe(3);
});

test.concurrent('a process that was frozen and taken over writes nothing when it wakes', { timeout: 60_000 }, async () => {
  const { folder, store, server, env } = await project();
  const first = start(folder, ['run', 'two', '--quiet'], env);
  await server.arrived(1);
  // So long ago that it is taken for dead, although its process is there.
  freezeBetweenWrites(first.child, () => inStore(store, 'update run set beat_at = beat_at - 60000', 500));

  const second = start(folder, ['resume', 'last', '--json'], env);
  await server.arrived(2);
  // Also the call of the frozen one: its answer waits for it.
  server.answer(true);
  expect((await second.ended).code).toBe(0);
  const before = await newestRun(store);
  expect(before.events.at(-1)).toMatchObject({ type: 'run.finished', status: 'succeeded' });

  first.child.kill('SIGCONT');
  const { code, stderr } = await first.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('is driven by another process now');
  expect(await newestRun(store)).toEqual(before);
  expect(server.asked).toBe(3);
});

test.concurrent('a process that is told to end finishes what is paid for, and the run goes on from there', {
  timeout: 60_000,
}, async () => {
  const { folder, store, server, env } = await project();
  const first = start(folder, ['run', 'two'], env);
  await server.arrived(1);
  first.child.kill('SIGTERM');
  await first.says('stopping');
  server.answer(true);
  expect((await first.ended).code).toBe(143);
  expect((await newestRun(store)).events.filter((event) => event.type === 'model.called')).toHaveLength(1);

  const second = await cli(folder, ['resume', 'last', '--json'], env);
  expect(second.code).toBe(0);
  expect(server.asked).toBe(2);
});

test.concurrent('a dead process that was heard of in the future is dead, too', { timeout: 60_000 }, async () => {
  const { folder, store, server, env } = await project();
  const first = start(folder, ['run', 'two', '--quiet'], env);
  await server.arrived(1);
  first.child.kill('SIGKILL');
  await first.ended;
  inStore(store, 'update run set beat_at = beat_at + 86400000');
  server.answer(true);
  expect((await cli(folder, ['resume', 'last', '--json'], env)).code).toBe(0);
});

test.concurrent('of many who go on with a dead run at the same time, one does', { timeout: 60_000 }, async () => {
  const { folder, server, env } = await project();
  const first = start(folder, ['run', 'two', '--quiet'], env);
  await server.arrived(1);
  first.child.kill('SIGKILL');
  await first.ended;
  const all = [1, 2, 3, 4].map(() => start(folder, ['resume', 'last', '--json'], env));
  await server.arrived(2);
  const three = await settledBut(all, 1);
  expect(three.map(({ code }) => code)).toEqual([2, 2, 2]);
  server.answer(true);
  const codes = (await Promise.all(all.map(({ ended }) => ended))).map(({ code }) => code);
  expect(codes.sort()).toEqual([0, 2, 2, 2]);
  expect(server.asked).toBe(3);
});

test.concurrent('many processes that start with a new store share it', { timeout: 60_000 }, async () => {
  const { folder, server, env } = await project();
  server.answer(true);
  const all = await Promise.all([1, 2, 3, 4].map(() => start(folder, ['run', 'two', '--quiet'], env).ended));
  expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
  const { stdout } = await cli(folder, ['runs', 'list', '--json'], env);
  expect(JSON.parse(stdout).runs ?? JSON.parse(stdout)).toHaveLength(4);
});

test.concurrent('a file that may not grow ends the run, which goes on where it may', { timeout: 60_000 }, async () => {
  const folder = folderWith({ 'bulky.workflow.yml': bulky(40) });
  const store = join(folder, 'runs.db');
  const env = { DAGRUN_STORE: `file:${store}` };
  const { code, stderr } = await start(folder, ['run', 'bulky', '--quiet'], env, 400).ended;
  const { id, events } = await newestRun(store);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `error: ${store} cannot be read or written: the disk reports an error\nhelp: check the disk; what was committed is kept\n      \`dagrun resume ${id}\` then goes on from what was kept\n`,
  );
  expect(events.length).toBeGreaterThan(2);
  const resumed = await cli(folder, ['resume', id, '--json'], env);
  expect(resumed.code).toBe(0);
  expect(JSON.parse(resumed.stdout).outputs).toEqual({ blocks: 40 });
  const after = (await newestRun(store)).events;
  expect(after.slice(0, events.length)).toEqual(events);
  expect(existsSync(store)).toBe(true);
});

/** The first that have ended, when all but `left` have. */
function settledBut(all: readonly Started[], left: number): Promise<readonly { readonly code: number | null }[]> {
  const done: { readonly code: number | null }[] = [];
  return new Promise((resolve) => {
    for (const { ended } of all) {
      void ended.then((one) => {
        done.push(one);
        if (done.length === all.length - left) resolve([...done]);
      });
    }
  });
}
