import { type Instant, instant, type TaskKey } from '../base/ids.ts';
import type { KeptState, TaskState } from '../contracts/store.ts';
import { type Changes, lastAttempt } from './changes.ts';
import { rememberedOfStopped } from './remembered.ts';

/** When the time of a body is up that begins now. */
export function dueOf(changes: Changes, task: TaskKey, stage: number): { readonly due?: Instant } {
  const timeout = changes.index.at(task).node.stages[stage]?.timeout;
  return timeout === undefined ? {} : { due: instant(changes.now() + timeout) };
}

/** What a task is that has another chance: what holds others goes on from where it was, anything else is as if it had never begun. */
export function reopened(changes: Changes, key: TaskKey, redo: readonly number[]): TaskState {
  const before = changes.task(key);
  const kept: KeptState | undefined = before && 'kept' in before ? before.kept : undefined;
  switch (kept?.status) {
    case 'expanded':
      return {
        ...kept,
        settled: kept.next - redo.length,
        failed: 0,
        closed: false,
        first: null,
        redo,
        // What was kept is forgotten by now: one goes first again.
        ...(kept.warmUp && { warmUp: 'wanted' as const }),
      };
    case 'looping':
      return { ...kept, turning: false };
    case 'inside': {
      const { failing: _, finishing: __, due: ___, still: ____, ...rest } = kept;
      return { ...rest, unsettled: 0, open: 0, leaving: false, ...dueOf(changes, key, kept.stage) };
    }
    default:
      return {
        status: 'reopened',
        attempt: lastAttempt(before).attempt ?? 0,
        ...rememberedOfStopped(before),
        ...(before?.status === 'failed' && before.failure.type === 'in_doubt' && { doubt: true }),
      };
  }
}
