import { systemClock } from './base/clock.ts';
import { toDollars } from './base/units.ts';
import type { Cache } from './contracts/cache.ts';
import type { CacheSummary, Surroundings } from './contracts/engine.ts';
import { openProjectStore } from './project-store.ts';

/** What the project's cache holds. Throws StoreFailed when the store cannot be read. */
export function summarizeCache(around: Surroundings = {}): Promise<CacheSummary> {
  return withCache(around, async (cache) => {
    const { saved, workflows, ...stats } = await cache.stats();
    const asked = stats.hits + stats.misses;
    return {
      ...stats,
      hitRate: asked === 0 ? null : stats.hits / asked,
      saved: toDollars(saved),
      workflows: workflows.map((one) => ({ ...one, saved: toDollars(one.saved) })),
    };
  });
}

/** Forgets what the cache holds of a workflow, or all of it and its counts; gives how many entries that were. Throws StoreFailed. */
export function clearCache(workflow: string | undefined, around: Surroundings = {}): Promise<number> {
  return withCache(around, (cache) => cache.clear(workflow));
}

/** How many entries were forgotten, and why. */
export interface CachePruning {
  /** Their time was over. */
  readonly expired: number;
  /** There were too many; the longest unused went first. */
  readonly evicted: number;
}

/** Forgets entries whose time is over, then the longest unused until `maxBytes` are left (its limit when left out). Throws StoreFailed. */
export function pruneCache(maxBytes: number | undefined, around: Surroundings = {}): Promise<CachePruning> {
  return withCache(around, (cache) => cache.prune(systemClock.now(), maxBytes));
}

async function withCache<T>(around: Surroundings, use: (cache: Cache) => Promise<T>): Promise<T> {
  const store = await openProjectStore(around);
  try {
    return await use(store.cache);
  } finally {
    await store.close();
  }
}
