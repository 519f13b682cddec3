import { nanoUsd } from '../base/ids.ts';
import type { Cache, CachedWorkflow, CacheEntry } from '../contracts/cache.ts';
import { isFresh, MAX_CACHE_BYTES, ROOM_MADE } from './cache-rules.ts';

interface Kept {
  readonly entry: CacheEntry;
  readonly bytes: number;
  hits: number;
}

/** A cache that lives as long as its process. */
export function createMemoryCache(maxBytes: number = MAX_CACHE_BYTES): Cache {
  /** The longest unused first: an entry that is used is put in again. */
  const entries = new Map<string, Kept>();
  let total = { hits: 0, misses: 0, saved: nanoUsd(0) };
  let bytes = 0;
  const forget = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  const evict = (most: number): number => {
    let evicted = 0;
    for (const key of entries.keys()) {
      if (bytes <= most) break;
      forget(key);
      evicted += 1;
    }
    return evicted;
  };
  return {
    async get(key, at, notBefore) {
      const kept = entries.get(key);
      if (!kept || !isFresh(kept.entry, at, notBefore)) {
        total.misses += 1;
        return undefined;
      }
      entries.delete(key);
      entries.set(key, kept);
      kept.hits += 1;
      total.hits += 1;
      total.saved = nanoUsd(total.saved + (kept.entry.cost ?? 0));
      return kept.entry;
    },
    async put(entry) {
      const size = Buffer.byteLength(JSON.stringify(entry.output));
      forget(entry.key);
      entries.set(entry.key, { entry, bytes: size, hits: 0 });
      bytes += size;
      if (bytes > maxBytes) evict(Math.floor(maxBytes * ROOM_MADE));
    },
    stats: async () => ({ entries: entries.size, bytes, maxBytes, ...total, workflows: byWorkflow(entries.values()) }),
    async clear(workflow) {
      const gone = [...entries].filter(([, { entry }]) => workflow === undefined || entry.workflow === workflow);
      for (const [key] of gone) forget(key);
      if (workflow === undefined) total = { hits: 0, misses: 0, saved: nanoUsd(0) };
      return gone.length;
    },
    async prune(at, most = maxBytes) {
      const old = [...entries].filter(([, { entry }]) => !isFresh(entry, at, undefined));
      for (const [key] of old) forget(key);
      return { expired: old.length, evicted: evict(most) };
    },
  };
}

function byWorkflow(all: Iterable<Kept>): readonly CachedWorkflow[] {
  const found = new Map<string, { entries: number; bytes: number; hits: number; saved: ReturnType<typeof nanoUsd> }>();
  for (const { entry, bytes, hits } of all) {
    const one = found.get(entry.workflow) ?? { entries: 0, bytes: 0, hits: 0, saved: nanoUsd(0) };
    found.set(entry.workflow, {
      entries: one.entries + 1,
      bytes: one.bytes + bytes,
      hits: one.hits + hits,
      saved: nanoUsd(one.saved + hits * (entry.cost ?? 0)),
    });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([workflow, one]) => ({ workflow, ...one }));
}
