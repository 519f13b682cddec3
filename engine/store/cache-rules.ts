import type { Instant } from '../base/ids.ts';
import type { CacheEntry } from '../contracts/cache.ts';

/** What the cache may hold when nothing else is said: some hundred thousand answers of a paragraph. */
export const MAX_CACHE_BYTES: number = 256_000_000;

/** Room is made for more than the next entry, so that a full cache is not cleared out for every one. */
export const ROOM_MADE = 0.9;

/** True for an entry whose time is not over, and which is not older than asked for. */
export function isFresh({ at, expiresAt }: Pick<CacheEntry, 'at' | 'expiresAt'>, now: Instant, notBefore: Instant | undefined): boolean {
  return (expiresAt === null || expiresAt > now) && (notBefore === undefined || at >= notBefore);
}
