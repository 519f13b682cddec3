import { acting } from '../../base/failpoint.ts';
import type { RunId } from '../../base/ids.ts';
import type { RunEvent } from '../../contracts/event.ts';
import { StoreFailed } from '../../contracts/store.ts';
import { withoutLargeValues } from './blobs.ts';
import type { Append, NewBlob, SqlDriver } from './driver.ts';

/** Commits events, those of many steps in one transaction. */
export interface Committer {
  /** From now on this process writes the run's journal, as `owner`. */
  own(run: RunId, owner: string): void;
  /** Resolves once the events outlive the process. After a failure nothing of the run is written any more: its memory is ahead of the disk. */
  commit(run: RunId, events: readonly RunEvent[]): Promise<void>;
  throwIfBroken(run: RunId): void;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

interface Waiting {
  readonly run: RunId;
  readonly events: readonly RunEvent[];
  resolve(): void;
  reject(error: Error): void;
}

/**
 * What is told while one transaction is under way, or in one turn of the event loop, goes into the next one: alone, a step
 * costs a write to the disk; under load, many share it.
 */
export function createCommitter(driver: SqlDriver): Committer {
  const owners = new Map<RunId, string>();
  const broken = new Map<RunId, Error>();
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await write(batch);
    }
    running = undefined;
  };

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    const byRun = new Map<RunId, RunEvent[]>();
    for (const { run, events } of batch) {
      const known = byRun.get(run);
      if (known) known.push(...events);
      else byRun.set(run, [...events]);
    }
    const blobs: NewBlob[] = [];
    const appends = [...byRun].map(([run, events]): Append => appendOf(run, owners.get(run) ?? '', events, blobs));
    try {
      const lost = new Set(await acting('append', () => driver.append(blobs, appends)));
      for (const one of batch) {
        if (lost.has(one.run)) one.reject(fail(one.run, takenOver(one.run)));
        else one.resolve();
      }
    } catch (error) {
      const why = driver.explain(error);
      for (const one of batch) one.reject(fail(one.run, why));
    }
  };

  const fail = (run: RunId, error: Error): Error => {
    broken.set(run, error);
    return error;
  };

  return {
    own(run, owner) {
      owners.set(run, owner);
      broken.delete(run);
    },
    commit: (run, events) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ run, events, resolve, reject });
        running ??= flush();
      }),
    throwIfBroken(run) {
      const error = broken.get(run);
      if (error) throw error;
    },
    async drain() {
      while (running) await running;
    },
  };
}

function appendOf(run: RunId, owner: string, events: readonly RunEvent[], blobs: NewBlob[]): Append {
  let cost = 0;
  const before = blobs.length;
  const kept = events.map((event) => {
    if (event.type === 'model.called') cost += event.call.cost ?? 0;
    return withoutLargeValues(event, blobs);
  });
  return {
    run,
    owner,
    firstSeq: events[0]?.seq ?? 0,
    lastSeq: events.at(-1)?.seq ?? 0,
    events: JSON.stringify(kept),
    blobs: blobs.slice(before).map(({ hash }) => hash),
    cost,
  };
}

function takenOver(run: RunId): StoreFailed {
  return new StoreFailed('taken_over', `run ${run} is driven by another process now`, '`dagrun runs show` tells how it goes on');
}
