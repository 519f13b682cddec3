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
    return command.type === 'call' ? [{ type: 'started', task: command.task, attempt: command.attempt, at }] : [];
  });
  await store.advance(run, { type: 'cancel', by, at }, decide);
  const { status } = await store.state(run);
  return status === 'cancelled' || status === 'failed' || status === 'succeeded';
}
