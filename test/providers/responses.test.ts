import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Failed } from '../../engine/contracts/failure.ts';
import type { Attachment, Message, ModelRequest, Provider, ToolSignature } from '../../engine/contracts/provider.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { apiOf } from '../../engine/providers/openai-api.ts';
import { chatCompletions } from '../../engine/providers/openai-chat.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { called, responseOf, said, startResponsesServer, thought } from '../support/responses-server.ts';
import type { Turn, WireServer } from '../support/wire-server.ts';

const count = Object.assign((text: string) => text.length, { attachment: () => 1000 });
const never = () => new AbortController().signal;
const query = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'], additionalProperties: false };
const tools: readonly ToolSignature[] = [
  { name: 'search_db', description: 'Finds orders.', input: query },
  { name: 'fs/read_file', description: '', input: { properties: { path: { type: 'string' } } } },
];

let server: WireServer;
let provider: Provider;
beforeAll(async () => {
  server = await startResponsesServer();
  provider = await openOpenAi({ id: 'acme', type: 'openai', apiKey: 'k3y', baseUrl: server.url, api: 'responses' }, async () => count);
});
afterAll(async () => {
  await provider.close?.();
  await server.close();
});
afterEach(() => void server.received.splice(0));

async function ask(more: Partial<ModelRequest> = {}, turn: Turn = { text: 'ok' }) {
  server.script(turn);
  const reply = await provider.complete(requestFor(more), never());
  return { reply, ...server.received.at(-1)! };
}

async function failing(body: object, more: Partial<ModelRequest> = {}): Promise<Failed> {
  server.script({ body });
  const error: unknown = await provider.complete(requestFor(more), never()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Failed);
  return error as Failed;
}

describe('which API', () => {
  test.each([
    [{}, 'responses'],
    [{ baseUrl: 'https://api.openai.com/v1/' }, 'responses'],
    [{ baseUrl: 'https://eu.api.openai.com/v1' }, 'responses'],
    [{ baseUrl: 'http://127.0.0.1:11434/v1' }, 'chat_completions'],
    [{ baseUrl: 'https://api.openai.com.example/v1' }, 'chat_completions'],
    [{ baseUrl: 'no address' }, 'chat_completions'],
    [{ api: 'chat_completions' }, 'chat_completions'],
    [{ api: 'responses', baseUrl: 'http://127.0.0.1:11434/v1' }, 'responses'],
  ] as const)('%o is asked over %s', (settings, api) => {
    expect(apiOf(settings)).toBe(api);
  });
});

describe('OpenAI itself', () => {
  test('is told the limit of an answer by its newer name over Chat Completions', () => {
    expect(chatCompletions.bodyOf(requestFor(), { provider: 'openai', compatible: false })).toMatchObject({ max_completion_tokens: 200 });
    expect(chatCompletions.bodyOf(requestFor(), { provider: 'local', compatible: true })).toMatchObject({ max_tokens: 200 });
  });

  test('is not sent what it does not take', async () => {
    const itself = await openOpenAi({ id: 'openai', type: 'openai', apiKey: 'k3y' }, async () => count);
    const images = Array.from(
      { length: 1_501 },
      (_, at): Attachment => ({ type: 'image', mediaType: 'image/png', name: `${at}.png`, data: '' }),
    );
    await expect(
      itself.complete(requestFor({ messages: [{ role: 'user', text: 'Look.', attachments: images }] }), never()),
    ).rejects.toThrow('1501 images are attached: openai takes 1500 in one request');
    await itself.close?.();
  });
});

describe('a request', () => {
  test('has the whole conversation in it, and nothing is kept', async () => {
    const { path, headers, body } = await ask({ temperature: 0.2 });
    expect(path).toBe('/v1/responses');
    expect(headers).toMatchObject({ authorization: 'Bearer k3y', 'content-type': 'application/json' });
    expect(body).toEqual({
      model: 'some-model',
      store: false,
      instructions: 'Be brief.',
      input: [{ role: 'user', content: 'What is DNS?' }],
      max_output_tokens: 200,
      temperature: 0.2,
    });
  });

  test('examples of a conversation stand in their order', async () => {
    const messages: readonly Message[] = [
      { role: 'user', text: 'One?' },
      { role: 'assistant', text: 'Two.' },
      { role: 'user', text: 'Three?' },
    ];
    const { body } = await ask({ messages });
    expect(body).not.toHaveProperty('instructions');
    expect(body.input).toEqual(messages.map(({ role, text }) => ({ role, content: text })));
  });

  test('an answer that said nothing is nothing to be told of', async () => {
    const messages: readonly Message[] = [
      { role: 'user', text: 'One?' },
      { role: 'assistant', text: '' },
      { role: 'user', text: 'That is not JSON.' },
    ];
    expect((await ask({ messages })).body.input.map(({ role }: { role: string }) => role)).toEqual(['user', 'user']);
  });

  test('a schema is strict where it can be', async () => {
    const closed = { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false };
    expect((await ask({ outputSchema: closed })).body.text).toEqual({
      format: {
        type: 'json_schema',
        name: 'answer',
        strict: true,
        schema: {
          type: 'object',
          properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
          required: ['a'],
          additionalProperties: false,
        },
      },
    });
    const open = { type: 'object', additionalProperties: { type: 'number' } };
    expect((await ask({ outputSchema: open })).body.text.format).toMatchObject({ strict: false, schema: open });
  });

  test('how much it thinks', async () => {
    expect((await ask({ reasoning: 'high', reasoningBy: 'effort' })).body.reasoning).toEqual({ effort: 'high' });
    expect((await ask({ reasoning: 'none', reasoningBy: 'effort' })).body.reasoning).toEqual({ effort: 'none' });
    expect((await ask({ reasoning: 'none', reasoningBy: 'always' })).body.reasoning).toEqual({ effort: 'low' });
    expect((await ask()).body).not.toHaveProperty('reasoning');
  });

  test('images and documents stand before the text', async () => {
    const image: Attachment = { type: 'image', mediaType: 'image/png', name: 'chart.png', data: 'aW1hZ2U=' };
    const report: Attachment = { type: 'document', mediaType: 'application/pdf', name: 'report.pdf', data: 'JVBERi0=' };
    const { body } = await ask({ messages: [{ role: 'user', text: 'What is this?', attachments: [image, report] }] });
    expect(body.input).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'chart.png:' },
          { type: 'input_image', image_url: 'data:image/png;base64,aW1hZ2U=', detail: 'auto' },
          { type: 'input_file', filename: 'report.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          { type: 'input_text', text: 'What is this?' },
        ],
      },
    ]);
  });

  test('texts to stop at are not sent; the answer is cut at the first of them', async () => {
    const { body, reply } = await ask({ stop: ['END', '---'] }, { text: 'One. --- Two. END' });
    expect(body).not.toHaveProperty('stop');
    expect(reply).toMatchObject({ text: 'One. ', stop: 'end', usage: { output: 20 } });
    expect((await ask({ stop: ['END'] }, { text: 'One.' })).reply).toMatchObject({ text: 'One.', stop: 'end' });
    // What would have been cut off comes after the end.
    expect((await ask({ stop: ['END'] }, { text: 'One. END Tw', stop: 'max_output_tokens' })).reply).toMatchObject({
      text: 'One. ',
      stop: 'end',
    });
    const body2 = responseOf([said('I look. END'), called('c1', 'search_db', { query: '7' })]);
    expect((await ask({ tools, stop: ['END'] }, { body: body2 })).reply).not.toHaveProperty('toolCalls');
  });

  test('a limit below the least the API takes is raised, and holds all the same', async () => {
    const usage = { input_tokens: 8, output_tokens: 12 };
    const { body, reply } = await ask({ maxOutputTokens: 5 }, { text: 'much too long', usage });
    expect(body.max_output_tokens).toBe(16);
    expect(reply.stop).toBe('length');
  });
});

describe('an answer', () => {
  test('tokens that were cached are in the input, and those of thinking in the output', async () => {
    const usage = {
      input_tokens: 800,
      input_tokens_details: { cached_tokens: 700, cache_write_tokens: 90 },
      output_tokens: 195,
      output_tokens_details: { reasoning_tokens: 180 },
    };
    expect((await ask({}, { text: 'ok', usage })).reply).toEqual({
      text: 'ok',
      stop: 'end',
      usage: { input: 800, output: 195, cacheRead: 700, cacheWrite: 90 },
      model: 'some-model',
      requestId: 'req_1',
    });
  });

  test.each([
    ['completed', 'end'],
    ['max_output_tokens', 'length'],
    ['content_filter', 'refused'],
    ['something_new', 'length'],
  ])('it stops for %s', async (stop, means) => {
    expect((await ask({}, { text: 'x', stop })).reply.stop).toBe(means);
  });

  test('a refusal has a text of its own', async () => {
    const body = responseOf([said('', { content: [{ type: 'refusal', refusal: 'I will not.' }] })]);
    expect((await ask({}, { body })).reply).toMatchObject({ stop: 'refused', text: 'I will not.' });
  });

  test('what is said on the way is no part of it', async () => {
    const body = responseOf([said('Let me see.', { phase: 'commentary' }), said('{"a":1}', { phase: 'final_answer' })]);
    expect((await ask({}, { body })).reply.text).toBe('{"a":1}');
    expect((await ask({}, { body: responseOf([said('One, '), said('two.')]) })).reply.text).toBe('One, two.');
  });

  test('what nobody has heard of is passed over', async () => {
    const item = { ...said('ok'), content: [null, { type: 'output_hologram', text: 'x' }, { type: 'output_text', text: 'ok' }], new: true };
    const body = responseOf([{ type: 'dream' }, item], { mood: 'good' });
    expect((await ask({}, { body })).reply).toMatchObject({ text: 'ok', stop: 'end' });
  });

  test('a server that reports no usage is counted after, one that says no status has ended', async () => {
    const body = responseOf([said('four')], { usage: undefined, status: undefined });
    expect((await ask({}, { body })).reply).toMatchObject({ stop: 'end', usage: { input: 3 + 9 + 4 + 12 + 4, output: 4 } });
  });

  test.each<[string, object]>([
    ['still worked on', responseOf([], { status: 'in_progress' })],
    ['queued', responseOf([], { status: 'queued' })],
    ['taken back', responseOf([said('x')], { status: 'cancelled' })],
    ['without output', responseOf([], { output: null })],
    ['of something else', { id: 'chatcmpl-1', choices: [] }],
  ])('one that is %s cannot be read', async (_, body) => {
    const failed = await failing(body);
    expect(failed.failure).toEqual({ type: 'unavailable', message: 'acme gave an answer that cannot be read' });
    expect(failed.mayHaveCharged).toBe(true);
  });
});

describe('an answer that tells of a failure', () => {
  test.each<[string, string, object, boolean]>([
    ['server_error', 'It broke.', { type: 'unavailable', message: 'acme has a problem of its own (server_error): It broke.' }, true],
    ['rate_limit_exceeded', 'Slowly.', { type: 'rate_limited', message: 'acme is asked too much (rate_limit_exceeded): Slowly.' }, false],
    ['insufficient_quota', 'Pay.', { type: 'unauthorized', message: 'acme says that the account has no credit left' }, false],
    ['invalid_image', 'Not one.', { type: 'bad_request', message: 'acme refused the request (invalid_image): Not one.' }, false],
    ['context_length_exceeded', 'Long.', { type: 'context_too_long', message: 'the prompt is too long for some-model: Long.' }, false],
    ['image_content_policy_violation', 'No.', { type: 'refused', message: 'acme declined to answer: No.' }, false],
    ['bio_policy', 'No.', { type: 'refused', message: 'acme declined to answer: No.' }, false],
    [
      'invalid_prompt',
      'Your prompt was flagged as potentially violating our usage policy.',
      { type: 'refused', message: 'acme declined to answer: Your prompt was flagged as potentially violating our usage policy.' },
      false,
    ],
    ['never_seen', 'Hm.', { type: 'unavailable', message: 'acme has a problem of its own (never_seen): Hm.' }, true],
  ])('%s', async (code, message, failure, mayHaveCharged) => {
    const failed = await failing(responseOf([], { status: 'failed', error: { code, message } }));
    expect(failed.failure).toEqual(failure);
    expect(failed.mayHaveCharged).toBe(mayHaveCharged);
  });

  test('without a word of what it is', async () => {
    const failed = await failing(responseOf([], { status: 'failed', error: null }));
    expect(failed.failure).toEqual({ type: 'unavailable', message: 'acme has a problem of its own (status "failed")' });
  });
});

describe('tools', () => {
  test('are offered, required or forbidden; what is thought is asked for where there is thinking', async () => {
    const { body } = await ask({ tools, toolChoice: 'auto', thinks: true });
    expect(body.tools).toEqual([
      { type: 'function', name: 'search_db', description: 'Finds orders.', parameters: query, strict: false },
      { type: 'function', name: 'fs__read_file', parameters: { type: 'object', properties: { path: { type: 'string' } } }, strict: false },
    ]);
    expect(body).not.toHaveProperty('tool_choice');
    expect(body.include).toEqual(['reasoning.encrypted_content']);
    expect((await ask({ tools, toolChoice: 'required', thinks: false })).body).toMatchObject({ tool_choice: 'required' });
    expect(server.received.at(-1)!.body).not.toHaveProperty('include');
    expect((await ask({ tools, toolChoice: 'none' })).body.tool_choice).toBe('none');
    expect((await ask({ thinks: true })).body).not.toHaveProperty('include');
  });

  test('one without arguments says so', async () => {
    const bare: readonly ToolSignature[] = [{ name: 'now', description: 'Tells the time.', input: { type: 'object' } }];
    const { body } = await ask({ tools: bare });
    expect(body.tools[0].parameters).toEqual({ type: 'object', properties: {} });
    const chat = chatCompletions.bodyOf(requestFor({ tools: bare }), { provider: 'openai', compatible: false });
    expect(chat).toMatchObject({ tools: [{ function: { parameters: { type: 'object', properties: {} } } }] });
  });

  test('several calls come back; arguments that are no JSON stay a text', async () => {
    const calls = [called('c1', 'search_db', { query: '7' }), called('c2', 'fs__read_file', '{"path":'), called('', 'nothing_such', '')];
    const { reply } = await ask({ tools }, { body: responseOf([said('I look.'), ...calls]) });
    expect(reply).toMatchObject({ text: 'I look.', stop: 'tool_calls' });
    expect(reply.toolCalls).toEqual([
      { id: 'c1', tool: 'search_db', args: { query: '7' } },
      { id: 'c2', tool: 'fs/read_file', args: '{"path":' },
      { id: 'call_3', tool: 'nothing_such', args: {} },
    ]);
    expect(reply).not.toHaveProperty('carry');
  });

  test('calls that were cut off are none', async () => {
    const body = responseOf([called('c1', 'search_db', '{"que')], {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    expect((await ask({ tools }, { body })).reply).not.toHaveProperty('toolCalls');
  });

  const conversation = (carry?: Message['carry']): readonly Message[] => [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'Where is order 7?' },
    {
      role: 'assistant',
      text: 'I look.',
      toolCalls: [
        { id: 'c1', tool: 'search_db', args: { query: '7' } },
        { id: 'c2', tool: 'fs/read_file', args: 'not JSON' },
      ],
      ...(carry && { carry }),
    },
    { role: 'tool', callId: 'c1', text: '{"status":"sent"}' },
    { role: 'tool', callId: 'c2', text: 'the arguments do not fit', isError: true },
  ];
  const results = [
    { type: 'function_call_output', call_id: 'c1', output: '{"status":"sent"}' },
    { type: 'function_call_output', call_id: 'c2', output: 'Error: the arguments do not fit' },
  ];

  test('a conversation goes on with what came of the calls', async () => {
    const { body } = await ask({ tools, messages: conversation() });
    expect(body.input).toEqual([
      { role: 'user', content: 'Where is order 7?' },
      { role: 'assistant', content: 'I look.' },
      { type: 'function_call', call_id: 'c1', name: 'search_db', arguments: '{"query":"7"}' },
      { type: 'function_call', call_id: 'c2', name: 'fs__read_file', arguments: '{}' },
      ...results,
    ]);
  });

  test('images that a tool gave stand behind its text', async () => {
    const image: Attachment = { type: 'image', mediaType: 'image/png', name: 'map.png', data: 'aW1hZ2U=' };
    const messages = conversation().map((message) => (message.callId === 'c1' ? { ...message, attachments: [image] } : message));
    const { body } = await ask({ tools, messages });
    expect(body.input[4]).toEqual({
      type: 'function_call_output',
      call_id: 'c1',
      output: [
        { type: 'input_text', text: '{"status":"sent"}' },
        { type: 'input_image', image_url: 'data:image/png;base64,aW1hZ2U=', detail: 'auto' },
      ],
    });
    expect(provider.toolImages).toBe(true);
  });

  test('what was thought comes back as it was, to the model that thought it', async () => {
    const output = [thought('rs_1'), said('I look.', { phase: 'commentary' }), called('c1', 'search_db', { query: '7' })];
    const { reply } = await ask({ tools }, { body: responseOf([{ ...thought('rs_1'), status: null }, ...output.slice(1)]) });
    expect(reply.carry).toEqual(output);
    const messages = conversation({ of: 'acme/gpt-6.1-sol', content: reply.carry! });
    const same = await ask({ model: 'gpt-6.1-sol', tools, messages });
    expect(same.body.input).toEqual([{ role: 'user', content: 'Where is order 7?' }, ...output, ...results]);
    const other = await ask({ model: 'gpt-6-luna', tools, messages });
    expect(other.body.input[1]).toEqual({ role: 'assistant', content: 'I look.' });
  });

  test('what was thought in the open is given back as well', async () => {
    const open = { id: 'rs_1', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] };
    const output = [open, called('c1', 'search_db', {})];
    expect((await ask({ tools }, { body: responseOf(output) })).reply.carry).toEqual(output);
  });

  test('a thought that is only kept elsewhere is not given back', async () => {
    const bare = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: null };
    const { reply } = await ask({ tools }, { body: responseOf([thought('rs_0'), bare, called('c1', 'search_db', {})]) });
    expect(reply.stop).toBe('tool_calls');
    expect(reply).not.toHaveProperty('carry');
  });
});
