import { describe, expect, test } from 'vitest';
import { instant, runId, taskKey } from '../../../engine/base/ids.ts';
import type { RunEvent } from '../../../engine/contracts/event.ts';
import type { Plan } from '../../../engine/contracts/plan.ts';
import type { Command, InEvent } from '../../../engine/contracts/store.ts';
import { changesOf } from '../../../engine/run/fold.ts';
import { createKernel } from '../../../engine/run/kernel.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { RunMemory } from '../../../engine/store/run-memory.ts';
import { type NodeSketch, planOf } from '../../support/plan-of.ts';

/** A plan whose nodes may do harm when they are done twice. */
function unsafe(sketches: readonly NodeSketch[], limits = {}): Plan {
  const plan = planOf(sketches, limits);
  return {
    ...plan,
    nodes: plan.nodes.map((node) => ({
      ...node,
      stages: node.stages.map((stage) => ({ ...stage, idempotent: false })) as unknown as typeof node.stages,
    })),
  };
}

interface Played {
  send(event: InEvent): readonly Command[];
  begin(task: string): void;
  finish(task: string): void;
  /** It is given up while it is at work. */
  stop(task: string): void;
  /** The process dies, and another goes on. */
  restart(repeatUnsafe?: boolean): readonly Command[];
  reopen(options?: { repeatUnsafe?: boolean }): readonly Command[];
  say(task: string, approved: boolean): readonly Command[];
  status(task: string): string | undefined;
  run(): string;
  events(...types: RunEvent['type'][]): readonly string[];
}

function play(plan: Plan): Played {
  const index = indexPlan(plan);
  const decide = createKernel(index);
  const journal: RunEvent[] = [];
  let memory = new RunMemory(runId('run_test'));
  const at = instant(0);
  const send = (event: InEvent): readonly Command[] => {
    const { events, commands } = memory.advance(event, decide);
    journal.push(...events);
    return commands;
  };
  const attempt = (task: string): number => {
    const state = memory.task(taskKey(task));
    return state && 'attempt' in state ? (state.attempt ?? 0) : 0;
  };
  send({ type: 'start', inputs: {}, simulated: false, by: 'ada', at });
  return {
    send,
    begin: (task) => void send({ type: 'started', task: taskKey(task), attempt: attempt(task), at }),
    finish: (task) =>
      void send({
        type: 'done',
        task: taskKey(task),
        attempt: attempt(task),
        outcome: { type: 'output', output: { json: 1 } },
        startedAt: at,
        at,
        roll: 0,
      }),
    stop: (task) =>
      void send({
        type: 'done',
        task: taskKey(task),
        attempt: attempt(task),
        outcome: { type: 'failure', failure: { type: 'cancelled', message: 'the run was stopped' } },
        startedAt: at,
        at,
        roll: 0,
      }),
    restart(repeatUnsafe = false) {
      memory = new RunMemory(runId('run_test'));
      for (const event of journal) memory.replay(event, changesOf(index, memory, event, event.at));
      return send({ type: 'resume', tasks: memory.unsettledTasks(), repeatUnsafe, at });
    },
    reopen: ({ repeatUnsafe = false } = {}) => send({ type: 'reopen', repeatUnsafe, at }),
    say: (task, approved) =>
      send({
        type: 'wake',
        task: taskKey(task),
        attempt: attempt(task),
        wake: { type: 'answered', approved, by: 'bob', reason: null, form: null },
        at,
      }),
    status: (task) => memory.task(taskKey(task))?.status,
    run: () => memory.run.status,
    events: (...types) =>
      journal.filter((event) => types.includes(event.type)).map((event) => event.type + ('attempt' in event ? ` ~${event.attempt}` : '')),
  };
}

const calls = (commands: readonly Command[]): readonly unknown[] =>
  commands.flatMap((command) => (command.type === 'call' ? [[command.task, command.attempt]] : []));

describe('what may do harm when it is done twice', () => {
  test('is not repeated after a crash: somebody is asked', () => {
    const it = play(unsafe([{ id: 'send' }]));
    it.begin('send');
    expect(calls(it.restart())).toEqual([]);
    expect([it.status('send'), it.run()]).toEqual(['parked', 'running']);
    // However often it is resumed, it is asked once.
    expect(calls(it.restart())).toEqual([]);
    expect(it.events('attempt.parked')).toEqual(['attempt.parked ~1']);
    expect(calls(it.say('send', true))).toEqual([['send', 2]]);
    it.begin('send');
    it.finish('send');
    expect(it.status('send')).toBe('succeeded');
  });

  test('is repeated at once when that was wished, also when it was asked about before', () => {
    const it = play(unsafe([{ id: 'send' }]));
    it.begin('send');
    expect(calls(it.restart(true))).toEqual([['send', 2]]);
    it.begin('send');
    it.restart();
    expect(it.status('send')).toBe('parked');
    expect(calls(it.restart(true))).toEqual([['send', 3]]);
  });

  test('was it not begun, it begins', () => {
    const it = play(unsafe([{ id: 'send' }]));
    expect(calls(it.restart())).toEqual([['send', 1]]);
  });

  test('a no fails it, and going on with the run asks again', () => {
    const it = play(unsafe([{ id: 'send' }, { id: 'after', after: ['send'] }]));
    it.begin('send');
    it.restart();
    expect(calls(it.say('send', false))).toEqual([]);
    expect([it.status('send'), it.run()]).toEqual(['failed', 'failed']);
    expect(calls(it.reopen())).toEqual([]);
    expect([it.status('send'), it.run()]).toEqual(['parked', 'running']);
    expect(calls(it.say('send', true))).toEqual([['send', 3]]);
  });

  test('a run that is given another chance repeats it when that was wished', () => {
    const it = play(unsafe([{ id: 'send' }]));
    it.begin('send');
    it.restart();
    it.say('send', false);
    expect(calls(it.reopen({ repeatUnsafe: true }))).toEqual([['send', 2]]);
  });

  test.each([
    [false, 'failed', []],
    [true, 'cancelled', [['send', 2]]],
  ] as const)(
    'stopped while it is at work, it is asked about when the run goes on, unless it may be repeated: %s',
    (mayRepeat, status, again) => {
      const it = play(mayRepeat ? planOf([{ id: 'send' }]) : unsafe([{ id: 'send' }]));
      it.begin('send');
      it.send({ type: 'cancel', by: 'user', at: instant(0) });
      it.stop('send');
      expect([it.status('send'), it.run()]).toEqual([status, 'cancelled']);
      expect(calls(it.reopen())).toEqual(again);
      expect(it.status('send')).toBe(mayRepeat ? 'scheduled' : 'parked');
      if (!mayRepeat) expect(calls(it.say('send', true))).toEqual([['send', 3]]);
    },
  );

  test('a run that is stopped while it asks has not done it', () => {
    const it = play(unsafe([{ id: 'send' }]));
    it.begin('send');
    it.restart();
    it.send({ type: 'cancel', by: 'ada', at: instant(0) });
    expect([it.status('send'), it.run()]).toEqual(['failed', 'cancelled']);
    expect(calls(it.reopen())).toEqual([]);
    expect(it.status('send')).toBe('parked');
  });

  test('a run that was failing when its process ended does not forget it', () => {
    const it = play(unsafe([{ id: 'send' }, { id: 'other' }]));
    it.begin('send');
    it.begin('other');
    const failure = { type: 'bad_request', message: 'no' } as const;
    it.send({
      type: 'done',
      task: taskKey('other'),
      attempt: 1,
      outcome: { type: 'failure', failure },
      startedAt: instant(0),
      at: instant(0),
      roll: 0,
    });
    expect(it.run()).toBe('failing');
    it.restart();
    expect([it.status('send'), it.run()]).toEqual(['failed', 'failed']);
    expect(calls(it.reopen())).toEqual([['other', 2]]);
    expect(it.status('send')).toBe('parked');
  });

  test('in a fan-out it is one item', () => {
    const it = play(unsafe([{ id: 'send', items: true }]));
    it.send({
      type: 'opened',
      node: taskKey('send'),
      opening: { type: 'expand', items: ['a', 'b'], window: 2, maxFailures: null },
      at: instant(0),
    });
    it.begin('send[0]');
    it.begin('send[1]');
    it.finish('send[1]');
    expect(calls(it.restart())).toEqual([]);
    it.say('send[0]', false);
    expect([it.status('send'), it.run()]).toEqual(['failed', 'failed']);
    expect(calls(it.reopen())).toEqual([]);
    expect(calls(it.say('send[0]', true))).toEqual([['send[0]', 3]]);
    it.begin('send[0]');
    it.finish('send[0]');
    expect(it.status('send')).toBe('succeeded');
  });

  test('what does no harm is repeated as ever', () => {
    const it = play(planOf([{ id: 'read' }]));
    it.begin('read');
    expect(calls(it.restart())).toEqual([['read', 2]]);
  });
});
