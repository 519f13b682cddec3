import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ModelRequest, Provider, Reasoning, ReasoningControl } from '../../engine/contracts/provider.ts';
import { lacking, reasoningOf, temperatureOf } from '../../engine/models/capabilities.ts';
import { findModel } from '../../engine/models/catalog.ts';
import { defaultMaxOutput } from '../../engine/models/worst-case.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { thinkingOf } from '../../engine/providers/anthropic-thinking.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import type { WireServer } from '../support/wire-server.ts';

const never = () => new AbortController().signal;

describe('how much a model thinks, on the wire', () => {
  let anthropicServer: WireServer;
  let openAiServer: WireServer;
  let anthropic: Provider;
  let openAi: Provider;
  beforeAll(async () => {
    anthropicServer = await startAnthropicServer();
    openAiServer = await startOpenAiServer();
    anthropic = await openAnthropic({ id: 'anthropic', type: 'anthropic', apiKey: 'k3y', baseUrl: anthropicServer.url });
    openAi = await openOpenAi(
      { id: 'openai', type: 'openai', apiKey: 'k3y', baseUrl: openAiServer.url },
      async () => (text) => text.length,
    );
    anthropicServer.script({ text: 'ok' });
    openAiServer.script({ text: 'ok' });
  });
  afterAll(async () => {
    await Promise.all([anthropic.close?.(), openAi.close?.(), anthropicServer.close(), openAiServer.close()]);
  });
  afterEach(() => {
    anthropicServer.received.splice(0);
    openAiServer.received.splice(0);
  });

  const asked = async (more: Partial<ModelRequest>) => {
    await anthropic.complete(requestFor(more), never());
    await openAi.complete(requestFor(more), never());
    return { anthropic: anthropicServer.received[0]?.body, openAi: openAiServer.received[0]?.body };
  };

  test('nothing is said of it unless it is asked for', async () => {
    const { anthropic, openAi } = await asked({});
    expect(anthropic).not.toHaveProperty('thinking');
    expect(anthropic).not.toHaveProperty('output_config');
    expect(openAi).not.toHaveProperty('reasoning_effort');
  });

  test('by level, beside a schema', async () => {
    const outputSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
    const { anthropic, openAi } = await asked({ reasoning: 'high', reasoningBy: 'effort', outputSchema });
    expect(anthropic).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema: outputSchema } },
    });
    expect(openAi).toMatchObject({ reasoning_effort: 'high' });
  });

  test('not at all; where that cannot be had, a little', async () => {
    expect((await asked({ reasoning: 'none', reasoningBy: 'effort' })).openAi).toMatchObject({ reasoning_effort: 'none' });
    openAiServer.received.splice(0);
    expect((await asked({ reasoning: 'none', reasoningBy: 'always' })).openAi).toMatchObject({ reasoning_effort: 'low' });
  });

  test('thinking is billed as output', async () => {
    openAiServer.script({
      text: 'ok',
      usage: { prompt_tokens: 10, completion_tokens: 900, completion_tokens_details: { reasoning_tokens: 880 } },
    });
    expect((await openAi.complete(requestFor({ reasoning: 'low' }), never())).usage).toMatchObject({ input: 10, output: 900 });
  });
});

test.each<[Reasoning, ReasoningControl | undefined, number, object]>([
  ['low', 'effort', 200, { thinking: { type: 'adaptive' }, effort: 'low' }],
  ['none', 'effort', 200, { thinking: { type: 'disabled' } }],
  ['none', 'always', 200, { effort: 'low' }],
  ['medium', 'always', 200, { effort: 'medium' }],
  ['none', 'between_tools', 200, { thinking: { type: 'between_tools' } }],
  ['high', 'between_tools', 200, { thinking: { type: 'adaptive' }, effort: 'high' }],
  ['none', 'budget', 16_384, {}],
  ['high', 'budget', 32_768, { thinking: { type: 'enabled', budget_tokens: 24_576 } }],
  ['high', 'budget', 16_384, { thinking: { type: 'enabled', budget_tokens: 15_360 } }],
  // The least that is taken, within what there is.
  ['medium', 'budget', 1_500, { thinking: { type: 'enabled', budget_tokens: 1_024 } }],
  ['medium', 'budget', 1_024, {}],
  ['low', undefined, 200, { thinking: { type: 'adaptive' }, effort: 'low' }],
])('Claude thinks %s, told by %s, within %d tokens', (reasoning, reasoningBy, maxOutputTokens, said) => {
  expect(thinkingOf({ reasoning, maxOutputTokens, ...(reasoningBy && { reasoningBy }) })).toEqual(said);
});

describe('what a model can do decides what it is asked', () => {
  const tool = { name: 'search', description: '', input: {} };
  const haiku45 = findModel('anthropic/claude-haiku-4-5');
  const luna = findModel('openai/gpt-6-luna');
  const gpt41 = findModel('openai/gpt-4.1');

  test('thinking is left out for a model that does not think', () => {
    expect(reasoningOf({ reasoning: 'high' }, gpt41)).toEqual({});
    expect(reasoningOf({ reasoning: 'high' }, luna)).toEqual({ reasoning: 'high', reasoningBy: 'effort' });
    expect(reasoningOf({ reasoning: 'high' }, undefined)).toEqual({ reasoning: 'high' });
    expect(reasoningOf({}, luna)).toEqual({});
  });

  test('with tools, a model that takes them only while it does not think is told not to', () => {
    expect(reasoningOf({ tools: [tool] }, luna)).toEqual({ reasoning: 'none', reasoningBy: 'effort' });
    expect(reasoningOf({ tools: [tool], reasoning: 'high' }, haiku45)).toEqual({ reasoning: 'high', reasoningBy: 'budget' });
  });

  test('beside thinking there is no temperature', () => {
    expect(temperatureOf({ temperature: 0.5 }, haiku45)).toEqual({ temperature: 0.5 });
    expect(temperatureOf({ temperature: 0.5, reasoning: 'none' }, haiku45)).toEqual({ temperature: 0.5 });
    expect(temperatureOf({ temperature: 0.5, reasoning: 'low' }, haiku45)).toEqual({});
    expect(temperatureOf({ temperature: 0.5 }, findModel('anthropic/claude-haiku-5-5'))).toEqual({});
    expect(temperatureOf({ temperature: 0.5, reasoning: 'low' }, undefined)).toEqual({ temperature: 0.5 });
  });

  test('what an ask cannot go without', () => {
    const image = { type: 'image', mediaType: 'image/png', name: 'a.png', data: '' } as const;
    const showing = { messages: [{ role: 'user', text: '', attachments: [image] } as const] };
    const reading = { messages: [{ role: 'user', text: '', attachments: [{ ...image, type: 'document' } as const] } as const] };
    const blind = findModel('openai/o3-mini');
    expect(lacking(showing, blind)).toBe('images');
    expect(lacking(reading, blind)).toBe('PDFs');
    expect(lacking(showing, haiku45)).toBeUndefined();
    expect(lacking({ messages: [], tools: [tool] }, findModel('openai/gpt-6.1-sol'))).toBe('tools');
    expect(lacking({ messages: [], tools: [tool] }, luna)).toBeUndefined();
    expect(lacking({ messages: [] }, blind)).toBeUndefined();
    expect(lacking(showing, undefined)).toBeUndefined();
  });

  test('who thinks much may answer longer by default', () => {
    expect(defaultMaxOutput(luna)).toBe(16_384);
    expect(defaultMaxOutput(luna, 'medium')).toBe(16_384);
    expect(defaultMaxOutput(luna, 'high')).toBe(32_768);
  });
});
