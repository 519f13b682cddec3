import type { Clock } from '../base/clock.ts';
import { type Millis, millis } from '../base/ids.ts';
import { renderDuration } from '../base/units.ts';
import { Failed, failedByAbort, LONGEST_WAIT } from '../contracts/failure.ts';

export interface GateOptions {
  /** For messages. */
  readonly provider: string;
  /** Calls in flight, at most. */
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  readonly clock: Clock;
}

/** How a call ended: with an answer, without one, or with the word that the provider is asked too much. */
export type Ending = 'answered' | 'failed' | { readonly slowDown: Millis | undefined };

/** Must be called when the call has ended; a second time it does nothing. */
export type Leave = (ending: Ending) => void;

/**
 * The door to one provider, shared by everything that calls it. Calls pass in the order they came.
 *
 * After a 429 it halves the number of calls in flight and stays closed for as long as the provider said; each full round of
 * answered calls then adds one again, up to what is configured. Calls that were in flight together halve it only once.
 */
export interface Gate {
  /** Waits for a place. Throws Failed (cancelled, timed_out, rate_limited). */
  enter(abort: AbortSignal): Promise<Leave>;
  /** How many calls may be in flight now. */
  readonly limit: number;
}

interface Waiter {
  readonly let: () => void;
  readonly refuse: (reason: Failed) => void;
  gone: boolean;
}

/** A gate of its own for one provider. */
export function createGate({ provider, concurrency, requestsPerMinute, clock }: GateOptions): Gate {
  const waiting: Waiter[] = [];
  let first = 0;
  /** Those in the queue who have not given up. */
  let patient = 0;
  let inFlight = 0;
  let limit = concurrency;
  /** Calls answered since the limit last changed. */
  let answered = 0;
  let closedUntil = 0;
  /** How long it was closed for when that was last said. */
  let closedFor = 0;
  /** When the next call may start so that no minute sees more than its share. */
  let nextStart = 0;
  let takeBackTimer: (() => void) | undefined;
  const spacing = requestsPerMinute === undefined ? 0 : 60_000 / requestsPerMinute;

  const opensAt = (now: number): number => {
    // Nothing is further away than that, unless the clock was set back.
    nextStart = Math.min(nextStart, now + spacing);
    closedUntil = Math.min(closedUntil, now + closedFor);
    return Math.max(closedUntil, nextStart);
  };

  function pump(): void {
    while (first < waiting.length && inFlight < limit) {
      const now = clock.now();
      const at = opensAt(now);
      if (at > now) {
        takeBackTimer?.();
        takeBackTimer = clock.after(millis(at - now), pump);
        return;
      }
      const next = waiting[first];
      first += 1;
      // The queue is cut now and then, not at each call: shifting a list of 10,000 costs more than the call.
      if (first > 1024 && first * 2 > waiting.length) {
        waiting.splice(0, first);
        first = 0;
      }
      if (next === undefined || next.gone) continue;
      pass(now);
      next.let();
    }
  }

  function pass(now: number): void {
    inFlight += 1;
    nextStart = Math.max(nextStart, now) + spacing;
  }

  /** Counts the times the limit was lowered. */
  let lowered = 0;

  function createLeave(): Leave {
    const since = lowered;
    let left = false;
    return (ending) => {
      if (left) return;
      left = true;
      inFlight -= 1;
      if (ending === 'answered') recover();
      else if (ending !== 'failed') slowDown(ending.slowDown, since === lowered);
      pump();
    };
  }

  function recover(): void {
    answered += 1;
    if (answered < limit || limit >= concurrency) return;
    limit += 1;
    answered = 0;
  }

  function slowDown(retryAfter: Millis | undefined, anew: boolean): void {
    if (anew) {
      limit = Math.max(1, Math.floor(limit / 2));
      answered = 0;
      lowered += 1;
    }
    const now = clock.now();
    closedUntil = Math.max(closedUntil, now + (retryAfter ?? 0));
    closedFor = closedUntil - now;
    if (closedFor > LONGEST_WAIT) refuseAll();
  }

  function refuseAll(): void {
    takeBackTimer?.();
    for (const waiter of waiting.splice(first)) if (!waiter.gone) waiter.refuse(tooLong());
  }

  const tooLong = (): Failed => {
    const retryAfter = millis(closedUntil - clock.now());
    const message = `${provider} asks to wait ${renderDuration(retryAfter)}; longer than the ${renderDuration(LONGEST_WAIT)} dagrun waits`;
    return new Failed({ type: 'rate_limited', message, retryAfter });
  };

  return {
    get limit() {
      return limit;
    },
    enter(abort) {
      if (abort.aborted) return Promise.reject(failedByAbort(abort));
      const now = clock.now();
      const opens = opensAt(now);
      if (closedUntil - now > LONGEST_WAIT) return Promise.reject(tooLong());
      if (inFlight < limit && first >= waiting.length && opens <= now) {
        pass(now);
        return Promise.resolve(createLeave());
      }
      return new Promise((resolve, reject) => {
        const giveUp = (): void => {
          waiter.gone = true;
          patient -= 1;
          // A timer that nobody waits for would keep the process alive.
          if (patient === 0) takeBackTimer?.();
          reject(failedByAbort(abort));
        };
        const waiter: Waiter = {
          let: () => {
            abort.removeEventListener('abort', giveUp);
            patient -= 1;
            resolve(createLeave());
          },
          refuse: (reason) => {
            abort.removeEventListener('abort', giveUp);
            waiter.gone = true;
            patient -= 1;
            reject(reason);
          },
          gone: false,
        };
        abort.addEventListener('abort', giveUp, { once: true });
        waiting.push(waiter);
        patient += 1;
        pump();
      });
    },
  };
}
