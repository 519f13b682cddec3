import { describe, expect, test } from 'vitest';
import { findModel } from '../../../engine/models/catalog.ts';
import { mayBeTooLong, refuseTooLong, rulerFor } from '../../../engine/models/ruler.ts';

const candidate = (name: string) => ({
  name,
  model: name,
  info: findModel(name),
  access: { id: 'x', usable: true, concurrency: 1, open: () => Promise.reject(new Error('not opened')) },
});

describe('a prompt is measured for whichever candidate will be asked', () => {
  test('in the tokens of the one that makes most of them, in the room of the narrowest', async () => {
    const ruler = await rulerFor({}, [candidate('openai/gpt-4.1'), candidate('anthropic/claude-haiku-5-5'), candidate('openai/gpt-5')]);
    expect(ruler.text('The quick brown fox jumps over the lazy dog.')).toBe(15);
    // 400,000 tokens in all, 272,000 of them for the prompt.
    expect(ruler.most).toBe(272_000);
  });

  test('what the answer may take is not room for the prompt', async () => {
    expect((await rulerFor({ maxOutputTokens: 50_000 }, [candidate('anthropic/claude-haiku-4-5')])).most).toBe(150_000);
    expect((await rulerFor({}, [candidate('anthropic/claude-haiku-4-5')])).most).toBe(200_000 - 16_384);
    expect(await rulerFor({}, [candidate('local/unheard-of')])).not.toHaveProperty('most');
  });

  test('a text is cut between two tokens, and never within a letter', async () => {
    const ruler = await rulerFor({}, [candidate('openai/gpt-6-luna')]);
    expect(ruler.cut('The quick brown fox', 2)).toBe('The quick');
    expect(ruler.cut('The quick brown fox', 100)).toBe('The quick brown fox');
    expect(ruler.cut('anything', 0)).toBe('');
    for (let tokens = 0; tokens < 12; tokens += 1) expect('🧑‍🚀🧑‍🚀🧑‍🚀'.startsWith(ruler.cut('🧑‍🚀🧑‍🚀🧑‍🚀', tokens))).toBe(true);
  });
});

describe('what is certainly too long is not sent', () => {
  const ask = (text: string) => ({ messages: [{ role: 'user' as const, text }] });
  test('by the window of the model, with a margin where its tokens are estimated', async () => {
    const words = 'word '.repeat(9_000);
    await expect(refuseTooLong(ask(words), 'openai/gpt-4', findModel('openai/gpt-4'))).rejects.toMatchObject({
      failure: {
        type: 'context_too_long',
        message: 'the prompt is too long for openai/gpt-4: at least 9,001 tokens, of which it reads 8,192',
      },
    });
    await expect(refuseTooLong(ask('word '.repeat(8_000)), 'openai/gpt-4', findModel('openai/gpt-4'))).resolves.toBeUndefined();
    expect(mayBeTooLong(ask(words), findModel('openai/gpt-4'))).toBe(true);
    expect(mayBeTooLong(ask('word'), findModel('openai/gpt-4'))).toBe(false);
    expect(mayBeTooLong(ask(words), undefined)).toBe(false);
  });
});
