import { hash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { ModelWant } from '../contracts/provider.ts';
import type { Scope } from '../lang/evaluate.ts';
import { referencesInSource } from '../lang/references.ts';
import type { CompiledNode, CompiledStage } from './compile-node.ts';
import { valueAt } from './value-at.ts';

/** What a run's content keys depend on besides its plan. */
export interface KeyOptions {
  /** The models a want stands for, preferred first. */
  candidatesOf(want: ModelWant): readonly string[];
  /** Answers that no real model gave are never taken for real ones, nor the other way round. */
  readonly simulated: boolean;
}

export interface ContentKeys {
  /**
   * The digest of everything a stage's output follows from: the rendered spec, what its kind reads besides, the models that may
   * answer, the schema, the checks, `result` and `escalate.when` with the values they read, and the version of the kind's code.
   */
  of(node: CompiledNode, stage: CompiledStage, spec: JsonObject, reads: Json, scope: Scope, nth?: readonly number[]): string;
}

/** What does not differ from task to task is put together once. */
export function createContentKeys(options: KeyOptions): ContentKeys {
  const shared = new WeakMap<CompiledStage, { readonly digest: string; readonly fields: readonly string[] }>();
  const values = new WeakMap<CompiledStage, (scope: Scope) => readonly Json[]>();
  return {
    of(node, stage, spec, reads, scope, nth = []) {
      const common = remembered(shared, stage, () => ({ digest: sharedBy(node.node, stage, options), fields: fieldsOf(stage) }));
      const read = remembered(values, stage, () => readsOf(node.node, stage));
      return hash(
        'sha256',
        JSON.stringify([
          common.digest,
          common.fields.map((name) => spec[name] ?? null),
          reads,
          read(scope),
          ...(nth.length > 0 ? [nth] : []),
        ]),
        'base64url',
      );
    },
  };
}

/** The key of a fallback's output: it stands for the node's own way, which failed on its question, and so depends on both. */
export function keyOfLadder(keys: readonly string[]): string {
  const [only = ''] = keys;
  return keys.length === 1 ? only : hash('sha256', JSON.stringify(keys), 'base64url');
}

/** A digest: schemas may be long, and are the same for all tasks. */
function sharedBy(node: PlanNode, { kind, stage }: CompiledStage, { candidatesOf, simulated }: KeyOptions): string {
  const models = (kind.wants?.(stage.spec) ?? []).map(candidatesOf);
  const { output, check, result = null } = node;
  const { escalateWhen } = stage;
  const fields = fieldsOf({ kind, stage });
  const all = [kind.kind, kind.reuse?.version ?? 0, simulated, fields, models, output, check, result];
  return hash('sha256', JSON.stringify(escalateWhen === undefined ? all : [...all, escalateWhen]), 'base64url');
}

/** The fields a stage has, in the order of its kind's schema: in which order they were written does not matter. */
function fieldsOf({ kind, stage }: Pick<CompiledStage, 'kind' | 'stage'>): readonly string[] {
  const { properties } = kind.schema;
  return Object.keys(isObject(properties) ? properties : {}).filter((name) => Object.hasOwn(stage.spec, name));
}

/** The values that a node's checks, its `result` and its `escalate.when` read, besides the output they are about. */
function readsOf(node: PlanNode, { stage: { escalateWhen } }: CompiledStage): (scope: Scope) => readonly Json[] {
  const sources = [...node.check.map((check) => check.that), node.result ?? [], escalateWhen ?? []];
  const paths = new Map<string, readonly string[]>();
  for (const { path } of sources.flatMap((source) => referencesInSource(source, []))) {
    if (path[0] === 'output') continue;
    paths.set(path.join('.'), path);
  }
  const all = [...paths.values()];
  return (scope) => all.map((path) => valueAt(scope, path));
}

function remembered<K extends object, T>(memory: WeakMap<K, T>, key: K, make: () => T): T {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}
