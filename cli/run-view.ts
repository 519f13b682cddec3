import type { Failure, Plan, PlanNode, RunEvent, RunStatus, Usd, WakeCondition } from '../engine/index.ts';

/**
 * What a person watches of a run, folded from its events. Both renderers read it and nothing else.
 * It is updated in place: a run may have hundreds of thousands of events, and a copy for each would cost more than the run.
 */
export interface RunView {
  readonly workflow: string;
  run: string | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  simulated: boolean;
  /** `stopping` and `failing`: nothing new starts, what is in flight finishes. `giving_up`: it is not waited for. */
  phase: 'running' | 'stopping' | 'giving_up' | 'failing' | 'finished';
  status: RunStatus | undefined;
  /** In plan order. */
  readonly nodes: readonly NodeView[];
  readonly byId: ReadonlyMap<string, NodeView>;
  /** Tries being worked on at this moment. */
  inFlight: number;
  readonly total: Spending;
}

/** `waiting` for other nodes; `parked`: for a person, a signal or a time. */
export type NodeState = 'waiting' | 'running' | 'parked' | 'retrying' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

export interface NodeView {
  readonly id: string;
  readonly kind: string;
  state: NodeState;
  tier: string | undefined;
  model: string | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** Its tries in progress: task → when they started. */
  readonly running: Map<string, number>;
  /** Its tasks that are parked, and what each waits for. */
  readonly parked: Map<string, WakeCondition>;
  retries: number;
  /** Present while a node that is no fan-out waits for its next try. */
  retry: { readonly attempt: number; readonly at: number; readonly failure: Failure } | undefined;
  items: ItemsView | undefined;
  /** Why it was skipped or cancelled. */
  detail: string | undefined;
  failure: Failure | undefined;
  /** Tasks whose outputs were taken over: nothing was called for them. */
  readonly reused: { fromRun: number; fromCache: number };
  /** True when `on_error` put a value in the place of its output. */
  recovered: boolean;
  /** Failed tries, oldest first, at most FAILED_TRIES_KEPT: of a fan-out the first that ended an item, else the latest. */
  readonly failedTries: FailedTry[];
  readonly spent: Spending;
}

export interface ItemsView {
  readonly count: number;
  /** Succeeded or failed; what was given up is neither. */
  settled: number;
  failed: number;
}

export interface FailedTry {
  readonly task: string;
  readonly attempt: number;
  readonly tier: string | undefined;
  readonly failure: Failure;
}

export interface Spending {
  /** Nano-dollars. */
  cost: Usd;
  unpriced: number;
  calls: number;
  /** Calls that asked again because an answer did not fit. */
  repairs: number;
  inputTokens: number;
  outputTokens: number;
}

/** Enough to show how every try of the default three ended, and a bit more. */
const FAILED_TRIES_KEPT = 5;

/** A run before its first event: every node waits. */
export function createRunView(plan: Plan): RunView {
  const nodes = plan.nodes.map(waitingNode);
  return {
    workflow: plan.workflow,
    run: undefined,
    startedAt: undefined,
    endedAt: undefined,
    simulated: false,
    phase: 'running',
    status: undefined,
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    inFlight: 0,
    total: noSpending(),
  };
}

/** Brings the view up to date with one event. Returns the node it is about, if it is about one. */
export function foldEvent(view: RunView, event: RunEvent): NodeView | undefined {
  switch (event.type) {
    case 'run.started':
      view.run = event.run;
      view.startedAt = event.at;
      view.simulated = event.simulated;
      return undefined;
    case 'run.cancel_requested':
      if (view.phase === 'running') view.phase = 'stopping';
      return undefined;
    case 'run.failing':
      view.phase = 'failing';
      return undefined;
    case 'run.finished':
      view.phase = 'finished';
      view.status = event.status;
      view.endedAt = event.at;
      return undefined;
    case 'run.reopened':
      view.phase = 'running';
      view.status = undefined;
      view.endedAt = undefined;
      return undefined;
    case 'node.reopened':
      return reopen(view, event.node, event.redo.length);
    case 'node.expanded': {
      const node = nodeOf(view, event.node);
      if (!node) return undefined;
      node.items = { count: event.count, settled: 0, failed: 0 };
      node.state = 'running';
      node.startedAt ??= event.at;
      return node;
    }
    case 'node.skipped':
      return settle(view, event.node, event.at, 'skipped', event.detail, event.failure);
    case 'node.succeeded':
      return settle(view, event.node, event.at, 'succeeded');
    case 'node.failed':
      return settle(view, event.node, event.at, 'failed', undefined, event.failure);
    case 'node.cancelled':
      return settle(view, event.node, event.at, 'cancelled', event.detail);
    case 'attempt.started': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      node.state = 'running';
      node.startedAt ??= event.at;
      node.retry = undefined;
      node.running.set(event.task, event.at);
      view.inFlight += 1;
      return node;
    }
    case 'model.called': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      const { call } = event;
      node.tier = call.tier ?? node.tier;
      // A node that names its model keeps the name it was given, `provider/model`.
      if (call.tier !== undefined || node.model === undefined) node.model = call.model;
      view.simulated ||= call.simulated;
      for (const spent of [node.spent, view.total]) {
        spent.calls += 1;
        if (call.call === 'repair') spent.repairs += 1;
        spent.inputTokens += call.usage.input;
        spent.outputTokens += call.usage.output;
        if (call.cost === null) spent.unpriced += 1;
        else spent.cost = (spent.cost + call.cost) as Usd;
      }
      return node;
    }
    case 'attempt.succeeded': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      if (node.items) node.items.settled += 1;
      if (event.reused) {
        if (event.reused.from === 'run') node.reused.fromRun += 1;
        else node.reused.fromCache += 1;
        node.tier = event.reused.by?.tier ?? node.tier;
        node.model ??= event.reused.by?.model;
      }
      if (event.recovered) {
        node.recovered = true;
        node.failure ??= event.recovered;
      }
      return node;
    }
    case 'attempt.failed': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      keepTry(node, event);
      if (event.next.type === 'retry') {
        if (!isStandIn(event)) node.retries += 1;
        if (!node.items) {
          node.state = 'retrying';
          node.retry = { attempt: event.attempt + 1, at: event.next.at, failure: event.failure };
        }
      } else if (node.items) {
        node.items.settled += 1;
        node.items.failed += 1;
      }
      return node;
    }
    case 'attempt.parked': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      node.parked.set(event.task, event.until);
      if (node.running.size === 0) node.state = 'parked';
      return node;
    }
    case 'attempt.woken': {
      const node = nodeOf(view, event.task);
      node?.parked.delete(event.task);
      return node;
    }
    case 'answer.refused':
    case 'attempt.logged':
      return nodeOf(view, event.task);
    case 'attempt.interrupted':
    case 'attempt.cancelled': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      node.parked.delete(event.task);
      stop(view, node, event.task);
      return node;
    }
    // Decided, not yet visible: a try that is scheduled may still wait for a free place.
    default:
      return undefined;
  }
}

function keepTry(node: NodeView, { task, attempt, failure, next }: RunEvent & { readonly type: 'attempt.failed' }): void {
  const kept = node.failedTries;
  if (node.items && (next.type === 'retry' || kept.length === FAILED_TRIES_KEPT)) return;
  if (kept.length === FAILED_TRIES_KEPT) kept.shift();
  kept.push({ task, attempt, tier: node.tier, failure });
}

/** It did not succeed, and waits for another chance; what it cost stays. `redo`: how many of its items do. */
function reopen(view: RunView, key: string, redo: number): NodeView | undefined {
  const node = nodeOf(view, key);
  if (!node) return undefined;
  node.state = redo > 0 ? 'running' : 'waiting';
  if (redo === 0) node.startedAt = undefined;
  node.endedAt = undefined;
  node.detail = undefined;
  node.failure = undefined;
  node.failedTries.length = 0;
  node.parked.clear();
  if (node.items) {
    node.items.settled -= Math.min(redo, node.items.settled);
    node.items.failed = 0;
  }
  return node;
}

function settle(view: RunView, key: string, at: number, state: NodeState, detail?: string, failure?: Failure): NodeView | undefined {
  const node = nodeOf(view, key);
  if (!node) return undefined;
  node.state = state;
  node.endedAt = at;
  node.parked.clear();
  node.retry = undefined;
  node.detail = detail ?? node.detail;
  node.failure = failure ?? node.failure;
  return node;
}

function stop(view: RunView, node: NodeView, task: string): void {
  // A task that waits for its next try is cancelled without having run.
  if (node.running.delete(task)) view.inFlight -= 1;
  if (node.parked.size > 0 && node.running.size === 0) node.state = 'parked';
}

/** `scan[3]` is a task of the node `scan`. */
function nodeOf(view: RunView, key: string): NodeView | undefined {
  const bracket = key.indexOf('[');
  return view.byId.get(bracket === -1 ? key : key.slice(0, bracket));
}

function waitingNode(node: PlanNode): NodeView {
  const { tier, model } = node.stages[0].spec;
  return {
    id: node.id,
    kind: node.kind,
    state: 'waiting',
    tier: typeof tier === 'string' ? tier : undefined,
    model: typeof model === 'string' ? model : undefined,
    startedAt: undefined,
    endedAt: undefined,
    running: new Map(),
    parked: new Map(),
    retries: 0,
    retry: undefined,
    items: undefined,
    detail: undefined,
    failure: undefined,
    reused: { fromRun: 0, fromCache: 0 },
    recovered: false,
    failedTries: [],
    spent: noSpending(),
  };
}

function noSpending(): Spending {
  return { cost: 0 as Usd, unpriced: 0, calls: 0, repairs: 0, inputTokens: 0, outputTokens: 0 };
}

/** The failed try is followed at once by what `on_error` says: its fallback, or its value. */
export function isStandIn({ at, next }: Extract<RunEvent, { type: 'attempt.failed' }>): boolean {
  return next.type === 'retry' && next.stage > 0 && next.at <= at;
}
