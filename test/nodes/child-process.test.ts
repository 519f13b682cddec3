import { expect, test } from 'vitest';
import { runProgram } from '../../engine/nodes/child-process.ts';

const run = (code: string, maxOutput = 1000) =>
  runProgram({
    argv: [process.execPath, '-e', code],
    cwd: process.cwd(),
    env: { PATH: process.env.PATH ?? '' },
    maxOutput,
    abort: new AbortController().signal,
  });
/** Starts a program that leaves the group and holds the pipes open, and tells its id first. */
const daemon = (says: string) => `
  const { spawn } = require('node:child_process');
  const left = spawn(process.execPath, ['-e', ${JSON.stringify(`setInterval(() => {${says}}, 5)`)}], { detached: true, stdio: 'inherit' });
  left.unref();
  process.stdout.write(left.pid + ' started');
`;
const end = (pid: string): void => {
  process.kill(Number.parseInt(pid, 10), 'SIGKILL');
};

test.each(['', 'process.stderr.write("still here ")'])(
  'a program ends although a daemon of it holds its pipes open (it says: %s)',
  async (says) => {
    const ending = await run(daemon(says), 1_000_000);
    const said = ending.type === 'exited' ? ending.stdout.toString() : '';
    end(said);
    expect(ending).toMatchObject({ type: 'exited', code: 0 });
    expect(said).toMatch(/^\d+ started$/);
  },
);

test('all that a program said is there when it has ended', async () => {
  const ending = await run('process.stdout.write("x".repeat(900000))', 1_000_000);
  expect(ending.type === 'exited' && ending.stdout.length).toBe(900_000);
});
