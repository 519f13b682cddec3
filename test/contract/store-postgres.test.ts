import pg from 'pg';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { changesOf } from '../../engine/run/fold.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { openPostgres } from '../../engine/store/sql/postgres.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { describeStore } from './store.contract.ts';

/** A database of a PostgreSQL server, for these tests only: `postgres://user@127.0.0.1:5432/name`. CI starts one. */
const URL_OF_TESTS = process.env.DAGRUN_TEST_POSTGRES;

if (URL_OF_TESTS === undefined) {
  describe('store: postgres', () => {
    test.skip('needs DAGRUN_TEST_POSTGRES', () => undefined);
  });
} else {
  const admin = new pg.Client({ connectionString: URL_OF_TESTS });
  const schemas: string[] = [];
  beforeAll(() => admin.connect());
  afterAll(async () => {
    for (const schema of schemas) await admin.query(`drop schema ${schema} cascade`);
    await admin.end();
  });

  describeStore('postgres', async () => {
    const schema = `dagrun_test_${process.pid}_${schemas.length}`;
    schemas.push(schema);
    await admin.query(`create schema ${schema}`);
    const url = new URL(URL_OF_TESTS);
    url.searchParams.set('options', `-c search_path=${schema}`);
    return openSqlStore(openPostgres(url.href), (plan) => {
      const index = indexPlan(plan);
      return (view, event) => changesOf(index, view, event, event.at);
    });
  });
}
