import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { nanoUsd } from '../../../engine/base/ids.ts';
import { createBudget } from '../../../engine/models/budget.ts';
import { fc } from '../../support/properties.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);
const usd = nanoUsd;

describe('a budget', () => {
  test('what does not fit next to others waits for them, and gets what they did not need', async () => {
    const budget = createBudget(usd(100));
    const first = await budget.reserve(() => usd(80), never);
    const order: string[] = [];
    const second = budget
      .reserve(() => usd(60), never)
      .then((reservation) => {
        order.push('second');
        return reservation;
      });
    await Promise.resolve();
    order.push('first settles');
    first.settle(usd(10));
    first.settle(usd(90));
    (await second).settle(usd(60));
    expect(order).toEqual(['first settles', 'second']);
  });

  test('what can never fit is refused at once', async () => {
    const budget = createBudget(usd(100));
    await expect(budget.reserve(() => usd(101), never)).rejects.toMatchObject({
      failure: { type: 'budget_exceeded', spent: 0, limit: 100 },
    });
  });

  test('those who wait are refused as soon as the others have spent too much', async () => {
    const budget = createBudget(usd(100));
    const first = await budget.reserve(() => usd(90), never);
    const second = budget.reserve(() => usd(50), never).catch((error: unknown) => error);
    first.settle(usd(60));
    expect(await second).toMatchObject({ failure: { type: 'budget_exceeded', spent: 60 } });
  });

  test('an unknown cost counts as all that was set aside', async () => {
    const budget = createBudget(usd(100));
    (await budget.reserve(() => usd(70), never)).settle(null);
    await expect(budget.reserve(() => usd(31), never)).rejects.toMatchObject({ failure: { spent: 70 } });
    (await budget.reserve(() => usd(30), never)).settle(usd(0));
  });

  test('a quote sees what is left, also after waiting', async () => {
    const budget = createBudget(usd(100));
    const first = await budget.reserve(() => usd(90), never);
    const quotes: number[] = [];
    const second = budget.reserve((unspent) => {
      quotes.push(unspent);
      return usd(Math.min(unspent, 60));
    }, never);
    first.settle(usd(70));
    (await second).settle(usd(1));
    expect(quotes).toEqual([100, 30]);
  });

  test('who gives up stops waiting', async () => {
    const budget = createBudget(usd(100));
    await budget.reserve(() => usd(90), never);
    const abort = new AbortController();
    const second = budget.reserve(() => usd(50), abort.signal);
    abort.abort();
    await expect(second).rejects.toMatchObject({ failure: { type: 'cancelled' } });
    await expect(budget.reserve(() => usd(1), abort.signal)).rejects.toMatchObject({ failure: { type: 'cancelled' } });
  });
});

test('whatever calls cost, the limit holds, and every call is let in or refused in the end', async () => {
  const call = fc.record({ most: fc.integer({ min: 1, max: 60 }), share: fc.double({ min: 0, max: 1, noNaN: true }), lost: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
      const budget = createBudget(usd(100));
      let spent = 0;
      const ends = calls.map(async ({ most, share, lost }) => {
        const reservation = await budget.reserve(() => usd(most), never).catch(() => undefined);
        if (reservation === undefined) return;
        await Promise.resolve();
        const cost = Math.floor(most * share);
        spent += lost ? most : cost;
        reservation.settle(lost ? null : usd(cost));
      });
      await Promise.all(ends);
      expect(spent).toBeLessThanOrEqual(100);
    }),
  );
});
