import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../engine/base/clock.ts';
import { runId } from '../../engine/base/ids.ts';
import type { RunOptions } from '../../engine/contracts/engine.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { runIn } from '../../engine/run-workflow.ts';

/** A folder of its own for one test, with a configuration, so that it is a workspace. */
export interface Workspace {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string): void;
  /** Runs a workflow given by its sections, from `nodes:` on; in no time between tries. */
  run(text: string, options?: Partial<RunOptions>): Promise<Told>;
  remove(): void;
}

export interface Told {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** An output of the run, `it` unless named; throws what the run failed of. */
  output(name?: string): unknown;
  /** What the only node failed of, or the one named. */
  error(node?: string): string;
}

export function workspace(config = ''): Workspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dagrun-nodes-')));
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  write('dagrun.config.yml', config);
  const env = { PATH: process.env.PATH ?? '', HOME: folder, DAGRUN_STORE: 'memory:' };
  return {
    folder,
    path,
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    async run(text, options = {}) {
      write('it.workflow.yml', `dagrun: 1\nname: it\n${text}`);
      const around = { cwd: folder, env: { ...env, ...options.env } };
      const workflow = await loadWorkflow('it.workflow.yml', around);
      const events: RunEvent[] = [];
      const world = { clock: systemClock, random: () => 0, id: runId('run_it') };
      const result = await runIn(world, workflow, { ...options, ...around, onEvent: (event) => events.push(event) });
      const node = (id?: string): RunResult['nodes'][number] => {
        const found = id === undefined ? result.nodes[0] : result.nodes.find((one) => one.id === id);
        if (!found) throw new Error(`no node ${id}`);
        return found;
      };
      return {
        result,
        events,
        output: (name = 'it') => {
          if (result.error) throw new Error(`${result.error.type}: ${result.error.message}`);
          return result.outputs[name];
        },
        error: (id) => {
          const { error } = node(id);
          return error ? `${error.type}: ${error.message}` : 'no error';
        },
      };
    },
  };
}
