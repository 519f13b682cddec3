import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsdown';

/**
 * `npm run bench [section …]`: prints the tables of bench/README.md. Each section runs in a process of its own,
 * so that none pays for another's heap; what is compared is measured in the same process.
 *
 * It runs built, as dagrun does at its users': what loads TypeScript on the fly wraps every function to keep its name,
 * which costs up to half of the time where functions are short.
 */
const ALL = ['engine', 'durable', 'text', 'validate', 'startup', 'providers'];

const out = join(import.meta.dirname, '../node_modules/.cache/dagrun-bench');
await build({
  entry: { section: join(import.meta.dirname, 'section.ts'), 'instant-server': join(import.meta.dirname, 'instant-server.ts') },
  outDir: out,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  dts: false,
  fixedExtension: false,
  config: false,
  logLevel: 'error',
});

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB\n`);
const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : ALL) {
  const args = ['--expose-gc', join(out, 'section.js'), name];
  console.log(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}
