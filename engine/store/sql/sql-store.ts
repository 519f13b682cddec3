import { type AliasedExpression, sql } from 'kysely';
import { invariant } from '../../base/assert.ts';
import { acting } from '../../base/failpoint.ts';
import { type BlobRef, instant, nanoUsd, planDigest, type RunId, runId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { RunEvent } from '../../contracts/event.ts';
import type { Plan } from '../../contracts/plan.ts';
import { type Fold, type InboxMessage, type RunRecord, type Store, StoreFailed } from '../../contracts/store.ts';
import { RunMemory } from '../run-memory.ts';
import { refsIn, withLargeValues } from './blobs.ts';
import { createSqlCache } from './cache.ts';
import { createCommitter } from './committer.ts';
import type { SqlDriver } from './driver.ts';
import { MIGRATIONS } from './schema.ts';

/** How many ids one statement takes: SQLite allows 32,766 values in one. */
const IDS = 5000;

/** How many stretches of a journal are read at a time. */
const PAGE = 200;

/**
 * A store in an SQL database. A run's state is kept in memory by whoever drives it, and its journal in the database: an
 * `advance` resolves once its events are committed, and those of many steps are committed together.
 * Throws StoreFailed when the database cannot be used.
 */
export async function openSqlStore(driver: SqlDriver, foldOf: (plan: Plan) => Fold, cacheBytes?: number): Promise<Store> {
  const { db } = driver;
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw driver.explain(error);
    }
  };
  await told(() => migrate(driver));

  const committer = createCommitter(driver);
  const cache = createSqlCache(driver, told, cacheBytes);
  const memories = new Map<RunId, RunMemory>();
  const memoryOf = (id: RunId): RunMemory => {
    const memory = memories.get(id);
    invariant(memory, `run ${id} was not loaded`);
    return memory;
  };
  const planOf = async (id: RunId): Promise<Plan | undefined> => {
    const row = await told(() => db.selectFrom('run_plan').select(bytesOf(driver, 'plan')).where('run', '=', id).executeTakeFirst());
    return row && kept<Plan>(row.plan);
  };

  return {
    create: (run) =>
      told(async () => {
        const row = db.insertInto('run').values({
          id: run.id,
          workflow: run.plan.workflow,
          file: run.file,
          digest: run.plan.digest,
          parent: run.parent ?? null,
          status: 'running',
          started_at: run.at,
          ended_at: null,
          cost: 0,
          owner: null,
          beat_at: null,
        });
        const plan = db.insertInto('run_plan').values({ run: run.id, plan: JSON.stringify(run.plan) });
        await acting('create', () => driver.together([row.compile(), plan.compile()]));
        memories.set(run.id, new RunMemory(run.id));
      }),

    async advance(id, event, decide) {
      committer.throwIfBroken(id);
      const advanced = memoryOf(id).advance(event, decide);
      if (advanced.events.length > 0) await committer.commit(id, advanced.events);
      return advanced;
    },

    async load(id) {
      const plan = await planOf(id);
      if (!plan) throw unknownRun(id);
      const fold = foldOf(plan);
      const memory = new RunMemory(id);
      for await (const event of readJournal(driver, id, 0, told)) {
        try {
          memory.replay(event, fold(memory, event));
        } catch (error) {
          throw damaged(`the events of run ${id} do not go together`, error);
        }
      }
      memories.set(id, memory);
    },
    view: memoryOf,
    state: async (id) => memoryOf(id).run,
    task: async (id, key) => memoryOf(id).task(key),
    itemStates: async (id, node, count) => memoryOf(id).itemStates(node, count),
    items: async (id, node) => memoryOf(id).items(node),
    unsettledTasks: async (id) => memoryOf(id).unsettledTasks(),
    paidCalls: async (id, task) => memoryOf(id).paidCalls(task),
    toolCalls: async (id, task) => memoryOf(id).toolCalls(task),
    journal: { read: (id, after = 0) => readJournal(driver, id, after, told) },

    runs: {
      list: ({ workflow, status, limit } = {}) =>
        told(async () => {
          let query = db.selectFrom('run').selectAll().orderBy('started_at', 'desc').orderBy('id', 'desc');
          if (workflow !== undefined) query = query.where('workflow', '=', workflow);
          if (status !== undefined) query = query.where('status', '=', status);
          if (limit !== undefined) query = query.limit(limit);
          return (await query.execute()).map(recordOf);
        }),
      find: (id) =>
        told(async () => {
          const row = await db.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
          return row && recordOf(row);
        }),
      plan: planOf,
      claim: (id, owner, at, deadBefore, from) =>
        told(async () => {
          const claim = db
            .updateTable('run')
            .set({ owner, beat_at: at, status: 'running', ended_at: null })
            .where('id', '=', id)
            .where((run) => {
              const dead = run('beat_at', '<', deadBefore);
              return run.or([
                run('owner', 'is', null),
                run('owner', '=', owner),
                from === undefined ? dead : run.and([dead, run('owner', '=', from)]),
              ]);
            });
          const taken = await acting('claim', () => claim.executeTakeFirst());
          const mine = taken.numUpdatedRows > 0n;
          if (mine) committer.own(id, owner);
          return mine;
        }),
      beat: (id, owner, at) =>
        told(async () => {
          const beat = db.updateTable('run').set({ beat_at: at }).where('id', '=', id).where('owner', '=', owner);
          const beaten = await acting('beat', () => beat.executeTakeFirst());
          return beaten.numUpdatedRows > 0n;
        }),
      release: (id, owner, status, at) =>
        told(async () => {
          const ended = status !== 'running' && status !== 'waiting';
          const release = db
            .updateTable('run')
            .set({ owner: null, status, ended_at: ended ? at : null })
            .where('id', '=', id)
            .where('owner', '=', owner);
          await acting('release', () => release.execute());
          memories.delete(id);
        }),
      size: (ids) =>
        told(async () => {
          let bytes = 0;
          for (const some of inParts(ids)) {
            const journals = db
              .selectFrom('journal')
              .select((row) => row.fn.sum(sql`length(events)`).as('bytes'))
              .where('run', 'in', some);
            const others = db.selectFrom('blob_use').select('hash').where('run', 'not in', some);
            const blobs = db
              .selectFrom('blob')
              .select((row) => row.fn.sum(sql`length(content)`).as('bytes'))
              .where('hash', 'in', db.selectFrom('blob_use').select('hash').where('run', 'in', some))
              .where('hash', 'not in', others);
            for (const query of [journals, blobs]) bytes += Number((await query.executeTakeFirst())?.bytes ?? 0);
          }
          return bytes;
        }),
      remove: (ids) =>
        told(async () => {
          if (ids.length === 0) return;
          const runs = inParts(ids).map((some) => db.deleteFrom('run').where('id', 'in', some).compile());
          const blobs = db.deleteFrom('blob').where('hash', 'not in', db.selectFrom('blob_use').select('hash')).compile();
          await driver.together([...runs, blobs]);
        }),
    },

    inbox: {
      post: (id, message, at) =>
        told(async () => {
          const known = await db.selectFrom('run').select('id').where('id', '=', id).executeTakeFirst();
          if (!known) throw unknownRun(id);
          const post = db.insertInto('inbox').values({ run: id, at, message: JSON.stringify(message) });
          await acting('post', () => post.execute());
        }),
      read: (id) =>
        told(async () => {
          const rows = await db.selectFrom('inbox').selectAll().where('run', '=', id).orderBy('id').execute();
          return rows.map((row) => ({ id: Number(row.id), at: instant(Number(row.at)), message: kept<InboxMessage>(row.message) }));
        }),
      done: (id, upTo) =>
        told(async () => {
          const taken = db.deleteFrom('inbox').where('run', '=', id).where('id', '<=', upTo);
          await acting('take', () => taken.execute());
        }),
    },

    cache,

    async close() {
      await committer.drain();
      await cache.flush();
      await driver.close();
    },
  };
}

function inParts<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / IDS) }, (_, part) => list.slice(part * IDS, (part + 1) * IDS));
}

async function migrate(driver: SqlDriver): Promise<void> {
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  const version = await driver.version();
  if (version > newest) {
    throw new StoreFailed(
      'newer',
      `the store was written by a newer dagrun (version ${version} of its tables; this one knows ${newest})`,
      'update dagrun, or use another store with DAGRUN_STORE',
    );
  }
  for (const migration of MIGRATIONS) {
    if (migration.version <= version) continue;
    await acting('migrate', () => driver.migrate(migration.statements(driver.dialect), migration.version));
  }
}

/** The events of a run above `after`, page by page, large values in place. */
async function* readJournal(
  driver: SqlDriver,
  id: RunId,
  after: number,
  told: <T>(work: () => Promise<T>) => Promise<T>,
): AsyncIterable<RunEvent> {
  const { db } = driver;
  for (let last = after; ; ) {
    const from = last;
    const rows = await told(() =>
      db
        .selectFrom('journal')
        .select(['last_seq', bytesOf(driver, 'events')])
        .where('run', '=', id)
        .where('last_seq', '>', from)
        .orderBy('first_seq')
        .limit(PAGE)
        .execute(),
    );
    for (const row of rows) {
      const events = kept<readonly RunEvent[]>(row.events);
      if ((events[0]?.seq ?? 0) > last + 1 || events.at(-1)?.seq !== Number(row.last_seq)) throw damaged(`events of run ${id} are missing`);
      const blobs = await told(() => readBlobs(driver, events.flatMap(refsIn)));
      for (const event of events) {
        if (event.seq > after) yield withLargeValues(event, (ref) => blobs.get(ref) ?? null);
      }
      last = Number(row.last_seq);
    }
    if (rows.length < PAGE) return;
  }
}

async function readBlobs(driver: SqlDriver, refs: readonly BlobRef[]): Promise<ReadonlyMap<BlobRef, Json>> {
  if (refs.length === 0) return new Map();
  const rows = await driver.db
    .selectFrom('blob')
    .select(['hash', bytesOf(driver, 'content')])
    .where('hash', 'in', refs)
    .execute();
  const found = new Map(rows.map((row) => [row.hash as BlobRef, kept<Json>(row.content)]));
  const missing = refs.find((ref) => !found.has(ref));
  if (missing) throw damaged(`a value of the run is missing (${missing.slice(0, 12)}…)`);
  return found;
}

function recordOf(row: {
  readonly id: string;
  readonly workflow: string;
  readonly file: string;
  readonly digest: string;
  readonly parent: string | null;
  readonly status: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly cost: number;
  readonly owner: string | null;
  readonly beat_at: number | null;
}): RunRecord {
  const at = (value: number | null): RunRecord['beatAt'] => (value === null ? null : instant(Number(value)));
  return {
    id: runId(row.id),
    workflow: row.workflow,
    file: row.file,
    digest: planDigest(row.digest),
    parent: row.parent === null ? null : runId(row.parent),
    status: row.status as RunRecord['status'],
    startedAt: instant(Number(row.started_at)),
    endedAt: at(row.ended_at),
    cost: nanoUsd(Number(row.cost)),
    owner: row.owner,
    beatAt: at(row.beat_at),
  };
}

/**
 * A column of long texts. From SQLite as bytes: its driver ends the process at a text that is damaged, and most of a store is in
 * such columns.
 */
function bytesOf<Column extends string>({ dialect }: SqlDriver, column: Column): AliasedExpression<string | Uint8Array, Column> {
  const text = sql.ref<string>(column);
  return dialect === 'sqlite' ? sql<Uint8Array>`cast(${text} as blob)`.as(column) : sql<string>`${text}`.as(column);
}

/** What was kept as JSON. Throws StoreFailed when it is none any more. */
function kept<T>(text: string | Uint8Array): T {
  try {
    return JSON.parse(typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text)) as T;
  } catch (error) {
    throw damaged('what it holds cannot be read', error);
  }
}

function damaged(what: string, cause?: unknown): StoreFailed {
  return new StoreFailed('corrupt', `the store is damaged: ${what}`, 'move it away, and restore a copy if there is one', { cause });
}

function unknownRun(id: RunId): StoreFailed {
  return new StoreFailed('unknown_run', `there is no run ${id}`, '`dagrun runs list` shows the runs there are');
}
