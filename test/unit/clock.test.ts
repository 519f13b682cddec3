import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../engine/base/clock.ts';
import { millis } from '../../engine/base/ids.ts';

const DAY = 86_400_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a time longer than the timers of Node is waited for', () => {
  const call = vi.fn();
  systemClock.after(millis(60 * DAY), call);
  vi.advanceTimersByTime(60 * DAY - 1);
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(call).toHaveBeenCalledTimes(1);
});

test('it can be taken back at any time', () => {
  const call = vi.fn();
  const takeBack = systemClock.after(millis(60 * DAY), call);
  vi.advanceTimersByTime(40 * DAY);
  takeBack();
  vi.advanceTimersByTime(40 * DAY);
  expect(call).not.toHaveBeenCalled();
});
