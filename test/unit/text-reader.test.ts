import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createTextReader } from '../../engine/workspace.ts';

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
execFileSync('mkfifo', [join(folder, 'pipe')]);
symlinkSync(join(top, 'workshop', 'secret.txt'), join(folder, 'link.txt'));
const read = createTextReader(folder, [folder]);

describe('files that nodes attach', () => {
  test('are read as text, under the name they have from the workflow', async () => {
    expect(await read('notes/höhe.md')).toEqual({ name: 'notes/höhe.md', text: 'Höhe 😀\n' });
    expect(await read(join(folder, 'empty.txt'))).toEqual({ name: 'empty.txt', text: '' });
  });

  test.each([
    ['none.txt', 'there is no file "none.txt"'],
    ['notes', '"notes" is a folder'],
    ['pipe', '"pipe" is not a file'],
    ['latin1.txt', '"latin1.txt" is not a text file in UTF-8'],
    ['picture.png', '"picture.png" is not a text file in UTF-8'],
    ['huge.txt', '"huge.txt" is too large to be attached: 3000 MB'],
    ['../workshop/secret.txt', '"../workshop/secret.txt" lies outside the workspace'],
    ['link.txt', '"link.txt" lies outside the workspace'],
    ['/etc/passwd', '"/etc/passwd" lies outside the workspace'],
  ])('%s', async (path, message) => {
    await expect(read(path)).rejects.toMatchObject({ failure: { type: 'file_unreadable', message } });
  });

  test('everything lies inside the root of the disk', async () => {
    expect(await createTextReader(folder, ['/'])('empty.txt')).toEqual({ name: 'empty.txt', text: '' });
  });
});
