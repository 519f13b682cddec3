import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ModelRequest, Reasoning, ReasoningControl } from '../../engine/contracts/provider.ts';
import { lacking, reasoningOf, temperatureOf } from '../../engine/models/capabilities.ts';
import { askedOver, findModel } from '../../engine/models/catalog.ts';
import { defaultMaxOutput } from '../../engine/models/worst-case.ts';
import { thinkingOf } from '../../engine/providers/anthropic-thinking.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { withBothProviders } from '../support/both-providers.ts';

const never = () => new AbortController().signal;

describe('how much a model thinks, on the wire', () => {
  const both = withBothProviders((text) => text.length);
  beforeAll(() => {
    both.anthropicServer.script({ text: 'ok' });
    both.openAiServer.script({ text: 'ok' });
  });
  afterEach(() => {
    both.anthropicServer.received.splice(0);
    both.openAiServer.received.splice(0);
  });

  const asked = async (more: Partial<ModelRequest>) => {
    await both.anthropic.complete(requestFor(more), never());
    await both.openAi.complete(requestFor(more), never());
    return { anthropic: both.anthropicServer.received[0]?.body, openAi: both.openAiServer.received[0]?.body };
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
    both.openAiServer.received.splice(0);
    expect((await asked({ reasoning: 'none', reasoningBy: 'always' })).openAi).toMatchObject({ reasoning_effort: 'low' });
  });

  test('thinking is billed as output', async () => {
    both.openAiServer.script({
      text: 'ok',
      usage: { prompt_tokens: 10, completion_tokens: 900, completion_tokens_details: { reasoning_tokens: 880 } },
    });
    expect((await both.openAi.complete(requestFor({ reasoning: 'low' }), never())).usage).toMatchObject({ input: 10, output: 900 });
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
    const overChat = askedOver(luna, 'chat_completions');
    expect(reasoningOf({ tools: [tool] }, overChat)).toEqual({ reasoning: 'none', reasoningBy: 'effort' });
    expect(reasoningOf({ tools: [tool], reasoning: 'high' }, overChat)).toEqual({ reasoning: 'none', reasoningBy: 'effort' });
    expect(reasoningOf({ tools: [tool], reasoning: 'high' }, askedOver(luna, 'responses'))).toMatchObject({ reasoning: 'high' });
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
    const sol = findModel('openai/gpt-6.1-sol');
    expect(lacking({ messages: [], tools: [tool] }, askedOver(sol, 'chat_completions'))).toBe('tools');
    expect(lacking({ messages: [], tools: [tool] }, askedOver(sol, 'responses'))).toBeUndefined();
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
