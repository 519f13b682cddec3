import { expect, test } from 'vitest';
import { millis } from '../../../engine/base/ids.ts';
import { Failed } from '../../../engine/contracts/failure.ts';
import { type Pause, withTimeout } from '../../../engine/run/timeout.ts';
import { type VirtualClock, virtualClock } from '../../support/virtual-clock.ts';

const never = new AbortController().signal;
const after = (clock: VirtualClock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(millis(ms), resolve));
const outcomeOf = async (clock: VirtualClock, work: (abort: AbortSignal, pause: Pause | undefined) => Promise<string>) => {
  const outcome = withTimeout(millis(100), never, clock, work).catch((error: unknown) => (error as Failed).failure.type);
  await clock.run();
  return { outcome: await outcome, at: clock.now() };
};

test('work that takes too long is told, and given a moment to come back', async () => {
  const clock = virtualClock();
  const obedient = (abort: AbortSignal) =>
    new Promise<string>((_, reject) => abort.addEventListener('abort', () => reject(new Error('stopped'))));
  expect(await outcomeOf(clock, obedient)).toEqual({ outcome: 'timed_out', at: 100 });
});

test('work that does not listen is left behind', async () => {
  const clock = virtualClock();
  expect(await outcomeOf(clock, () => new Promise<string>(() => {}))).toEqual({ outcome: 'timed_out', at: 2100 });
});

test('pauses do not count, and may overlap', async () => {
  const clock = virtualClock();
  const work = async (_: AbortSignal, pause: Pause | undefined): Promise<string> => {
    await after(clock, 60);
    const first = pause?.();
    await after(clock, 500);
    const second = pause?.();
    first?.();
    first?.();
    await after(clock, 500);
    second?.();
    await after(clock, 30);
    return 'done';
  };
  expect(await outcomeOf(clock, work)).toEqual({ outcome: 'done', at: 1090 });
});

test('after a pause the rest of the time is left', async () => {
  const clock = virtualClock();
  const work = async (abort: AbortSignal, pause: Pause | undefined): Promise<string> => {
    await after(clock, 60);
    const goOn = pause?.();
    await after(clock, 500);
    goOn?.();
    return new Promise((_, reject) => abort.addEventListener('abort', () => reject(new Error(`stopped at ${clock.now()}`))));
  };
  expect(await outcomeOf(clock, work)).toEqual({ outcome: 'timed_out', at: 600 });
});

const stopped = async (timeout: number | undefined, work: (abort: AbortSignal) => Promise<string>) => {
  const clock = virtualClock();
  const stop = new AbortController();
  clock.after(millis(50), () => stop.abort());
  const outcome = withTimeout(timeout === undefined ? undefined : millis(timeout), stop.signal, clock, work).catch((error: unknown) =>
    error instanceof Failed ? error.failure.type : String(error),
  );
  await clock.run();
  return { outcome: await outcome, at: clock.now() };
};

test.each([undefined, 10_000])('work that is given up and does not listen is left behind, with a timeout of %s', async (timeout) => {
  expect(await stopped(timeout, () => new Promise<string>(() => {}))).toEqual({ outcome: 'cancelled', at: 2050 });
});

test.each([undefined, 10_000])('work that is given up may say so itself, with a timeout of %s', async (timeout) => {
  const obedient = (abort: AbortSignal) =>
    new Promise<string>((_, reject) => abort.addEventListener('abort', () => reject(new Error('put away'))));
  expect(await stopped(timeout, obedient)).toEqual({ outcome: 'Error: put away', at: 50 });
});

test('a time that comes to its end while work is given up changes nothing', async () => {
  expect(await stopped(1000, () => new Promise<string>(() => {}))).toEqual({ outcome: 'cancelled', at: 2050 });
});
