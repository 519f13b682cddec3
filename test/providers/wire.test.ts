import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { millis } from '../../engine/base/ids.ts';
import { Failed } from '../../engine/contracts/failure.ts';
import type { ModelRequest, Provider } from '../../engine/contracts/provider.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { startResponsesServer } from '../support/responses-server.ts';
import type { Turn, WireServer } from '../support/wire-server.ts';

const schema = {
  type: 'object',
  properties: { risk: { type: 'number', minimum: 0 }, note: { type: 'string', maxLength: 80 } },
  required: ['risk'],
  additionalProperties: false,
};
const count = async () => (text: string) => text.length;
const never = () => new AbortController().signal;

describe.each([
  [
    'anthropic',
    startAnthropicServer,
    (url: string) => openAnthropic({ id: 'acme', type: 'anthropic', apiKey: 'k3y', baseUrl: url, variable: 'ACME_KEY' }),
  ],
  [
    'openai',
    startOpenAiServer,
    (url: string) => openOpenAi({ id: 'acme', type: 'openai', apiKey: 'k3y', baseUrl: url, variable: 'ACME_KEY' }, count),
  ],
  [
    'openai over responses',
    startResponsesServer,
    (url: string) => openOpenAi({ id: 'acme', type: 'openai', apiKey: 'k3y', baseUrl: url, api: 'responses', variable: 'ACME_KEY' }, count),
  ],
] as const)('%s, when things go wrong', (_, start, open) => {
  let server: WireServer;
  let provider: Provider;
  beforeAll(async () => {
    server = await start();
    provider = await open(server.url);
  });
  afterAll(async () => {
    await provider.close?.();
    await server.close();
  });
  afterEach(() => void server.received.splice(0));

  const failing = async (turn: Turn, more: Partial<ModelRequest> = {}): Promise<Failed> => {
    server.script(turn);
    const error: unknown = await provider.complete(requestFor(more), never()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failed);
    expect(server.received.length, 'it asks once, and leaves retrying to others').toBe(1);
    return error as Failed;
  };

  test.each<[string, Turn, object, boolean]>([
    ['408', { error: 408 }, { type: 'unavailable', status: 408 }, false],
    ['409', { error: 409 }, { type: 'unavailable', status: 409 }, false],
    ['500', { error: 500 }, { type: 'unavailable', status: 500 }, false],
    [
      '502 with a page',
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
      { type: 'unavailable', status: 502 },
      false,
    ],
    ['529', { error: 529 }, { type: 'unavailable', status: 529, message: 'acme is overloaded (529): it went wrong' }, false],
    ['429', { error: 429 }, { type: 'rate_limited' }, false],
    ['429 with seconds', { error: 429, headers: { 'retry-after': '2.5' } }, { type: 'rate_limited', retryAfter: 2500 }, false],
    ['429 with an hour', { error: 429, headers: { 'retry-after': '3600' } }, { type: 'rate_limited', retryAfter: 3_600_000 }, false],
    [
      '429 for longer than anybody waits',
      { error: 429, headers: { 'retry-after': '7500' } },
      {
        type: 'rate_limited',
        retryAfter: 7_500_000,
        message: 'acme asks to wait 2h 05m (429); longer than the 1m 00s dagrun waits: it went wrong',
      },
      false,
    ],
    [
      '429 for as long as anybody waits',
      { error: 429, headers: { 'retry-after': '60' } },
      { message: 'acme is asked too much (429): it went wrong' },
      false,
    ],
    ['429 with milliseconds', { error: 429, headers: { 'retry-after-ms': '70' } }, { type: 'rate_limited', retryAfter: 70 }, false],
    [
      '429 with a date',
      { error: 429, headers: { 'retry-after': 'Fri, 20 Nov 2026 10:00:07 GMT', date: 'Fri, 20 Nov 2026 10:00:00 GMT' } },
      { type: 'rate_limited', retryAfter: 7000 },
      false,
    ],
    ['429 without money', { error: 429, type: 'insufficient_quota' }, { type: 'unauthorized', variable: 'ACME_KEY' }, false],
    ['402', { error: 402 }, { type: 'unauthorized', message: 'acme says that the account has no credit left' }, false],
    [
      '401',
      { error: 401, message: 'bad key k3y' },
      { type: 'unauthorized', variable: 'ACME_KEY', message: 'acme refused the key (401): look at ACME_KEY' },
      false,
    ],
    ['403', { error: 403 }, { type: 'unauthorized' }, false],
    [
      '404',
      { error: 404 },
      { type: 'bad_request', message: 'acme has no model "some-model", or none for this key (404): it went wrong' },
      false,
    ],
    ['400', { error: 400 }, { type: 'bad_request', message: 'acme refused the request (400): it went wrong' }, false],
    ['400 too long', { error: 400, message: 'prompt is too long: 210000 tokens > 200000 maximum' }, { type: 'context_too_long' }, false],
    ['400 too long, by code', { error: 400, type: 'context_length_exceeded' }, { type: 'context_too_long' }, false],
    ['413', { error: 413 }, { type: 'context_too_long' }, false],
    ['400 by policy', { error: 400, type: 'content_policy_violation' }, { type: 'refused' }, false],
    ['dropped before the answer', { drop: 'before' }, { type: 'unavailable' }, true],
    ['dropped within the answer', { drop: 'within' }, { type: 'unavailable' }, true],
    ['malformed JSON', { body: '{"id": ' }, { type: 'unavailable', message: 'acme gave an answer that cannot be read' }, true],
    ['JSON of something else', { body: { hello: 'world' } }, { type: 'unavailable' }, true],
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, { type: 'unavailable' }, true],
    ['an empty body', { body: '' }, { type: 'unavailable' }, true],
  ])('%s', async (__, turn, failure, mayHaveCharged) => {
    const failed = await failing(turn);
    expect(failed.failure).toMatchObject(failure);
    expect(failed.mayHaveCharged).toBe(mayHaveCharged);
    expect(failed.schemaRefused).toBe(false);
    // The key never gets into a message.
    expect(failed.message).not.toContain('k3y');
  });

  test('a refusal of the schema is told apart', async () => {
    const refused = await failing({ error: 400, message: 'schema: unsupported keyword' }, { outputSchema: schema });
    expect(refused.schemaRefused).toBe(true);
    server.received.splice(0);
    expect((await failing({ error: 400, message: 'schema: unsupported keyword' })).schemaRefused).toBe(false);
    server.received.splice(0);
    // From a server that only speaks the protocol, a 500 may mean the same.
    expect((await failing({ error: 500 }, { outputSchema: schema })).schemaRefused).toBe(true);
  });

  test('a slow answer is given up when told, for the reason told', async () => {
    const slow = await start();
    const own = await open(slow.url);
    slow.script({ hang: true });
    const abort = new AbortController();
    const call = own.complete(requestFor(), abort.signal).catch((error: unknown) => error);
    await slow.hanging;
    abort.abort(new Failed({ type: 'timed_out', message: 'no answer within 1 s', after: millis(1000) }));
    expect(await call).toMatchObject({ failure: { type: 'timed_out', after: 1000 }, mayHaveCharged: true });
    await slow.close();
    await own.close?.();
  });

  test('a server that is not there', async () => {
    const gone = await start();
    const own = await open(gone.url);
    await gone.close();
    const error: unknown = await own.complete(requestFor(), never()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      failure: { type: 'unavailable', message: `acme cannot be reached at ${gone.url}: connection refused` },
      mayHaveCharged: false,
    });
    await own.close?.();
  });

  test('a compressed answer is read', async () => {
    server.script({ text: 'hello', headers: { 'content-encoding': 'gzip' } });
    expect(await provider.complete(requestFor(), never())).toMatchObject({ text: 'hello' });
  });
});

describe('Anthropic on the wire', () => {
  let server: WireServer;
  let provider: Provider;
  beforeAll(async () => {
    server = await startAnthropicServer();
    provider = await openAnthropic({ id: 'anthropic', type: 'anthropic', apiKey: 'k3y', baseUrl: server.url });
  });
  afterAll(async () => {
    await provider.close?.();
    await server.close();
  });
  afterEach(() => void server.received.splice(0));
  const sent = async (more: Partial<ModelRequest> = {}, turn: Turn = { text: 'ok' }) => {
    server.script(turn);
    const reply = await provider.complete(requestFor(more), never());
    return { reply, ...server.received[0]! };
  };

  test('a request', async () => {
    const { path, method, headers, body } = await sent({ stop: ['END'] });
    expect([method, path]).toEqual(['POST', '/v1/messages']);
    expect(headers).toMatchObject({ authorization: 'Bearer k3y', 'anthropic-version': '2026-10-21', 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('traceparent');
    expect(body).toEqual({
      model: 'some-model',
      max_tokens: 200,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'What is DNS?' }],
      stop_sequences: ['END'],
    });
  });

  test('without a key there is no header for one', async () => {
    const keyless = await openAnthropic({ id: 'proxy', type: 'anthropic', baseUrl: server.url });
    server.script({ text: 'ok' });
    await keyless.complete(requestFor(), never());
    expect(server.received[0]?.headers).not.toHaveProperty('authorization');
    expect(server.received[0]?.headers).not.toHaveProperty('x-api-key');
    await keyless.close?.();
  });

  test('a schema goes into output_config, closed, without what Anthropic does not take', async () => {
    const { body } = await sent({ outputSchema: schema });
    expect(body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            risk: { type: 'number', description: '(at least 0)' },
            note: { type: 'string', description: '(at most 80 characters)' },
          },
          required: ['risk'],
          additionalProperties: false,
        },
      },
    });
    expect(body).not.toHaveProperty('tools');
  });

  test('a schema that cannot be said there is not claimed to be taken', () => {
    expect(provider.takesSchema?.(schema)).toBe(true);
    expect(provider.takesSchema?.({ type: 'object', additionalProperties: true })).toBe(false);
    expect(provider.takesSchema?.({})).toBe(false);
  });

  test('a temperature needs the version of the API that has one', async () => {
    const { body, headers } = await sent({ temperature: 0.2 });
    expect(body.temperature).toBe(0.2);
    expect(headers['anthropic-version']).toBe('2023-06-01');
  });

  test('what the cache read and wrote is part of the input', async () => {
    const usage = { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 700, cache_creation_input_tokens: 90 };
    const { reply } = await sent({}, { text: 'ok', usage });
    expect(reply.usage).toEqual({ input: 800, output: 5, cacheRead: 700, cacheWrite: 90 });
    expect(reply).toMatchObject({ text: 'ok', requestId: 'req_1' });
  });

  test.each([
    ['end_turn', 'end'],
    ['stop_sequence', 'end'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'refused'],
    ['pause_turn', 'other'],
  ])('it stops for %s', async (stop, means) => {
    expect((await sent({}, { text: '', stop })).reply).toMatchObject({ stop: means, text: '' });
  });
});

describe('OpenAI on the wire', () => {
  let server: WireServer;
  let provider: Provider;
  let keyless: Provider;
  beforeAll(async () => {
    server = await startOpenAiServer();
    provider = await openOpenAi({ id: 'openai', type: 'openai', apiKey: 'k3y', baseUrl: server.url }, count);
    keyless = await openOpenAi({ id: 'local', type: 'openai', baseUrl: server.url }, count);
  });
  afterAll(async () => {
    await provider.close?.();
    await keyless.close?.();
    await server.close();
  });
  afterEach(() => void server.received.splice(0));
  const sent = async (more: Partial<ModelRequest> = {}, turn: Turn = { text: 'ok' }) => {
    server.script(turn);
    const reply = await provider.complete(requestFor(more), never());
    return { reply, ...server.received[0]! };
  };

  test('a request', async () => {
    const { path, headers, body } = await sent({ temperature: 0.2, stop: ['END'] });
    expect(path).toBe('/v1/chat/completions');
    expect(headers).toMatchObject({ authorization: 'Bearer k3y', 'content-type': 'application/json' });
    expect(body).toEqual({
      model: 'some-model',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is DNS?' },
      ],
      // Not OpenAI's own address: the older name, which all servers know.
      max_tokens: 200,
      temperature: 0.2,
      stop: ['END'],
    });
  });

  test('without a key there is no header for one', async () => {
    server.script({ text: 'ok' });
    await keyless.complete(requestFor(), never());
    expect(server.received[0]?.headers).not.toHaveProperty('authorization');
  });

  test('a schema is strict where it can be: everything required, what is optional may be null', async () => {
    const { body } = await sent({ outputSchema: schema });
    expect(body.response_format).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'answer',
        strict: true,
        schema: {
          type: 'object',
          properties: {
            risk: { type: 'number', minimum: 0 },
            note: { anyOf: [{ type: 'string' }, { type: 'null' }], description: '(at most 80 characters)' },
          },
          required: ['risk', 'note'],
          additionalProperties: false,
        },
      },
    });
  });

  test('where it cannot, the schema goes as it is', async () => {
    const open = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } };
    expect((await sent({ outputSchema: open })).body.response_format.json_schema).toEqual({ name: 'answer', strict: false, schema: open });
  });

  test('cached tokens are in the input already', async () => {
    const usage = { prompt_tokens: 800, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 700, cache_write_tokens: 90 } };
    expect((await sent({}, { text: 'ok', usage })).reply).toMatchObject({
      usage: { input: 800, output: 5, cacheRead: 700, cacheWrite: 90 },
      requestId: 'req_1',
    });
  });

  test('a server that reports no usage is counted after', async () => {
    const body = { choices: [{ message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] }, finish_reason: 'stop' }] };
    expect((await sent({}, { body })).reply).toMatchObject({ text: 'four', usage: { input: 3 + 9 + 4 + 12 + 4, output: 4 } });
  });

  test.each([
    ['stop', 'end'],
    ['length', 'length'],
    ['content_filter', 'refused'],
    ['tool_calls', 'other'],
  ])('it stops for %s', async (stop, means) => {
    expect((await sent({}, { text: 'x', stop })).reply.stop).toBe(means);
  });

  test('a refusal has a text of its own', async () => {
    const body = { choices: [{ message: { content: null, refusal: 'I will not.' }, finish_reason: 'stop' }] };
    expect((await sent({}, { body })).reply).toMatchObject({ stop: 'refused', text: 'I will not.' });
  });

  test('"stop" after as many tokens as were allowed is a cut', async () => {
    const usage = { prompt_tokens: 8, completion_tokens: 200 };
    expect((await sent({}, { text: 'x', usage })).reply.stop).toBe('length');
  });
});

describe('answers that only resemble the protocol', () => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const text = { type: 'text', text: 'hi' };
  let server: WireServer;
  afterEach(() => server.close());

  test.each<[string, unknown]>([
    ['nothing in it', null],
    ['a number', 5],
    ['a list', []],
    ['no tokens of the answer', { content: [text], usage: { input_tokens: 1 } }],
    ['tokens below zero', { content: [text], usage: { input_tokens: -1, output_tokens: 1 } }],
    ['no usage', { content: [text] }],
  ])('anthropic: %s', async (_, body) => {
    server = await startAnthropicServer();
    const provider = await openAnthropic({ id: 'acme', type: 'anthropic', apiKey: 'k', baseUrl: server.url });
    server.script({ body: JSON.stringify(body) });
    await expect(provider.complete(requestFor({}), never())).rejects.toMatchObject({
      failure: { type: 'unavailable' },
      mayHaveCharged: true,
    });
    await provider.close?.();
  });

  test('anthropic: a block of nothing is passed over', async () => {
    server = await startAnthropicServer();
    const provider = await openAnthropic({ id: 'acme', type: 'anthropic', apiKey: 'k', baseUrl: server.url });
    server.script({ body: { content: [null, text], stop_reason: 'end_turn', usage: { ...usage, cache_read_input_tokens: 'many' } } });
    expect(await provider.complete(requestFor({}), never())).toMatchObject({ text: 'hi', usage: { input: 1, cacheRead: 0 } });
    await provider.close?.();
  });

  test.each<[string, unknown]>([
    ['nothing in it', null],
    ['an error with status 200', { error: { message: 'no model is loaded' } }],
    ['choices that are no list', { choices: {} }],
    ['a choice of nothing', { choices: [null] }],
    ['a choice without a message', { choices: [{ message: null }] }],
  ])('openai: %s', async (_, body) => {
    server = await startOpenAiServer();
    const provider = await openOpenAi({ id: 'acme', type: 'openai', baseUrl: server.url }, count);
    server.script({ body: JSON.stringify(body) });
    await expect(provider.complete(requestFor({}), never())).rejects.toMatchObject({
      failure: { type: 'unavailable' },
      mayHaveCharged: true,
    });
    await provider.close?.();
  });

  test('openai: an empty refusal refuses nothing, and tokens that are no numbers are counted', async () => {
    server = await startOpenAiServer();
    const provider = await openOpenAi({ id: 'acme', type: 'openai', baseUrl: server.url }, count);
    const message = { content: 'Four.', refusal: '' };
    server.script({ body: { choices: [{ message, finish_reason: 'stop' }], usage: { prompt_tokens: 2.5, completion_tokens: 1 } } });
    expect(await provider.complete(requestFor({}), never())).toMatchObject({ text: 'Four.', stop: 'end', usage: { output: 5 } });
    await provider.close?.();
  });

  test('openai: an error that is a plain text is quoted', async () => {
    server = await startOpenAiServer();
    const provider = await openOpenAi({ id: 'acme', type: 'openai', baseUrl: server.url }, count);
    server.script({ status: 400, body: { error: 'the model "x" is not loaded' } });
    await expect(provider.complete(requestFor({}), never())).rejects.toThrow('acme refused the request (400): the model "x" is not loaded');
    await provider.close?.();
  });
});
