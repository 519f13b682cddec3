import type { Instant, Millis, RunId } from './base/ids.ts';
import type { RunRecord, Store } from './contracts/store.ts';

/** How long and how many runs are kept; whatever either of them protects stays. */
export interface Retention {
  /** Only runs that ended longer ago may go. */
  readonly olderThan?: Millis;
  /** The newest so many stay. */
  readonly keep?: number;
}

/** The runs that may go, newest first: never one that runs or waits, which a stale one might still do. */
export async function runsToForget(store: Store, { olderThan, keep = 0 }: Retention, now: Instant): Promise<readonly RunRecord[]> {
  const all = await store.runs.list();
  return all.slice(keep).filter(({ status, endedAt }) => {
    if (status === 'running' || status === 'waiting' || endedAt === null) return false;
    return olderThan === undefined || endedAt < now - olderThan;
  });
}

/** Forgets what the configuration does not want kept. It comes after a run, whose result it may not spoil: what fails is done the next time. */
export async function forgetOldRuns(store: Store, olderThan: Millis | undefined, now: Instant, except: RunId): Promise<void> {
  if (olderThan === undefined) return;
  try {
    const old = await runsToForget(store, { olderThan }, now);
    await store.runs.remove(old.map(({ id }) => id).filter((id) => id !== except));
  } catch {
    // The next run tries again.
  }
}
