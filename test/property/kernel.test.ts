import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instant, itemKey, runId, type TaskKey, taskKey } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { Failure } from '../../engine/contracts/failure.ts';
import type { Plan } from '../../engine/contracts/plan.ts';
import type { Command, InEvent, Opening, RunState, RunView, TaskState } from '../../engine/contracts/store.ts';
import { changesOf } from '../../engine/run/fold.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan, type PlanIndex } from '../../engine/run/plan-index.ts';
import { openMemoryStore } from '../../engine/store/memory.ts';
import { RunMemory } from '../../engine/store/run-memory.ts';
import { type NodeSketch, planOf } from '../support/plan-of.ts';

const RUN = runId('run_test');
const UNAVAILABLE: Failure = { type: 'unavailable', message: 'no answer' };

/** How the outside behaves towards one node. */
interface Behaviour extends NodeSketch {
  readonly count: number;
  readonly window: number;
  readonly maxFailures: number | null;
  /** For each item (or the node itself at 0): how many tries fail before one succeeds. */
  readonly failures: readonly number[];
  /** Its work waits once, for a time, before it ends. */
  readonly parks: boolean;
}

interface World {
  readonly plan: Plan;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
}

const world = (onFailure: 'stop' | 'finish_branches'): fc.Arbitrary<World> =>
  fc
    .array(
      fc.record({
        sources: fc.array(fc.record({ back: fc.nat(8), optional: fc.boolean() }), { maxLength: 3 }),
        any: fc.boolean(),
        skips: fc.constantFrom(undefined, undefined, true, false),
        ifSkipped: fc.boolean(),
        items: fc.constantFrom(false, false, true),
        count: fc.nat(6),
        window: fc.integer({ min: 1, max: 4 }),
        maxFailures: fc.constantFrom(null, 0, 2),
        failures: fc.array(fc.constantFrom(0, 0, 0, 1, 5), { minLength: 6, maxLength: 6 }),
        attempts: fc.integer({ min: 1, max: 3 }),
        onError: fc.constantFrom(
          { action: 'fail' as const },
          { action: 'fail' as const },
          { action: 'skip' as const },
          { action: 'value' as const, value: '0' },
        ),
        fallback: fc.boolean(),
        parks: fc.constantFrom(false, false, true),
      }),
      { minLength: 1, maxLength: 14 },
    )
    .map((raw) => {
      const behaviours = raw.map((one, at): Behaviour => {
        const after = new Map<string, string>();
        for (const source of one.sources) {
          const from = at - 1 - source.back;
          if (from >= 0) after.set(`n${from}`, source.optional ? `n${from}?` : `n${from}`);
        }
        const optional = [...after].filter(([, text]) => text.endsWith('?')).map(([id]) => id);
        return {
          id: `n${at}`,
          after: [...after.values()],
          ...(one.any && optional.length > 0 && { anyOf: optional }),
          ...(one.skips !== undefined && { skips: one.skips }),
          ifSkipped: one.ifSkipped,
          items: one.items,
          onError: one.onError,
          fallback: one.fallback,
          retry: { maxAttempts: one.attempts },
          count: one.count,
          window: one.window,
          maxFailures: one.maxFailures,
          failures: one.failures,
          parks: one.parks,
        };
      });
      return { plan: planOf(behaviours, { onFailure }), behaviours: new Map(behaviours.map((one) => [one.id, one])) };
    });

interface Driving {
  /** In [0, 1): which of what is outstanding comes back next. */
  readonly pick: () => number;
  readonly observe?: (seen: View) => void;
  /** Asked after every step: whether the process dies now, and another one goes on from the journal. */
  readonly dies?: () => boolean;
  /** Goes on with an earlier journal instead of starting. */
  readonly from?: { readonly events: readonly RunEvent[]; readonly event: InEvent };
}

/** Drives a run to its end. */
async function drive({ plan, behaviours }: World, { pick, observe, dies, from }: Driving): Promise<View> {
  const index = indexPlan(plan);
  const decide = createKernel(index);
  const events: RunEvent[] = [...(from?.events ?? [])];
  let memory = replayed(index, events);
  let outstanding: Command[] = [];
  /** How often each task's work came to its end. */
  const ended = new Map<string, number>();
  let now = 0;
  const send = (event: InEvent): void => {
    const advanced = memory.advance(event, decide);
    events.push(...advanced.events);
    outstanding.push(...advanced.commands);
    observe?.({ view: memory, events, ended });
  };
  send(from?.event ?? { type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(0) });
  for (let steps = 0; outstanding.length > 0; steps += 1) {
    expect(steps).toBeLessThan(10_000);
    if (dies?.()) {
      // All that is left is the journal.
      memory = replayed(index, events);
      outstanding = [];
      send({ type: 'resume', tasks: memory.unsettledTasks(), at: instant(now) });
      continue;
    }
    const [command] = outstanding.splice(Math.floor(pick() * outstanding.length), 1);
    now += 1;
    const at = instant(now);
    if (command?.type === 'open') send({ type: 'opened', node: command.node, opening: openingOf(behaviours, command.node, memory), at });
    else if (command?.type === 'timer') send({ type: 'due', task: command.task, attempt: command.attempt, at });
    else if (command?.type === 'outputs') send({ type: 'outputs', outcome: { outputs: {} }, at });
    else if (command?.type === 'call') {
      send({ type: 'started', task: command.task, attempt: command.attempt, at });
      if (dies?.()) {
        memory = replayed(index, events);
        outstanding = [];
        send({ type: 'resume', tasks: memory.unsettledTasks(), at });
        continue;
      }
      const { node, index: item } = partsOf(command.task);
      const behaviour = behaviours.get(node)!;
      const isValue = command.stage > (behaviour.fallback ? 1 : 0);
      // What has failed, by the journal: being interrupted is no failure.
      const failed = events.filter((event) => event.type === 'attempt.failed' && event.task === command.task).length;
      const fails = !isValue && failed < behaviour.failures[item]!;
      const state = memory.task(command.task);
      const parks = !fails && behaviour.parks && state?.status === 'running' && !state.woken;
      if (parks) {
        const until = { type: 'timer' as const, at: instant(now + 100) };
        send({
          type: 'done',
          task: command.task,
          attempt: command.attempt,
          outcome: { type: 'parked', until, memo: now },
          startedAt: at,
          at,
          roll: 0.5,
        });
        continue;
      }
      const outcome = fails
        ? { type: 'failure' as const, failure: UNAVAILABLE }
        : { type: 'output' as const, output: { json: command.task } };
      if (memory.task(command.task)?.status === 'running') ended.set(command.task, (ended.get(command.task) ?? 0) + 1);
      send({ type: 'done', task: command.task, attempt: command.attempt, outcome, startedAt: at, at, roll: 0.5 });
    }
  }
  return { view: memory, events, ended };
}

/** The state that a journal leads to. */
function replayed(index: PlanIndex, events: readonly RunEvent[]): RunMemory {
  const memory = new RunMemory(RUN);
  for (const event of events) memory.replay(event, changesOf(index, memory, event));
  return memory;
}

interface View {
  readonly view: RunMemory;
  readonly events: readonly RunEvent[];
  readonly ended: ReadonlyMap<string, number>;
}

function openingOf(behaviours: World['behaviours'], node: TaskKey, view: RunView): Opening {
  const behaviour = behaviours.get(node)!;
  const state = view.task(node);
  const output = behaviour.ifSkipped ? 'stand-in' : null;
  if (state?.status === 'opening' && state.skip !== undefined) return { type: 'skip', detail: state.skip, operands: {}, output };
  if (behaviour.skips) return { type: 'skip', detail: 'not wanted', operands: {}, output };
  if (!behaviour.items) return { type: 'run' };
  return {
    type: 'expand',
    items: Array.from({ length: behaviour.count }, (_, at) => at),
    window: behaviour.window,
    maxFailures: behaviour.maxFailures,
  };
}

function partsOf(task: string): { node: string; index: number } {
  const match = /^(\w+)(?:\[(\d+)\])?$/.exec(task)!;
  return { node: match[1]!, index: Number(match[2] ?? 0) };
}

/** What every node comes to, worked out in plan order from nothing but the rules of the language: slow, and obviously right. */
function oracle({ plan, behaviours }: World): ReadonlyMap<string, string> {
  const ends = new Map<string, string>();
  for (const node of plan.nodes) {
    const behaviour = behaviours.get(node.id)!;
    const of = (id: string): string => ends.get(id)!;
    const isSkip = (id: string): boolean => of(id) === 'skipped' || of(id) === 'skipped with a stand-in';
    const asSkipped = behaviour.ifSkipped ? 'skipped with a stand-in' : 'skipped';
    ends.set(node.id, endOf());
    function endOf(): string {
      if (node.after.some((edge) => ['failed', 'cancelled'].includes(of(edge.from)))) return 'cancelled';
      if (node.after.some((edge) => !edge.optional && of(edge.from) === 'skipped')) return asSkipped;
      if (node.anyOf?.every(isSkip)) return asSkipped;
      if (behaviour.skips) return asSkipped;
      const tries = (behaviour.retry?.maxAttempts ?? 1) + (behaviour.fallback ? 1 : 0);
      const gaveUp = (index: number): boolean => behaviour.failures[index]! >= tries;
      if (!behaviour.items) {
        if (!gaveUp(0) || behaviour.onError?.action === 'value') return 'succeeded';
        return behaviour.onError?.action === 'skip' ? 'skipped' : 'failed';
      }
      if (behaviour.onError?.action !== 'fail') return 'succeeded';
      const failed = Array.from({ length: behaviour.count }, (_, at) => gaveUp(at)).filter(Boolean).length;
      return failed > (behaviour.maxFailures ?? 0) ? 'failed' : 'succeeded';
    }
  }
  return ends;
}

/** A woken task starts again under the same number. */
function isWoken(events: readonly RunEvent[], start: string): boolean {
  return events.some((event) => event.type === 'attempt.woken' && `${event.task}~${event.attempt}` === start);
}

function endIn(view: RunView, id: string): string {
  const state = view.task(taskKey(id));
  if (state?.status !== 'skipped') return state?.status ?? 'absent';
  return state.guarded ? 'skipped with a stand-in' : 'skipped';
}

const SETTLED = ['succeeded', 'failed', 'skipped', 'cancelled'];

describe('the kernel', () => {
  test('comes to what the rules say, in whatever order the outside answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        world('finish_branches'),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (given, rolls) => {
          const { view, events } = await drive(given, { pick: () => rolls.next().value });
          const expected = oracle(given);
          for (const id of given.behaviours.keys()) expect([id, endIn(view, id)]).toEqual([id, expected.get(id)]);
          expect(view.run.status).toBe([...expected.values()].includes('failed') ? 'failed' : 'succeeded');
          expect(view.run.open).toBe(0);
          expect(view.run.unsettled).toBe(0);

          // The journal alone gives the same state.
          const rebuilt = replayed(indexPlan(given.plan), events);
          expect(rebuilt.run).toEqual(view.run);
          for (const id of given.behaviours.keys()) expect(rebuilt.task(taskKey(id))).toEqual(view.task(taskKey(id)));
        },
      ),
      { numRuns: 250 },
    );
  });

  test('at every step has begun exactly what a walk over everything would begin', async () => {
    await fc.assert(
      fc.asyncProperty(
        world('finish_branches'),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (given, rolls) => {
          await drive(given, {
            pick: () => rolls.next().value,
            observe: ({ view }) => {
              if (view.run.status !== 'running') return;
              for (const node of given.plan.nodes) {
                const ready = node.after.every((edge) => SETTLED.includes(view.task(taskKey(edge.from))?.status ?? ''));
                expect([node.id, view.task(taskKey(node.id)) !== undefined]).toEqual([node.id, ready]);
                const state = view.task(taskKey(node.id));
                if (state?.status !== 'expanded') continue;
                const items = Array.from({ length: state.count }, (_, at) => view.task(itemKey(taskKey(node.id), at))?.status);
                const inFlight = items.filter((status) => status !== undefined && !SETTLED.includes(status)).length;
                expect(inFlight).toBeLessThanOrEqual(state.window);
                if (!state.closed && items.includes(undefined)) expect(inFlight).toBe(state.window);
              }
            },
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('always ends, with nothing open, when a failure stops the run', async () => {
    await fc.assert(
      fc.asyncProperty(world('stop'), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (given, rolls) => {
        const { view, events } = await drive(given, { pick: () => rolls.next().value });
        expect(['succeeded', 'failed']).toContain(view.run.status);
        expect([view.run.open, view.run.unsettled]).toEqual([0, 0]);
        const started = new Set<string>();
        for (const event of events) {
          if (event.type === 'attempt.started') started.add(`${event.task}~${event.attempt}`);
          // What is given up may not have begun.
          if (event.type === 'attempt.cancelled') started.delete(`${event.task}~${event.attempt}`);
          if (event.type === 'attempt.succeeded' || event.type === 'attempt.failed' || event.type === 'attempt.parked')
            expect(started.delete(`${event.task}~${event.attempt}`)).toBe(true);
        }
        expect([...started]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('killed at any moment, and any number of times, it comes to the same, and nothing that ended is done again', async () => {
    await fc.assert(
      fc.asyncProperty(
        world('finish_branches'),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        fc.infiniteStream(fc.integer({ min: 0, max: 5 })),
        async (given, rolls, deaths) => {
          let left = 12;
          const dies = (): boolean => {
            if (left === 0 || deaths.next().value > 0) return false;
            left -= 1;
            return true;
          };
          const { view, events, ended } = await drive(given, { pick: () => rolls.next().value, dies });
          const expected = oracle(given);
          for (const id of given.behaviours.keys()) expect([id, endIn(view, id)]).toEqual([id, expected.get(id)]);
          expect([view.run.open, view.run.unsettled, view.run.parked, view.run.backingOff]).toEqual([0, 0, [], []]);
          const succeeded = events.filter((event) => event.type === 'attempt.succeeded').map((event) => event.task);
          expect(new Set(succeeded).size).toBe(succeeded.length);
          const starts = events.filter((event) => event.type === 'attempt.started').map((event) => `${event.task}~${event.attempt}`);
          expect(starts.filter((start, at) => starts.indexOf(start) !== at && !isWoken(events, start))).toEqual([]);
          for (const [task, times] of ended) {
            const failures = events.filter((event) => event.type === 'attempt.failed' && event.task === task).length;
            expect([task, times]).toEqual([task, failures + (succeeded.includes(taskKey(task)) ? 1 : 0)]);
          }
        },
      ),
      { numRuns: 250 },
    );
  });

  test('a run that failed and is reopened does again what had not succeeded, and only that', async () => {
    await fc.assert(
      fc.asyncProperty(world('stop'), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (given, rolls) => {
        const first = await drive(given, { pick: () => rolls.next().value });
        fc.pre(first.view.run.status === 'failed');
        const before = first.events.length;
        const index = indexPlan(given.plan);
        // The outside works now.
        const healed: World = {
          plan: given.plan,
          behaviours: new Map([...given.behaviours].map(([id, one]) => [id, { ...one, failures: one.failures.map(() => 0) }])),
        };
        const { view, events } = await drive(healed, {
          pick: () => rolls.next().value,
          from: { events: first.events, event: { type: 'reopen', at: instant(0) } },
        });
        expect(view.run.status).toBe('succeeded');
        expect([view.run.open, view.run.unsettled]).toEqual([0, 0]);
        const done = (event: RunEvent): readonly string[] => (event.type === 'attempt.succeeded' ? [event.task] : []);
        const again = events.slice(before).flatMap(done);
        expect(again.filter((task) => events.slice(0, before).flatMap(done).includes(taskKey(task)))).toEqual([]);
        const starts = events.filter((event) => event.type === 'attempt.started').map((event) => `${event.task}~${event.attempt}`);
        expect(starts.filter((start, at) => starts.indexOf(start) !== at && !isWoken(events, start))).toEqual([]);
        expect(replayed(index, events).run).toEqual(view.run);
      }),
      { numRuns: 200 },
    );
  });

  test('hearing the same thing twice changes nothing', async () => {
    const plan = planOf([{ id: 'a' }, { id: 'b', after: ['a'] }]);
    const store = openMemoryStore();
    const decide = createKernel(indexPlan(plan));
    await store.create({ id: RUN, plan, file: 'test.workflow.yml', at: instant(0) });
    await store.advance(RUN, { type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(0) }, decide);
    await store.advance(RUN, { type: 'started', task: taskKey('a'), attempt: 1, at: instant(1) }, decide);
    const done: InEvent = {
      type: 'done',
      task: taskKey('a'),
      attempt: 1,
      outcome: { type: 'output', output: { json: 1 } },
      startedAt: instant(1),
      at: instant(2),
      roll: 0,
    };
    const first = await store.advance(RUN, done, decide);
    expect(first.events.map((event) => event.type)).toEqual(['attempt.succeeded', 'node.succeeded', 'attempt.scheduled']);
    expect(await store.advance(RUN, done, decide)).toEqual({ events: [], commands: [] });
    expect(await store.advance(RUN, { type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(3) }, decide)).toEqual({
      events: [],
      commands: [],
    });
  });

  test('asks as little about a fan-out of 100,000 items as about one of 10', () => {
    expect(questionsPerItem(100_000)).toEqual(questionsPerItem(10));
  });
});

/** How much of the state one finished item in the middle of a fan-out makes the kernel read and write. */
function questionsPerItem(count: number): { reads: number; writes: number } {
  const plan = planOf([
    { id: 'a', items: true },
    { id: 'b', after: ['a'] },
  ]);
  const tasks = new Map<TaskKey, TaskState>([
    [taskKey('a'), { status: 'expanded', count, next: 6, settled: 2, failed: 0, window: 4, maxFailures: null, closed: false, first: null }],
    [taskKey('a[5]'), { status: 'running', attempt: 1, stage: 0, stageAttempt: 1 }],
  ]);
  const run: RunState = {
    status: 'running',
    open: 4,
    unsettled: 2,
    failure: null,
    backingOff: [],
    parked: [],
    startedBy: null,
    inbox: 0,
    signals: [],
  };
  let reads = 0;
  const view: RunView = {
    run,
    task(key) {
      reads += 1;
      return tasks.get(key);
    },
    settledSources: () => 0,
  };
  const decision = createKernel(indexPlan(plan))(view, {
    type: 'done',
    task: taskKey('a[5]'),
    attempt: 1,
    outcome: { type: 'output', output: { json: 1 } },
    startedAt: instant(0),
    at: instant(1),
    roll: 0,
  });
  expect(decision.events.map((event) => event.type)).toEqual(['attempt.succeeded', 'attempt.scheduled']);
  return { reads, writes: decision.writes.length };
}
