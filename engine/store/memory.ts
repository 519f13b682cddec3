import { invariant } from '../base/assert.ts';
import { type Instant, itemKey, type RunId, type TaskKey } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { RunEvent, Value } from '../contracts/event.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Advanced, Decide, FanOutItems, InEvent, RunState, RunView, Store, TaskState, Write } from '../contracts/store.ts';

/** A store that lives as long as its process: for tests, and for runs nobody wants to resume. */
export function openMemoryStore(): Store {
  const runs = new Map<RunId, MemoryRun>();
  const runAt = (id: RunId): MemoryRun => {
    const run = runs.get(id);
    invariant(run, `no run ${id}`);
    return run;
  };
  return {
    async create(id: RunId, plan: Plan, _at: Instant): Promise<void> {
      invariant(!runs.has(id), `run ${id} exists`);
      runs.set(id, newRun(id, plan));
    },
    async advance(id: RunId, event: InEvent, decide: Decide): Promise<Advanced> {
      return advance(runAt(id), event, decide);
    },
    async task(id: RunId, key: TaskKey): Promise<TaskState | undefined> {
      return runAt(id).tasks.get(key);
    },
    async itemStates(id: RunId, node: TaskKey, count: number): Promise<readonly (TaskState | undefined)[]> {
      const { tasks } = runAt(id);
      return Array.from({ length: count }, (_, index) => tasks.get(itemKey(node, index)));
    },
    async items(id: RunId, node: TaskKey): Promise<FanOutItems> {
      return runAt(id).items.get(node) ?? { items: [] };
    },
    journal: {
      async *read(id: RunId, after = 0): AsyncIterable<RunEvent> {
        yield* runAt(id).events.slice(after);
      },
    },
    async close(): Promise<void> {
      runs.clear();
    },
  };
}

interface MemoryRun {
  readonly id: RunId;
  readonly plan: Plan;
  state: RunState;
  readonly tasks: Map<TaskKey, TaskState>;
  readonly sources: Map<TaskKey, number>;
  readonly items: Map<TaskKey, FanOutItems>;
  readonly events: RunEvent[];
  readonly view: RunView;
}

function newRun(id: RunId, plan: Plan): MemoryRun {
  const tasks = new Map<TaskKey, TaskState>();
  const sources = new Map<TaskKey, number>();
  const run: MemoryRun = {
    id,
    plan,
    state: { status: 'new', open: 0, unsettled: 0, failure: null, backingOff: [] },
    tasks,
    sources,
    items: new Map(),
    events: [],
    view: {
      get run() {
        return run.state;
      },
      task: (key) => tasks.get(key),
      settledSources: (node) => sources.get(node) ?? 0,
    },
  };
  return run;
}

function advance(run: MemoryRun, event: InEvent, decide: Decide): Advanced {
  const decision = decide(run.view, event);
  for (const write of decision.writes) apply(run, write);
  const events: RunEvent[] = [];
  for (const body of decision.events) {
    const stamped: RunEvent = { run: run.id, seq: run.events.length + 1, at: event.at, ...body };
    run.events.push(stamped);
    events.push(stamped);
  }
  return { events, commands: decision.commands };
}

function apply(run: MemoryRun, write: Write): void {
  switch (write.type) {
    case 'run':
      run.state = write.state;
      return;
    case 'task':
      run.tasks.set(write.key, write.state);
      return;
    case 'settled_sources':
      run.sources.set(write.node, write.count);
      return;
    case 'items':
      run.items.set(write.node, { items: listIn(write.items), ...(write.keys && { keys: write.keys }) });
  }
}

function listIn(value: Value): readonly Json[] {
  invariant('json' in value && Array.isArray(value.json), 'the memory store keeps values in place');
  return value.json;
}
