import { join } from 'node:path';
import { build } from 'tsdown';

const root: string = join(import.meta.dirname, '../..');

/**
 * A script of the tests with all of the engine in one file: a process of it starts in a fraction of the time, and everything it
 * loads is as it was when the test began. Inside node_modules, where its packages are found. Gives its path.
 */
export async function bundleOf(script: string): Promise<string> {
  const outDir = join(root, 'node_modules/.cache/dagrun', `${script.replaceAll(/\W/g, '-')}-${process.pid}`);
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
