import { type Instant, nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import type { Reuse, RunEvent } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { ModelCall, Tier, Usage } from '../contracts/provider.ts';
import { type IndexedNode, itemOf, type PlanIndex } from './plan-index.ts';

/** What the journal says of each node and item, kept up to date event by event. */
export interface Tally {
  add(event: RunEvent): void;
  node(key: TaskKey): NodeTally;
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
  /** Present for a fan-out. */
  items: ItemTally[] | null;
  keys: readonly string[] | null;
}

export interface ItemTally {
  status: 'pending' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  failure: Failure | null;
  cost: Usd;
}

export function createTally(index: PlanIndex): Tally {
  const nodes = new Map<TaskKey, NodeTally>();
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
  for (const key of index.nodes.keys()) nodes.set(key, emptyNode());
  const at = (key: TaskKey): NodeTally => nodes.get(key) ?? emptyNode();
  return { add: (event) => add(index, at, run, event), node: at, run };
}

function add(index: PlanIndex, nodeAt: (key: TaskKey) => NodeTally, run: RunTally, event: RunEvent): void {
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
    case 'node.opening': {
      const node = nodeAt(event.node);
      node.status = 'running';
      node.startedAt ??= event.at;
      return;
    }
    case 'node.expanded': {
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
      run.failedNode ??= index.nodes.get(event.node)?.node.id ?? null;
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
      const { indexed, node } = find(index, nodeAt, event.task);
      if (event.stage >= indexed.node.stages.length) node.attempts -= 1;
      return;
    }
    case 'attempt.started': {
      const { node } = find(index, nodeAt, event.task);
      if (node.parked === 0) node.status = 'running';
      node.startedAt ??= event.at;
      node.attempts += 1;
      return;
    }
    case 'model.called': {
      const { node, item } = find(index, nodeAt, event.task);
      const { call } = event;
      addCall(node.bill, call);
      addCall(run.bill, call);
      if (item) item.cost = nanoUsd(item.cost + (call.cost ?? 0));
      if (call.simulated) run.simulated = true;
      // The last answer counts; a failed try only while there is none.
      if (call.status === 'succeeded' || node.model === null) {
        node.tier = call.tier ?? null;
        node.model = call.model;
        node.provider = call.provider;
      }
      return;
    }
    case 'attempt.succeeded': {
      const { node, item } = find(index, nodeAt, event.task);
      if (event.recovered) node.recovered = true;
      if (event.reused) {
        addReuse(node, event.reused);
        addReuse(run, event.reused);
      }
      if (item) {
        item.status = 'succeeded';
        item.failure = event.recovered ?? null;
      } else {
        node.failure = event.recovered ?? null;
      }
      return;
    }
    case 'attempt.failed': {
      const { item } = find(index, nodeAt, event.task);
      if (item && event.next.type !== 'retry') {
        item.status = event.next.type === 'skip' ? 'skipped' : 'failed';
        item.failure = event.failure;
      }
      return;
    }
    case 'attempt.cancelled': {
      const { node, item } = find(index, nodeAt, event.task);
      if (item?.status === 'waiting' || (!item && node.status === 'waiting')) node.parked -= 1;
      if (item) item.status = 'cancelled';
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
      const { node, item } = find(index, nodeAt, event.task);
      if (item) item.status = 'waiting';
      node.parked += 1;
      node.status = 'waiting';
      return;
    }
    case 'attempt.woken': {
      const { node, item } = find(index, nodeAt, event.task);
      if (item) item.status = 'pending';
      node.parked -= 1;
      // It goes on with the same try.
      node.attempts -= 1;
      if (node.parked === 0) node.status = 'running';
      return;
    }
    case 'run.cancel_requested':
    case 'run.resumed':
    case 'signal.received':
    case 'answer.refused':
    case 'attempt.interrupted':
    case 'attempt.logged':
    case 'run.finishing':
    case 'node.opened':
      return;
  }
}

function find(
  index: PlanIndex,
  nodeAt: (key: TaskKey) => NodeTally,
  task: TaskKey,
): { indexed: IndexedNode; node: NodeTally; item: ItemTally | undefined } {
  const item = itemOf(task);
  const key = item?.node ?? task;
  const indexed = index.nodes.get(key);
  if (!indexed) throw new Error(`no node at ${task}`);
  const node = nodeAt(key);
  return { indexed, node, item: item && node.items?.[item.index] };
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
    tier: null,
    model: null,
    provider: null,
    bill: emptyBill(),
    items: null,
    keys: null,
  };
}
