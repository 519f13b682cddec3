import { type Millis, renderDuration } from '../engine/index.ts';

/** How long ago something was: `3m ago`, `2d ago`. */
export function ago(at: number, now: number): string {
  return now - at < 60_000 ? 'just now' : `${roughly(now - at)} ago`;
}

/** How long there is left: `in 4h`; `over` when nothing is. */
export function until(at: number, now: number): string {
  return at <= now ? 'over' : `in ${roughly(at - now)}`;
}

const HOUR = 3_600_000;

/** Two units are told apart at most by their first: nobody waits for a person to the second. */
function roughly(ms: number): string {
  if (ms >= 48 * HOUR) return `${Math.round(ms / (24 * HOUR))}d`;
  if (ms >= HOUR) return `${Math.round(ms / HOUR)}h`;
  return ms >= 60_000 ? `${Math.round(ms / 60_000)}m` : renderDuration((Math.floor(ms / 1000) * 1000) as Millis).replace('.0s', 's');
}
