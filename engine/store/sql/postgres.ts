import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { StoreFailed } from '../../contracts/store.ts';
import type { Append, NewBlob, SqlDriver } from './driver.ts';
import type { Tables } from './schema.ts';

/** Enough for one writer and a few readers of one process; many processes share the server. */
const CONNECTIONS = 4;
/** A frozen process must not hold up a run for longer. */
const LOCK_MS = 5000;
/** Of everything dagrun locks, the number of its own: migrations of two processes wait for each other. Chosen at random. */
const MIGRATION_LOCK = 4_170_203_915;

/** A PostgreSQL database, 13 or newer. Throws StoreFailed when it cannot be reached. */
export function openPostgres(url: string): SqlDriver {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: LOCK_MS,
    statement_timeout: 60_000,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'dagrun',
  });
  // An idle connection that breaks is replaced; whoever asks next hears of it if the server is still away.
  pool.on('error', () => undefined);
  // One that breaks in the hands of somebody fails the query; without a listener it would end the process as well.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });

  return {
    dialect: 'postgres',
    db,
    async version() {
      await sql`create table if not exists dagrun_schema (version integer not null)`.execute(db);
      const { rows } = await sql<{ version: number | null }>`select max(version) as version from dagrun_schema`.execute(db);
      return rows[0]?.version ?? 0;
    },
    async migrate(lines, version) {
      await db.transaction().execute(async (tx) => {
        await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(tx);
        const { rows } = await sql`select 1 from dagrun_schema where version >= ${version}`.execute(tx);
        if (rows.length > 0) return;
        for (const line of lines) await tx.executeQuery(CompiledQuery.raw(line));
        await sql`insert into dagrun_schema (version) values (${version})`.execute(tx);
      });
    },
    together: (queries) =>
      db.transaction().execute(async (tx) => {
        for (const query of queries) await tx.executeQuery(query);
      }),
    append: (blobs: readonly NewBlob[], appends: readonly Append[]) =>
      db.transaction().execute(async (tx) => {
        const lost: string[] = [];
        if (blobs.length > 0) {
          await tx
            .insertInto('blob')
            // Of one statement, no row may be locked twice.
            .values([...new Map(blobs.map((blob) => [blob.hash, blob])).values()].map(({ hash, content }) => ({ hash, content })))
            // Locks one that is there: nobody forgets it before it is used.
            .onConflict((conflict) => conflict.column('hash').doUpdateSet((row) => ({ hash: row.ref('excluded.hash') })))
            .execute();
        }
        for (const { run, owner, firstSeq, lastSeq, events, blobs: used, cost } of appends) {
          // The row's lock orders this after whoever takes the run over.
          const touched = await tx
            .updateTable('run')
            .set((row) => ({ cost: row('cost', '+', cost) }))
            .where('id', '=', run)
            .where('owner', '=', owner)
            .executeTakeFirst();
          if (touched.numUpdatedRows === 0n) {
            lost.push(run);
            continue;
          }
          await tx.insertInto('journal').values({ run, first_seq: firstSeq, last_seq: lastSeq, events }).execute();
          if (used.length === 0) continue;
          const uses = [...new Set(used)].map((hash) => ({ hash, run }));
          await tx
            .insertInto('blob_use')
            .values(uses)
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        return lost;
      }),
    explain: (error) => explain(error, url),
    close: () => db.destroy(),
  };
}

/** What a database error means for whoever runs a workflow. Source of the codes: PostgreSQL's manual, appendix A. */
function explain(error: unknown, url: string): Error {
  if (!(error instanceof Error) || error instanceof StoreFailed) return error instanceof Error ? error : new Error(String(error));
  const where = withoutPassword(url);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const failed = (reason: StoreFailed['reason'], message: string, help: string): StoreFailed =>
    new StoreFailed(reason, message, help, { cause: error });
  if (code === '53100') return failed('full', `the disk of ${where} is full`, 'make room on it');
  if (code === '25006' || code === '42501') return failed('read_only', `${where} may not be written`, 'give its user the right to write');
  if (code === '55P03' || code === '57014')
    return failed('locked', `${where} is held by another process`, 'wait until it is done, then try again');
  if (code === '28P01' || code === '28000') return failed('unreachable', `${where} refuses the user or the password`, 'check `store.url`');
  if (code === '3D000') return failed('unreachable', `${where} has no such database`, 'create it, or correct `store.url`');
  if (/^(08|57P)/.test(code) || /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|ECONNRESET|EPIPE|terminated|timeout/i.test(`${code} ${error.message}`))
    return failed('unreachable', `${where} cannot be reached`, 'see whether the server runs');
  return error;
}

function withoutPassword(url: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
  } catch {
    return 'the store';
  }
}
