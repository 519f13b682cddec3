import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject } from '../../engine/base/json.ts';
import type { Task } from './child.ts';

/** What a model says to one call, or whoever is asked outside. */
export type Answer =
  | { readonly text: string }
  | { readonly error: number }
  /** It wants tools called. */
  | { readonly calls: readonly (readonly [tool: string, args: JsonObject])[] }
  /** A text of so many characters. */
  | { readonly long: number };

/** The world a reference run meets: `world.yml` beside its workflow. */
export interface ReferenceRun {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly workflow: string;
  /** An input that is `outside` is the address of what is no model. */
  readonly inputs: JsonObject;
  /** To the calls of a task, in order; the last one is repeated: `again read[0]` or `once ask two` is what is done outside. Tasks that are not listed get a text of their own. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  readonly people: Task['people'];
  readonly signals: Task['signals'];
}

const root: string = join(import.meta.dirname, 'runs');

/**
 * The runs that are killed. A folder is a reference run: a workflow whose prompts begin with a line that is their task's key,
 * and the world it meets.
 */
export const referenceRuns: readonly ReferenceRun[] = readdirSync(root)
  .sort()
  .map((name) => {
    const folder = join(root, name);
    const world = parse(readFileSync(join(folder, 'world.yml'), 'utf8')) as Partial<ReferenceRun> | null;
    return {
      name,
      folder,
      workflow: join(folder, `${name}.workflow.yml`),
      inputs: world?.inputs ?? {},
      answers: Object.fromEntries(
        Object.entries(world?.answers ?? {}).map(([task, said]) => [task, Array.isArray(said) ? said : [said]] as const),
      ),
      people: world?.people ?? {},
      signals: world?.signals ?? {},
    };
  });
