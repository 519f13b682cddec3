import {
  addVotes,
  answersFor,
  type Failure,
  indexPlan,
  itemOf,
  type JsonObject,
  nodeKeyOf,
  type Plan,
  type PlanIndex,
  placeTree,
  type RunEvent,
  type RunStatus,
  type TaskKey,
} from '../engine/index.ts';
import { boundIn, loopBefore, scoreIn, scoresIn, standsIn } from './loop-view.ts';
import {
  answeredBy,
  begin,
  goesOn,
  keepTry,
  type NodeView,
  noSpending,
  type Spending,
  show,
  spend,
  stateOf,
  waitingNode,
} from './node-view.ts';
import { askedFor, called, lookAway } from './tools-view.ts';
import { holdsOthers, isLoopShown, isOwn, isWorkflow, judges, madeBy, nodeOf, ownNode, partOf, plannedAt } from './whose-event.ts';

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
  inputs: JsonObject;
  /** `stopping` and `failing`: nothing new starts, what is in flight finishes. `giving_up`: it is not waited for. */
  phase: 'running' | 'stopping' | 'giving_up' | 'failing' | 'finished';
  status: RunStatus | undefined;
  /** The outermost, in plan order. */
  readonly nodes: readonly NodeView[];
  /** All of them, by place: `scan`, `review/draft`. */
  readonly byPlace: ReadonlyMap<string, NodeView>;
  readonly index: PlanIndex;
  /** Tries being worked on at this moment. */
  inFlight: number;
  readonly total: Spending;
}

/** A run before its first event: every node waits. */
export function createRunView(plan: Plan): RunView {
  const index = indexPlan(plan);
  const byPlace = new Map<string, NodeView>();
  const nodes = placeTree(index).map((place) => waitingNode(place, undefined, byPlace));
  return {
    workflow: plan.workflow,
    run: undefined,
    startedAt: undefined,
    endedAt: undefined,
    simulated: false,
    inputs: {},
    phase: 'running',
    status: undefined,
    nodes,
    byPlace,
    index,
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
      view.inputs = event.inputs;
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
    case 'node.opening': {
      const node = ownNode(view, event.node);
      if (node) begin(node, event.node, event.at);
      return node;
    }
    case 'node.expanded': {
      const node = nodeOf(view, event.node);
      if (!node) return undefined;
      if (partOf(view, event.node) === 'candidate') {
        node.candidates = { count: (node.candidates?.count ?? 0) + event.count, settled: node.candidates?.settled ?? 0 };
        return node;
      }
      if (partOf(view, event.node) !== undefined) return node;
      const { count, settled, failed } = node.items ?? { count: 0, settled: 0, failed: 0 };
      node.items = { count: count + event.count, settled, failed };
      begin(node, event.node, event.at);
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
      if (isOwn(view, event.task)) begin(node, nodeKeyOf(event.task), event.at);
      node.backoff.delete(event.task);
      // What is inside of it is at work, not the node itself.
      if (!holdsOthers(view, event.task)) start(view, node, event.task, event.at);
      show(node);
      return node;
    }
    // A fallback that holds others.
    case 'attempt.entered': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      if (event.route !== undefined) node.routes.set(event.route, (node.routes.get(event.route) ?? 0) + 1);
      if (event.attempt > 1) forgetLost(node, event.task);
      show(node);
      return node;
    }
    case 'attempt.skipped': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      if (event.route !== undefined && !node.routes.has(event.route)) node.routes.set(event.route, 1);
      settleItem(view, node, event.task, false);
      return node;
    }
    case 'loop.turning': {
      const node = ownNode(view, event.task);
      if (node) begin(node, nodeKeyOf(event.task), event.at);
      return node;
    }
    case 'loop.turned': {
      const node = nodeOf(view, event.task);
      if (!node || !isLoopShown(view, event.task)) return node;
      node.loop ??= loopBefore(view, event.task);
      if (!standsIn(event)) node.loop.rounds += 1;
      if (!itemOf(event.task)) node.loop.scores.splice(0, Number.POSITIVE_INFINITY, ...scoresIn(event.memory));
      return node;
    }
    case 'loop.ended': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      if (isLoopShown(view, event.task)) {
        node.loop ??= loopBefore(view, event.task);
        const isItem = itemOf(event.task) !== undefined;
        node.loop.accepted = event.accepted && !(isItem && node.loop.accepted === false);
        node.loop.score = isItem ? undefined : scoreIn(event.memory);
        if (!isItem) node.loop.scores.splice(0, Number.POSITIVE_INFINITY, ...scoresIn(event.memory));
      }
      settleItem(view, node, event.task, false);
      return node;
    }
    case 'loop.failed':
    case 'loop.skipped': {
      const node = nodeOf(view, event.task);
      if (node) settleItem(view, node, event.task, event.type === 'loop.failed');
      return node;
    }
    case 'model.called': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      const { call } = event;
      view.simulated ||= call.simulated;
      const isJudge = judges(view, event.task);
      const planned = view.index.at(event.task);
      node.tools.most ??= boundIn(view, plannedAt(view, event.task)?.node.stages[0].spec.max_turns);
      askedFor(node.tools, event, (tool) => isWorkflow(view, event.task, tool));
      if (isJudge && call.tier !== undefined) node.judges.add(call.tier);
      if (!isJudge && call.status === 'succeeded' && answersFor(planned.node, call)) {
        // Several may be asked in a tool; of a task's own calls the last one answers.
        if (call.asked) answeredBy(madeBy(view, event.task), { tier: call.tier, model: call.model });
        else node.answering.set(event.task, { tier: call.tier, model: call.model });
      }
      for (const at of madeBy(view, event.task)) {
        at.tier = call.tier ?? at.tier;
        // A node that names its model keeps the name it was given, `provider/model`.
        if (call.tier !== undefined || at.model === undefined) at.model = call.model;
      }
      for (let at: NodeView | undefined = node; at; at = at.parent) spend(at.spent, call);
      spend(view.total, call);
      return node;
    }
    case 'tool.called': {
      const node = nodeOf(view, event.task);
      if (node) called(node.tools, event);
      return node;
    }
    case 'attempt.succeeded': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      const answerer = node.answering.get(event.task) ?? event.reused?.by;
      if (answerer) answeredBy(madeBy(view, event.task), { tier: answerer.tier, model: answerer.model });
      stop(view, node, event.task);
      settleItem(view, node, event.task, false);
      if (event.accepted === false) node.accepted = false;
      if (event.votes) node.votes = addVotes(node.votes, event.votes);
      if (event.reused) {
        for (let at: NodeView | undefined = node; at; at = at.parent) {
          if (event.reused.from === 'run') at.reused.fromRun += 1;
          else at.reused.fromCache += 1;
        }
        node.tier = event.reused.by?.tier ?? node.tier;
        node.model ??= event.reused.by?.model;
      }
      if (event.recovered && isOwn(view, event.task)) {
        node.recovered = true;
        node.failure ??= event.recovered;
      }
      show(node);
      return node;
    }
    case 'attempt.failed': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task);
      keepTry(node, event);
      if (event.next.type === 'retry') {
        const stage = stageAfter(view, event);
        if (stage === 'same') node.retries += 1;
        if (stage === 'escalated') escalate(view, node, event);
        if (stage === 'same') node.backoff.set(event.task, { attempt: event.attempt + 1, at: event.next.at, failure: event.failure });
      } else settleItem(view, node, event.task, event.next.type === 'give_up');
      show(node);
      return node;
    }
    case 'attempt.parked': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      stop(view, node, event.task, false);
      for (let at: NodeView | undefined = node; at; at = at.parent) at.parked.set(event.task, event.until);
      show(node);
      return node;
    }
    case 'attempt.woken': {
      const node = nodeOf(view, event.task);
      if (node) goesOn(node, event.task);
      return node;
    }
    case 'answer.refused':
    case 'attempt.logged':
      return nodeOf(view, event.task);
    case 'attempt.interrupted':
    case 'attempt.cancelled': {
      const node = nodeOf(view, event.task);
      if (!node) return undefined;
      goesOn(node, event.task);
      const answered = node.answering.get(event.task);
      stop(view, node, event.task);
      // The next try may go on with it.
      if (answered) node.answering.set(event.task, answered);
      show(node);
      return node;
    }
    // Decided, not yet visible: a try that is scheduled may still wait for a free place.
    default:
      return undefined;
  }
}

/** Another tier is asked. */
function escalate(view: RunView, node: NodeView, { task, next }: Extract<RunEvent, { type: 'attempt.failed' }>): void {
  const stages = plannedAt(view, task)?.node.stages ?? [];
  const stage = next.type === 'retry' ? next.stage : 0;
  for (const tier of [stages[stage - 1]?.spec.tier ?? node.tier, stages[stage]?.spec.tier])
    if (typeof tier === 'string' && !node.escalated.includes(tier)) node.escalated.push(tier);
}

/** It did not succeed, and waits for another chance; what it cost stays. `redo`: how many of its items do. */
function reopen(view: RunView, key: string, redo: number): NodeView | undefined {
  const node = ownNode(view, key);
  if (!node) return undefined;
  if (node.runs.lost.delete(key)) node.runs.again.add(key);
  else node.runs.notBegun = Math.max(0, node.runs.notBegun - 1);
  if (!node.parent && redo === 0) node.startedAt = undefined;
  node.endedAt = undefined;
  node.detail = undefined;
  node.failure = undefined;
  node.failedTries.length = 0;
  if (node.items) {
    node.items.settled -= Math.min(redo, node.items.settled);
    node.items.failed = node.parent ? Math.max(0, node.items.failed - redo) : 0;
    if (redo > 0) node.runs.open.add(key);
  }
  show(node);
  return node;
}

/** What came to nothing inside an attempt is done again inside the next one. */
function forgetLost({ inside }: NodeView, task: string): void {
  for (const inner of inside) {
    const { lost } = inner.runs;
    for (const key of lost.keys()) if (key.startsWith(`${task}/`) || key.startsWith(`${task}~`)) lost.delete(key);
    inner.state = stateOf(inner);
    forgetLost(inner, task);
  }
}

type Ended = 'succeeded' | 'failed' | 'skipped' | 'cancelled';

function settle(view: RunView, key: string, at: number, state: Ended, detail?: string, failure?: Failure): NodeView | undefined {
  const node = ownNode(view, key);
  if (!node) return undefined;
  const { runs } = node;
  const begun = runs.open.delete(key);
  if (state === 'cancelled' && !begun) runs.notBegun += 1;
  else if (state === 'failed' || state === 'cancelled') runs.lost.set(key, state);
  else {
    runs.lost.delete(key);
    runs[state] += 1;
    if (state === 'skipped' && begun && !failure) runs.begun -= 1;
  }
  // What was only looked at, to be skipped, has not begun.
  if (state !== 'skipped' || node.startedAt !== undefined) node.endedAt = at;
  if (state === 'skipped' && runs.succeeded + runs.lost.size + runs.open.size === 0) node.startedAt = undefined;
  node.detail = detail ?? node.detail;
  node.failure = failure ?? node.failure;
  show(node);
  return node;
}

function start(view: RunView, node: NodeView, task: string, at: number): void {
  if (!node.running.has(task)) {
    view.inFlight += 1;
    for (let around: NodeView | undefined = node; around; around = around.parent) around.inFlight += 1;
  }
  node.running.set(task, at);
}

/** `isOver`: it does not go on with the same try. */
function stop(view: RunView, node: NodeView, task: string, isOver: boolean = true): void {
  node.backoff.delete(task);
  lookAway(node.tools, task, isOver);
  if (isOver) node.answering.delete(task);
  // A task that waits for its next try is cancelled without having run.
  if (!node.running.delete(task)) return;
  view.inFlight -= 1;
  for (let around: NodeView | undefined = node; around; around = around.parent) around.inFlight -= 1;
}

/** One item of a node that goes over some, or one of its candidates, has come to its end. */
function settleItem(view: RunView, node: NodeView, task: string, failed: boolean): void {
  if (!itemOf(task as TaskKey)) return;
  const part = partOf(view, task);
  if (part === 'candidate' && node.candidates) node.candidates.settled += 1;
  if (part !== undefined || !node.items) return;
  node.items.settled += 1;
  if (failed) node.items.failed += 1;
}

/** What follows a failed try: another one of the same kind, the next tier, or at once what `on_error` says (its fallback, or its value). */
export function stageAfter(
  view: RunView,
  { task, at, next }: Extract<RunEvent, { type: 'attempt.failed' }>,
): 'same' | 'escalated' | 'stand_in' | undefined {
  if (next.type !== 'retry') return undefined;
  if (next.stage === 0 || next.at > at) return 'same';
  return plannedAt(view, task)?.node.stages[next.stage]?.name === 'escalated' ? 'escalated' : 'stand_in';
}
