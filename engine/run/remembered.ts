import type { TaskKey } from '../base/ids.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Wake } from '../contracts/node-kind.ts';
import type { Asked, Remembered, TaskState, Woken, Write } from '../contracts/store.ts';
import { rootCause } from './changes.ts';

/*
 * A conversation in which tools are called is many turns long, and people are asked in the midst of it. What of it outlives its try: the
 * turns that are paid, the calls that were made, and what was said before it waited. A try of the same stage goes on from there, and so
 * does the task when its run has ended and gets another chance, unless it was the conversation that failed.
 */

/** Whether a conversation that ended with this failure goes on, when its run gets another chance, from where it was. */
export function goesOn(failure: Failure): boolean {
  const cause = rootCause(failure);
  switch (cause.type) {
    // Of the world around it, which may be another one by then: more money, a key, a provider that answers. It was not at fault.
    case 'rate_limited':
    case 'unavailable':
    case 'unauthorized':
    case 'timed_out':
    case 'budget_exceeded':
    case 'cancelled':
    case 'in_doubt':
    case 'file_unreadable':
    case 'file_unwritable':
      return true;
    // What came of it is not good enough, or no model says more to it: the same words lead there again, others may not.
    case 'output_invalid':
    case 'check_failed':
    case 'not_accepted':
    case 'refused':
    // It is longer than models read, or holds what they do not take: it stays so.
    case 'context_too_long':
    case 'bad_request':
    // What was computed from it could not be, or dagrun stumbled over it: it would again.
    case 'expression_failed':
    case 'bug':
    // Of other work than a conversation, which is done again as a whole.
    case 'task_failed':
    case 'tool_failed':
    case 'items_failed':
    case 'node_failed':
      return false;
  }
}

/** What a task that waits has left. */
export function leftBy({ memo, stage, lasting, repeats }: Extract<TaskState, { status: 'parked' }>): Omit<Woken, 'wake'> {
  return { memo, stage, ...(lasting && { lasting }), ...(repeats !== undefined && { repeats }) };
}

/** What follows for what is known of a task's calls when it is woken: a yes is for one of them, and of the others inside of the tool all stays. */
export function callAgain(task: TaskKey, { inside, repeats }: Extract<TaskState, { status: 'parked' }>, wake: Wake): readonly Write[] {
  if (!inside || repeats === undefined || wake.type !== 'answered' || !wake.approved) return [];
  return [{ type: 'tool_call_again', task, request: repeats }];
}

/** Why a task goes on, as far as the try that begins is concerned. */
export function wokenOf(before: TaskState | undefined): { readonly woken?: Woken } {
  const woken = before && 'woken' in before ? before.woken : undefined;
  return woken ? { woken } : {};
}

/** The same for a try in the stage `next`, after one in `stage` that failed. */
export function wokenAfter(before: TaskState, stage: number, next: number, failure: Failure): { readonly woken?: Woken } {
  const { woken } = wokenOf(before);
  if (!woken) return {};
  return stage === next || (woken.lasting && goesOn(failure)) ? { woken } : {};
}

/** What is remembered of a task that fails. */
export function rememberedOfFailed(before: TaskState | undefined, failure: Failure): Remembered {
  if (before?.status === 'failed') return kept(before);
  const { woken } = wokenOf(before);
  return woken?.lasting && goesOn(failure) ? { woken } : {};
}

/** What is remembered of a task that is given up: of one that waits what it waits for, of one that was woken why. */
export function rememberedOfStopped(before: TaskState | undefined): Remembered {
  switch (before?.status) {
    case 'parked': {
      const { until, failure, inside } = before;
      const asked: Asked = { ...leftBy(before), until, ...(inside && { inside }), ...(failure && { failure }) };
      return asked.lasting || asked.repeats !== undefined ? { asked } : {};
    }
    case 'failed':
    case 'cancelled':
    case 'opening':
    case 'reopened':
      return kept(before);
    default: {
      const { woken } = wokenOf(before);
      // A word on what may have been done counts until it is acted upon.
      return woken?.lasting || woken?.repeats !== undefined ? { woken } : {};
    }
  }
}

/** What is remembered of a task that gets another chance. */
function kept({ asked, woken }: Remembered): Remembered {
  return { ...(asked && { asked }), ...(woken && { woken }) };
}
