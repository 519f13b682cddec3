import { describe, expect, test } from 'vitest';
import { instant, millis, nanoUsd, runId, taskKey } from '../../../engine/base/ids.ts';
import type { RunEvent } from '../../../engine/contracts/event.ts';
import type { PaidCall } from '../../../engine/contracts/provider.ts';
import type { Command, InEvent } from '../../../engine/contracts/store.ts';
import { changesOf } from '../../../engine/run/fold.ts';
import { createKernel } from '../../../engine/run/kernel.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { RunMemory } from '../../../engine/store/run-memory.ts';
import { planOf } from '../../support/plan-of.ts';

const RUN = runId('run_test');
const AT = instant(0);
const NODE = taskKey('a');

function paid(status: 'succeeded' | 'failed', call: 'ask' | 'summarize' = 'ask'): PaidCall {
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const cost = nanoUsd(0);
  return {
    call: { provider: 'p', model: 'm', call, status, usage, cost, baseline: cost, latency: millis(0), simulated: false },
    request: 'r',
    reply: null,
  };
}

/** A fan-out of six, four at once, of which one goes first. */
function open(
  retries = 1,
  idempotent = true,
): {
  memory: () => RunMemory;
  events: RunEvent[];
  send: (event: InEvent) => readonly string[];
  restart: () => readonly string[];
} {
  const index = indexPlan(planOf([{ id: 'a', items: true, retry: { maxAttempts: retries }, idempotent }]));
  const decide = createKernel(index);
  const events: RunEvent[] = [];
  let memory = new RunMemory(RUN);
  const calls = (commands: readonly Command[]): readonly string[] =>
    commands.flatMap((command) => (command.type === 'call' ? [command.task] : []));
  const send = (event: InEvent): readonly string[] => {
    const advanced = memory.advance(event, decide);
    events.push(...advanced.events);
    return calls(advanced.commands);
  };
  send({ type: 'start', inputs: {}, simulated: false, by: 'ada', at: AT });
  const warmUp = { model: 'anthropic/claude', tokens: 5000 };
  const opening = { type: 'expand', items: [1, 2, 3, 4, 5, 6], window: 4, maxFailures: null, warmUp } as const;
  expect(send({ type: 'opened', node: NODE, opening, at: AT })).toEqual(['a[0]']);
  expect(send({ type: 'started', task: taskKey('a[0]'), attempt: 1, at: AT })).toEqual([]);
  return {
    memory: () => memory,
    events,
    send,
    restart() {
      memory = new RunMemory(RUN);
      for (const event of events) memory.replay(event, changesOf(index, memory, event, event.at));
      return send({ type: 'resume', tasks: memory.unsettledTasks(), at: AT });
    },
  };
}

const first = { task: taskKey('a[0]'), attempt: 1, at: AT } as const;
const OTHERS = ['a[1]', 'a[2]', 'a[3]'];

describe('one item goes first', () => {
  test('until it has been answered', () => {
    const { send } = open();
    expect(send({ type: 'called', ...first, paid: paid('succeeded', 'summarize') })).toEqual([]);
    expect(send({ type: 'called', ...first, paid: paid('failed') })).toEqual([]);
    expect(send({ type: 'called', ...first, paid: paid('succeeded') })).toEqual(OTHERS);
    expect(send({ type: 'called', ...first, paid: paid('succeeded') })).toEqual([]);
  });

  test('until its try has failed: its retry is nobody else’s', () => {
    const { send } = open(3);
    const failure = { type: 'unavailable', message: 'no' } as const;
    expect(send({ type: 'done', ...first, outcome: { type: 'failure', failure }, startedAt: AT, roll: 0.9 })).toEqual(OTHERS);
  });

  test('until it was given up', () => {
    const { send } = open();
    const failure = { type: 'refused', message: 'no' } as const;
    expect(send({ type: 'done', ...first, outcome: { type: 'failure', failure }, startedAt: AT, roll: 0 })).toEqual([
      'a[1]',
      'a[2]',
      'a[3]',
      'a[4]',
    ]);
  });

  test('one that was answered before asks nobody: the next goes first', () => {
    const { send } = open();
    const reused = { from: 'cache', run: RUN, task: NODE, saved: null } as const;
    const outcome = { type: 'output', output: { json: 1 }, reused } as const;
    expect(send({ type: 'done', ...first, outcome, startedAt: AT, roll: 0 })).toEqual(['a[1]']);
    send({ type: 'started', task: taskKey('a[1]'), attempt: 1, at: AT });
    expect(send({ type: 'called', task: taskKey('a[1]'), attempt: 1, at: AT, paid: paid('succeeded') })).toEqual(['a[2]', 'a[3]', 'a[4]']);
  });

  test('also in another process, which reads it in the journal', () => {
    const { send, restart, memory } = open();
    expect(restart()).toEqual(['a[0]']);
    expect(memory().task(NODE)).toMatchObject({ status: 'expanded', warmUp: 'wanted' });
    send({ type: 'started', task: taskKey('a[0]'), attempt: 2, at: AT });
    expect(send({ type: 'called', task: taskKey('a[0]'), attempt: 2, at: AT, paid: paid('succeeded') })).toEqual(OTHERS);
    restart();
    expect(memory().task(NODE)).toMatchObject({ warmUp: 'done' });
  });

  test('until nobody knows, after a crash, whether it was done', () => {
    const { restart, memory } = open(1, false);
    expect(restart()).toEqual(OTHERS);
    expect(memory().task(taskKey('a[0]'))).toMatchObject({ status: 'parked', doubt: { base: 1 } });
  });

  test('a run that is stopped meanwhile begins nothing', () => {
    const { send, events } = open();
    send({ type: 'cancel', by: 'ada', at: AT });
    expect(send({ type: 'called', ...first, paid: paid('succeeded') })).toEqual([]);
    send({ type: 'done', ...first, outcome: { type: 'output', output: { json: 1 } }, startedAt: AT, roll: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', status: 'cancelled' });
  });
});
