import type { Selectable } from 'kysely';
import { instant, nanoUsd, runId, taskKey } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { Cache, CacheEntry } from '../../contracts/cache.ts';
import type { Answerer } from '../../contracts/event.ts';
import { isFresh, MAX_CACHE_BYTES, ROOM_MADE } from '../cache-rules.ts';
import type { SqlDriver } from './driver.ts';
import type { CacheTable } from './schema.ts';

/** Rows of one statement: both databases limit how many values it may carry. */
const ROWS = 200;
/** Entries forgotten at a time when room is made. */
const EVICTED = 500;

/** The cache of a database, and how to wait until all of it is written. */
export interface SqlCache extends Cache {
  flush(): Promise<void>;
}

/**
 * A cache in an SQL database. What is put in, and what was used, is written a little later and many at a time: who asks or
 * answers does not wait for the disk, and what is lost in a crash is an entry, never an answer.
 */
export function createSqlCache(
  driver: SqlDriver,
  told: <T>(work: () => Promise<T>) => Promise<T>,
  maxBytes: number = MAX_CACHE_BYTES,
): SqlCache {
  const { db } = driver;
  const added = new Map<string, { readonly row: Selectable<CacheTable>; readonly entry: CacheEntry }>();
  /** How often each entry was used since the last writing. */
  const used = new Map<string, number>();
  let latest = 0;
  let counts = noCounts();
  /** Bytes kept, as far as this process knows; undefined until it has looked. */
  let bytes: number | undefined;
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (added.size > 0 || used.size > 0 || counts.misses > 0) {
      const rows = [...added.values()].map(({ row }) => row);
      const hits = [...used];
      const counted = counts;
      used.clear();
      counts = noCounts();
      for (let from = 0; from < rows.length; from += ROWS) await insert(rows.slice(from, from + ROWS));
      // Until they are written, they are read from here.
      for (const row of rows) if (added.get(row.key)?.row === row) added.delete(row.key);
      for (const [times, keys] of grouped(hits)) {
        for (let from = 0; from < keys.length; from += ROWS) await touch(keys.slice(from, from + ROWS), times);
      }
      await count(counted);
      bytes = (bytes ?? (await size())) + rows.reduce((sum, row) => sum + row.bytes, 0);
      if (bytes > maxBytes) {
        await evict(Math.floor(maxBytes * ROOM_MADE));
        bytes = undefined;
      }
    }
  };
  const insert = async (rows: readonly Selectable<CacheTable>[]): Promise<void> => {
    await db
      .insertInto('cache')
      .values(rows)
      .onConflict((on) =>
        on.column('key').doUpdateSet((set) => ({
          output: set.ref('excluded.output'),
          bytes: set.ref('excluded.bytes'),
          run: set.ref('excluded.run'),
          task: set.ref('excluded.task'),
          workflow: set.ref('excluded.workflow'),
          answerer: set.ref('excluded.answerer'),
          cost: set.ref('excluded.cost'),
          at: set.ref('excluded.at'),
          expires_at: set.ref('excluded.expires_at'),
          used_at: set.ref('excluded.used_at'),
        })),
      )
      .execute();
  };
  const touch = async (keys: readonly string[], times: number): Promise<void> => {
    await db
      .updateTable('cache')
      .set((set) => ({ hits: set('hits', '+', times), used_at: latest }))
      .where('key', 'in', keys)
      .execute();
  };
  const count = async (counted: Counts): Promise<void> => {
    const rows = Object.entries(counted)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => ({ name, value }));
    if (rows.length === 0) return;
    await db
      .insertInto('cache_count')
      .values(rows)
      .onConflict((on) => on.column('name').doUpdateSet((set) => ({ value: set('cache_count.value', '+', set.ref('excluded.value')) })))
      .execute();
  };
  const size = async (): Promise<number> => {
    const row = await db
      .selectFrom('cache')
      .select((select) => select.fn.sum<number | null>('bytes').as('bytes'))
      .executeTakeFirst();
    return Number(row?.bytes ?? 0);
  };
  const evict = async (most: number): Promise<number> => {
    let evicted = 0;
    for (let kept = await size(); kept > most; ) {
      const oldest = await db.selectFrom('cache').select(['key', 'bytes']).orderBy('used_at').orderBy('key').limit(EVICTED).execute();
      const gone: string[] = [];
      for (const row of oldest) {
        if (kept <= most) break;
        gone.push(row.key);
        kept -= Number(row.bytes);
      }
      if (gone.length === 0) break;
      await db.deleteFrom('cache').where('key', 'in', gone).execute();
      evicted += gone.length;
    }
    return evicted;
  };
  /** Losing what was to be written is no reason to fail a run: the next time it is asked again. */
  const later = (): void => {
    writing ??= write()
      .catch(() => {
        added.clear();
      })
      .finally(() => {
        writing = undefined;
      });
  };
  const flush = async (): Promise<void> => {
    while (writing) await writing;
  };

  return {
    flush,
    async get(key, at, notBefore) {
      const waiting = added.get(key)?.entry;
      const row = waiting ? undefined : await told(() => db.selectFrom('cache').selectAll().where('key', '=', key).executeTakeFirst());
      const entry = waiting ?? (row && entryOf(row));
      latest = Math.max(latest, at);
      const found = entry && isFresh(entry, at, notBefore) ? entry : undefined;
      if (found) {
        used.set(key, (used.get(key) ?? 0) + 1);
        counts = { ...counts, hits: counts.hits + 1, saved: counts.saved + (found.cost ?? 0) };
      } else counts = { ...counts, misses: counts.misses + 1 };
      later();
      return found;
    },
    async put(entry) {
      added.set(entry.key, { row: rowOf(entry), entry });
      later();
    },
    stats: () =>
      told(async () => {
        await flush();
        const rows = await db
          .selectFrom('cache')
          .select((select) => [
            'workflow',
            select.fn.countAll<number>().as('entries'),
            select.fn.sum<number>('bytes').as('bytes'),
            select.fn.sum<number>('hits').as('hits'),
            select.fn.sum<number | null>(select('hits', '*', select.ref('cost'))).as('saved'),
          ])
          .groupBy('workflow')
          .orderBy('workflow')
          .execute();
        const totals = new Map((await db.selectFrom('cache_count').selectAll().execute()).map(({ name, value }) => [name, Number(value)]));
        const workflows = rows.map((row) => ({
          workflow: row.workflow,
          entries: Number(row.entries),
          bytes: Number(row.bytes),
          hits: Number(row.hits),
          saved: nanoUsd(Number(row.saved ?? 0)),
        }));
        return {
          entries: workflows.reduce((sum, one) => sum + one.entries, 0),
          bytes: workflows.reduce((sum, one) => sum + one.bytes, 0),
          maxBytes,
          hits: totals.get('hits') ?? 0,
          misses: totals.get('misses') ?? 0,
          saved: nanoUsd(totals.get('saved') ?? 0),
          workflows,
        };
      }),
    clear: (workflow) =>
      told(async () => {
        await flush();
        let query = db.deleteFrom('cache');
        if (workflow !== undefined) query = query.where('workflow', '=', workflow);
        else await db.deleteFrom('cache_count').execute();
        bytes = undefined;
        return Number((await query.executeTakeFirst()).numDeletedRows);
      }),
    prune: (at, most = maxBytes) =>
      told(async () => {
        await flush();
        const old = await db.deleteFrom('cache').where('expires_at', '<=', at).executeTakeFirst();
        bytes = undefined;
        return { expired: Number(old.numDeletedRows), evicted: await evict(most) };
      }),
  };
}

interface Counts {
  readonly hits: number;
  readonly misses: number;
  readonly saved: number;
}

const noCounts = (): Counts => ({ hits: 0, misses: 0, saved: 0 });

/** Keys by how often they were used: nearly all once. */
function grouped(hits: readonly (readonly [string, number])[]): ReadonlyMap<number, readonly string[]> {
  const groups = new Map<number, string[]>();
  for (const [key, times] of hits) {
    const known = groups.get(times);
    if (known) known.push(key);
    else groups.set(times, [key]);
  }
  return groups;
}

function rowOf(entry: CacheEntry): Selectable<CacheTable> {
  const output = JSON.stringify(entry.output);
  return {
    key: entry.key,
    workflow: entry.workflow,
    run: entry.run,
    task: entry.task,
    output,
    bytes: Buffer.byteLength(output),
    answerer: entry.by && JSON.stringify(entry.by),
    cost: entry.cost,
    at: entry.at,
    expires_at: entry.expiresAt,
    used_at: entry.at,
    hits: 0,
  };
}

function entryOf(row: Selectable<CacheTable>): CacheEntry {
  return {
    key: row.key,
    output: JSON.parse(row.output) as Json,
    run: runId(row.run),
    task: taskKey(row.task),
    workflow: row.workflow,
    by: row.answerer === null ? null : (JSON.parse(row.answerer) as Answerer),
    cost: row.cost === null ? null : nanoUsd(Number(row.cost)),
    at: instant(Number(row.at)),
    expiresAt: row.expires_at === null ? null : instant(Number(row.expires_at)),
  };
}
