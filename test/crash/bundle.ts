import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsdown';

const root: string = join(import.meta.dirname, '../..');
const cache: string = join(root, 'node_modules/.cache/dagrun');

/**
 * A script with all of the engine in one file: a process of it starts in a fraction of the time, and everything it loads is as it
 * was when the test began. Inside node_modules, where its packages are found. Gives its path.
 */
export async function bundleOf(script: string): Promise<string> {
  removeLeftOver();
  const outDir = join(cache, `${script.replaceAll(/\W/g, '-')}-${process.pid}`);
  await build({
    config: false,
    entry: { child: join(root, script) },
    outDir,
    platform: 'node',
    target: 'node20',
    dts: false,
    clean: true,
    fixedExtension: false,
    logLevel: 'error',
    deps: { alwaysBundle: [/^(?!libsql|@libsql|pg-native).*/], neverBundle: ['libsql', 'pg-native'] },
  });
  return join(outDir, 'child.js');
}

/** Bundles of processes that are gone: a test has no end at which it could be sure to remove its own. */
function removeLeftOver(): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(cache);
  } catch {
    // The first bundle of all.
  }
  for (const name of names) {
    const pid = Number(/-(\d+)$/.exec(name)?.[1]);
    try {
      process.kill(pid, 0);
    } catch {
      rmSync(join(cache, name), { recursive: true, force: true });
    }
  }
}
