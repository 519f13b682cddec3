import type { Instant, RunId, TaskKey, Usd } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Answerer } from './event.ts';

/**
 * Outputs by content key, over all runs. An entry is forgotten when its time is over, and the longest unused go first when
 * there are too many: losing one costs money, never an answer.
 */
export interface Cache {
  /** The entry, if it is not too old: made after `notBefore`, and its own time not over. Counted as a hit or a miss. */
  get(key: string, at: Instant, notBefore?: Instant): Promise<CacheEntry | undefined>;
  /** Keeps an entry in the place of one with the same key, and makes room for it. */
  put(entry: CacheEntry): Promise<void>;
  stats(): Promise<CacheStats>;
  /** Forgets the entries of a workflow, or all of them with the counts; gives how many. */
  clear(workflow?: string): Promise<number>;
  /** Forgets what is too old, then the longest unused until at most `maxBytes` are left. */
  prune(at: Instant, maxBytes?: number): Promise<{ readonly expired: number; readonly evicted: number }>;
}

export interface CacheEntry {
  readonly key: string;
  readonly output: Json;
  /** The task that made it. */
  readonly run: RunId;
  readonly task: TaskKey;
  readonly workflow: string;
  readonly by: Answerer | null;
  /** What its calls cost; null when that is not known. */
  readonly cost: Usd | null;
  readonly at: Instant;
  readonly expiresAt: Instant | null;
}

export interface CacheStats {
  readonly entries: number;
  /** Of the outputs, as JSON. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Since the cache was made, or last cleared. */
  readonly hits: number;
  readonly misses: number;
  /** What the hits had cost when they were made, as far as that is known. */
  readonly saved: Usd;
  readonly workflows: readonly CachedWorkflow[];
}

/** What the cache holds of one workflow, and what that has been good for; sorted by name. */
export interface CachedWorkflow {
  readonly workflow: string;
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly saved: Usd;
}
