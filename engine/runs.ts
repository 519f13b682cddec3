import { systemClock } from './base/clock.ts';
import type { Millis } from './base/ids.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { RunRecord } from './contracts/store.ts';
import { DagrunError } from './errors.ts';
import { explainReuseOf } from './explain-reuse.ts';
import { filed, nodeIn, readRun, summaryOf, withStore } from './filed-runs.ts';
import { compareStories, type RunDiff } from './observe/compare.ts';
import { driverName, type RunSummary, statusOf, summarize } from './observe/run-list.ts';
import { type NodeReasons, whyOf } from './observe/why.ts';
import { deadBefore, newOwner } from './owner.ts';
import { type Retention, runsToForget } from './retention.ts';
import { endRun } from './run/end-run.ts';
import { indexPlan } from './run/plan-index.ts';
import { newRunId } from './run-id.ts';
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

/** Where two runs part. */
export async function diffRuns(first: string, second: string, around: Surroundings = {}): Promise<RunDiff> {
  const a = await readRun(first, around);
  const b = await readRun(second, around);
  return compareStories([a.summary.run, b.summary.run], a.story, b.story);
}

/** Why a node of a run did what it did: by its place (`review/draft`), or one of its runs (`review[1]#2/draft`). Throws DagrunError (exit code 2) for a node that is not there. */
export async function explainNode(run: string, node: string, around: Surroundings = {}): Promise<NodeReasons & { readonly run: string }> {
  const { summary, plan, story } = await readRun(run, around);
  const reasons = whyOf(story, node);
  if (!reasons) {
    // Throws: it is neither a node nor one of its runs.
    nodeIn(plan, node);
    throw new Error(`node ${node} is planned and not told of`);
  }
  const reuse = await explainReuseOf(summary.run, node, around);
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
