import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/workspace-run.ts';

const place = workspace();
afterAll(() => place.remove());
const inputs = 'inputs: { path: { type: string }, text: { type: string, default: hello } }\n';
const write = (path: string, mode = '', text = 'hello'): ReturnType<typeof place.run> =>
  place.run(
    `${inputs}nodes:\n  it: { kind: write, path: "{{inputs.path}}", content: "{{inputs.text}}"${mode && `, mode: ${mode}`} }\noutputs: { it: nodes.it.output }\n`,
    { inputs: { path, text } },
  );
const text = (name: string): string => readFileSync(place.path(name), 'utf8');

describe('a file', () => {
  test('is written whole, with its folders, and told with its hash', async () => {
    const told = await write('out/deep/a.md', '', 'héllo\n');
    expect(told.output()).toEqual({ path: 'out/deep/a.md', bytes: 7, sha256: createHash('sha256').update('héllo\n').digest('hex') });
    expect(text('out/deep/a.md')).toBe('héllo\n');
    expect(readdirSync(place.path('out/deep'))).toEqual(['a.md']);
  });

  test('is replaced, and keeps its permissions', async () => {
    place.write('b.sh', 'old');
    chmodSync(place.path('b.sh'), 0o750);
    (await write('b.sh')).output();
    expect([text('b.sh'), statSync(place.path('b.sh')).mode & 0o777]).toEqual(['hello', 0o750]);
  });

  test('is not replaced with `create`, unless it is the same', async () => {
    expect((await write('c.txt', 'create', 'one')).output()).toMatchObject({ bytes: 3 });
    expect((await write('c.txt', 'create', 'one')).output()).toMatchObject({ bytes: 3 });
    expect((await write('c.txt', 'create', 'two')).error()).toBe('file_unwritable: "c.txt" is there already, and holds something else');
    expect(text('c.txt')).toBe('one');
    expect(readdirSync(place.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('is added to with `append`', async () => {
    for (const part of ['a', 'b']) expect((await write('d.txt', 'append', part)).output()).toMatchObject({ bytes: 1 });
    expect(text('d.txt')).toBe('ab');
  });
});

describe('nothing is written outside the workspace', () => {
  test('by paths or symbolic links', async () => {
    const outside = workspace();
    symlinkSync(outside.folder, place.path('link'));
    symlinkSync(outside.path('new.txt'), place.path('dangling'));
    for (const path of ['../x.txt', '/etc/x.txt', 'link/x.txt', 'a/../../x.txt', `${tmpdir()}/x.txt`]) {
      for (const mode of ['', 'append', 'create'])
        expect((await write(path, mode)).error(), path).toBe(`file_unwritable: "${path}" lies outside the workspace`);
    }
    expect((await write('dangling', 'append')).error()).toBe('file_unwritable: "dangling" is a symbolic link that leads nowhere');
    expect(readdirSync(outside.folder)).toEqual(['dagrun.config.yml']);
    outside.remove();
  });

  test('a link to a file inside is followed, and stays one', async () => {
    place.write('target.txt', '');
    symlinkSync('target.txt', place.path('alias'));
    expect((await write('alias')).output()).toMatchObject({ path: 'target.txt' });
    expect([text('target.txt'), lstatSync(place.path('alias')).isSymbolicLink()]).toEqual(['hello', true]);
  });

  test('nor where others keep their records', async () => {
    mkdirSync(place.path('.git'));
    symlinkSync('.git', place.path('innocent'));
    for (const path of ['.git/hooks/pre-commit', '.dagrun/dagrun.db', 'innocent/config', 'sub/.GIT/config'])
      expect((await write(path)).error(), path).toMatch(/^file_unwritable: .* lies in \.(git|dagrun), where nodes do not write$/i);
    expect(existsSync(place.path('.git/hooks'))).toBe(false);
  });

  test('and what cannot be a file is told so', async () => {
    expect((await write('out')).error()).toBe('file_unwritable: "out" is a folder');
    expect((await write('c.txt/x')).error()).toBe('file_unwritable: "c.txt/x" cannot be written: a part of its path is a file');
    expect((await write(' ')).error()).toBe('file_unwritable: `path` is empty');
    expect((await write('x'.repeat(300))).error()).toContain('its name is too long');
  });
});
