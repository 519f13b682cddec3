import type { Command, Decide, InEvent } from '../contracts/store.ts';
import { Draft } from './draft.ts';
import { createKernel } from './kernel.ts';
import type { PlanIndex } from './plan-index.ts';

/**
 * One decision made of many: `then` follows the event, and what `answer` knows of a command follows that, without anybody
 * doing anything outside. Commands that have no answer are left to whoever goes on with the run. All of it is one commit.
 */
export function chained(index: PlanIndex, then: readonly InEvent[], answer: (command: Command) => readonly InEvent[]): Decide {
  const decide = createKernel(index);
  return (view, event) => {
    const draft = new Draft(index, view, event.at);
    const queue: InEvent[] = [event, ...then];
    // The list grows while it is walked.
    for (const next of queue) {
      const { events, commands } = decide(draft, next);
      for (const one of events) draft.emit(one);
      for (const command of commands) queue.push(...answer(command));
    }
    return draft.decision();
  };
}
