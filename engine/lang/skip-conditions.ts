import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { orderOutcome } from './comparisons.ts';
import { pathKey } from './path-text.ts';
import type { Shape } from './shape.ts';
import { valuesIn } from './shape-values.ts';

/** When a node is skipped, as far as it can be told from its own condition and from what it needs. */
export type SkipCondition =
  | { readonly type: 'always' | 'never' }
  /** Something that is true or false, told apart from others by its text. */
  | { readonly type: 'fact'; readonly key: string }
  /** A path is one of some values; `domain` is all it can be, as far as known. */
  | { readonly type: 'value'; readonly key: string; readonly values: readonly Json[]; readonly domain: readonly Json[] | undefined }
  | { readonly type: 'skipped'; readonly node: string }
  | { readonly type: 'not'; readonly of: SkipCondition }
  | { readonly type: 'all' | 'any'; readonly of: readonly SkipCondition[] };

/** What a reader of conditions has to know of paths. */
export interface ConditionNames {
  shapeOf(tree: Expr): Shape;
  /** The node of which `tree` is the output, when that is null exactly when the node is skipped. */
  nodeNullWhenSkipped(tree: Expr): string | undefined;
}

/** An expression as a condition: comparisons of one path with different values are seen to exclude each other. */
export function conditionOf(tree: Expr, names: ConditionNames): SkipCondition {
  switch (tree.op) {
    case 'literal':
      return tree.value === true ? { type: 'always' } : tree.value === false ? { type: 'never' } : fact(tree);
    case 'not':
      return negated(conditionOf(tree.of, names));
    case 'and':
    case 'or':
      return { type: tree.op === 'and' ? 'all' : 'any', of: [conditionOf(tree.left, names), conditionOf(tree.right, names)] };
    case 'name':
    case 'field':
    case 'index':
      return pathIsOneOf(tree, [true], names) ?? fact(tree);
    case 'binary':
      return comparison(tree, names);
    default:
      return fact(tree);
  }
}

function comparison(tree: Expr & { op: 'binary' }, names: ConditionNames): SkipCondition {
  const { operator, left, right } = tree;
  switch (operator) {
    case '==':
    case '!=': {
      const [path, value] = right.op === 'literal' ? [left, right] : [right, left];
      const same = value.op === 'literal' ? equality(path, value.value, names) : undefined;
      if (same !== undefined) return operator === '==' ? same : negated(same);
      return operator === '==' ? fact(tree) : negated(fact({ ...tree, operator: '==' }));
    }
    case 'in': {
      if (right.op !== 'list') return fact(tree);
      const values = right.items.map((item) => (item.op === 'literal' ? item.value : undefined));
      if (values.some((value) => value === undefined)) return fact(tree);
      return pathIsOneOf(left, values as readonly Json[], names) ?? fact(tree);
    }
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const outcome = orderOutcome(operator, names.shapeOf(left), names.shapeOf(right));
      return outcome === undefined ? ordering(tree) : { type: outcome ? 'always' : 'never' };
    }
    default:
      return fact(tree);
  }
}

/** Every ordering is said with `<`, so that `a < b` and `a >= b` are seen to be opposites. */
function ordering(tree: Expr & { op: 'binary' }): SkipCondition {
  const { operator, left, right } = tree;
  const turned = (): SkipCondition => fact({ ...tree, operator: '<', left: right, right: left });
  if (operator === '>') return turned();
  if (operator === '<=') return negated(turned());
  return operator === '>=' ? negated(fact({ ...tree, operator: '<' })) : fact(tree);
}

function equality(path: Expr, value: Json, names: ConditionNames): SkipCondition | undefined {
  const node = value === null ? names.nodeNullWhenSkipped(path) : undefined;
  return node === undefined ? pathIsOneOf(path, [value], names) : { type: 'skipped', node };
}

function pathIsOneOf(path: Expr, values: readonly Json[], names: ConditionNames): SkipCondition | undefined {
  const key = pathKey(path);
  return key === undefined ? undefined : { type: 'value', key, values, domain: valuesIn(names.shapeOf(path)) };
}

function negated(of: SkipCondition): SkipCondition {
  return of.type === 'not' ? of.of : { type: 'not', of };
}

const fact = (tree: Expr): SkipCondition => ({ type: 'fact', key: textOf(tree) });

/** The same text for expressions that say the same, wherever they stand. */
function textOf(tree: Expr): string {
  const known = texts.get(tree);
  if (known !== undefined) return known;
  const text = JSON.stringify(tree, (key, value) => (key === 'start' || key === 'end' || key === 'method' ? undefined : value));
  texts.set(tree, text);
  return text;
}

/** A condition is looked at from several sides, and its tree never changes. */
const texts = new WeakMap<Expr, string>();

/** More combinations than this are not tried out: then nothing is certain. Measured: under 10 ms. */
const MOST_COMBINATIONS = 20_000;
/** Conditions that reach further than this through what is skipped with what are left alone. */
const MOST_PARTS = 400;

/** True when it is certain that never all conditions hold at once. */
export function neverAll(conditions: readonly SkipCondition[], skipped: (node: string) => SkipCondition): boolean {
  const variables = variablesOf(conditions, skipped);
  if (variables === undefined) return false;
  const keys = [...variables.keys()];
  const combinations = keys.reduce((product, key) => product * (variables.get(key)?.length ?? 1), 1);
  if (combinations > MOST_COMBINATIONS) return false;
  for (let number = 0; number < combinations; number++) {
    let left = number;
    const values = new Map<string, Json>();
    for (const key of keys) {
      const domain = variables.get(key) ?? [];
      values.set(key, domain[left % domain.length] ?? null);
      left = Math.floor(left / domain.length);
    }
    if (conditions.every((condition) => holds(condition, values, skipped))) return false;
  }
  return true;
}

/** What the conditions depend on, and what each of that can be; undefined when it is too much. */
function variablesOf(
  conditions: readonly SkipCondition[],
  skipped: (node: string) => SkipCondition,
): ReadonlyMap<string, readonly Json[]> | undefined {
  const known = new Map<string, readonly Json[]>();
  const open = new Map<string, Set<Json>>();
  const seen = new Set<string>();
  const todo = [...conditions];
  for (let parts = 0; todo.length > 0; parts++) {
    if (parts > MOST_PARTS) return undefined;
    const one = todo.pop();
    switch (one?.type) {
      case 'fact':
        known.set(`? ${one.key}`, [true, false]);
        break;
      case 'value':
        if (one.domain !== undefined) known.set(one.key, one.domain);
        else open.set(one.key, new Set([...(open.get(one.key) ?? []), ...one.values]));
        break;
      case 'skipped':
        if (!seen.has(one.node)) todo.push(skipped(one.node));
        seen.add(one.node);
        break;
      case 'not':
        todo.push(one.of);
        break;
      case 'all':
      case 'any':
        todo.push(...one.of);
    }
  }
  // A path that may be anything is one of the values asked for, or some other.
  for (const [key, values] of open) if (!known.has(key)) known.set(key, [...values, OTHER]);
  return known;
}

const OTHER = '\u0000other';

function holds(condition: SkipCondition, values: ReadonlyMap<string, Json>, skipped: (node: string) => SkipCondition): boolean {
  switch (condition.type) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'fact':
      return values.get(`? ${condition.key}`) === true;
    case 'value':
      return condition.values.includes(values.get(condition.key) ?? null);
    case 'skipped':
      return holds(skipped(condition.node), values, skipped);
    case 'not':
      return !holds(condition.of, values, skipped);
    case 'all':
      return condition.of.every((one) => holds(one, values, skipped));
    case 'any':
      return condition.of.some((one) => holds(one, values, skipped));
  }
}
