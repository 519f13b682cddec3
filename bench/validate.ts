import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkWorkflow } from '../engine/check/check.ts';
import { edgesOf } from '../engine/lang/edges.ts';
import { readingsOf } from '../engine/lang/readings.ts';
import { typesOf } from '../engine/lang/scope-shape.ts';
import { kinds } from '../engine/nodes/registry.ts';
import { parseDocument } from '../engine/source/document.ts';
import { parseWorkflow } from '../engine/syntax/parse.ts';
import { type Figure, millis } from './measure.ts';
import { nested, varied } from './workloads.ts';

const cli = join(process.cwd(), 'dist/cli/main.js');
const EMPTY = 'dagrun: 1\nname: empty\nnodes:\n  a: { kind: set, value: "1" }\noutputs: { a: nodes.a.output }\n';

/**
 * What the built command takes to check 1,000 nodes, in CPU time of all its threads beyond what it takes for one node, and where that goes
 * in a process whose code is compiled. Needs `npm run build`.
 */
export function benchValidate(): readonly Figure[] {
  if (!existsSync(cli)) return [{ what: 'the built command', value: 'not built: run `npm run build`' }];
  const files = { empty: EMPTY, 'side by side': varied(1000), 'inside others': nested(1000) };
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-bench-'));
  try {
    const paths = Object.entries(files).map(([name, text]) => {
      const path = join(folder, `${name.replaceAll(' ', '-')}.workflow.yml`);
      writeFileSync(path, text);
      return { name, text, path };
    });
    // In turn, not one after the other: what else the machine does then falls on all of them.
    const taken = paths.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, { path }] of paths.entries()) taken[index]?.push(cpuOf(path));
    }
    const least = taken.map((all) => Math.min(...all));
    const empty = least[0] ?? Number.NaN;
    return paths
      .slice(1)
      .flatMap(({ name, text }, index): readonly Figure[] => [
        { what: `1000 nodes ${name}: CPU time`, value: `one node + ${millis((least[index + 1] ?? Number.NaN) - empty)}`, aim: '≤ 1000 ms' },
        ...phasesOf(text).map(({ phase, ms }) => ({ what: `— ${phase}, compiled`, value: millis(ms) })),
      ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ROUNDS = 7;

/** Milliseconds of CPU time, user and system, of the whole process. */
function cpuOf(path: string): number {
  const tell = "data:text/javascript,process.on('exit',()=>process.stderr.write('@cpu '+JSON.stringify(process.cpuUsage())))";
  const { status, stderr } = spawnSync(process.execPath, ['--import', tell, cli, 'validate', path], { encoding: 'utf8' });
  const [, told] = stderr.split('@cpu ');
  if (status !== 0 || told === undefined) throw new Error(`validate ended with ${status}: ${stderr}`);
  const { user, system }: NodeJS.CpuUsage = JSON.parse(told);
  return (user + system) / 1000;
}

/** The least CPU time of each phase. The rules are what is left when others have computed what they share. */
function phasesOf(text: string): readonly { readonly phase: string; readonly ms: number }[] {
  const least = new Map<string, number>();
  const report = (diagnostic: { readonly message: string }): never => {
    throw new Error(diagnostic.message);
  };
  const timed = <T>(phase: string, work: () => T): T => {
    const before = process.cpuUsage();
    const made = work();
    const { user, system } = process.cpuUsage(before);
    least.set(phase, Math.min(least.get(phase) ?? Number.POSITIVE_INFINITY, (user + system) / 1000));
    return made;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const document = timed('YAML', () => parseDocument({ name: 'bench.workflow.yml', text }, report));
    const host = { read: () => undefined, list: () => [] };
    const workflow = document && timed('shape', () => parseWorkflow(document, { kinds, host }, report));
    if (!workflow) throw new Error('no workflow');
    timed('templates and expressions', () => readingsOf(workflow, kinds));
    timed('edges', () => edgesOf(workflow, kinds));
    timed('types', () => typesOf(workflow, kinds));
    timed('rules', () => checkWorkflow({ workflow, kinds }));
  }
  return [...least].map(([phase, ms]) => ({ phase, ms }));
}
