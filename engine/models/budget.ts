import { nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import { renderUsd } from '../base/units.ts';
import { Failed, failedByAbort } from '../contracts/failure.ts';

/** Money set aside for one call. */
export interface Reservation {
  /** Replaces what was set aside by what was spent; null when that is not known: then all of it counts as spent. */
  settle(cost: Usd | null): void;
}

/**
 * The money of one run. Every call sets aside the most it can cost before it starts, so that the limit holds whatever comes
 * back. A call that does not fit next to others in flight waits for them: they mostly cost less than was set aside.
 */
export interface Budget {
  /**
   * Sets aside the most a call can cost, which `quote` says when it is told how much is not spent; it may be asked again
   * while the call waits. Throws Failed (budget_exceeded, cancelled).
   */
  reserve(quote: (unspent: Usd) => Usd, abort: AbortSignal): Promise<Reservation>;
  /** Counts what a call had cost that was paid before, and is not made again. */
  spend(cost: Usd): void;
  /** For a message about a call that could not be made or finished for want of money. */
  exceeded(message: string): Failed;
}

/** A budget of `limit`, of which so much is spent already. `of`: the part of the run that it is for. */
export function createBudget(limit: Usd, before: Usd = nanoUsd(0), of?: TaskKey): Budget {
  let spent: number = before;
  let reserved = 0;
  const waiting = new Set<() => void>();

  const unspent = (): Usd => nanoUsd(Math.max(0, limit - spent));
  const exceeded = (message: string): Failed =>
    new Failed({ type: 'budget_exceeded', message, spent: nanoUsd(spent), limit, ...(of !== undefined && { of }) });

  function take(most: number): Reservation {
    reserved += most;
    let settled = false;
    return {
      settle(cost) {
        if (settled) return;
        settled = true;
        reserved -= most;
        spent += cost ?? most;
        for (const wake of [...waiting]) wake();
      },
    };
  }

  /** A reservation, the reason why there will never be one, or undefined while others may give money back. */
  function attempt(quote: (unspent: Usd) => Usd): Reservation | Failed | undefined {
    const most = quote(unspent());
    if (most <= limit - spent - reserved) return take(most);
    if (most <= unspent()) return undefined;
    return exceeded(`the next call may cost up to ${renderUsd(most)}, and ${renderUsd(unspent())} of ${renderUsd(limit)} is left`);
  }

  return {
    exceeded,
    spend(cost) {
      spent += cost;
    },
    reserve(quote, abort) {
      return new Promise((resolve, reject) => {
        const end = (): void => {
          waiting.delete(wake);
          abort.removeEventListener('abort', giveUp);
        };
        const giveUp = (): void => {
          end();
          reject(failedByAbort(abort));
        };
        const wake = (): void => {
          const outcome = attempt(quote);
          if (outcome === undefined) return;
          end();
          if (outcome instanceof Failed) reject(outcome);
          else resolve(outcome);
        };
        waiting.add(wake);
        abort.addEventListener('abort', giveUp, { once: true });
        if (abort.aborted) giveUp();
        else wake();
      });
    },
  };
}

/** Several budgets as one: a call has to fit into each, the innermost first. Undefined where there is none. */
export function withinAll(budgets: readonly Budget[]): Budget | undefined {
  const [inner, ...others] = budgets;
  const outer = inner && withinAll(others);
  if (!outer) return inner;
  return {
    exceeded: inner.exceeded,
    spend(cost) {
      inner.spend(cost);
      outer.spend(cost);
    },
    async reserve(quote, abort) {
      let left: number = Infinity;
      const own = await inner.reserve((unspent) => {
        left = unspent;
        return quote(unspent);
      }, abort);
      try {
        const around = await outer.reserve((unspent) => quote(nanoUsd(Math.min(unspent, left))), abort);
        return {
          settle(cost) {
            own.settle(cost);
            around.settle(cost);
          },
        };
      } catch (error) {
        own.settle(nanoUsd(0));
        throw error;
      }
    },
  };
}
