import type { RunId } from '../base/ids.ts';
import { toDollars } from '../base/units.ts';
import type { CostReport, ItemResult, NodeResult, Reused, RunResult } from '../contracts/result.ts';
import { errorOf } from './failure-code.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';
import type { Bill, ItemTally, NodeTally, Tally } from './tally.ts';

/** The result of a run that is over. */
export function resultOf(run: RunId, index: PlanIndex, tally: Tally): RunResult {
  const { bill, failure, failedNode, startedAt, endedAt } = tally.run;
  const nodes = [...index.nodes.values()];
  const waits = tally.run.status === 'running' && nodes.some(({ key }) => tally.node(key).parked > 0);
  const status = waits ? 'waiting' : tally.run.status === 'running' ? 'cancelled' : tally.run.status;
  return {
    schemaVersion: 1,
    run,
    workflow: index.plan.workflow,
    status,
    outputs: tally.run.outputs ?? {},
    ...(failure && { error: errorOf(failure, failedNode ?? undefined) }),
    nodes: nodes.map((indexed) => nodeResult(indexed, tally.node(indexed.key), waits)),
    cost: costReport(bill),
    simulated: tally.run.simulated,
    durationMs: startedAt !== null && endedAt !== null ? Math.max(0, endedAt - startedAt) : 0,
  };
}

/** `waits`: the run is not over, and what has not begun waits with it. */
function nodeResult({ node }: IndexedNode, tally: NodeTally, waits: boolean): NodeResult {
  const { bill, failure, items } = tally;
  const unfinished = waits ? 'waiting' : 'cancelled';
  return {
    id: node.id,
    kind: node.kind,
    status: tally.status === 'pending' || tally.status === 'running' || tally.status === 'waiting' ? unfinished : tally.status,
    ...(tally.tier && { tier: tally.tier }),
    ...(tally.model !== null && { model: tally.model }),
    ...(tally.provider !== null && { provider: tally.provider }),
    attempts: tally.attempts,
    cost: toDollars(bill.cost),
    unpricedCalls: bill.unpricedCalls,
    tokens: bill.usage,
    durationMs: tally.startedAt !== null && tally.endedAt !== null ? Math.max(0, tally.endedAt - tally.startedAt) : 0,
    ...(tally.skipReason !== null && { skipReason: tally.skipReason }),
    ...(failure && { error: errorOf(failure) }),
    ...(tally.recovered && { recovered: true }),
    ...(bill.fromRun + bill.fromCache > 0 && { reused: reusedIn(bill) }),
    ...(items && { items: items.map((item, index) => itemResult(item, index, tally.keys?.[index], unfinished)) }),
  };
}

function itemResult(item: ItemTally, index: number, key: string | undefined, unfinished: 'waiting' | 'cancelled'): ItemResult {
  return {
    index,
    ...(key !== undefined && { key }),
    status: item.status === 'pending' || item.status === 'waiting' ? unfinished : item.status,
    ...(item.failure && { error: errorOf(item.failure) }),
    cost: toDollars(item.cost),
  };
}

/**
 * The bill. The baseline is what the same tokens would have cost on the premium tier; it is compared over the calls whose
 * cost and premium price are both known, and what is not comparable counts the same on both sides.
 */
function costReport(bill: Bill): CostReport {
  const total = toDollars(bill.cost);
  const comparable = bill.comparedCalls > 0;
  const baseline = comparable ? toDollars((bill.cost + bill.saved) as typeof bill.cost) : null;
  const savings = comparable ? toDollars(bill.saved) : null;
  return {
    currency: 'USD',
    total,
    baseline,
    savings,
    savingsPercent: baseline !== null && savings !== null && baseline > 0 ? Math.round((savings / baseline) * 1000) / 10 : null,
    unpricedCalls: bill.unpricedCalls,
    reused: reusedIn(bill),
  };
}

function reusedIn({ fromRun, fromCache, reuseSaved }: Bill): Reused {
  return { fromRun, fromCache, saved: toDollars(reuseSaved) };
}
