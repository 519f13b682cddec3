import { describe, expect, test } from 'vitest';
import { instant, itemKey, type TaskKey, taskKey } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { InEvent, RunState, RunView, TaskState } from '../../engine/contracts/store.ts';
import { changesOf } from '../../engine/run/fold.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { openMemoryStore } from '../../engine/store/memory.ts';
import { RunMemory } from '../../engine/store/run-memory.ts';
import { endIn, miscounts, oracle, SETTLED, stateOf } from '../support/kernel-oracle.ts';
import { addressOf, drive, healed, RUN, replayed, type View, type World, world } from '../support/kernel-world.ts';
import { planOf } from '../support/plan-of.ts';
import { fc } from '../support/properties.ts';

/** Numbers in [0, 1), each as likely as any other: doubles are drawn by their bits, and most of them are next to nothing. */
const rolls = (): fc.Arbitrary<fc.Stream<number>> =>
  fc.infiniteStream(fc.noBias(fc.integer({ min: 0, max: 999 })).map((thousandths) => thousandths / 1000));

/** Says yes now and then, and not more often than so many times. */
function sometimes(stream: fc.Stream<number>, most: number): () => boolean {
  let left = most;
  return () => {
    if (left === 0 || stream.next().value > 0.12) return false;
    left -= 1;
    return true;
  };
}

const done = (event: RunEvent): readonly string[] => (event.type === 'attempt.succeeded' ? [event.task] : []);

/** What was begun more often than once under the same number; a woken task begins again under its own. */
function begunTwice(events: readonly RunEvent[]): readonly string[] {
  const woken = new Set(events.flatMap((event) => (event.type === 'attempt.woken' ? [`${event.task}~${event.attempt}`] : [])));
  const starts = events.flatMap((event) => (event.type === 'attempt.started' ? [`${event.task}~${event.attempt}`] : []));
  const seen = new Set<string>();
  return starts.filter((start) => !woken.has(start) && seen.size === seen.add(start).size);
}

/** Fan-outs of which not as many items are at work as may be: one, until something was heard of any, where one goes first. */
function wrongWindows({ plan, behaviours }: World, view: RunView, events: readonly RunEvent[]): readonly string[] {
  if (view.run.status !== 'running') return [];
  const reopened = events.findLastIndex(({ type }) => type === 'run.reopened');
  const heard = new Set(events.slice(reopened + 1).flatMap(heardIn));
  return plan.nodes.flatMap(({ id }) => {
    const state = view.task(taskKey(id));
    if (state?.status !== 'expanded') return [];
    const items = Array.from({ length: state.count }, (_, at) => view.task(itemKey(taskKey(id), at))?.status);
    const waiting = items.filter((status) => status === undefined || status === 'reopened').length;
    const inFlight = items.length - waiting - items.filter((status) => SETTLED.includes(status)).length;
    const most = behaviours.get(id)!.warmsUp && !heard.has(id) ? 1 : state.window;
    const isRight = state.closed || waiting === 0 ? inFlight <= most : inFlight === most;
    return isRight ? [] : [`${inFlight} of ${id} are at work, and ${waiting} wait; at most ${most} may be`];
  });
}

/** The outermost fan-out of which something was heard: an answer of a model, or how a try of an item, or inside of one, has ended. */
function heardIn(event: RunEvent): readonly string[] {
  if (!HEARD.has(event.type) || !('task' in event)) return [];
  const [node = '', item] = event.task.split('[');
  return item === undefined || node.includes('/') || node.includes('#') ? [] : [node];
}

const HEARD: ReadonlySet<RunEvent['type']> = new Set(['model.called', 'attempt.succeeded', 'attempt.parked', 'attempt.failed']);

function twice(keys: readonly string[]): readonly string[] {
  return keys.filter((key, at) => keys.indexOf(key) !== at);
}

const NOTHING_LEFT = [0, 0, [], []];

function left({ view: { run } }: View): unknown {
  return [run.open, run.unsettled, run.parked, run.backingOff];
}

describe('the kernel', () => {
  test('comes to what the rules say, in whatever order the outside answers', async () => {
    await fc.assert(
      fc.asyncProperty(world('finish_branches'), rolls(), async (given, order) => {
        const seen = await drive(given, { pick: () => order.next().value });
        const { view, events } = seen;
        const expected = oracle(given);
        for (const key of expected.keys()) expect([key, endIn(view, key)]).toEqual([key, expected.get(key)]);
        const isFailed = given.roots.some(({ id }) => expected.get(id) === 'failed');
        expect(view.run.status).toBe(isFailed ? 'failed' : 'succeeded');
        expect(left(seen)).toEqual(NOTHING_LEFT);
        // The journal alone gives the same state.
        expect(stateOf(replayed(indexPlan(given.plan), events))).toEqual(stateOf(view));
      }),
      { numRuns: 400 },
    );
  });

  test('inside a body that stops at a failure it comes to the same', async () => {
    await fc.assert(
      fc.asyncProperty(world('stop'), rolls(), async (given, order) => {
        const expected = oracle(given);
        fc.pre(!given.roots.some(({ id }) => expected.get(id) === 'failed'));
        const { view } = await drive(given, { pick: () => order.next().value });
        for (const key of expected.keys()) expect([key, endIn(view, key)]).toEqual([key, expected.get(key)]);
        expect(view.run.status).toBe('succeeded');
      }),
      { numRuns: 200 },
    );
  });

  test('counts right at every step, and the journal so far gives the state so far', async () => {
    const property = (onFailure: 'stop' | 'finish_branches'): fc.IAsyncProperty<unknown> =>
      fc.asyncProperty(world(onFailure), rolls(), rolls(), rolls(), async (given, order, deaths, wishes) => {
        const index = indexPlan(given.plan);
        const mirror = new RunMemory(RUN);
        let read = 0;
        await drive(given, {
          pick: () => order.next().value,
          dies: sometimes(deaths, 2),
          stops: () => wishes.next().value < 0.01,
          observe: ({ view, events }) => {
            for (const event of events.slice(read)) mirror.replay(event, changesOf(index, mirror, event, event.at));
            read = events.length;
            expect(miscounts(view, given.plan)).toEqual([]);
            expect(stateOf(mirror)).toEqual(stateOf(view));
          },
        });
      });
    await fc.assert(property('finish_branches'), { numRuns: 40 });
    await fc.assert(property('stop'), { numRuns: 40 });
  });

  test('at every step has begun exactly what a walk over everything would begin', async () => {
    await fc.assert(
      fc.asyncProperty(world('finish_branches'), rolls(), rolls(), async (given, order, deaths) => {
        await drive(given, {
          pick: () => order.next().value,
          dies: sometimes(deaths, 3),
          observe: ({ view, events }) => {
            if (view.run.status !== 'running') return;
            for (const node of given.plan.nodes) {
              const ready = node.after.every((edge) => SETTLED.includes(view.task(taskKey(edge.from))?.status));
              expect([node.id, view.task(taskKey(node.id)) !== undefined]).toEqual([node.id, ready]);
            }
            expect(wrongWindows(given, view, events)).toEqual([]);
          },
        });
      }),
      { numRuns: 100 },
    );
  });

  test('always ends, with nothing open, when a failure or a wish stops the run', async () => {
    await fc.assert(
      fc.asyncProperty(world('stop'), rolls(), rolls(), async (given, order, wishes) => {
        const seen = await drive(given, { pick: () => order.next().value, stops: () => wishes.next().value < 0.01 });
        expect(['succeeded', 'failed', 'cancelled']).toContain(seen.view.run.status);
        expect(left(seen)).toEqual(NOTHING_LEFT);
        const started = new Set<string>();
        for (const event of seen.events) {
          if (event.type === 'attempt.started') started.add(`${event.task}~${event.attempt}`);
          // What is given up may not have begun.
          if (event.type === 'attempt.cancelled') started.delete(`${event.task}~${event.attempt}`);
          if (event.type === 'node.cancelled') for (const start of started) if (start.startsWith(`${event.node}~`)) started.delete(start);
          if (
            event.type === 'attempt.succeeded' ||
            event.type === 'attempt.failed' ||
            event.type === 'attempt.skipped' ||
            event.type === 'attempt.parked'
          )
            expect([event.type, event.task, started.delete(`${event.task}~${event.attempt}`)]).toEqual([event.type, event.task, true]);
        }
        expect([...started]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('killed at any moment, and any number of times, it comes to the same, and nothing that ended is done again', async () => {
    await fc.assert(
      fc.asyncProperty(world('finish_branches'), rolls(), rolls(), async (given, order, deaths) => {
        const seen = await drive(given, { pick: () => order.next().value, dies: sometimes(deaths, 12) });
        const { view, events, ended } = seen;
        const expected = oracle(given);
        for (const key of expected.keys()) expect([key, endIn(view, key)]).toEqual([key, expected.get(key)]);
        expect(left(seen)).toEqual(NOTHING_LEFT);
        const succeeded = events.flatMap(done);
        expect(twice(succeeded)).toEqual([]);
        expect(begunTwice(events)).toEqual([]);
        for (const [task, times] of ended) {
          const failures = events.filter((event) => event.type === 'attempt.failed' && event.task === task).length;
          // A body that fails makes its own tries fail as well, and its fallback counts on.
          const bodies = events.filter((event) => event.type === 'attempt.failing' && event.task === task).length;
          const itself = succeeded.includes(task) ? 1 : 0;
          if (bodies === 0) expect([task, times]).toEqual([task, failures + itself]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a run that failed or was stopped and is reopened does again what had not succeeded, and only that', async () => {
    await fc.assert(
      fc.asyncProperty(world('stop', { once: true }), rolls(), rolls(), rolls(), async (given, order, wishes, deaths) => {
        const first = await drive(given, { pick: () => order.next().value, stops: () => wishes.next().value < 0.01 });
        fc.pre(first.view.run.status !== 'succeeded');
        const index = indexPlan(given.plan);
        // The outside works now; a second wish comes, and a third chance.
        const mended = healed(given);
        const second = await drive(mended, {
          pick: () => order.next().value,
          stops: () => wishes.next().value < 0.01,
          dies: sometimes(deaths, 2),
          observe: ({ view, events }) => expect(wrongWindows(mended, view, events)).toEqual([]),
          from: { events: first.events, event: { type: 'reopen', at: instant(0) } },
        });
        const last =
          second.view.run.status === 'succeeded'
            ? second
            : await drive(mended, {
                pick: () => order.next().value,
                from: { events: second.events, event: { type: 'reopen', at: instant(0) } },
              });
        expect(last.view.run.status).toBe('succeeded');
        expect(left(last)).toEqual(NOTHING_LEFT);
        const { events } = last;
        // Nothing that succeeded inside what did not, in no item and no round.
        expect(twice(events.flatMap(done).map(addressOf))).toEqual([]);
        expect(begunTwice(events)).toEqual([]);
        expect(stateOf(replayed(index, events))).toEqual(stateOf(last.view));
      }),
      { numRuns: 300 },
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
  const run: RunState = { ...new RunMemory(RUN).run, status: 'running', open: 4, unsettled: 2 };
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
