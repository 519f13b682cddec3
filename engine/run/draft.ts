import type { Instant, TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Command, Decision, RunState, RunView, TaskState, Write } from '../contracts/store.ts';
import { changesOf } from './fold.ts';
import type { PlanIndex } from './plan-index.ts';

/**
 * A run's state as it will be once the decision being made is committed. The view below it is not touched.
 * A class, since one is made for every event of a run: closures made anew each time were a tenth of a step (bench).
 */
export class Draft implements RunView {
  run: RunState;
  private readonly index: PlanIndex;
  private readonly view: RunView;
  private readonly at: Instant;
  private readonly tasks = new Map<TaskKey, TaskState>();
  private readonly sources = new Map<TaskKey, number>();
  private readonly events: EventBody[] = [];
  private readonly others: Write[] = [];
  private readonly commands: Command[] = [];

  constructor(index: PlanIndex, view: RunView, at: Instant) {
    this.index = index;
    this.view = view;
    this.at = at;
    this.run = view.run;
  }

  task(key: TaskKey): TaskState | undefined {
    return this.tasks.get(key) ?? this.view.task(key);
  }

  settledSources(node: TaskKey): number {
    return this.sources.get(node) ?? this.view.settledSources(node);
  }

  /** Records an event and lets it take effect in this draft. */
  emit(event: EventBody): void {
    this.events.push(event);
    for (const write of changesOf(this.index, this, event, this.at)) {
      if (write.type === 'run') this.run = write.state;
      else if (write.type === 'task') this.tasks.set(write.key, write.state);
      else if (write.type === 'settled_sources') this.sources.set(write.node, write.count);
      else this.others.push(write);
    }
  }

  command(command: Command): void {
    this.commands.push(command);
  }

  /** Only what a step leaves behind is written, however often it changed on the way. */
  decision(): Decision {
    const writes = this.others;
    for (const [key, state] of this.tasks) writes.push({ type: 'task', key, state });
    for (const [node, count] of this.sources) writes.push({ type: 'settled_sources', node, count });
    if (this.run !== this.view.run) writes.push({ type: 'run', state: this.run });
    return { events: this.events, writes, commands: this.commands };
  }
}
