import type { Clock } from '../base/clock.ts';
import { type Millis, millis } from '../base/ids.ts';
import { Failed, failedByAbort } from '../contracts/failure.ts';

/** Stops the time of a try while it waits for its turn; what it gives lets it go on. */
export type Pause = () => () => void;

/** How long an executor may take to notice that its time is up, or that it is given up, before its try ends without it. */
const GRACE: Millis = millis(2000);

/**
 * The outcome of `work`, or Failed (timed_out) when its time is up, or what it was aborted for. An executor that has been told is given
 * a moment to come back, so that a call it was making is still billed; one that does not listen holds up nothing.
 */
export function withTimeout<T>(
  timeout: Millis | undefined,
  abort: AbortSignal,
  clock: Clock,
  work: (abort: AbortSignal, pause: Pause | undefined) => Promise<T>,
): Promise<T> {
  return timeout === undefined ? untilGivenUp(abort, clock, work) : untilTimeIsUp(timeout, abort, clock, work);
}

function untilGivenUp<T>(abort: AbortSignal, clock: Clock, work: (abort: AbortSignal, pause: Pause | undefined) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    abort.throwIfAborted();
    let cancelGrace: (() => void) | undefined;
    const stop = (): void => {
      cancelGrace = clock.after(GRACE, () => reject(failedByAbort(abort)));
    };
    abort.addEventListener('abort', stop, { once: true });
    const over = (): void => {
      cancelGrace?.();
      abort.removeEventListener('abort', stop);
    };
    work(abort, undefined).then(
      (outcome) => {
        over();
        resolve(outcome);
      },
      (error: unknown) => {
        over();
        reject(error);
      },
    );
  });
}

async function untilTimeIsUp<T>(
  timeout: Millis,
  abort: AbortSignal,
  clock: Clock,
  work: (abort: AbortSignal, pause: Pause | undefined) => Promise<T>,
): Promise<T> {
  abort.throwIfAborted();
  const own = new AbortController();
  const timedOut = new Failed({ type: 'timed_out', message: `no answer within ${timeout / 1000} s`, after: timeout });
  let cancelGrace: (() => void) | undefined;
  let giveUp: (why: Failed) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const end = (reason: unknown, why: Failed): void => {
    own.abort(reason);
    cancelGrace ??= clock.after(GRACE, () => giveUp(why));
  };
  const stop = (): void => end(abort.reason, failedByAbort(abort));
  abort.addEventListener('abort', stop, { once: true });
  const timer = startTimer(clock, timeout, () => end(timedOut, timedOut));
  try {
    return await Promise.race([work(own.signal, timer.pause), late]);
  } catch (error) {
    // Whatever it says of having been stopped: why it was stopped is what counts.
    throw own.signal.reason === timedOut ? timedOut : error;
  } finally {
    timer.cancel();
    cancelGrace?.();
    abort.removeEventListener('abort', stop);
  }
}

/** Calls back once when `time` has passed, not counting pauses; they may overlap. */
function startTimer(clock: Clock, time: Millis, call: () => void): { readonly pause: Pause; cancel(): void } {
  let left: number = time;
  let since = 0;
  let pauses = 0;
  let over = false;
  let stop: () => void = () => {};
  const go = (): void => {
    since = clock.now();
    stop = clock.after(millis(Math.max(0, left)), () => {
      over = true;
      call();
    });
  };
  go();
  return {
    pause() {
      pauses += 1;
      if (pauses === 1 && !over) {
        stop();
        left -= clock.now() - since;
      }
      let paused = true;
      return () => {
        if (!paused) return;
        paused = false;
        pauses -= 1;
        if (pauses === 0 && !over) go();
      };
    },
    cancel() {
      over = true;
      stop();
    },
  };
}
