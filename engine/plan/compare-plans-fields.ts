import { canonicalText, isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import type { FieldChange } from '../contracts/diff.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { PlanNode, Stage } from '../contracts/plan.ts';
import { fieldsOf } from '../lang/notation.ts';
import { bodyFields } from './compare-plans-walk.ts';

export type Kinds = ReadonlyMap<string, NodeKind>;

interface Entry {
  readonly value: Json;
  readonly holds: FieldChange['holds'];
}

/** What is written on a node, by the names its author knows it by: `prompt`, `retry.max_attempts`, `argv`. */
export type Entries = ReadonlyMap<string, Entry>;

/** Fields that are told elsewhere, or that follow from others. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'id',
  'kind',
  'after',
  'height',
  'output',
  'origin',
  'stages',
  'onError',
  'skipIf',
  'part',
  'binds',
]);

/** Names of fields whose texts are expressions, wherever they stand. */
const EXPRESSIONS: ReadonlySet<string> = new Set(
  'if_skipped foreach where key until first next accept_if score result that when by max concurrency max_failures max_iterations stop_when_stuck times n'.split(
    ' ',
  ),
);

/** Everything a node says about itself, but for the schema of its output and the nodes inside it. */
export function entriesOf(node: PlanNode, kinds: Kinds): Entries {
  const found = new Map<string, Entry>();
  const add = (field: string, value: Json | undefined, holds?: Entry['holds']): void => {
    if (value !== undefined) found.set(field, { value, holds: holds ?? heldBy(field) });
  };
  const addAll = (field: string, value: Json): void => {
    for (const [inner, entry] of leaves(field, value)) found.set(inner, entry);
  };
  const { skipIf, foreach, loop, onError, stages, ifSkipped, description, ...rest } = node;
  const [own] = stages;

  add('kind', own.kind);
  add('description', description, 'text');
  add(skipIf?.negate ? 'run_if' : 'skip_if', skipIf?.when, 'expression');
  add('reason', skipIf?.reason, 'text');
  add('if_skipped', ifSkipped?.value);
  // How many candidates there are is told of the node around them.
  if (foreach && node.part !== 'candidate') {
    const { items, as, ...bounds } = foreach;
    add('foreach', items);
    if (as !== 'item') add('foreach.as', as);
    addAll('foreach', bounds as JsonObject);
  }
  if (loop) {
    const { type, ...fields } = loop;
    for (const [field, value] of Object.entries(fields)) addAll(`${type}.${LOOP_NAMES[type]?.[field] ?? snake(field)}`, value);
  }
  for (const [field, entry] of stageEntries(own, kinds)) found.set(field, entry);
  for (const [field, value] of Object.entries(rest)) {
    if (!ELSEWHERE.has(field)) addAll(AUTHORS_NAMES[field] ?? snake(field), value as unknown as Json);
  }
  if (onError.action === 'value') addAll('on_error.value', onError.value);
  else if (onError.action === 'skip') add('on_error', 'skip');
  const escalated = stages.filter((stage) => stage.name === 'escalated');
  if (escalated.length > 0)
    add(
      'escalate',
      escalated.map((stage) => stage.spec.tier ?? stage.spec.model ?? 'the next tier'),
    );
  add('escalate.when', own.escalateWhen, 'expression');
  const fallback = stages.slice(1).findLast((stage) => stage.name === 'fallback');
  if (fallback) {
    // What it takes over from the node is the node's.
    for (const [field, entry] of stageEntries(fallback, kinds)) {
      if (!isSame(entry.value, found.get(field)?.value)) found.set(`on_error.fallback.${field}`, entry);
    }
    if (fallback.kind !== own.kind) add('on_error.fallback.kind', fallback.kind);
  }
  return found;
}

const AUTHORS_NAMES: Readonly<Record<string, string>> = { anyOf: 'needs.any_of' };

const LOOP_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  repeat: {},
  evaluate: { max: 'max_iterations', stuck: 'stop_when_stuck' },
};

/** The parts of a value that are no maps, and no lists with such in them. */
function leaves(field: string, value: Json): readonly (readonly [field: string, entry: Entry])[] {
  // An empty list is one that was not written.
  if (isList(value) && value.length === 0) return [];
  if (isObject(value)) return Object.entries(value).flatMap(([key, inner]) => leaves(`${field}.${snake(key)}`, inner));
  if (isList(value) && value.some((one) => typeof one === 'object' && one !== null))
    return value.flatMap((one, i) => leaves(`${field}[${i}]`, one));
  return [[field, { value, holds: heldBy(field) }]];
}

function heldBy(field: string): Entry['holds'] {
  const last = lastStep(field);
  if (last === 'message' || field.includes('.partials.')) return 'text';
  return EXPRESSIONS.has(last) ? 'expression' : 'value';
}

function stageEntries(stage: Stage, kinds: Kinds): Map<string, Entry> {
  const found = new Map<string, Entry>();
  const schema = kinds.get(stage.kind)?.schema ?? {};
  const holds = new Map(fieldsOf(schema, stage.spec, []).map((field) => [field.path.join('.'), field.holds]));
  const spread = (field: string, path: readonly (string | number)[], value: Json, outer: string | undefined): void => {
    const held = holds.get(path.join('.')) ?? outer;
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) spread(`${field}.${key}`, [...path, key], inner, held);
    } else if (isList(value) && value.some((one) => typeof one === 'object' && one !== null)) {
      value.forEach((one, i) => void spread(`${field}[${i}]`, [...path, i], one, held));
    } else if (typeof value === 'string' && held !== undefined) {
      found.set(field, { value, holds: held === 'template' ? 'text' : 'expression' });
    } else found.set(field, { value, holds: 'value' });
  };
  for (const [field, value] of Object.entries(stage.spec)) spread(field, [field], value, undefined);
  const { retry, timeout, idempotent } = stage;
  const value = (field: string, one: Json): void => void found.set(field, { value: one, holds: 'value' });
  value('retry.max_attempts', retry.maxAttempts);
  // With one attempt there is nothing to wait for.
  if (retry.maxAttempts > 1) {
    value('retry.backoff', retry.backoff);
    value('retry.initial_delay', renderDuration(retry.initialDelay));
    value('retry.max_delay', renderDuration(retry.maxDelay));
    value('retry.retry_on', retry.retryOn);
  }
  if (timeout !== undefined) value('timeout', renderDuration(timeout));
  if (idempotent !== undefined) value('idempotent', idempotent);
  if (stage.body) {
    value('body', stage.body.type);
    for (const [field, one] of leaves(stage.body.type, bodyFields(stage.body))) found.set(field, one);
  }
  return found;
}

/** Where two sets of entries part, in the order of the second; what only the first has comes last. */
export function compareEntries(before: Entries, after: Entries): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [field, { value, holds }] of after) {
    const old = before.get(field);
    if (!isSame(value, old?.value)) changes.push({ field, holds, before: old?.value ?? null, after: value });
  }
  for (const [field, { value, holds }] of before) {
    if (!after.has(field)) changes.push({ field, holds, before: value, after: null });
  }
  return changes;
}

/** The difference of two values as fields: maps are gone into, everything else is one field. */
export function compareValues(
  field: string,
  before: Json | undefined,
  after: Json | undefined,
  holds: FieldChange['holds'] = 'value',
): readonly FieldChange[] {
  if (isSame(before, after)) return [];
  if (isObject(before ?? {}) && isObject(after ?? {})) {
    const [a, b] = [(before ?? {}) as JsonObject, (after ?? {}) as JsonObject];
    const names = new Set([...Object.keys(b), ...Object.keys(a)]);
    if (names.size > 0) return [...names].flatMap((name) => compareValues(`${field}.${name}`, a[name], b[name], holds));
  }
  return [{ field, holds, before: before ?? null, after: after ?? null }];
}

/** True for values that are equal; what is not there equals only itself. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || canonicalText(a) === canonicalText(b);
}

/** A field of a plan as it is written in a file. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const lastStep = (field: string): string =>
  field
    .replace(/\[\d+\]$/, '')
    .split('.')
    .at(-1) ?? field;
