import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Context } from './context.ts';
import { tellProblem } from './problem.ts';

/** Editors write a file in several steps: what comes within this time is one change. */
const DEBOUNCE_MS = 120;

/**
 * Runs, and again whenever one of the files it was made of changes, until the process is asked to stop. Returns the exit code of the
 * last time. A mistake on the way is told, and waited out.
 */
export function watchAndRun(
  ctx: Context,
  run: () => Promise<{ readonly files: readonly string[]; readonly exit: number }>,
): Promise<number> {
  let exit = 0;
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let again = false;
  let over = false;

  return new Promise((resolve) => {
    const close = (): void => {
      for (const watcher of watchers) watcher.close();
      watchers = [];
    };
    const changed = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void go(), DEBOUNCE_MS);
    };
    const go = async (): Promise<void> => {
      if (running) {
        again = true;
        return;
      }
      running = true;
      try {
        const done = await run();
        exit = done.exit;
        if (over) return;
        close();
        watchers = watchAll(done.files, changed);
      } catch (error) {
        exit = await tellProblem(ctx, error);
      }
      running = false;
      if (over) return;
      if (watchers.length === 0) return stop();
      if (again) {
        again = false;
        return changed();
      }
      ctx.tell(ctx.err.dim('watching; Ctrl-C ends it'));
    };
    const stop = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      close();
      forget();
      resolve(exit);
    };
    const forget = ctx.io.onStopSignal(stop);
    void go();
  });
}

/** Watches the folders, not the files: editors replace a file by another. */
function watchAll(files: readonly string[], changed: () => void): readonly FSWatcher[] {
  const byFolder = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = dirname(file);
    byFolder.set(folder, (byFolder.get(folder) ?? new Set()).add(basename(file)));
  }
  return [...byFolder].flatMap(([folder, names]) => {
    try {
      return watch(folder, (_event, name) => {
        if (name === null || names.has(name)) changed();
      });
    } catch {
      return [];
    }
  });
}
