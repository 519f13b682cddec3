import { expect, test } from 'vitest';
import { instant, millis, nanoUsd, runId, taskKey } from '../../../engine/base/ids.ts';
import type { PaidCall } from '../../../engine/contracts/provider.ts';
import type { InEvent } from '../../../engine/contracts/store.ts';
import { createKernel } from '../../../engine/run/kernel.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { RunMemory } from '../../../engine/store/run-memory.ts';
import { planOf } from '../../support/plan-of.ts';

const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
const PAID: PaidCall = {
  request: 'what was asked',
  reply: { text: 'yes', stop: 'end', usage, model: 'm' },
  call: {
    provider: 'p',
    model: 'm',
    call: 'ask',
    status: 'succeeded',
    usage,
    cost: nanoUsd(5),
    baseline: null,
    latency: millis(1),
    simulated: false,
  },
};

/** Two nodes side by side; `slow` was called and did not end, `wrong` failed and the run with it. */
function failing(): { readonly memory: RunMemory; readonly tell: (event: InEvent) => readonly string[] } {
  const index = indexPlan(planOf([{ id: 'slow' }, { id: 'wrong', retry: { maxAttempts: 1 } }]));
  const decide = createKernel(index);
  const memory = new RunMemory(runId('run_test'));
  const tell = (event: InEvent): readonly string[] => memory.advance(event, decide).events.map(({ type }) => type);
  const at = instant(1);
  tell({ type: 'start', inputs: {}, simulated: false, by: 'ada', at });
  for (const task of ['slow', 'wrong']) tell({ type: 'started', task: taskKey(task), attempt: 1, at });
  tell({ type: 'called', task: taskKey('slow'), attempt: 1, paid: PAID, at });
  const failure = { type: 'refused' as const, message: 'no' };
  tell({ type: 'done', task: taskKey('wrong'), attempt: 1, outcome: { type: 'failure', failure }, startedAt: at, at, roll: 0 });
  expect(memory.run.status).toBe('failing');
  return { memory, tell };
}

test('what an attempt paid for before it was cancelled counts when its run gets another chance', () => {
  const { memory, tell } = failing();
  const slow = taskKey('slow');
  // The process ends; the next one finds a run that fails, and does not go on with what was in flight.
  expect(tell({ type: 'resume', tasks: [slow], at: instant(2) })).toEqual([
    'run.resumed',
    'attempt.interrupted',
    'attempt.cancelled',
    'node.cancelled',
    'run.finished',
  ]);
  tell({ type: 'reopen', at: instant(3) });
  tell({ type: 'started', task: slow, attempt: 2, at: instant(3) });
  expect(memory.task(slow)).toMatchObject({ status: 'running', attempt: 2, base: 1 });
  expect(memory.paidCalls(slow)).toEqual([PAID]);
  expect(memory.paidCalls(taskKey('wrong'))).toEqual([]);

  // Once it has an end of its own, nothing of it is left to count.
  const outcome = { type: 'output' as const, output: { json: 1 } };
  tell({ type: 'done', task: slow, attempt: 2, outcome, startedAt: instant(3), at: instant(4), roll: 0 });
  expect(memory.paidCalls(slow)).toEqual([]);
});
