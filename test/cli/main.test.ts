import { expect, test, vi } from 'vitest';
import { createContext } from '../../cli/context.ts';
import { listenForInterrupts } from '../../cli/interrupts.ts';
import { tellProblem } from '../../cli/problem.ts';
import { fakeIo } from './fake-io.ts';

test('a bug of ours asks to be reported, and shows its stack only on demand', async () => {
  const io = fakeIo({ cwd: '/' });
  expect(await tellProblem(createContext(io, { colour: undefined, folder: undefined }), new TypeError('x is not a function'))).toBe(70);
  expect(io.written.stderr).toBe(
    'error: this is a bug in dagrun: x is not a function\nhelp: please report it, with the command and the workflow that show it\n      DAGRUN_DEBUG=1 shows where it happened\n',
  );
  const debugging = fakeIo({ cwd: '/', env: { DAGRUN_DEBUG: '1' } });
  await tellProblem(createContext(debugging, { colour: undefined, folder: undefined }), new TypeError('x is not a function'));
  expect(debugging.written.stderr).toContain('main.test.ts');
});

test('what is not even an error is told as well', async () => {
  const io = fakeIo({ cwd: '/' });
  expect(await tellProblem(createContext(io, { colour: undefined, folder: undefined }), 'thrown text')).toBe(70);
  expect(io.written.stderr).toContain('thrown text');
});

test('the first signal drains, the second gives up, the third leaves with the code of the first', () => {
  const io = fakeIo({ cwd: '/' });
  const hooks = { giveUp: vi.fn(), leave: vi.fn() };
  const interrupts = listenForInterrupts(io, hooks);
  expect([interrupts.drain.aborted, interrupts.abort.aborted, interrupts.cause]).toEqual([false, false, undefined]);
  io.signal('SIGTERM');
  expect([interrupts.drain.aborted, interrupts.abort.aborted, interrupts.cause]).toEqual([true, false, 'SIGTERM']);
  io.signal('SIGINT');
  expect([interrupts.drain.aborted, interrupts.abort.aborted]).toEqual([true, true]);
  expect(hooks.giveUp).toHaveBeenCalledOnce();
  expect(io.exits).toEqual([]);
  io.signal('SIGINT');
  expect(hooks.leave).toHaveBeenCalledOnce();
  expect(io.exits).toEqual([143]);
  interrupts.close();
  io.signal('SIGINT');
  expect(io.exits).toEqual([143]);
});
