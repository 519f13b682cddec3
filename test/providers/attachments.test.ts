import { afterEach, describe, expect, test } from 'vitest';
import type { Attachment, Message, ModelRequest } from '../../engine/contracts/provider.ts';
import { type AttachmentLimits, checkAttachments } from '../../engine/providers/attachment-limits.ts';
import { createOfflineProvider } from '../../engine/providers/offline.ts';
import { requestFor } from '../contract/provider.contract.ts';
import { withBothProviders } from '../support/both-providers.ts';

const image = (name: string, more: Partial<Attachment> = {}): Attachment => ({
  type: 'image',
  mediaType: 'image/png',
  name,
  data: 'aW1hZ2U=',
  pixels: { width: 300, height: 200 },
  ...more,
});
const pdf = (name: string, more: Partial<Attachment> = {}): Attachment => ({
  type: 'document',
  mediaType: 'application/pdf',
  name,
  data: 'JVBERi0=',
  pages: 3,
  ...more,
});
const showing = (...attachments: readonly Attachment[]): Partial<ModelRequest> => ({
  messages: [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is this?', attachments },
  ],
});
const never = () => new AbortController().signal;
const count = Object.assign((text: string) => text.length, { attachment: () => 1000 });

describe('what is attached, on the wire', () => {
  const both = withBothProviders(count);
  afterEach(() => {
    both.anthropicServer.received.splice(0);
    both.openAiServer.received.splice(0);
  });

  test('Anthropic gets base64 blocks before the text, images with their names', async () => {
    both.anthropicServer.script({ text: 'ok' });
    await both.anthropic.complete(requestFor(showing(image('chart.png'), pdf('report.pdf'))), never());
    expect(both.anthropicServer.received[0]?.body).toMatchObject({
      system: 'Be brief.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'chart.png:' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aW1hZ2U=' } },
            { type: 'document', title: 'report.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
            { type: 'text', text: 'What is this?' },
          ],
        },
      ],
    });
  });

  test('OpenAI gets data URLs before the text', async () => {
    both.openAiServer.script({ text: 'ok' });
    await both.openAi.complete(requestFor(showing(image('chart.png'), pdf('report.pdf'))), never());
    expect(both.openAiServer.received[0]?.body.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'chart.png:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,aW1hZ2U=' } },
          { type: 'file', file: { filename: 'report.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
          { type: 'text', text: 'What is this?' },
        ],
      },
    ]);
  });

  test('a server that reports no usage: what is attached is counted as well', async () => {
    both.openAiServer.script({ body: { choices: [{ message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }] } });
    const reply = await both.openAi.complete(requestFor(showing(image('a.png'))), never());
    expect(reply.usage.input).toBe(3 + 9 + 4 + 13 + 4 + 1000);
  });

  test('what Anthropic would refuse is not sent', async () => {
    both.anthropicServer.script({ text: 'ok' });
    const large = image('photo.jpg', { data: 'A'.repeat(6_000_000) });
    await expect(both.anthropic.complete(requestFor(showing(large)), never())).rejects.toMatchObject({
      failure: { type: 'bad_request', message: '"photo.jpg" is 4.5 MB: anthropic takes images of at most 3.9 MB' },
      mayHaveCharged: false,
    });
    expect(both.anthropicServer.received).toEqual([]);
  });
});

describe('bounds of a provider', () => {
  const check = (limits: AttachmentLimits, ...attachments: readonly Attachment[]): void =>
    checkAttachments([{ role: 'user', text: '', attachments } as Message], limits, 'acme');
  const wide = image('wide.png', { pixels: { width: 2400, height: 100 } });

  test.each<[string, AttachmentLimits, readonly Attachment[], string | undefined]>([
    ['none are known', {}, [wide, pdf('a.pdf')], undefined],
    ['pixels', { edge: 2000 }, [wide], '"wide.png" has 2400 × 100 pixels: acme takes at most 2000 × 2000'],
    ['pixels of few', { edge: 8000, edgeOfMany: { many: 2, edge: 2000 } }, [wide, image('b.png')], undefined],
    [
      'pixels of many',
      { edge: 8000, edgeOfMany: { many: 2, edge: 2000 } },
      [image('a.png'), image('b.png'), wide],
      '"wide.png" has 2400 × 100 pixels: acme takes at most 2000 × 2000 when more than 2 are attached',
    ],
    ['images', { images: 1 }, [image('a.png'), image('b.png')], '2 images are attached: acme takes 1 in one request'],
    ['pages', { pages: 2 }, [pdf('a.pdf')], '"a.pdf" has 3 pages: acme takes 2 in one request'],
    [
      'pages of several',
      { pages: 5 },
      [pdf('a.pdf'), pdf('b.pdf'), image('c.png')],
      '"a.pdf" and 1 more file have 6 pages: acme takes 5 in one request',
    ],
    [
      'documents',
      { documents: 1_000_000 },
      [pdf('a.pdf', { data: 'A'.repeat(1_600_000) })],
      '"a.pdf" has 1.2 MB: acme takes 1.0 MB in one request',
    ],
    [
      'everything',
      { all: 2_000_000 },
      [pdf('a.pdf', { data: 'A'.repeat(1_200_000) }), image('b.png', { data: 'A'.repeat(1_200_000) })],
      '"a.pdf" and 1 more file have 1.8 MB: acme takes 1.5 MB in one request',
    ],
  ])('%s', (_, limits, attachments, message) => {
    if (message === undefined) return expect(() => check(limits, ...attachments)).not.toThrow();
    expect(() => check(limits, ...attachments)).toThrow(message);
  });
});

test('offline, another picture gets another answer, and counts as input', async () => {
  const provider = createOfflineProvider({ tokenCounter: async () => count });
  const outputSchema = { type: 'object', properties: { n: { type: 'integer', minimum: 0, maximum: 1e9 } }, required: ['n'] };
  const ask = (data: string) => provider.complete(requestFor({ ...showing(image('a.png', { data })), outputSchema }), never());
  const [first, same, other] = [await ask('QQ=='), await ask('QQ=='), await ask('Qg==')];
  expect(same).toEqual(first);
  expect(other.text).not.toBe(first.text);
  expect(first.usage.input).toBeGreaterThan(1000);
});
