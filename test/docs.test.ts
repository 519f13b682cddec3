import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../cli/main.ts';
import { checkWorkflow, renderDiagnostics } from '../engine/index.ts';
import { type Block, blocksOf, type Session, sessionsIn } from './support/doc-blocks.ts';
import { screenOf } from './support/screen.ts';

/**
 * The docs are their own goldens: every page is written again with what its sessions print now, and compared with itself.
 * `npm test -- -u` rewrites the pages.
 *
 * In a page, in order: a `yaml` block is a workflow and has no mistakes (one that begins without `dagrun:` is a part of one);
 * a block with a file name is that file for the sessions after it; one with `file#what` is a part of that file, word for word, in which
 * a line `…` stands for lines that are left out; `<!-- edit: a -> b` makes file b from file a;
 * a `console` block is run, as on a terminal; a `ts` block that imports dagrun is run, too. `text` is left alone.
 */
const root = join(import.meta.dirname, '..');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const WIDTH = 110;

describe.each(pages)('%s', (page) => {
  let sandbox: string;
  beforeAll(() => {
    sandbox = mkdtempSync(join(tmpdir(), 'dagrun-docs-'));
    cpSync(join(root, 'workflows'), join(sandbox, 'workflows'), { recursive: true });
  });
  afterAll(() => rmSync(sandbox, { recursive: true }));

  test('shows what happens', async () => {
    const source = readFileSync(join(root, page), 'utf8');
    let written = '';
    for (const part of blocksOf(source)) {
      if (typeof part === 'string') written += part;
      else written += await perform(part, sandbox);
    }
    await expect(written).toMatchFileSnapshot(join(root, page));
  });

  test('names files that exist', () => {
    const text = readFileSync(join(root, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)].map((match) => join(dirname(page), match[1]!));
    const paths = [...text.matchAll(/`((?:engine|cli|test|docs|schemas|workflows|scripts|bench|\.ci)\/[^`<>*\s]*)`/g)].map(
      (match) => match[1]!,
    );
    expect([...links, ...paths].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** The block as it would be written now. */
async function perform(block: Block, sandbox: string): Promise<string> {
  if (block.type === 'edit') {
    const text = readFileSync(join(sandbox, block.from), 'utf8');
    expect(text, `${block.from} holds what is replaced in it`).toContain(block.old);
    writeFileSync(
      join(sandbox, block.to),
      text.replace(block.old, () => block.new),
    );
    return block.source;
  }
  if (block.file?.includes('#')) {
    expectExcerpt(block.body, block.file);
    return block.source;
  }
  if (block.file !== undefined) {
    const file = join(sandbox, block.file);
    if (block.file.startsWith('workflows/'))
      expect(block.body, `${block.file} is shown as it is`).toBe(readFileSync(join(root, block.file), 'utf8'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, block.body);
  }
  if (block.language === 'yaml') await expectValid(block, sandbox);
  if (block.language === 'ts' && block.body.includes("from 'dagrun'")) await execute(block.body, sandbox);
  if (block.language !== 'console') return block.source;
  const sessions: string[] = [];
  for (const session of sessionsIn(block.body)) sessions.push(await play(session, sandbox));
  return block.source.replace(block.body, () => sessions.join('\n'));
}

function expectExcerpt(body: string, name: string): void {
  let rest = readFileSync(join(root, name.split('#')[0] ?? ''), 'utf8');
  for (const part of body.split(/^ *…\n/m)) {
    const at = rest.indexOf(part);
    expect(at, `in ${name} stands\n${part}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at + part.length);
  }
}

async function expectValid(block: Block & { readonly type: 'fence' }, sandbox: string): Promise<void> {
  const part = !/^dagrun:/m.test(block.body);
  const file = join(sandbox, 'block.workflow.yml');
  writeFileSync(file, part ? `dagrun: 1\nname: block\n${block.body}` : block.body);
  const diagnostics = await checkWorkflow(file, { cwd: sandbox, env: {} });
  rmSync(file);
  expect(renderDiagnostics(diagnostics, { format: 'pretty', colour: false }), block.body).toBe('');
}

/** Runs a program that uses the library, against the sources. */
async function execute(body: string, sandbox: string): Promise<void> {
  const file = join(sandbox, 'program.ts');
  writeFileSync(file, body.replace("'dagrun'", JSON.stringify(join(root, 'engine/index.ts'))));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import(/* @vite-ignore */ file);
  expect(log.mock.calls.flat().every((printed) => printed !== undefined)).toBe(true);
  expect(log).toHaveBeenCalled();
  log.mockRestore();
}

/** Runs a command; gives its text in the page, which stays as it is where it differs only in durations and ids. */
async function play(session: Session, sandbox: string): Promise<string> {
  const [program, ...args] = session.words[0] === 'npx' ? session.words.slice(1) : session.words;
  expect(program, session.command).toBe('dagrun');
  let sent = '';
  const out = {
    write: (text: string) => {
      sent += text;
    },
    isTTY: true,
    isFile: false,
    columns: WIDTH,
    rows: 50,
  };
  const exit = await main(args, {
    stdout: out,
    stderr: out,
    streamsMeet: true,
    env: { TERM: 'xterm', NO_COLOR: '1' },
    cwd: sandbox,
    readStdin: async () => '',
    now: () => Date.now(),
    every: () => () => {},
    onStopSignal: () => () => {},
    exit: () => {},
  });
  expect(exit, `${session.command}\n${screenOf(sent)}`).toBeLessThan(70);
  const shown = screenOf(sent).replaceAll(`${sandbox}/`, '').trimEnd();
  const printed = `$ ${session.command}\n${shown}${shown === '' ? '' : '\n'}`;
  return masked(printed) === masked(session.source) ? session.source : printed;
}

/** Without what is never the same twice. */
function masked(text: string): string {
  return text
    .replace(/ *\b\d+(?:\.\d+)?m?s\b/g, ' <time>')
    .replace(/\brun_[0-9a-z-]+/g, 'run_<id>')
    .replace(/\bNode \d+\.\d+\.\d+/g, 'Node <version>')
    .trimEnd();
}
