import type { Diagnostic } from './contracts/diagnostic.ts';
import type { RunOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';

/** A listener that fails is told nothing more: a run that is being paid for does not end because somebody who watches it does. */
export function listenerOf(onEvent: RunOptions['onEvent']): (event: RunEvent) => void {
  return listener('onEvent', onEvent);
}

/** The same of who is told of warnings. */
export function warningListenerOf(onWarning: RunOptions['onWarning']): (warning: Diagnostic) => void {
  return listener('onWarning', onWarning);
}

function listener<T>(name: string, listen: ((told: T) => void) | undefined): (told: T) => void {
  let listening = listen !== undefined;
  const stop = (error: unknown): void => {
    if (!listening) return;
    listening = false;
    const why = error instanceof Error ? error.message : String(error);
    process.emitWarning(`${name} failed and is not called again: ${why}`, 'DagrunWarning');
  };
  return (what) => {
    if (!listening) return;
    try {
      // A listener may well be an async function, which fails later.
      const told: unknown = listen?.(what);
      if (told instanceof Promise) told.catch(stop);
    } catch (error) {
      stop(error);
    }
  };
}
