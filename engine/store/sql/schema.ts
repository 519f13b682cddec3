import type { Generated } from 'kysely';

/** The tables, as Kysely sees them. Times are milliseconds since 1970, money is nano-dollars, JSON is text. */
export interface Tables {
  readonly run: RunTable;
  readonly run_plan: { readonly run: string; readonly plan: string };
  readonly journal: JournalTable;
  readonly blob: { readonly hash: string; readonly content: string };
  /** Which runs refer to a blob: it goes with the last of them. */
  readonly blob_use: { readonly hash: string; readonly run: string };
  readonly inbox: InboxTable;
  readonly cache: CacheTable;
  /** `hits`, `misses`, `saved`. */
  readonly cache_count: { readonly name: string; readonly value: number };
}

interface RunTable {
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
}

/** A stretch of a run's events: those that were committed together, as a JSON list. */
interface JournalTable {
  readonly run: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly events: string;
}

interface InboxTable {
  readonly id: Generated<number>;
  readonly run: string;
  readonly at: number;
  readonly message: string;
}

export interface CacheTable {
  readonly key: string;
  readonly workflow: string;
  readonly run: string;
  readonly task: string;
  readonly output: string;
  readonly bytes: number;
  readonly answerer: string | null;
  readonly cost: number | null;
  readonly at: number;
  readonly expires_at: number | null;
  readonly used_at: number;
  readonly hits: number;
}

export type Dialect = 'sqlite' | 'postgres';

/**
 * What has to be done to an older database, in order; a number is for ever. Written in the SQL both databases share, but for
 * what `choose` decides.
 */
export const MIGRATIONS: readonly { readonly version: number; readonly statements: (dialect: Dialect) => readonly string[] }[] = [
  {
    version: 1,
    statements(dialect) {
      const strict = dialect === 'sqlite' ? ' strict' : '';
      const big = dialect === 'sqlite' ? 'integer' : 'bigint';
      const counted = dialect === 'sqlite' ? 'integer primary key autoincrement' : 'bigserial primary key';
      return [
        `create table run (
          id text primary key, workflow text not null, file text not null, digest text not null, parent text,
          status text not null, started_at ${big} not null, ended_at ${big}, cost ${big} not null, owner text, beat_at ${big}
        )${strict}`,
        `create table run_plan (run text primary key references run (id) on delete cascade, plan text not null)${strict}`,
        `create table journal (
          run text not null references run (id) on delete cascade, first_seq ${big} not null, last_seq ${big} not null,
          events text not null, primary key (run, first_seq)
        )${strict}`,
        `create table blob (hash text primary key, content text not null)${strict}`,
        `create table inbox (
          id ${counted}, run text not null references run (id) on delete cascade, at ${big} not null, message text not null
        )${strict}`,
        'create index inbox_run on inbox (run)',
        'create index run_started on run (started_at)',
      ];
    },
  },
  {
    version: 2,
    statements(dialect) {
      const strict = dialect === 'sqlite' ? ' strict' : '';
      const big = dialect === 'sqlite' ? 'integer' : 'bigint';
      return [
        // Not tied to its run: an answer outlives the run that paid for it.
        `create table cache (
          key text primary key, workflow text not null, run text not null, task text not null, output text not null,
          bytes ${big} not null, answerer text, cost ${big}, at ${big} not null, expires_at ${big}, used_at ${big} not null,
          hits ${big} not null
        )${strict}`,
        'create index cache_used on cache (used_at)',
        `create table cache_count (name text primary key, value ${big} not null)${strict}`,
      ];
    },
  },
  {
    version: 3,
    statements(dialect) {
      const strict = dialect === 'sqlite' ? ' strict' : '';
      const found = dialect === 'sqlite' ? 'instr(journal.events, blob.hash)' : 'strpos(journal.events, blob.hash)';
      return [
        `create table blob_use (
          hash text not null references blob (hash), run text not null references run (id) on delete cascade, primary key (hash, run)
        )${strict}`,
        'create index blob_use_run on blob_use (run)',
        `insert into blob_use (hash, run) select distinct blob.hash, journal.run from blob join journal on ${found} > 0`,
      ];
    },
  },
];
