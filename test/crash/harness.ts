import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { RunEvent } from '../../engine/contracts/event.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';
import type { Task, Told } from './child.ts';
import type { Counter, CountingServer } from './counting-server.ts';
import type { ReferenceRun } from './reference-run.ts';

const { PATH } = process.env;

/** When a process is killed: at a place it comes by, or after so many milliseconds. */
export type Kill = NonNullable<Task['kill']> | { readonly afterMs: number };

/** A run that came to its end, however often its process was killed on the way. */
export interface Lived {
  readonly told: Told;
  /** Kills that found the process alive. */
  readonly kills: number;
  /** Calls the server answered, over all processes. */
  readonly asked: number;
  /** By task, and by what is done outside: what was asked for and never kept, because the process ended in between. */
  readonly lost: Readonly<Record<string, number>>;
  /** The same of calls to models, by process. */
  readonly lostByProcess: readonly number[];
  /** What was done outside and kept, by its name. */
  readonly acts: Readonly<Record<string, number>>;
  /** What the nth call of a task said. */
  readonly questions: Readonly<Record<string, string>>;
  /** What was written, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Harness {
  /** Lives through a reference run. The nth process is killed as `kills(n)` says, from 0; when it says nothing, it comes to its end. */
  live(reference: ReferenceRun, kills: (process: number) => Kill | undefined): Promise<Lived>;
  close(): void;
}

/** `child`: the bundled child.ts. */
export function createHarness(child: string, server: CountingServer): Harness {
  const root = mkdtempSync(join(tmpdir(), 'dagrun-crash-'));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
  let count = 0;
  return {
    async live(reference, kills) {
      count += 1;
      const folder = join(root, String(count));
      mkdirSync(folder);
      // What a run writes stays its own.
      const project = join(folder, 'project');
      cpSync(reference.folder, project, { recursive: true });
      const store = join(folder, 'dagrun.db');
      const counter = server.open(reference.answers);
      const committed: Record<string, number>[] = [{}];
      const acted: (readonly string[])[] = [[]];
      let killed = 0;
      for (let process = 0; process < 500; process += 1) {
        const kill = kills(process);
        const environment = environmentOf(counter.next(committed.at(-1)!), process, store);
        const task = taskOf(reference, folder, project, counter.outside, environment, kill);
        const ended = await runChild(child, task, kill && 'afterMs' in kill ? kill.afterMs : undefined);
        acted.push(actsIn(project));
        if (ended.told) {
          committed.push(keptIn(ended.told.events));
          const files = filesWritten(project, reference.folder);
          // A program that a process left behind may still be at work there.
          rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
          return { told: ended.told, kills: killed, files, questions: counter.questions, ...account(counter, acted, committed) };
        }
        killed += 1;
        committed.push(keptIn(await journalOf(store, folder)));
      }
      throw new Error(`${reference.name} does not come to its end`);
    },
    close: () => rmSync(root, { recursive: true }),
  };
}

function taskOf(reference: ReferenceRun, folder: string, project: string, outside: string, env: Task['env'], kill: Kill | undefined): Task {
  const { workflow, inputs, people, signals } = reference;
  return {
    folder,
    workflow: join(project, basename(workflow)),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, value === 'outside' ? outside : value])),
    env,
    people,
    signals,
    ...(kill && !('afterMs' in kill) && { kill }),
  };
}

/** `models`: where this process asks them; a configuration may name its number. */
function environmentOf(models: string, process: number, store: string): Task['env'] {
  return {
    ANTHROPIC_API_KEY: 'k3y',
    ANTHROPIC_BASE_URL: models,
    OPENAI_API_KEY: 'k3y',
    OPENAI_BASE_URL: `${models}/v1`,
    CRASH_PROCESS: `process-${process}`,
    DAGRUN_STORE: `file:${store}`,
    PATH: PATH ?? '',
  };
}

/** Where programs, servers and writing nodes of a run say what they did, a line each. */
const ACTS = 'acts.txt';

function actsIn(project: string): readonly string[] {
  const file = join(project, ACTS);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** Files that were not there before; what a process that was killed had begun to write beside them is left over. */
function filesWritten(project: string, before: string): Readonly<Record<string, string>> {
  const paths = readdirSync(project, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp') && entry.name !== ACTS)
    .map((entry) => relative(project, join(entry.parentPath, entry.name)))
    .filter((path) => !existsSync(join(before, path)));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(project, path), 'utf8')]));
}

/** Throws when the process ended by itself without saying how the run ended. */
function runChild(child: string, task: Task, killAfterMs: number | undefined): Promise<{ readonly told?: Told }> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
    let out = '';
    let errors = '';
    running.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    running.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => running.kill('SIGKILL'), killAfterMs);
    const hung = setTimeout(() => {
      errors += '\nit hangs';
      running.kill('SIGQUIT');
    }, 20_000);
    running.on('error', reject);
    running.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(hung);
      if (signal === 'SIGKILL') resolve({});
      else if (code === 0) resolve({ told: JSON.parse(out) as Told });
      else reject(new Error(`the process ended with ${code ?? signal}\n${errors}\ntask: ${JSON.stringify(task)}`));
    });
  });
}

/** The journal as it was left. Read from a copy: recovering it is for the process that goes on. */
async function journalOf(file: string, folder: string): Promise<readonly RunEvent[]> {
  if (!existsSync(file)) return [];
  const copy = join(folder, 'copy');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, join(copy, `dagrun.db${suffix}`));
  const store = await openSqlStore(openSqlite(join(copy, 'dagrun.db')), () => () => []);
  try {
    const [record] = await store.runs.list({ limit: 1 });
    const events: RunEvent[] = [];
    if (record) for await (const event of store.journal.read(record.id)) events.push(event);
    return events;
  } finally {
    await store.close();
  }
}

/** Calls that were kept, by task. */
export function callsIn(events: readonly RunEvent[]): Record<string, number> {
  const calls: Record<string, number> = {};
  for (const event of events) {
    if (event.type !== 'model.called') continue;
    const { asked } = event.call;
    const task = asked ? `${asked.node}${asked.item === undefined ? '' : `[${asked.item}]`}` : askedAs(event.task);
    calls[task] = (calls[task] ?? 0) + 1;
  }
  return calls;
}

/**
 * What was done outside and kept, by how it names itself there: `again read[0]` of a node, `once ask two` of a tool whose arguments are
 * `{ of: ask, word: two }`. What is done again freely and what is not are told apart outside only.
 */
function keptActs(events: readonly RunEvent[]): Record<string, number> {
  const acts: Record<string, number> = {};
  const add = (name: string): void => {
    for (const how of ['again', 'once']) acts[`${how} ${name}`] = (acts[`${how} ${name}`] ?? 0) + 1;
  };
  for (const event of events) {
    if (event.type === 'attempt.succeeded' || (event.type === 'attempt.failed' && event.failure.type !== 'in_doubt'))
      add(askedAs(event.task));
    if (event.type !== 'tool.called' || event.call.status === 'begun') continue;
    const { of, word } = event.call.args as { readonly of?: string; readonly word?: string };
    add(`${of} ${word}`);
  }
  return acts;
}

function keptIn(events: readonly RunEvent[]): Record<string, number> {
  return { ...callsIn(events), ...keptActs(events) };
}

export function isAct(name: string): boolean {
  return /^(again|once) /.test(name);
}

/** A task as its prompt calls it: whichever try of what is around it, and whichever of several candidates. */
export function askedAs(task: string): string {
  return task.replace(/~\d+\.\d+/g, '').replace(/\/candidate\[\d+\]$/, '/candidate');
}

function account(
  counter: Counter,
  acted: readonly (readonly string[])[],
  committed: readonly Readonly<Record<string, number>>[],
): Pick<Lived, 'asked' | 'lost' | 'lostByProcess' | 'acts'> {
  const lost: Record<string, number> = {};
  const acts: Record<string, number> = {};
  let asked = 0;
  const lostByProcess = counter.received.map((received, process) => {
    let sum = 0;
    const done = acted[process + 1]!.slice(acted[process]!.length);
    const own = Object.fromEntries([...new Set(done)].map((act) => [act, done.filter((one) => one === act).length]));
    const calls = Object.keys(committed[process + 1]!).filter((name) => !isAct(name));
    for (const task of new Set([...Object.keys(received), ...Object.keys(own), ...calls])) {
      const times = (received[task] ?? 0) + (own[task] ?? 0);
      if (isAct(task)) acts[task] = committed.at(-1)![task] ?? 0;
      else asked += times;
      const kept = (committed[process + 1]?.[task] ?? 0) - (committed[process]?.[task] ?? 0);
      if (times - kept < 0) throw new Error(`${task}: ${kept} calls are in the journal, and ${times} were made`);
      if (times === kept) continue;
      lost[task] = (lost[task] ?? 0) + times - kept;
      if (!isAct(task)) sum += times - kept;
    }
    return sum;
  });
  return { asked, lost, lostByProcess, acts };
}
