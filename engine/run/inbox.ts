import type { Instant } from '../base/ids.ts';
import type { InboxMessage, InEvent, RunState, TaskState } from '../contracts/store.ts';
import { refusalOf } from './answer-rules.ts';

/** A wish from outside, as it lies in the inbox. */
export interface Posted {
  readonly id: number;
  /** When it was posted, which is what counts against a deadline. */
  readonly at: Instant;
  readonly message: InboxMessage;
}

/** What has to be known of a run to take a message: its state, and that of the task the message names, if it names one. */
export interface Addressed {
  readonly run: RunState;
  readonly task: TaskState | undefined;
}

/**
 * What a wish from outside means to a run now. The first answer to a gate wins; one that cannot be taken becomes a refusal with
 * its reason. A message that was taken before, by a process that died before it could forget it, changes nothing: the kernel
 * knows the ids of what it took.
 */
export function takeMessage({ id, at, message }: Posted, { run, task }: Addressed, now: Instant): InEvent {
  switch (message.type) {
    case 'cancel':
      return { type: 'cancel', by: message.by, at: now };
    case 'signal': {
      const { name, payload, by } = message;
      return { type: 'signal', name, payload, by, sentAt: at, inbox: id, at: now };
    }
    case 'answer': {
      const { task: key, attempt, wake } = message;
      const reason = reasonAgainst(message, at, run, task);
      if (reason !== undefined) return { type: 'refuse', task: key, by: wake.by, reason, inbox: id, at: now };
      return { type: 'wake', task: key, attempt, wake, inbox: id, at: now };
    }
  }
}

function reasonAgainst(
  { attempt, wake }: Extract<InboxMessage, { type: 'answer' }>,
  at: Instant,
  run: RunState,
  task: TaskState | undefined,
): string | undefined {
  if (task?.status !== 'parked' || task.until.type !== 'approval') return 'nobody asks any more: it was answered, or its time was over';
  if (task.attempt !== attempt) return 'it was asked again since';
  if (task.until.deadline !== undefined && at > task.until.deadline) return 'the answer came after its time was over';
  return refusalOf(task.until.request, run.startedBy, wake);
}
