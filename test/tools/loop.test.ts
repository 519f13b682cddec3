import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../engine/contracts/event.ts';
import { answerGate, resume } from '../../engine/index.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { called, responseOf, said, startResponsesServer, thought } from '../support/responses-server.ts';
import type { Received, WireServer } from '../support/wire-server.ts';
import { type Workspace, workspace } from '../support/workspace-run.ts';

type Call = readonly [tool: string, args: object | string];
interface Protocol {
  readonly env: (url: string) => Record<string, string>;
  readonly start: () => Promise<WireServer>;
  readonly config?: string;
  /** An answer in which tools are called, or none. */
  said(text: string, calls: readonly Call[], turn: number): object;
  /** What the tools gave, as the last request tells it. */
  results(received: Received): readonly { readonly text: string; readonly failed: boolean }[];
}

const anthropic: Protocol = {
  env: (url) => ({ ANTHROPIC_API_KEY: 'k3y', ANTHROPIC_BASE_URL: url }),
  start: startAnthropicServer,
  said: (text, calls, turn) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...calls.map(([name, input], at) => ({ type: 'tool_use', id: `toolu_${turn}_${at}`, name, input })),
    ],
    stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 10, output_tokens: 5 },
  }),
  results: ({ body }) =>
    body.messages
      .at(-1)
      .content.filter((part: { type: string }) => part.type === 'tool_result')
      .map((part: { content: string; is_error?: boolean }) => ({ text: part.content, failed: part.is_error === true })),
};

const openai: Protocol = {
  env: (url) => ({ OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: url }),
  start: startOpenAiServer,
  said: (text, calls, turn) => ({
    id: 'c',
    object: 'chat.completion',
    model: 'gpt',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text,
          ...(calls.length > 0 && {
            tool_calls: calls.map(([name, args], at) => ({
              id: `call_${turn}_${at}`,
              type: 'function',
              function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
            })),
          }),
        },
        finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  }),
  results: ({ body }) => {
    const messages = body.messages as { role: string; content: string }[];
    const from = messages.findLastIndex((message) => message.role === 'assistant') + 1;
    return messages.slice(from).map(({ content }) => ({ text: content.replace(/^Error: /, ''), failed: content.startsWith('Error: ') }));
  },
};

const responses: Protocol = {
  env: openai.env,
  start: startResponsesServer,
  config: 'providers: { openai: { api: responses } }\n',
  said: (text, calls, turn) =>
    responseOf([
      thought(`rs_${turn}`),
      ...(text === '' ? [] : [said(text)]),
      ...calls.map(([name, args], at) => called(`call_${turn}_${at}`, name, args)),
    ]),
  results: ({ body }) => {
    const items = body.input as { type?: string; output: string }[];
    const from = items.findLastIndex(({ type }) => type !== 'function_call_output') + 1;
    return items.slice(from).map(({ output }) => ({ text: output.replace(/^Error: /, ''), failed: output.startsWith('Error: ') }));
  },
};

const TOOLS = `tools:
  search: { script: ./db.mjs#search, description: Finds orders., input: { fields: { query: string } } }
  slow: { script: ./db.mjs#slow, description: Takes its time., timeout: 50ms }
  print: { command: { argv: [node, -e, "console.log(process.argv[1] + ' ' + Object.keys(process.env).sort().join())", "{{args.word}}"] }, input: { fields: { word: string } }, idempotent: true }
  refund: { script: ./db.mjs#refund, input: { fields: { order: string } }, idempotent: false }
`;

describe.each([
  ['anthropic', anthropic],
  ['openai', openai],
  ['openai over Responses', responses],
] as const)('a model of %s calls tools', (_, protocol) => {
  let server: WireServer;
  let space: Workspace;
  beforeAll(async () => {
    server = await protocol.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    space = workspace(protocol.config);
    space.write(
      'db.mjs',
      `let at = 0;
export const search = async ({ query }) => { at += 1; const mine = at; await new Promise((go) => setTimeout(go, 20)); if (query === 'boom') throw new Error('the db is down'); return { query, together: at > mine || mine > 1 }; };
export const slow = (_, { abort }) => new Promise((go) => abort.addEventListener('abort', () => go('late')));
export const refund = ({ order }) => { globalThis.refunds = [...(globalThis.refunds ?? []), order]; return 'done'; };
`,
    );
  });
  afterEach(() => {
    server.received.splice(0);
    space.remove();
  });

  const run = (node: string, ...turns: readonly (readonly [text: string, ...calls: Call[]])[]) => {
    server.script(...turns.map(([text, ...calls], at) => ({ body: protocol.said(text, calls, at + 1) })));
    return space.run(`${TOOLS}defaults: { tier: cheap }\nnodes:\n  it: ${node}\noutputs: { it: nodes.it.output }\n`, {
      env: protocol.env(server.url),
      wait: false,
    });
  };
  const toolCalls = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'tool.called' ? [event.call] : []));

  test('several at once; each turn and each call is in the journal and on the bill', async () => {
    const told = await run(
      '{ prompt: Where is it?, tools: [search] }',
      ['I look.', ['search', { query: 'a' }], ['search', { query: 'b' }]],
      ['Nowhere.'],
    );
    expect(told.output()).toBe('Nowhere.');
    const results = protocol.results(server.received[1]!);
    expect(results.map(({ text }) => JSON.parse(text).query)).toEqual(['a', 'b']);
    expect(
      results.some(({ text }) => JSON.parse(text).together),
      'they were under way at the same time',
    ).toBe(true);
    expect(told.events.map(({ type }) => type).filter((type) => /called/.test(type))).toEqual([
      'model.called',
      'tool.called',
      'tool.called',
      'model.called',
    ]);
    expect(toolCalls(told.events).map(({ tool, turn, status }) => [tool, turn, status])).toEqual([
      ['search', 1, 'succeeded'],
      ['search', 1, 'succeeded'],
    ]);
    expect(told.result.nodes[0]!.tokens.input).toBe(20);
  });

  test('what fails is told to the model: bad arguments, tools that are not there, errors, time that is up', async () => {
    const told = await run(
      '{ prompt: Where is it?, tools: [search, slow] }',
      ['', ['search', { qery: 'a' }], ['refund', { order: '7' }], ['search', { query: 'boom' }], ['slow', {}]],
      ['I could not find out.'],
    );
    expect(told.output()).toBe('I could not find out.');
    expect(protocol.results(server.received[1]!)).toEqual([
      { failed: true, text: expect.stringMatching(/^the arguments do not fit: .*"query"/) },
      { failed: true, text: 'There is no tool "refund". There are: search, slow.' },
      { failed: true, text: expect.stringMatching(/^db.mjs:2:\d+: the db is down$/) },
      { failed: true, text: 'it did not end within 50ms' },
    ]);
  });

  test('an answer after tools fits its schema, and is asked for again when it does not', async () => {
    const told = await run(
      '{ prompt: How many?, tools: [search], output: { fields: { count: integer } } }',
      ['', ['search', { query: 'a' }]],
      ['{"count": "seven"}'],
      ['{"count": 7}'],
    );
    expect(told.output()).toEqual({ count: 7 });
    expect(server.received).toHaveLength(3);
    // A request that speaks of calls must say which tools there are, also where none may be called any more.
    expect(server.received[2]!.body.tools).toHaveLength(1);
    expect(JSON.stringify(server.received[2]!.body.tool_choice)).toContain('none');
  });

  test('the last turn has to answer; a model that does not fails', async () => {
    const told = await run('{ prompt: x, tools: [search], max_turns: 2, retry: { max_attempts: 1 } }', ['', ['search', { query: 'a' }]]);
    expect(told.error()).toBe(
      'not_accepted: after 2 turns it still wants to call search, and has no answer: raise `max_turns`, or ask for less',
    );
    expect(server.received).toHaveLength(2);
    expect(JSON.stringify(server.received[1]!.body.tool_choice)).toContain('none');
  });

  test('one tool at least, when it is required', async () => {
    const told = await run(
      '{ prompt: x, tools: [search], tool_choice: required }',
      ['I know.'],
      ['', ['search', { query: 'a' }]],
      ['Now I know.'],
    );
    expect(told.output()).toBe('Now I know.');
    expect(JSON.stringify((server.received[1]!.body.messages ?? server.received[1]!.body.input).at(-1))).toContain(
      'Call at least one of your tools',
    );
  });

  test('a command has a clean environment, and gives what it prints', async () => {
    await run('{ prompt: x, tools: [print] }', ['', ['print', { word: '$(id); x' }]], ['ok']);
    const [result] = protocol.results(server.received[1]!);
    expect(result!.text).toMatch(/^\$\(id\); x HOME,PATH$/);
  });

  test('a try that fails in the middle goes on from there: nothing is called twice', async () => {
    const turns = [
      { body: protocol.said('', [['search', { query: 'a' }]], 1) },
      { error: 400, message: 'no' } as const,
      { error: 529 } as const,
      { body: protocol.said('Here.', [], 2) },
    ];
    server.script(turns[0]!, turns[2]!, turns[3]!);
    const told = await space.run(
      `${TOOLS}defaults: { tier: cheap }\nnodes:\n  it: { prompt: x, tools: [search], retry: { initial_delay: 1ms } }\noutputs: { it: nodes.it.output }\n`,
      { env: protocol.env(server.url) },
    );
    expect(told.output()).toBe('Here.');
    expect(server.received, 'the first turn is not paid again').toHaveLength(3);
    expect(toolCalls(told.events)).toHaveLength(1);
    expect(told.events.filter(({ type }) => type === 'attempt.failed')).toHaveLength(1);
  });

  test('a try that fails after somebody was asked goes on from there: nobody is asked twice, and nothing is called twice', async () => {
    const env = { ...protocol.env(server.url), DAGRUN_STORE: `file:${space.path('runs.db')}` };
    server.script(
      { body: protocol.said('', [['search', { query: 'a' }]], 1) },
      { body: protocol.said('', [['refund', { order: '7' }]], 2) },
      { error: 529 },
      { body: protocol.said('Done.', [], 3) },
    );
    const text = `${TOOLS}defaults: { tier: cheap }\nnodes:\n  it: { prompt: x, tools: [search, refund], approve: [refund], retry: { initial_delay: 1ms } }\noutputs: { it: nodes.it.output }\n`;
    const { result } = await space.run(text, { env, wait: false });
    expect(result.status).toBe('waiting');
    const events: RunEvent[] = [];
    const around = { cwd: space.folder, env, onEvent: (event: RunEvent) => void events.push(event) };
    await answerGate(result.run, 'it', { approved: true, by: 'ada' }, around);
    const done = await resume(result.run, { ...around, wait: false });
    expect(done).toMatchObject({ status: 'succeeded', outputs: { it: 'Done.' } });
    expect(server.received).toHaveLength(4);
    expect(events.filter(({ type }) => type === 'attempt.failed')).toHaveLength(1);
    expect(toolCalls(events).map(({ tool, status }) => `${tool} ${status}`)).toEqual(['refund begun', 'refund succeeded']);
  });

  test('somebody is asked, and a no is told to the model', async () => {
    const asked = await run('{ prompt: x, tools: [search, refund], approve: [refund] }', [
      '',
      ['search', { query: 'a' }],
      ['refund', { order: '7' }],
    ]);
    expect(asked.result.status).toBe('waiting');
    const parked = asked.events.find((event) => event.type === 'attempt.parked');
    expect(parked).toMatchObject({
      until: { type: 'approval', request: { message: 'May refund be called with this?\n\n{\n  "order": "7"\n}' } },
    });
    expect(toolCalls(asked.events).map(({ tool }) => tool)).toEqual(['search']);
  });
});

describe('what a model of OpenAI thought between its calls', () => {
  let server: WireServer;
  let space: Workspace;
  beforeAll(async () => {
    server = await startResponsesServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    space = workspace(responses.config);
    space.write('db.mjs', 'export const search = ({ query }) => query;\n');
  });
  afterEach(() => {
    server.received.splice(0);
    space.remove();
  });
  const tools = 'tools:\n  search: { script: ./db.mjs#search, input: { fields: { query: string } }, approve: true }\n';
  const node = (fields: string): string =>
    `${tools}nodes:\n  it: { model: openai/gpt-6.1-sol, reasoning: low, prompt: Where is it?, tools: [search]${fields} }\noutputs: { it: nodes.it.output }\n`;
  const items = (at: number) => server.received[at]!.body.input as readonly { readonly type?: string }[];

  test('goes back to it as it was, turn after turn, also when somebody was asked meanwhile', async () => {
    const turns = [1, 2].map((turn) => responses.said('', [['search', { query: `${turn}` }]], turn) as { output: object[] });
    server.script(...turns.map((body) => ({ body })), { body: responses.said('Here.', [], 3) });
    const env = { ...openai.env(server.url), DAGRUN_STORE: `file:${space.path('runs.db')}` };
    const around = { cwd: space.folder, env };
    let result = (await space.run(node(''), { env, wait: false })).result;
    for (let at = 0; at < 2; at += 1) {
      expect(result.status).toBe('waiting');
      await answerGate(result.run, 'it', { approved: true, by: 'ada' }, around);
      result = await resume(result.run, { ...around, wait: false });
    }
    expect(result.outputs).toEqual({ it: 'Here.' });
    expect(server.received).toHaveLength(3);
    expect(server.received[0]!.body).toMatchObject({
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      store: false,
    });
    expect(items(2).map(({ type = 'message' }) => type)).toEqual([
      'message',
      'reasoning',
      'function_call',
      'function_call_output',
      'reasoning',
      'function_call',
      'function_call_output',
    ]);
    expect(items(2).filter(({ type }) => type === 'reasoning' || type === 'function_call')).toEqual(turns.flatMap(({ output }) => output));
  });

  test('is left out when it is not taken back; the refused request costs nothing', async () => {
    const refused = { error: 400, type: 'invalid_encrypted_content', message: 'The encrypted content could not be verified.' };
    const turns = [responses.said('', [['search', { query: 'a' }]], 1), responses.said('{"at": "home"}', [], 2)];
    server.script({ body: turns[0] }, refused, { body: turns[1] });
    const text = node(', output: { fields: { at: string } }').replace(', approve: true', '');
    const told = await space.run(text, { env: openai.env(server.url) });
    expect(told.output()).toEqual({ at: 'home' });
    expect(items(1).map(({ type = 'message' }) => type)).toEqual(['message', 'reasoning', 'function_call', 'function_call_output']);
    expect(items(2).map(({ type = 'message' }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
    // The schema was not what was refused.
    expect(server.received[2]!.body.text.format.type).toBe('json_schema');
    const bill = told.events.flatMap((event) => (event.type === 'model.called' ? [event.call] : []));
    expect(bill.map(({ status, cost }) => [status, cost === 0])).toEqual([
      ['succeeded', false],
      ['failed', true],
      ['succeeded', false],
    ]);
  });
});
