import type { Failure, IndexedNode, Place, RunEvent, Usd, Votes, WakeCondition } from '../engine/index.ts';
import { noTools, type ToolsView } from './tools-view.ts';

/** `waiting` for other nodes; `parked`: for a person, a signal or a time. */
export type NodeState = 'waiting' | 'running' | 'parked' | 'retrying' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

/** A node; of one inside others all that happens to it, in whatever item, round or attempt. */
export interface NodeView {
  readonly id: string;
  /** Where it is: its id, and those of the nodes around it. */
  readonly place: string;
  readonly parent: NodeView | undefined;
  readonly inside: readonly NodeView[];
  /** How it is planned. */
  readonly planned: IndexedNode;
  readonly kind: string;
  state: NodeState;
  tier: string | undefined;
  model: string | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** Its own tries in progress: task → when they started. */
  readonly running: Map<string, number>;
  /** Tries in progress, its own and those of what is inside. */
  inFlight: number;
  /** Tasks that are parked, its own and those of what is inside, and what each waits for. */
  readonly parked: Map<string, WakeCondition>;
  /** Of its runs: those that go on; how the others ended. More than one only of a node inside others. */
  readonly runs: {
    readonly open: Set<string>;
    readonly lost: Map<string, 'failed' | 'cancelled'>;
    readonly again: Set<string>;
    begun: number;
    succeeded: number;
    skipped: number;
    notBegun: number;
  };
  /** What its loop has come to; of a fan-out, over all items. */
  loop: LoopView | undefined;
  /** Answers to the same question, of which one is kept. */
  candidates: { count: number; settled: number } | undefined;
  /** How they voted, in all. */
  votes: Votes | null;
  /** Cases that were taken, and how often. */
  readonly routes: Map<string, number>;
  /** Tiers it went up, in order, from its own. */
  readonly escalated: string[];
  /** False: the highest tier's answer is not good enough either. */
  accepted: boolean;
  retries: number;
  /** Its tasks that wait for their next try. */
  readonly backoff: Map<string, Backoff>;
  /** What made the outputs of its tasks, and of those inside: `cheap` and `acme-small`, and of how many. */
  readonly answers: Map<string, Answerer>;
  /** Tiers that were asked to judge what it gives. */
  readonly judges: Set<string>;
  /** Of tasks in progress: what answered last. */
  readonly answering: Map<string, Omit<Answerer, 'count'>>;
  readonly tools: ToolsView;
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

export interface LoopView {
  rounds: number;
  /** The most there can be, where that is known. */
  readonly max: number | undefined;
  accepted: boolean | undefined;
  /** Of the candidate that is kept. */
  score: number | undefined;
  readonly scores: number[];
}

export interface Backoff {
  readonly attempt: number;
  readonly at: number;
  readonly failure: Failure;
}

export interface Answerer {
  readonly tier: string | undefined;
  readonly model: string;
  readonly count: number;
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

/** The outermost node that something is, or is inside of. */
export function rootNode(node: NodeView): NodeView {
  let at = node;
  while (at.parent) at = at.parent;
  return at;
}

/** A node, with all that is inside of it, before it has begun; each is put under its place. */
export function waitingNode(place: Place, parent: NodeView | undefined, byPlace: Map<string, NodeView>): NodeView {
  const [planned] = place.nodes;
  const { node } = planned;
  const maker = [node, ...place.parts.map((part) => part.node)].find(({ stages: [stage] }) => !stage.body) ?? node;
  const { tier, model } = maker.stages[0].spec;
  const inside: NodeView[] = [];
  const made: NodeView = {
    id: place.id,
    place: place.place,
    parent,
    inside,
    planned,
    kind: node.kind,
    state: 'waiting',
    tier: typeof tier === 'string' ? tier : undefined,
    model: typeof model === 'string' ? model : undefined,
    startedAt: undefined,
    endedAt: undefined,
    running: new Map(),
    inFlight: 0,
    parked: new Map(),
    runs: { open: new Set(), lost: new Map(), again: new Set(), begun: 0, succeeded: 0, skipped: 0, notBegun: 0 },
    loop: undefined,
    candidates: undefined,
    votes: null,
    routes: new Map(),
    escalated: [],
    accepted: true,
    retries: 0,
    backoff: new Map(),
    answers: new Map(),
    answering: new Map(),
    judges: new Set(),
    tools: noTools(),
    items: undefined,
    detail: undefined,
    failure: undefined,
    reused: { fromRun: 0, fromCache: 0 },
    recovered: false,
    failedTries: [],
    spent: noSpending(),
  };
  byPlace.set(place.place, made);
  for (const inner of place.inside) inside.push(waitingNode(inner, made, byPlace));
  return made;
}

/** Nothing was called. */
export function noSpending(): Spending {
  return { cost: 0 as Usd, unpriced: 0, calls: 0, repairs: 0, inputTokens: 0, outputTokens: 0 };
}

/** One run of a node begins. */
export function begin(node: NodeView, key: string, at: number): void {
  // Given another chance, it is still the same run of it.
  if (!node.runs.again.delete(key) && !node.runs.open.has(key)) node.runs.begun += 1;
  node.runs.open.add(key);
  node.startedAt ??= at;
  show(node);
}

/** A task does not wait any more. */
export function goesOn(node: NodeView, task: string): void {
  for (let at: NodeView | undefined = node; at; at = at.parent) at.parked.delete(task);
}

/** What its line says of a node, and of those around it: that follows from what is at work, what waits, and how the rest ended. */
export function show(node: NodeView): void {
  for (let at: NodeView | undefined = node; at; at = at.parent) at.state = stateOf(at);
}

/** How a node stands. */
export function stateOf({ runs, parked, inFlight, backoff }: NodeView): NodeState {
  if (parked.size === 0 && inFlight === 0 && backoff.size > 0) return 'retrying';
  if (parked.size > 0 && inFlight === 0) return 'parked';
  if (runs.open.size > 0) return 'running';
  if (runs.lost.size > 0) return [...runs.lost.values()].includes('failed') ? 'failed' : 'cancelled';
  if (runs.succeeded > 0) return 'succeeded';
  return runs.notBegun > 0 ? 'cancelled' : runs.skipped > 0 ? 'skipped' : 'waiting';
}

/** A call counts, whatever came of it. */
export function spend(spent: Spending, call: Extract<RunEvent, { type: 'model.called' }>['call']): void {
  spent.calls += 1;
  if (call.call === 'repair') spent.repairs += 1;
  spent.inputTokens += call.usage.input;
  spent.outputTokens += call.usage.output;
  if (call.cost === null) spent.unpriced += 1;
  else spent.cost = (spent.cost + call.cost) as Usd;
}

/** A task has its output from this one, and so have these nodes. */
export function answeredBy(nodes: readonly NodeView[], { tier, model }: Omit<Answerer, 'count'>): void {
  const key = `${tier ?? ''} ${model}`;
  for (const { answers } of nodes) answers.set(key, { tier, model, count: (answers.get(key)?.count ?? 0) + 1 });
}

/** Remembers how a try failed. */
export function keepTry(node: NodeView, { task, attempt, failure, next }: RunEvent & { readonly type: 'attempt.failed' }): void {
  const kept = node.failedTries;
  if ((node.items || node.parent) && (next.type === 'retry' || kept.length === FAILED_TRIES_KEPT)) return;
  if (kept.length === FAILED_TRIES_KEPT) kept.shift();
  kept.push({ task, attempt, tier: node.tier, failure });
}
