import { invariant } from '../base/assert.ts';
import { type Instant, instant, itemKey, type TaskKey } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { ExpandedState, InsideState, TaskState, Woken } from '../contracts/store.ts';
import { frameAround, frameOf, itemOf, keyIn, roundKey, roundOf, taskAround } from './address.ts';
import { endsAll, lastAttempt } from './changes.ts';
import { ask, isInDoubt } from './doubt.ts';
import type { Draft } from './draft.ts';
import { cancelInside, cancelNodes, stopWaiting } from './give-up.ts';
import { beginAgain } from './go-on.ts';
import { bodyOf, isOfPart, type PlanIndex, sourceKey } from './plan-index.ts';
import { wokenOf } from './remembered.ts';
import { afterFailure, stageAt, standInAfter } from './retry.ts';
import { failureInside, finishesBranches, isLost, isUntouched, skipped, waitsFor } from './settled.ts';
import { parkAgain } from './waiting.ts';

/**
 * One decision being made: what follows for nodes and the run, whatever it was that happened. A class only because its parts share
 * the draft and the list of what settled.
 */
export class Step {
  readonly index: PlanIndex;
  readonly draft: Draft;
  readonly at: Instant;
  /** Uniform in [0, 1): the jitter of retries. */
  readonly roll: number;
  /** What may do harm when it is done twice is done again unasked. */
  repeatUnsafe = false;
  /** Nodes that settled in this step and whose dependents have not been looked at; a list, not recursion: chains are long. */
  private readonly settledNow: TaskKey[] = [];
  /** Tasks whose body may have come to its end in this step. */
  readonly frames: Set<TaskKey> = new Set();

  constructor(index: PlanIndex, draft: Draft, at: Instant, roll = 0) {
    this.index = index;
    this.draft = draft;
    this.at = at;
    this.roll = roll;
  }

  /** Whether anything new may start at a key: the run goes on, and nothing around it has failed. */
  isLive(key: TaskKey): boolean {
    if (this.draft.run.status !== 'running') return false;
    for (let task = taskAround(key); task !== undefined; task = taskAround(task)) {
      const around = this.draft.task(task);
      if (around?.status !== 'inside' || (around.failing && !around.finishing)) return false;
    }
    return true;
  }

  /** Every source of the node has settled. */
  begin(key: TaskKey): void {
    const { node } = this.index.at(key);
    let reason: string | undefined;
    for (const edge of node.after) {
      const source = this.draft.task(sourceKey(this.index, key, edge));
      if (isLost(source)) {
        this.settle(key, { type: 'node.cancelled', node: key, detail: `needs "${edge.from}", which did not succeed` });
        return;
      }
      if (edge.optional || source?.status !== 'skipped' || source.guarded) continue;
      reason ??= `needs "${edge.from}", which was skipped: ${source.detail}`;
    }
    reason ??= this.noneOfAny(key, node);
    if (reason !== undefined && !node.ifSkipped) {
      this.settle(key, skipped(key, 'upstream_skipped', reason));
    } else if (reason !== undefined) {
      this.draft.emit({ type: 'node.opening', node: key, skip: reason });
      this.draft.command({ type: 'open', node: key });
    } else if (node.skipIf || node.foreach) {
      this.draft.emit({ type: 'node.opening', node: key });
      this.draft.command({ type: 'open', node: key });
    } else {
      this.beginUnit(key);
    }
  }

  /** Why a node is skipped all of whose `needs.any_of` were. */
  private noneOfAny(key: TaskKey, { anyOf: any, after }: PlanNode): string | undefined {
    if (!any || any.length === 0) return undefined;
    const ofAny = after.filter((edge) => any.includes(edge.from) && !isOfPart(edge));
    if (ofAny.every((edge) => this.draft.task(sourceKey(this.index, key, edge))?.status === 'skipped')) {
      return `needs any of ${any.map((id) => `"${id}"`).join(', ')}, and all were skipped`;
    }
    return undefined;
  }

  /** A node, or an item of it, begins. */
  beginUnit(unit: TaskKey): void {
    if (this.index.at(unit).node.loop) this.turn(unit, 0);
    else this.scheduleFirst(unit);
  }

  /** Finds out what follows a round of a loop; round 0 has not been. */
  turn(unit: TaskKey, round: number): void {
    this.draft.emit({ type: 'loop.turning', task: unit, round });
    this.draft.command({ type: 'turn', task: unit, round });
  }

  schedule(key: TaskKey, attempt: number, stage: number, stageAttempt: number, failure?: Failure): void {
    const { node } = this.index.at(key);
    this.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage, stageAttempt, ...(failure && { failure }) });
    if (!node.stages[stage]?.body) {
      this.draft.command({ type: 'call', task: key, attempt, stage, urgency: node.height });
      return;
    }
    // What holds nodes holds no slot: it begins at once.
    this.draft.emit({ type: 'attempt.started', task: key, attempt });
    this.draft.command({ type: 'enter', task: key, attempt, stage });
  }

  /** The first try of a task; after the run was reopened its tries go on counting, so that every one keeps its own number. */
  scheduleFirst(key: TaskKey): void {
    const before = this.draft.task(key);
    const attempt = (lastAttempt(before).attempt ?? 0) + 1;
    const asked = before && 'asked' in before ? before.asked : undefined;
    if (!isInDoubt(before) || this.repeatUnsafe) {
      if (asked) parkAgain(this, key, attempt, asked);
      else this.schedule(key, attempt, this.stageOf(key, wokenOf(before).woken), 1);
      return;
    }
    this.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage: 0, stageAttempt: 1 });
    this.draft.emit({ type: 'attempt.started', task: key, attempt });
    ask(this, key, attempt);
  }

  /** Where a task begins: at the bottom of its ladder, or on the tier to which its conversation had come. */
  private stageOf(key: TaskKey, woken: Woken | undefined): number {
    const stage = woken && stageAt(this.index.at(key).node, woken.stage)?.stage;
    return woken && stage?.name === 'escalated' ? woken.stage : 0;
  }

  /** A body has the time of one try, in which what waits does not count. */
  limitTime(task: TaskKey): void {
    const state = this.draft.task(task);
    if (state?.status !== 'inside' || state.due === undefined || state.still !== undefined) return;
    this.draft.command({ type: 'timer', task, attempt: state.attempt, at: instant(state.due + this.draft.run.asleep) });
  }

  /** The nodes of a body that has just been entered begin. */
  beginInside(task: TaskKey, inside: InsideState): void {
    this.limitTime(task);
    const { nodes, frame } = bodyOf(this.index, task, inside);
    for (const indexed of nodes) if (waitsFor(indexed, inside.only) === 0) this.begin(keyIn(frame, indexed.node.id));
    this.frames.add(task);
  }

  /** Fills the window of a fan-out, and settles it when nothing of it is left to do. */
  advanceFanOut(key: TaskKey): void {
    const live = this.isLive(key);
    for (;;) {
      const fanOut = this.draft.task(key);
      invariant(fanOut?.status === 'expanded', `${key} was not expanded`);
      const waiting = fanOut.redo?.length ?? 0;
      const inFlight = fanOut.next - fanOut.settled - waiting;
      const left = waiting > 0 || fanOut.next < fanOut.count;
      const mayStart = live && !fanOut.closed && left;
      if (mayStart && inFlight < (fanOut.warmUp === 'wanted' ? 1 : fanOut.window)) {
        beginAgain(this, itemKey(key, fanOut.redo?.[0] ?? fanOut.next));
        continue;
      }
      if (inFlight === 0 && !mayStart && (fanOut.closed || !left)) this.settleFanOut(key, fanOut);
      return;
    }
  }

  /** Where one item has gone first, those that waited for it begin. */
  afterWarmUp(fanOuts: readonly TaskKey[]): void {
    for (const key of fanOuts) {
      const fanOut = this.draft.task(key);
      if (fanOut?.status === 'expanded' && fanOut.warmUp === 'done') this.advanceFanOut(key);
    }
    this.spread();
    this.conclude();
  }

  private settleFanOut(key: TaskKey, fanOut: Extract<TaskState, { status: 'expanded' }>): void {
    const { first, failed, count } = fanOut;
    const same = endsAll(first, key);
    if (first === null || (!same && failed <= (fanOut.maxFailures ?? 0))) {
      this.settle(key, { type: 'node.succeeded', node: key });
      return;
    }
    this.failNode(
      key,
      same
        ? first
        : { type: 'items_failed', message: `${failed} of ${count} items failed; the first: ${first.message}`, failed, items: count, first },
    );
  }

  /** A try came to nothing: another one, another stage, or the end of the task. */
  failAttempt(key: TaskKey, failure: Failure, duration: Extract<EventBody, { type: 'attempt.failed' }>['duration']): void {
    const state = this.draft.task(key);
    invariant(state && 'stageAttempt' in state, `${key} fails without having been tried`);
    const { node } = this.index.at(key);
    const decided = afterFailure(node, key, state, failure, this.at, this.roll);
    const next = decided.type === 'retry' && !this.isLive(key) ? ({ type: 'give_up' } as const) : decided;
    const { attempt } = state;
    this.draft.emit({ type: 'attempt.failed', task: key, attempt, failure, duration, next });
    if (next.type !== 'retry') this.taskDone(key);
    else if (next.at <= this.at) this.tryAgain(key);
    else this.draft.command({ type: 'timer', task: key, attempt, at: next.at });
  }

  /** The time of a retry has come. */
  tryAgain(key: TaskKey): void {
    const state = this.draft.task(key);
    if (state?.status === 'backing_off') this.schedule(key, state.attempt + 1, state.stage, state.stageAttempt + 1);
  }

  /** Whether an answer that is not good enough leads to another stage. */
  nextTier(key: TaskKey, stage: number): number | undefined {
    const next = stageAt(this.index.at(key).node, stage + 1);
    return next?.stage.name === 'escalated' ? stage + 1 : undefined;
  }

  /** A task has come to its end: its round, its item or its node has, too. */
  taskDone(key: TaskKey): void {
    const state = this.draft.task(key);
    const round = roundOf(key);
    if (round) {
      if (state?.status === 'failed') this.failLoop(round.unit, state.failure, false);
      else if (state?.status === 'skipped' && state.failure) this.failLoop(round.unit, state.failure, true);
      else this.turn(round.unit, round.round);
      return;
    }
    const item = itemOf(key);
    if (item) {
      const fanOut = this.draft.task(item.node);
      if (state?.status === 'failed' && endsAll(state.failure, key) && fanOut?.status === 'expanded') {
        this.failItems(item.node, fanOut, state.failure);
      }
      this.advanceFanOut(item.node);
    } else if (state?.status === 'succeeded') {
      this.settle(key, { type: 'node.succeeded', node: key });
    } else if (state?.status === 'skipped' && this.index.at(key).node.ifSkipped) {
      this.draft.emit({ type: 'node.opening', node: key, skip: state.detail });
      this.draft.command({ type: 'open', node: key });
    } else if (state?.status === 'skipped') {
      this.settle(key, { ...skipped(key, state.reason, state.detail), ...(state.failure && { failure: state.failure }) });
    } else if (state?.status === 'failed') {
      this.failNode(key, state.failure);
    }
  }

  /** A loop did not come to a good end: what stands in for the node's work is one round more, if there is anything. */
  exhaustLoop(unit: TaskKey, round: number, failure: Failure, memory?: Json): void {
    const { node } = this.index.at(unit);
    const state = this.draft.task(unit);
    const last = this.draft.task(roundKey(unit, round));
    const standIn = standInAfter(node, unit, last?.status === 'succeeded' ? (last.stage ?? 0) : 0, failure);
    if (standIn === undefined || state?.status !== 'looping' || !this.isLive(unit)) {
      this.failLoop(unit, failure, node.onError.action === 'skip');
      return;
    }
    this.draft.emit({ type: 'loop.turned', task: unit, round: round + 1, memory: memory ?? state.memory });
    this.schedule(roundKey(unit, round + 1), 1, standIn, 1, failure);
  }

  failLoop(unit: TaskKey, failure: Failure, skip: boolean): void {
    this.draft.emit({ type: 'loop.failed', task: unit, failure, skip });
    this.taskDone(unit);
  }

  failNode(key: TaskKey, failure: Failure): void {
    this.settle(key, { type: 'node.failed', node: key, failure });
    const task = taskAround(key);
    const indexed = this.index.at(key);
    const others = finishesBranches(this.index, indexed);
    if (task !== undefined) this.failBody(task, failureInside(indexed, failure), others);
    else if (this.draft.run.status === 'running' && !others) this.failRun(indexed.node.id, failure);
  }

  /** A task fails when what is in flight inside it has ended. Nothing new starts there, unless the `others` do. */
  failBody(task: TaskKey, failure: Failure, others = false): void {
    const state = this.draft.task(task);
    if (state?.status !== 'inside' || state.leaving || (state.failing && (others || !state.finishing))) return;
    const { attempt, stage, failing = failure } = state;
    this.draft.emit({ type: 'attempt.failing', task, attempt, failure: failing, ...(others && { others }) });
    if (!others) stopWaiting(this, frameOf(task, attempt, stage));
    this.frames.add(task);
  }

  /** What would meet every item has met one: those that are at work begin nothing new. */
  private failItems(key: TaskKey, { next }: ExpandedState, failure: Failure): void {
    for (let at = 0; at < next; at += 1) {
      const item = itemKey(key, at);
      const state = this.draft.task(item);
      if (state?.status === 'inside') this.failBody(item, failure);
      else if (state?.status === 'looping' && !state.turning) this.failBody(roundKey(item, state.round), failure);
    }
  }

  failRun(node: Extract<EventBody, { type: 'run.failing' }>['node'], failure: Failure): void {
    this.draft.emit({ type: 'run.failing', node, failure });
    stopWaiting(this, '');
  }

  settle(key: TaskKey, event: EventBody): void {
    this.draft.emit(event);
    this.settledNow.push(key);
  }

  /** Everything that follows from what has settled: dependents begin, bodies end. */
  spread(touched?: TaskKey): void {
    for (let task = touched && taskAround(touched); task !== undefined; task = taskAround(task)) this.frames.add(task);
    let at = 0;
    for (;;) {
      // The lists grow while they are walked.
      for (; at < this.settledNow.length; at += 1) this.beginDependents(this.settledNow[at] as TaskKey);
      const [task] = this.frames;
      if (task === undefined) return;
      this.frames.delete(task);
      this.endBody(task);
    }
  }

  private beginDependents(key: TaskKey): void {
    const around = taskAround(key);
    if (around !== undefined) this.frames.add(around);
    if (!this.isLive(key)) return;
    const frame = frameAround(key);
    const only = this.onlyAround(key);
    for (const dependent of this.index.at(key).dependents) {
      if (only && !only.includes(dependent.node.id)) continue;
      const inner = keyIn(frame, dependent.node.id);
      if (this.draft.settledSources(inner) === waitsFor(dependent, only) && isUntouched(this.draft.task(inner))) this.begin(inner);
    }
  }

  /** A body all of whose nodes have settled, or that has failed and has nothing in flight any more. */
  private endBody(task: TaskKey): void {
    const state = this.draft.task(task);
    if (state?.status !== 'inside' || state.leaving || this.draft.run.status === 'failing' || this.draft.run.status === 'cancelling')
      return;
    if (state.failing) {
      if (state.finishing ? state.unsettled > 0 : state.open > 0) return;
      cancelInside(this, task, state);
      this.failAttempt(task, state.failing, NO_TIME);
    } else if (state.unsettled === 0) {
      const [one] = state.only ?? [];
      const taken = one === undefined ? undefined : this.draft.task(keyIn(frameOf(task, state.attempt, state.stage), one));
      // A case that was skipped is the node skipped.
      if (taken?.status === 'skipped') {
        const { reason, detail, failure } = taken;
        const more = { ...(state.route !== undefined && { route: state.route }), ...(failure && { failure }) };
        this.draft.emit({ type: 'attempt.skipped', task, attempt: state.attempt, reason, detail, ...more });
        this.taskDone(task);
        return;
      }
      this.draft.emit({ type: 'attempt.leaving', task, attempt: state.attempt });
      this.draft.command({ type: 'leave', task, attempt: state.attempt, stage: state.stage });
    }
  }

  conclude(): void {
    const { run } = this.draft;
    if (run.status === 'running' && run.unsettled === 0) {
      if (run.failure) this.finish('failed', null, run.failure.failure);
      else {
        this.draft.emit({ type: 'run.finishing' });
        this.draft.command({ type: 'outputs' });
      }
    } else if ((run.status === 'failing' || run.status === 'cancelling') && run.open === 0) {
      cancelNodes(this, [...this.index.nodes.keys()]);
      if (run.status === 'failing') this.finish('failed', null, run.failure?.failure);
      else this.finish('cancelled', null, run.failure?.failure);
    }
  }

  finish(
    status: 'succeeded' | 'failed' | 'cancelled',
    outputs: Extract<EventBody, { type: 'run.finished' }>['outputs'],
    failure?: Failure,
  ): void {
    this.draft.emit({ type: 'run.finished', status, outputs, ...(failure && { failure }) });
    this.draft.command({ type: 'finish', status });
  }

  /** The nodes that were begun in the frame of a key, when those are not all. */
  onlyAround(key: TaskKey): InsideState['only'] {
    const task = taskAround(key);
    const around = task === undefined ? undefined : this.draft.task(task);
    return around?.status === 'inside' ? around.only : undefined;
  }
}

/** A body costs the time of what is inside of it. */
const NO_TIME = 0 as Extract<EventBody, { type: 'attempt.failed' }>['duration'];
