import type { TaskKey } from '../base/ids.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { Asked, InEvent, TaskOutcome } from '../contracts/store.ts';
import { taskAround } from './address.ts';
import { answer } from './doubt.ts';
import { keptSignal } from './fold.ts';
import type { Step } from './step.ts';

/** A task at work waits from now on. */
export function park(step: Step, key: TaskKey, attempt: number, waits: Omit<Extract<TaskOutcome, { type: 'parked' }>, 'type'>): void {
  step.draft.emit({ type: 'attempt.parked', task: key, attempt, ...waits });
  const kept = keptSignal(step.draft.run, waits.until);
  if (kept) wake(step, key, attempt, { type: 'signalled', payload: kept.payload, by: kept.by });
  else if (!sayBeforehand(step, key)) setTimer(step, key, attempt, waits.until);
}

/** A task that was stopped while it waited waits again for the same, in its next attempt: nothing of it is done anew. */
export function parkAgain(step: Step, key: TaskKey, attempt: number, { stage, failure, ...waits }: Asked): void {
  step.draft.emit({ type: 'attempt.scheduled', task: key, attempt, stage, stageAttempt: 1, ...(failure && { failure }) });
  step.draft.emit({ type: 'attempt.started', task: key, attempt });
  park(step, key, attempt, waits);
}

/** Answers what is asked about what may have been done, where that was said beforehand; false when it has to wait. */
export function sayBeforehand(step: Step, key: TaskKey): boolean {
  const state = step.draft.task(key);
  if (!step.repeatUnsafe || state?.status !== 'parked' || !(state.doubt || state.repeats !== undefined)) return false;
  const all = state.repeats !== undefined && { all: true as const };
  wake(step, key, state.attempt, { type: 'answered', approved: true, by: 'user', reason: null, form: null, ...all });
  return true;
}

/** A parked task goes on, if it still waits for this. */
export function wake(step: Step, key: TaskKey, attempt: number, wake: Wake, inbox?: number): void {
  const state = step.draft.task(key);
  if (step.draft.run.status !== 'running' || state?.status !== 'parked' || state.attempt !== attempt) return;
  if (!mayWake(state.until, wake)) return;
  step.draft.emit({ type: 'attempt.woken', task: key, attempt, wake, ...(inbox !== undefined && { inbox }) });
  if (state.doubt) {
    answer(step, key, state, wake);
    return;
  }
  step.draft.command({ type: 'call', task: key, attempt, stage: state.stage, urgency: step.index.at(key).node.height });
  for (let task = taskAround(key); task !== undefined; task = taskAround(task)) step.limitTime(task);
}

/** Everybody who waits for it goes on; what came before anybody waited is for the first who will. */
export function signal(step: Step, { name, payload, by, sentAt, inbox }: Extract<InEvent, { type: 'signal' }>): void {
  if (step.draft.run.status !== 'running') return;
  const waiting = step.draft.run.parked.flatMap((key) => {
    const state = step.draft.task(key);
    const waits = state?.status === 'parked' && state.until.type === 'signal' && state.until.name === name && state.until.since <= sentAt;
    return waits ? [{ key, attempt: state.attempt }] : [];
  });
  step.draft.emit({ type: 'signal.received', name, payload, by, sentAt, kept: waiting.length === 0, inbox });
  for (const { key, attempt } of waiting) wake(step, key, attempt, { type: 'signalled', payload, by });
}

/** What a parked task waits for, if that is a time. */
export function setTimer(step: Step, key: TaskKey, attempt: number, until: WakeCondition): void {
  const at = until.type === 'timer' ? until.at : until.deadline;
  if (at !== undefined) step.draft.command({ type: 'timer', task: key, attempt, at });
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
