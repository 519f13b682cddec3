import type { Clock } from '../../engine/base/clock.ts';
import { instant } from '../../engine/base/ids.ts';

export interface VirtualClock extends Clock {
  /** Lets everything that is under way come to rest, then time pass to the next thing due, until nothing is due; or for `most` milliseconds. */
  run(most?: number): Promise<void>;
}

/** A clock that stands still until it is told to run. Starts at 0. */
export function virtualClock(): VirtualClock {
  let now = 0;
  let order = 0;
  const due = new Map<number, { at: number; call: () => void }>();
  const settle = async (): Promise<void> => {
    // Macrotasks, so that every chain of promises has come to its end.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => instant(now),
    after(delay, call) {
      order += 1;
      const id = order;
      due.set(id, { at: now + delay, call });
      return () => void due.delete(id);
    },
    async run(most = Number.POSITIVE_INFINITY) {
      const end = now + most;
      for (;;) {
        await settle();
        const next = [...due].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
        if (!next || next[1].at > end) break;
        due.delete(next[0]);
        now = next[1].at;
        next[1].call();
      }
      await settle();
      if (Number.isFinite(end)) now = end;
    },
  };
}
