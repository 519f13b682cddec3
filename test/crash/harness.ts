import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { RunEvent } from '../../engine/contracts/event.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';
import type { Task, Told } from './child.ts';
import type { Counter, CountingServer } from './counting-server.ts';
import type { ReferenceRun } from './reference-run.ts';

/** When a process is killed: at a place it comes by, or after so many milliseconds. */
export type Kill = NonNullable<Task['kill']> | { readonly afterMs: number };

/** A run that came to its end, however often its process was killed on the way. */
export interface Lived {
  readonly told: Told;
  /** Kills that found the process alive. */
  readonly kills: number;
  /** Calls the server answered, over all processes. */
  readonly asked: number;
  /** By task: calls that were asked for and never kept, because the process ended in between. */
  readonly lost: Readonly<Record<string, number>>;
  /** The same, by process. */
  readonly lostByProcess: readonly number[];
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
      let killed = 0;
      for (let process = 0; process < 500; process += 1) {
        const kill = kills(process);
        const task = taskOf(reference, folder, project, store, counter.next(committed.at(-1)!), kill);
        const ended = await runChild(child, task, kill && 'afterMs' in kill ? kill.afterMs : undefined);
        if (ended.told) {
          committed.push(callsIn(ended.told.events));
          rmSync(folder, { recursive: true });
          return { told: ended.told, kills: killed, ...account(counter, committed) };
        }
        killed += 1;
        committed.push(callsIn(await journalOf(store, folder)));
      }
      throw new Error(`${reference.name} does not come to its end`);
    },
    close: () => rmSync(root, { recursive: true }),
  };
}

function taskOf(reference: ReferenceRun, folder: string, project: string, store: string, url: string, kill: Kill | undefined): Task {
  return {
    folder,
    workflow: join(project, basename(reference.workflow)),
    inputs: reference.inputs,
    env: { OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: url, DAGRUN_STORE: `file:${store}` },
    people: reference.people,
    signals: reference.signals,
    ...(kill && !('afterMs' in kill) && { kill }),
  };
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

/** A task as its prompt calls it: whichever try of what is around it, and whichever of several candidates. */
export function askedAs(task: string): string {
  return task.replace(/~\d+\.\d+/g, '').replace(/\/candidate\[\d+\]$/, '/candidate');
}

function account(
  counter: Counter,
  committed: readonly Readonly<Record<string, number>>[],
): Pick<Lived, 'asked' | 'lost' | 'lostByProcess'> {
  const lost: Record<string, number> = {};
  let asked = 0;
  const lostByProcess = counter.received.map((received, process) => {
    let sum = 0;
    for (const [task, times] of Object.entries(received)) {
      asked += times;
      const kept = (committed[process + 1]?.[task] ?? 0) - (committed[process]?.[task] ?? 0);
      if (times - kept < 0) throw new Error(`${task}: ${kept} calls are in the journal, and ${times} were made`);
      if (times === kept) continue;
      lost[task] = (lost[task] ?? 0) + times - kept;
      sum += times - kept;
    }
    return sum;
  });
  return { asked, lost, lostByProcess };
}
