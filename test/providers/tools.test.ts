import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Message, ModelRequest, Provider, ToolSignature } from '../../engine/contracts/provider.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { wireNames } from '../../engine/providers/tool-names.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import type { WireServer } from '../support/wire-server.ts';

const query = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'], additionalProperties: false };
const tools: readonly ToolSignature[] = [
  { name: 'search_db', description: 'Finds orders.', input: query },
  { name: 'fs/read_file', description: '', input: { type: 'object', properties: { path: { type: 'string' } } } },
];
const never = new AbortController().signal;
const answerSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };

/** A conversation in which two tools were called at once, and one of them failed. */
const conversation: readonly Message[] = [
  { role: 'system', text: 'Be brief.' },
  { role: 'user', text: 'Where is order 7?' },
  {
    role: 'assistant',
    text: 'I look.',
    toolCalls: [
      { id: 'call_1', tool: 'search_db', args: { query: '7' } },
      { id: 'call_2', tool: 'fs/read_file', args: 'not JSON' },
    ],
  },
  { role: 'tool', callId: 'call_1', text: '{"status":"sent"}' },
  { role: 'tool', callId: 'call_2', text: 'the arguments do not fit', isError: true },
];

describe('anthropic', () => {
  let server: WireServer;
  let provider: Provider;
  beforeAll(async () => {
    server = await startAnthropicServer();
    provider = await openAnthropic({ id: 'acme', type: 'anthropic', apiKey: 'k3y', baseUrl: server.url });
  });
  afterAll(async () => {
    await provider.close?.();
    await server.close();
  });
  afterEach(() => void server.received.splice(0));
  const message = (content: readonly object[], stop_reason = 'tool_use'): object => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content,
    stop_reason,
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  });
  const ask = async (more: Partial<ModelRequest>, body: object = message([{ type: 'text', text: 'hi' }], 'end_turn')) => {
    server.script({ body });
    const reply = await provider.complete(requestFor(more), never);
    return { reply, sent: server.received.at(-1)!.body };
  };

  test('tools are offered under names it takes, and a schema of the answer beside them', async () => {
    const { sent } = await ask({ tools, toolChoice: 'auto', outputSchema: answerSchema });
    expect(sent.tools).toEqual([
      { name: 'search_db', description: 'Finds orders.', input_schema: query },
      { name: 'fs__read_file', input_schema: { type: 'object', properties: { path: { type: 'string' } } } },
    ]);
    expect(sent.tool_choice).toBeUndefined();
    expect(sent.output_config.format.type).toBe('json_schema');
  });

  test('no call is ever forced, and none may be forbidden', async () => {
    expect((await ask({ tools, toolChoice: 'required' })).sent.tool_choice).toBeUndefined();
    expect((await ask({ tools, toolChoice: 'none' })).sent.tool_choice).toEqual({ type: 'none' });
    expect((await ask({ toolChoice: 'none' })).sent).not.toHaveProperty('tools');
  });

  test('several calls come back with their own names, and the thinking that is signed', async () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', id: 'toolu_1', name: 'search_db', input: { query: '7' } },
      { type: 'tool_use', id: 'toolu_2', name: 'fs__read_file', input: {} },
    ];
    const { reply } = await ask({ tools }, message(content));
    expect(reply).toMatchObject({
      text: 'I look.',
      stop: 'tool_calls',
      toolCalls: [
        { id: 'toolu_1', tool: 'search_db', args: { query: '7' } },
        { id: 'toolu_2', tool: 'fs/read_file', args: {} },
      ],
      carry: content,
    });
    const [system, user, said, ...results] = conversation;
    const carried = { ...said!, carry: { of: 'acme/claude-haiku-5-5', content: reply.carry! } };
    const { sent } = await ask({ model: 'claude-haiku-5-5', tools, messages: [system!, user!, carried, ...results] });
    expect(sent.messages[1]).toEqual({ role: 'assistant', content });
    const other = await ask({ model: 'claude-opus-5-5', tools, messages: [system!, user!, carried, ...results] });
    expect(other.sent.messages[1].content[0]).toEqual({ type: 'text', text: 'I look.' });
  });

  test('what came of the calls of a turn is one message', async () => {
    const { sent } = await ask({ tools, messages: conversation });
    expect(sent.messages).toEqual([
      { role: 'user', content: 'Where is order 7?' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'call_1', name: 'search_db', input: { query: '7' } },
          { type: 'tool_use', id: 'call_2', name: 'fs__read_file', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: '{"status":"sent"}' },
          { type: 'tool_result', tool_use_id: 'call_2', content: 'the arguments do not fit', is_error: true },
        ],
      },
    ]);
  });

  test('an image that a tool gave is shown behind its text', async () => {
    const image = { type: 'image' as const, mediaType: 'image/png', name: 'fs/shot', data: 'aGk=', pixels: { width: 20, height: 20 } };
    const messages = conversation.map((one) => (one.callId === 'call_1' ? { ...one, text: '[image]', attachments: [image] } : one));
    const { sent } = await ask({ tools, messages });
    expect(sent.messages[2].content[0]).toEqual({
      type: 'tool_result',
      tool_use_id: 'call_1',
      content: [
        { type: 'text', text: '[image]' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
      ],
    });
  });

  test('calls that were cut off are none', async () => {
    const { reply } = await ask({ tools }, message([{ type: 'tool_use', id: 'toolu_1', name: 'search_db', input: {} }], 'max_tokens'));
    expect(reply.stop).toBe('length');
    expect(reply.toolCalls).toBeUndefined();
  });
});

describe('openai', () => {
  let server: WireServer;
  let provider: Provider;
  beforeAll(async () => {
    server = await startOpenAiServer();
    provider = await openOpenAi({ id: 'acme', type: 'openai', apiKey: 'k3y', baseUrl: server.url }, async () => (text) => text.length);
  });
  afterAll(async () => {
    await provider.close?.();
    await server.close();
  });
  afterEach(() => void server.received.splice(0));
  const completion = (message: object, finish_reason = 'tool_calls'): object => ({
    id: 'c',
    object: 'chat.completion',
    model: 'gpt',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
  const call = (id: string | undefined, name: string, text: unknown): object => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  });
  const ask = async (more: Partial<ModelRequest>, body: object = completion({ content: 'hi' }, 'stop')) => {
    server.script({ body });
    const reply = await provider.complete(requestFor(more), never);
    return { reply, sent: server.received.at(-1)!.body };
  };

  test('tools are offered, required or forbidden', async () => {
    const { sent } = await ask({ tools, toolChoice: 'auto', outputSchema: answerSchema });
    expect(sent.tools[0]).toEqual({ type: 'function', function: { name: 'search_db', description: 'Finds orders.', parameters: query } });
    expect(sent.tools[1].function.name).toBe('fs__read_file');
    expect(sent.response_format.type).toBe('json_schema');
    expect(sent).not.toHaveProperty('tool_choice');
    expect((await ask({ tools, toolChoice: 'required' })).sent.tool_choice).toBe('required');
    expect((await ask({ tools, toolChoice: 'none' })).sent.tool_choice).toBe('none');
  });

  test('several calls come back; arguments that are no JSON stay a text', async () => {
    const calls = [call('c1', 'search_db', '{"query":"7"}'), call('c2', 'fs__read_file', '{"path":'), call('c3', 'nothing_such', '')];
    const { reply } = await ask({ tools }, completion({ tool_calls: calls }));
    expect(reply.stop).toBe('tool_calls');
    expect(reply.toolCalls).toEqual([
      { id: 'c1', tool: 'search_db', args: { query: '7' } },
      { id: 'c2', tool: 'fs/read_file', args: '{"path":' },
      { id: 'c3', tool: 'nothing_such', args: {} },
    ]);
  });

  test('servers that resemble it: no id, arguments as an object, "stop" as the reason', async () => {
    const { reply } = await ask({ tools }, completion({ content: '', tool_calls: [call(undefined, 'search_db', { query: '7' })] }, 'stop'));
    expect(reply).toMatchObject({ stop: 'tool_calls', toolCalls: [{ id: 'call_1', tool: 'search_db', args: { query: '7' } }] });
    expect((await ask({ tools }, completion({ content: 'hi', tool_calls: [] }, 'stop'))).reply).toMatchObject({ stop: 'end', text: 'hi' });
  });

  test('a conversation goes on with what came of the calls', async () => {
    const { sent } = await ask({ tools, messages: conversation });
    expect(sent.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Where is order 7?' },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [call('call_1', 'search_db', '{"query":"7"}'), call('call_2', 'fs__read_file', '{}')],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '{"status":"sent"}' },
      { role: 'tool', tool_call_id: 'call_2', content: 'Error: the arguments do not fit' },
    ]);
  });
});

test('names for the wire are short, plain, and never the same', () => {
  const named = (...names: string[]) => wireNames({ tools: names.map((name) => ({ name, description: '', input: {} })), messages: [] });
  const names = ['fs/read', 'fs__read', 'ä', `s/${'x'.repeat(90)}`, `s/${'x'.repeat(91)}`];
  const wire = names.map(named(...names).toWire);
  expect(wire.slice(0, 1)).toEqual(['fs__read']);
  expect(new Set(wire).size).toBe(names.length);
  for (const name of wire) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  expect(wire.map(named(...names).fromWire)).toEqual(names);
});
