import { invariant } from '../base/assert.ts';
import { type Instant, itemKey, type Millis, millis, type NodeId, type TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Command, Decide, Decision, InEvent, Opening, RunView, TaskState } from '../contracts/store.ts';
import { Draft } from './draft.ts';
import { endsAll, keptSignal, lastAttempt, nodeAt } from './fold.ts';
import { type IndexedNode, keyOf, type PlanIndex } from './plan-index.ts';
import { afterFailure } from './retry.ts';

/**
 * The kernel of a plan: what follows from an event, as facts to journal and things to do outside. Pure, and each
 * decision costs what it touches: the edges of a node that settled, one item of a fan-out, never the whole run.
 * An event that was decided before changes nothing.
 */
export function createKernel(index: PlanIndex): Decide {
  return (view: RunView, event: InEvent): Decision => {
    const draft = new Draft(index, view);
    new Step(index, draft, event.at).take(event);
    return draft.decision();
  };
}

/** One decision being made. A class only because its parts share the draft and the list of what settled. */
class Step {
  private readonly index: PlanIndex;
  private readonly draft: Draft;
  private readonly at: Instant;
  /** Nodes that settled in this step and whose dependents have not been looked at; a list, not recursion: chains are long. */
  private readonly settledNow: IndexedNode[] = [];

  constructor(index: PlanIndex, draft: Draft, at: Instant) {
    this.index = index;
    this.draft = draft;
    this.at = at;
  }

  take(event: InEvent): void {
    if (isOver(this.draft.run.status) && event.type !== 'reopen') return;
    // Taken before, by a process that died before it could say so.
    if ('inbox' in event && event.inbox !== undefined && event.inbox <= this.draft.run.inbox) return;
    switch (event.type) {
      case 'start':
        if (this.draft.run.status !== 'new') return;
        this.draft.emit({
          type: 'run.started',
          workflow: this.index.plan.workflow,
          plan: this.index.plan.digest,
          inputs: event.inputs,
          simulated: event.simulated,
          by: event.by,
          ...(event.replies !== undefined && { replies: event.replies }),
          ...(event.tiers && { tiers: event.tiers }),
          ...(event.reuses && { reuses: event.reuses }),
        });
        for (const node of this.index.nodes.values()) if (node.node.after.length === 0) this.begin(node);
        break;
      case 'opened':
        this.opened(nodeAt(this.index, event.node), event.opening);
        break;
      case 'started':
        this.started(event.task, event.attempt);
        break;
      case 'done':
        this.done(event);
        break;
      case 'called':
        this.draft.emit({ type: 'model.called', task: event.task, attempt: event.attempt, ...event.paid });
        return;
      case 'due':
        this.due(event.task, event.attempt);
        break;
      case 'wake':
        this.wake(event.task, event.attempt, event.wake, event.inbox);
        break;
      case 'refuse':
        this.draft.emit({ type: 'answer.refused', task: event.task, by: event.by, reason: event.reason, inbox: event.inbox });
        return;
      case 'signal':
        this.signal(event);
        break;
      case 'reopen':
        if (this.draft.run.status === 'failed' || this.draft.run.status === 'cancelled') this.reopen(event.redo);
        break;
      case 'resume':
        this.resume(event.tasks);
        break;
      case 'cancel':
        if (this.draft.run.status === 'running' || this.draft.run.status === 'failing') {
          this.draft.emit({ type: 'run.cancel_requested', by: event.by });
          this.stopWaiting();
        }
        break;
      case 'abandon':
        if (this.draft.run.status === 'running') this.failRun(null, event.failure);
        break;
      case 'outputs':
        if (this.draft.run.status !== 'finishing') return;
        if ('outputs' in event.outcome) this.finish('succeeded', event.outcome.outputs);
        else this.finish('failed', null, event.outcome.failure);
        return;
    }
    this.spread();
    this.conclude();
  }

  /** Every source of `node` has settled. */
  private begin(indexed: IndexedNode): void {
    const { node, key } = indexed;
    const failed = node.after.find((edge) => isLost(this.draft.task(keyOf(edge.from))));
    if (failed) {
      this.settle(indexed, { type: 'node.cancelled', node: key, detail: `needs "${failed.from}", which did not succeed` });
      return;
    }
    const reason = this.reasonToSkip(node);
    if (reason !== undefined && !node.ifSkipped) {
      this.settle(indexed, skipped(key, 'upstream_skipped', reason));
    } else if (reason !== undefined) {
      this.draft.emit({ type: 'node.opening', node: key, skip: reason });
      this.draft.command({ type: 'open', node: key });
    } else if (node.skipIf || node.foreach) {
      this.draft.emit({ type: 'node.opening', node: key });
      this.draft.command({ type: 'open', node: key });
    } else {
      this.scheduleFirst(indexed, key);
    }
  }

  private reasonToSkip(node: PlanNode): string | undefined {
    for (const edge of node.after) {
      if (edge.optional) continue;
      const source = this.draft.task(keyOf(edge.from));
      if (source?.status === 'skipped' && !source.guarded) return `needs "${edge.from}", which was skipped: ${source.detail}`;
    }
    const any = node.anyOf;
    if (any && any.length > 0 && any.every((id) => this.draft.task(keyOf(id))?.status === 'skipped')) {
      return `needs any of ${any.map((id) => `"${id}"`).join(', ')}, and all were skipped`;
    }
    return undefined;
  }

  private opened(indexed: IndexedNode, opening: Opening): void {
    const { key, node } = indexed;
    if (this.draft.task(key)?.status !== 'opening') return;
    if (this.draft.run.status !== 'running') {
      this.settle(indexed, { type: 'node.cancelled', node: key, detail: 'the run was stopped' });
      return;
    }
    switch (opening.type) {
      case 'run':
        if (opening.operands) this.draft.emit({ type: 'node.opened', node: key, operands: opening.operands });
        this.scheduleFirst(indexed, key);
        return;
      case 'skip': {
        const forced = this.draft.task(key);
        const reason = forced?.status === 'opening' && forced.skip !== undefined ? 'upstream_skipped' : 'condition';
        this.settle(indexed, {
          ...skipped(key, reason, opening.detail),
          operands: opening.operands,
          output: opening.output,
          guarded: node.ifSkipped !== undefined,
        });
        return;
      }
      case 'expand':
        this.draft.emit({
          type: 'node.expanded',
          node: key,
          items: { json: opening.items },
          count: opening.items.length,
          window: opening.window,
          maxFailures: opening.maxFailures,
          ...(opening.keys && { keys: opening.keys }),
        });
        this.advanceFanOut(indexed);
        return;
      case 'failed':
        if (node.onError.action === 'skip') {
          this.settle(indexed, { ...skipped(key, 'failed', opening.failure.message), failure: opening.failure });
        } else {
          this.failNode(indexed, opening.failure);
        }
    }
  }

  private started(key: TaskKey, attempt: number): void {
    const state = this.draft.task(key);
    if (state?.status !== 'scheduled' || state.attempt !== attempt) return;
    if (this.draft.run.status === 'running') this.draft.emit({ type: 'attempt.started', task: key, attempt });
    else this.cancelAttempt(key, attempt);
  }

  private done(event: Extract<InEvent, { type: 'done' }>): void {
    const { task: key, attempt, outcome } = event;
    const state = this.draft.task(key);
    if (state?.status !== 'running' || state.attempt !== attempt) return;
    const indexed = nodeAt(this.index, key);
    const duration = durationOf(event.startedAt, this.at);

    if (outcome.type === 'output') {
      // Something else than the node itself gave this: why is kept.
      const recovered = state.stage > 0 ? state.failure : undefined;
      const { output, contentKey, reused } = outcome;
      this.draft.emit({
        type: 'attempt.succeeded',
        task: key,
        attempt,
        output,
        duration,
        ...(recovered && { recovered }),
        ...(contentKey !== undefined && { contentKey }),
        ...(reused && { reused }),
      });
      if (key === indexed.key) this.settle(indexed, { type: 'node.succeeded', node: key });
      else this.advanceFanOut(indexed);
      return;
    }

    if (outcome.type === 'parked') {
      if (this.draft.run.status !== 'running') {
        this.cancelAttempt(key, attempt);
        return;
      }
      this.draft.emit({ type: 'attempt.parked', task: key, attempt, until: outcome.until, memo: outcome.memo });
      const kept = keptSignal(this.draft.run, outcome.until);
      if (kept) this.wake(key, attempt, { type: 'signalled', payload: kept.payload, by: kept.by });
      else this.setTimer(key, attempt, outcome.until);
      return;
    }

    const { failure } = outcome;
    if (failure.type === 'cancelled') {
      this.cancelAttempt(key, attempt);
      return;
    }
    const decided = afterFailure(indexed.node, state, failure, this.at, event.roll);
    const next = decided.type === 'retry' && this.draft.run.status !== 'running' ? ({ type: 'give_up' } as const) : decided;
    this.draft.emit({ type: 'attempt.failed', task: key, attempt, failure, duration, next });
    if (next.type === 'retry') {
      if (next.at <= this.at) this.due(key, attempt);
      else this.draft.command({ type: 'timer', task: key, attempt, at: next.at });
    } else if (key !== indexed.key) {
      this.advanceFanOut(indexed);
    } else if (next.type === 'skip') {
      this.settle(indexed, { ...skipped(key, 'failed', failure.message), failure });
    } else {
      this.failNode(indexed, failure);
    }
  }

  private due(key: TaskKey, attempt: number): void {
    const state = this.draft.task(key);
    if (this.draft.run.status !== 'running' || !state || !('attempt' in state) || state.attempt !== attempt) return;
    if (state.status === 'backing_off') {
      this.schedule(nodeAt(this.index, key), key, attempt + 1, state.stage, state.stageAttempt + 1);
    } else if (state.status === 'parked') {
      this.wake(key, attempt, { type: state.until.type === 'timer' ? 'due' : 'deadline_passed' });
    }
  }

  private wake(key: TaskKey, attempt: number, wake: Wake, inbox?: number): void {
    const state = this.draft.task(key);
    if (this.draft.run.status !== 'running' || state?.status !== 'parked' || state.attempt !== attempt) return;
    if (!mayWake(state.until, wake)) return;
    this.draft.emit({ type: 'attempt.woken', task: key, attempt, wake, ...(inbox !== undefined && { inbox }) });
    this.draft.command({ type: 'call', task: key, attempt, stage: state.stage, urgency: nodeAt(this.index, key).node.height });
  }

  /** Everybody who waits for it goes on; what came before anybody waited is for the first who will. */
  private signal({ name, payload, by, sentAt, inbox }: Extract<InEvent, { type: 'signal' }>): void {
    if (this.draft.run.status !== 'running') return;
    const waiting = this.draft.run.parked.flatMap((key) => {
      const state = this.draft.task(key);
      const waits = state?.status === 'parked' && state.until.type === 'signal' && state.until.name === name && state.until.since <= sentAt;
      return waits ? [{ key, attempt: state.attempt }] : [];
    });
    this.draft.emit({ type: 'signal.received', name, payload, by, sentAt, kept: waiting.length === 0, inbox });
    for (const { key, attempt } of waiting) this.wake(key, attempt, { type: 'signalled', payload, by });
  }

  /** What a parked task waits for, if that is a time. */
  private setTimer(key: TaskKey, attempt: number, until: WakeCondition): void {
    const at = until.type === 'timer' ? until.at : until.deadline;
    if (at !== undefined) this.draft.command({ type: 'timer', task: key, attempt, at });
  }

  /** Everything that had not succeeded is as if it had never begun; what was paid for stays. */
  private reopen(redo: ReadonlyMap<TaskKey, readonly number[]>): void {
    this.draft.emit({ type: 'run.reopened' });
    const again: IndexedNode[] = [];
    for (const indexed of this.index.nodes.values()) {
      if (!isLost(this.draft.task(indexed.key))) continue;
      this.draft.emit({ type: 'node.reopened', node: indexed.key, redo: redo.get(indexed.key) ?? [] });
      again.push(indexed);
    }
    for (const indexed of again) {
      const state = this.draft.task(indexed.key);
      if (state?.status === 'expanded') this.advanceFanOut(indexed);
      else if (isUntouched(state) && this.draft.settledSources(indexed.key) === indexed.node.after.length) this.begin(indexed);
    }
  }

  /** Hands out again what the process before had been handed. */
  private resume(tasks: readonly TaskKey[]): void {
    const interrupted = tasks.filter((key) => this.draft.task(key)?.status === 'running');
    this.draft.emit({ type: 'run.resumed', interrupted: interrupted.length });
    for (const key of tasks) {
      const state = this.draft.task(key);
      const indexed = nodeAt(this.index, key);
      if (state?.status === 'opening') this.draft.command({ type: 'open', node: key });
      else if (state?.status === 'scheduled') {
        this.draft.command({ type: 'call', task: key, attempt: state.attempt, stage: state.stage, urgency: indexed.node.height });
      } else if (state?.status === 'backing_off') {
        this.draft.command({ type: 'timer', task: key, attempt: state.attempt, at: state.until });
      } else if (state?.status === 'parked') {
        this.setTimer(key, state.attempt, state.until);
      } else if (state?.status === 'running') {
        this.draft.emit({ type: 'attempt.interrupted', task: key, attempt: state.attempt });
        if (this.draft.run.status === 'running') this.schedule(indexed, key, state.attempt + 1, state.stage, state.stageAttempt);
        else this.cancelAttempt(key, state.attempt);
      }
    }
    if (this.draft.run.status === 'finishing') this.draft.command({ type: 'outputs' });
  }

  private schedule(indexed: IndexedNode, key: TaskKey, attempt: number, stage: number, stageAttempt: number): void {
    this.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage, stageAttempt });
    this.draft.command({ type: 'call', task: key, attempt, stage, urgency: indexed.node.height });
  }

  /** The first try of a task; after the run was reopened its tries go on counting, so that every one keeps its own number. */
  private scheduleFirst(indexed: IndexedNode, key: TaskKey): void {
    this.schedule(indexed, key, (lastAttempt(this.draft.task(key)).attempt ?? 0) + 1, 0, 1);
  }

  /** Fills the window of a fan-out, and settles it when nothing of it is left to do. */
  private advanceFanOut(indexed: IndexedNode): void {
    for (;;) {
      const fanOut = this.draft.task(indexed.key);
      invariant(fanOut?.status === 'expanded', `${indexed.key} was not expanded`);
      const waiting = fanOut.redo?.length ?? 0;
      const inFlight = fanOut.next - fanOut.settled - waiting;
      const left = waiting > 0 || fanOut.next < fanOut.count;
      const mayStart = this.draft.run.status === 'running' && !fanOut.closed && left;
      if (mayStart && inFlight < fanOut.window) {
        this.scheduleItem(indexed, fanOut.redo?.[0] ?? fanOut.next);
        continue;
      }
      if (inFlight === 0 && !mayStart && (fanOut.closed || !left)) this.settleFanOut(indexed, fanOut);
      return;
    }
  }

  private scheduleItem(indexed: IndexedNode, index: number): void {
    const key = itemKey(indexed.key, index);
    this.scheduleFirst(indexed, key);
  }

  private settleFanOut(indexed: IndexedNode, fanOut: Extract<TaskState, { status: 'expanded' }>): void {
    const { first, failed, count } = fanOut;
    const same = endsAll(first);
    if (first === null || (!same && failed <= (fanOut.maxFailures ?? 0))) {
      this.settle(indexed, { type: 'node.succeeded', node: indexed.key });
      return;
    }
    this.failNode(
      indexed,
      same
        ? first
        : { type: 'items_failed', message: `${failed} of ${count} items failed; the first: ${first.message}`, failed, items: count, first },
    );
  }

  private failNode(indexed: IndexedNode, failure: Failure): void {
    this.settle(indexed, { type: 'node.failed', node: indexed.key, failure });
    if (this.draft.run.status === 'running' && this.index.plan.limits.onFailure === 'stop') this.failRun(indexed.node.id, failure);
  }

  private failRun(node: NodeId | null, failure: Failure): void {
    this.draft.emit({ type: 'run.failing', node, failure });
    this.stopWaiting();
  }

  /** What waits, for its retry or for somebody, is not in flight: it ends here. */
  private stopWaiting(): void {
    for (const key of [...this.draft.run.backingOff, ...this.draft.run.parked]) {
      const state = this.draft.task(key);
      if (state?.status === 'backing_off' || state?.status === 'parked') this.cancelAttempt(key, state.attempt);
    }
  }

  private cancelAttempt(key: TaskKey, attempt: number): void {
    this.draft.emit({ type: 'attempt.cancelled', task: key, attempt });
    const indexed = nodeAt(this.index, key);
    if (key === indexed.key) this.settle(indexed, { type: 'node.cancelled', node: key, detail: 'the run was stopped' });
  }

  private settle(indexed: IndexedNode, event: EventBody): void {
    this.draft.emit(event);
    this.settledNow.push(indexed);
  }

  private spread(): void {
    // The list grows while it is walked.
    for (const settled of this.settledNow) {
      if (this.draft.run.status !== 'running') return;
      for (const dependent of settled.dependents) {
        const waitsFor = dependent.node.after.length;
        if (this.draft.settledSources(dependent.key) === waitsFor && isUntouched(this.draft.task(dependent.key))) this.begin(dependent);
      }
    }
  }

  private conclude(): void {
    const { run } = this.draft;
    if (run.status === 'running' && run.unsettled === 0) {
      if (run.failure) this.finish('failed', null, run.failure.failure);
      else {
        this.draft.emit({ type: 'run.finishing' });
        this.draft.command({ type: 'outputs' });
      }
    } else if ((run.status === 'failing' || run.status === 'cancelling') && run.open === 0) {
      for (const indexed of this.index.nodes.values()) {
        if (!isSettled(this.draft.task(indexed.key))) {
          this.draft.emit({ type: 'node.cancelled', node: indexed.key, detail: 'the run was stopped' });
        }
      }
      if (run.status === 'failing') this.finish('failed', null, run.failure?.failure);
      else this.finish('cancelled', null, run.failure?.failure);
    }
  }

  private finish(
    status: 'succeeded' | 'failed' | 'cancelled',
    outputs: Extract<EventBody, { type: 'run.finished' }>['outputs'],
    failure?: Failure,
  ): void {
    this.draft.emit({ type: 'run.finished', status, outputs, ...(failure && { failure }) });
    const command: Command = { type: 'finish', status };
    this.draft.command(command);
  }
}

function skipped(
  node: TaskKey,
  reason: Extract<EventBody, { type: 'node.skipped' }>['reason'],
  detail: string,
): Extract<EventBody, { type: 'node.skipped' }> {
  return { type: 'node.skipped', node, reason, detail, output: null, guarded: false };
}

function isOver(status: RunView['run']['status']): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** A wake that does not fit what is waited for is somebody else's. */
function mayWake(until: WakeCondition, wake: Wake): boolean {
  switch (wake.type) {
    case 'due':
      return until.type === 'timer';
    case 'deadline_passed':
      return until.type !== 'timer';
    case 'signalled':
      return until.type === 'signal';
    case 'answered':
      return until.type === 'approval';
  }
}

function isUntouched(state: TaskState | undefined): boolean {
  return state === undefined || state.status === 'reopened';
}

function isLost(state: TaskState | undefined): boolean {
  return state?.status === 'failed' || state?.status === 'cancelled';
}

function isSettled(state: TaskState | undefined): boolean {
  return state?.status === 'succeeded' || state?.status === 'skipped' || isLost(state);
}

function durationOf(from: Instant, to: Instant): Millis {
  return millis(to - from);
}
