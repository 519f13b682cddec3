import { fstatSync } from 'node:fs';

/** A place to write to. `columns` and `rows` are those of the terminal at this moment; undefined when it is none. */
export interface Out {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** True when what is written lands in a file: nobody reads it as it comes. */
  readonly isFile: boolean;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** All the command touches of the process it runs in. */
export interface Io {
  readonly stdout: Out;
  readonly stderr: Out;
  /** True when both end up in the same place, one after the other: a terminal, or `2>&1`. */
  readonly streamsMeet: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** All of standard input, as text. */
  readStdin(): Promise<string>;
  /** Asks a person for a line; undefined when none comes, or when the question is taken back. Absent where nobody sits at a terminal. */
  readonly ask?: (question: string, abort: AbortSignal) => Promise<string | undefined>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back every `ms` until the returned function is called; never keeps the process alive. */
  every(ms: number, call: () => void): () => void;
  /** Calls back for every signal until the returned function is called. */
  onStopSignal(call: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The process itself. A reader of stdout that goes away (`| head`) is no failure: what is still written is dropped. */
export function processIo(): Io {
  return {
    stdout: streamOut(process.stdout, 1),
    stderr: streamOut(process.stderr, 2),
    streamsMeet: sameFile(1, 2),
    env: process.env,
    cwd: process.cwd(),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    ...(process.stdin.isTTY && process.stderr.isTTY && { ask: askAtTerminal }),
    now: () => Date.now(),
    every(ms, call) {
      const timer = setInterval(call, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
    onStopSignal(call) {
      const interrupted = (): void => call('SIGINT');
      const terminated = (): void => call('SIGTERM');
      process.on('SIGINT', interrupted);
      process.on('SIGTERM', terminated);
      return () => {
        process.off('SIGINT', interrupted);
        process.off('SIGTERM', terminated);
      };
    },
    exit: (code) => process.exit(code),
  };
}

/** The terminal stays in its line mode, so that Ctrl-C stops the run as ever. */
async function askAtTerminal(question: string, abort: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new Promise<undefined>((resolve) => reader.once('close', () => resolve(undefined)));
  try {
    return await Promise.race([reader.question(question, { signal: abort }), ended]);
  } catch {
    // Taken back.
    process.stderr.write('\n');
    return undefined;
  } finally {
    reader.close();
  }
}

/** Resolves when all that was written has left the process. */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}

function sameFile(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one), fstatSync(other)];
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
}

function streamOut(stream: NodeJS.WriteStream, descriptor: number): Out {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    gone = true;
  });
  return {
    write(text) {
      if (!gone && !stream.destroyed) stream.write(text);
    },
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    get rows() {
      return stream.isTTY ? stream.rows : undefined;
    },
    get isFile() {
      try {
        return fstatSync(descriptor).isFile();
      } catch {
        return false;
      }
    },
  };
}
