import type { RunOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';

/** A listener that fails is told nothing more: a run that is being paid for does not end because somebody who watches it does. */
export function listenerOf(onEvent: RunOptions['onEvent']): (event: RunEvent) => void {
  let listening = onEvent !== undefined;
  const stop = (error: unknown): void => {
    if (!listening) return;
    listening = false;
    const why = error instanceof Error ? error.message : String(error);
    process.emitWarning(`onEvent failed and is not called again: ${why}`, 'DagrunWarning');
  };
  return (event) => {
    if (!listening) return;
    try {
      // A listener may well be an async function, which fails later.
      const told: unknown = onEvent?.(event);
      if (told instanceof Promise) told.catch(stop);
    } catch (error) {
      stop(error);
    }
  };
}
