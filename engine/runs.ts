import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { systemClock } from './base/clock.ts';
import { type Instant, type Millis, type NodeId, nodeId, type RunId, type TaskKey, taskKey } from './base/ids.ts';
import { canonicalText, type JsonObject } from './base/json.ts';
import type { LoadedWorkflow, ResumeOptions, Surroundings } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { RunResult } from './contracts/result.ts';
import type { Document } from './contracts/source.ts';
import { type RunRecord, type Store, StoreFailed } from './contracts/store.ts';
import { adviceOn } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import { explainReuseOf } from './explain-reuse.ts';
import { completeInputs } from './inputs.ts';
import { compareStories, type RunDiff } from './observe/compare.ts';
import { driverName, progressOf, type RunSummary, statusOf, summarize } from './observe/run-list.ts';
import { newStory, type RunStory, tell } from './observe/run-story.ts';
import { type NodeReasons, whyOf } from './observe/why.ts';
import { deadBefore, newOwner } from './owner.ts';
import { openProjectStore } from './project-store.ts';
import { type Retention, runsToForget } from './retention.ts';
import { endRun } from './run/end-run.ts';
import { indexPlan } from './run/plan-index.ts';
import { resultOf } from './run/result.ts';
import { nodesBeside, readTakeOver, startWith } from './run/take-over.ts';
import { createTally } from './run/tally.ts';
import { newRunId } from './run-id.ts';
import { parseDocument } from './source/document.ts';

export interface RunFilter {
  readonly workflow?: string;
  readonly status?: RunSummary['status'];
  readonly limit?: number;
}

/** The runs of the project, newest first. Throws StoreFailed. */
export async function listRuns(filter: RunFilter = {}, around: Surroundings = {}): Promise<readonly RunSummary[]> {
  return withStore(around, async (store) => {
    const { workflow, status, limit = Number.POSITIVE_INFINITY } = filter;
    // Stale ones are filed as running: which they are is seen here.
    const filed = status === 'stale' ? 'running' : status;
    const records = await store.runs.list({
      ...(workflow !== undefined && { workflow }),
      ...(filed !== undefined && { status: filed }),
      ...(status !== 'stale' && status !== 'running' && Number.isFinite(limit) && { limit }),
    });
    const now = systemClock.now();
    const wanted = records.filter((record) => status === undefined || statusOf(record, deadBefore(record.owner, now)) === status);
    const found: RunSummary[] = [];
    for (const record of wanted.slice(0, limit)) found.push(await summaryOf(store, record, now));
    return found;
  });
}

/**
 * The full id of a run that is meant by `text`: an id, the beginning of one (with or without `run_`), or `last`.
 * Throws DagrunError (exit code 2) when it means none, or several.
 */
export async function findRun(text: string, around: Surroundings = {}): Promise<string> {
  return withStore(around, (store) => idOf(store, text));
}

/** What is filed of a run: where it came from, and the plan it keeps. */
export interface FiledRun {
  readonly summary: RunSummary;
  readonly plan: Plan;
  /** The workflow's file as it is now; empty when it is gone. */
  readonly document: Document;
}

/** A run without its events. Throws StoreFailed, and DagrunError (exit code 2) when there is no such run. */
export async function openRun(run: string, around: Surroundings = {}): Promise<FiledRun> {
  return withStore(around, async (store) => {
    const { record, plan } = await filed(store, run);
    return { summary: await summaryOf(store, record, systemClock.now()), plan, document: documentAt(record.file, around) };
  });
}

/** A run with all that its journal tells; `result` is what it came to so far. `onEvent` is called for every event, in order. */
export async function readRun(
  run: string,
  around: Surroundings & { readonly onEvent?: (event: RunEvent) => void } = {},
): Promise<FiledRun & { readonly story: RunStory; readonly result: RunResult }> {
  return withStore(around, async (store) => {
    const { record, plan } = await filed(store, run);
    const index = indexPlan(plan);
    const tally = createTally(index);
    const story = newStory(plan);
    for await (const event of store.journal.read(record.id)) {
      tell(story, event);
      tally.add(event);
      around.onEvent?.(event);
    }
    const now = systemClock.now();
    const summary = summarize(record, progressOf(story), now, deadBefore(record.owner, now));
    return { summary, plan, document: documentAt(record.file, around), story, result: resultOf(record.id, index, tally) };
  });
}

export interface FollowOptions extends Surroundings {
  /** Only events with a higher `seq`. */
  readonly after?: number;
  /** Go on until the run is over, and nobody drives it. */
  readonly follow?: boolean;
  readonly abort?: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/** How often a run that is followed is looked at; the one who drives it writes as often as it pleases. */
const FOLLOW_EVERY_MS = 250 as Millis;

/** Gives the events of a run, and with `follow` those to come. */
export async function readEvents(run: string, options: FollowOptions): Promise<void> {
  await withStore(options, async (store) => {
    const { record } = await filed(store, run);
    let after = options.after ?? 0;
    for (;;) {
      const now = await store.runs.find(record.id);
      for await (const event of store.journal.read(record.id, after)) {
        after = event.seq;
        options.onEvent(event);
      }
      const driven = now && statusOf(now, deadBefore(now.owner, systemClock.now())) === 'running';
      if (!options.follow || options.abort?.aborted || !driven) return;
      await pause(FOLLOW_EVERY_MS, options.abort);
    }
  });
}

/** What became of the wish to end a run. */
export type Cancelled =
  /** Whoever drives it was asked to. */
  | { readonly type: 'asked'; readonly drivenBy: string }
  /** Nobody drove it: it was ended here. */
  | { readonly type: 'ended' }
  /** It was over before. */
  | { readonly type: 'over'; readonly status: RunSummary['status'] };

/** Ends a run, whoever drives it: what is in flight finishes, nothing new starts. */
export async function cancelRun(run: string, options: Surroundings & { readonly by: string }): Promise<Cancelled> {
  return withStore(options, async (store) => {
    const { record, plan } = await filed(store, run);
    const now = systemClock.now();
    if (record.status !== 'running' && record.status !== 'waiting') return { type: 'over', status: record.status };
    const owner = newOwner(newRunId());
    if (!(await store.runs.claim(record.id, owner, now, deadBefore(record.owner, now), record.owner ?? undefined))) {
      await store.inbox.post(record.id, { type: 'cancel', by: options.by }, now);
      return { type: 'asked', drivenBy: driverName(record.owner ?? '') };
    }
    let status: RunRecord['status'] = record.status;
    try {
      await store.load(record.id);
      const before = (await store.state(record.id)).status;
      if (before === 'new') status = 'cancelled';
      else if (before === 'succeeded' || before === 'failed' || before === 'cancelled') status = before;
      else if (await endRun(indexPlan(plan), store, record.id, options.by, now)) {
        const after = (await store.state(record.id)).status;
        if (after === 'succeeded' || after === 'failed' || after === 'cancelled') status = after;
      }
    } finally {
      await store.runs.release(record.id, owner, status, systemClock.now());
    }
    if (status !== 'running' && status !== 'waiting') return { type: 'ended' };
    throw new DagrunError(`all nodes of run ${record.id} have ended; only its outputs are missing`, {
      exitCode: 2,
      help: `\`dagrun resume ${record.id}\` evaluates them, and calls nobody`,
    });
  });
}

export interface ForkOptions extends ResumeOptions {
  /** The node from which on everything is done again. */
  readonly at: string;
  /** Inputs in place of those of the first run; given as values. */
  readonly set?: JsonObject;
  readonly by?: string;
}

export interface Forked {
  readonly run: string;
  readonly plan: Plan;
  readonly document: Document;
  /** Nodes whose outcome was taken over. */
  readonly taken: readonly string[];
  /** Of these, the ones that read an input which is different now. */
  readonly outdated: readonly string[];
}

/**
 * Files a new run of the same plan that has all that does not follow from the node `at`, as it was in the old run, and paid
 * for. It is not driven yet: `resume` does. Throws DagrunError (exit code 2), InputsInvalid.
 */
export async function forkRun(run: string, options: ForkOptions): Promise<Forked> {
  return withStore(options, async (store) => {
    const { record, plan } = await filed(store, run);
    const at = nodeIn(plan, options.at);
    const index = indexPlan(plan);
    let started: Extract<RunEvent, { type: 'run.started' }> | undefined;
    for await (const event of store.journal.read(record.id)) {
      if (event.type !== 'run.started') continue;
      started = event;
      break;
    }
    if (!started) throw new DagrunError(`run ${record.id} ended before anything of it was kept`, { exitCode: 2 });
    const set = options.set ?? {};
    const document = documentAt(record.file, options);
    const workflow: LoadedWorkflow = { name: plan.workflow, file: record.file, plan, document, warnings: [] };
    const inputs = completeInputs(workflow, { ...started.inputs, ...set });
    const beside = nodesBeside(index, at);
    const taken = await readTakeOver(store.journal.read(record.id), beside);

    const id = newRunId();
    const now = systemClock.now();
    const owner = newOwner(id);
    await store.create({ id, plan, file: record.file, at: now, parent: record.id });
    await store.runs.claim(id, owner, now, now);
    const { simulated, replies, tiers } = started;
    const by = options.by ?? 'unknown';
    const start = {
      type: 'start',
      inputs,
      simulated,
      by,
      ...(replies !== undefined && { replies }),
      ...(tiers && { tiers }),
      at: now,
    } as const;
    await store.advance(id, start, startWith(index, record.id, taken, now));
    const settled: string[] = [];
    for (const key of beside) {
      const status = (await store.task(id, key))?.status;
      if (status === 'succeeded' || status === 'skipped') settled.push(key);
    }
    await store.runs.release(id, owner, 'running', now);
    const before = started.inputs;
    const changed = Object.keys(inputs).filter((name) => canonicalText(inputs[name] ?? null) !== canonicalText(before[name] ?? null));
    const outdated = settled.filter((key) => changed.some((name) => readsInput(plan, key, name)));
    return { run: id, plan, document, taken: settled, outdated };
  });
}

/** Where two runs part. */
export async function diffRuns(first: string, second: string, around: Surroundings = {}): Promise<RunDiff> {
  const a = await readRun(first, around);
  const b = await readRun(second, around);
  return compareStories([a.summary.run, b.summary.run], a.story, b.story);
}

/** Why a node of a run did what it did. Throws DagrunError (exit code 2) for a node that is not there. */
export async function explainNode(run: string, node: string, around: Surroundings = {}): Promise<NodeReasons & { readonly run: string }> {
  const { summary, plan, story } = await readRun(run, around);
  const reasons = whyOf(story, nodeIn(plan, node));
  if (!reasons) throw new Error(`node ${node} is planned and not told of`);
  const reuse = await explainReuseOf(summary.run, nodeId(node), around);
  return { run: summary.run, ...reasons, because: [...reasons.because, ...(reuse === undefined ? [] : [reuse])] };
}

export interface PruneOptions extends Surroundings, Retention {
  /** Only say which. */
  readonly dryRun?: boolean;
}

export interface Pruned {
  readonly runs: readonly RunSummary[];
  /** Of text, that was kept for them and for no others. */
  readonly bytes: number;
}

/** Forgets runs that have ended, with all they hold; gives those that went. Never one that runs or waits, and never the cache. */
export async function pruneRuns(options: PruneOptions): Promise<Pruned> {
  return withStore(options, async (store) => {
    const now = systemClock.now();
    const old = await runsToForget(store, options, now);
    const ids = old.map((record) => record.id);
    const bytes = await store.runs.size(ids);
    if (!options.dryRun) await store.runs.remove(ids);
    const nothing = { done: 0, total: 0, share: 0, current: [] };
    return { runs: old.map((record) => summarize(record, nothing, now, deadBefore(record.owner, now))), bytes };
  });
}

/** The first line of an exported run; its events follow, one per line. */
interface ExportHead {
  readonly dagrun: 'run';
  readonly version: 1;
  readonly run: Pick<RunRecord, 'id' | 'file' | 'parent' | 'status' | 'startedAt' | 'endedAt'>;
  readonly plan: Plan;
}

/** A run as lines of JSON: what is filed of it and its plan first, then its events. */
export async function exportRun(run: string, around: Surroundings & { readonly onLine: (line: string) => void }): Promise<void> {
  await withStore(around, async (store) => {
    const { record, plan } = await filed(store, run);
    const { id, file, parent, status, startedAt, endedAt } = record;
    const head: ExportHead = { dagrun: 'run', version: 1, run: { id, file, parent, status, startedAt, endedAt }, plan };
    around.onLine(JSON.stringify(head));
    for await (const event of store.journal.read(id)) around.onLine(JSON.stringify(event));
  });
}

async function withStore<T>(around: Surroundings, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openProjectStore(around);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function filed(store: Store, run: string): Promise<{ readonly record: RunRecord; readonly plan: Plan }> {
  const id = await idOf(store, run);
  const record = await store.runs.find(id);
  const plan = record && (await store.runs.plan(id));
  if (!record || !plan) throw noRun(run);
  return { record, plan };
}

const SHORTEST_PREFIX = 4;

async function idOf(store: Store, text: string): Promise<RunId> {
  const records = await store.runs.list(text === 'last' ? { limit: 1 } : {});
  if (text === 'last') {
    const [newest] = records;
    if (!newest) throw new DagrunError('there are no runs yet', { exitCode: 2, help: '`dagrun run <workflow>` makes one' });
    return newest.id;
  }
  const whole = text.startsWith('run_') ? text : `run_${text}`;
  const exact = records.find((record) => record.id === whole);
  if (exact) return exact.id;
  const found = whole.length < SHORTEST_PREFIX + 'run_'.length ? [] : records.filter((record) => record.id.startsWith(whole));
  const [one, other] = found;
  if (!one) throw noRun(text);
  if (other) {
    throw new DagrunError(`"${text}" is the beginning of ${found.length} runs`, {
      exitCode: 2,
      help: `write more of it: ${found
        .slice(0, 5)
        .map((record) => record.id)
        .join(', ')}${found.length > 5 ? ' …' : ''}`,
    });
  }
  return one.id;
}

function noRun(text: string): StoreFailed {
  return new StoreFailed(
    'unknown_run',
    `there is no run ${text} here`,
    '`dagrun runs list` shows the runs there are; `last` is the newest',
  );
}

function nodeIn(plan: Plan, name: string): NodeId {
  const ids = plan.nodes.map((node) => node.id);
  if (ids.includes(nodeId(name))) return nodeId(name);
  const help = adviceOn(name, ids) ?? `its nodes: ${ids.join(', ')}`;
  throw new DagrunError(`"${name}" is not a node of ${plan.workflow}`, { exitCode: 2, help });
}

/** What is filed, and how far the run is. The journal of a run that has succeeded need not be read for that. */
async function summaryOf(store: Store, record: RunRecord, now: Instant): Promise<RunSummary> {
  const dead = deadBefore(record.owner, now);
  const plan = await store.runs.plan(record.id);
  const total = plan?.nodes.length ?? 0;
  if (record.status === 'succeeded' || !plan) return summarize(record, { done: total, total, share: 1, current: [] }, now, dead);
  const story = newStory(plan);
  for await (const event of store.journal.read(record.id)) tell(story, event);
  return summarize(record, progressOf(story), now, dead);
}

/** Messages show where a node stands in the file; in one that is gone or broken, nowhere. */
function documentAt(path: string, around: Surroundings): Document {
  const inside = relative(resolve(around.cwd ?? '.'), path);
  const name = inside.startsWith('..') ? path : inside;
  const read = (text: string): Document | undefined => parseDocument({ name, text }, () => {});
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Gone, or somewhere else: the run does not need it.
  }
  const document = read(text) ?? read('');
  if (!document) throw new Error('an empty text is a document');
  return document;
}

function readsInput(plan: Plan, key: TaskKey | string, name: string): boolean {
  const node = plan.nodes.find(({ id }) => taskKey(id) === key);
  return new RegExp(`\\binputs\\.${name.replace(/\W/g, '\\$&')}\\b`).test(JSON.stringify(node ?? null));
}

function pause(delay: Millis, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      abort?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = systemClock.after(delay, end);
    abort?.addEventListener('abort', end, { once: true });
  });
}
