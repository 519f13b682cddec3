import { writeSync } from 'node:fs';
import { type Failpoint, onFailpoint } from '../../engine/base/failpoint.ts';
import { instant } from '../../engine/base/ids.ts';
import type { Json, JsonObject } from '../../engine/base/json.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import type { Store } from '../../engine/contracts/store.ts';
import { DagrunError } from '../../engine/errors.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { openProjectStore } from '../../engine/project-store.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { resultOf } from '../../engine/run/result.ts';
import { createTally } from '../../engine/run/tally.ts';
import { resume, run } from '../../engine/run-workflow.ts';

/** What a process is told to do. */
export interface Task {
  readonly folder: string;
  readonly workflow: string;
  readonly inputs: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** What those who are asked say, by task. */
  readonly people: Readonly<Record<string, { readonly approved: boolean; readonly form?: Json }>>;
  /** What the signals that are waited for carry, by name. */
  readonly signals: Readonly<Record<string, Json>>;
  /** Ends the process at the nth place it comes by, or at the nth visit of one place. */
  readonly kill?: { readonly point?: Failpoint; readonly visit: number };
}

/** What a process that came to its end says. */
export interface Told {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  readonly visits: Readonly<Record<string, number>>;
  /** From an answer to its commit, in milliseconds. */
  readonly windows: readonly number[];
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const around = { cwd: task.folder, env: task.env };
const visits: Record<string, number> = {};
const windows: number[] = [];
let total = 0;
let answered: number[] = [];

onFailpoint((point) => {
  total += 1;
  visits[point] = (visits[point] ?? 0) + 1;
  if (point === 'call.after') answered.push(performance.now());
  if (point === 'append.after') {
    for (const at of answered) windows.push(performance.now() - at);
    answered = [];
  }
  const { kill } = task;
  if (!kill) return;
  if ((kill.point === undefined ? total : kill.point === point ? visits[point] : 0) === kill.visit) process.kill(process.pid, 'SIGKILL');
});

/** Brings the run in the folder to its end, whatever state it is in, and answers whoever is asked. */
async function bringToEnd(): Promise<Told> {
  let wait = false;
  for (let round = 0; round < 50; round += 1) {
    const found = await withStore(async (store) => {
      const [record] = await store.runs.list({ limit: 1 });
      if (!record || record.status === 'cancelled') return undefined;
      const plan = await store.runs.plan(record.id);
      if (!plan) throw new Error(`run ${record.id} has no plan`);
      const events: RunEvent[] = [];
      const tally = createTally(indexPlan(plan));
      for await (const event of store.journal.read(record.id)) {
        events.push(event);
        tally.add(event);
      }
      const over = events.at(-1)?.type === 'run.finished';
      return { id: record.id, record, events, result: resultOf(record.id, indexPlan(plan), tally), over };
    });
    if (found?.over && (found.record.status === found.result.status || found.result.status === 'failed')) {
      return { result: found.result, events: found.events, visits, windows };
    }
    let result: RunResult | undefined;
    try {
      result = found ? await resume(found.id, { ...around, wait }) : await start();
    } catch (error) {
      // Nothing of it was kept, so nothing was paid: it is started again.
      if (!(error instanceof DagrunError && error.message.includes('ended before anything of it was kept'))) throw error;
    }
    // When nobody is asked and nobody is listened for, only time is waited for.
    if (result?.status === 'waiting') wait = !(await answer(result.run));
  }
  throw new Error('the run does not come to its end');
}

async function start(): Promise<RunResult> {
  const workflow = await loadWorkflow(task.workflow, around);
  return run(workflow, { ...around, inputs: task.inputs, wait: false });
}

/** Answers every open question; false when there is none. */
function answer(id: string): Promise<boolean> {
  return withStore(async (store) => {
    const run = id as RunEvent['run'];
    await store.load(run);
    const at = instant(Date.now());
    let any = false;
    for (const key of (await store.state(run)).parked) {
      const state = await store.task(run, key);
      if (state?.status !== 'parked') continue;
      if (state.until.type === 'approval') {
        const said = task.people[key];
        if (!said) throw new Error(`nobody answers ${key}`);
        const wake = { type: 'answered' as const, approved: said.approved, by: 'bob', reason: null, form: said.form ?? null };
        await store.inbox.post(run, { type: 'answer', task: key, attempt: state.attempt, wake }, at);
        any = true;
      } else if (state.until.type === 'signal') {
        const { name } = state.until;
        await store.inbox.post(run, { type: 'signal', name, payload: task.signals[name] ?? null, by: 'bob' }, at);
        any = true;
      }
    }
    return any;
  });
}

async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openProjectStore(around);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

const told = Buffer.from(JSON.stringify(await bringToEnd()));
for (let from = 0; from < told.length; ) from += writeSync(1, told, from);
