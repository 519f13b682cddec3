import { type ChildProcess, spawn } from 'node:child_process';
import { failedByAbort } from '../contracts/failure.ts';

export interface Launch {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** All of the child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads; nothing when absent. */
  readonly stdin?: string;
  /** Bytes of stdout, and of stderr, after which it is ended. */
  readonly maxOutput: number;
  readonly abort: AbortSignal;
}

/** How a child process ended, or why it never began. */
export type Ending =
  | { readonly type: 'exited'; readonly code: number; readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly type: 'signalled'; readonly by: string; readonly stderr: Buffer }
  | { readonly type: 'too_much'; readonly stream: 'stdout' | 'stderr' }
  /** `code`: what the system said, `ENOENT`. */
  | { readonly type: 'not_started'; readonly code: string };

/** How long a process that was asked to end may take, and the pipes of one that has ended, in milliseconds; less than a try is waited for after its time is up. */
const GRACE = 500;

/** Groups at work: they end with this process. */
const groups = new Set<number>();
let watching = false;

/**
 * Runs a program, without a shell, in a process group of its own, and ends the whole group when the program ends, is aborted, or says
 * too much: nothing it started is left behind. Throws Failed when aborted.
 *
 * Not `child.kill` nor spawn's own `timeout`: both reach the program only, and what it started would go on, and hold its pipes open.
 */
export function runProgram({ argv, cwd, env, stdin, maxOutput, abort }: Launch): Promise<Ending> {
  return new Promise((resolve, reject) => {
    if (abort.aborted) {
      reject(failedByAbort(abort));
      return;
    }
    const [program, ...args] = argv;
    const child = spawn(program, args, { cwd, env, detached: true, stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) follow(pid);
    const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const bytes = { stdout: 0, stderr: 0 };
    let tooMuch: 'stdout' | 'stderr' | undefined;
    let deadline: NodeJS.Timeout | undefined;

    const stop = (): void => {
      endGroup(pid, 'SIGTERM');
      deadline ??= setTimeout(() => endGroup(pid, 'SIGKILL'), GRACE);
    };
    const settle = (act: () => void): void => {
      clearTimeout(deadline);
      abort.removeEventListener('abort', stop);
      if (pid !== undefined) groups.delete(pid);
      act();
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.on('data', (chunk: Buffer) => {
        bytes[stream] += chunk.length;
        if (bytes[stream] <= maxOutput) said[stream].push(chunk);
        else if (tooMuch === undefined) {
          tooMuch = stream;
          endGroup(pid, 'SIGKILL');
        }
      });
    }
    // A program need not read all it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
    abort.addEventListener('abort', stop, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) => settle(() => resolve({ type: 'not_started', code: error.code ?? 'unknown' })));
    child.once('exit', () => {
      // What is left of the group would keep the pipes open, and `close` would wait for it.
      endGroup(pid, 'SIGKILL');
      // What has left the group, as daemons do, cannot be ended, and may hold them open for ever.
      letGoOfPipes(child);
    });
    child.once('close', (code, signal) =>
      settle(() => {
        const stderr = Buffer.concat(said.stderr);
        if (abort.aborted) reject(failedByAbort(abort));
        else if (tooMuch !== undefined) resolve({ type: 'too_much', stream: tooMuch });
        else if (code !== null) resolve({ type: 'exited', code, stdout: Buffer.concat(said.stdout), stderr });
        else resolve({ type: 'signalled', by: signal ?? 'a signal', stderr });
      }),
    );
  });
}

/** Lets go of the pipes of a program that has ended, once all that it said itself has been read. */
function letGoOfPipes(child: ChildProcess): void {
  const close = (): void => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  // What it said is in the pipes, and is read in the turn of the event loop that comes after a timer, however late the timer is.
  const timer = setTimeout(() => setImmediate(() => setImmediate(close)), GRACE);
  child.once('close', () => clearTimeout(timer));
}

function follow(pid: number): void {
  groups.add(pid);
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const group of groups) endGroup(group, 'SIGKILL');
  });
}

function endGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left of it.
  }
}
