import type { Clock } from '../base/clock.ts';
import { type Millis, millis } from '../base/ids.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import { Failed, type Failure, failedByAbort } from '../contracts/failure.ts';
import type { RequestOrigin } from '../contracts/provider.ts';
import type { Path } from '../contracts/source.ts';
import type { FAULTS } from './test-schema.ts';

export type FaultName = (typeof FAULTS)[number];

/** Something that is made to go wrong. */
export interface Fault {
  /** Where it is written. */
  readonly path: Path;
  readonly fault: FaultName;
  readonly node: string;
  readonly item: number | undefined;
  readonly attempt: number | undefined;
  readonly delay: Millis;
  readonly retryAfter: Millis | undefined;
  left: number;
  used: boolean;
}

/** Longer than any `timeout` that somebody would wait for. */
const DEFAULT_DELAY = millis(3_600_000);

/** The faults in a list whose shape was checked. */
export function faultsIn(value: Json | undefined, path: Path): readonly Fault[] {
  return (isList(value) ? value : []).flatMap((raw, index) => {
    if (!isObject(raw) || typeof raw.node !== 'string') return [];
    return {
      path: [...path, index],
      fault: raw.fault as FaultName,
      node: raw.node,
      item: typeof raw.item === 'number' ? raw.item : undefined,
      attempt: typeof raw.attempt === 'number' ? raw.attempt : undefined,
      delay: durationOf(raw.delay) ?? DEFAULT_DELAY,
      retryAfter: durationOf(raw.retry_after),
      left: raw.times === 'any' ? Infinity : typeof raw.times === 'number' ? raw.times : 1,
      used: false,
    };
  });
}

/** The first fault that fits and is not used up, which this uses. */
export function takeFault(faults: readonly Fault[], place: Pick<RequestOrigin, 'node' | 'item' | 'attempt'>): Fault | undefined {
  const found = faults.find(
    (fault) =>
      fault.left > 0 &&
      fault.node === place.node &&
      (fault.item ?? place.item) === place.item &&
      (fault.attempt ?? place.attempt) === place.attempt,
  );
  if (found === undefined) return undefined;
  found.left -= 1;
  found.used = true;
  return found;
}

/** A fault that is a failure, as it is thrown; undefined for one that is an answer, or a wait. */
export function failureOf(fault: Fault): Failed | undefined {
  const failure = ((): Failure | undefined => {
    const message = `the test says so: ${fault.fault}`;
    switch (fault.fault) {
      case 'rate_limited':
        return { type: 'rate_limited', message, ...(fault.retryAfter !== undefined && { retryAfter: fault.retryAfter }) };
      case 'timed_out':
        return { type: 'timed_out', message, after: millis(0) };
      case 'unavailable':
      case 'tool_error':
        return { type: 'unavailable', message };
      case 'refused':
        return { type: 'refused', message };
      case 'malformed':
      case 'slow':
        return undefined;
    }
  })();
  return failure && new Failed(failure);
}

/** Waits; fails as soon as the call is given up. */
export function waitOut(delay: Millis, clock: Clock, abort: AbortSignal): Promise<void> {
  if (abort.aborted) return Promise.reject(failedByAbort(abort));
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      cancel();
      reject(failedByAbort(abort, { mayHaveCharged: true }));
    };
    const cancel = clock.after(delay, () => {
      abort.removeEventListener('abort', giveUp);
      resolve();
    });
    abort.addEventListener('abort', giveUp, { once: true });
  });
}

function durationOf(value: Json | undefined): Millis | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}
