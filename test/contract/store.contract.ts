import { describe, expect, test } from 'vitest';
import { instant, itemKey, millis, nanoUsd, type RunId, runId, taskKey } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { Decide, InEvent, Store } from '../../engine/contracts/store.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { planOf } from '../support/plan-of.ts';

const PLAN = planOf([{ id: 'a' }, { id: 'all', after: ['a'], items: true }, { id: 'b', after: ['all'] }]);
const ONE = runId('run_one');
const TWO = runId('run_two');
const START: InEvent = { type: 'start', inputs: { topic: 'x' }, simulated: false, by: 'ada', at: instant(1) };

/** What every store must do; `open` gives a fresh, empty one. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    const decide: Decide = createKernel(indexPlan(PLAN));
    const withStore = async (body: (store: Store) => Promise<void>): Promise<void> => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    };
    const begin = async (store: Store, run: RunId): Promise<void> => {
      await store.create({ id: run, plan: PLAN, file: '/w/test.workflow.yml', at: instant(0) });
      expect(await store.runs.claim(run, 'me', instant(0), instant(0))).toBe(true);
    };
    const eventsOf = async (store: Store, run = ONE, after?: number): Promise<RunEvent[]> => {
      const events: RunEvent[] = [];
      for await (const event of store.journal.read(run, after)) events.push(event);
      return events;
    };
    const done = (task: string, at: number, json: number | string): InEvent => ({
      type: 'done',
      task: taskKey(task),
      attempt: 1,
      outcome: { type: 'output', output: { json } },
      startedAt: instant(at),
      at: instant(at),
      roll: 0,
    });
    /** Runs the plan up to two items of `all`, the second of them done. */
    const runSome = async (store: Store): Promise<void> => {
      await begin(store, ONE);
      await store.advance(ONE, START, decide);
      await store.advance(ONE, { type: 'started', task: taskKey('a'), attempt: 1, at: instant(2) }, decide);
      await store.advance(ONE, done('a', 3, 'A'), decide);
      const opening = { type: 'expand' as const, items: ['x', 'y', 'z'], keys: ['kx', 'ky', 'kz'], window: 2, maxFailures: null };
      await store.advance(ONE, { type: 'opened', node: taskKey('all'), opening, at: instant(4) }, decide);
      await store.advance(ONE, { type: 'started', task: taskKey('all[1]'), attempt: 1, at: instant(5) }, decide);
      await store.advance(ONE, done('all[1]', 6, 'Y'), decide);
    };

    test('numbers the events of a run from 1, without gaps, each run by itself', () =>
      withStore(async (store) => {
        await runSome(store);
        await begin(store, TWO);
        await store.advance(TWO, START, decide);
        const events = await eventsOf(store);
        expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
        expect(events.slice(0, 4)).toEqual([
          {
            run: ONE,
            seq: 1,
            at: 1,
            type: 'run.started',
            workflow: 'test',
            plan: 'test',
            inputs: { topic: 'x' },
            simulated: false,
            by: 'ada',
          },
          { run: ONE, seq: 2, at: 1, type: 'attempt.scheduled', task: 'a', attempt: 1, stage: 0, stageAttempt: 1 },
          { run: ONE, seq: 3, at: 2, type: 'attempt.started', task: 'a', attempt: 1 },
          { run: ONE, seq: 4, at: 3, type: 'attempt.succeeded', task: 'a', attempt: 1, output: { json: 'A' }, duration: 0 },
        ]);
        expect((await eventsOf(store, TWO)).map((event) => [event.seq, event.type])).toEqual([
          [1, 'run.started'],
          [2, 'attempt.scheduled'],
        ]);
      }));

    test('reads a journal from any point', () =>
      withStore(async (store) => {
        await runSome(store);
        const all = await eventsOf(store);
        expect(await eventsOf(store, ONE, 5)).toEqual(all.slice(5));
        expect(await eventsOf(store, ONE, all.length)).toEqual([]);
      }));

    test('gives back what was decided, and keeps the state it leads to', () =>
      withStore(async (store) => {
        await runSome(store);
        expect(await store.task(ONE, taskKey('a'))).toEqual({ status: 'succeeded', output: { json: 'A' } });
        expect(await store.task(ONE, taskKey('all'))).toMatchObject({ status: 'expanded', count: 3, next: 3, settled: 1, failed: 0 });
        expect(await store.task(ONE, taskKey('b'))).toBeUndefined();
        expect(await store.items(ONE, taskKey('all'))).toEqual({ items: ['x', 'y', 'z'], keys: ['kx', 'ky', 'kz'] });
        expect((await store.itemStates(ONE, taskKey('all'), 3)).map((state) => state?.status)).toEqual([
          'scheduled',
          'succeeded',
          'scheduled',
        ]);
        const { commands } = await store.advance(ONE, { type: 'cancel', by: 'user', at: instant(7) }, decide);
        expect(commands).toEqual([]);
      }));

    test('takes an event it has heard before for what it is', () =>
      withStore(async (store) => {
        await runSome(store);
        const before = await eventsOf(store);
        expect(await store.advance(ONE, done('all[1]', 9, 'again'), decide)).toEqual({ events: [], commands: [] });
        expect(await eventsOf(store)).toEqual(before);
      }));

    test('a decision that throws leaves nothing behind', () =>
      withStore(async (store) => {
        await runSome(store);
        const before = await eventsOf(store);
        const broken: Decide = () => {
          throw new Error('no');
        };
        await expect(store.advance(ONE, done('all[0]', 9, 'X'), broken)).rejects.toThrow('no');
        expect(await eventsOf(store)).toEqual(before);
        expect((await store.task(ONE, itemKey(taskKey('all'), 0)))?.status).toBe('scheduled');
      }));

    test('events told at the same time are taken one after the other', () =>
      withStore(async (store) => {
        await runSome(store);
        await Promise.all(
          [0, 2].map((item) =>
            store.advance(ONE, { type: 'started', task: itemKey(taskKey('all'), item), attempt: 1, at: instant(7) }, decide),
          ),
        );
        await Promise.all([0, 2].map((item) => store.advance(ONE, done(`all[${item}]`, 8, item), decide)));
        const events = await eventsOf(store);
        expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
        expect(events.filter((event) => event.type === 'node.succeeded').map((event) => event.node)).toEqual(['a', 'all']);
        expect((await store.task(ONE, taskKey('b')))?.status).toBe('scheduled');
      }));

    test('a run is driven by one owner at a time, and taken over when that one is dead', () =>
      withStore(async (store) => {
        await begin(store, ONE);
        expect(await store.runs.claim(ONE, 'other', instant(100), instant(0))).toBe(false);
        expect(await store.runs.beat(ONE, 'me', instant(200))).toBe(true);
        expect(await store.runs.claim(ONE, 'other', instant(300), instant(200))).toBe(false);
        expect(await store.runs.claim(ONE, 'other', instant(300), instant(201))).toBe(true);
        expect(await store.runs.beat(ONE, 'me', instant(301))).toBe(false);
        await store.runs.release(ONE, 'me', 'failed', instant(302));
        expect(await store.runs.find(ONE)).toMatchObject({ status: 'running', owner: 'other', endedAt: null });
        await store.runs.release(ONE, 'other', 'succeeded', instant(303));
        expect(await store.runs.find(ONE)).toMatchObject({ status: 'succeeded', owner: null, endedAt: 303 });
        expect(await store.runs.claim(ONE, 'me', instant(400), instant(0))).toBe(true);
      }));

    test('lists runs, newest first, by workflow, status and number', () =>
      withStore(async (store) => {
        await begin(store, ONE);
        await store.create({ id: TWO, plan: { ...PLAN, workflow: 'second' }, file: '/w/second.workflow.yml', at: instant(5), parent: ONE });
        const ids = async (filter?: Parameters<Store['runs']['list']>[0]) => (await store.runs.list(filter)).map((run) => run.id);
        expect(await ids()).toEqual([TWO, ONE]);
        expect(await ids({ limit: 1 })).toEqual([TWO]);
        expect(await ids({ workflow: 'test' })).toEqual([ONE]);
        expect(await ids({ status: 'succeeded' })).toEqual([]);
        expect(await store.runs.find(TWO)).toMatchObject({ parent: ONE, startedAt: 5, cost: 0, file: '/w/second.workflow.yml' });
        expect(await store.runs.plan(ONE)).toEqual(PLAN);
        await store.runs.remove([TWO]);
        expect(await ids()).toEqual([ONE]);
        expect(await store.runs.find(TWO)).toBeUndefined();
      }));

    test('keeps the calls of an attempt until it ends, and what they cost', () =>
      withStore(async (store) => {
        await runSome(store);
        const call = {
          provider: 'p',
          model: 'm',
          call: 'ask' as const,
          status: 'succeeded' as const,
          usage: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 },
          cost: nanoUsd(70),
          baseline: null,
          latency: millis(3),
          simulated: false,
        };
        const paid = { call, request: 'abc', reply: { text: 'yes', stop: 'end' as const, usage: call.usage, model: 'm' } };
        const item = itemKey(taskKey('all'), 0);
        await store.advance(ONE, { type: 'started', task: item, attempt: 1, at: instant(7) }, decide);
        await store.advance(ONE, { type: 'called', task: item, attempt: 1, paid, at: instant(8) }, decide);
        expect(await store.paidCalls(ONE, item)).toEqual([paid]);
        expect(await store.runs.find(ONE)).toMatchObject({ cost: 70 });
        expect(await store.unsettledTasks(ONE)).toEqual([item, itemKey(taskKey('all'), 2)]);
        await store.advance(ONE, done('all[0]', 9, 'X'), decide);
        expect(await store.paidCalls(ONE, item)).toEqual([]);
      }));

    test('an inbox keeps what is posted until it is done', () =>
      withStore(async (store) => {
        await begin(store, ONE);
        await store.inbox.post(ONE, { type: 'cancel', by: 'ada' }, instant(5));
        await store.inbox.post(ONE, { type: 'signal', name: 'go', payload: { n: 1 }, by: 'bob' }, instant(6));
        const [first, second] = await store.inbox.read(ONE);
        expect([first, second]).toMatchObject([
          { at: 5, message: { type: 'cancel', by: 'ada' } },
          { at: 6, message: { type: 'signal', name: 'go', payload: { n: 1 }, by: 'bob' } },
        ]);
        await store.inbox.done(ONE, first!.id);
        expect(await store.inbox.read(ONE)).toEqual([second]);
        await expect(store.inbox.post(TWO, { type: 'cancel', by: 'ada' }, instant(5))).rejects.toMatchObject({ reason: 'unknown_run' });
      }));

    test('a large value stays as long as a run holds it, and goes with the last one', () =>
      withStore(async (store) => {
        const large = 'tide '.repeat(20_000);
        for (const run of [ONE, TWO]) {
          await begin(store, run);
          await store.advance(run, START, decide);
          await store.advance(run, { type: 'started', task: taskKey('a'), attempt: 1, at: instant(2) }, decide);
          await store.advance(run, done('a', 3, large), decide);
        }
        const both = await store.runs.size([ONE, TWO]);
        expect(both).toBeGreaterThan(large.length);
        await store.runs.remove([ONE]);
        const events = await eventsOf(store, TWO);
        expect(events.find((event) => event.type === 'attempt.succeeded')).toMatchObject({ output: { json: large } });
        expect(await store.runs.size([TWO])).toBeGreaterThan(large.length);
        expect(await store.runs.size([TWO])).toBeLessThan(both);
        await store.runs.remove([TWO]);
        expect(await store.runs.size([ONE, TWO])).toBe(0);
      }));

    test('large values come back as they were', () =>
      withStore(async (store) => {
        await begin(store, ONE);
        await store.advance(ONE, START, decide);
        await store.advance(ONE, { type: 'started', task: taskKey('a'), attempt: 1, at: instant(2) }, decide);
        const large = 'tide '.repeat(20_000);
        await store.advance(ONE, done('a', 3, large), decide);
        const events = await eventsOf(store);
        expect(events.find((event) => event.type === 'attempt.succeeded')).toMatchObject({ output: { json: large } });
        await store.load(ONE);
        expect(await store.task(ONE, taskKey('a'))).toEqual({ status: 'succeeded', output: { json: large } });
      }));

    test('a run that was loaded is where it was', () =>
      withStore(async (store) => {
        await runSome(store);
        const before = await store.state(ONE);
        await store.load(ONE);
        expect(await store.state(ONE)).toEqual(before);
        expect(await store.items(ONE, taskKey('all'))).toEqual({ items: ['x', 'y', 'z'], keys: ['kx', 'ky', 'kz'] });
        await store.advance(ONE, { type: 'started', task: itemKey(taskKey('all'), 0), attempt: 1, at: instant(9) }, decide);
        const events = await eventsOf(store);
        expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
      }));
  });
}
