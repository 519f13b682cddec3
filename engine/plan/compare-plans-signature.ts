import type { Json, JsonSchema } from '../base/json.ts';
import type { SchemaChange, SignatureChange } from '../contracts/diff.ts';
import type { Plan, PlanInput, PlanOutput } from '../contracts/plan.ts';
import { compareSchemas } from '../lang/compare-schemas.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { isSame } from './compare-plans-fields.ts';
import { withNewNames } from './compare-plans-match.ts';

/** A workflow as its callers see it; the schemas of outputs are declared or inferred. */
export interface Signature {
  readonly plan: Plan;
  readonly outputs: ReadonlyMap<string, JsonSchema>;
}

/**
 * What callers see of a change. Breaking is what makes a call wrong that was right, or an answer something that it never was: an input
 * that is new and required, gone, or takes less than before; an output that is gone, or may be more than before, null included.
 *
 * `names`: nodes that were renamed.
 */
export function compareSignatures(before: Signature, after: Signature, names: ReadonlyMap<string, string>): readonly SignatureChange[] {
  return [
    ...compareInputs(before.plan.inputs, after.plan.inputs),
    ...compareOutputs(before, after, names),
    ...compareNames(before.plan, after.plan),
  ];
}

function compareNames(before: Plan, after: Plan): readonly SignatureChange[] {
  if (before.workflow === after.workflow) return [];
  const message = 'earlier runs and what the cache counts stand under the old name';
  return [{ of: 'workflow', name: after.workflow, change: 'renamed', breaking: false, before: before.workflow, message }];
}

function compareInputs(before: Plan['inputs'], after: Plan['inputs']): readonly SignatureChange[] {
  const { kept, renamed, gone, come } = matchNames(before, after, (a, b) => isSame(a as unknown as Json, b as unknown as Json));
  const change = (name: string, more: Omit<SignatureChange, 'of' | 'name'>): SignatureChange => ({ of: 'input', name, ...more });
  return [
    ...come.map(([name, input]) => {
      const required = input.default === undefined;
      const message = `${typeInWords(input.schema)}, ${required ? 'which callers have to give now' : `optional, ${JSON.stringify(input.default)} when it is not given`}`;
      return change(name, { change: 'added', breaking: required, message });
    }),
    ...gone.map(([name]) => change(name, { change: 'removed', breaking: true, message: 'a call that gives it is refused' })),
    ...renamed.map(([old, name]) =>
      change(name, { change: 'renamed', breaking: true, before: old, message: 'a call that gives the old name is refused' }),
    ),
    ...kept.flatMap(([name, a, b]) => inputChanges(a, b).map((more) => change(name, more))),
  ];
}

function inputChanges(a: PlanInput, b: PlanInput): readonly Omit<SignatureChange, 'of' | 'name'>[] {
  const changes: Omit<SignatureChange, 'of' | 'name'>[] = typeChanges(compareSchemas(a.schema, b.schema), 'breaksGivers');
  if (a.default !== undefined && b.default === undefined)
    changes.push({
      change: 'default',
      breaking: true,
      message: `callers have to give it now; its default was ${JSON.stringify(a.default)}`,
    });
  else if (!isSame(a.default, b.default)) {
    const was = a.default === undefined ? 'is optional now, its default is' : `its default ${JSON.stringify(a.default)} became`;
    changes.push({ change: 'default', breaking: false, message: `${was} ${JSON.stringify(b.default)}` });
  }
  if (a.description !== b.description) changes.push(described);
  return changes;
}

const described = { change: 'description', breaking: false, message: 'is described otherwise' } as const;

function compareOutputs(before: Signature, after: Signature, names: ReadonlyMap<string, string>): readonly SignatureChange[] {
  const isOne = (a: PlanOutput, b: PlanOutput): boolean => isSame(withNewNames(a.value, names), b.value);
  const { kept, renamed, gone, come } = matchNames(before.plan.outputs, after.plan.outputs, isOne);
  const change = (name: string, more: Omit<SignatureChange, 'of' | 'name'>): SignatureChange => ({ of: 'output', name, ...more });
  const schemaOf = (side: Signature, name: string): JsonSchema => side.outputs.get(name) ?? {};
  return [
    ...come.map(([name]) => change(name, { change: 'added', breaking: false, message: typeInWords(schemaOf(after, name)) })),
    ...gone.map(([name]) => change(name, { change: 'removed', breaking: true, message: 'who reads it finds nothing' })),
    ...renamed.map(([old, name]) =>
      change(name, { change: 'renamed', breaking: true, before: old, message: 'who reads the old name finds nothing' }),
    ),
    ...kept.flatMap(([name, a, b]) => {
      const changes: Omit<SignatureChange, 'of' | 'name'>[] = typeChanges(
        compareSchemas(schemaOf(before, name), schemaOf(after, name)),
        'breaksReaders',
      );
      if (!isOne(a, b)) changes.push({ change: 'value', breaking: false, message: 'is computed otherwise' });
      if (a.description !== b.description) changes.push(described);
      return changes.map((more) => change(name, more));
    }),
  ];
}

function typeChanges(found: readonly SchemaChange[], breaks: 'breaksGivers' | 'breaksReaders'): Omit<SignatureChange, 'of' | 'name'>[] {
  // What is said of the whole is told as its description.
  return found
    .filter((one) => one.change !== 'described' || one.at !== '')
    .map((one) => ({
      change: one.change === 'described' ? 'description' : 'type',
      breaking: one[breaks],
      ...(one.at !== '' && { at: one.at }),
      message: one.message,
    }));
}

interface Matched<T> {
  readonly kept: readonly (readonly [name: string, before: T, after: T])[];
  readonly renamed: readonly (readonly [before: string, after: string])[];
  readonly gone: readonly (readonly [string, T])[];
  readonly come: readonly (readonly [string, T])[];
}

/** By name; what is gone and what is new are one where they are equal and no other could be meant. */
function matchNames<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  isOne: (a: T, b: T) => boolean,
): Matched<T> {
  const gone = Object.entries(before).filter(([name]) => !Object.hasOwn(after, name));
  const come = Object.entries(after).filter(([name]) => !Object.hasOwn(before, name));
  const renamed = gone.flatMap(([old, a]): (readonly [string, string])[] => {
    const equal = come.filter(([, b]) => isOne(a, b));
    const rivals = gone.filter(([, other]) => equal[0] !== undefined && isOne(other, equal[0][1]));
    return equal.length === 1 && rivals.length === 1 && equal[0] !== undefined ? [[old, equal[0][0]]] : [];
  });
  const [old, now] = [new Set(renamed.map(([name]) => name)), new Set(renamed.map(([, name]) => name))];
  return {
    kept: Object.entries(after).flatMap(([name, b]) => {
      const a = Object.hasOwn(before, name) ? before[name] : undefined;
      return a === undefined ? [] : [[name, a, b] as const];
    }),
    renamed,
    gone: gone.filter(([name]) => !old.has(name)),
    come: come.filter(([name]) => !now.has(name)),
  };
}

const typeInWords = (schema: JsonSchema): string => printShape(shapeOf(schema));
