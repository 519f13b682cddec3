import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadWorkflow, type RunEvent, run } from '../../engine/index.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { startResponsesServer } from '../support/responses-server.ts';
import type { Received, Turn, WireServer } from '../support/wire-server.ts';

const WORKFLOW = `dagrun: 1
name: review
inputs:
  files: { type: array, items: { type: string } }
tiers:
  cheap: [CHEAP]
  premium: [PREMIUM]
defaults:
  retry: { max_attempts: 3, initial_delay: 1ms, max_delay: 2ms }
nodes:
  scan:
    tier: cheap
    foreach: inputs.files
    prompt: "Scan {{item}}."
    output: { fields: { risk: number 0..1 } }
  report:
    tier: premium
    prompt: "Report on {{json nodes.scan.output}}."
outputs:
  report: nodes.report.output
  risks: nodes.scan.output
`;

describe.each([
  ['anthropic', startAnthropicServer, 'anthropic/claude-haiku-5-5', 'anthropic/claude-opus-5-5', 20_000, 800_000, ''],
  ['openai', startOpenAiServer, 'openai/gpt-6-luna', 'openai/gpt-6.1-sol', 20_000, 400_000, ''],
  [
    'openai over Responses',
    startResponsesServer,
    'openai/gpt-6-luna',
    'openai/gpt-6.1-sol',
    20_000,
    400_000,
    'providers: { openai: { api: responses } }',
  ],
] as const)('a run over a server that speaks %s', (name, start, cheap, premium, cheapCost, premiumCost, config) => {
  let server: WireServer;
  let file: string;
  beforeAll(async () => {
    server = await start();
    const folder = mkdtempSync(join(tmpdir(), 'dagrun-run-'));
    file = join(folder, 'review.workflow.yml');
    if (config !== '') writeFileSync(join(folder, 'dagrun.config.yml'), config);
    writeFileSync(file, WORKFLOW.replace('CHEAP', cheap).replace('PREMIUM', premium));
  });
  afterAll(() => server.close());
  beforeEach(() => void server.received.splice(0));

  const env = () =>
    name === 'anthropic'
      ? { ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: server.url }
      : { OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: server.url };
  const isScan = ({ body }: Received) => JSON.stringify(body.messages ?? body.input).includes('Scan ');
  const answer = (received: Received): Turn => ({ text: isScan(received) ? '{"risk": 0.25}' : 'All is well.' });
  const go = async () => {
    const events: RunEvent[] = [];
    const workflow = await loadWorkflow(file, { env: env() });
    const result = await run(workflow, { inputs: { files: ['a', 'b'] }, env: env(), onEvent: (event) => events.push(event) });
    const bill = events.flatMap((event) => (event.type === 'model.called' ? [event.call] : []));
    return { result, bill };
  };

  test('all is well', async () => {
    server.script(answer);
    const { result, bill } = await go();
    expect(result).toMatchObject({
      status: 'succeeded',
      simulated: false,
      outputs: { report: 'All is well.', risks: [{ risk: 0.25 }, { risk: 0.25 }] },
      cost: { total: (2 * cheapCost + premiumCost) / 1e9, baseline: (3 * premiumCost) / 1e9, unpricedCalls: 0 },
    });
    expect(bill.length).toBe(3);
    expect(server.received.every(({ headers }) => headers.authorization === 'Bearer k3y')).toBe(true);
  });

  test.each<[string, Turn, number]>([
    ['429 + retry-after', { error: 429, headers: { 'retry-after': '0' } }, 0],
    ['408', { error: 408 }, 0],
    ['500', { error: 500 }, 0],
    ['529', { error: 529 }, 0],
    ['a drop before the answer', { drop: 'before' }, 1],
    ['a drop within the answer', { drop: 'within' }, 1],
    ['malformed JSON', { body: '{"content": [' }, 1],
  ])('%s once: tried again, and counted', async (_, turn, unpricedCalls) => {
    let first = true;
    server.script((received) => {
      if (isScan(received) || !first) return answer(received);
      first = false;
      return turn;
    });
    const { result, bill } = await go();
    expect(result.status).toBe('succeeded');
    expect(bill.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded', 'succeeded', 'succeeded']);
    expect(result.cost).toMatchObject({ total: (2 * cheapCost + premiumCost) / 1e9, unpricedCalls });
    expect(result.nodes.find(({ id }) => id === 'report')).toMatchObject({ status: 'succeeded', attempts: 2 });
  });

  test('a wrong answer is mended within the same attempt, and both calls are counted', async () => {
    let first = true;
    server.script((received) => {
      if (!isScan(received) || !first) return answer(received);
      first = false;
      return { text: '{"risk": "high"}' };
    });
    const { result, bill } = await go();
    expect(result).toMatchObject({ status: 'succeeded', cost: { total: (3 * cheapCost + premiumCost) / 1e9 } });
    expect(bill.filter(({ call }) => call === 'repair').length).toBe(1);
    expect(result.nodes.find(({ id }) => id === 'scan')?.attempts).toBe(2);
  });

  test('never a right answer: the run fails with the reason, and every try is on the bill', async () => {
    server.script((received) => (isScan(received) ? { text: 'no idea' } : answer(received)));
    const { result, bill } = await go();
    expect(result).toMatchObject({ status: 'failed', error: { node: 'scan' } });
    // Two items, three attempts each, each asked and asked again.
    expect(bill.length).toBe(12);
    expect(result.cost.total).toBe((12 * cheapCost) / 1e9);
  });

  test('a refusal fails the run at once', async () => {
    const stop = name === 'anthropic' ? 'refusal' : 'content_filter';
    server.script((received) => (isScan(received) ? answer(received) : { text: 'I will not.', stop }));
    const { result, bill } = await go();
    expect(result).toMatchObject({
      status: 'failed',
      error: { type: 'refused', node: 'report' },
      cost: { total: (2 * cheapCost + premiumCost) / 1e9 },
    });
    expect(bill.length).toBe(3);
  });

  test('a wrong key fails the run at once, and says which variable holds it', async () => {
    server.script({ error: 401 });
    const { result } = await go();
    expect(result).toMatchObject({ status: 'failed', error: { type: 'unauthorized' }, cost: { total: 0 } });
    expect(JSON.stringify(result)).toContain(name === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY');
    expect(JSON.stringify(result)).not.toContain('k3y');
  });
});
