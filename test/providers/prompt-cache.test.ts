import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadWorkflow, type RunEvent, type RunResult, run } from '../../engine/index.ts';
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

async function go(nodes: string, inputs: object = {}, more = ''): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-cache-'));
  const file = join(folder, 'w.workflow.yml');
  writeFileSync(
    file,
    `dagrun: 1\nname: w\ninputs:\n  guide: { type: string, default: ${JSON.stringify(GUIDE)} }\n  questions: { type: array, items: { type: string }, default: [] }\ntiers: { cheap: [anthropic/claude-sonnet-5], capable: [anthropic/claude-sonnet-5] }\ndefaults: { tier: cheap, retry: { max_attempts: 3, initial_delay: 1ms, max_delay: 2ms } }\n${more}nodes:\n${nodes}\noutputs: { all: "1" }\n`,
  );
  const env = { ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: server.url };
  const events: RunEvent[] = [];
  const workflow = await loadWorkflow(file, { env, cwd: folder });
  const result = await run(workflow, { inputs: inputs as never, env, cwd: folder, cache: false, onEvent: (event) => events.push(event) });
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
    console.log(JSON.stringify(result.cost), JSON.stringify(result.nodes[0]?.tokens));
  });
});
