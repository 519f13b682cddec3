import { type Instant, type Millis, millis, type TaskKey } from '../base/ids.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { Decide, Decision, InEvent, Opening, RunView } from '../contracts/store.ts';
import { answer, ask, mayRepeat } from './doubt.ts';
import { Draft } from './draft.ts';
import { keptSignal, nodeAt } from './fold.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';
import { afterFailure } from './retry.ts';
import { isLost, isUntouched, Step, skipped } from './step.ts';

/**
 * The kernel of a plan: what follows from an event, as facts to journal and things to do outside. Pure, and each
 * decision costs what it touches: the edges of a node that settled, one item of a fan-out, never the whole run.
 * An event that was decided before changes nothing.
 */
export function createKernel(index: PlanIndex): Decide {
  return (view: RunView, event: InEvent): Decision => {
    const draft = new Draft(index, view);
    take(new Step(index, draft, event.at), event);
    return draft.decision();
  };
}

function take(step: Step, event: InEvent): void {
  if (isOver(step.draft.run.status) && event.type !== 'reopen') return;
  // Taken before, by a process that died before it could say so.
  if ('inbox' in event && event.inbox !== undefined && event.inbox <= step.draft.run.inbox) return;
  switch (event.type) {
    case 'start':
      if (step.draft.run.status !== 'new') return;
      step.draft.emit({
        type: 'run.started',
        workflow: step.index.plan.workflow,
        plan: step.index.plan.digest,
        inputs: event.inputs,
        simulated: event.simulated,
        by: event.by,
        ...(event.replies !== undefined && { replies: event.replies }),
        ...(event.tiers && { tiers: event.tiers }),
        ...(event.reuses && { reuses: event.reuses }),
      });
      for (const node of step.index.nodes.values()) if (node.node.after.length === 0) step.begin(node);
      break;
    case 'opened':
      opened(step, nodeAt(step.index, event.node), event.opening);
      break;
    case 'started':
      started(step, event.task, event.attempt);
      break;
    case 'done':
      done(step, event);
      break;
    case 'called':
      step.draft.emit({ type: 'model.called', task: event.task, attempt: event.attempt, ...event.paid });
      return;
    case 'logged':
      step.draft.emit({ type: 'attempt.logged', task: event.task, attempt: event.attempt, text: event.text });
      return;
    case 'due':
      due(step, event.task, event.attempt);
      break;
    case 'wake':
      wake(step, event.task, event.attempt, event.wake, event.inbox);
      break;
    case 'refuse':
      step.draft.emit({ type: 'answer.refused', task: event.task, by: event.by, reason: event.reason, inbox: event.inbox });
      return;
    case 'signal':
      signal(step, event);
      break;
    case 'reopen':
      step.repeatUnsafe = event.repeatUnsafe ?? false;
      if (step.draft.run.status === 'failed' || step.draft.run.status === 'cancelled') reopen(step, event.redo);
      break;
    case 'resume':
      step.repeatUnsafe = event.repeatUnsafe ?? false;
      resume(step, event.tasks);
      break;
    case 'cancel':
      if (step.draft.run.status === 'running' || step.draft.run.status === 'failing') {
        step.draft.emit({ type: 'run.cancel_requested', by: event.by });
        step.stopWaiting();
      }
      break;
    case 'abandon':
      if (step.draft.run.status === 'running') step.failRun(null, event.failure);
      break;
    case 'outputs':
      if (step.draft.run.status !== 'finishing') return;
      if ('outputs' in event.outcome) step.finish('succeeded', event.outcome.outputs);
      else step.finish('failed', null, event.outcome.failure);
      return;
  }
  step.spread();
  step.conclude();
}

function opened(step: Step, indexed: IndexedNode, opening: Opening): void {
  const { key, node } = indexed;
  if (step.draft.task(key)?.status !== 'opening') return;
  if (step.draft.run.status !== 'running') {
    step.settle(indexed, { type: 'node.cancelled', node: key, detail: 'the run was stopped' });
    return;
  }
  switch (opening.type) {
    case 'run':
      if (opening.operands) step.draft.emit({ type: 'node.opened', node: key, operands: opening.operands });
      step.scheduleFirst(indexed, key);
      return;
    case 'skip': {
      const forced = step.draft.task(key);
      const reason = forced?.status === 'opening' && forced.skip !== undefined ? 'upstream_skipped' : 'condition';
      step.settle(indexed, {
        ...skipped(key, reason, opening.detail),
        operands: opening.operands,
        output: opening.output,
        guarded: node.ifSkipped !== undefined,
      });
      return;
    }
    case 'expand':
      step.draft.emit({
        type: 'node.expanded',
        node: key,
        items: { json: opening.items },
        count: opening.items.length,
        window: opening.window,
        maxFailures: opening.maxFailures,
        ...(opening.keys && { keys: opening.keys }),
      });
      step.advanceFanOut(indexed);
      return;
    case 'failed':
      if (node.onError.action === 'skip') {
        step.settle(indexed, { ...skipped(key, 'failed', opening.failure.message), failure: opening.failure });
      } else {
        step.failNode(indexed, opening.failure);
      }
  }
}

function started(step: Step, key: TaskKey, attempt: number): void {
  const state = step.draft.task(key);
  if (state?.status !== 'scheduled' || state.attempt !== attempt) return;
  if (step.draft.run.status === 'running') step.draft.emit({ type: 'attempt.started', task: key, attempt });
  else step.cancelAttempt(key, attempt);
}

function done(step: Step, event: Extract<InEvent, { type: 'done' }>): void {
  const { task: key, attempt, outcome } = event;
  const state = step.draft.task(key);
  if (state?.status !== 'running' || state.attempt !== attempt) return;
  const indexed = nodeAt(step.index, key);
  const duration = durationOf(event.startedAt, step.at);

  if (outcome.type === 'output') {
    // Something else than the node itself gave this: why is kept.
    const recovered = state.stage > 0 ? state.failure : undefined;
    const { output, contentKey, reused } = outcome;
    step.draft.emit({
      type: 'attempt.succeeded',
      task: key,
      attempt,
      output,
      duration,
      ...(recovered && { recovered }),
      ...(contentKey !== undefined && { contentKey }),
      ...(reused && { reused }),
    });
    if (key === indexed.key) step.settle(indexed, { type: 'node.succeeded', node: key });
    else step.advanceFanOut(indexed);
    return;
  }

  if (outcome.type === 'parked') {
    if (step.draft.run.status !== 'running') {
      step.cancelAttempt(key, attempt);
      return;
    }
    step.draft.emit({ type: 'attempt.parked', task: key, attempt, until: outcome.until, memo: outcome.memo });
    const kept = keptSignal(step.draft.run, outcome.until);
    if (kept) wake(step, key, attempt, { type: 'signalled', payload: kept.payload, by: kept.by });
    else setTimer(step, key, attempt, outcome.until);
    return;
  }

  const { failure } = outcome;
  if (failure.type === 'cancelled') {
    step.cancelAttempt(key, attempt);
    return;
  }
  const decided = afterFailure(indexed.node, state, failure, step.at, event.roll);
  const next = decided.type === 'retry' && step.draft.run.status !== 'running' ? ({ type: 'give_up' } as const) : decided;
  step.draft.emit({ type: 'attempt.failed', task: key, attempt, failure, duration, next });
  if (next.type === 'retry') {
    if (next.at <= step.at) due(step, key, attempt);
    else step.draft.command({ type: 'timer', task: key, attempt, at: next.at });
  } else if (key !== indexed.key) {
    step.advanceFanOut(indexed);
  } else if (next.type === 'skip') {
    step.settle(indexed, { ...skipped(key, 'failed', failure.message), failure });
  } else {
    step.failNode(indexed, failure);
  }
}

function due(step: Step, key: TaskKey, attempt: number): void {
  const state = step.draft.task(key);
  if (step.draft.run.status !== 'running' || !state || !('attempt' in state) || state.attempt !== attempt) return;
  if (state.status === 'backing_off') {
    step.schedule(nodeAt(step.index, key), key, attempt + 1, state.stage, state.stageAttempt + 1);
  } else if (state.status === 'parked') {
    wake(step, key, attempt, { type: state.until.type === 'timer' ? 'due' : 'deadline_passed' });
  }
}

function wake(step: Step, key: TaskKey, attempt: number, wake: Wake, inbox?: number): void {
  const state = step.draft.task(key);
  if (step.draft.run.status !== 'running' || state?.status !== 'parked' || state.attempt !== attempt) return;
  if (!mayWake(state.until, wake)) return;
  step.draft.emit({ type: 'attempt.woken', task: key, attempt, wake, ...(inbox !== undefined && { inbox }) });
  if (state.doubt) {
    answer(step, key, state, wake);
    return;
  }
  step.draft.command({ type: 'call', task: key, attempt, stage: state.stage, urgency: nodeAt(step.index, key).node.height });
}

/** Everybody who waits for it goes on; what came before anybody waited is for the first who will. */
function signal(step: Step, { name, payload, by, sentAt, inbox }: Extract<InEvent, { type: 'signal' }>): void {
  if (step.draft.run.status !== 'running') return;
  const waiting = step.draft.run.parked.flatMap((key) => {
    const state = step.draft.task(key);
    const waits = state?.status === 'parked' && state.until.type === 'signal' && state.until.name === name && state.until.since <= sentAt;
    return waits ? [{ key, attempt: state.attempt }] : [];
  });
  step.draft.emit({ type: 'signal.received', name, payload, by, sentAt, kept: waiting.length === 0, inbox });
  for (const { key, attempt } of waiting) wake(step, key, attempt, { type: 'signalled', payload, by });
}

/** Everything that had not succeeded is as if it had never begun; what was paid for stays. */
function reopen(step: Step, redo: ReadonlyMap<TaskKey, readonly number[]>): void {
  step.draft.emit({ type: 'run.reopened' });
  const again: IndexedNode[] = [];
  for (const indexed of step.index.nodes.values()) {
    if (!isLost(step.draft.task(indexed.key))) continue;
    step.draft.emit({ type: 'node.reopened', node: indexed.key, redo: redo.get(indexed.key) ?? [] });
    again.push(indexed);
  }
  for (const indexed of again) {
    const state = step.draft.task(indexed.key);
    if (state?.status === 'expanded') step.advanceFanOut(indexed);
    else if (isUntouched(state) && step.draft.settledSources(indexed.key) === indexed.node.after.length) step.begin(indexed);
  }
}

/** Hands out again what the process before had been handed. */
function resume(step: Step, tasks: readonly TaskKey[]): void {
  const interrupted = tasks.filter((key) => step.draft.task(key)?.status === 'running');
  step.draft.emit({ type: 'run.resumed', interrupted: interrupted.length });
  for (const key of tasks) {
    const state = step.draft.task(key);
    const indexed = nodeAt(step.index, key);
    if (state?.status === 'opening') step.draft.command({ type: 'open', node: key });
    else if (state?.status === 'scheduled') {
      step.draft.command({ type: 'call', task: key, attempt: state.attempt, stage: state.stage, urgency: indexed.node.height });
    } else if (state?.status === 'backing_off') {
      step.draft.command({ type: 'timer', task: key, attempt: state.attempt, at: state.until });
    } else if (state?.status === 'parked' && state.doubt && step.repeatUnsafe) {
      wake(step, key, state.attempt, { type: 'answered', approved: true, by: 'user', reason: null, form: null });
    } else if (state?.status === 'parked') {
      setTimer(step, key, state.attempt, state.until);
    } else if (state?.status === 'running') {
      step.draft.emit({ type: 'attempt.interrupted', task: key, attempt: state.attempt });
      if (!mayRepeat(step, key, state)) ask(step, key, state.attempt);
      else if (step.draft.run.status === 'running') step.schedule(indexed, key, state.attempt + 1, state.stage, state.stageAttempt);
      else step.cancelAttempt(key, state.attempt);
    }
  }
  if (step.draft.run.status === 'finishing') step.draft.command({ type: 'outputs' });
}

/** What a parked task waits for, if that is a time. */
function setTimer(step: Step, key: TaskKey, attempt: number, until: WakeCondition): void {
  const at = until.type === 'timer' ? until.at : until.deadline;
  if (at !== undefined) step.draft.command({ type: 'timer', task: key, attempt, at });
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

function durationOf(from: Instant, to: Instant): Millis {
  // A clock may be set back.
  return millis(Math.max(0, to - from));
}
