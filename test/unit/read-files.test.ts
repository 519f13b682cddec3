import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { createFileReader } from '../../engine/read-files.ts';

const top = mkdtempSync(join(tmpdir(), 'dagrun-reader-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const folder = join(top, 'work');
mkdirSync(join(folder, 'notes'), { recursive: true });
mkdirSync(join(top, 'workshop'));
writeFileSync(join(top, 'workshop', 'secret.txt'), 'secret');
writeFileSync(join(folder, 'notes', 'höhe.md'), 'Höhe 😀\n');
writeFileSync(join(folder, 'latin1.txt'), Buffer.from([0x48, 0xf6, 0x68, 0x65]));
writeFileSync(join(folder, 'picture.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]));
writeFileSync(join(folder, 'empty.txt'), '');
writeFileSync(join(folder, 'huge.txt'), '');
truncateSync(join(folder, 'huge.txt'), 3_000_000_000);
for (const [name, text] of Object.entries({
  'docs/a.md': 'a',
  'docs/b/c.md': 'c',
  'docs/z.txt': 'z',
  'notes/[draft].md': 'draft',
  'docs/own.js': 'own',
  'node_modules/theirs.js': 'theirs',
})) {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

symlinkSync(join(top, 'workshop', 'secret.txt'), join(folder, 'docs', 'link.md'));

const bytes = (...parts: (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** The beginnings of files: what a reader looks at. */
const media: Record<string, Buffer> = {
  'pixel.png': bytes(PNG, [0, 0, 0, 13], 'IHDR', [0, 0, 1, 44, 0, 0, 0, 200, 8, 6, 0, 0, 0]),
  // A camera's own data stand before the frame, and a byte that only fills.
  'photo.data': bytes([0xff, 0xd8, 0xff, 0xe1, 0, 6], 'Exif', [0xff, 0xff, 0xc2, 0, 11, 8, 0x01, 0xe0, 0x02, 0x80, 3, 1, 0x22, 0]),
  'dot.gif': bytes('GIF89a', [7, 0, 5, 0, 0, 0, 0]),
  'lossy.webp': bytes('RIFF', [40, 0, 0, 0], 'WEBPVP8 ', [24, 0, 0, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0xf4, 0x01, 0x90, 0x01, 0, 0]),
  'lossless.webp': bytes('RIFF', [40, 0, 0, 0], 'WEBPVP8L', [24, 0, 0, 0, 0x2f, 0x8f, 0x01, 0x4b, 0x00, 0, 0, 0, 0, 0, 0, 0]),
  'large.webp': bytes('RIFF', [40, 0, 0, 0], 'WEBPVP8X', [10, 0, 0, 0, 0, 0, 0, 0, 0x9f, 0x0f, 0x00, 0xb7, 0x0b, 0x00]),
  'plain.pdf': bytes(
    '%PDF-1.4\n<< /Type /Pages /Kids [] /Count 3 >>',
    '<< /Type /Page >> << /Type/Page/Parent 1 0 R >> << /Type /Page\n>>',
  ),
  'packed.pdf': Buffer.concat([
    bytes('%PDF-1.7\n1 0 obj << /Type /ObjStm /N 2 /Filter /FlateDecode >> stream\n'),
    deflateSync('1 0 2 9 << /Type /Page >> << /Type /Page >> << /Type /Pages >>'),
    bytes('\nendstream endobj'),
  ]),
  'odd.pdf': bytes('%PDF-1.7\n1 0 obj << /Type /ObjStm >> stream\nnot packed endstream'),
};
for (const [name, data] of Object.entries(media)) writeFileSync(join(folder, name), data);
writeFileSync(join(folder, 'cut.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0]));
execFileSync('mkfifo', [join(folder, 'pipe')]);
symlinkSync(join(top, 'workshop', 'secret.txt'), join(folder, 'link.txt'));
const read = createFileReader(folder, [folder]);

describe('files that nodes attach', () => {
  test('are read as text, under the name they have from the workflow', async () => {
    expect(await read('notes/höhe.md')).toEqual([{ name: 'notes/höhe.md', text: 'Höhe 😀\n' }]);
    expect(await read(join(folder, 'empty.txt'))).toEqual([{ name: 'empty.txt', text: '' }]);
  });

  test('match a pattern, sorted by name; links and what is not ours are left out', async () => {
    const names = async (pattern: string): Promise<readonly string[]> => (await read(pattern)).map(({ name }) => name);
    expect(await names('docs/**/*.md')).toEqual(['docs/a.md', 'docs/b/c.md']);
    expect(await names('./docs/*.{md,txt}')).toEqual(['docs/a.md', 'docs/z.txt']);
    expect(await names('**/*.js')).toEqual(['docs/own.js']);
    expect(await names('node_modules/*.js')).toEqual(['node_modules/theirs.js']);
  });

  test('a name with brackets is a name before it is a pattern', async () => {
    expect((await read('notes/[draft].md')).map(({ name }) => name)).toEqual(['notes/[draft].md']);
  });

  test.each([
    ['pixel.png', 'image/png', { pixels: { width: 300, height: 200 } }],
    ['photo.data', 'image/jpeg', { pixels: { width: 640, height: 480 } }],
    ['dot.gif', 'image/gif', { pixels: { width: 7, height: 5 } }],
    ['lossy.webp', 'image/webp', { pixels: { width: 500, height: 400 } }],
    ['lossless.webp', 'image/webp', { pixels: { width: 400, height: 301 } }],
    ['large.webp', 'image/webp', { pixels: { width: 4000, height: 3000 } }],
    ['plain.pdf', 'application/pdf', { pages: 3 }],
    ['packed.pdf', 'application/pdf', { pages: 2 }],
    ['odd.pdf', 'application/pdf', {}],
  ])('%s is told by its bytes', async (name, mediaType, more) => {
    const [file] = await read(name);
    const type = mediaType.startsWith('image/') ? 'image' : 'document';
    expect(file).toEqual({ name, attachment: { name, type, mediaType, data: media[name]!.toString('base64'), ...more } });
  });

  test.each([
    ['none.txt', 'there is no file "none.txt"'],
    ['notes', '"notes" is a folder'],
    ['pipe', '"pipe" is not a file'],
    ['latin1.txt', '"latin1.txt" is neither a text in UTF-8 nor an image (PNG, JPEG, GIF, WebP) nor a PDF'],
    ['picture.png', '"picture.png" is neither a text in UTF-8 nor an image (PNG, JPEG, GIF, WebP) nor a PDF'],
    ['cut.jpg', '"cut.jpg" is cut off: its size in pixels cannot be read'],
    ['docs/*.rst', 'no file matches "docs/*.rst"'],
    ['nowhere/*', 'no file matches "nowhere/*"'],
    ['../workshop/*.txt', '"../workshop/*.txt" lies outside the workspace'],
    ['/**/*.txt', '"/**/*.txt" lies outside the workspace'],
    ['huge.txt', '"huge.txt" is too large to be attached: 3000 MB'],
    ['../workshop/secret.txt', '"../workshop/secret.txt" lies outside the workspace'],
    ['link.txt', '"link.txt" lies outside the workspace'],
    ['/etc/passwd', '"/etc/passwd" lies outside the workspace'],
  ])('%s', async (path, message) => {
    await expect(read(path)).rejects.toMatchObject({ failure: { type: 'file_unreadable', message } });
  });

  test('everything lies inside the root of the disk', async () => {
    expect(await createFileReader(folder, ['/'])('empty.txt')).toEqual([{ name: 'empty.txt', text: '' }]);
  });
});
