import type { Instant, TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Command, Decision, RunState, RunView, TaskState } from '../contracts/store.ts';
import { Changes } from './changes.ts';
import { apply } from './fold.ts';
import type { PlanIndex } from './plan-index.ts';

/**
 * A run's state as it will be once the decision being made is committed. The view below it is not touched.
 * A class, since one is made for every event of a run: closures made anew each time were a tenth of a step (bench).
 */
export class Draft implements RunView {
  private readonly changes: Changes;
  private readonly events: EventBody[] = [];
  private readonly commands: Command[] = [];

  constructor(index: PlanIndex, view: RunView, at: Instant) {
    this.changes = new Changes(index, view, at);
  }

  get run(): RunState {
    return this.changes.run;
  }

  task(key: TaskKey): TaskState | undefined {
    return this.changes.task(key);
  }

  settledSources(node: TaskKey): number {
    return this.changes.settledSources(node);
  }

  /** Records an event and lets it take effect in this draft. */
  emit(event: EventBody): void {
    this.events.push(event);
    apply(this.changes, event);
  }

  command(command: Command): void {
    this.commands.push(command);
  }

  /** Only what a step leaves behind is written, however often it changed on the way. */
  decision(): Decision {
    return { events: this.events, writes: this.changes.writes(), commands: this.commands };
  }
}
