import { type Instant, nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import type { Votes } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import { type Answers, noAnswers } from './answerers.ts';
import { type Bill, emptyBill } from './bill.ts';

/** What the journal says of a node; of one inside others, over all items and rounds around it. */
export interface NodeTally {
  /** `waiting`: for a person, a signal or a time. Of a node inside others that has begun several times: `failed` before `cancelled` before `succeeded` before `skipped`. */
  status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  attempts: number;
  startedAt: Instant | null;
  endedAt: Instant | null;
  skipReason: string | null;
  failure: Failure | null;
  recovered: boolean;
  /** Tasks that wait. */
  parked: number;
  readonly bill: Bill;
  /** Who made its outputs. */
  readonly answers: Answers;
  /** How often it has begun; what was skipped has not. */
  runs: number;
  /** Those of its runs that have not ended, by the key of the node; those that came to nothing, and how often the others ended how. */
  readonly open: Set<TaskKey>;
  readonly lost: Map<TaskKey, 'failed' | 'cancelled'>;
  done: number;
  skips: number;
  /** Rounds of its loop. */
  rounds: number;
  accepted: boolean | null;
  score: number | null;
  /** Of its votes: how many candidates agreed with the one that was kept, and how many there were. */
  votes: Votes | null;
  /** The case taken last. */
  route: string | null;
  /** Present for a fan-out of the outermost frame. */
  items: ItemTally[] | null;
  keys: readonly string[] | null;
}

/** The same of one item of an outermost fan-out. */
export interface ItemTally {
  status: 'pending' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  failure: Failure | null;
  cost: Usd;
  /** Calls whose cost is not known. */
  unpricedCalls: number;
  votes: Votes | null;
}

/** A node that has not begun. */
export function emptyNode(): NodeTally {
  return {
    status: 'pending',
    attempts: 0,
    startedAt: null,
    endedAt: null,
    skipReason: null,
    failure: null,
    recovered: false,
    parked: 0,
    runs: 0,
    open: new Set(),
    lost: new Map(),
    done: 0,
    skips: 0,
    rounds: 0,
    accepted: null,
    score: null,
    votes: null,
    route: null,
    bill: emptyBill(),
    answers: noAnswers(),
    items: null,
    keys: null,
  };
}

/** An item that has not begun. */
export function emptyItem(): ItemTally {
  return { status: 'pending', failure: null, cost: nanoUsd(0), unpricedCalls: 0, votes: null };
}

/** The votes of several together. */
export function addVotes(one: Votes | null, other: Votes): Votes {
  return { agreed: (one?.agreed ?? 0) + other.agreed, of: (one?.of ?? 0) + other.of };
}

/** One of a node's runs begins. */
export function begins(node: NodeTally, key: TaskKey, at: Instant): void {
  if (!node.open.has(key)) {
    node.open.add(key);
    node.runs += 1;
  }
  node.startedAt ??= at;
  node.status = standing(node);
}

/** What is told of a node that something succeeded of: what stood in for what, or why another of its runs came to nothing. */
export function tellFailure(node: NodeTally, recovered: Failure | undefined): void {
  if (recovered || node.lost.size === 0) node.failure = recovered ?? null;
}

/** One of a node's runs is over. */
export function ends(node: NodeTally, key: TaskKey, at: Instant, lost?: 'failed' | 'cancelled'): void {
  node.open.delete(key);
  if (lost) node.lost.set(key, lost);
  else node.lost.delete(key);
  node.endedAt = at;
  node.status = standing(node);
}

/** How a node stands: that follows from what waits, what is at work, and how the rest ended. */
export function standing({ parked, open, lost, done, skips }: NodeTally): NodeTally['status'] {
  if (parked > 0) return 'waiting';
  if (open.size > 0) return 'running';
  if (lost.size > 0) return [...lost.values()].includes('failed') ? 'failed' : 'cancelled';
  return done > 0 ? 'succeeded' : skips > 0 ? 'skipped' : 'pending';
}
