import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { failpoint } from '../../base/failpoint.ts';
import { StoreFailed } from '../../contracts/store.ts';
import type { Append, NewBlob, SqlDriver } from './driver.ts';
import type { Tables } from './schema.ts';

/** How long a writer waits for another process that is writing. */
const BUSY_MS = 5000;

/** The SQLite file of a project; its folder is made, and kept out of git. Throws StoreFailed. */
export function openSqlite(file: string, busyMs: number = BUSY_MS): SqlDriver {
  let raw: Database.Database;
  try {
    prepareFolder(dirname(file));
    raw = new Database(file);
    // A commit that was acknowledged survives the loss of power, not only of the process.
    for (const pragma of [`busy_timeout = ${busyMs}`, 'journal_mode = wal', 'synchronous = full', 'foreign_keys = on']) raw.pragma(pragma);
  } catch (error) {
    throw explain(error, file);
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: raw as never }) });

  const inTransaction = <T>(work: () => T): T => {
    raw.exec('begin immediate');
    try {
      const value = work();
      raw.exec('commit');
      return value;
    } catch (error) {
      // A full disk has rolled back by itself.
      if (raw.inTransaction) raw.exec('rollback');
      throw error;
    }
  };
  let prepared: Readonly<Record<'blob' | 'touch' | 'journal' | 'use', Database.Statement>> | undefined;
  const statements = () => {
    prepared ??= {
      blob: raw.prepare('insert into blob (hash, content) values (?, ?) on conflict do nothing'),
      touch: raw.prepare('update run set cost = cost + ? where id = ? and owner = ?'),
      journal: raw.prepare('insert into journal (run, first_seq, last_seq, events) values (?, ?, ?, ?)'),
      use: raw.prepare('insert into blob_use (hash, run) values (?, ?) on conflict do nothing'),
    };
    return prepared;
  };

  return {
    dialect: 'sqlite',
    db,
    async version() {
      return versionOf(raw);
    },
    async migrate(lines, version) {
      inTransaction(() => {
        // Another process may have been quicker.
        if (versionOf(raw) >= version) return;
        for (const line of lines) raw.exec(line);
        raw.pragma(`user_version = ${version}`);
      });
    },
    async together(queries) {
      inTransaction(() => {
        for (const { sql, parameters } of queries) raw.prepare(sql).run(...parameters);
      });
    },
    async append(blobs: readonly NewBlob[], appends: readonly Append[]) {
      const { blob, touch, journal, use } = statements();
      return inTransaction(() => {
        const lost: string[] = [];
        for (const { hash, content } of blobs) blob.run(hash, content);
        for (const { run, owner, firstSeq, lastSeq, events, blobs: used, cost } of appends) {
          if (touch.run(cost, run, owner).changes === 0) {
            lost.push(run);
            continue;
          }
          journal.run(run, firstSeq, lastSeq, events);
          for (const hash of used) use.run(hash, run);
        }
        failpoint('append.within');
        return lost;
      });
    },
    explain: (error) => explain(error, file),
    async close() {
      try {
        // One file to copy, when nobody else has it open.
        raw.pragma('wal_checkpoint(truncate)');
      } catch {
        // The log beside the file holds the same.
      }
      await db.destroy();
    },
  };
}

function versionOf(raw: Database.Database): number {
  const [row] = raw.pragma('user_version') as readonly { readonly user_version: number }[];
  return row?.user_version ?? 0;
}

function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const ignore = join(folder, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
}

/** What a database error means for whoever runs a workflow. Source of the codes: sqlite.org/rescode.html. */
function explain(error: unknown, file: string): Error {
  if (!(error instanceof Error) || error instanceof StoreFailed) return error instanceof Error ? error : new Error(String(error));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const failed = (reason: StoreFailed['reason'], message: string, help: string): StoreFailed =>
    new StoreFailed(reason, message, help, { cause: error });
  const text = `${code} ${error.message}`;
  if (/SQLITE_FULL|ENOSPC/.test(text)) return failed('full', `the disk is full: ${file} cannot grow`, 'make room on it');
  if (/SQLITE_NOTADB/.test(text))
    return failed('corrupt', `${file} is no store of dagrun`, 'move it away, or put the store elsewhere with DAGRUN_STORE=file:…');
  if (/connection is not open|already been destroyed/.test(text))
    return failed('io', `${file} was closed while it was in use`, 'start again');
  if (/SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|EACCES|EROFS|EPERM|EISDIR|ENOTDIR|EEXIST|Unable to open connection/.test(text))
    return failed(
      'read_only',
      `${file} cannot be written`,
      'make its folder writable, or put the store elsewhere with DAGRUN_STORE=file:…',
    );
  if (/SQLITE_CORRUPT/.test(text))
    return failed('corrupt', `${file} is damaged`, 'move it away (keep its -wal and -shm beside it), and restore a copy if there is one');
  if (/SQLITE_BUSY|SQLITE_LOCKED/.test(text))
    return failed('locked', `${file} is locked by another process`, 'wait until it is done, then try again');
  if (/SQLITE_IOERR|EIO/.test(text))
    return failed('io', `${file} cannot be read or written: the disk reports an error`, 'check the disk; what was committed is kept');
  return error;
}
