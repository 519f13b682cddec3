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

export interface Wait {
  /** Aborted with the first of the turn's signals. */
  readonly stop: AbortSignal;
  /** Must be called when the wait is over, whatever came of it. */
  end(): void;
}

/** Begins to wait: until it ends, no time passes for the try. */
export function beginWait({ abort, halt, pause }: Turn): Wait {
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
  return {
    stop: either.signal,
    end() {
      for (const done of undo) done();
      goOn?.();
    },
  };
}
