import type { TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Command, Decision, RunState, RunView, TaskState, Write } from '../contracts/store.ts';
import { changesOf } from './fold.ts';
import type { PlanIndex } from './plan-index.ts';

/** A run's state as it will be once the decision being made is committed. The view below it is not touched. */
export interface Draft extends RunView {
  /** Records an event and lets it take effect in this draft. */
  emit(event: EventBody): void;
  command(command: Command): void;
  decision(): Decision;
}

export function draftOf(index: PlanIndex, view: RunView): Draft {
  let run: RunState = view.run;
  const tasks = new Map<TaskKey, TaskState>();
  const sources = new Map<TaskKey, number>();
  const events: EventBody[] = [];
  const others: Write[] = [];
  const commands: Command[] = [];

  const draft: Draft = {
    get run() {
      return run;
    },
    task: (key) => tasks.get(key) ?? view.task(key),
    settledSources: (node) => sources.get(node) ?? view.settledSources(node),
    emit(event) {
      events.push(event);
      for (const write of changesOf(index, draft, event)) {
        if (write.type === 'run') run = write.state;
        else if (write.type === 'task') tasks.set(write.key, write.state);
        else if (write.type === 'settled_sources') sources.set(write.node, write.count);
        else others.push(write);
      }
    },
    command: (command) => void commands.push(command),
    decision() {
      // Only what a step leaves behind is written, however often it changed on the way.
      const writes: Write[] = [...others];
      for (const [key, state] of tasks) writes.push({ type: 'task', key, state });
      for (const [node, count] of sources) writes.push({ type: 'settled_sources', node, count });
      if (run !== view.run) writes.push({ type: 'run', state: run });
      return { events, writes, commands };
    },
  };
  return draft;
}
