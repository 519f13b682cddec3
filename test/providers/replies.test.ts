import { describe, expect, test } from 'vitest';
import { taskKey } from '../../engine/base/ids.ts';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import type { RequestOrigin } from '../../engine/contracts/provider.ts';
import { renderDiagnostics } from '../../engine/diagnostics/render.ts';
import { createOfflineProvider } from '../../engine/providers/offline.ts';
import { parseRepliesFile } from '../../engine/providers/replies.ts';
import { createReplies, type Replies } from '../../engine/providers/reply-search.ts';
import { parseDocument } from '../../engine/source/document.ts';
import { requestFor } from '../contract/provider.contract.ts';

function repliesOf(text: string, nodes = ['scan', 'review']): { readonly replies: Replies | undefined; readonly messages: string[] } {
  const found: Diagnostic[] = [];
  const document = parseDocument({ name: 'r.yml', text }, (diagnostic) => found.push(diagnostic));
  const staged = document && parseRepliesFile(document, nodes, (diagnostic) => found.push(diagnostic));
  const replies = staged && createReplies([staged]);
  const messages = found.map((one) => renderDiagnostics([one], { format: 'line', colour: false }).trim());
  return { replies, messages };
}

const origin = (node: string, more: Partial<RequestOrigin> = {}): RequestOrigin => ({
  node,
  task: taskKey(node),
  attempt: 1,
  call: 'ask',
  ...more,
});

describe('a replies file', () => {
  test('the first entry that fits answers, once', () => {
    const { replies, messages } = repliesOf(`replies:
  - { node: scan, attempt: 2, text: second attempt }
  - { node: scan, text: first }
  - { node: scan, text: second }
`);
    expect(messages).toEqual([]);
    expect(replies?.take(origin('scan'))).toEqual({ text: 'first' });
    expect(replies?.take(origin('scan', { attempt: 2 }))).toEqual({ text: 'second attempt' });
    expect(replies?.take(origin('scan', { attempt: 2 }))).toEqual({ text: 'second' });
    expect(replies?.take(origin('scan'))).toBeUndefined();
    expect(replies?.take(origin('review'))).toBeUndefined();
  });

  test('items, tiers and repairs are told apart; what is left out matches anything', () => {
    const { replies } = repliesOf(`replies:
  - { node: review, item: 1, json: { n: 1 } }
  - { node: review, tier: premium, text: dear }
  - { node: review, call: repair, text: mended }
  - { node: review, times: any, text: other }
`);
    expect(replies?.take(origin('review', { item: 0 }))).toEqual({ text: 'other' });
    expect(replies?.take(origin('review', { item: 1 }))).toEqual({ json: { n: 1 } });
    expect(replies?.take(origin('review', { item: 1 }))).toEqual({ text: 'other' });
    expect(replies?.take(origin('review', { call: 'repair' }))).toEqual({ text: 'mended' });
    expect(replies?.take(origin('review', { tier: 'premium' }))).toEqual({ text: 'dear' });
    expect(replies?.take(origin('review', { tier: 'premium' }))).toEqual({ text: 'other' });
  });

  test('an entry for all that stands before one for the item comes first', () => {
    const { replies } = repliesOf('replies:\n  - { node: scan, times: 2, text: any }\n  - { node: scan, item: 0, text: own }\n');
    const texts = [0, 0, 0].map((item) => replies?.take(origin('scan', { item })));
    expect(texts).toEqual([{ text: 'any' }, { text: 'any' }, { text: 'own' }]);
  });

  test('a recording of a wide fan-out is not searched from its start each time', () => {
    const items = 2_000;
    const { replies } = repliesOf(
      `replies: [${Array.from({ length: items }, (_, item) => `{ node: scan, item: ${item}, json: ${item} }`).join(', ')}]`,
    );
    for (let item = items - 1; item >= 0; item -= 1) expect(replies?.take(origin('scan', { item }))).toEqual({ json: item });
  });

  test.each([
    ['an unknown node', '- { node: scna, text: x }', 'r.yml:2:13 error DAG722: "scna" is not a node of the workflow'],
    ['no answer', '- { node: scan }', 'r.yml:2:5 error DAG723: an entry gives one of json, text, fail; this one gives none'],
    [
      'two answers',
      '- { node: scan, text: x, json: 1 }',
      'r.yml:2:5 error DAG723: an entry gives one of json, text, fail; this one gives json and text',
    ],
    ['an unknown failure', '- { node: scan, fail: rate_limit }', 'r.yml:2:25 error DAG721: '],
    ['an unknown key', '- { node: scan, txet: x }', 'r.yml:2:19 error DAG721: "txet" is not a key of an entry'],
    ['no node', '- { text: x }', 'r.yml:2:5 error DAG721: '],
    ['an item below 0', '- { node: scan, item: -1, text: x }', 'r.yml:2:25 error DAG721: '],
  ])('%s is a mistake with a place', (_, entry, message) => {
    const { replies, messages } = repliesOf(`replies:\n  ${entry}\n`);
    expect(replies).toBeUndefined();
    expect(messages.map((line) => line.slice(0, message.length))).toEqual([message]);
  });
});

describe('offline', () => {
  const abort = new AbortController().signal;
  const count = async () => (text: string) => text.length;

  test('answers from the file, fails as it says, makes up the rest', async () => {
    const { replies } = repliesOf(`replies:
  - { node: scan, fail: rate_limited }
  - { node: scan, json: { risk: 1 }, usage: { input: 7, output: 3, cache_read: 2 } }
`);
    const provider = createOfflineProvider({ ...(replies && { replies }), tokenCounter: count });
    const request = requestFor({ origin: origin('scan') });
    await expect(provider.complete(request, abort)).rejects.toMatchObject({ failure: { type: 'rate_limited' }, mayHaveCharged: false });
    expect(await provider.complete(request, abort)).toMatchObject({
      text: '{"risk":1}',
      usage: { input: 7, output: 3, cacheRead: 2, cacheWrite: 0 },
    });
    expect(await provider.complete(request, abort)).toMatchObject({ text: expect.stringContaining('made-up answer to "What is DNS?"') });
  });

  test('the same request has the same answer, another request another', async () => {
    const provider = createOfflineProvider({ tokenCounter: count });
    const outputSchema = { type: 'object', properties: { n: { type: 'integer', minimum: 0, maximum: 1_000_000 } }, required: ['n'] };
    const of = async (text: string) =>
      (await provider.complete(requestFor({ outputSchema, messages: [{ role: 'user', text }] }), abort)).text;
    expect(await of('one')).toBe(await of('one'));
    expect(await of('one')).not.toBe(await of('two'));
  });

  test('usage is counted as a provider would', async () => {
    const provider = createOfflineProvider({ tokenCounter: count });
    const reply = await provider.complete(requestFor(), abort);
    expect(reply.usage).toEqual({
      input: 3 + 'Be brief.'.length + 4 + 'What is DNS?'.length + 4,
      output: reply.text.length,
      cacheRead: 0,
      cacheWrite: 0,
    });
  });
});
