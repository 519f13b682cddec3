import { nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import type { Answerer, Reuse } from '../contracts/event.ts';
import type { PlanBody } from '../contracts/plan.ts';
import type { ModelCall, Usage } from '../contracts/provider.ts';
import { itemOf, keysAround } from './address.ts';
import { answersFor, compareAnswerers, onlyJudges } from './answerers.ts';
import type { PlanIndex } from './plan-index.ts';

/** Money and tokens of some calls. */
export interface Bill {
  /** Sum of the known costs. */
  cost: Usd;
  unpricedCalls: number;
  calls: number;
  /** Over calls whose cost and premium price are both known: what premium would have cost more. */
  saved: Usd;
  comparedCalls: number;
  usage: Usage;
  /** What prompt caches saved, less what was paid to fill them, as far as that is known. */
  cacheSaved: Usd;
  /** Outputs that were taken over, and what they had cost. */
  fromRun: number;
  fromCache: number;
  reuseSaved: Usd;
}

/** What the calls of a task, and of all that is inside of it, have cost; who answered. */
export interface Spent {
  cost: Usd;
  /** What outputs had cost that were taken over. */
  saved: Usd;
  /** The last that answered; of what is done at the same time, such as items, the highest tier. A failed call only while nobody has answered. */
  by: Answerer | null;
  answered: boolean;
}

/** What something has spent that has called nobody. */
export const NOTHING: Spent = { cost: nanoUsd(0), saved: nanoUsd(0), by: null, answered: false };

/**
 * The call counts for the task, its round, its item, its node, and for everything these are inside of; so does an output that was taken over,
 * since what reads a cost reads what it had cost.
 */
export function addSpent(index: PlanIndex, spent: Map<TaskKey, Spent>, key: TaskKey, what: ModelCall | Reuse): void {
  let judges = false;
  let node = index.at(key);
  // From there on others are at work at the same time, and which of them comes last is chance.
  let isShared = false;
  let before: TaskKey | undefined;
  for (const one of keysAround(key)) {
    const known = spent.get(one) ?? { ...NOTHING };
    const its = index.at(one);
    if (its !== node) {
      judges ||= onlyJudges(node.node.part);
      isShared ||= its.bodies.some((body) => body !== undefined && hasSeveral(body.body) && body.nodes.has(node.node.id));
      node = its;
    }
    isShared ||= before !== undefined && itemOf(before)?.node === one;
    before = one;
    if ('saved' in what) {
      known.saved = nanoUsd(known.saved + (what.saved ?? 0));
      if (!judges && what.by) answeredBy(known, what.by, true, isShared);
    } else {
      known.cost = nanoUsd(known.cost + (what.cost ?? 0));
      if (!judges && answersFor(index.at(key).node, what)) answeredBy(known, what, what.status === 'succeeded', isShared);
    }
    spent.set(one, known);
  }
}

/** Takes over who answered, or `failed` to. `isShared`: whatever comes first, the same is said in the end. */
function answeredBy(spent: Spent, { provider, model, tier }: Answerer, answered: boolean, isShared: boolean): void {
  if (spent.answered && !answered) return;
  const who: Answerer = { provider, model, ...(tier && { tier }) };
  const isFirst = spent.by === null || (answered && !spent.answered);
  spent.answered = answered;
  if (isFirst || spent.by === null || (isShared ? compareAnswerers(who, spent.by) > 0 : answered)) spent.by = who;
}

/** Whether nodes of a body can be at work at the same time. */
function hasSeveral({ type, nodes }: PlanBody): boolean {
  return (type === 'group' || type === 'workflow') && nodes.length > 1;
}

/** A call counts, whatever came of it. */
export function addCall(bill: Bill, call: ModelCall): void {
  bill.calls += 1;
  if (call.cost === null) bill.unpricedCalls += 1;
  else {
    bill.cost = nanoUsd(bill.cost + call.cost);
    if (call.baseline !== null) {
      bill.saved = nanoUsd(bill.saved + call.baseline - call.cost);
      bill.comparedCalls += 1;
    }
  }
  bill.usage = addUsage(bill.usage, call.usage);
  bill.cacheSaved = nanoUsd(bill.cacheSaved + (call.cacheSaved ?? 0));
}

/** Adds one bill to another. */
export function addBill(to: Bill, more: Bill): void {
  to.cost = nanoUsd(to.cost + more.cost);
  to.saved = nanoUsd(to.saved + more.saved);
  to.reuseSaved = nanoUsd(to.reuseSaved + more.reuseSaved);
  to.cacheSaved = nanoUsd(to.cacheSaved + more.cacheSaved);
  for (const count of ['unpricedCalls', 'calls', 'comparedCalls', 'fromRun', 'fromCache'] as const) to[count] += more[count];
  to.usage = addUsage(to.usage, more.usage);
}

function addUsage(one: Usage, other: Usage): Usage {
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cacheRead: one.cacheRead + other.cacheRead,
    cacheWrite: one.cacheWrite + other.cacheWrite,
  };
}

/** Nothing was called. */
export function addReuse(bill: Bill, { from, saved }: Reuse): void {
  if (from === 'run') bill.fromRun += 1;
  else bill.fromCache += 1;
  bill.reuseSaved = nanoUsd(bill.reuseSaved + (saved ?? 0));
}

/** The bill of something that has called nobody. */
export function emptyBill(): Bill {
  return {
    cost: nanoUsd(0),
    unpricedCalls: 0,
    calls: 0,
    saved: nanoUsd(0),
    comparedCalls: 0,
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    cacheSaved: nanoUsd(0),
    fromRun: 0,
    fromCache: 0,
    reuseSaved: nanoUsd(0),
  };
}
