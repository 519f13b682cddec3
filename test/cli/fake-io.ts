import type { Io, Out, StopSignal } from '../../cli/io.ts';

/** A process that is none: what is written is kept, signals are sent by the test, and timers never fire by themselves. */
export interface FakeIo extends Io {
  readonly written: { stdout: string; stderr: string; both: string };
  readonly exits: number[];
  signal(signal: StopSignal): void;
  tick(): void;
}

export interface FakeIoOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Columns of the terminal that both streams are; none when left out. */
  readonly terminal?: number;
}

export function fakeIo(options: FakeIoOptions): FakeIo {
  const written = { stdout: '', stderr: '', both: '' };
  const exits: number[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const timers = new Set<() => void>();
  const out = (name: 'stdout' | 'stderr'): Out => ({
    write(text) {
      written[name] += text;
      written.both += text;
    },
    isTTY: options.terminal !== undefined,
    isFile: false,
    columns: options.terminal,
    rows: options.terminal === undefined ? undefined : 24,
  });
  return {
    written,
    exits,
    stdout: out('stdout'),
    stderr: out('stderr'),
    streamsMeet: options.terminal !== undefined,
    env: options.env ?? {},
    cwd: options.cwd,
    readStdin: async () => options.stdin ?? '',
    now: () => Date.now(),
    every(_ms, call) {
      timers.add(call);
      return () => timers.delete(call);
    },
    onStopSignal(call) {
      listeners.add(call);
      return () => listeners.delete(call);
    },
    exit: (code) => void exits.push(code),
    signal(signal) {
      for (const listener of listeners) listener(signal);
    },
    tick() {
      for (const call of timers) call();
    },
  };
}
