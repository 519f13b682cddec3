import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { answerGate, explainGate, listGates, loadWorkflow, type RunEvent, resume, run, signal } from '../../engine/index.ts';

let cwd: string;
const around = (): { cwd: string; env: Record<string, string> } => ({ cwd, env: { DAGRUN_STORE: `file:${join(cwd, 'runs.db')}` } });
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dagrun-approvals-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Starts a workflow and returns when it only waits. */
async function start(nodes: string, by = 'ada'): Promise<string> {
  writeFileSync(join(cwd, 'test.workflow.yml'), `dagrun: 1\nname: test\nnodes:\n${nodes}\n`);
  const workflow = await loadWorkflow('test.workflow.yml', around());
  const result = await run(workflow, { ...around(), by, wait: false, offline: true });
  expect(result.status).toBe('waiting');
  return result.run;
}

const GATE = `  gate:
    kind: approval
    message: Deploy?
    require_different_approver: true
    form: { fields: { window: now | tonight, percent?: integer 1..100 } }`;

describe('an approval', () => {
  test('is listed, answered from elsewhere, and taken by whoever resumes the run', async () => {
    const id = await start(`${GATE}\n  after: { kind: set, value: nodes.gate.output }`);
    expect(await listGates(around())).toEqual([
      expect.objectContaining({
        run: id,
        workflow: 'test',
        gate: 'gate',
        message: 'Deploy?',
        startedBy: 'ada',
        driven: false,
        posted: null,
        expiresAt: null,
      }),
    ]);
    await answerGate(id, 'gate', { approved: true, by: 'grace', reason: 'looks fine', form: { window: 'now' } }, around());
    expect((await listGates(around()))[0]?.posted).toEqual({ approved: true, by: 'grace' });
    await expect(answerGate(id, 'gate', { approved: false, by: 'edsger' }, around())).rejects.toThrow(
      `gate of ${id} was approved by grace already`,
    );

    const events: RunEvent[] = [];
    const result = await resume(id, { ...around(), onEvent: (event) => events.push(event) });
    expect(result.status).toBe('succeeded');
    const output = { approved: true, reason: 'looks fine', responder: 'grace', form: { window: 'now' } };
    expect(
      events.filter((event) => event.type === 'attempt.succeeded').map((event) => event.type === 'attempt.succeeded' && event.output),
    ).toEqual([{ json: output }, { json: output }]);
    expect(await listGates(around())).toEqual([]);
    await expect(answerGate(id, 'gate', { approved: false, by: 'edsger' }, around())).rejects.toThrow(
      /was approved by grace at .*: the first answer counts/,
    );
    await expect(explainGate(id, 'gate', around())).rejects.toThrow('the first answer counts');
  });

  test.each([
    ['ada', { window: 'now' }, 'ada started the run, and it takes somebody else'],
    ['grace', null, 'it has a form to fill in'],
    ['grace', { window: 'later' }, 'its form does not fit: "window" must be one of "now", "tonight"; got "later"'],
    ['grace', { window: 'now', color: 'red' }, '"color"'],
  ])('is not answered by %s with %j', async (by, form, reason) => {
    const id = await start(GATE);
    await expect(answerGate(id, 'gate', { approved: true, by, form }, around())).rejects.toThrow(reason);
    expect((await listGates(around()))[0]?.posted).toBeNull();
  });

  test('whose name is wrong is suggested, and one of no run is told so', async () => {
    const id = await start(GATE);
    await expect(answerGate(id, 'gat', { approved: true, by: 'grace' }, around())).rejects.toMatchObject({ help: 'did you mean gate?' });
    await expect(answerGate('run_none', 'gate', { approved: true, by: 'grace' }, around())).rejects.toThrow('there is no run run_none');
  });

  test('whose time is over takes no answer, and the run goes on without one', async () => {
    const id = await start(`  gate: { kind: approval, message: Deploy?, expires: 1h, on_expiry: reject }
  after: { kind: set, value: nodes.gate.output.reason }`);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 });
    try {
      await expect(answerGate(id, 'gate', { approved: true, by: 'grace' }, around())).rejects.toThrow('the time to answer');
      const events: RunEvent[] = [];
      const result = await resume(id, { ...around(), onEvent: (event) => events.push(event) });
      expect(result.status).toBe('succeeded');
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'attempt.succeeded', task: 'after', output: { json: 'nobody answered within 1h 00m' } }),
      );
    } finally {
      vi.useRealTimers();
    }
  });

  test('that was answered in time counts, although nobody was there to take it', async () => {
    const id = await start('  gate: { kind: approval, message: Deploy?, expires: 1h, on_expiry: reject }');
    await answerGate(id, 'gate', { approved: true, by: 'grace' }, around());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 });
    try {
      const events: RunEvent[] = [];
      await resume(id, { ...around(), onEvent: (event) => events.push(event) });
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'attempt.woken', wake: expect.objectContaining({ type: 'answered', by: 'grace' }) }),
      );
    } finally {
      vi.useRealTimers();
    }
  });

  test('of every item of a fan-out is a gate of its own', async () => {
    const id = await start('  gate: { kind: approval, foreach: { items: "[1, 2, 3]" }, message: "Item {{item}}?" }');
    expect((await listGates(around())).map(({ gate, message }) => [gate, message])).toEqual([
      ['gate[0]', 'Item 1?'],
      ['gate[1]', 'Item 2?'],
      ['gate[2]', 'Item 3?'],
    ]);
    for (const gate of ['gate[2]', 'gate[0]', 'gate[1]'])
      await answerGate(id, gate, { approved: gate !== 'gate[1]', by: 'grace' }, around());
    const result = await resume(id, around());
    expect(result.status).toBe('succeeded');
  });

  test('of a run that is driven is taken without anybody resuming it', async () => {
    writeFileSync(
      join(cwd, 'test.workflow.yml'),
      'dagrun: 1\nname: test\nnodes:\n  gate: { kind: approval, message: Deploy? }\noutputs: { by: nodes.gate.output.responder }\n',
    );
    const workflow = await loadWorkflow('test.workflow.yml', around());
    let answered: Promise<unknown> | undefined;
    const result = await run(workflow, {
      ...around(),
      onEvent(event) {
        if (event.type !== 'attempt.parked') return;
        answered = answerGate(event.run, 'gate', { approved: true, by: 'grace' }, around());
      },
    });
    expect(await answered).toMatchObject({ driven: true });
    expect(result.outputs).toEqual({ by: 'grace' });
  });
});

describe('a signal from outside', () => {
  test('wakes who waits for it', async () => {
    const id = await start('  paid: { kind: wait, signal: paid, output: { fields: { amount: number } } }');
    expect(await signal('paid', { ...around(), to: id, payload: { amount: 12.5 }, by: 'till' })).toEqual([{ run: id, driven: false }]);
    const result = await resume(id, around());
    expect(result.status).toBe('succeeded');
  });

  test('with a payload that does not fit fails the node that waited', async () => {
    const id = await start('  paid: { kind: wait, signal: paid, output: { fields: { amount: number } } }');
    await signal('paid', { ...around(), to: 'all', payload: { amount: 'much' }, by: 'till' });
    const result = await resume(id, around());
    expect(result.error).toMatchObject({ type: 'output_invalid', node: 'paid' });
  });

  test('to a run that is over, or is none, is refused', async () => {
    await expect(signal('paid', { ...around(), to: 'run_none', by: 'till' })).rejects.toThrow(
      'there is no run run_none to send a signal to',
    );
    expect(await signal('paid', { ...around(), to: 'all', by: 'till' })).toEqual([]);
  });
});
