import { describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/base/json.ts';
import type { Attachment, Message } from '../../../engine/contracts/provider.ts';
import { attachmentTokens } from '../../../engine/models/attachment-tokens.ts';
import { findModel } from '../../../engine/models/catalog.ts';
import { countRequest, cutTokens, loadTokenCounter } from '../../../engine/models/tokens.ts';
import { countTools } from '../../../engine/models/tool-tokens.ts';

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

test.each(['-', 'x', 'ä', ' ', '\n', '字', '\u{1f600}'])('a word of 100,000 times %j is counted, and cut', async (letter) => {
  const count = await loadTokenCounter();
  const tokens = count(letter.repeat(100_000));
  // As many as in shorter words, and at most one more for each 200.
  const each = count(letter.repeat(190)) / 190;
  expect(tokens).toBeGreaterThan(each * 100_000 * 0.9 - 600);
  expect(tokens).toBeLessThan(each * 100_000 * 1.1 + 600);
  expect(count(cutTokens(letter.repeat(100_000), 700, undefined))).toBeLessThanOrEqual(700);
});

test('parts of a long word and what is around it are all counted', async () => {
  const count = await loadTokenCounter();
  const words = 'The quick brown fox jumps over the lazy dog.';
  expect(count(`${words}\n${'a '.repeat(200)}${'='.repeat(400)}\n${words}`)).toBeGreaterThanOrEqual(10 + 200 + 10);
});

test('a request is its texts, its schema and a little more', async () => {
  const count = await loadTokenCounter();
  const messages = [{ role: 'user', text: 'hello' }] as const;
  expect(countRequest(count, undefined, messages)).toBe(1 + 4 + 7);
  expect(countRequest(count, undefined, messages, { type: 'object' })).toBeGreaterThan(1 + 4 + 7);
});

describe('images and documents', () => {
  const image = (width: number, height: number): Attachment => ({
    type: 'image',
    mediaType: 'image/png',
    name: 'a.png',
    data: '',
    pixels: { width, height },
  });
  test.each([
    // Blocks of 28 pixels: 36 × 36.
    ['anthropic/claude-haiku-4-5', 1000, 1000, 36 * 36],
    ['anthropic/claude-haiku-4-5', 4000, 3000, 1_568],
    // Scaled to an edge of 1,568: 56 × 3.
    ['anthropic/claude-haiku-4-5', 5000, 250, 56 * 3],
    ['anthropic/claude-haiku-5-5', 2000, 1500, 72 * 54],
    ['anthropic/claude-haiku-5-5', 4000, 3000, 4_784],
    // One tile of 512 pixels is more than its 16 × 16 patches.
    ['openai/gpt-4o', 512, 512, Math.max(85 + 170 * 1, Math.ceil(256 * 1.2))],
    ['openai/gpt-4o-mini', 512, 512, 2_833 + 5_667],
    ['openai/gpt-6-luna', 4000, 3000, 3_000],
    ['openai/gpt-5-nano', 4000, 3000, Math.ceil(1_536 * 2.46)],
  ])('%s, %d × %d pixels', (model, width, height, tokens) => {
    expect(attachmentTokens(image(width, height), findModel(model))).toBe(tokens);
  });

  test('a document by its pages; where they cannot be told, by its size', () => {
    const pdf: Attachment = { type: 'document', mediaType: 'application/pdf', name: 'a.pdf', data: 'A'.repeat(80_000) };
    expect(attachmentTokens({ ...pdf, pages: 2 }, undefined)).toBe(9_200);
    expect(attachmentTokens(pdf, undefined)).toBe(3 * 4_600);
  });

  test('are part of the prompt', async () => {
    const count = await loadTokenCounter();
    const plain = { role: 'user', text: 'hello' } as const;
    const model = findModel('anthropic/claude-haiku-4-5');
    expect(countRequest(count, model, [{ ...plain, attachments: [image(280, 280)] }]) - countRequest(count, model, [plain])).toBe(100);
  });
});

describe('countTools', () => {
  const tools = [{ name: 'search', description: 'Finds.', input: {} }];
  const carrying = (content: Json): readonly Message[] => [{ role: 'assistant', text: '', carry: { of: 'openai/gpt-6-luna', content } }];
  const countedOf = async (content: Json): Promise<number> =>
    countTools(await loadTokenCounter(), undefined, tools, carrying(content)) - countTools(await loadTokenCounter(), undefined, tools, []);

  test('what was thought and sealed counts by its length, what stands around it by its letters', async () => {
    const bare = await countedOf([{ type: 'reasoning', encrypted_content: '' }]);
    expect(await countedOf([{ type: 'reasoning', encrypted_content: 'gA/+x9Zq'.repeat(500) }])).toBe(bare + 1_000);
    expect(await countedOf([{ type: 'thinking', thinking: 'Hm.', signature: 'gA/+x9Zq' }])).toBeLessThan(30);
  });
});
