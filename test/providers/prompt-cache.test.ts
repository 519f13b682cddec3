import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../engine/base/json.ts';
import { type LoadedWorkflow, loadWorkflow, type RunEvent, type RunResult, resume, run } from '../../engine/index.ts';
import { type CachingServer, startCachingServer } from '../support/caching-server.ts';
import type { Received } from '../support/wire-server.ts';

/** English prose: some 7,000 tokens. */
const GUIDE = 'The quick brown fox jumps over the lazy dog, and the dog does not mind at all. '.repeat(400);

let server: CachingServer;
beforeAll(async () => {
  server = await startCachingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.received.splice(0);
  server.accounts.splice(0);
  server.expire();
  server.script(() => ({ text: 'fine' }));
});

interface Ran {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

async function load(nodes: string, env: Record<string, string>, more = ''): Promise<{ folder: string; workflow: LoadedWorkflow }> {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-cache-'));
  const file = join(folder, 'w.workflow.yml');
  const top = `dagrun: 1
name: w
inputs:
  guide: { type: string, default: ${JSON.stringify(GUIDE)} }
  questions: { type: array, items: { type: string }, default: [] }
tiers: { cheap: [anthropic/claude-sonnet-5] }
defaults: { tier: cheap, retry: { max_attempts: 3, initial_delay: 1ms, max_delay: 2ms } }
`;
  writeFileSync(file, `${top}${more}nodes:\n${nodes}outputs: { all: "1" }\n`);
  return { folder, workflow: await loadWorkflow(file, { env, cwd: folder }) };
}

async function go(nodes: string, inputs: JsonObject = {}, more = ''): Promise<Ran> {
  const env = { ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: server.url };
  const { folder, workflow } = await load(nodes, env, more);
  const events: RunEvent[] = [];
  const result = await run(workflow, { inputs, env, cwd: folder, cache: false, onEvent: (event) => events.push(event) });
  return { result, events };
}

const QUESTIONS = Array.from({ length: 20 }, (_, at) => `question ${at}`);
const FAN_OUT = '  ask:\n    foreach: inputs.questions\n    prompt: "{{inputs.guide}}\\n\\nNow: {{item}}"\n';
const marksOf = ({ body }: Received): number => JSON.stringify(body).split('"cache_control"').length - 1;

describe('a fan-out over a long shared text', () => {
  test('one goes first, and the others read what it wrote', async () => {
    const { result, events } = await go(FAN_OUT, { questions: QUESTIONS });
    expect(result.status).toBe('succeeded');
    expect(events.find((event) => event.type === 'node.expanded')).toMatchObject({ warmUp: { model: 'anthropic/claude-sonnet-5' } });
    const order = events.flatMap((event) => (event.type === 'attempt.scheduled' || event.type === 'model.called' ? [event.type] : []));
    expect(order.slice(0, 4)).toEqual(['attempt.scheduled', 'model.called', 'attempt.scheduled', 'attempt.scheduled']);
    const [first, ...others] = server.accounts;
    expect(first).toMatchObject({ read: 0, write: Math.ceil((GUIDE.length + 7) / 4) });
    for (const one of others) expect(one).toMatchObject({ read: first!.write, write: 0 });
    expect(server.received.every((one) => marksOf(one) === 1)).toBe(true);
    // What is said is what is said without marks, to the letter.
    const said = server.received.map(({ body }) => body.messages[0].content.map(({ text }: { text: string }) => text).join(''));
    expect(new Set(said)).toEqual(new Set(QUESTIONS.map((item) => `${GUIDE}\n\nNow: ${item}`)));
    // 158,000 tokens at $2 a million; read at a tenth of that, written at one and a quarter.
    const { write } = first!;
    const saved = (19 * write * (2 - 0.2) - write * (2.5 - 2)) / 1e6;
    expect(result.cost.promptCache).toEqual({ read: 19 * write, written: write, saved: expect.closeTo(saved, 6) });
    const plain = (result.nodes[0]!.tokens.input * 2 + 200 * 10) / 1e6;
    expect(result.cost.total).toBeCloseTo(plain - saved, 6);
    expect(result.cost.total).toBeLessThan(0.17 * plain);
  });

  test('without it, nobody reads anything', async () => {
    // The same with what changes in front: nothing is shared.
    const { result } = await go(FAN_OUT.replace('{{inputs.guide}}\\n\\nNow: {{item}}', '{{item}}: {{inputs.guide}}'), {
      questions: QUESTIONS,
    });
    expect(result.status).toBe('succeeded');
    expect(server.received.map(marksOf)).toEqual(QUESTIONS.map(() => 0));
    expect(result.cost.promptCache).toBeUndefined();
    expect(result.cost.total).toBeGreaterThan(0.31);
  });

  test('one that fails holds nobody up', async () => {
    let first = true;
    server.script(() => {
      if (!first) return { text: 'fine' };
      first = false;
      return { error: 500 };
    });
    const { result, events } = await go(FAN_OUT, { questions: QUESTIONS });
    expect(result.status).toBe('succeeded');
    const failedAt = events.findIndex((event) => event.type === 'attempt.failed');
    expect(events.slice(0, failedAt).filter((event) => event.type === 'attempt.scheduled').length).toBe(1);
    expect(events.slice(failedAt + 1, failedAt + 20).filter((event) => event.type === 'attempt.scheduled').length).toBeGreaterThanOrEqual(
      15,
    );
  });

  test('two items that go one after the other anyway wait for nobody, and share all the same', async () => {
    const { events } = await go(FAN_OUT.replace('foreach: inputs.questions', 'foreach: { items: inputs.questions, concurrency: 1 }'), {
      questions: ['a', 'b'],
    });
    expect(events.find((event) => event.type === 'node.expanded')).not.toHaveProperty('warmUp');
    expect(server.accounts[1]).toMatchObject({ read: server.accounts[0]!.write, write: 0 });
  });

  test('a run that was stopped while one went first does the same when it goes on', async () => {
    server.script({ hang: true });
    const abort = new AbortController();
    const env = { ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: server.url };
    const { folder, workflow } = await load(FAN_OUT, env);
    const running = run(workflow, { inputs: { questions: QUESTIONS }, env, cwd: folder, abort: abort.signal });
    await server.hanging;
    expect(server.received.length).toBe(1);
    abort.abort();
    const { run: id } = await running;
    server.script({ text: 'fine' });
    const events: RunEvent[] = [];
    const result = await resume(id, { env, cwd: folder, onEvent: (event) => events.push(event) });
    expect(result.status).toBe('succeeded');
    const order = events.flatMap((event) => (event.type === 'attempt.scheduled' || event.type === 'model.called' ? [event.type] : []));
    expect(order.slice(0, 4)).toEqual(['attempt.scheduled', 'model.called', 'attempt.scheduled', 'attempt.scheduled']);
    expect(server.accounts.filter(({ write }) => write > 0).length).toBe(1);
  }, 30_000);
});

describe('what else begins alike', () => {
  test('a lone call is not marked, nor what is too short', async () => {
    await go('  one:\n    prompt: "{{inputs.guide}}"\n  many:\n    foreach: inputs.questions\n    prompt: "Short: {{item}}"\n', {
      questions: ['a', 'b'],
    });
    expect(server.received.map(marksOf)).toEqual([0, 0, 0]);
  });

  test('the system prompt, when only that is the same', async () => {
    await go('  ask:\n    foreach: inputs.questions\n    system: "{{inputs.guide}}"\n    prompt: "{{item}} or not?"\n', {
      questions: QUESTIONS,
    });
    const [{ body }] = server.received as [Received];
    expect(body.system).toEqual([{ type: 'text', text: GUIDE, cache_control: { type: 'ephemeral' } }]);
    expect(body.messages[0].content).toBe('question 0 or not?');
    expect(server.accounts.slice(1).every(({ read, write }) => read > 0 && write === 0)).toBe(true);
  });

  test('rounds: what does not read the round before', async () => {
    const nodes =
      '  draft:\n    repeat: { times: 3 }\n    prompt: "{{inputs.guide}} {{default previous \'nothing yet\'}} round {{iteration}}"\n';
    await go(nodes);
    expect(server.accounts.map(({ read, write }) => [read > 0, write > 0])).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ]);
  });

  test('candidates for a judge: the first is made alone, and the whole question is read by the others', async () => {
    await go('  pick:\n    prompt: "{{inputs.guide}} Which?"\n    best_of: { n: 5, pick: vote }\n');
    expect(server.accounts[0]).toMatchObject({ read: 0, plain: 0 });
    expect(server.accounts.slice(1).every(({ read, plain }) => read > 0 && plain === 0)).toBe(true);
  });

  test('inside a group of a fan-out: marked where enough come after the first few', async () => {
    const nodes = (count: number): string =>
      `  groups:\n    foreach: { items: inputs.questions, concurrency: ${count} }\n    kind: group\n    nodes:\n      ask: { prompt: "{{inputs.guide}} {{item}}" }\n`;
    await go(nodes(20), { questions: QUESTIONS });
    expect(server.received.map(marksOf)).toEqual(QUESTIONS.map(() => 0));
    server.received.splice(0);
    await go(nodes(2), { questions: QUESTIONS });
    expect(server.received.map(marksOf)).toEqual(QUESTIONS.map(() => 1));
  });

  test('a fan-out in a fan-out: the inner one decides, once for each of the outer', async () => {
    const nodes =
      '  topics:\n    foreach: { items: inputs.questions, as: topic }\n    kind: group\n    nodes:\n      ask:\n        foreach: { items: "[1, 2, 3, 4]", as: part }\n        prompt: "{{inputs.guide}} {{topic}} {{inputs.guide}} {{part}}"\n';
    const { result, events } = await go(nodes, { questions: ['a', 'b'] });
    expect(result.status).toBe('succeeded');
    const opened = events.flatMap((event) => (event.type === 'node.expanded' ? [[event.node, event.warmUp !== undefined]] : []));
    expect(opened).toEqual([
      ['topics', false],
      ['topics[0]/ask', true],
      ['topics[1]/ask', true],
    ]);
    expect(server.accounts.filter(({ write }) => write > 0).length).toBe(2);
    // Each of the two beginnings is marked: what all eight share, and what the four of one topic share.
    expect(server.received.map(marksOf)).toEqual(Array(8).fill(2));
    const whole = Math.max(...server.accounts.map(({ read, write }) => read + write));
    expect(server.accounts.filter(({ read, write }) => read === whole && write === 0).length).toBe(6);
  });

  test('a conversation with tools: each turn reads the one before', async () => {
    let turn = 0;
    server.script(() => ({ text: turn++ < 3 ? 'call:look' : 'done' }));
    const tools = `tools:\n  look: { command: { argv: [echo, "{{inputs.guide}}"] }, description: Looks, input: { fields: { where?: string } }, idempotent: true }\n`;
    const { result } = await go(
      '  agent:\n    prompt: "{{inputs.guide}} Look around."\n    tools: [look]\n',
      {},
      tools.replace('{{inputs.guide}}', GUIDE.slice(0, 8000)),
    );
    expect(result).toMatchObject({ status: 'succeeded' });
    expect(server.accounts.length).toBe(4);
    for (const [at, one] of server.accounts.entries()) {
      if (at === 0) continue;
      const before = server.accounts[at - 1]!;
      expect(one).toMatchObject({ read: before.read + before.write, plain: 0 });
    }
  });
});
