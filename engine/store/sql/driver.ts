import type { CompiledQuery, Kysely } from 'kysely';
import type { Dialect, Tables } from './schema.ts';

/** A stretch of events to be kept, and what they make of their run's row. */
export interface Append {
  readonly run: string;
  /** Who writes: nothing is written for somebody who does not drive the run any more. */
  readonly owner: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly events: string;
  /** The blobs they refer to. */
  readonly blobs: readonly string[];
  /** Nano-dollars that its calls added. */
  readonly cost: number;
}

export interface NewBlob {
  readonly hash: string;
  readonly content: string;
}

/** One database. Everything is asked through `db`; only what happens for every answer has a way of its own. */
export interface SqlDriver {
  readonly dialect: Dialect;
  readonly db: Kysely<Tables>;
  /** Statements of one migration and the new version, all or nothing. */
  migrate(statements: readonly string[], version: number): Promise<void>;
  /** The version of the schema; 0 for an empty database. */
  version(): Promise<number>;
  /** Does these, all or nothing. */
  together(queries: readonly CompiledQuery[]): Promise<void>;
  /** Keeps these, all or nothing; the runs that are driven by somebody else by now are given back, and nothing of theirs was written. */
  append(blobs: readonly NewBlob[], appends: readonly Append[]): Promise<readonly string[]>;
  /** True for an error that says somebody else holds the database; others are told by `explain`. */
  explain(error: unknown): Error;
  close(): Promise<void>;
}
