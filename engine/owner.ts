import { hostname } from 'node:os';
import { type Instant, instant } from './base/ids.ts';

/** A process that has not been heard of for so long is taken for dead. */
const DEAD_AFTER_MS = 10_000;

/** Later than any beat, also one that a clock set back since has put into the future. */
const NEVER_HEARD_OF: Instant = instant(Number.MAX_SAFE_INTEGER);

/** Drivers of this process that have not been dismissed. */
const driving = new Set<string>();

/** The name of this process as a driver of runs: where it runs, which process it is, and which of its runs. */
export function newOwner(unique: string): string {
  const owner = `${hostname()}/${process.pid}/${unique}`;
  driving.add(owner);
  return owner;
}

/** It drives nothing any more, also when the store could not be told. */
export function dismissOwner(owner: string): void {
  driving.delete(owner);
}

/**
 * Who was last heard of before this instant is dead. A process of this machine that has ended is dead at once; of another
 * machine nothing is known but its heartbeat.
 */
export function deadBefore(owner: string | null, now: Instant): Instant {
  const [host, pid] = owner?.split('/') ?? [];
  if (owner !== null && host === hostname() && !isAlive(owner, Number(pid))) return NEVER_HEARD_OF;
  return instant(now - DEAD_AFTER_MS);
}

/** An earlier process may have had the number of this one: in a container they all have. */
function isAlive(owner: string, pid: number): boolean {
  if (pid === process.pid) return driving.has(owner);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
