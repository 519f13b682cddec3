import type { Instant, TaskKey } from '../base/ids.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { ApprovalRequest } from '../contracts/node-kind.ts';

/** A question of a run that nobody has answered. */
export interface Question {
  readonly task: TaskKey;
  readonly attempt: number;
  readonly request: ApprovalRequest;
  readonly askedAt: Instant;
  readonly deadline: Instant | null;
}

/** How a question was settled. */
export interface Settled {
  readonly attempt: number;
  readonly at: Instant;
  /** null: nobody answered in time, or the run was stopped. */
  readonly answer: { readonly approved: boolean; readonly by: string } | null;
}

/** What a run has asked people, folded from its journal. */
export interface Questions {
  /** Who started the run; null before its first event. */
  readonly startedBy: string | null;
  /** By task, in the order in which they were asked. */
  readonly open: ReadonlyMap<TaskKey, Question>;
  /** The last way in which each task's question was settled. */
  readonly settled: ReadonlyMap<TaskKey, Settled>;
}

/** The questions of a run, from its journal from the start. */
export async function questionsIn(events: AsyncIterable<RunEvent> | Iterable<RunEvent>): Promise<Questions> {
  let startedBy: string | null = null;
  const open = new Map<TaskKey, Question>();
  const settled = new Map<TaskKey, Settled>();
  const close = (task: TaskKey, at: Instant, answer: Settled['answer']): void => {
    const question = open.get(task);
    if (question && open.delete(task)) settled.set(task, { attempt: question.attempt, at, answer });
  };
  for await (const event of events) {
    switch (event.type) {
      case 'run.started':
        startedBy = event.by;
        break;
      case 'attempt.parked':
        if (event.until.type !== 'approval') break;
        open.set(event.task, {
          task: event.task,
          attempt: event.attempt,
          request: event.until.request,
          askedAt: event.at,
          deadline: event.until.deadline ?? null,
        });
        break;
      case 'attempt.woken':
        close(event.task, event.at, event.wake.type === 'answered' ? { approved: event.wake.approved, by: event.wake.by } : null);
        break;
      case 'attempt.cancelled':
        close(event.task, event.at, null);
        break;
    }
  }
  return { startedBy, open, settled };
}
