import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { explainReuse, loadWorkflow, type RunOptions, type RunResult, run, summarizeCache } from '../engine/index.ts';
import { startAnthropicServer } from './support/anthropic-server.ts';
import type { WireServer } from './support/wire-server.ts';

const TEXT = `dagrun: 1
name: w
inputs: { topics: { type: array, items: { type: string }, default: [rivers, lakes, seas] } }
tiers: { capable: [anthropic/claude-sonnet-4-5] }
nodes:
  language: { temperature: 0, prompt: Which language is this? }
  note: { foreach: inputs.topics, prompt: "A note on {{item}}, in {{nodes.language.output}}." }
  report: { prompt: 'Join: {{bullets nodes.note.output}}', retry: { max_attempts: 1 } }
outputs: { report: nodes.report.output }
`;

let server: WireServer;
let cwd: string;
beforeAll(async () => {
  server = await startAnthropicServer();
});
afterAll(() => server.close());
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dagrun-reuse-'));
  writeFileSync(join(cwd, 'dagrun.config.yml'), '{}\n');
  server.received.length = 0;
  let answers = 0;
  server.script(({ body }) => {
    if (JSON.stringify(body).includes('Join: ')) return { error: 400, message: 'not today' };
    answers += 1;
    return { text: `answer ${answers}` };
  });
  return () => rmSync(cwd, { recursive: true });
});

async function go(text: string, options: RunOptions = {}): Promise<RunResult> {
  const around = { cwd, env: { ANTHROPIC_API_KEY: 'key', ANTHROPIC_BASE_URL: server.url } };
  writeFileSync(join(cwd, 'w.workflow.yml'), text);
  return run(await loadWorkflow('w.workflow.yml', around), { ...around, ...options });
}

test('a run that failed is mended, and goes on: the server is asked for the rest only', async () => {
  const first = await go(TEXT);
  expect(first.status).toBe('failed');
  expect(server.received).toHaveLength(5);

  const mended = TEXT.replace('Join: ', 'Put together: ');
  const second = await go(mended, { from: first.run, inputs: { topics: ['seas', 'ponds', 'rivers', 'lakes'] } });
  expect(second.status).toBe('succeeded');
  // One note is new, and the report.
  expect(server.received).toHaveLength(7);
  expect(second.cost.reused).toMatchObject({ fromRun: 4, fromCache: 0 });
  expect(second.cost.reused.saved).toBeCloseTo(first.cost.total, 9);
  const report = await explainReuse(second.run, { cwd, env: {} });
  expect(report?.nodes.map(({ node, verdict, why = '' }) => `${node} ${verdict} ${why.replace(/answer \d/g, 'answer')}`.trim())).toEqual([
    'language reused',
    'note again the item is new',
    'report again prompt, line 1: "Join: - answer" is now "Put together: - answer"',
  ]);

  const third = await go(mended, { from: second.run });
  expect(server.received).toHaveLength(7);
  expect(third.outputs).toEqual(second.outputs);
  expect(third.cost.total).toBe(0);
});

test('the cache asks the server once, and never takes what was made up for an answer', async () => {
  const text = TEXT.replace('Join: ', 'Put together: ');
  const simulated = await go(text, { offline: true });
  expect(server.received).toHaveLength(0);
  await go(text);
  expect(server.received).toHaveLength(5);
  const again = await go(text, { inputs: { topics: ['ponds'] } });
  expect(server.received).toHaveLength(7);
  expect(again.cost.reused).toMatchObject({ fromRun: 0, fromCache: 1 });
  expect(await summarizeCache({ cwd, env: {} })).toMatchObject({ entries: 2, hits: 1, misses: 2, saved: again.cost.reused.saved });
  await expect(go(text, { from: simulated.run })).rejects.toThrow('was simulated: its answers are not taken for real ones');
});
