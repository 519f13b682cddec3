import { describe, expect, test } from 'vitest';
import { askedOver, findModel, knownModels, priceOf, splitModel, suggestedTiers } from '../../../engine/models/catalog.ts';

const usage = (input: number, output: number, cacheRead = 0, cacheWrite = 0) => ({ input, output, cacheRead, cacheWrite });

describe('the catalog', () => {
  test('every row says where it is from and when it was read', () => {
    const without = knownModels.filter((model) => model.sources.length === 0 || !/^20\d\d-\d\d-\d\d$/.test(model.read));
    expect(without).toEqual([]);
    expect(knownModels.length).toBeGreaterThan(100);
  });

  test('every built-in tier has candidates that are known, priced and alive, of two makers', () => {
    for (const names of Object.values(suggestedTiers)) {
      expect(names.map((name) => splitModel(name).provider)).toEqual(['anthropic', 'openai']);
      for (const name of names) expect(findModel(name)).toMatchObject({ price: { input: expect.any(Number) } });
      expect(names.filter((name) => findModel(name)?.retired)).toEqual([]);
    }
  });

  test('prices are whole in pico-dollars a token, so that sums are exact', () => {
    for (const { price, above } of knownModels)
      for (const prices of [price, ...(above ?? [])])
        for (const value of [prices?.input, prices?.output, prices?.cacheRead, prices?.cacheWrite])
          if (value !== undefined) expect(Math.abs(value * 1e6 - Math.round(value * 1e6))).toBeLessThan(1e-6);
  });

  test.each([
    ['anthropic/claude-haiku-5-5', 'claude-haiku-5-5'],
    ['anthropic/claude-haiku-5-5-20261001', 'claude-haiku-5-5'],
    ['anthropic/claude-opus-4-5-20251101', 'claude-opus-4-5-20251101'],
    ['openai/gpt-6-luna-2026-09-22', 'gpt-6-luna'],
    ['openai/gpt-6-luna-latest', 'gpt-6-luna'],
    ['openai/gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    ['openai/gpt-unheard-of', undefined],
    ['local/gpt-6-luna', undefined],
  ])('%s is known as %s', (name, id) => {
    expect(findModel(name)?.id).toBe(id);
  });

  test('over Responses models take their tools, and are told no texts to stop at', () => {
    const sol = findModel('openai/gpt-6.1-sol');
    expect(askedOver(sol, 'responses')).toMatchObject({ tools: true, stop: false, api: 'responses' });
    expect(askedOver(sol, 'chat_completions')).toMatchObject({ tools: false, api: 'chat_completions' });
    expect(askedOver(sol, 'chat_completions')).not.toHaveProperty('stop');
    expect(askedOver(sol, 'responses'), 'one row for all calls').toBe(askedOver(sol, 'responses'));
    expect(askedOver(sol, undefined)).toBe(sol);
    expect(askedOver(undefined, 'responses')).toBeUndefined();
    const pro = findModel('openai/gpt-5.2-pro');
    expect(askedOver(pro, 'chat_completions')).toMatchObject({ tools: true });
  });

  test('a model is named after the first slash', () => {
    expect(splitModel('together/meta-llama/Llama-3')).toEqual({ provider: 'together', model: 'meta-llama/Llama-3' });
  });
});

describe('priceOf', () => {
  const haiku = findModel('anthropic/claude-haiku-5-5');
  const opus = findModel('anthropic/claude-opus-5-5');

  test('a dollar per million tokens is a thousand nano-dollars a token', () => {
    expect(priceOf(opus, usage(1_000_000, 0))).toBe(4e9);
    expect(priceOf(opus, usage(1000, 100))).toBe(1000 * 4000 + 100 * 20_000);
  });

  test('cached tokens are taken out of the input and priced at their own rates', () => {
    expect(priceOf(haiku, usage(1000, 0, 600, 300))).toBe(100 * 100 + 600 * 10 + 300 * 125);
  });

  test('a prompt above a step is priced at that step as a whole', () => {
    expect(priceOf(haiku, usage(100_000, 10))).toBe(100_000 * 100 + 10 * 500);
    expect(priceOf(haiku, usage(100_001, 10))).toBe(100_001 * 500 + 10 * 2500);
  });

  test('rounds once, half up', () => {
    const model = { ...haiku!, price: { input: 0.0005, output: 1 } };
    expect(priceOf(model, usage(1, 0))).toBe(1);
    expect(priceOf(model, usage(3, 0))).toBe(2);
    expect(priceOf({ ...model, price: { input: 0.0004, output: 1 } }, usage(1, 0))).toBe(0);
  });

  test('an unknown price is null, never 0', () => {
    expect(priceOf(undefined, usage(10, 10))).toBeNull();
    const { price: _, ...without } = haiku!;
    expect(priceOf(without, usage(10, 10))).toBeNull();
  });
});
