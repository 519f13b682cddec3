import { describe, expect, test } from 'vitest';
import { instant, millis, runId, type TaskKey } from '../../../engine/base/ids.ts';
import type { RunEvent } from '../../../engine/contracts/event.ts';
import type { Failure } from '../../../engine/contracts/failure.ts';
import type { Plan } from '../../../engine/contracts/plan.ts';
import type { TaskOutcome } from '../../../engine/contracts/store.ts';
import { createKernel } from '../../../engine/run/kernel.ts';
import type { Performer } from '../../../engine/run/perform.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { driveEmbedded } from '../../../engine/shells/embedded.ts';
import { openMemoryStore } from '../../../engine/store/memory.ts';
import { planOf } from '../../support/plan-of.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const RUN = runId('run_test');

interface Answer {
  readonly after?: number;
  readonly failure?: Failure;
}

/** Runs a plan on a virtual clock; the story is one line per event. */
async function story(
  plan: Plan,
  options: {
    answer?: (task: TaskKey, attempt: number) => Answer;
    items?: number;
    window?: number;
    drainAt?: number;
    abortAt?: number;
  } = {},
): Promise<readonly string[]> {
  const clock = virtualClock();
  const store = openMemoryStore();
  await store.create({ id: RUN, plan, file: 'test.workflow.yml', at: instant(0) });
  await store.runs.claim(RUN, 'me', instant(0), instant(0));
  const lines: string[] = [];
  const performer: Performer = {
    open: async () => ({
      type: 'expand',
      items: Array.from({ length: options.items ?? 0 }, () => 0),
      window: options.window ?? 99,
      maxFailures: null,
    }),
    call: ({ task, attempt, abort }) =>
      new Promise((resolve) => {
        const answer = options.answer?.(task, attempt) ?? {};
        const outcome: TaskOutcome = answer.failure
          ? { type: 'failure', failure: answer.failure }
          : { type: 'output', output: { json: 1 } };
        const cancel = clock.after(millis(answer.after ?? 10), () => resolve(outcome));
        abort.addEventListener('abort', () => {
          cancel();
          resolve({ type: 'failure', failure: { type: 'cancelled', message: 'stopped' } });
        });
      }),
    enter: async () => ({ type: 'inside' }),
    leave: async () => ({ type: 'output', output: { json: null } }),
    turn: async () => ({ type: 'end', accepted: true, output: { json: null }, memory: null }),
    outputs: async () => ({ outputs: {} }),
  };
  const [drain, abort] = [new AbortController(), new AbortController()];
  if (options.drainAt !== undefined) clock.after(millis(options.drainAt), () => drain.abort());
  if (options.abortAt !== undefined) clock.after(millis(options.abortAt), () => abort.abort());
  const run = driveEmbedded(
    {
      run: RUN,
      store,
      decide: createKernel(indexPlan(plan)),
      performer,
      owner: 'me',
      wait: true,
      limits: plan.limits,
      clock,
      random: () => 1,
      drain: drain.signal,
      abort: abort.signal,
      onEvent: (event) => lines.push(lineOf(event)),
    },
    { type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(0) },
  );
  await clock.run();
  await run;
  return lines;
}

function lineOf(event: RunEvent): string {
  const subject = 'attempt' in event ? ` ${event.task}~${event.attempt}` : 'node' in event && event.node !== null ? ` ${event.node}` : '';
  return `${event.at} ${event.type}${subject}${event.type === 'run.finished' ? ` ${event.status}` : ''}`;
}

const only = (lines: readonly string[], ...types: string[]): readonly string[] =>
  lines.filter((line) => types.some((type) => line.includes(` ${type}`)));

describe('the embedded shell', () => {
  test('starts every node the moment what it waits for has ended, without levels', async () => {
    const plan = planOf([
      { id: 'quick' },
      { id: 'slow' },
      { id: 'after_quick', after: ['quick'] },
      { id: 'join', after: ['slow', 'after_quick'] },
    ]);
    const lines = await story(plan, { answer: (task) => ({ after: task === 'slow' ? 100 : 10 }) });
    expect(only(lines, 'attempt.started')).toEqual([
      '0 attempt.started quick~1',
      '0 attempt.started slow~1',
      '10 attempt.started after_quick~1',
      '100 attempt.started join~1',
    ]);
    expect(lines.at(-1)).toBe('110 run.finished succeeded');
  });

  test('gives few slots to what most depends on', async () => {
    const plan = planOf(
      [{ id: 'leaf1' }, { id: 'leaf2' }, { id: 'head' }, { id: 'mid', after: ['head'] }, { id: 'tail', after: ['mid'] }],
      { concurrency: 1 },
    );
    const lines = await story(plan);
    expect(only(lines, 'attempt.started').map((line) => line.split(' ')[2])).toEqual(['leaf1~1', 'head~1', 'mid~1', 'leaf2~1', 'tail~1']);
  });

  test('keeps to the limits of the run and of the node', async () => {
    const starts = async (concurrency: number, window: number): Promise<number[]> => {
      const lines = await story(planOf([{ id: 'all', items: true }], { concurrency }), { items: 10, window });
      return only(lines, 'attempt.started').map((line) => Number.parseInt(line, 10));
    };
    expect(await starts(4, 99)).toEqual([0, 0, 0, 0, 10, 10, 10, 10, 20, 20]);
    expect(await starts(16, 3)).toEqual([0, 0, 0, 10, 10, 10, 20, 20, 20, 30]);
  });

  test('a fan-out of which items were cancelled has not succeeded', async () => {
    const plan = planOf([{ id: 'all', items: true }], { concurrency: 2 });
    const lines = await story(plan, { items: 3, drainAt: 5, answer: (task) => ({ after: task === 'all[1]' ? 30 : 10 }) });
    expect(lines.slice(-5)).toEqual([
      '10 attempt.succeeded all[0]~1',
      '10 attempt.cancelled all[2]~1',
      '30 attempt.succeeded all[1]~1',
      '30 node.cancelled all',
      '30 run.finished cancelled',
    ]);
  });

  test('a drain lets what is in flight finish and starts nothing more', async () => {
    const plan = planOf([{ id: 'a' }, { id: 'b', after: ['a'] }]);
    expect(await story(plan, { drainAt: 5 })).toEqual([
      '0 run.started',
      '0 attempt.scheduled a~1',
      '0 attempt.started a~1',
      '5 run.cancel_requested',
      '10 attempt.succeeded a~1',
      '10 node.succeeded a',
      '10 node.cancelled b',
      '10 run.finished cancelled',
    ]);
  });

  test('an abort gives up what is in flight', async () => {
    const plan = planOf([{ id: 'a' }, { id: 'b', after: ['a'] }]);
    expect(await story(plan, { drainAt: 4, abortAt: 5 })).toEqual([
      '0 run.started',
      '0 attempt.scheduled a~1',
      '0 attempt.started a~1',
      '4 run.cancel_requested',
      '5 attempt.cancelled a~1',
      '5 node.cancelled a',
      '5 node.cancelled b',
      '5 run.finished cancelled',
    ]);
  });

  test('a drain ends what waits for its retry', async () => {
    const plan = planOf([{ id: 'a', retry: { maxAttempts: 3 } }]);
    const lines = await story(plan, { answer: () => ({ failure: { type: 'unavailable', message: 'down' } }), drainAt: 500 });
    expect(lines.slice(3)).toEqual([
      '10 attempt.failed a~1',
      '500 run.cancel_requested',
      '500 attempt.cancelled a~1',
      '500 node.cancelled a',
      '500 run.finished cancelled',
    ]);
  });

  test('retries when they are due', async () => {
    const plan = planOf([{ id: 'a', retry: { maxAttempts: 3 } }]);
    const lines = await story(plan, {
      answer: (_task, attempt) => (attempt < 3 ? { failure: { type: 'unavailable', message: 'down' } } : {}),
    });
    expect(only(lines, 'attempt.started', 'run.finished')).toEqual([
      '0 attempt.started a~1',
      '1010 attempt.started a~2',
      '3020 attempt.started a~3',
      '3030 run.finished succeeded',
    ]);
  });

  test('a run that takes longer than its limit fails, and what is in flight is given up', async () => {
    const plan = planOf([{ id: 'a' }], { timeout: millis(50) });
    expect(await story(plan, { answer: () => ({ after: 1000 }) })).toEqual([
      '0 run.started',
      '0 attempt.scheduled a~1',
      '0 attempt.started a~1',
      '50 run.failing',
      '50 attempt.cancelled a~1',
      '50 node.cancelled a',
      '50 run.finished failed',
    ]);
  });

  test('a failed node stops the run, and what was in flight is kept', async () => {
    const plan = planOf([{ id: 'bad' }, { id: 'good' }, { id: 'after', after: ['good'] }]);
    const lines = await story(plan, {
      answer: (task) => (task === 'bad' ? { failure: { type: 'refused', message: 'no' } } : { after: 30 }),
    });
    expect(lines.slice(-6)).toEqual([
      '10 node.failed bad',
      '10 run.failing bad',
      '30 attempt.succeeded good~1',
      '30 node.succeeded good',
      '30 node.cancelled after',
      '30 run.finished failed',
    ]);
  });

  test('a chain of 5,000 nodes runs', async () => {
    const plan = planOf(Array.from({ length: 5000 }, (_, at) => ({ id: `n${at}`, ...(at > 0 && { after: [`n${at - 1}`] }) })));
    const lines = await story(plan, { answer: () => ({ after: 0 }) });
    expect(lines.at(-1)).toContain('run.finished succeeded');
  });
});
