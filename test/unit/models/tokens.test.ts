import { describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/base/json.ts';
import type { Attachment, Message } from '../../../engine/contracts/provider.ts';
import { attachmentTokens } from '../../../engine/models/attachment-tokens.ts';
import { findModel } from '../../../engine/models/catalog.ts';
import { countRequest, loadTokenCounter } from '../../../engine/models/tokens.ts';
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
