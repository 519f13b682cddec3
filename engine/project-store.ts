import { join, resolve } from 'node:path';
import { loadConfig } from './config.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { Plan } from './contracts/plan.ts';
import { type Fold, type Store, StoreFailed } from './contracts/store.ts';
import { changesOf } from './run/fold.ts';
import { indexPlan } from './run/plan-index.ts';
import { openMemoryStore } from './store/memory.ts';
import { workspaceOf } from './workspace.ts';

/** Where a project keeps its runs when nothing else is configured; in its workspace. */
const DEFAULT_FILE = '.dagrun/dagrun.db';

/**
 * The store of the project around `cwd`: `DAGRUN_STORE`, else `store.url` of the configuration, else a file in the workspace.
 * Throws StoreFailed when it cannot be used, DagrunError for a wrong configuration.
 */
export async function openProjectStore(around: Surroundings = {}): Promise<Store> {
  const { url, cacheBytes } = settingsOf(around);
  if (url === 'memory:') return openMemoryStore();
  const { openSqlStore } = await import('./store/sql/sql-store.ts');
  if (/^postgres(ql)?:/.test(url)) {
    const { openPostgres } = await import('./store/sql/postgres.ts');
    return openSqlStore(openPostgres(url), foldOf, cacheBytes);
  }
  // What stands in the environment is checked by no schema. It is not repeated here, since it may hold a password.
  if (!url.startsWith('file:'))
    throw new StoreFailed(
      'unreachable',
      'DAGRUN_STORE or store.url names no kind of store that there is',
      'write file:<path>, postgres://… or memory:',
    );
  const { openSqlite } = await import('./store/sql/sqlite.ts');
  return openSqlStore(openSqlite(url.slice('file:'.length)), foldOf, cacheBytes);
}

/** False when nothing of a run outlives its process here. */
export function keepsRuns(around: Surroundings = {}): boolean {
  return settingsOf(around).url !== 'memory:';
}

/** How the journal of a plan's runs is read. */
function foldOf(plan: Plan): Fold {
  const index = indexPlan(plan);
  return (view, event) => changesOf(index, view, event, event.at);
}

/** `url`: `memory:`, `postgres://…`, or `file:` with an absolute path. */
function settingsOf(around: Surroundings): { readonly url: string; readonly cacheBytes: number | undefined } {
  const cwd = resolve(around.cwd ?? '.');
  const config = loadConfig({ ...around, cwd });
  const { url, from } = config.store;
  const { cacheBytes } = config;
  if (url === undefined) return { url: `file:${join(workspaceOf(cwd), DEFAULT_FILE)}`, cacheBytes };
  return { url: url.startsWith('file:') ? `file:${resolve(from ?? cwd, url.slice('file:'.length))}` : url, cacheBytes };
}
