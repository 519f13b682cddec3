import { setMaxListeners } from 'node:events';

/** What an ask minds while a call of it waits for a place at its provider, or for money. */
export interface Turn {
  /** Timeout or cancel. */
  readonly abort: AbortSignal;
  /** Aborted when the run starts nothing new. Left out once a call has gone out: what was begun is finished. */
  halt: AbortSignal | undefined;
  /** Stops the time of the try; what it gives lets it go on. */
  readonly pause: (() => () => void) | undefined;
}

/** What `wait` gives. Until it ends, no time passes for the try, and it is given up with the first signal that comes. */
export async function waitFor<T>({ abort, halt, pause }: Turn, wait: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const goOn = pause?.();
  const either = new AbortController();
  const signals = halt === undefined ? [abort] : [abort, halt];
  const undo = signals.map((signal) => {
    const stop = (): void => either.abort(signal.reason);
    if (signal.aborted) stop();
    // Every call that waits listens: many listeners are no leak here.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', stop, { once: true });
    return (): void => signal.removeEventListener('abort', stop);
  });
  try {
    return await wait(either.signal);
  } finally {
    for (const done of undo) done();
    goOn?.();
  }
}
