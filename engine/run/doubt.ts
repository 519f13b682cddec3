import { type Millis, millis, type TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Wake } from '../contracts/node-kind.ts';
import type { TaskState } from '../contracts/store.ts';
import { itemOf } from './plan-index.ts';
import { stageAt } from './retry.ts';
import type { Step } from './step.ts';

/*
 * A process ended while a task was at work that may do harm when it is done twice. Whether it was done, nobody knows:
 * somebody is asked, and until then, or when the run ends without an answer, it counts as not succeeded and is not repeated.
 *
 *   running ─ stopped ─▶ failed (in_doubt)
 *   running ─ resume ─▶ parked (in doubt) ─ yes ─▶ scheduled, as the next attempt
 *                                          └ no, or the run is stopped ─▶ failed (in_doubt) ─ reopen ─▶ parked (in doubt)
 */

/** True when a task may be done once more although nobody knows whether it was done. */
export function mayRepeat(step: Step, key: TaskKey, { stage }: { readonly stage: number }): boolean {
  return step.repeatUnsafe || stageAt(step.index.at(key).node, stage)?.stage.idempotent !== false;
}

/** A task that failed because it is in doubt, and was given another chance, is still in doubt. */
export function isInDoubt(state: TaskState | undefined): boolean {
  return state?.status === 'reopened' ? state.doubt === true : state?.status === 'failed' && state.failure.type === 'in_doubt';
}

/** Asks whether a task that is at work, by the journal, is to be done again; one of a run that ends is given up. */
export function ask(step: Step, key: TaskKey, attempt: number): void {
  const { node } = step.index.at(key);
  const item = itemOf(key);
  const which = item === undefined ? `"${node.id}"` : `item ${item.index} of "${node.id}"`;
  step.draft.emit({
    type: 'attempt.parked',
    task: key,
    attempt,
    until: {
      type: 'approval',
      request: {
        message: `${which} was at work when the process of this run ended. Whether it was done is not known, and doing it twice may do harm. Do it again?`,
        approvers: [],
        requireDifferentApprover: false,
      },
    },
    memo: null,
    doubt: true,
  });
  if (!step.isLive(key)) giveUp(step, key, attempt);
}

/** Does again what somebody said yes to, and gives up the rest. */
export function answer(step: Step, key: TaskKey, state: Extract<TaskState, { status: 'parked' }>, wake: Wake): void {
  if (wake.type === 'answered' && wake.approved) {
    step.schedule(key, state.attempt + 1, state.stage, state.stageAttempt);
  } else {
    fail(step, key, state.attempt, wake.type === 'answered' ? `${wake.by} said not to do it again` : 'nobody said to do it again');
  }
}

/** Ends the question of a run that is stopped: what it was about is not repeated when the run goes on. */
export function giveUp(step: Step, key: TaskKey, attempt: number): void {
  step.draft.emit({ type: 'attempt.woken', task: key, attempt, wake: { type: 'deadline_passed' } });
  fail(step, key, attempt, 'nobody said to do it again');
}

/** Ends what was stopped at work: how far it had come, nobody knows either. */
export function stopAtWork(step: Step, key: TaskKey, attempt: number, duration: Millis): void {
  failWith(step, key, attempt, 'it was stopped while it was at work, and whether it was done is not known', duration);
}

function fail(step: Step, key: TaskKey, attempt: number, why: string): void {
  failWith(step, key, attempt, `its process ended while it was at work, and whether it was done is not known; ${why}`, millis(0));
}

function failWith(step: Step, key: TaskKey, attempt: number, message: string, duration: Millis): void {
  const failed: EventBody = {
    type: 'attempt.failed',
    task: key,
    attempt,
    failure: { type: 'in_doubt', message },
    duration,
    next: { type: 'give_up' },
  };
  step.draft.emit(failed);
  step.taskDone(key);
}
