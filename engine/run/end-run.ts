import type { Instant, RunId } from '../base/ids.ts';
import type { Store } from '../contracts/store.ts';
import { chained } from './chained.ts';
import type { PlanIndex } from './plan-index.ts';

/**
 * Ends a loaded run that nobody drives: what was in flight is given up, what waits is not waited for, and nothing is called.
 * False when only its outputs are still to be evaluated: then it is as good as done, and must be resumed.
 */
export async function endRun(index: PlanIndex, store: Store, run: RunId, by: string, at: Instant): Promise<boolean> {
  const tasks = await store.unsettledTasks(run);
  const decide = chained(index, [{ type: 'resume', tasks, at }], (command) => {
    if (command.type === 'open') {
      const failure = { type: 'cancelled', message: 'the run was stopped' } as const;
      return [{ type: 'opened', node: command.node, opening: { type: 'failed', failure }, at }];
    }
    switch (command.type) {
      case 'call':
        return [{ type: 'started', task: command.task, attempt: command.attempt, at }];
      // Nothing begins in a run that is stopped: what was being looked at is given up instead.
      case 'enter':
        return [{ type: 'entered', task: command.task, attempt: command.attempt, entry: { type: 'inside' }, at }];
      case 'leave': {
        const { task, attempt } = command;
        const outcome = { type: 'failure', failure: { type: 'cancelled', message: 'the run was stopped' } } as const;
        return [{ type: 'done', task, attempt, outcome, startedAt: at, at, roll: 0 }];
      }
      case 'turn':
        return [{ type: 'turned', task: command.task, round: command.round, turn: { type: 'again', memory: null }, at }];
      default:
        return [];
    }
  });
  await store.advance(run, { type: 'cancel', by, at }, decide);
  const { status } = await store.state(run);
  return status === 'cancelled' || status === 'failed' || status === 'succeeded';
}
