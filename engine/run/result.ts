import type { RunId } from '../base/ids.ts';
import { toDollars } from '../base/units.ts';
import type { Answerer, Votes } from '../contracts/event.ts';
import type { CostReport, ItemResult, NodeResult, Reused, RunResult } from '../contracts/result.ts';
import { answerersIn } from './answerers.ts';
import { addBill, type Bill, emptyBill } from './bill.ts';
import { errorOf } from './failure-code.ts';
import { addVotes, type ItemTally, type NodeTally } from './node-tally.ts';
import { type Place, placeTree } from './places.ts';
import type { PlanIndex } from './plan-index.ts';
import type { Tally } from './tally.ts';

/** The result of a run that is over. */
export function resultOf(run: RunId, index: PlanIndex, tally: Tally): RunResult {
  const { bill, failure, failedNode, startedAt, endedAt } = tally.run;
  const waits = tally.run.status === 'running' && [...index.nodes.keys()].some((key) => tally.node(key).parked > 0);
  const status = waits ? 'waiting' : tally.run.status === 'running' ? 'cancelled' : tally.run.status;
  const unfinished = waits ? 'waiting' : 'cancelled';
  return {
    schemaVersion: 1,
    run,
    workflow: index.plan.workflow,
    status,
    outputs: tally.run.outputs ?? {},
    ...(failure && { error: errorOf(failure, failedNode ?? undefined) }),
    nodes: placeTree(index).map((place) => nodeResult(place, tally, unfinished)),
    cost: costReport(bill),
    simulated: tally.run.simulated,
    durationMs: startedAt !== null && endedAt !== null ? Math.max(0, endedAt - startedAt) : 0,
  };
}

/** How a node inside another stands that never began: as the node around it, of which this is said. */
interface Around {
  readonly status: NodeResult['status'];
  readonly route: string | null;
}

/** `unfinished`: what is said of a node that has not ended. */
function nodeResult(place: Place, tally: Tally, unfinished: 'waiting' | 'cancelled', around?: Around): NodeResult {
  const ways = place.nodes.map((indexed) => tally.node(indexed.key));
  // Of several ways of doing the node around it the last one counts; what they cost counts together.
  const own = ways.findLast((one) => one.status !== 'pending') ?? tally.node(place.nodes[0].key);
  const bill = ways.length === 1 ? own.bill : billOf(ways);
  const sum = (of: (one: NodeTally) => number): number => ways.reduce((total, one) => total + of(one), 0);
  const { failure, items, route } = own;
  const status = statusOf(own, unfinished, around);
  const skipReason = own.skipReason !== null && status === 'skipped' ? own.skipReason : unbegun(own, status, around);
  const votes = [...place.nodes, ...place.parts].reduce<Votes | null>((sum, { key }) => {
    const own = tally.node(key).votes;
    return own ? addVotes(sum, own) : sum;
  }, null);
  const { rounds, accepted, score } = loopOf(place, tally, own);
  const { node } = place.nodes[0];
  return {
    id: node.id,
    kind: node.kind,
    status,
    ...whoAnswered(
      answerersIn(
        ways.map((one) => one.answers),
        tally.run.tiers,
      ),
    ),
    attempts: sum((one) => one.attempts),
    cost: toDollars(bill.cost),
    unpricedCalls: bill.unpricedCalls,
    tokens: bill.usage,
    durationMs: own.startedAt !== null && own.endedAt !== null ? Math.max(0, own.endedAt - own.startedAt) : 0,
    ...(skipReason !== undefined && { skipReason }),
    ...(failure && { error: errorOf(failure) }),
    ...(own.recovered && { recovered: true }),
    ...(bill.fromRun + bill.fromCache > 0 && { reused: reusedIn(bill) }),
    ...(items && { items: items.map((item, index) => itemResult(item, index, own.keys?.[index], unfinished)) }),
    ...(around && { runs: sum((one) => one.runs) }),
    ...(route !== null && { route }),
    ...(rounds > 0 && { rounds }),
    ...(accepted !== null && { accepted }),
    ...(score !== null && { score }),
    ...(votes !== null && { votes }),
    ...(place.inside.length > 0 && { nodes: place.inside.map((inner) => nodeResult(inner, tally, unfinished, { status, route })) }),
  };
}

/** One of each is named; where there are several, all of them. */
function whoAnswered(answerers: readonly Answerer[]): Pick<NodeResult, 'tier' | 'tiers' | 'model' | 'models' | 'provider' | 'providers'> {
  const [tier, ...tiers] = unique(answerers.flatMap((one) => one.tier ?? []));
  const [model, ...models] = unique(answerers.map((one) => one.model));
  const [provider, ...providers] = unique(answerers.map((one) => one.provider));
  return {
    ...(tier !== undefined && (tiers.length > 0 ? { tiers: [tier, ...tiers] } : { tier })),
    ...(model !== undefined && (models.length > 0 ? { models: [model, ...models] } : { model })),
    ...(provider !== undefined && (providers.length > 0 ? { providers: [provider, ...providers] } : { provider })),
  };
}

function unique<T>(all: readonly T[]): readonly T[] {
  return [...new Set(all)];
}

function statusOf({ status }: NodeTally, unfinished: 'waiting' | 'cancelled', around: Around | undefined): NodeResult['status'] {
  if (status === 'running' || status === 'waiting') return unfinished;
  if (status !== 'pending') return status;
  if (!around) return unfinished;
  // What is inside a node that has ended, and never began, was not wanted.
  return around.status === 'succeeded' || around.status === 'failed' ? 'skipped' : around.status;
}

/** Why a node inside another was never begun. */
function unbegun({ status }: NodeTally, said: NodeResult['status'], around: Around | undefined): string | undefined {
  if (status !== 'pending' || said !== 'skipped' || !around) return undefined;
  if (around.route !== null) return `the case "${around.route}" was taken`;
  return around.status === 'skipped' ? 'the node it is in was skipped' : 'it was never come to';
}

/** What a node's rounds came to; an `evaluate` that is inside something else has them in a part of the node. */
function loopOf({ nodes, parts }: Place, tally: Tally, own: NodeTally): Pick<NodeTally, 'rounds' | 'accepted' | 'score'> {
  const loops = parts.filter(({ node }) => node.part === 'loop').map(({ key }) => tally.node(key));
  const rounds = nodes.reduce((total, { key }) => total + tally.node(key).rounds, 0);
  const last = loops.findLast((loop) => loop.rounds > 0);
  if (rounds > 0 || !last) return { rounds, accepted: own.accepted, score: own.score ?? last?.score ?? null };
  return { rounds: loops.reduce((total, loop) => total + loop.rounds, 0), accepted: last.accepted, score: last.score };
}

function billOf(ways: readonly NodeTally[]): Bill {
  const all = emptyBill();
  for (const { bill } of ways) addBill(all, bill);
  return all;
}

function itemResult(item: ItemTally, index: number, key: string | undefined, unfinished: 'waiting' | 'cancelled'): ItemResult {
  return {
    index,
    ...(key !== undefined && { key }),
    status: item.status === 'pending' || item.status === 'waiting' ? unfinished : item.status,
    ...(item.failure && { error: errorOf(item.failure) }),
    cost: toDollars(item.cost),
    unpricedCalls: item.unpricedCalls,
    ...(item.votes && { votes: item.votes }),
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
    ...promptCacheIn(bill),
  };
}

function promptCacheIn({ usage: { cacheRead, cacheWrite }, cacheSaved }: Bill): Pick<CostReport, 'promptCache'> {
  if (cacheRead === 0 && cacheWrite === 0) return {};
  return { promptCache: { read: cacheRead, written: cacheWrite, saved: toDollars(cacheSaved) } };
}

function reusedIn({ fromRun, fromCache, reuseSaved }: Bill): Reused {
  return { fromRun, fromCache, saved: toDollars(reuseSaved) };
}
