import type { Io, StopSignal } from './io.ts';

/** The wish to stop, in three steps: finish what is in flight, give that up, leave at once. */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly drain: AbortSignal;
  /** Aborted by the second. */
  readonly abort: AbortSignal;
  /** The first signal that came, if one did. */
  readonly cause: StopSignal | undefined;
  close(): void;
}

/** Exit codes by convention: 128 and the signal's number. */
export const STOPPED: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Listens until closed. `giveUp` is called at the second signal; `leave` at the third, as the last chance to mend the terminal. */
export function listenForInterrupts(io: Io, hooks: { giveUp(): void; leave(): void }): Interrupts {
  const drain = new AbortController();
  const abort = new AbortController();
  let cause: StopSignal | undefined;
  const close = io.onStopSignal((signal) => {
    if (!drain.signal.aborted) {
      cause = signal;
      drain.abort();
    } else if (!abort.signal.aborted) {
      hooks.giveUp();
      abort.abort();
    } else {
      hooks.leave();
      io.exit(STOPPED[cause ?? signal]);
    }
  });
  return {
    drain: drain.signal,
    abort: abort.signal,
    get cause() {
      return cause;
    },
    close,
  };
}
