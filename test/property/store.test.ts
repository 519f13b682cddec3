import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { instant, millis, nanoUsd, type RunId, runId, taskKey } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { PaidCall } from '../../engine/contracts/provider.ts';
import { type InboxMessage, type InEvent, type RunRecord, type Store, StoreFailed } from '../../engine/contracts/store.ts';
import { changesOf } from '../../engine/run/fold.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { openMemoryStore } from '../../engine/store/memory.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';
import { planOf } from '../support/plan-of.ts';
import { fc } from '../support/properties.ts';

const PLAN = planOf([{ id: 'a' }, { id: 'all', after: ['a'], items: true }, { id: 'b', after: ['all'] }]);
const INDEX = indexPlan(PLAN);
const decide = createKernel(INDEX);
const RUNS = ['run_one', 'run_two'].map(runId);
const TASKS = ['a', 'all[0]', 'all[1]', 'b'].map(taskKey);
/** Longer than what is kept in line. */
const LONG = 'long '.repeat(5000);

const folder = mkdtempSync(join(tmpdir(), 'dagrun-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Op =
  | { readonly type: 'create' | 'load' | 'restart'; readonly process: number; readonly run: RunId }
  | { readonly type: 'claim'; readonly process: number; readonly run: RunId; readonly dead: boolean; readonly from: number | undefined }
  | { readonly type: 'beat'; readonly process: number; readonly run: RunId }
  | { readonly type: 'release'; readonly process: number; readonly run: RunId; readonly status: RunRecord['status'] }
  | { readonly type: 'advance'; readonly process: number; readonly run: RunId; readonly events: readonly Sketch[] }
  | { readonly type: 'post'; readonly process: number; readonly run: RunId; readonly name: string }
  | { readonly type: 'done'; readonly process: number; readonly run: RunId; readonly upTo: number }
  | { readonly type: 'remove'; readonly process: number; readonly run: RunId };

interface Sketch {
  readonly type: 'start' | 'started' | 'called' | 'done' | 'fail' | 'park' | 'opened' | 'cancel' | 'resume';
  readonly task: number;
  readonly attempt: number;
  readonly long: boolean;
}

const process = fc.constantFrom(0, 1);
const run = fc.constantFrom(...RUNS);
const sketch: fc.Arbitrary<Sketch> = fc.record({
  type: fc.constantFrom('start', 'started', 'started', 'called', 'done', 'done', 'fail', 'park', 'opened', 'opened', 'cancel', 'resume'),
  task: fc.nat(TASKS.length - 1),
  attempt: fc.constantFrom(1, 1, 1, 2),
  long: fc.boolean(),
});
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('create' as const), process, run }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('load' as const), process, run }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), process, run }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('claim' as const),
      process,
      run,
      dead: fc.boolean(),
      from: fc.constantFrom(undefined, 0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('beat' as const), process, run }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('release' as const),
      process,
      run,
      status: fc.constantFrom<RunRecord['status'][]>('running', 'waiting', 'succeeded', 'failed'),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      process,
      run,
      events: fc.array(sketch, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('post' as const), process, run, name: fc.constantFrom('go', 'stop') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('done' as const), process, run, upTo: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), process, run }) },
);

function eventOf({ type, task, attempt, long }: Sketch, at: number): InEvent {
  const key = TASKS[task]!;
  const done = { type: 'done' as const, task: key, attempt, startedAt: instant(at), at: instant(at), roll: 0 };
  switch (type) {
    case 'start':
      return { type: 'start', inputs: { topic: 'x' }, simulated: false, by: 'ada', at: instant(at) };
    case 'started':
      return { type: 'started', task: key, attempt, at: instant(at) };
    case 'called':
      return { type: 'called', task: key, attempt, paid: paidCall(at, long), at: instant(at) };
    case 'done':
      return { ...done, outcome: { type: 'output', output: { json: long ? `${LONG}${at}` : at } } };
    case 'fail':
      return { ...done, outcome: { type: 'failure', failure: { type: 'refused', message: 'no' } } };
    case 'park':
      return { ...done, outcome: { type: 'parked', until: { type: 'signal', name: 'go', since: instant(0) }, memo: at } };
    case 'opened': {
      const opening = { type: 'expand' as const, items: long ? [LONG, LONG] : ['x', 'y'], window: 2, maxFailures: null };
      return { type: 'opened', node: taskKey('all'), opening, at: instant(at) };
    }
    case 'cancel':
      return { type: 'cancel', by: 'user', at: instant(at) };
    case 'resume':
      return { type: 'resume', tasks: [], at: instant(at) };
  }
}

function paidCall(at: number, long: boolean): PaidCall {
  const usage = { input: at, output: 1, cacheRead: 0, cacheWrite: 0 };
  return {
    request: `request ${at}`,
    reply: { text: long ? LONG : 'yes', stop: 'end', usage, model: 'm' },
    call: {
      provider: 'p',
      model: 'm',
      call: 'ask',
      status: 'succeeded',
      usage,
      cost: nanoUsd(at),
      baseline: null,
      latency: millis(1),
      simulated: false,
    },
  };
}

/** All that can be asked of a run by somebody who only looks. */
async function seen(store: Store, id: RunId): Promise<unknown> {
  const record = await store.runs.find(id);
  if (!record) return undefined;
  const events: RunEvent[] = [];
  for await (const event of store.journal.read(id)) events.push(event);
  const inbox = (await store.inbox.read(id)).map(({ at, message }) => ({ at, message }));
  return { record, events, inbox };
}

/** What a run has come to, by whoever drives it. */
async function stateOf(store: Store, id: RunId): Promise<unknown> {
  return {
    state: await store.state(id),
    tasks: await Promise.all([...TASKS, taskKey('all')].map((task) => store.task(id, task))),
    items: await store.items(id, taskKey('all')),
    unsettled: [...(await store.unsettledTasks(id))].sort(),
    paid: await Promise.all(TASKS.map((task) => store.paidCalls(id, task))),
  };
}

let count = 0;

/**
 * Two processes on one file, against the store in memory, which is the model: whatever they do in whatever order, both stores
 * say the same; and whoever lost a run to the other writes nothing of it.
 */
test('SQLite, used by two processes, does what the store in memory does', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async (ops) => {
      count += 1;
      const file = join(folder, `${count}.db`);
      const open = (): Promise<Store> => openSqlStore(openSqlite(file), () => (view, event) => changesOf(INDEX, view, event, event.at));
      const model = openMemoryStore();
      const stores = [await open(), await open()];
      /** The runs each process drives, as far as it knows. */
      const driven = [new Set<RunId>(), new Set<RunId>()];
      /** Ids of the same messages in both stores. */
      const posted = new Map<RunId, { readonly model: number; readonly real: number }[]>();
      let now = 1000;

      const exists = async (id: RunId): Promise<boolean> => (await model.runs.find(id)) !== undefined;
      const drives = async (process: number, id: RunId): Promise<boolean> => (await model.runs.find(id))?.owner === `p${process}`;

      const act = async (one: Op): Promise<void> => {
        const { process, run: id } = one;
        const store = stores[process]!;
        now += 1;
        const at = instant(now);
        switch (one.type) {
          case 'create': {
            if (await exists(id)) return;
            const filed = { id, plan: PLAN, file: '/w/test.workflow.yml', at };
            await model.create(filed);
            await store.create(filed);
            return;
          }
          case 'claim': {
            if (!(await exists(id))) return;
            const deadBefore = instant(one.dead ? now + 1 : 0);
            const from = one.from === undefined ? undefined : `p${one.from}`;
            const taken = await model.runs.claim(id, `p${process}`, at, deadBefore, from);
            expect(await store.runs.claim(id, `p${process}`, at, deadBefore, from)).toBe(taken);
            if (!taken) return;
            await store.load(id);
            driven[process]!.add(id);
            return;
          }
          case 'load':
            // Who drives it has it in memory already.
            if ((await exists(id)) && !(await drives(process, id))) {
              await store.load(id);
              driven[process]!.delete(id);
            }
            return;
          case 'restart':
            await store.close();
            stores[process] = await open();
            driven[process]!.clear();
            return;
          case 'beat':
            if (!(await exists(id))) return;
            expect(await store.runs.beat(id, `p${process}`, at)).toBe(await model.runs.beat(id, `p${process}`, at));
            return;
          case 'release':
            if (!(await exists(id))) return;
            await model.runs.release(id, `p${process}`, one.status, at);
            await store.runs.release(id, `p${process}`, one.status, at);
            driven[process]!.delete(id);
            return;
          case 'advance': {
            if (!driven[process]!.has(id) || !(await exists(id))) return;
            const events = one.events.map((each) => eventOf(each, now)).filter((each) => fits(each));
            if (await drives(process, id)) {
              const both = await Promise.all([
                Promise.all(events.map((event) => model.advance(id, event, decide))),
                Promise.all(events.map((event) => store.advance(id, event, decide))),
              ]);
              expect(both[1]).toEqual(both[0]);
              return;
            }
            // It was taken over without knowing it.
            const results = await Promise.allSettled(events.map((event) => store.advance(id, event, decide)));
            for (const result of results) {
              if (result.status === 'fulfilled') expect(result.value.events).toEqual([]);
              else expect(result.reason).toMatchObject({ name: 'StoreFailed', reason: 'taken_over' });
            }
            return;
          }
          case 'post': {
            if (!(await exists(id))) {
              await expect(store.inbox.post(id, messageOf(one.name), at)).rejects.toBeInstanceOf(StoreFailed);
              return;
            }
            await model.inbox.post(id, messageOf(one.name), at);
            await store.inbox.post(id, messageOf(one.name), at);
            const [a, b] = [(await model.inbox.read(id)).at(-1)!.id, (await store.inbox.read(id)).at(-1)!.id];
            posted.set(id, [...(posted.get(id) ?? []), { model: a, real: b }]);
            return;
          }
          case 'done': {
            const message = (posted.get(id) ?? [])[one.upTo];
            if (!message || !(await exists(id))) return;
            await model.inbox.done(id, message.model);
            await store.inbox.done(id, message.real);
            return;
          }
          case 'remove': {
            // Only what is over is removed.
            const record = await model.runs.find(id);
            if (!record || record.endedAt === null) return;
            await model.runs.remove([id]);
            await store.runs.remove([id]);
            for (const each of driven) each.delete(id);
            posted.delete(id);
          }
        }
      };
      /** A call or an answer of a task that has not begun is nothing anybody tells. */
      const fits = (event: InEvent): boolean => event.type !== 'called' || event.attempt === 1;

      try {
        for (const one of ops) {
          await act(one);
          const expected = await seen(model, one.run);
          for (const store of stores) expect(await seen(store, one.run)).toEqual(expected);
        }
        expect(await stores[0]!.runs.list()).toEqual(await model.runs.list());
        // And whoever comes later finds every run where it was.
        const later = await open();
        try {
          for (const id of RUNS) {
            if (!(await exists(id))) continue;
            await later.load(id);
            expect(await stateOf(later, id)).toEqual(await stateOf(model, id));
          }
        } finally {
          await later.close();
        }
      } finally {
        for (const store of stores) await store.close();
        await model.close();
        rmSync(file, { force: true });
      }
    }),
    { numRuns: 60 },
  );
});

function messageOf(name: string): InboxMessage {
  return { type: 'signal', name, payload: { name }, by: 'bob' };
}
