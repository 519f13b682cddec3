import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadWorkflow, promptSplits } from '../../engine/index.ts';
import { promptCacheKey } from '../../engine/providers/prompt-cache-key.ts';

const gallery = join(import.meta.dirname, '../../workflows');

test.each([
  ['bulk-classification', ['asks alike up to {{ticket.subject}} in prompt']],
  ['content-chain', []],
  ['question-answering', ['asks alike up to {{carry.found}} in prompt']],
])('where the prompts of %s are split', async (name, expected) => {
  const { plan } = await loadWorkflow(join(gallery, `${name}.workflow.yml`));
  expect([...promptSplits(plan).values()]).toEqual(expected);
});

test('the key for OpenAI is that of the first beginning, and of nothing behind it', () => {
  const request = (text: string, at?: number): Parameters<typeof promptCacheKey>[0] => ({
    model: 'gpt',
    messages: [{ role: 'user', text }],
    maxOutputTokens: 1,
    ...(at !== undefined && { breakpoints: [{ message: 0, at }] }),
    origin: { node: 'a', task: 'a' as never, attempt: 1, call: 'ask' },
  });
  const key = (text: string, at: number): string | undefined => promptCacheKey(request(text, at)).prompt_cache_key;
  expect(promptCacheKey(request('guide one'))).toEqual({});
  expect(key('guide one', 6)).toBe(key('guide two', 6));
  expect(key('guide one', 7)).not.toBe(key('guide two', 7));
  // The API takes 64 characters.
  expect(key('guide one', 6)!.length).toBeLessThanOrEqual(64);
});
