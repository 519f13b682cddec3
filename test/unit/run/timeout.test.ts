import { expect, test } from 'vitest';
import { millis } from '../../../engine/base/ids.ts';
import type { Failed } from '../../../engine/contracts/failure.ts';
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
