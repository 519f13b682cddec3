import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { systemClock } from './base/clock.ts';
import { type Instant, type NodeId, nodeId, type RunId } from './base/ids.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { RunResult } from './contracts/result.ts';
import type { Document } from './contracts/source.ts';
import { type RunRecord, type Store, StoreFailed } from './contracts/store.ts';
import { adviceOn } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import { progressOf, type RunSummary, summarize } from './observe/run-list.ts';
import { newStory, tell } from './observe/run-story.ts';
import type { RunStory } from './observe/story.ts';
import { deadBefore } from './owner.ts';
import { openProjectStore } from './project-store.ts';
import { placesByName } from './run/places.ts';
import { indexPlan, type PlanIndex, placesOf } from './run/plan-index.ts';
import { resultOf } from './run/result.ts';
import { createTally } from './run/tally.ts';
import { parseDocument } from './source/document.ts';

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

/** Opens the project's store for one piece of work. */
export async function withStore<T>(around: Surroundings, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openProjectStore(around);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A run's record and its plan. Throws StoreFailed when there is none. */
export async function filed(store: Store, run: string): Promise<{ readonly record: RunRecord; readonly plan: Plan }> {
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

/** A node of a plan, also inside others, by its place. Throws DagrunError (exit code 2) when there is none. */
export function placeIn(index: PlanIndex, name: string): string {
  return placesByName(index).has(name) ? name : nodeIn(index.plan, name);
}

/** A node of a plan by its name. Throws DagrunError (exit code 2) when there is none. */
export function nodeIn(plan: Plan, name: string): NodeId {
  const ids = plan.nodes.map((node) => node.id);
  if (ids.includes(nodeId(name))) return nodeId(name);
  const help = adviceOn(name, name.includes('/') ? placesOf(plan) : ids) ?? `its nodes: ${ids.join(', ')}`;
  throw new DagrunError(`"${name}" is not a node of ${plan.workflow}`, { exitCode: 2, help });
}

/** What is filed, and how far the run is. The journal of a run that has succeeded need not be read for that. */
export async function summaryOf(store: Store, record: RunRecord, now: Instant): Promise<RunSummary> {
  const dead = deadBefore(record.owner, now);
  const plan = await store.runs.plan(record.id);
  const total = plan?.nodes.length ?? 0;
  if (record.status === 'succeeded' || !plan) return summarize(record, { done: total, total, share: 1, current: [] }, now, dead);
  const story = newStory(plan);
  for await (const event of store.journal.read(record.id)) tell(story, event);
  return summarize(record, progressOf(story), now, dead);
}

/** Messages show where a node stands in the file; in one that is gone or broken, nowhere. */
export function documentAt(path: string, around: Surroundings): Document {
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

/** A file beside another one, `path` relative to the folder of that: where the nodes of a sub-workflow are written. */
export function documentBeside(file: string, path: string, around: Surroundings): Document {
  return documentAt(resolve(dirname(file), path), around);
}
