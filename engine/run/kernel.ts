import { type Instant, type Millis, millis, type TaskKey } from '../base/ids.ts';
import { renderDuration } from '../base/units.ts';
import type { Decide, Decision, InEvent, Opening, RunView } from '../contracts/store.ts';
import { frameOf, roundKey } from './address.ts';
import { warmedBy } from './changes.ts';
import { ask, mayRepeat, stopAtWork } from './doubt.ts';
import { Draft } from './draft.ts';
import { cancelTask, stopWaiting, whyStopped } from './give-up.ts';
import { goOnNode, reopenNode } from './go-on.ts';
import type { PlanIndex } from './plan-index.ts';
import { isLost, skipped } from './settled.ts';
import { Step } from './step.ts';
import { park, sayBeforehand, setTimer, signal, wake } from './waiting.ts';

/**
 * The kernel of a plan: what follows from an event, as facts to journal and things to do outside. Pure, and each
 * decision costs what it touches: the edges of a node that settled, one item of a fan-out, never the whole run.
 * An event that was decided before changes nothing.
 */
export function createKernel(index: PlanIndex): Decide {
  return (view: RunView, event: InEvent): Decision => {
    const draft = new Draft(index, view, event.at);
    const step = new Step(index, draft, event.at, 'roll' in event ? event.roll : 0);
    const waiting = warmedBy(view, event);
    take(step, event);
    if (waiting.length > 0) step.afterWarmUp(waiting);
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
      for (const node of step.index.nodes.values()) if (node.waitsFor.length === 0) step.begin(node.key);
      break;
    case 'opened':
      opened(step, event.node, event.opening);
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
    case 'tool_called':
      step.draft.emit({ type: 'tool.called', task: event.task, attempt: event.attempt, call: event.call });
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
      if (step.draft.run.status === 'failed' || step.draft.run.status === 'cancelled') reopen(step);
      break;
    case 'resume':
      step.repeatUnsafe = event.repeatUnsafe ?? false;
      resume(step, event.tasks, event.asleep);
      break;
    case 'cancel':
      if (step.draft.run.status === 'running' || step.draft.run.status === 'failing') {
        step.draft.emit({ type: 'run.cancel_requested', by: event.by });
        stopWaiting(step, '');
      }
      break;
    case 'abandon':
      if (step.draft.run.status === 'running') step.failRun(null, event.failure);
      break;
    case 'entered':
      entered(step, event);
      break;
    case 'turned':
      turned(step, event);
      break;
    case 'outputs':
      if (step.draft.run.status !== 'finishing') return;
      if ('outputs' in event.outcome) step.finish('succeeded', event.outcome.outputs);
      else step.finish('failed', null, event.outcome.failure);
      return;
  }
  step.spread('task' in event ? event.task : 'node' in event ? event.node : undefined);
  step.conclude();
}

function opened(step: Step, key: TaskKey, opening: Opening): void {
  const before = step.draft.task(key);
  if (before?.status !== 'opening') return;
  const { node } = step.index.at(key);
  if (!before.instead && !step.isLive(key)) {
    step.settle(key, { type: 'node.cancelled', node: key, detail: whyStopped(step) });
    return;
  }
  switch (opening.type) {
    case 'run':
      if (opening.operands) step.draft.emit({ type: 'node.opened', node: key, operands: opening.operands });
      step.beginUnit(key);
      return;
    case 'skip':
      step.settle(key, {
        ...skipped(key, before.instead?.reason ?? (before.skip !== undefined ? 'upstream_skipped' : 'condition'), opening.detail),
        ...(before.instead?.failure && { failure: before.instead.failure }),
        operands: opening.operands,
        output: opening.output,
        guarded: node.ifSkipped !== undefined,
      });
      return;
    case 'expand':
      step.draft.emit({
        type: 'node.expanded',
        node: key,
        items: { json: opening.items },
        count: opening.items.length,
        window: opening.window,
        maxFailures: opening.maxFailures,
        ...(opening.keys && { keys: opening.keys }),
        ...(opening.warmUp && { warmUp: opening.warmUp }),
      });
      step.advanceFanOut(key);
      return;
    case 'failed':
      if (node.onError.action === 'skip') {
        step.settle(key, { ...skipped(key, 'failed', opening.failure.message), failure: opening.failure });
      } else {
        step.failNode(key, opening.failure);
      }
  }
}

function started(step: Step, key: TaskKey, attempt: number): void {
  const state = step.draft.task(key);
  if (state?.status !== 'scheduled' || state.attempt !== attempt) return;
  if (step.isLive(key)) step.draft.emit({ type: 'attempt.started', task: key, attempt });
  else cancelTask(step, key, attempt);
}

/** What an attempt at a body begins with is known: its nodes begin. */
function entered(step: Step, { task: key, attempt, entry }: Extract<InEvent, { type: 'entered' }>): void {
  const state = step.draft.task(key);
  if (state?.status !== 'running' || state.attempt !== attempt) return;
  if (entry.type === 'failed') {
    step.failAttempt(key, entry.failure, millis(0));
    return;
  }
  if (!step.isLive(key)) {
    cancelTask(step, key, attempt);
    return;
  }
  if (entry.type === 'skip') {
    const { type: _, ...more } = entry;
    step.draft.emit({ type: 'attempt.skipped', task: key, attempt, reason: 'condition', ...more });
    step.taskDone(key);
    return;
  }
  const { type: _, ...more } = entry;
  step.draft.emit({ type: 'attempt.entered', task: key, attempt, ...more });
  const inside = step.draft.task(key);
  if (inside?.status === 'inside') step.beginInside(key, inside);
}

function turned(step: Step, { task: unit, round, turn }: Extract<InEvent, { type: 'turned' }>): void {
  const state = step.draft.task(unit);
  if (state?.status !== 'looping' || !state.turning || state.round !== round) return;
  switch (turn.type) {
    case 'again':
      if (!step.isLive(unit)) {
        cancelTask(step, unit, 0);
        return;
      }
      step.draft.emit({ type: 'loop.turned', task: unit, round: round + 1, memory: turn.memory });
      step.scheduleFirst(roundKey(unit, round + 1));
      return;
    case 'end': {
      const last = step.draft.task(roundKey(unit, round));
      const recovered = last?.status === 'succeeded' ? last.recovered : undefined;
      const { accepted, output, memory, rounds = round } = turn;
      step.draft.emit({ type: 'loop.ended', task: unit, rounds, accepted, output, memory, ...(recovered && { recovered }) });
      step.taskDone(unit);
      return;
    }
    case 'skip':
      step.draft.emit({ type: 'loop.skipped', task: unit, reason: 'condition', detail: turn.detail });
      step.taskDone(unit);
      return;
    case 'failed':
      step.exhaustLoop(unit, round, turn.failure, turn.memory);
  }
}

function done(step: Step, event: Extract<InEvent, { type: 'done' }>): void {
  const { task: key, attempt, outcome } = event;
  const state = step.draft.task(key);
  const atWork = state?.status === 'running' || (state?.status === 'inside' && state.leaving);
  if (!atWork || state.attempt !== attempt) return;
  const duration = durationOf(event.startedAt, step.at);

  if (outcome.type === 'output') {
    const { output, contentKey, reused, unsatisfied, carried, votes } = outcome;
    // What is taken over went up as far as it could, when it was made.
    if (unsatisfied !== undefined && !reused && step.isLive(key) && step.nextTier(key, state.stage) !== undefined) {
      step.failAttempt(key, { type: 'not_accepted', message: unsatisfied }, duration);
      return;
    }
    const { stages } = step.index.at(key).node;
    // Something else than the node itself gave this: why is kept.
    const instead = state.stage > 0 && stages[state.stage]?.name !== 'escalated';
    const recovered = instead && 'failure' in state ? state.failure : outcome.recovered;
    step.draft.emit({
      type: 'attempt.succeeded',
      task: key,
      attempt,
      output,
      duration,
      ...(recovered && { recovered }),
      ...(unsatisfied !== undefined && { accepted: false as const }),
      ...(contentKey !== undefined && { contentKey }),
      ...(reused && { reused }),
      ...(carried && { carried }),
      ...(votes && { votes }),
    });
    step.taskDone(key);
    return;
  }

  if (outcome.type === 'parked') {
    if (!step.isLive(key)) {
      cancelTask(step, key, attempt);
      return;
    }
    const { type: _, ...waits } = outcome;
    park(step, key, attempt, waits);
    return;
  }

  const { failure } = outcome;
  // What says of itself that it was stopped although nobody stopped it has failed.
  if (failure.type === 'cancelled' && !step.isLive(key)) {
    if (state.status === 'inside' || mayRepeat(step, key, state)) cancelTask(step, key, attempt);
    else stopAtWork(step, key, attempt, duration);
  } else step.failAttempt(key, failure, duration);
}

function due(step: Step, key: TaskKey, attempt: number): void {
  const state = step.draft.task(key);
  if (step.draft.run.status !== 'running' || !state || !('attempt' in state) || state.attempt !== attempt) return;
  if (state.status === 'backing_off') step.tryAgain(key);
  else if (state.status === 'parked') {
    wake(step, key, attempt, { type: state.until.type === 'timer' ? 'due' : 'deadline_passed' });
  } else if (state.status === 'inside' && !state.leaving && state.due !== undefined && state.still === undefined) {
    if (state.due + step.draft.run.asleep > step.at) {
      step.limitTime(key);
      return;
    }
    const after = step.index.at(key).node.stages[state.stage]?.timeout ?? millis(0);
    step.failBody(key, { type: 'timed_out', message: `what is inside took longer than ${renderDuration(after)}`, after });
    step.draft.command({ type: 'stop', frame: frameOf(key, attempt, state.stage) });
  }
}

/** Everything that had not succeeded has another chance; what was paid for stays. */
function reopen(step: Step): void {
  step.draft.emit({ type: 'run.reopened' });
  const again = [...step.index.nodes.keys()].filter((key) => isLost(step.draft.task(key)));
  for (const key of again) reopenNode(step, key);
  for (const key of again) goOnNode(step, key);
}

/** Hands out again what the process before had been handed. */
function resume(step: Step, tasks: readonly TaskKey[], asleep: Millis | undefined): void {
  const isBody = (key: TaskKey, stage: number): boolean => step.index.at(key).node.stages[stage]?.body !== undefined;
  const interrupted = tasks.filter((key) => {
    const state = step.draft.task(key);
    return state?.status === 'running' && !isBody(key, state.stage);
  });
  step.draft.emit({ type: 'run.resumed', interrupted: interrupted.length, ...(asleep && { asleep }) });
  for (const key of tasks) {
    const state = step.draft.task(key);
    switch (state?.status) {
      case 'opening':
        step.draft.command({ type: 'open', node: key });
        break;
      case 'looping':
        if (state.turning) step.draft.command({ type: 'turn', task: key, round: state.round });
        break;
      case 'inside':
        if (state.leaving) step.draft.command({ type: 'leave', task: key, attempt: state.attempt, stage: state.stage });
        else step.limitTime(key);
        break;
      case 'scheduled': {
        const { attempt, stage } = state;
        step.draft.command({ type: 'call', task: key, attempt, stage, urgency: step.index.at(key).node.height });
        break;
      }
      case 'backing_off':
        step.draft.command({ type: 'timer', task: key, attempt: state.attempt, at: state.until });
        break;
      case 'parked':
        if (!sayBeforehand(step, key)) setTimer(step, key, state.attempt, state.until);
        break;
      case 'running':
        if (isBody(key, state.stage)) {
          step.draft.command({ type: 'enter', task: key, attempt: state.attempt, stage: state.stage });
          break;
        }
        step.draft.emit({ type: 'attempt.interrupted', task: key, attempt: state.attempt });
        if (!mayRepeat(step, key, state)) ask(step, key, state.attempt);
        else if (step.isLive(key)) step.schedule(key, state.attempt + 1, state.stage, state.stageAttempt);
        else cancelTask(step, key, state.attempt);
        break;
      default:
    }
  }
  if (step.draft.run.status === 'finishing') step.draft.command({ type: 'outputs' });
}

function isOver(status: RunView['run']['status']): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

function durationOf(from: Instant, to: Instant): Millis {
  // A clock may be set back.
  return millis(Math.max(0, to - from));
}
