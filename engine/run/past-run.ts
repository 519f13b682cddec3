import type { RunId } from '../base/ids.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Store } from '../contracts/store.ts';
import { createHistory, type History } from './history.ts';
import { indexPlan, type PlanIndex } from './plan-index.ts';
import { createScopes, type Scopes } from './scope.ts';
import { createTally, type Tally } from './tally.ts';

/** A run that is only read: what its nodes gave, and what they read. */
export interface PastRun {
  readonly run: RunId;
  readonly plan: Plan;
  readonly index: PlanIndex;
  readonly tally: Tally;
  readonly scopes: Scopes;
  readonly history: History;
  readonly started: RunEvent & { readonly type: 'run.started' };
}

/** Loads a run from its journal; undefined when there is none, or when it ended before anything was kept. */
export async function openPastRun(
  store: Store,
  run: RunId,
  onEvent?: (event: RunEvent, index: PlanIndex) => void,
): Promise<PastRun | undefined> {
  const plan = await store.runs.plan(run);
  if (!plan) return undefined;
  const index = indexPlan(plan);
  const tally = createTally(index);
  const history = createHistory(index);
  let started: PastRun['started'] | undefined;
  for await (const event of store.journal.read(run)) {
    if (event.type === 'run.started') started = event;
    tally.add(event);
    history.add(event);
    onEvent?.(event, index);
  }
  if (!started) return undefined;
  await store.load(run);
  const startedAt = new Date(started.at).toISOString();
  const scopes = createScopes(index, store, tally, { id: run, startedAt, inputs: started.inputs }, {}, history);
  return { run, plan, index, tally, scopes, history, started };
}
