import { type Instant, instant, type Millis } from './ids.ts';

/** The only source of time. `after` calls back once, and returns how to take that back. */
export interface Clock {
  now(): Instant;
  after(delay: Millis, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => instant(Date.now()),
  after(delay, call) {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
};

/** Uniform in [0, 1). */
export const systemRandom: () => number = () => Math.random();
