import { invariant } from '../base/assert.ts';
import { type Instant, itemKey, millis, type RunId, type TaskKey } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { EventBody, RunEvent, Value } from '../contracts/event.ts';
import type { PaidCall } from '../contracts/provider.ts';
import type { Decide, Decision, FanOutItems, InEvent, LoadedRun, RunState, TaskState, Write } from '../contracts/store.ts';
import type { ToolCalled } from '../contracts/tool.ts';

/** What may have something to come back. */
const BEGUN: ReadonlySet<TaskState['status']> = new Set(['opening', 'scheduled', 'running', 'backing_off', 'parked', 'looping', 'inside']);

/** The state of a run that has not begun. */
const NEW: RunState = {
  status: 'new',
  open: 0,
  unsettled: 0,
  failure: null,
  backingOff: [],
  parked: [],
  startedBy: null,
  inbox: 0,
  signals: [],
  asleep: millis(0),
};

/**
 * The state of one run, in maps. It is a fold over the journal and nothing else, so whoever drives a run keeps it here, and
 * whoever goes on with one makes it anew.
 */
export class RunMemory implements LoadedRun {
  run: RunState = NEW;
  /** Of the last event. */
  seq = 0;
  private readonly id: RunId;
  private readonly tasks = new Map<TaskKey, TaskState>();
  private readonly sources = new Map<TaskKey, number>();
  private readonly fanOuts = new Map<TaskKey, FanOutItems>();
  private readonly calls = new Map<TaskKey, PaidCall[]>();
  private readonly tools = new Map<TaskKey, ToolCalled[]>();

  constructor(id: RunId) {
    this.id = id;
  }

  task(key: TaskKey): TaskState | undefined {
    return this.tasks.get(key);
  }

  settledSources(node: TaskKey): number {
    return this.sources.get(node) ?? 0;
  }

  items(node: TaskKey): FanOutItems {
    return this.fanOuts.get(node) ?? { items: [] };
  }

  itemStates(node: TaskKey, count: number): readonly (TaskState | undefined)[] {
    return Array.from({ length: count }, (_, index) => this.tasks.get(itemKey(node, index)));
  }

  unsettledTasks(): readonly TaskKey[] {
    const keys: TaskKey[] = [];
    for (const [key, { status }] of this.tasks) if (BEGUN.has(status)) keys.push(key);
    return keys;
  }

  paidCalls(task: TaskKey): readonly PaidCall[] {
    return this.calls.get(task) ?? [];
  }

  toolCalls(task: TaskKey): readonly ToolCalled[] {
    return this.tools.get(task) ?? [];
  }

  /** Decides on an event and takes over what follows. A decision that throws leaves everything as it was. */
  advance(event: InEvent, decide: Decide): { readonly events: readonly RunEvent[]; readonly commands: Decision['commands'] } {
    const decision = decide(this, event);
    for (const write of decision.writes) this.apply(write);
    return { events: decision.events.map((body) => this.stamp(event.at, body)), commands: decision.commands };
  }

  /** Takes over an event from the journal. */
  replay(event: RunEvent, writes: readonly Write[]): void {
    for (const write of writes) this.apply(write);
    this.seq = event.seq;
  }

  private stamp(at: Instant, body: EventBody): RunEvent {
    this.seq += 1;
    return { run: this.id, seq: this.seq, at, ...body };
  }

  private apply(write: Write): void {
    switch (write.type) {
      case 'run':
        this.run = write.state;
        return;
      case 'task':
        this.tasks.set(write.key, write.state);
        return;
      case 'settled_sources':
        this.sources.set(write.node, write.count);
        return;
      case 'items':
        this.fanOuts.set(write.node, { items: listIn(write.items), ...(write.keys && { keys: write.keys }) });
        return;
      case 'paid_call': {
        const calls = this.calls.get(write.task) ?? [];
        // Up to the last turn all: what led there, such as that one candidate could not be reached, leads there again.
        const turns = write.turns ? calls.slice(0, calls.findLastIndex(({ reply }) => reply?.toolCalls) + 1) : [];
        if (write.paid !== null) this.calls.set(write.task, [...calls, write.paid]);
        else if (turns.length > 0) this.calls.set(write.task, turns);
        else {
          this.calls.delete(write.task);
          // Of a conversation that somebody was asked in, the turns before are not here.
          const spoken = write.turns ? this.toolCalls(write.task).filter(({ turn }) => turn !== undefined) : [];
          if (spoken.length > 0) this.tools.set(write.task, spoken);
          else this.tools.delete(write.task);
        }
        return;
      }
      case 'tool_call':
        this.tools.set(write.task, [...this.toolCalls(write.task), write.call]);
        return;
      case 'tool_call_again': {
        const begun = this.toolCalls(write.task).find(({ status, request }) => status === 'begun' && request === write.request);
        this.tools.set(
          write.task,
          this.toolCalls(write.task).filter((call) => call !== begun),
        );
      }
    }
  }
}

function listIn(value: Value): readonly Json[] {
  invariant('json' in value && Array.isArray(value.json), 'values are in place when they are applied');
  return value.json;
}
