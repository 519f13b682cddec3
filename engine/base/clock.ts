import { type Instant, instant, type Millis } from './ids.ts';

/** Node's timers hold 31 bits of milliseconds; what is longer would end at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The only source of time. `after` calls back once, and returns how to take that back. */
export interface Clock {
  now(): Instant;
  after(delay: Millis, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => instant(Date.now()),
  after(delay, call) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = left > LONGEST_TIMER ? setTimeout(() => wait(left - LONGEST_TIMER), LONGEST_TIMER) : setTimeout(call, left);
    };
    wait(delay);
    return () => clearTimeout(timer);
  },
};

/** Uniform in [0, 1). */
export const systemRandom: () => number = () => Math.random();
