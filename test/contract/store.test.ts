import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { changesOf } from '../../engine/run/fold.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { openMemoryStore } from '../../engine/store/memory.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';
import { describeStore } from './store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'dagrun-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

describeStore('memory', async () => openMemoryStore());
describeStore('sqlite', async () => {
  count += 1;
  return openSqlStore(openSqlite(join(folder, `${count}.db`)), (plan) => {
    const index = indexPlan(plan);
    return (view, event) => changesOf(index, view, event, event.at);
  });
});
