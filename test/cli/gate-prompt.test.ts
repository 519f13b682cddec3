import { describe, expect, test } from 'vitest';
import { createContext } from '../../cli/context.ts';
import { createGatePrompt, type GatePrompt } from '../../cli/gate-prompt.ts';
import type { GateAnswer, RunEvent } from '../../engine/index.ts';
import { type FakeIo, fakeIo } from './fake-io.ts';

interface Sitting {
  readonly io: FakeIo;
  readonly prompt: GatePrompt;
  readonly answers: (GateAnswer & { readonly gate: string })[];
  readonly asked: string[];
  readonly pauses: string[];
}

/** Somebody at a terminal who says these lines, and nothing when they are used up. */
function sit(lines: readonly string[], options: { refuse?: string } = {}): Sitting {
  const io = fakeIo({ cwd: '/tmp', terminal: 80 });
  const left = [...lines];
  const answers: (GateAnswer & { readonly gate: string })[] = [];
  const asked: string[] = [];
  const pauses: string[] = [];
  const prompt = createGatePrompt(createContext(io, { colour: false, folder: undefined }), {
    user: 'ada',
    ask: (question, abort) => {
      asked.push(question.trim());
      const line = left.shift();
      return line !== undefined
        ? Promise.resolve(line)
        : new Promise((resolve) => abort.addEventListener('abort', () => resolve(undefined)));
    },
    async answer(_run, gate, answer) {
      if (options.refuse !== undefined) throw new Error(options.refuse);
      answers.push({ gate, ...answer });
    },
    pause: () => pauses.push('pause'),
    resume: () => pauses.push('resume'),
  });
  return { io, prompt, answers, asked, pauses };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const parked = (task: string, request: object = {}): RunEvent =>
  ({
    run: 'run_1',
    seq: 1,
    at: 0,
    type: 'attempt.parked',
    task,
    attempt: 1,
    until: { type: 'approval', request: { message: `${task}?`, approvers: [], requireDifferentApprover: false, ...request } },
    memo: null,
  }) as never;
const started = (by: string): RunEvent => ({ run: 'run_1', seq: 1, at: 0, type: 'run.started', by }) as never;
const woken = (task: string): RunEvent =>
  ({ run: 'run_1', seq: 2, at: 0, type: 'attempt.woken', task, attempt: 1, wake: { type: 'due' } }) as never;

describe('questions at the terminal', () => {
  test('come one after the other, with their forms, and the screen is given back after each', async () => {
    const form = {
      type: 'object',
      properties: { window: { enum: ['now', 'tonight'] }, percent: { type: 'integer' }, note: { type: 'string' } },
      required: ['window'],
    };
    const { prompt, answers, asked, pauses } = sit(['y', 'tonight', '5', '', 'fine', 'no', '']);
    prompt.onEvent(parked('a', { form }));
    prompt.onEvent(parked('b'));
    await settled();
    expect(answers).toEqual([
      { gate: 'a', approved: true, by: 'ada', reason: 'fine', form: { window: 'tonight', percent: 5 } },
      { gate: 'b', approved: false, by: 'ada' },
    ]);
    expect(asked.slice(1, 4)).toEqual(['window (now | tonight):', 'percent (integer, may be empty):', 'note (text, may be empty):']);
    expect(pauses).toEqual(['pause', 'resume', 'pause', 'resume']);
  });

  test('left open stay open, and are not asked again', async () => {
    const { prompt, answers, io } = sit(['']);
    prompt.onEvent(parked('a'));
    await settled();
    expect(answers).toEqual([]);
    expect(io.written.stderr).toContain('left open: dagrun approvals show run_1 a');
  });

  test('are taken back when somebody else was faster, or the run ends', async () => {
    const { prompt, answers, pauses, io } = sit([]);
    prompt.onEvent(parked('a'));
    await settled();
    prompt.onEvent(woken('a'));
    await settled();
    expect(pauses).toEqual(['pause', 'resume']);
    expect(io.written.stderr).not.toContain('left open');
    prompt.onEvent(parked('b'));
    await settled();
    prompt.close();
    await settled();
    expect(pauses).toEqual(['pause', 'resume', 'pause', 'resume']);
    expect(answers).toEqual([]);
  });

  test('that this person may not answer are not asked; those of the time before are', async () => {
    const { prompt, answers } = sit(['y', '']);
    prompt.onPast(started('ada'));
    prompt.onPast(parked('past'));
    prompt.onPast(parked('settled'));
    prompt.onPast(woken('settled'));
    prompt.onEvent(parked('others', { approvers: ['grace'] }));
    prompt.onEvent(parked('four_eyes', { requireDifferentApprover: true }));
    await settled();
    expect(answers.map(({ gate }) => gate)).toEqual(['past']);
  });

  test('an answer that is not taken is told', async () => {
    const { prompt, io } = sit(['y', ''], { refuse: 'a of run_1 was approved by grace already' });
    prompt.onEvent(parked('a'));
    await settled();
    expect(io.written.stderr).toContain('error: a of run_1 was approved by grace already');
  });
});
