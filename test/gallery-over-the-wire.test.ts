import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadWorkflow, type RunEvent, run } from '../engine/index.ts';
import { startAnthropicServer } from './support/anthropic-server.ts';
import { startOpenAiServer } from './support/openai-server.ts';
import { startResponsesServer } from './support/responses-server.ts';
import type { Received, Turn, WireServer } from './support/wire-server.ts';

interface Reply {
  readonly node: string;
  readonly item?: number;
  readonly json: unknown;
}
const gallery = join(import.meta.dirname, '../workflows');
const { replies } = parse(readFileSync(join(gallery, 'research-synthesis/research-synthesis.replies.yml'), 'utf8')) as {
  readonly replies: readonly Reply[];
};
const sources = ['lab-benchmark', 'incident-review', 'adaptive-rollout', 'capacity-memo'];

/** What the model says to a request, told by the words only one prompt has. */
function answerTo({ body }: Received): Turn {
  const asked = JSON.stringify(body);
  const item = sources.findIndex((source) => asked.includes(`sources/${source}.md`));
  const node = item >= 0 ? 'summarize' : asked.includes('Rate the complexity') ? 'analyze' : 'synthesize';
  const reply = replies.find((one) => one.node === node && (one.item === undefined || one.item === item));
  return { text: JSON.stringify(reply?.json) };
}

describe.each([
  ['anthropic', startAnthropicServer, 'ANTHROPIC', ''],
  ['openai', startOpenAiServer, 'OPENAI', ''],
  ['openai over Responses', startResponsesServer, 'OPENAI', 'providers: { openai: { api: responses } }\n'],
] as const)('research-synthesis on a bad day of %s', (_, start, prefix, config) => {
  let server: WireServer;
  let folder: string;
  beforeAll(async () => {
    server = await start();
    folder = mkdtempSync(join(tmpdir(), 'dagrun-wire-'));
    cpSync(gallery, folder, { recursive: true });
    writeFileSync(join(folder, 'dagrun.config.yml'), config);
    const file = join(folder, 'research-synthesis.workflow.yml');
    const patient = 'retry: { max_attempts: 3 }';
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(patient);
    writeFileSync(file, text.replace(patient, 'retry: { max_attempts: 8, initial_delay: 1ms, max_delay: 1ms }'));
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  test('ends with the answer, and every try is on the bill', async () => {
    server.script(
      { error: 429, headers: { 'retry-after': '0' } },
      { error: 500 },
      { error: 529 },
      { drop: 'within' },
      { body: 'this is not JSON' },
      { text: '{"title": 1}' },
      answerTo,
    );
    const env = { [`${prefix}_API_KEY`]: 'k3y', [`${prefix}_BASE_URL`]: prefix === 'OPENAI' ? `${server.url}/v1` : server.url };
    const events: RunEvent[] = [];
    const workflow = await loadWorkflow(join(folder, 'research-synthesis.workflow.yml'), { env, cwd: folder });
    const result = await run(workflow, { env, cwd: folder, onEvent: (event) => events.push(event) });

    expect(result.error).toBeUndefined();
    expect(result.outputs.answer).toContain('Move compaction first');
    expect(result.simulated).toBe(false);
    const calls = events.filter((event) => event.type === 'model.called');
    expect(calls).toHaveLength(server.received.length);
    expect(calls.filter(({ call }) => call.status === 'failed').length).toBeGreaterThanOrEqual(5);
    // An answer that was lost on the way may have been charged for: counted, and not as 0.
    expect(result.cost.unpricedCalls).toBeGreaterThanOrEqual(1);
    expect(result.cost.total).toBeGreaterThan(0);
    expect(result.cost.total).toBeCloseTo(calls.reduce((sum, { call }) => sum + (call.cost ?? 0), 0) / 1e9, 9);
  });
});

describe('company-mentions on a machine that is away for one article', () => {
  const articles = ['harbour-wind', 'quarterly', 'recall', 'weather'];
  const written = parse(readFileSync(join(gallery, 'company-mentions/company-mentions.replies.yml'), 'utf8')) as {
    readonly replies: readonly (Partial<Reply> & { readonly text?: string })[];
  };
  let home: WireServer;
  let cloud: WireServer;
  let folder: string;
  beforeAll(async () => {
    home = await startOpenAiServer();
    cloud = await startAnthropicServer();
    folder = mkdtempSync(join(tmpdir(), 'dagrun-home-'));
    cpSync(gallery, folder, { recursive: true });
    writeFileSync(join(folder, 'dagrun.config.yml'), `providers: { local: { type: openai, base_url: "${home.url}" } }\n`);
  });
  afterAll(async () => {
    await Promise.all([home.close(), cloud.close()]);
    rmSync(folder, { recursive: true });
  });

  function mentionsIn({ body }: Received): Turn {
    const asked = JSON.stringify(body);
    const item = articles.findIndex((article) => asked.includes(`articles/${article}.md`));
    const reply = written.replies.find((one) => (item < 0 ? one.node === 'digest' : one.item === item) && (one.json ?? one.text));
    return { text: reply?.text ?? JSON.stringify(reply?.json) };
  }

  test('the cloud reads that one, and the bill says so', async () => {
    home.script((received) => (JSON.stringify(received.body).includes('recall.md') ? { error: 503 } : mentionsIn(received)));
    cloud.script(mentionsIn);
    const env = { ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: cloud.url, DAGRUN_STORE: 'memory:' };
    const calls: { readonly provider: string; readonly status: string; readonly priced: boolean }[] = [];
    const workflow = await loadWorkflow(join(folder, 'company-mentions.workflow.yml'), { env, cwd: folder });
    const result = await run(workflow, {
      env,
      cwd: folder,
      onEvent: (event) => {
        if (event.type !== 'model.called') return;
        const { provider, status, cost } = event.call;
        calls.push({ provider, status, priced: cost !== null });
      },
    });

    expect(result.error).toBeUndefined();
    expect(result.outputs.companies).toHaveLength(4);
    expect(result.outputs.unread).toEqual([]);
    expect(cloud.received).toHaveLength(1);
    expect(JSON.stringify(cloud.received[0]?.body)).toContain('recall.md');
    expect(calls.filter(({ provider }) => provider === 'anthropic')).toEqual([
      { provider: 'anthropic', status: 'succeeded', priced: true },
    ]);
    expect(calls.filter(({ provider, status }) => provider === 'local' && status === 'failed')).toHaveLength(1);
    // What runs at home has no price that anybody told: unknown, not 0.
    expect(calls.filter(({ provider, status }) => provider === 'local' && status === 'succeeded')).toHaveLength(4);
    expect(result.cost.unpricedCalls).toBeGreaterThanOrEqual(4);
    const items = result.nodes.find(({ id }) => id === 'extract')?.items ?? [];
    expect(items.map(({ cost, unpricedCalls }) => `${cost > 0} ${unpricedCalls}`).sort()).toEqual([
      'false 1',
      'false 1',
      'false 1',
      'true 0',
    ]);
  });
});
