import { assertNever } from '../base/assert.ts';
import { type Instant, nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import type { Reuse, RunEvent } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { ModelCall, Tier, Usage } from '../contracts/provider.ts';
import { itemOf, keysAround, pathOf } from './address.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** What the journal says of each node and item, kept up to date event by event. */
export interface Tally {
  add(event: RunEvent): void;
  /** What is known of a node, by its path; of one inside others, over all items and rounds around it. */
  node(path: string): NodeTally;
  /** What the calls of a task, and of all that is inside of it, have cost; who answered last. */
  spent(key: TaskKey): Spent;
  readonly run: RunTally;
}

export interface Spent {
  cost: Usd;
  tier: Tier | null;
  model: string | null;
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
  readonly bill: Bill;
}

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
  /** Outputs that were taken over, and what they had cost. */
  fromRun: number;
  fromCache: number;
  reuseSaved: Usd;
}

export interface NodeTally {
  /** `waiting`: for a person, a signal or a time. */
  status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  attempts: number;
  startedAt: Instant | null;
  endedAt: Instant | null;
  skipReason: string | null;
  failure: Failure | null;
  recovered: boolean;
  /** Tasks that wait. */
  parked: number;
  tier: Tier | null;
  model: string | null;
  provider: string | null;
  readonly bill: Bill;
  /** How often it has begun. */
  runs: number;
  /** Rounds of its loop. */
  rounds: number;
  accepted: boolean | null;
  score: number | null;
  /** The case taken last. */
  route: string | null;
  /** Present for a fan-out of the outermost frame. */
  items: ItemTally[] | null;
  keys: readonly string[] | null;
}

export interface ItemTally {
  status: 'pending' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  failure: Failure | null;
  cost: Usd;
}

export function createTally(index: PlanIndex): Tally {
  const nodes = new Map<string, NodeTally>();
  const spent = new Map<TaskKey, Spent>();
  const run: RunTally = {
    status: 'running',
    startedAt: null,
    endedAt: null,
    outputs: null,
    failure: null,
    failedNode: null,
    simulated: false,
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
  const tally: Tally = { add: (event) => add(index, tally, spent, event), node: at, spent: (key) => spent.get(key) ?? NOTHING, run };
  return tally;
}

const NOTHING: Spent = { cost: nanoUsd(0), tier: null, model: null };

function add(index: PlanIndex, tally: Tally, spent: Map<TaskKey, Spent>, event: RunEvent): void {
  const { run } = tally;
  const nodeAt = (key: TaskKey): NodeTally => tally.node(pathOf(key));
  switch (event.type) {
    case 'run.started':
      run.startedAt = event.at;
      run.simulated = event.simulated;
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
      begins(nodeAt(event.node), event.at);
      return;
    case 'node.expanded': {
      if (!index.nodes.has(event.node)) return;
      const node = nodeAt(event.node);
      node.items = Array.from({ length: event.count }, () => ({ status: 'pending', failure: null, cost: nanoUsd(0) }));
      node.keys = event.keys ?? null;
      return;
    }
    case 'node.skipped': {
      const node = nodeAt(event.node);
      node.status = 'skipped';
      node.skipReason = event.detail;
      node.failure = event.failure ?? null;
      node.endedAt = event.at;
      return;
    }
    case 'node.succeeded': {
      const node = nodeAt(event.node);
      node.status = 'succeeded';
      node.endedAt = event.at;
      return;
    }
    case 'node.failed': {
      const node = nodeAt(event.node);
      node.status = 'failed';
      node.failure = event.failure;
      node.endedAt = event.at;
      const outermost = index.nodes.get(event.node);
      if (!outermost) return;
      run.failedNode ??= outermost.node.id;
      run.failure ??= event.failure;
      return;
    }
    case 'node.cancelled': {
      const node = nodeAt(event.node);
      node.status = 'cancelled';
      node.endedAt = event.at;
      return;
    }
    case 'attempt.scheduled': {
      // The value of `on_error` is computed, not tried.
      if (event.stage >= index.at(event.task).node.stages.length) nodeAt(event.task).attempts -= 1;
      return;
    }
    case 'attempt.started': {
      const node = nodeAt(event.task);
      begins(node, event.at);
      node.attempts += 1;
      return;
    }
    case 'loop.turning':
      begins(nodeAt(event.task), event.at);
      return;
    case 'loop.turned':
      nodeAt(event.task).rounds += 1;
      return;
    case 'loop.ended': {
      const node = nodeAt(event.task);
      node.accepted = event.accepted;
      node.score = isObject(event.memory) && typeof event.memory.score === 'number' ? event.memory.score : null;
      node.failure = event.recovered ?? null;
      settleItem(tally, event.task, 'succeeded', event.recovered ?? null);
      return;
    }
    case 'loop.failed':
      settleItem(tally, event.task, event.skip ? 'skipped' : 'failed', event.failure);
      return;
    case 'loop.skipped':
      settleItem(tally, event.task, 'skipped', null);
      return;
    case 'attempt.entered':
      if (event.route !== undefined) nodeAt(event.task).route = event.route;
      return;
    case 'attempt.skipped':
      if (event.route !== undefined) nodeAt(event.task).route = event.route;
      settleItem(tally, event.task, 'skipped', event.failure ?? null);
      return;
    case 'model.called': {
      const { call } = event;
      addCall(run.bill, call);
      if (call.simulated) run.simulated = true;
      const item = itemAround(tally, event.task);
      if (item) item.cost = nanoUsd(item.cost + (call.cost ?? 0));
      addSpent(spent, event.task, call);
      for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) {
        const node = tally.node(at.key);
        addCall(node.bill, call);
        // The last answer counts; a failed try only while there is none.
        if (call.status !== 'succeeded' && node.model !== null) continue;
        node.tier = call.tier ?? null;
        node.model = call.model;
        node.provider = call.provider;
      }
      return;
    }
    case 'attempt.succeeded': {
      const node = nodeAt(event.task);
      if (event.recovered) node.recovered = true;
      if (event.accepted === false) node.accepted = false;
      if (event.reused) {
        for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) addReuse(tally.node(at.key), event.reused);
        addReuse(run, event.reused);
      }
      if (!settleItem(tally, event.task, 'succeeded', event.recovered ?? null)) node.failure = event.recovered ?? null;
      return;
    }
    case 'attempt.failed':
      if (event.next.type !== 'retry') settleItem(tally, event.task, event.next.type === 'skip' ? 'skipped' : 'failed', event.failure);
      return;
    case 'attempt.cancelled': {
      const node = nodeAt(event.task);
      const item = itemAround(tally, event.task);
      if (item ? item.status === 'waiting' : node.status === 'waiting') node.parked -= 1;
      settleItem(tally, event.task, 'cancelled', null);
      return;
    }
    case 'run.reopened':
      run.status = 'running';
      run.failure = null;
      run.failedNode = null;
      run.endedAt = null;
      return;
    case 'node.reopened': {
      const node = nodeAt(event.node);
      node.status = 'pending';
      node.failure = null;
      node.endedAt = null;
      for (const index of event.redo) {
        const item = node.items?.[index];
        if (item) item.status = 'pending';
      }
      return;
    }
    case 'attempt.parked': {
      const item = itemAround(tally, event.task);
      if (item) item.status = 'waiting';
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
      for (let at: IndexedNode | undefined = index.at(event.task); at; at = at.parent) {
        const node = tally.node(at.key);
        node.parked -= 1;
        if (node.parked === 0) node.status = 'running';
      }
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

function begins(node: NodeTally, at: Instant): void {
  if (node.status !== 'running' && node.status !== 'waiting') node.runs += 1;
  if (node.parked === 0) node.status = 'running';
  node.startedAt ??= at;
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

/** The call counts for the task, its round, its item, its node, and for everything these are inside of. */
function addSpent(spent: Map<TaskKey, Spent>, key: TaskKey, { cost, tier, model, status }: ModelCall): void {
  for (const one of keysAround(key)) {
    const before = spent.get(one) ?? { ...NOTHING };
    before.cost = nanoUsd(before.cost + (cost ?? 0));
    if (status === 'succeeded' || before.model === null) {
      before.tier = tier ?? null;
      before.model = model;
    }
    spent.set(one, before);
  }
}

function addCall(bill: Bill, call: ModelCall): void {
  bill.calls += 1;
  if (call.cost === null) bill.unpricedCalls += 1;
  else {
    bill.cost = nanoUsd(bill.cost + call.cost);
    if (call.baseline !== null) {
      bill.saved = nanoUsd(bill.saved + call.baseline - call.cost);
      bill.comparedCalls += 1;
    }
  }
  bill.usage = {
    input: bill.usage.input + call.usage.input,
    output: bill.usage.output + call.usage.output,
    cacheRead: bill.usage.cacheRead + call.usage.cacheRead,
    cacheWrite: bill.usage.cacheWrite + call.usage.cacheWrite,
  };
}

/** Nothing was called; who had answered is still who its output is from. */
function addReuse(to: { readonly bill: Bill } & Partial<Pick<NodeTally, 'tier' | 'model' | 'provider'>>, { from, saved, by }: Reuse): void {
  if (from === 'run') to.bill.fromRun += 1;
  else to.bill.fromCache += 1;
  to.bill.reuseSaved = nanoUsd(to.bill.reuseSaved + (saved ?? 0));
  if (!by || to.model === undefined) return;
  to.tier = by.tier ?? null;
  to.model = by.model;
  to.provider = by.provider;
}

function emptyBill(): Bill {
  return {
    cost: nanoUsd(0),
    unpricedCalls: 0,
    calls: 0,
    saved: nanoUsd(0),
    comparedCalls: 0,
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    fromRun: 0,
    fromCache: 0,
    reuseSaved: nanoUsd(0),
  };
}

function emptyNode(): NodeTally {
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
    rounds: 0,
    accepted: null,
    score: null,
    route: null,
    tier: null,
    model: null,
    provider: null,
    bill: emptyBill(),
    items: null,
    keys: null,
  };
}
