import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Figure } from './measure.ts';

const root = process.cwd();
const cli = join(root, 'dist/cli/main.js');

/** How long the built command takes from nothing, against a Node that does nothing. Needs `npm run build`. */
export async function benchStartup(): Promise<readonly Figure[]> {
  if (!existsSync(cli)) return [{ what: 'start-up of the built command', value: 'not built: run `npm run build`' }];
  const commands: readonly { readonly what: string; readonly args: readonly string[]; readonly aim?: string }[] = [
    { what: '`node -e 0`', args: ['-e', '0'] },
    { what: '`dagrun --version`', args: [cli, '--version'], aim: 'node + 40 ms' },
    {
      what: '`dagrun validate` of a gallery file',
      args: [cli, 'validate', 'workflows/research-synthesis.workflow.yml'],
      aim: 'node + 150 ms',
    },
    {
      what: '`dagrun run --offline` of a gallery file',
      args: [cli, 'run', 'workflows/research-synthesis.workflow.yml', '--offline', '--quiet'],
    },
  ];
  // In turn, not one after the other: what else the machine does then falls on all of them.
  const taken = commands.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { args }] of commands.entries()) taken[index]?.push(timeOf(args));
  }
  const fastest = taken.map((all) => Math.min(...all));
  const node = fastest[0] ?? Number.NaN;
  return commands.map(({ what, aim }, index) => {
    const took = fastest[index] ?? Number.NaN;
    return {
      what,
      value: index === 0 ? `${took.toFixed(0)} ms` : `${took.toFixed(0)} ms, node + ${(took - node).toFixed(0)} ms`,
      ...(aim !== undefined && { aim }),
    };
  });
}

const ROUNDS = 15;

function timeOf(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}
