import { describe, expect, test } from 'vitest';
import type { Json } from '../../engine/base/json.ts';
import type { TaskContext } from '../../engine/contracts/node-kind.ts';
import type { ModelAsk, Ruler } from '../../engine/contracts/provider.ts';
import { type ContextFields, fitted } from '../../engine/nodes/fit-context.ts';

/** One token a word. */
const words = (text: string): number => (text.trim() === '' ? 0 : text.trim().split(/\s+/).length);
const ruler = (most?: number): Ruler => ({
  ...(most !== undefined && { most }),
  text: words,
  prompt: ({ messages }) => messages.reduce((sum, { text }) => sum + words(text), 0),
  cut: (text, tokens) =>
    text
      .split(/(?<=\s)/)
      .slice(0, tokens)
      .join(''),
});
const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `word${index}`).join(' ');

interface Spec {
  readonly prompt: string;
  readonly context?: ContextFields;
}

/** Fits a prompt that prints these values, each by its path in braces. */
async function fitting(
  prompt: string,
  values: Readonly<Record<string, Json>>,
  context: ContextFields,
  options: { readonly most?: number; readonly files?: string; readonly answer?: (ask: ModelAsk) => string } = {},
) {
  const logged: string[] = [];
  const asked: string[] = [];
  const print = (value: Json): string => (Array.isArray(value) ? value.join(' ') : String(value));
  const render = (changed: ReadonlyMap<string, Json>): Spec => ({
    prompt: prompt.replace(/\{(.*?)\}/g, (_, path: string) => print(changed.get(path) ?? values[path] ?? null)),
    context,
  });
  const ctx = {
    ruler: async () => ruler(options.most),
    valueAt: (path: string) => values[path] ?? null,
    renderWith: (changed: ReadonlyMap<string, Json>) => render(changed),
    log: async (text: string) => void logged.push(text),
    ask: async (ask: ModelAsk) => {
      asked.push(ask.messages[0]!.text);
      expect(ask).toMatchObject({ tier: 'cheap', purpose: 'summarize' });
      return { output: options.answer?.(ask) ?? 'short' };
    },
  } as unknown as TaskContext;
  const { files = '' } = options;
  const make = async (spec: Spec, texts: string | undefined) => ({
    messages: [{ role: 'user' as const, text: `${texts ?? files} ${spec.prompt}`.trim() }],
  });
  const ask = await fitted(render(new Map()), ctx, make, async () => files);
  return { text: ask.messages[0]!.text, logged, asked };
}

describe('a prompt that fits', () => {
  test('is asked as it is', async () => {
    expect(await fitting('about {a}', { a: 'tea' }, { max_input_tokens: 2, on_overflow: 'truncate', shrink: ['a'] })).toEqual({
      text: 'about tea',
      logged: [],
      asked: [],
    });
  });

  test('or not: the narrower of the two limits counts', async () => {
    await expect(fitting('about {a}', { a: numbers(10) }, {}, { most: 8 })).rejects.toMatchObject({
      failure: { type: 'context_too_long', message: 'the prompt has about 11 tokens, of which 8 are allowed' },
    });
    await expect(fitting('about {a}', { a: numbers(10) }, { max_input_tokens: 5 }, { most: 8 })).rejects.toThrow('of which 5 are allowed');
  });
});

describe('cutting', () => {
  test('goes through the values in order, and no further than it has to', async () => {
    const values = { a: numbers(40), b: numbers(40) };
    const { text, logged } = await fitting('{a} and {b}', values, { max_input_tokens: 60, on_overflow: 'truncate', shrink: ['a', 'b'] });
    expect(words(text)).toBeLessThanOrEqual(60);
    expect(text).toContain(`and ${numbers(40)}`);
    expect(text).toContain('[… the rest of about 40 tokens is left out …]');
    expect(logged).toEqual(['context: a was cut from 40 to 8 tokens']);
  });

  test('a value that is printed twice is cut for both', async () => {
    const { text } = await fitting('{a} {a}', { a: numbers(100) }, { max_input_tokens: 80, on_overflow: 'truncate', shrink: ['a'] });
    expect(words(text)).toBeLessThanOrEqual(80);
  });

  test('of a list, whole items go', async () => {
    const list = Array.from({ length: 20 }, (_, index) => `item ${index}`);
    const { text, logged } = await fitting('{a}', { a: list }, { max_input_tokens: 20, on_overflow: 'truncate', shrink: ['a'] });
    expect(text).toBe('item 0 item 1 item 2 item 3 item 4 item 5 item 6 [… 13 more left out …]');
    expect(logged).toEqual(['context: of a, 7 of 20 items were kept']);
  });

  test('the texts of files are cut, the prompt is not', async () => {
    const { text } = await fitting(
      'read it',
      {},
      { max_input_tokens: 30, on_overflow: 'truncate', shrink: ['attach'] },
      { files: numbers(90) },
    );
    expect(words(text)).toBeLessThanOrEqual(30);
    expect(text).toMatch(/^word0 .* read it$/s);
  });

  test('when all of it is not enough, the node fails', async () => {
    const context: ContextFields = { max_input_tokens: 3, on_overflow: 'truncate', shrink: ['a', 'gone'] };
    await expect(fitting('one two three four {a}', { a: numbers(9) }, context)).rejects.toThrow('after a got shorter');
    await expect(fitting('one two three four', { a: numbers(9) }, context)).rejects.toThrow('nothing in it can be made shorter');
    await expect(fitting('about {a} and more', { a: { b: numbers(9) } }, { ...context, shrink: ['a'] })).rejects.toMatchObject({
      failure: { type: 'expression_failed', message: '`shrink`: a is neither a text nor a list' },
    });
  });
});

describe('summarizing', () => {
  const context: ContextFields = { max_input_tokens: 100, on_overflow: 'summarize', shrink: ['a'] };

  test('asks the cheap tier, and says how long it was', async () => {
    const { text, logged, asked } = await fitting('about {a}', { a: numbers(200) }, context, { answer: () => 'many words' });
    expect(text).toBe('about many words');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('at most 59 words');
    expect(logged).toEqual(['context: a was shortened from 200 to 2 tokens']);
  });

  test('in pieces when it is long, and once more as a whole when these are too long together', async () => {
    let calls = 0;
    const answer = (): string => (++calls <= 3 ? numbers(50) : 'all in all');
    const { text, asked } = await fitting('about {a}', { a: numbers(250) }, context, { most: 200, answer });
    expect(asked).toHaveLength(4);
    expect(asked.slice(0, 3).map((piece) => /<text>\n(word\d+)/.exec(piece)?.[1])).toEqual(['word0', 'word100', 'word200']);
    expect(text).toBe('about all in all');
  });

  test('what is still too long is cut', async () => {
    const { text, logged } = await fitting('about {a}', { a: numbers(200) }, context, { answer: () => numbers(150) });
    expect(words(text)).toBeLessThanOrEqual(100);
    expect(logged).toHaveLength(2);
  });
});
