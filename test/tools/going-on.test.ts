import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ResumeOptions } from '../../engine/contracts/engine.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import { answerGate, cancelRun, run as engineRun, loadWorkflow, openRun, resume, watchPast } from '../../engine/index.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import type { Turn, WireServer } from '../support/wire-server.ts';
import { type Told, type Workspace, workspace } from '../support/workspace-run.ts';

type Call = readonly [tool: string, args: object];

let server: WireServer;
let space: Workspace;
beforeAll(async () => {
  server = await startAnthropicServer();
});
afterAll(() => server.close());
beforeEach(() => {
  space = workspace();
  space.write(
    'bank.mjs',
    `import { appendFileSync } from 'node:fs';
const note = (line) => appendFileSync(new URL('./done.txt', import.meta.url), line + '\\n');
export const search = ({ query }) => { note('search ' + query); return query; };
export const refund = ({ order }) => { note('refund ' + order); return 'done'; };
export const stuck = (_, { abort }) => new Promise((go) => { note('stuck'); abort.addEventListener('abort', () => go('late')); });
`,
  );
});
afterEach(() => {
  server.received.splice(0);
  space.remove();
});

const TOOLS = `tools:
  search: { script: ./bank.mjs#search, input: { fields: { query: string } } }
  refund: { script: ./bank.mjs#refund, input: { fields: { order: string } }, idempotent: false }
  stuck: { script: ./bank.mjs#stuck, input: { fields: { order: string } }, idempotent: false }
`;
const SEARCH = ['search', { query: 'a' }] as const;
const REFUND = ['refund', { order: '7' }] as const;
const STUCK = ['stuck', { order: '7' }] as const;
const DOWN = { error: 529 } as const;

const said = (text: string, ...calls: readonly Call[]): Turn => ({
  body: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...calls.map(([name, input]) => ({ type: 'tool_use', id: `toolu_${server.received.length}_${name}`, name, input })),
    ],
    stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 10, output_tokens: 5 },
  },
});
/** Answers that are made when they are asked for: ids of calls are never the same. */
const script = (...turns: readonly (readonly [text: string, ...calls: Call[]] | Turn | (() => Turn))[]): void =>
  server.script(...turns.map((turn) => ('map' in turn ? () => said(turn[0], ...(turn.slice(1) as Call[])) : turn)));
const env = (store = 'runs.db') => ({
  ANTHROPIC_API_KEY: 'k3y',
  ANTHROPIC_BASE_URL: server.url,
  DAGRUN_STORE: `file:${space.path(store)}`,
});
/** What tools really did. */
const done = (): readonly string[] =>
  existsSync(space.path('done.txt')) ? readFileSync(space.path('done.txt'), 'utf8').trim().split('\n') : [];

const text = (node: string): string => `${TOOLS}defaults: { tier: cheap }\nnodes:\n  it: ${node}\noutputs: { it: nodes.it.output }\n`;
const run = (node: string, options: Parameters<Workspace['run']>[1] = {}): Promise<Told> =>
  space.run(text(node), { env: env(), wait: false, ...options });
const goOn = async (
  id: string,
  { store, ...options }: Partial<ResumeOptions> & { store?: string } = {},
): Promise<{ readonly result: RunResult; readonly events: readonly RunEvent[]; readonly keptTurns: number }> => {
  const events: RunEvent[] = [];
  const { plan } = await openRun(id, { cwd: space.folder, env: env(store) });
  const past = watchPast(plan);
  const around = {
    cwd: space.folder,
    env: env(store),
    wait: false,
    onPast: past.add,
    onEvent: (event: RunEvent) => void events.push(event),
  };
  return { result: await resume(id, { ...around, ...options }), events, keptTurns: past.past().keptTurns };
};
const say = (id: string, gate: string, approved: boolean, store?: string): Promise<unknown> =>
  answerGate(id, gate, { approved, by: 'ada' }, { cwd: space.folder, env: env(store) });
const questions = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'attempt.parked' && event.until.type === 'approval' ? [event.until.request.message.split('\n')[0]!] : [],
  );
const CALL_AGAIN = expect.stringMatching(/Call it again\?$/);

describe('a run that is resumed goes on with its conversations', () => {
  const NODE = '{ prompt: x, tools: [search, refund], retry: { max_attempts: 1 } }';

  test('when its provider was down: what was paid is not paid again, what was called is not called again', async () => {
    script(['', SEARCH], ['', REFUND], DOWN);
    const first = await run(NODE);
    expect(first.error()).toMatch(/^unavailable: /);
    expect(server.received).toHaveLength(3);
    script(['Done.']);
    const { result, events, keptTurns } = await goOn(first.result.run);
    expect(keptTurns).toBe(2);
    expect(result).toMatchObject({ status: 'succeeded', outputs: { it: 'Done.' } });
    expect(server.received, 'one turn more').toHaveLength(4);
    expect(server.received[3]!.body.messages).toEqual(server.received[2]!.body.messages);
    expect(done()).toEqual(['search a', 'refund 7']);
    // Every call is on the bill once, where it was made.
    expect(result.nodes[0]).toMatchObject({ attempts: 2, tokens: { input: 30, output: 15 } });
    expect(events.filter(({ type }) => type === 'model.called' || type === 'tool.called')).toHaveLength(1);
  });

  test('again and again, as often as it fails', async () => {
    script(['', SEARCH], DOWN);
    const { result } = await run(NODE);
    script(['', REFUND], DOWN);
    expect((await goOn(result.run)).result.status).toBe('failed');
    script(DOWN);
    expect((await goOn(result.run)).result.status).toBe('failed');
    script(['Done.']);
    expect((await goOn(result.run)).result.outputs).toEqual({ it: 'Done.' });
    expect(server.received).toHaveLength(6);
    expect(done()).toEqual(['search a', 'refund 7']);
  });

  test('where its turns had come from another provider than the one that is asked first', async () => {
    space.write(
      'dagrun.config.yml',
      `tiers: { cheap: [first/claude-a, anthropic/claude-b] }\nproviders: { first: { type: anthropic, api_key: k, base_url: "${server.url}" } }\n`,
    );
    script(DOWN, ['', REFUND], DOWN, DOWN);
    const { result } = await run(NODE);
    expect(result.status).toBe('failed');
    expect(server.received.map(({ body }) => body.model)).toEqual(['claude-a', 'claude-b', 'claude-a', 'claude-b']);
    script(['Done.']);
    expect((await goOn(result.run)).result.outputs).toEqual({ it: 'Done.' });
    expect(server.received).toHaveLength(5);
    expect(done()).toEqual(['refund 7']);
  });

  test.each([
    ['at once', 'abort'],
    ['when what is in flight has ended', 'drain'],
  ] as const)('when it was cancelled in the midst of it, %s', async (_, how) => {
    const stop = new AbortController();
    script(['', REFUND], () => {
      stop.abort();
      return how === 'abort' ? { hang: true } : said('', SEARCH);
    });
    const first = await run(NODE, { [how]: stop.signal });
    expect(first.result.status).toBe('cancelled');
    script(['Done.']);
    expect((await goOn(first.result.run)).result.outputs).toEqual({ it: 'Done.' });
    expect(done()).toEqual(how === 'abort' ? ['refund 7'] : ['refund 7', 'search a']);
    expect(server.received).toHaveLength(3);
  });

  test('a call that was stopped in the midst of it may have been made: somebody is asked', async () => {
    const stop = new AbortController();
    script(['', SEARCH, STUCK]);
    const running = run('{ prompt: x, tools: [search, stuck] }', { abort: stop.signal });
    await expect.poll(done).toContain('stuck');
    stop.abort();
    const { result } = await running;
    expect(result.status).toBe('cancelled');
    script(['Done.']);
    const asked = await goOn(result.run);
    expect(asked.result.status).toBe('waiting');
    expect(questions(asked.events)).toEqual([CALL_AGAIN]);
    await say(result.run, 'it', false);
    expect((await goOn(result.run)).result.outputs).toEqual({ it: 'Done.' });
    expect(done()).toEqual(['search a', 'stuck']);
    expect(server.received).toHaveLength(2);
    expect(JSON.stringify(server.received[1]!.body.messages)).toContain('stuck was interrupted');
  });

  describe('in which somebody was asked', () => {
    const ASKS = '{ prompt: x, tools: [search, refund], approve: [refund], retry: { max_attempts: 1 } }';

    test('and answered, before its provider was down', async () => {
      script(['', SEARCH], ['', REFUND], DOWN);
      const { result } = await run(ASKS);
      expect(result.status).toBe('waiting');
      await say(result.run, 'it', true);
      expect((await goOn(result.run)).result.error).toMatchObject({ type: 'unavailable' });
      script(['', SEARCH], DOWN);
      expect((await goOn(result.run)).result.status).toBe('failed');
      script(['Done.']);
      const last = await goOn(result.run);
      expect(last.result.outputs).toEqual({ it: 'Done.' });
      expect(questions(last.events)).toEqual([]);
      expect(done()).toEqual(['search a', 'refund 7', 'search a']);
      expect(server.received).toHaveLength(6);
    });

    test('when it was cancelled while it asked: the same is asked again, and nothing is paid for that', async () => {
      script(['', SEARCH], ['', REFUND]);
      const { result } = await run(ASKS);
      await cancelRun(result.run, { by: 'ada', cwd: space.folder, env: env() });
      for (const _ of [1, 2]) {
        const again = await goOn(result.run);
        expect(again.result.status).toBe('waiting');
        expect(server.received).toHaveLength(2);
      }
      await say(result.run, 'it', true);
      script(['Done.']);
      expect((await goOn(result.run)).result.outputs).toEqual({ it: 'Done.' });
      expect(done()).toEqual(['search a', 'refund 7']);
      expect(server.received).toHaveLength(3);
    });

    test('on the tier it had gone up to', async () => {
      script(['?'], ['?'], ['', REFUND], DOWN);
      const { result } = await run(
        '{ prompt: x, tools: [refund], approve: [refund], output: { fields: { n: integer } }, retry: { max_attempts: 1 }, escalate: { to: capable } }',
      );
      expect(result.status).toBe('waiting');
      await say(result.run, 'it', true);
      expect((await goOn(result.run)).result.status).toBe('failed');
      const [cheap, , capable] = server.received.map(({ body }) => body.model);
      expect(capable).not.toBe(cheap);
      script(['{"n": 1}']);
      const last = await goOn(result.run);
      expect(last.result.outputs).toEqual({ it: { n: 1 } });
      expect(server.received.slice(4).map(({ body }) => body.model)).toEqual([capable]);
      expect(done()).toEqual(['refund 7']);
    });

    test('in an item of a fan-out, inside of a group', async () => {
      const turns = { a: 0, b: 0 };
      const next = (): Turn => {
        const { messages } = server.received.at(-1)!.body;
        const which = JSON.stringify(messages[0]).includes('a?') ? 'a' : 'b';
        turns[which] += 1;
        if (which === 'a') return said('', ...(turns.a === 1 ? [REFUND] : []));
        return turns.b === 1 ? said('', REFUND) : turns.b === 2 ? DOWN : said('B.');
      };
      server.script(next);
      const node = `{ foreach: '["a", "b"]', kind: group, nodes: { talk: { skip_if: 'index == 5', prompt: '{{item}}?', tools: [refund], approve: [refund], retry: { max_attempts: 1 } } } }`;
      const { result } = await run(node);
      expect(result.status).toBe('waiting');
      await say(result.run, 'it[1]/talk', true);
      expect((await goOn(result.run)).result.status).toBe('waiting');
      await cancelRun(result.run, { by: 'ada', cwd: space.folder, env: env() });
      const again = await goOn(result.run);
      expect(again.keptTurns).toBe(2);
      expect(again.result.status).toBe('waiting');
      expect(questions(again.events)).toEqual(['May refund be called with this?']);
      expect(turns).toEqual({ a: 1, b: 3 });
      await say(result.run, 'it[0]/talk', false);
      server.script((one) => (JSON.stringify(one.body.messages[0]).includes('a?') ? said('A.') : said('never')));
      expect((await goOn(result.run)).result.outputs).toEqual({ it: [{ talk: 'A.' }, { talk: 'B.' }] });
      expect(done()).toEqual(['refund 7']);
    });
  });

  test('another run has nothing of it: what is not done is done anew there, and what was done in the end is taken over', async () => {
    script(['', REFUND], DOWN);
    const { result } = await run(NODE);
    const around = { cwd: space.folder, env: env(), wait: false };
    const workflow = await loadWorkflow('it.workflow.yml', around);
    script(['Another.']);
    const other = await engineRun(workflow, { ...around, from: result.run });
    expect(other.outputs).toEqual({ it: 'Another.' });
    expect(server.received.at(-1)!.body.messages).toHaveLength(1);
    script(['Done.']);
    const { cost } = (await goOn(result.run)).result;
    const asked = server.received.length;
    const last = await engineRun(workflow, { ...around, from: result.run });
    expect(last).toMatchObject({ outputs: { it: 'Done.' }, cost: { total: 0, reused: { fromRun: 1, saved: cost.total } } });
    expect(server.received).toHaveLength(asked);
  });

  test.each([
    [
      'not_accepted',
      '{ prompt: x, tools: [refund], max_turns: 2, retry: { max_attempts: 1 } }',
      [
        ['', REFUND],
        ['', REFUND],
      ],
    ],
    [
      'output_invalid',
      '{ prompt: x, tools: [refund], output: { fields: { n: integer } }, retry: { max_attempts: 1 } }',
      [['', REFUND], ['no'], ['no']],
    ],
    ['bad_request', NODE, [['', REFUND], { error: 400, message: 'no' }]],
  ] as const)('but not when that failed itself (%s): then a fresh one helps', async (type, node, turns) => {
    script(...turns);
    const first = await run(node);
    expect(first.error()).toMatch(new RegExp(`^${type}: `));
    script(['{"n": 1}']);
    const { result, keptTurns } = await goOn(first.result.run);
    expect(keptTurns).toBe(0);
    expect(result.status).toBe('succeeded');
    expect(server.received.at(-1)!.body.messages, 'only what was asked first').toHaveLength(1);
  });
});

describe('what may have been done, where it was said beforehand that it is done again', () => {
  const KILLED = `${TOOLS}  pay: { script: ./pay.mjs#pay, input: { fields: { order: string } }, idempotent: false }\n`;
  const PAY = ['pay', { order: '7' }] as const;
  beforeEach(() => {
    // What a process leaves that ends while this is under way.
    space.write(
      'pay.mjs',
      `import { appendFileSync, copyFileSync, existsSync } from 'node:fs';
const at = (name) => new URL('./' + name, import.meta.url);
export const pay = ({ order }) => {
  if (!existsSync(at('killed.db'))) for (const end of ['', '-wal']) if (existsSync(at('runs.db' + end))) copyFileSync(at('runs.db' + end), at('killed.db' + end));
  appendFileSync(at('done.txt'), 'pay ' + order + '\\n');
};
`,
    );
  });
  const killed = async (node: string): Promise<string> => {
    const { result } = await space.run(`${KILLED}defaults: { tier: cheap }\nnodes:\n  it: ${node}\noutputs: { it: nodes.it.output }\n`, {
      env: env(),
      wait: false,
    });
    expect(result.status).toBe('succeeded');
    return result.run;
  };
  const kinds = [
    ['a conversation', '{ prompt: x, tools: [pay] }'],
    ['a node', '{ kind: tool, tool: pay, with: { order: "7" } }'],
  ] as const;

  test.each(kinds)('%s that a process ended in', async (_, node) => {
    script(['', PAY], ['Done.']);
    const id = await killed(node);
    const { result, events } = await goOn(id, { store: 'killed.db', repeatUnsafe: true });
    expect(result.status).toBe('succeeded');
    expect(questions(events)).toEqual([]);
    expect(done()).toEqual(['pay 7', 'pay 7']);
  });

  test.each(kinds)('%s that asks already', async (_, node) => {
    script(['', PAY, PAY], ['Done.']);
    const id = await killed(node);
    const before = done().length;
    const asked = await goOn(id, { store: 'killed.db' });
    expect(asked.result.status).toBe('waiting');
    expect(questions(asked.events)).toEqual([CALL_AGAIN]);
    const { result, events } = await goOn(id, { store: 'killed.db', repeatUnsafe: true });
    expect(result.status).toBe('succeeded');
    expect(questions(events)).toEqual([]);
    expect(events.filter(({ type }) => type === 'attempt.woken')).toMatchObject([{ wake: { approved: true, by: 'user', all: true } }]);
    expect(done()).toHaveLength(before * 2);
  });

  test.each(kinds)('%s that was cancelled while it asked; without that word it asks again', async (_, node) => {
    script(['', PAY], ['Done.']);
    const id = await killed(node);
    await goOn(id, { store: 'killed.db' });
    await cancelRun(id, { by: 'ada', cwd: space.folder, env: env('killed.db') });
    const asked = await goOn(id, { store: 'killed.db' });
    expect(questions(asked.events)).toEqual([CALL_AGAIN]);
    await cancelRun(id, { by: 'ada', cwd: space.folder, env: env('killed.db') });
    const { result, events } = await goOn(id, { store: 'killed.db', repeatUnsafe: true });
    expect(result.status).toBe('succeeded');
    expect(questions(events)).toEqual([CALL_AGAIN]);
    expect(done()).toEqual(['pay 7', 'pay 7']);
  });

  describe('inside of a workflow that is a tool', () => {
    const child = (nodes: string): string => `dagrun: 1
name: child
description: Pays twice.
inputs: { order: { type: string } }
tools:
  refund: { script: ./bank.mjs#refund, input: { fields: { order: string } }, idempotent: false }
  pay: { script: ./pay.mjs#pay, input: { fields: { order: string } }, idempotent: false }
nodes:
${nodes}
outputs: { it: nodes.paid.output }
`;
    const NODES = `  first: { kind: tool, tool: refund, with: { order: "{{inputs.order}}" } }
  said: { tier: cheap, prompt: Say something., needs: [first] }
  paid: { kind: tool, tool: pay, with: { order: "{{inputs.order}}" }, needs: [said] }
`;
    const WITH = 'tools: { child: { workflow: ./child.workflow.yml } }\ndefaults: { tier: cheap }\n';
    const callers = [
      ['a conversation', '{ prompt: x, tools: [child] }', 3],
      ['a node', '{ kind: tool, tool: child, with: { order: "7" } }', 1],
    ] as const;
    const start = async (node: string): Promise<string> => {
      space.write('child.workflow.yml', child(NODES));
      server.script((one) => {
        const { messages } = one.body;
        if (JSON.stringify(messages[0]).includes('Say something')) return said('Something.');
        return messages.length === 1 ? said('', ['child', { order: '7' }]) : said('Done.');
      });
      const { result } = await space.run(`${WITH}nodes:\n  it: ${node}\noutputs: { it: nodes.it.status }\n`, { env: env(), wait: false });
      expect(result.status).toBe('succeeded');
      expect(done()).toEqual(['refund 7', 'pay 7']);
      return result.run;
    };

    test.each(callers)('%s asks, and a yes makes that one call again, and no other', async (_, node, asks) => {
      const id = await start(node);
      expect(server.received).toHaveLength(asks);
      const asked = await goOn(id, { store: 'killed.db' });
      expect(questions(asked.events)).toEqual([expect.stringMatching(/^pay was interrupted .* Call it again\?$/)]);
      await cancelRun(id, { by: 'ada', cwd: space.folder, env: env('killed.db') });
      expect((await goOn(id, { store: 'killed.db' })).result.status).toBe('waiting');
      await say(id, 'it', true, 'killed.db');
      expect((await goOn(id, { store: 'killed.db' })).result.status).toBe('succeeded');
      expect(done()).toEqual(['refund 7', 'pay 7', 'pay 7']);
      // The answer of the first process to the last turn was not kept, since it had not been killed.
      expect(server.received).toHaveLength(asks === 1 ? 1 : asks + 1);
    });

    test.each(callers)('%s does it again where that was said beforehand', async (_, node) => {
      const id = await start(node);
      await goOn(id, { store: 'killed.db' });
      const { result, events } = await goOn(id, { store: 'killed.db', repeatUnsafe: true });
      expect(result.status).toBe('succeeded');
      expect(questions(events)).toEqual([]);
      expect(done()).toEqual(['refund 7', 'pay 7', 'pay 7']);
    });

    test('a no is told to the model, and fails a node', async () => {
      for (const [, node] of callers) {
        const id = await start(node);
        await goOn(id, { store: 'killed.db' });
        await say(id, 'it', false, 'killed.db');
        const { result } = await goOn(id, { store: 'killed.db' });
        expect(result.error?.type ?? result.status).toBe(node.includes('kind') ? 'in_doubt' : 'succeeded');
        expect(done()).toEqual(['refund 7', 'pay 7']);
        for (const name of ['done.txt', 'killed.db', 'killed.db-wal', 'runs.db', 'runs.db-wal', 'runs.db-shm', 'killed.db-shm'])
          rmSync(space.path(name), { force: true });
      }
    });
  });
});
