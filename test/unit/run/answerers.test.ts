import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instant, runId, taskKey } from '../../../engine/base/ids.ts';
import type { JsonObject } from '../../../engine/base/json.ts';
import type { RunEvent } from '../../../engine/contracts/event.ts';
import type { NodeResult, RunResult } from '../../../engine/contracts/result.ts';
import { loadWorkflow } from '../../../engine/load.ts';
import { compareAnswerers } from '../../../engine/run/answerers.ts';
import { indexPlan } from '../../../engine/run/plan-index.ts';
import { resultOf } from '../../../engine/run/result.ts';
import { createTally } from '../../../engine/run/tally.ts';
import { run } from '../../../engine/run-workflow.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-answerers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function ran(nodes: string, more: { inputs?: JsonObject; replies?: string; outputs?: string } = {}) {
  const file = join(folder, 'a.workflow.yml');
  const replies = join(folder, 'a.replies.yml');
  const inputs = more.inputs ? 'inputs: { sizes: { type: array, items: { type: integer } } }\n' : '';
  writeFileSync(file, `dagrun: 1\nname: answerers\n${inputs}nodes:\n${nodes}\noutputs: { o: '${more.outputs ?? 'nodes.a.output'}' }\n`);
  writeFileSync(replies, more.replies ?? 'replies: []\n');
  const env = { DAGRUN_STORE: 'memory:' };
  const workflow = await loadWorkflow(file, { cwd: folder, env });
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const result = await run(workflow, { cwd: folder, env, inputs: more.inputs ?? {}, replies, onEvent });
  return { result, events, index: indexPlan(workflow.plan) };
}

const whoIn = ({ tier, tiers, model, models, provider, providers }: NodeResult | undefined = {} as NodeResult): unknown => ({
  tier,
  tiers,
  model,
  models,
  provider,
  providers,
});

const BY_SIZE = `  a:
    foreach: inputs.sizes
    tier: [{ when: item > 5, use: premium }, { when: item > 2, use: capable }, { use: cheap }]
    prompt: "{{item}}"`;

describe('who answered', () => {
  test.each([[[1, 3, 9]], [[9, 3, 1]], [[3, 1, 9, 1]]])('%j: all tiers from the cheapest up, whichever came last', async (sizes) => {
    const { result } = await ran(BY_SIZE, { inputs: { sizes } });
    expect(whoIn(result.nodes[0])).toEqual({
      tiers: ['cheap', 'capable', 'premium'],
      models: ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5'],
      provider: 'offline',
    });
  });

  test('one tier, one model: both are named alone', async () => {
    const { result } = await ran(BY_SIZE, { inputs: { sizes: [1, 2] } });
    expect(whoIn(result.nodes[0])).toEqual({ tier: 'cheap', model: 'claude-haiku-5-5', provider: 'offline' });
  });

  test('an answer that was not good enough is not the one that was taken', async () => {
    const { result } = await ran(
      `  a:
    tier: cheap
    prompt: Say yes.
    retry: { max_attempts: 1 }
    check: [{ that: 'output == "yes"', message: not yes }]
    escalate: { to: capable, on: [check_failed] }`,
      { replies: 'replies: [{ node: a, tier: cheap, times: any, text: no }, { node: a, tier: capable, text: yes }]\n' },
    );
    expect(result.status).toBe('succeeded');
    expect(whoIn(result.nodes[0])).toEqual({ tier: 'capable', model: 'claude-sonnet-5-5', provider: 'offline' });
  });

  test('of a node that holds others: whoever answered inside; whoever judges did not', async () => {
    const { result } = await ran(`  a:
    kind: group
    nodes:
      one: { tier: premium, prompt: One. }
      two:
        tier: cheap
        prompt: Two.
        evaluate: { tier: capable, prompt: "{{candidate}}", output: { fields: { ok: boolean } }, accept_if: evaluation.ok || true }`);
    const [a] = result.nodes;
    expect(a).toMatchObject({ tiers: ['cheap', 'premium'] });
    expect(a?.nodes?.map(({ id, tier }) => [id, tier])).toEqual([
      ['one', 'premium'],
      ['two', 'cheap'],
    ]);
  });

  test('where nothing came of it: whoever was asked', async () => {
    const { result } = await ran(BY_SIZE, { inputs: { sizes: [9, 1] }, replies: 'replies: [{ node: a, times: any, fail: refused }]\n' });
    expect(result.status).toBe('failed');
    expect(result.nodes[0]).toMatchObject({ tiers: ['cheap', 'premium'] });
  });

  test('an expression reads the highest of those that were asked side by side', async () => {
    for (const sizes of [
      [1, 9, 3],
      [9, 3, 1],
    ])
      expect((await ran(BY_SIZE, { inputs: { sizes }, outputs: '[nodes.a.tier, nodes.a.model]' })).result.outputs).toEqual({
        o: ['premium', 'claude-opus-5-5'],
      });
  });

  test('the answer of a try that was cut off counts for the one that goes on with it', async () => {
    const { events, index, result } = await ran('  a: { tier: cheap, prompt: Hi. }');
    const called = events.findIndex(({ type }) => type === 'model.called');
    const cut = { run: runId('run_x'), seq: 0, at: instant(0), task: taskKey('a'), attempt: 1 };
    const tally = createTally(index);
    for (const type of ['attempt.interrupted', 'attempt.cancelled'] as const)
      for (const event of [...events.slice(0, called + 1), { ...cut, type }, ...events.slice(called + 1)]) tally.add(event);
    expect(whoIn(resultOf(runId('run_x'), index, tally).nodes[0])).toEqual(whoIn(result.nodes[0]));
  });

  test('are ordered by tier, then as the tier lists them, then by name; who has no tier comes last', () => {
    const tiers = { cheap: ['b/second', 'a/first'] };
    const all = [
      { provider: 'a', model: 'own' },
      { provider: 'a', model: 'large', tier: 'capable' as const },
      { provider: 'a', model: 'unlisted', tier: 'cheap' as const },
      { provider: 'a', model: 'first', tier: 'cheap' as const },
      { provider: 'b', model: 'second', tier: 'cheap' as const },
    ];
    expect([...all].sort((one, other) => compareAnswerers(one, other, tiers)).map(({ model }) => model)).toEqual([
      'second',
      'first',
      'unlisted',
      'large',
      'own',
    ]);
  });
});

describe('votes', () => {
  const votesIn = ({ nodes: [a] }: RunResult): unknown => ({
    ...(a?.votes && { votes: a.votes }),
    items: a?.items?.map(({ votes }) => votes),
  });
  const vote = 'tier: cheap, prompt: "Which?", best_of: { n: 3, pick: vote }, retry: { max_attempts: 1 }';

  test('say how many agreed with the one that was kept', async () => {
    const { result } = await ran(`  a: { ${vote} }`, {
      replies: 'replies: [{ node: a, text: x }, { node: a, text: y }, { node: a, text: y }]\n',
    });
    expect(result.outputs).toEqual({ o: 'y' });
    expect(votesIn(result)).toEqual({ votes: { agreed: 2, of: 3 } });
  });

  test('are of those that did not fail', async () => {
    const { result } = await ran(`  a: { ${vote} }`, {
      replies: 'replies: [{ node: a, text: x }, { node: a, fail: refused }, { node: a, text: y }]\n',
    });
    expect(votesIn(result)).toEqual({ votes: { agreed: 1, of: 2 } });
  });

  test('of a fan-out: of each item, and of all together', async () => {
    const { result } = await ran(`  a: { foreach: inputs.sizes, ${vote} }`, {
      inputs: { sizes: [1, 2] },
      replies:
        'replies: [{ node: a, item: 0, times: any, text: x }, { node: a, item: 1, text: y }, { node: a, item: 1, times: 2, text: z }]\n',
    });
    expect(votesIn(result)).toEqual({
      votes: { agreed: 5, of: 6 },
      items: [
        { agreed: 3, of: 3 },
        { agreed: 2, of: 3 },
      ],
    });
  });

  test('a judge has none, and inside others they are told, too', async () => {
    const judged =
      'tier: cheap, prompt: "Which?", best_of: { n: 2, pick: judge, judge: { tier: capable, prompt: "{{bullets candidates}}" } }';
    const { result } = await ran(`  a: { kind: group, nodes: { b: { ${vote} }, c: { ${judged} } } }`, {
      replies: 'replies: [{ node: a/b, times: any, text: x }, { node: a/c, call: judge, json: { best: 1 } }]\n',
    });
    expect(result.status).toBe('succeeded');
    expect(result.nodes[0]?.nodes?.map(({ votes }) => votes)).toEqual([{ agreed: 3, of: 3 }, undefined]);
  });
});
