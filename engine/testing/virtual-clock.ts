import type { Clock } from '../base/clock.ts';
import { instant } from '../base/ids.ts';

/** Time that passes only where something waits for it: an hour of backing off costs nothing. */
export interface VirtualClock extends Clock {
  /** Lets everything that is under way come to rest, then time pass to the next thing due, until nothing is due; or for `most` milliseconds. */
  run(most?: number): Promise<void>;
  /** The same until `work` has settled. `onStuck` is called when nothing is due and nothing under way, so that it would never settle. */
  runUntil(work: Promise<unknown>, onStuck: () => void): Promise<void>;
  /** Time stands still while real work is under way (a file is read): until the returned function is called. */
  hold(): () => void;
}

/** After so many turns of the event loop every chain of promises has come to its end; work that takes longer holds the clock. */
const TURNS = 5;
/** Real milliseconds before work is taken for stuck: much more than a module takes to load, or a file to be read. */
const PATIENCE = 250;
const STEP = 2;

function realTime(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A clock that stands still until it is told to run. Starts at `start`, in milliseconds since 1970. */
export function virtualClock(start = 0): VirtualClock {
  let now = start;
  let order = 0;
  let held = 0;
  let released: () => void = () => {};
  const due = new Map<number, { readonly at: number; readonly call: () => void }>();

  const settle = async (): Promise<void> => {
    // Macrotasks, so that chains of promises come to their end.
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const rest = async (): Promise<void> => {
    for (await settle(); held > 0; await settle()) {
      await new Promise<void>((resolve) => {
        released = resolve;
      });
    }
  };
  const next = (): readonly [number, { readonly at: number; readonly call: () => void }] | undefined => {
    let first: readonly [number, { readonly at: number; readonly call: () => void }] | undefined;
    // In the order they were made: of two at the same time the earlier one stands first.
    for (const one of due) if (first === undefined || one[1].at < first[1].at) first = one;
    return first;
  };
  const passTo = (found: NonNullable<ReturnType<typeof next>>): void => {
    due.delete(found[0]);
    now = Math.max(now, found[1].at);
    found[1].call();
  };

  return {
    now: () => instant(now),
    after(delay, call) {
      order += 1;
      const id = order;
      due.set(id, { at: now + delay, call });
      return () => void due.delete(id);
    },
    hold() {
      held += 1;
      let holding = true;
      return () => {
        if (!holding) return;
        holding = false;
        held -= 1;
        if (held === 0) released();
      };
    },
    async run(most = Number.POSITIVE_INFINITY) {
      const end = now + most;
      for (;;) {
        await rest();
        const found = next();
        if (!found || found[1].at > end) break;
        passTo(found);
      }
      if (Number.isFinite(end)) now = end;
    },
    async runUntil(work, onStuck) {
      let settled = false;
      let told = false;
      const note = (): void => {
        settled = true;
      };
      work.then(note, note);
      for (;;) {
        await rest();
        if (settled) return;
        const found = next();
        if (found) passTo(found);
        else {
          for (let waited = 0; waited < PATIENCE && !settled && held === 0 && due.size === 0; waited += STEP) await realTime(STEP);
          if (settled || told || held > 0 || due.size > 0) continue;
          told = true;
          onStuck();
        }
      }
    },
  };
}
