import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { fakeIo } from './fake-io.ts';

/**
 * What a person types and sees, as files. A session holds sections, each begun by a line with `--- `:
 *
 *   --- file <path>       a file in the folder the session starts in
 *   --- env <NAME=value>  for the commands below it
 *   --- stdin             for the next command
 *   --- $ dagrun …        a command, in which `{run 2}` is the second run that was told of above; below it stand `--- stdout`,
 *                         `--- stderr` and `--- exit`, which are compared
 *
 * Durations and run ids are masked. `npm test -- -u` rewrites the sessions with what is printed now.
 */
const folder = join(import.meta.dirname, '../fixtures/cli');
const names = readdirSync(folder).filter((name) => name.endsWith('.session.txt'));
const sandboxes: string[] = [];
afterEach(() => {
  for (const sandbox of sandboxes.splice(0)) rmSync(sandbox, { recursive: true });
});

test.each(names)('%s', async (name) => {
  const file = join(folder, name);
  const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-session-'));
  sandboxes.push(sandbox);
  const env: Record<string, string> = {};
  const runs: string[] = [];
  let stdin = '';
  let written = '';

  for (const section of sectionsOf(readFileSync(file, 'utf8'))) {
    const [, keyword = '', rest = ''] = /^(\S+) ?(.*)$/.exec(section.head) ?? [];
    if (keyword === 'stdout' || keyword === 'stderr' || keyword === 'exit') continue;
    written += `${section.head === '' ? '' : `--- ${section.head}\n`}${keyword === '$' ? '' : section.body}`;
    if (keyword === 'file') {
      mkdirSync(dirname(join(sandbox, rest)), { recursive: true });
      writeFileSync(join(sandbox, rest), section.body.replace(/\n\n$/, '\n'));
    } else if (keyword === 'env') {
      const [variable = '', value = ''] = rest.split('=');
      env[variable] = value;
    } else if (keyword === 'stdin') {
      stdin = section.body;
    } else if (keyword === '$') {
      const io = fakeIo({ cwd: sandbox, env, stdin });
      const line = rest.replace(/^dagrun ?/, '').replace(/\{run (\d+)\}/g, (_, number) => runs[Number(number) - 1] ?? '');
      const code = await main(wordsOf(line), io);
      for (const [id] of `${io.written.stdout}${io.written.stderr}`.matchAll(/\brun_[0-9a-z]{26}\b/g))
        if (!runs.includes(id)) runs.push(id);
      const part = (title: string, text: string): string => (text === '' ? '' : `--- ${title}\n${masked(text, sandbox)}`);
      written += `${part('stdout', io.written.stdout)}${part('stderr', io.written.stderr)}--- exit ${code}\n\n`;
      stdin = '';
    }
  }
  await expect(`${written.trimEnd()}\n`).toMatchFileSnapshot(file);
});

interface Section {
  readonly head: string;
  readonly body: string;
}

function sectionsOf(text: string): readonly Section[] {
  const parts = `\n${text}`.split(/\n--- /);
  const sections = parts.slice(1).map((part): Section => {
    const end = part.indexOf('\n');
    return end === -1 ? { head: part, body: '' } : { head: part.slice(0, end), body: `${part.slice(end + 1)}\n` };
  });
  const [before = ''] = parts;
  return before.trim() === '' ? sections : [{ head: '', body: `${before.slice(1)}\n` }, ...sections];
}

/** Without what is never the same twice. */
function masked(text: string, sandbox: string): string {
  const same = text
    .replaceAll(sandbox, '<folder>')
    .replace(/\brun_(?!if\b)[0-9a-z-]+/g, 'run_<id>')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<date>')
    .replace(/\b\d{4}-\d\d-\d\d [\d:]+ UTC/g, '<date>')
    .replace(/\b\d+(?:\.\d+)? [kM]B freed/g, '<size> freed')
    .replace(/"(durationMs|at|latency|duration)": ?[\d.]+/g, '"$1": 0')
    .replace(/ *\b\d+(?:\.\d+)?m?s\b/g, ' <time>')
    // The title of a column of times is as wide as they are.
    .replace(/ +took\b/g, ' took');
  return same.endsWith('\n') ? same : `${same}⏎\n`;
}

/** A command line's words; quotes keep blanks together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|((?:[^\s'"]|'[^']*')+)/g)].map(
    (match) => match[1] ?? match[2] ?? (match[3] ?? '').replaceAll("'", ''),
  );
}
