import { invariant } from '../base/assert.ts';
import { type Instant, itemKey, type NodeId, type TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Command, TaskState } from '../contracts/store.ts';
import { ask, giveUp, isInDoubt } from './doubt.ts';
import type { Draft } from './draft.ts';
import { endsAll, lastAttempt, nodeAt } from './fold.ts';
import { type IndexedNode, keyOf, type PlanIndex } from './plan-index.ts';

/**
 * One decision being made: what follows for nodes and the run, whatever it was that happened. A class only because its parts share
 * the draft and the list of what settled.
 */
export class Step {
  readonly index: PlanIndex;
  readonly draft: Draft;
  readonly at: Instant;
  /** What may do harm when it is done twice is done again unasked. */
  repeatUnsafe = false;
  /** Nodes that settled in this step and whose dependents have not been looked at; a list, not recursion: chains are long. */
  private readonly settledNow: IndexedNode[] = [];

  constructor(index: PlanIndex, draft: Draft, at: Instant) {
    this.index = index;
    this.draft = draft;
    this.at = at;
  }

  /** Every source of `node` has settled. */
  begin(indexed: IndexedNode): void {
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

  reasonToSkip(node: PlanNode): string | undefined {
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

  schedule(indexed: IndexedNode, key: TaskKey, attempt: number, stage: number, stageAttempt: number): void {
    this.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage, stageAttempt });
    this.draft.command({ type: 'call', task: key, attempt, stage, urgency: indexed.node.height });
  }

  /** The first try of a task; after the run was reopened its tries go on counting, so that every one keeps its own number. */
  scheduleFirst(indexed: IndexedNode, key: TaskKey): void {
    const before = this.draft.task(key);
    const attempt = (lastAttempt(before).attempt ?? 0) + 1;
    if (!isInDoubt(before) || this.repeatUnsafe) {
      this.schedule(indexed, key, attempt, 0, 1);
      return;
    }
    this.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage: 0, stageAttempt: 1 });
    this.draft.emit({ type: 'attempt.started', task: key, attempt });
    ask(this, key, attempt);
  }

  /** Fills the window of a fan-out, and settles it when nothing of it is left to do. */
  advanceFanOut(indexed: IndexedNode): void {
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

  scheduleItem(indexed: IndexedNode, index: number): void {
    const key = itemKey(indexed.key, index);
    this.scheduleFirst(indexed, key);
  }

  settleFanOut(indexed: IndexedNode, fanOut: Extract<TaskState, { status: 'expanded' }>): void {
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

  failNode(indexed: IndexedNode, failure: Failure): void {
    this.settle(indexed, { type: 'node.failed', node: indexed.key, failure });
    if (this.draft.run.status === 'running' && this.index.plan.limits.onFailure === 'stop') this.failRun(indexed.node.id, failure);
  }

  failRun(node: NodeId | null, failure: Failure): void {
    this.draft.emit({ type: 'run.failing', node, failure });
    this.stopWaiting();
  }

  /** What waits, for its retry or for somebody, is not in flight: it ends here. */
  stopWaiting(): void {
    for (const key of [...this.draft.run.backingOff, ...this.draft.run.parked]) {
      const state = this.draft.task(key);
      if (state?.status === 'parked' && state.doubt) giveUp(this, key, state.attempt);
      else if (state?.status === 'backing_off' || state?.status === 'parked') this.cancelAttempt(key, state.attempt);
    }
  }

  cancelAttempt(key: TaskKey, attempt: number): void {
    this.draft.emit({ type: 'attempt.cancelled', task: key, attempt });
    const indexed = nodeAt(this.index, key);
    if (key === indexed.key) this.settle(indexed, { type: 'node.cancelled', node: key, detail: 'the run was stopped' });
  }

  settle(indexed: IndexedNode, event: EventBody): void {
    this.draft.emit(event);
    this.settledNow.push(indexed);
  }

  spread(): void {
    // The list grows while it is walked.
    for (const settled of this.settledNow) {
      if (this.draft.run.status !== 'running') return;
      for (const dependent of settled.dependents) {
        const waitsFor = dependent.node.after.length;
        if (this.draft.settledSources(dependent.key) === waitsFor && isUntouched(this.draft.task(dependent.key))) this.begin(dependent);
      }
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
      for (const indexed of this.index.nodes.values()) {
        if (!isSettled(this.draft.task(indexed.key))) {
          this.draft.emit({ type: 'node.cancelled', node: indexed.key, detail: 'the run was stopped' });
        }
      }
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
    const command: Command = { type: 'finish', status };
    this.draft.command(command);
  }
}

export function skipped(
  node: TaskKey,
  reason: Extract<EventBody, { type: 'node.skipped' }>['reason'],
  detail: string,
): Extract<EventBody, { type: 'node.skipped' }> {
  return { type: 'node.skipped', node, reason, detail, output: null, guarded: false };
}

export function isUntouched(state: TaskState | undefined): boolean {
  return state === undefined || state.status === 'reopened';
}

export function isLost(state: TaskState | undefined): boolean {
  return state?.status === 'failed' || state?.status === 'cancelled';
}

function isSettled(state: TaskState | undefined): boolean {
  return state?.status === 'succeeded' || state?.status === 'skipped' || isLost(state);
}
