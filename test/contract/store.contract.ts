import { describe, expect, test } from 'vitest';
import { instant, itemKey, type RunId, runId, taskKey } from '../../engine/base/ids.ts';
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
  });
}
