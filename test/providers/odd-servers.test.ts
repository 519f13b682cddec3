import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { canonicalText } from '../../engine/base/json.ts';
import type { Provider } from '../../engine/contracts/provider.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { called, responseOf, startResponsesServer, thought } from '../support/responses-server.ts';
import type { WireServer } from '../support/wire-server.ts';

const never = new AbortController().signal;
const count = async () => (text: string) => text.length;
const opened = {
  anthropic: async (): Promise<[WireServer, Provider]> => {
    const server = await startAnthropicServer();
    return [server, await openAnthropic({ id: 'acme', type: 'anthropic', apiKey: 'k', baseUrl: server.url })];
  },
  chat: async (): Promise<[WireServer, Provider]> => {
    const server = await startOpenAiServer();
    return [server, await openOpenAi({ id: 'acme', type: 'openai', baseUrl: server.url }, count)];
  },
  responses: async (): Promise<[WireServer, Provider]> => {
    const server = await startResponsesServer();
    return [server, await openOpenAi({ id: 'acme', type: 'openai', baseUrl: server.url, api: 'responses' }, count)];
  },
};

let server: WireServer;
let provider: Provider;
afterEach(async () => {
  await provider.close?.();
  await server.close();
});

describe.each(['anthropic', 'chat', 'responses'] as const)('%s', (protocol) => {
  test('an answer that does not end is given up', async () => {
    [server, provider] = await opened[protocol]();
    server.script({ body: ' '.repeat(65 * 1024 * 1024) });
    await expect(provider.complete(requestFor({}), never)).rejects.toMatchObject({
      failure: { type: 'unavailable', message: 'acme gave an answer that is longer than any can be' },
      mayHaveCharged: true,
    });
  });

  test('and one that is small until it is decompressed', async () => {
    [server, provider] = await opened[protocol]();
    const small = gzipSync(Buffer.alloc(65 * 1024 * 1024, 32)).length;
    expect(small).toBeLessThan(100_000);
    server.script({ body: ' '.repeat(65 * 1024 * 1024), headers: { 'content-encoding': 'gzip' } });
    await expect(provider.complete(requestFor({}), never)).rejects.toThrow('acme gave an answer that is longer than any can be');
  });

  test('a half of a character is never sent', async () => {
    [server, provider] = await opened[protocol]();
    server.script({ text: 'ok' });
    await provider.complete(requestFor({ messages: [{ role: 'user', text: 'cut \ud83d, whole \u{1f600}, spelt \\ud83d' }] }), never);
    expect(JSON.stringify(server.received[0]!.body)).toContain('cut \ufffd, whole \u{1f600}, spelt \\\\ud83d');
  });

  test.each([7, '', null])('the model %j is the one that was asked', async (model) => {
    [server, provider] = await opened[protocol]();
    server.script({ text: 'ok', model: model as string });
    expect((await provider.complete(requestFor({ model: 'asked' }), never)).model).toBe('asked');
  });
});

describe('an error within an answer of Chat Completions', () => {
  test.each<[string, unknown, object, boolean]>([
    ['a text', 'no model is loaded', { type: 'unavailable', message: /problem of its own.*: no model is loaded$/ }, true],
    ['a status', { code: 429, message: 'too much' }, { type: 'rate_limited', message: /asked too much \(429\): too much$/ }, false],
    ['a name', { code: 'context_length_exceeded', message: 'long' }, { type: 'context_too_long', message: /too long/ }, false],
  ])('is told in its words: %s', async (_, error, { type, message }: { type?: string; message?: RegExp }, mayHaveCharged) => {
    [server, provider] = await opened.chat();
    server.script({ body: { error } });
    await expect(provider.complete(requestFor({}), never)).rejects.toMatchObject({
      failure: { type, message: expect.stringMatching(message!) },
      mayHaveCharged,
    });
  });
});

test('a refusal that is no text refuses all the same', async () => {
  [server, provider] = await opened.chat();
  server.script({ body: { choices: [{ message: { content: null, refusal: true }, finish_reason: 'stop' }] } });
  expect(await provider.complete(requestFor({}), never)).toMatchObject({ stop: 'refused', text: '' });
});

test('arguments that were no object are taken back as one, with the thought before them', async () => {
  [server, provider] = await opened.responses();
  server.script({ body: responseOf([thought('rs_1'), called('c1', 'look', '{"path":'), called('c2', 'look', '{"a": 1}')]) });
  const { toolCalls, carry } = await provider.complete(requestFor({ tools: [{ name: 'look', description: '', input: {} }] }), never);
  expect(toolCalls?.map(({ args }) => args)).toEqual(['{"path":', { a: 1 }]);
  expect(carry).toEqual([thought('rs_1'), called('c1', 'look', '{}'), called('c2', 'look', '{"a": 1}')]);
});

test('halves of characters have a text to be compared by', async () => {
  [server, provider] = await opened.chat();
  const texts = ['\ud83d', '\ude00', '\u{1f600}', '\\\ud83d', '\ud83d\ud83d'].map((text) => canonicalText({ [text]: text }));
  expect(new Set(texts).size).toBe(5);
  expect(texts[2]).toBe('{"\u{1f600}":"\u{1f600}"}');
});
