import { assertNever } from '../base/assert.ts';
import { type Instant, nanoUsd, type TaskKey } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Tier } from '../contracts/provider.ts';
import { itemOf, nodeKeyOf, pathOf } from './address.ts';
import { type Answering, createAnswering } from './answerers.ts';
import { addCall, addReuse, addSpent, type Bill, emptyBill, NOTHING, type Spent } from './bill.ts';
import { addVotes, begins, emptyItem, emptyNode, ends, type ItemTally, type NodeTally, standing, tellFailure } from './node-tally.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** What the journal says of each node and item, kept up to date event by event. */
export interface Tally {
  add(event: RunEvent): void;
  /** What is known of a node, by its path; of one inside others, over all items and rounds around it. */
  node(path: string): NodeTally;
  /** What the calls of a task, and of all that is inside of it, have cost; who answered. */
  spent(key: TaskKey): Spent;
  readonly run: RunTally;
}

export interface RunTally {
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  startedAt: Instant | null;
  endedAt: Instant | null;
  outputs: Extract<RunEvent, { type: 'run.finished' }>['outputs'];
  failure: Failure | null;
  /** The node that failed first. */
  failedNode: string | null;
  simulated: boolean;
  /** What the tiers stood for. */
  tiers: Readonly<Partial<Record<Tier, readonly string[]>>>;
  readonly bill: Bill;
}

export function createTally(index: PlanIndex): Tally {
  const nodes = new Map<string, NodeTally>();
  const spent = new Map<TaskKey, Spent>();
  const parked = new Set<TaskKey>();
  const run: RunTally = {
    status: 'running',
    startedAt: null,
    endedAt: null,
    outputs: null,
    failure: null,
    failedNode: null,
    simulated: false,
    tiers: {},
    bill: emptyBill(),
  };
  const at = (path: string): NodeTally => {
    const known = nodes.get(path);
    if (known) return known;
    const made = emptyNode();
    nodes.set(path, made);
    return made;
  };
  for (const key of index.nodes.keys()) at(key);
  const answering = createAnswering(
    (task) => index.at(task),
    ({ key }) => at(key).answers,
  );
  const tally: Tally = {
    add: (event) => add({ index, tally, spent, parked, answering }, event),
    node: at,
    spent: (key) => spent.get(key) ?? NOTHING,
    run,
  };
  return tally;
}

interface Adding {
  readonly index: PlanIndex;
  readonly tally: Tally;
  readonly spent: Map<TaskKey, Spent>;
  /** Tasks that wait. */
  readonly parked: Set<TaskKey>;
  readonly answering: Answering;
}

function add(adding: Adding, event: RunEvent): void {
  const { index, tally, spent } = adding;
  const { run } = tally;
  const nodeAt = (key: TaskKey): NodeTally => tally.node(pathOf(key));
  switch (event.type) {
    case 'run.started':
      run.startedAt = event.at;
      run.simulated = event.simulated;
      run.tiers = event.tiers ?? {};
      return;
    case 'run.failing':
      run.failure ??= event.failure;
      return;
    case 'run.finished':
      run.status = event.status;
      run.endedAt = event.at;
      run.outputs = event.outputs;
      run.failure ??= event.failure ?? null;
      return;
    case 'node.opening':
      begins(nodeAt(event.node), event.node, event.at);
      return;
    case 'node.expanded': {
      if (!index.nodes.has(event.node)) return;
      const node = nodeAt(event.node);
      node.items = Array.from({ length: event.count }, emptyItem);
      node.keys = event.keys ?? null;
      return;
    }
    case 'node.skipped': {
      const node = nodeAt(event.node);
      if (node.open.has(event.node) && event.reason !== 'failed') node.runs -= 1;
      node.skips += 1;
      node.skipReason = event.detail;
      node.failure = event.failure ?? null;
      ends(node, event.node, event.at);
      return;
    }
    case 'node.succeeded': {
      const node = nodeAt(event.node);
      node.done += 1;
      ends(node, event.node, event.at);
      return;
    }
    case 'node.failed': {
      const node = nodeAt(event.node);
      node.failure = event.failure;
      ends(node, event.node, event.at, 'failed');
      const outermost = index.nodes.get(event.node);
      if (!outermost) return;
      run.failedNode ??= outermost.node.id;
      run.failure ??= event.failure;
      return;
    }
    case 'node.cancelled':
      ends(nodeAt(event.node), event.node, event.at, 'cancelled');
      return;
    case 'attempt.scheduled': {
      // The value of `on_error` is computed, not tried.
      if (event.stage >= index.at(event.task).node.stages.length) nodeAt(event.task).attempts -= 1;
      return;
    }
    case 'attempt.started': {
      const node = nodeAt(event.task);
      begins(node, nodeKeyOf(event.task), event.at);
      node.attempts += 1;
      return;
    }
    case 'loop.turning':
      begins(nodeAt(event.task), nodeKeyOf(event.task), event.at);
      return;
    case 'loop.turned':
      nodeAt(event.task).rounds += 1;
      return;
    case 'loop.ended': {
      const node = nodeAt(event.task);
      // Of a fan-out, one item that was not accepted tells.
      const isItem = itemOf(event.task) !== undefined;
      node.accepted = event.accepted && !(isItem && node.accepted === false);
      node.score = !isItem && isObject(event.memory) && typeof event.memory.score === 'number' ? event.memory.score : null;
      tellFailure(node, event.recovered);
      settleItem(tally, event.task, 'succeeded', event.recovered ?? null);
      return;
    }
    case 'loop.failed':
      settleItem(tally, event.task, event.skip ? 'skipped' : 'failed', event.failure);
      return;
    case 'loop.skipped':
      settleItem(tally, event.task, 'skipped', null);
      return;
    case 'attempt.entered': {
      const node = nodeAt(event.task);
      if (event.route !== undefined) node.route = event.route;
      if (event.attempt > 1) forgetLost(adding, event.task);
      return;
    }
    case 'attempt.skipped':
      if (event.route !== undefined) nodeAt(event.task).route = event.route;
      settleItem(tally, event.task, 'skipped', event.failure ?? null);
      return;
    case 'model.called': {
      const { call } = event;
      addCall(run.bill, call);
      if (call.simulated) run.simulated = true;
      const item = itemAround(tally, event.task);
      if (item && call.cost === null) item.unpricedCalls += 1;
      else if (item) item.cost = nanoUsd(item.cost + (call.cost ?? 0));
      addSpent(index, spent, event.task, call);
      for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) addCall(tally.node(at.key).bill, call);
      adding.answering.called(event.task, call);
      return;
    }
    case 'attempt.succeeded': {
      const node = nodeAt(event.task);
      if (event.recovered) node.recovered = true;
      if (event.accepted === false) node.accepted = false;
      if (event.reused) {
        for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) addReuse(tally.node(at.key).bill, event.reused);
        addReuse(run.bill, event.reused);
        addSpent(index, spent, event.task, event.reused);
      }
      adding.answering.succeeded(event.task, event.reused);
      if (event.votes) {
        node.votes = addVotes(node.votes, event.votes);
        const item = itemAround(tally, event.task);
        if (item) item.votes = addVotes(item.votes, event.votes);
      }
      if (!settleItem(tally, event.task, 'succeeded', event.recovered ?? null)) tellFailure(node, event.recovered);
      return;
    }
    case 'attempt.failed':
      goesOn(adding, event.task);
      adding.answering.dropped(event.task);
      if (event.next.type !== 'retry') settleItem(tally, event.task, event.next.type === 'skip' ? 'skipped' : 'failed', event.failure);
      return;
    case 'attempt.cancelled':
      goesOn(adding, event.task);
      settleItem(tally, event.task, 'cancelled', null);
      return;
    case 'run.reopened':
      run.status = 'running';
      run.failure = null;
      run.failedNode = null;
      run.endedAt = null;
      return;
    case 'node.reopened': {
      const node = nodeAt(event.node);
      node.lost.delete(event.node);
      node.failure = null;
      node.endedAt = null;
      node.status = standing(node);
      for (const index of event.redo) {
        const item = node.items?.[index];
        if (item) item.status = 'pending';
      }
      return;
    }
    case 'attempt.parked': {
      const item = itemAround(tally, event.task);
      if (item) item.status = 'waiting';
      adding.parked.add(event.task);
      for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) {
        const node = tally.node(at.key);
        node.parked += 1;
        node.status = 'waiting';
      }
      return;
    }
    case 'attempt.woken': {
      const item = itemAround(tally, event.task);
      if (item) item.status = 'pending';
      // It goes on with the same try.
      nodeAt(event.task).attempts -= 1;
      goesOn(adding, event.task);
      return;
    }
    case 'task.reopened':
    case 'attempt.failing':
    case 'attempt.leaving':
    case 'run.cancel_requested':
    case 'run.resumed':
    case 'signal.received':
    case 'answer.refused':
    case 'attempt.interrupted':
    case 'attempt.logged':
    case 'tool.called':
    case 'run.finishing':
    case 'node.opened':
      return;
    default:
      assertNever(event);
  }
}

/** A task that had waited does not wait any more. */
function goesOn({ index, tally, parked }: Adding, task: TaskKey): void {
  if (!parked.delete(task)) return;
  for (let at: IndexedNode | undefined = index.at(task); at; at = at.parent) {
    const node = tally.node(at.key);
    node.parked -= 1;
    node.status = standing(node);
  }
}

/** What came to nothing inside an attempt is done again inside the next one. */
function forgetLost({ index, tally }: Adding, task: TaskKey): void {
  const forget = ({ bodies }: IndexedNode): void => {
    for (const inner of bodies.flatMap((body) => [...(body?.nodes.values() ?? [])])) {
      const node = tally.node(inner.key);
      for (const key of node.lost.keys()) if (key.startsWith(`${task}/`) || key.startsWith(`${task}~`)) node.lost.delete(key);
      node.status = standing(node);
      forget(inner);
    }
  };
  forget(index.at(task));
}

/** The item of an outermost fan-out that a task is, or is inside of. */
function itemAround(tally: Tally, key: TaskKey): ItemTally | undefined {
  const open = key.indexOf('[');
  const slash = key.indexOf('/');
  if (open < 0 || (slash >= 0 && slash < open)) return undefined;
  return tally.node(key.slice(0, open)).items?.[Number(key.slice(open + 1, key.indexOf(']', open)))];
}

/** What came of a task, where that is an item of an outermost fan-out; false where it is not. */
function settleItem(tally: Tally, key: TaskKey, status: ItemTally['status'], failure: Failure | null): boolean {
  const item = itemOf(key) && !key.includes('/') ? itemAround(tally, key) : undefined;
  if (!item) return false;
  item.status = status;
  if (status !== 'cancelled') item.failure = failure;
  return true;
}
