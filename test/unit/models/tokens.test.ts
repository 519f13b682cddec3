import { expect, test } from 'vitest';
import { findModel } from '../../../engine/models/catalog.ts';
import { countRequest, loadTokenCounter } from '../../../engine/models/tokens.ts';

test('OpenAI is counted exactly, Claude with a margin, newer Claude with a larger one', async () => {
  const count = await loadTokenCounter();
  const text = 'The quick brown fox jumps over the lazy dog.';
  expect(count(text)).toBe(10);
  expect(count(text, findModel('openai/gpt-6-luna'))).toBe(10);
  expect(count(text, findModel('anthropic/claude-haiku-4-5'))).toBe(12);
  expect(count(text, findModel('anthropic/claude-haiku-5-5'))).toBe(15);
});

test('special tokens in a text are text', async () => {
  const count = await loadTokenCounter();
  expect(count('a <|endoftext|> b')).toBeGreaterThan(3);
});

test('a request is its texts, its schema and a little more', async () => {
  const count = await loadTokenCounter();
  const messages = [{ role: 'user', text: 'hello' }] as const;
  expect(countRequest(count, undefined, messages)).toBe(1 + 4 + 7);
  expect(countRequest(count, undefined, messages, { type: 'object' })).toBeGreaterThan(1 + 4 + 7);
});
