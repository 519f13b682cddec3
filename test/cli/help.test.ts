import { expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { fakeIo } from './fake-io.ts';

async function help(path: readonly string[], columns: number): Promise<string> {
  const io = fakeIo({ cwd: '/', terminal: columns });
  await main(['--no-color', ...path, '--help'], io);
  return io.written.stdout;
}

/** The words below a heading that lists commands. */
function listed(text: string): readonly string[] {
  const blocks = text.split('\n\n').filter((block) => /^(?:Workflows|Runs|Project|Commands):\n/.test(block));
  return blocks.flatMap((block) => [...block.matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name]) => (name === undefined ? [] : [name])));
}

test.each([80, 120])('every command has examples, and no line is longer than a terminal of %i is wide', async (columns) => {
  const commands = listed(await help([], columns)).filter((name) => name !== 'help');
  expect(commands).toContain('runs');
  for (const name of commands) {
    const text = await help([name], columns);
    for (const path of [[name], ...listed(text).map((inner) => [name, inner])]) {
      const page = await help(path, columns);
      expect(page, path.join(' ')).toMatch(/\nExamples:\n {2}dagrun /);
      expect(
        page.split('\n').filter((line) => line.length > Math.min(columns, 100) && !line.startsWith('  dagrun ')),
        path.join(' '),
      ).toEqual([]);
    }
  }
});

test('a group of commands shows what is done with it', async () => {
  expect(await help(['cache'], 100)).toMatch(
    /Examples:\n {2}dagrun cache stats {18}hit rate and money saved\n {2}dagrun cache clear {18}everything, and the counts\n/,
  );
});
