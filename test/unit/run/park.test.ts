import { describe, expect, test } from 'vitest';
import { instant, type RunId, runId, taskKey } from '../../../engine/base/ids.ts';
import type { Json } from '../../../engine/base/json.ts';
import type { RunEvent } from '../../../engine/contracts/event.ts';
import type { ApprovalRequest, WakeCondition } from '../../../engine/contracts/node-kind.ts';
import type { Plan } from '../../../engine/contracts/plan.ts';
import type { Command, InboxMessage, InEvent } from '../../../engine/contracts/store.ts';
import { changesOf } from '../../../engine/run/fold.ts';
import { takeMessage } from '../../../engine/run/inbox.ts';
import { createKernel } from '../../../engine/run/kernel.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { RunMemory } from '../../../engine/store/run-memory.ts';
import { planOf } from '../../support/plan-of.ts';

const RUN: RunId = runId('run_test');
const ANYBODY: ApprovalRequest = { message: 'Deploy?', approvers: [], requireDifferentApprover: false };

/** A run in one process after another: what is kept is the journal and the inbox. */
function play(plan: Plan): {
  readonly events: RunEvent[];
  readonly memory: () => RunMemory;
  send(event: InEvent): readonly Command[];
  /** Lets a task begin, and park. */
  park(task: string, until: WakeCondition, at?: number): readonly Command[];
  finish(task: string, output: Json, at: number): void;
  take(id: number, message: InboxMessage, postedAt: number, now?: number): readonly Command[];
  /** The process dies, and another one goes on. */
  restart(at: number): readonly Command[];
} {
  const index = indexPlan(plan);
  const decide = createKernel(index);
  const events: RunEvent[] = [];
  let memory = new RunMemory(RUN);
  const send = (event: InEvent): readonly Command[] => {
    const advanced = memory.advance(event, decide);
    events.push(...advanced.events);
    return advanced.commands;
  };
  const attemptOf = (task: string): number => {
    const state = memory.task(taskKey(task));
    return state && 'attempt' in state && state.attempt !== undefined ? state.attempt : 0;
  };
  send({ type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(0) });
  return {
    events,
    memory: () => memory,
    send,
    park(task, until, at = 0) {
      const address = { task: taskKey(task), attempt: attemptOf(task) };
      send({ type: 'started', ...address, at: instant(at) });
      const outcome = { type: 'parked', until, memo: null } as const;
      return send({ type: 'done', ...address, outcome, startedAt: instant(at), at: instant(at), roll: 0 });
    },
    finish(task, output, at) {
      const address = { task: taskKey(task), attempt: attemptOf(task) };
      send({ type: 'started', ...address, at: instant(at) });
      const outcome = { type: 'output', output: { json: output } } as const;
      send({ type: 'done', ...address, outcome, startedAt: instant(at), at: instant(at), roll: 0 });
    },
    take(id, message, postedAt, now = postedAt) {
      const task = message.type === 'answer' ? memory.task(message.task) : undefined;
      return send(takeMessage({ id, at: instant(postedAt), message }, { run: memory.run, task }, instant(now)));
    },
    restart(at) {
      memory = new RunMemory(RUN);
      for (const event of events) memory.replay(event, changesOf(index, memory, event, event.at));
      return send({ type: 'resume', tasks: memory.unsettledTasks(), at: instant(at) });
    },
  };
}

const approval = (deadline?: number, request: Partial<ApprovalRequest> = {}): WakeCondition => ({
  type: 'approval',
  request: { ...ANYBODY, ...request },
  ...(deadline !== undefined && { deadline: instant(deadline) }),
});
const answer = (task: string, by: string, more: { approved?: boolean; attempt?: number; form?: Json } = {}): InboxMessage => ({
  type: 'answer',
  task: taskKey(task),
  attempt: more.attempt ?? 1,
  wake: { type: 'answered', approved: more.approved ?? true, by, reason: null, form: more.form ?? null },
});
const signal = (name: string, payload: Json = null): InboxMessage => ({ type: 'signal', name, payload, by: 'ada' });
const kinds = (events: readonly RunEvent[], type: RunEvent['type']): readonly RunEvent[] => events.filter((event) => event.type === type);

describe('gates', () => {
  test('many are open at once, hold nothing, and are answered in any order, each once', () => {
    const names = Array.from({ length: 500 }, (_, at) => `gate${at}`);
    const run = play(planOf(names.map((id) => ({ id }))));
    for (const name of names) run.park(name, approval());
    expect(run.memory().run).toMatchObject({ status: 'running', open: 0, unsettled: 500 });
    expect(run.memory().run.parked).toHaveLength(500);
    let id = 0;
    for (const name of [...names].reverse()) {
      id += 1;
      run.take(id, answer(name, 'grace'), id);
      id += 1;
      expect(run.take(id, answer(name, 'edsger', { approved: false }), id)).toEqual([]);
      run.finish(name, true, id);
    }
    expect(run.memory().run).toMatchObject({ status: 'finishing', open: 0, unsettled: 0, parked: [] });
    const woken = kinds(run.events, 'attempt.woken');
    expect(woken).toHaveLength(500);
    expect(woken.every((event) => event.type === 'attempt.woken' && event.wake.type === 'answered' && event.wake.by === 'grace')).toBe(
      true,
    );
    expect(kinds(run.events, 'answer.refused')).toHaveLength(500);
  });

  test('an answer given in time counts, also when it is taken late', () => {
    const run = play(planOf([{ id: 'gate' }]));
    expect(run.park('gate', approval(100))).toEqual([{ type: 'timer', task: 'gate', attempt: 1, at: 100 }]);
    run.take(1, answer('gate', 'grace'), 99, 5000);
    expect(run.memory().task(taskKey('gate'))).toMatchObject({ status: 'scheduled', woken: { wake: { type: 'answered', by: 'grace' } } });
    // The timer comes after all, and finds nobody waiting.
    expect(run.send({ type: 'due', task: taskKey('gate'), attempt: 1, at: instant(5001) })).toEqual([]);
  });

  test('an answer that is too late does not, even before the timer has come', () => {
    const run = play(planOf([{ id: 'gate' }]));
    run.park('gate', approval(100));
    expect(run.take(1, answer('gate', 'grace'), 101)).toEqual([]);
    expect(run.events.at(-1)).toMatchObject({ type: 'answer.refused', by: 'grace', reason: 'the answer came after its time was over' });
    run.send({ type: 'due', task: taskKey('gate'), attempt: 1, at: instant(102) });
    expect(run.events.at(-1)).toMatchObject({ type: 'attempt.woken', wake: { type: 'deadline_passed' } });
  });

  test('survive a restart, and so do their deadlines', () => {
    const run = play(planOf([{ id: 'open' }, { id: 'over' }]));
    run.park('open', approval());
    run.park('over', approval(100));
    const commands = run.restart(1000);
    expect(commands).toEqual([{ type: 'timer', task: 'over', attempt: 1, at: 100 }]);
    run.send({ type: 'due', task: taskKey('over'), attempt: 1, at: instant(1001) });
    expect(run.events.at(-1)).toMatchObject({ type: 'attempt.woken', task: 'over', wake: { type: 'deadline_passed' } });
    run.take(1, answer('open', 'grace'), 1002);
    // Woken, and dead again before it went on: it is handed out once more, with its answer.
    expect(run.restart(2000)).toEqual([
      { type: 'call', task: 'open', attempt: 1, stage: 0, urgency: 1 },
      { type: 'call', task: 'over', attempt: 1, stage: 0, urgency: 1 },
    ]);
    expect(run.memory().task(taskKey('open'))).toMatchObject({ woken: { wake: { type: 'answered', by: 'grace' } } });
  });

  test.each([
    ['who is no approver', { approvers: ['grace', 'edsger'] }, 'barbara', null, 'barbara is not one of its approvers (grace, edsger)'],
    [
      'who started the run, where it takes two',
      { requireDifferentApprover: true },
      'ada',
      null,
      'ada started the run, and it takes somebody else',
    ],
    ['with a form where there is none', {}, 'grace', { window: 'now' }, 'it has no form to fill in'],
    ['without its form', { form: { type: 'object' } }, 'grace', null, 'it has a form to fill in'],
    [
      'with a form that does not fit',
      { form: { type: 'object', properties: { percent: { type: 'integer' } } } },
      'grace',
      { percent: 'all' },
      'its form does not fit: "percent" must be a whole number; got the text "all"',
    ],
  ] as const)('an answer by somebody %s is refused, and the gate stays open', (_, request, by, form, reason) => {
    const run = play(planOf([{ id: 'gate' }]));
    run.park('gate', approval(undefined, request));
    run.take(1, answer('gate', by, { form }), 10);
    expect(run.events.at(-1)).toMatchObject({ type: 'answer.refused', task: 'gate', by, reason });
    expect(run.memory().task(taskKey('gate'))).toMatchObject({ status: 'parked' });
  });

  test('a no needs no form', () => {
    const run = play(planOf([{ id: 'gate' }]));
    run.park('gate', approval(undefined, { form: { type: 'object' } }));
    run.take(1, answer('gate', 'grace', { approved: false }), 10);
    expect(run.events.at(-1)).toMatchObject({ type: 'attempt.woken', wake: { approved: false } });
  });

  test('an answer does not count for a question that was asked again', () => {
    const run = play(planOf([{ id: 'gate', retry: { maxAttempts: 2 } }]));
    run.park('gate', approval(10));
    const late = answer('gate', 'grace');
    run.send({ type: 'due', task: taskKey('gate'), attempt: 1, at: instant(10) });
    run.send({ type: 'started', task: taskKey('gate'), attempt: 1, at: instant(10) });
    const failure = { type: 'timed_out', message: 'nobody answered', after: 10 } as never;
    run.send({
      type: 'done',
      task: taskKey('gate'),
      attempt: 1,
      outcome: { type: 'failure', failure },
      startedAt: instant(10),
      at: instant(10),
      roll: 0,
    });
    run.park('gate', approval(1000), 20);
    expect(run.memory().task(taskKey('gate'))).toMatchObject({ status: 'parked', attempt: 2 });
    run.take(1, late, 25);
    expect(run.events.at(-1)).toMatchObject({ type: 'answer.refused', reason: 'it was asked again since' });
  });

  test('what was taken is not taken again by the process that comes after', () => {
    const run = play(planOf([{ id: 'gate' }, { id: 'later' }]));
    run.park('gate', approval());
    run.take(7, answer('gate', 'grace'), 10);
    run.take(8, signal('go'), 11);
    run.restart(20);
    const before = run.events.length;
    // It died before it could say that it had them.
    run.take(7, answer('gate', 'grace'), 10, 30);
    run.take(8, signal('go'), 11, 30);
    expect(run.events.length).toBe(before);
    expect(run.memory().run.signals).toHaveLength(1);
  });
});

describe('signals', () => {
  const waits = (name: string, since = 0): WakeCondition => ({ type: 'signal', name, since: instant(since) });

  test('wake everybody who waits for them, and nobody else', () => {
    const run = play(planOf([{ id: 'a' }, { id: 'b' }, { id: 'other' }, { id: 'gate' }]));
    run.park('a', waits('go'));
    run.park('b', waits('go'));
    run.park('other', waits('stop'));
    run.park('gate', approval());
    run.take(1, signal('go', { n: 1 }), 10);
    expect(kinds(run.events, 'attempt.woken').map((event) => event.type === 'attempt.woken' && [event.task, event.wake])).toEqual([
      ['a', { type: 'signalled', payload: { n: 1 }, by: 'ada' }],
      ['b', { type: 'signalled', payload: { n: 1 }, by: 'ada' }],
    ]);
    expect(run.memory().run.signals).toEqual([]);
    expect(run.memory().run.parked).toEqual(['other', 'gate']);
  });

  test('that come early are kept for the first who waits, in their order, each once', () => {
    const run = play(planOf([{ id: 'a' }, { id: 'b' }, { id: 'c' }]));
    run.take(1, signal('go', 1), 10);
    run.take(2, signal('go', 2), 20);
    run.restart(25);
    run.park('a', waits('go'), 30);
    run.park('b', waits('go'), 40);
    run.park('c', waits('go'), 50);
    const woken = run.events.flatMap((event) =>
      event.type === 'attempt.woken' && event.wake.type === 'signalled' ? [[event.task, event.wake.payload]] : [],
    );
    expect(woken).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(run.memory().task(taskKey('c'))).toMatchObject({ status: 'parked' });
  });

  test('that are older than a wait takes do not count', () => {
    const run = play(planOf([{ id: 'a' }]));
    run.take(1, signal('go', 'old'), 10);
    run.park('a', waits('go', 20), 30);
    expect(run.memory().task(taskKey('a'))).toMatchObject({ status: 'parked' });
    // Posted before, and taken after it waits.
    run.take(2, signal('go', 'old as well'), 19, 40);
    expect(run.memory().task(taskKey('a'))).toMatchObject({ status: 'parked' });
    run.take(3, signal('go', 'new'), 41);
    expect(run.memory().task(taskKey('a'))).toMatchObject({ status: 'scheduled', woken: { wake: { payload: 'new' } } });
  });

  test('a wake that does not fit what is waited for changes nothing', () => {
    const run = play(planOf([{ id: 'a' }]));
    run.park('a', { type: 'timer', at: instant(100) });
    const before = run.events.length;
    const wake = { type: 'answered', approved: true, by: 'grace', reason: null, form: null } as const;
    run.send({ type: 'wake', task: taskKey('a'), attempt: 1, wake, at: instant(10) });
    expect(run.events.length).toBe(before);
  });
});
