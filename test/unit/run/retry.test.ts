import { describe, expect, test } from 'vitest';
import { instant, millis, nanoUsd, taskKey } from '../../../engine/base/ids.ts';
import type { Failure } from '../../../engine/contracts/failure.ts';
import { afterFailure, stageAt } from '../../../engine/run/retry.ts';
import { type NodeSketch, planOf } from '../../support/plan-of.ts';

const nodeOf = (sketch: Omit<NodeSketch, 'id'>) => planOf([{ id: 'a', ...sketch }]).nodes[0]!;
const DOWN: Failure = { type: 'unavailable', message: 'down' };
const REFUSED: Failure = { type: 'refused', message: 'no' };
const limited = (retryAfter: number): Failure => ({ type: 'rate_limited', message: 'slow down', retryAfter: millis(retryAfter) });
const next = (sketch: Omit<NodeSketch, 'id'>, failure: Failure, stageAttempt = 1, stage = 0, roll = 1) =>
  afterFailure(nodeOf(sketch), taskKey('a'), { stage, stageAttempt }, failure, instant(10_000), roll);

describe('after a failed try', () => {
  test('backs off exponentially with full jitter', () => {
    const retry = { maxAttempts: 10 };
    expect([1, 2, 3, 6, 9].map((tries) => next({ retry }, DOWN, tries))).toEqual(
      [1000, 2000, 4000, 30_000, 30_000].map((delay) => ({ type: 'retry', at: 10_000 + delay, stage: 0 })),
    );
    expect(next({ retry }, DOWN, 3, 0, 0.25)).toEqual({ type: 'retry', at: 11_000, stage: 0 });
    expect(next({ retry }, DOWN, 3, 0, 0)).toEqual({ type: 'retry', at: 10_000, stage: 0 });
  });

  test('a constant backoff stays the same', () => {
    expect(next({ retry: { maxAttempts: 9, backoff: 'constant', initialDelay: millis(700) } }, DOWN, 7)).toMatchObject({ at: 10_700 });
  });

  test('waits at least as long as the provider asks', () => {
    expect(next({ retry: { maxAttempts: 2 } }, limited(20_000), 1, 0, 0.5)).toMatchObject({ at: 30_000 });
    expect(next({ retry: { maxAttempts: 2 } }, limited(100), 1, 0, 0.5)).toMatchObject({ at: 10_500 });
  });

  test('does not wait for a provider that asks for more than a minute', () => {
    expect(next({ retry: { maxAttempts: 2 } }, limited(60_000), 1, 0, 0)).toEqual({ type: 'retry', at: 70_000, stage: 0 });
    expect(next({ retry: { maxAttempts: 2 } }, limited(60_001))).toEqual({ type: 'give_up' });
    expect(next({ retry: { maxAttempts: 2 }, fallback: true }, limited(3_600_000))).toEqual({ type: 'retry', at: 10_000, stage: 1 });
  });

  test('gives up when the tries are used up, or when trying again would not help', () => {
    expect(next({ retry: { maxAttempts: 3 } }, DOWN, 3)).toEqual({ type: 'give_up' });
    expect(next({ retry: { maxAttempts: 3 } }, REFUSED)).toEqual({ type: 'give_up' });
    expect(next({ retry: { maxAttempts: 3, retryOn: ['refused'] } }, REFUSED, 1, 0, 0)).toEqual({ type: 'retry', at: 10_000, stage: 0 });
  });

  test('goes on to the fallback at once, then to the value of on_error', () => {
    const sketch = { fallback: true, onError: { action: 'value' as const, value: '0' } };
    expect(next(sketch, REFUSED)).toEqual({ type: 'retry', at: 10_000, stage: 1 });
    expect(next(sketch, REFUSED, 1, 1)).toEqual({ type: 'retry', at: 10_000, stage: 2 });
    expect(stageAt(nodeOf(sketch), 2)).toMatchObject({ isValue: true, stage: { kind: 'set', spec: { value: '0' } } });
    expect(stageAt(nodeOf(sketch), 3)).toBeUndefined();
    expect(next(sketch, REFUSED, 1, 2)).toEqual({ type: 'give_up' });
  });

  test('on_error: skip skips, but not what was cancelled or is our bug', () => {
    const sketch = { onError: { action: 'skip' as const } };
    expect(next(sketch, REFUSED)).toEqual({ type: 'skip' });
    expect(next(sketch, { type: 'cancelled', message: '' })).toEqual({ type: 'give_up' });
    expect(next(sketch, { type: 'bug', message: '' })).toEqual({ type: 'give_up' });
  });

  test('an exhausted budget has no fallback', () => {
    const failure: Failure = { type: 'budget_exceeded', message: '', spent: nanoUsd(1), limit: nanoUsd(1) };
    expect(next({ fallback: true }, failure)).toEqual({ type: 'give_up' });
  });
});
