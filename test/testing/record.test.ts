import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Instant, instant, millis, nanoUsd, type RunId, runId, type TaskKey, taskKey } from '../../engine/base/ids.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import type { EventBody, RunEvent } from '../../engine/contracts/event.ts';
import type { ModelCall, ModelReply } from '../../engine/contracts/provider.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import type { LoadedWorkflow, RunOptions } from '../../engine/index.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { runIn } from '../../engine/run-workflow.ts';
import { recordRun, renderRecording } from '../../engine/testing/record.ts';
import { virtualClock } from '../../engine/testing/virtual-clock.ts';
import { planOf } from '../support/plan-of.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-record-'));
afterAll(() => rmSync(sandbox, { recursive: true }));

/** A run on virtual time, with its journal. */
async function play(workflow: LoadedWorkflow, options: RunOptions): Promise<{ result: RunResult; events: RunEvent[] }> {
  const clock = virtualClock();
  const events: RunEvent[] = [];
  const world = { clock, random: () => 0.5, id: runId('run_recorded'), alone: true };
  const running = runIn(world, workflow, {
    ...options,
    env: { DAGRUN_STORE: 'memory:' },
    cache: false,
    onEvent: (event) => events.push(event),
  });
  await clock.runUntil(running, () => {});
  return { result: await running, events };
}

function replies(name: string, text: string): string {
  const file = join(sandbox, `${name}.replies.yml`);
  writeFileSync(file, text);
  return file;
}

/** A result without what a replay is not meant to repeat: how long things took. */
function lasting(result: RunResult): unknown {
  return JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === 'durationMs' ? undefined : value)));
}

describe('a recording, replayed, gives the same run: outputs, bill, attempts and failures', () => {
  const folder = 'test/fixtures/run';
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.workflow.yml'))) {
    const name = file.replace('.workflow.yml', '');
    test(name, async () => {
      const workflow = await loadWorkflow(join(folder, file), { env: {} });
      const given = join(folder, `${name}.replies.yml`);
      const first = await play(workflow, existsSync(given) ? { replies: given } : { offline: true });
      const recording = renderRecording(first.events, workflow.plan);
      const second = await play(workflow, { replies: replies(name, recording) });
      expect(lasting(second.result)).toEqual(lasting(first.result));
      expect(answersIn(second.events)).toEqual(answersIn(first.events));
    });
  }
});

describe('what a run over real providers says', () => {
  const workflowFile = join(sandbox, 'two.workflow.yml');
  writeFileSync(
    workflowFile,
    `dagrun: 1
name: two
nodes:
  ask: { tier: cheap, prompt: Hello?, output: { fields: { n: integer } } }
  gate: { kind: approval, message: "Is {{nodes.ask.output.n}} right?", needs: [ask] }
  pause: { kind: wait, for: 24h }
  word: { kind: wait, signal: word }
outputs: { n: nodes.ask.output.n, right: nodes.gate.output.approved, word: nodes.word.output, by: nodes.gate.output.responder }
`,
  );

  test('the model that answered, what it was billed at, and who was asked before', async () => {
    const events = journal([
      started(),
      called(
        'ask',
        1,
        {
          provider: 'openai',
          model: 'gpt-x',
          status: 'failed',
          failure: { type: 'unavailable', message: 'down', status: 503 },
          cost: null,
          baseline: null,
        },
        null,
      ),
      called('ask', 1, { provider: 'local', model: 'llama', cost: nanoUsd(1234), baseline: nanoUsd(5678) }, '{"n":7}'),
      {
        type: 'attempt.woken',
        task: taskKey('gate'),
        attempt: 1,
        wake: { type: 'answered', approved: true, by: 'ada', reason: 'looks right', form: null },
      },
      { type: 'attempt.woken', task: taskKey('pause'), attempt: 1, wake: { type: 'due' } },
      { type: 'attempt.woken', task: taskKey('word'), attempt: 1, wake: { type: 'signalled', payload: { a: 1 }, by: 'ci' } },
    ]);
    const recording = recordRun(events);
    expect(recording).toEqual({
      replies: [
        {
          node: 'ask',
          attempt: 1,
          call: 'ask',
          fail: { type: 'unavailable', message: 'down', status: 503, charged: 'unknown' },
          billed: { model: 'openai/gpt-x', cost: null, baseline: null },
        },
        {
          node: 'ask',
          attempt: 1,
          call: 'ask',
          json: { n: 7 },
          usage: { input: 10, output: 2 },
          billed: { model: 'local/llama', cost: 0.000001234, baseline: 0.000005678 },
        },
      ],
      answers: [{ gate: 'gate', approved: true, reason: 'looks right', by: 'ada' }],
      waits: [
        { node: 'pause', attempt: 1, over: 'due' },
        { node: 'word', attempt: 1, payload: { a: 1 }, by: 'ci' },
      ],
    });

    const workflow = await loadWorkflow(workflowFile, { env: {} });
    const { result, events: again } = await play(workflow, { replies: replies('two', renderRecording(events)) });
    expect(result.outputs).toEqual({ n: 7, right: true, word: { a: 1 }, by: 'ada' });
    expect(result.cost).toMatchObject({ total: 0.000001234, baseline: 0.000005678, unpricedCalls: 1 });
    expect(result.durationMs).toBe(0);
    expect(callsIn(again)).toEqual(['gpt-x failed', 'llama succeeded']);
  });

  test('an interrupted attempt is recorded as if it had gone through, a reopened one as if it had not failed', () => {
    const events = journal([
      started(),
      called('ask', 1, {}, '{"n":1}'),
      { type: 'attempt.interrupted', task: taskKey('ask'), attempt: 1 },
      called('ask', 2, { call: 'repair' }, '{"n":2}'),
      succeeded('ask', 2, { n: 2 }),
      called('other', 1, { status: 'failed', failure: { type: 'refused', message: 'no' } }, null),
      failed('other', 1),
      { type: 'run.reopened' },
      { type: 'node.reopened', node: taskKey('other'), redo: [] },
      called('other', 2, {}, 'at last'),
      succeeded('other', 2, 'at last'),
    ]);
    expect(recordRun(events).replies).toMatchObject([
      { node: 'ask', attempt: 1, call: 'ask', json: { n: 1 } },
      { node: 'ask', attempt: 1, call: 'repair', json: { n: 2 } },
      { node: 'other', attempt: 1, text: 'at last' },
    ]);
  });

  test('a request refused for its schema, and made again without it, is told from one that was wrong', () => {
    const refused: Partial<ModelCall> = { status: 'failed', failure: { type: 'bad_request', message: 'no such schema' } };
    const twice = journal([started(), called('ask', 1, refused, null), called('ask', 1, {}, '{"n":1}'), succeeded('ask', 1, { n: 1 })]);
    expect(recordRun(twice).replies).toMatchObject([{ fail: { type: 'bad_request', schema_refused: true } }, { json: { n: 1 } }]);
    const once = journal([started(), called('ask', 1, refused, null), failed('ask', 1)]);
    expect((recordRun(once).replies as JsonObject[])[0]?.fail).toEqual({ type: 'bad_request', message: 'no such schema' });
  });

  test('an output that was taken over from before is recorded as an answer that costs nothing', () => {
    const by = { provider: 'openai', model: 'gpt-x' };
    const reused = { from: 'cache', run: runId('run_before'), task: taskKey('ask'), saved: nanoUsd(9), by } as const;
    const events = journal([started(), { ...succeeded('ask', 1, { n: 3 }), reused } as EventBody]);
    expect(recordRun(events).replies).toEqual([
      { node: 'ask', attempt: 1, json: { n: 3 }, usage: { input: 0, output: 0 }, billed: { model: 'openai/gpt-x', cost: 0, baseline: 0 } },
    ]);
  });

  test('an output that was taken over after `result` adapted it is refused: a replay would adapt it again', () => {
    const by = { provider: 'openai', model: 'gpt-x' };
    const reused = { from: 'cache', run: runId('run_before'), task: taskKey('ask'), saved: nanoUsd(9), by } as const;
    const events = journal([started(), { ...succeeded('ask', 1, 'adapted'), reused } as EventBody]);
    const plan = planOf([{ id: 'ask' }]);
    const adapted = { ...plan, nodes: plan.nodes.map((node) => ({ ...node, result: 'output' })) };
    expect(() => recordRun(events, adapted)).toThrow('what "ask" came to was taken over from run_before');
    expect(recordRun(events, plan).replies).toHaveLength(1);
  });
});

/** A recording in an order that does not depend on which of two that run side by side was quicker. */
function answersIn(events: readonly RunEvent[]): unknown {
  const lists = Object.entries(recordRun(events) as Readonly<Record<string, readonly JsonObject[]>>);
  return lists.map(([name, entries]) => [name, entries.map((entry) => JSON.stringify(entry)).sort()]);
}

function callsIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'model.called' ? [`${event.call.model} ${event.call.status}`] : []));
}

function journal(bodies: readonly EventBody[]): RunEvent[] {
  return bodies.map((body, index) => ({ run: 'run_x' as RunId, seq: index + 1, at: instant(index) as Instant, ...body }));
}

const started = (): EventBody => ({
  type: 'run.started',
  workflow: 'two',
  plan: 'digest' as never,
  inputs: {},
  simulated: false,
  by: 'ada',
});

function called(node: string, attempt: number, more: Partial<ModelCall>, text: string | null): EventBody {
  const usage = { input: 10, output: 2, cacheRead: 0, cacheWrite: 0 };
  const call: ModelCall = {
    provider: 'openai',
    model: 'gpt-x',
    tier: 'cheap',
    call: 'ask',
    status: 'succeeded',
    usage,
    cost: nanoUsd(0),
    baseline: nanoUsd(0),
    latency: millis(5),
    simulated: false,
    ...more,
  };
  const reply: ModelReply | null = text === null ? null : { text, stop: 'end', usage, model: call.model };
  return { type: 'model.called', task: taskKey(node), attempt, call, request: 'digest', reply };
}

function succeeded(node: string, attempt: number, output: never | JsonObject | string): EventBody {
  return { type: 'attempt.succeeded', task: taskKey(node) as TaskKey, attempt, output: { json: output }, duration: millis(1) };
}

function failed(node: string, attempt: number): EventBody {
  const failure = { type: 'refused', message: 'no' } as const;
  return { type: 'attempt.failed', task: taskKey(node), attempt, failure, duration: millis(1), next: { type: 'give_up' } };
}
