import { nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import type { Reuse } from '../contracts/event.ts';
import type { NodePart } from '../contracts/plan.ts';
import type { ModelCall, Tier, Usage } from '../contracts/provider.ts';
import { keysAround } from './address.ts';
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

/** What the calls of a task, and of all that is inside of it, have cost; who answered last. */
export interface Spent {
  cost: Usd;
  /** What outputs had cost that were taken over. */
  saved: Usd;
  tier: Tier | null;
  model: string | null;
}

/** What something has spent that has called nobody. */
export const NOTHING: Spent = { cost: nanoUsd(0), saved: nanoUsd(0), tier: null, model: null };

/** Who made a node's output last. */
export interface Who {
  tier: Tier | null;
  model: string | null;
  provider: string | null;
}

/** Whether what a part gives is said about the output of the node it is of, and is not that output. */
export function onlyJudges(part: NodePart | undefined): boolean {
  return part === 'evaluate' || part === 'judge';
}

/** Takes over who answered: the last answer counts, a failed try only while there is none. */
export function answeredBy(who: Omit<Who, 'provider'> & Partial<Who>, { tier, model, provider, status }: ModelCall): void {
  if (status !== 'succeeded' && who.model !== null) return;
  who.tier = tier ?? null;
  who.model = model;
  if ('provider' in who) who.provider = provider;
}

/**
 * The call counts for the task, its round, its item, its node, and for everything these are inside of; so does an output that was taken over,
 * since what reads a cost reads what it had cost.
 */
export function addSpent(index: PlanIndex, spent: Map<TaskKey, Spent>, key: TaskKey, what: ModelCall | Reuse): void {
  let judges = false;
  let node = index.at(key);
  for (const one of keysAround(key)) {
    const before = spent.get(one) ?? { ...NOTHING };
    const its = index.at(one);
    if (its !== node) {
      judges ||= onlyJudges(node.node.part);
      node = its;
    }
    if ('saved' in what) {
      before.saved = nanoUsd(before.saved + (what.saved ?? 0));
      if (!judges && what.by) Object.assign(before, { tier: what.by.tier ?? null, model: what.by.model });
    } else {
      before.cost = nanoUsd(before.cost + (what.cost ?? 0));
      if (!judges) answeredBy(before, what);
    }
    spent.set(one, before);
  }
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

/** Nothing was called; who had answered is still who its output is from. `judges`: what was taken over is only said about it. */
export function addReuse(to: { readonly bill: Bill } & Partial<Who>, { from, saved, by }: Reuse, judges = false): void {
  if (from === 'run') to.bill.fromRun += 1;
  else to.bill.fromCache += 1;
  to.bill.reuseSaved = nanoUsd(to.bill.reuseSaved + (saved ?? 0));
  if (!by || judges || to.model === undefined) return;
  to.tier = by.tier ?? null;
  to.model = by.model;
  to.provider = by.provider;
}

/** Nothing was called. */
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
