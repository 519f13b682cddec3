import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { listsAsked } from './constant-lists.ts';
import { factKey } from './path-text.ts';
import { isAny, membersOf, type ObjectShape, type Shape, settled, union, withoutNull } from './shape.ts';
import { type Env, type Facts, NO_FACTS, quietShape, withFacts } from './type-env.ts';
import type { Complain } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';
import { shapeOfValue } from './value-shape.ts';

/** The surroundings with which the inference of a field begins. */
export function surroundings(scope: TypeScope, complain: Complain, notation: Env['notation'], infer: Env['infer']): Env {
  let env: Env = { scope, locals: new Map(), facts: NO_FACTS, complain, infer, notation };
  for (const { tree, outcome } of scope.known ?? []) env = withFacts(env, factsWhen(tree, outcome, env));
  return env;
}

/** What is known where a condition has turned out true, or false. */
export function factsWhen(tree: Expr, outcome: boolean, env: Env): Facts {
  if (tree.op === 'not') return factsWhen(tree.of, !outcome, env);
  if (tree.op === 'and' || tree.op === 'or') return factsOfJoined(tree, outcome, env);
  const asked = listsAsked(tree, env);
  const found = factsOfOne(tree, outcome, env);
  return asked.size === 0 ? found : new Map([...found, ...asked]);
}

function factsOfJoined(tree: Expr & { op: 'and' | 'or' }, outcome: boolean, env: Env): Facts {
  const left = factsWhen(tree.left, outcome, env);
  // `a && b` is true when both are, `a || b` is false when neither is; the other way round either side may be the reason.
  if ((tree.op === 'and') === outcome) {
    const right = factsWhen(tree.right, outcome, withFacts(env, left));
    return new Map([...left, ...right]);
  }
  const other = factsWhen(tree.left, !outcome, env);
  const right = factsWhen(tree.right, outcome, withFacts(env, other));
  return either(left, new Map([...other, ...right]));
}

function factsOfOne(tree: Expr, outcome: boolean, env: Env): Facts {
  switch (tree.op) {
    case 'has':
      return outcome ? present(tree.of, env) : NO_FACTS;
    case 'binary':
      return factsOfComparison(tree, outcome, env);
    case 'coalesce': {
      // `coalesce(x, false)` is true only when x is there.
      const [first, last] = tree.args;
      return outcome && tree.args.length === 2 && first !== undefined && last?.op === 'literal' && last.value === false
        ? present(first, env)
        : NO_FACTS;
    }
    case 'name':
    case 'field':
    case 'index':
      return equal(tree, outcome, true, env);
    default:
      return NO_FACTS;
  }
}

function factsOfComparison(tree: Expr & { op: 'binary' }, outcome: boolean, env: Env): Facts {
  if (tree.operator === 'in' && tree.right.op === 'list' && factKey(tree.left) !== undefined) {
    const values = tree.right.items.flatMap((item) => (item.op === 'literal' ? [item.value] : []));
    if (!outcome) return noneOfValues(tree.left, values, env);
    return values.length < tree.right.items.length ? NO_FACTS : oneOfValues(tree.left, values, env);
  }
  if (tree.operator === 'in' && outcome) return factsOfMembership(tree, env);
  const loop = laterRound(tree, outcome, env);
  if (loop !== undefined) return present(loop, env);
  if (tree.operator !== '==' && tree.operator !== '!=') return NO_FACTS;
  const [path, value] = tree.right.op === 'literal' ? [tree.left, tree.right] : [tree.right, tree.left];
  if (value.op !== 'literal' || factKey(path) === undefined) return NO_FACTS;
  const same = (tree.operator === '==') === outcome;
  if (value.value === null) return same ? NO_FACTS : present(path, env);
  return equal(path, value.value, same, env);
}

/** Where a name is in an object, it is one of its fields, and the object has something there. */
function factsOfMembership({ left, right, ...at }: Expr & { op: 'binary' }, env: Env): Facts {
  const objects = membersOf(quietShape(right, env)).flatMap((one) => (one.type === 'object' ? [one] : []));
  if (objects.length === 0 || objects.length < membersOf(quietShape(right, env)).length) return NO_FACTS;
  const there = present({ start: at.start, end: at.end, op: 'index', of: right, at: left, optional: false }, env);
  if (factKey(left) === undefined || objects.some(({ rest }) => rest !== undefined)) return there;
  return new Map([...oneOfValues(left, [...new Set(objects.flatMap(({ fields }) => [...fields.keys()]))], env), ...there]);
}

/** `previous`, where a comparison of `iteration` shows that this is not the first round; also of a loop that has a name. */
function laterRound({ operator, left, right }: Expr & { op: 'binary' }, outcome: boolean, env: Env): Expr | undefined {
  const turned = left.op === 'literal';
  const [path, value] = turned ? [right, left] : [left, right];
  const { loops } = env.scope;
  if (value.op !== 'literal' || typeof value.value !== 'number' || loops === undefined) return undefined;
  const isIteration = path.op === 'name' ? path.name === 'iteration' : path.op === 'field' && path.name === 'iteration';
  const root = path.op === 'name' ? path : path.op === 'field' && path.of.op === 'name' ? path.of : undefined;
  if (!isIteration || root?.op !== 'name' || !loops.has(root.name) || env.locals.has(root.name)) return undefined;
  const sure = LATER[turned ? (TURNED[operator] ?? operator) : operator]?.(value.value, outcome) ?? false;
  if (!sure) return undefined;
  return path.op === 'field' ? { ...path, name: 'previous' } : { ...path, op: 'name', name: 'previous' };
}

const TURNED: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

/** Whether `iteration <operator> n` with this outcome leaves 2 and more only. */
const LATER: Readonly<Record<string, (n: number, outcome: boolean) => boolean>> = {
  '>': (n, outcome) => outcome && n >= 1,
  '>=': (n, outcome) => outcome && n > 1,
  '<': (n, outcome) => !outcome && n > 1,
  '<=': (n, outcome) => !outcome && n >= 1,
  '==': (n, outcome) => (outcome ? n > 1 : n === 1),
  '!=': (n, outcome) => (outcome ? n === 1 : n > 1),
};

/** A path is known to lead to more than null: so does everything above it. */
function present(tree: Expr, env: Env): Facts {
  const key = factKey(tree);
  if (key === undefined) return NO_FACTS;
  const facts = new Map<string, Shape>();
  facts.set(key, withoutNull(quietShape(tree, env)));
  for (let at: Expr = tree; at.op === 'field' || at.op === 'index'; at = at.of) {
    const above = factKey(at.of);
    if (above === undefined) break;
    const name = at.op === 'field' ? at.name : undefined;
    const whole = withoutNull(quietShape(at.of, env));
    facts.set(above, name === undefined ? whole : keep(whole, (one) => canHave(one, name)));
  }
  return facts;
}

/** False where a field is not there, or never more than null. */
function canHave(shape: Shape, name: string): boolean {
  if (shape.type !== 'object') return true;
  const field = shape.fields.get(name);
  if (field === undefined) return shape.rest !== undefined;
  return membersOf(field.shape).some((one) => one.type !== 'null');
}

/** A path is equal to a value, or is not. */
function equal(path: Expr, value: Json, same: boolean, env: Env): Facts {
  return same ? oneOfValues(path, [value], env) : noneOfValues(path, [value], env);
}

function noneOfValues(path: Expr, values: readonly Json[], env: Env): Facts {
  const shape = quietShape(path, env);
  const left = values.reduce(removed, shape);
  return left === shape ? NO_FACTS : narrowed(path, left, env);
}

function oneOfValues(path: Expr, values: readonly Json[], env: Env): Facts {
  const shape = quietShape(path, env);
  const kept = keptValues(shape, values);
  return kept === undefined ? NO_FACTS : narrowed(path, kept, env);
}

/** The facts that a path has a narrower shape; alternatives of the object above that do not fit it are out. */
function narrowed(path: Expr, shape: Shape, env: Env): Facts {
  const key = factKey(path);
  if (key === undefined) return NO_FACTS;
  const facts = new Map<string, Shape>();
  if (path.op === 'field') {
    const above = factKey(path.of);
    const whole = quietShape(path.of, env);
    if (above !== undefined && membersOf(whole).length > 1) {
      facts.set(
        above,
        keep(whole, (one) => one.type === 'object' && overlaps(one.fields.get(path.name)?.shape ?? one.rest, shape)),
      );
    }
  }
  facts.set(key, shape);
  return facts;
}

function keep(shape: Shape, wanted: (one: Shape) => boolean): Shape {
  if (isAny(shape)) return shape;
  const members = membersOf(shape);
  const kept = members.filter(wanted);
  return kept.length === 0 || kept.length === members.length ? settled(shape) : union(...kept);
}

/** False only when no value can be both. */
function overlaps(a: Shape | undefined, b: Shape): boolean {
  if (a === undefined) return false;
  return membersOf(a).some((one) =>
    membersOf(b).some((other) => {
      if (one.type === 'any' || other.type === 'any') return true;
      if (one.type !== other.type) return false;
      if (one.type === 'string' && other.type === 'string') return shareValue(one.values, other.values);
      if (one.type === 'number' && other.type === 'number') return shareValue(one.values, other.values);
      if (one.type === 'boolean' && other.type === 'boolean')
        return one.value === undefined || other.value === undefined || one.value === other.value;
      return true;
    }),
  );
}

function shareValue<T>(a: readonly T[] | undefined, b: readonly T[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((value) => b.includes(value));
}

/** The shape with only these values left; undefined when nothing can be said. */
function keptValues(shape: Shape, values: readonly Json[]): Shape | undefined {
  if (isAny(shape)) return undefined;
  const wanted = union(...values.map(shapeOfValue));
  const kept = membersOf(wanted).filter((value) => overlaps(shape, value));
  return kept.length === 0 ? undefined : union(...kept);
}

/** The shape without one value; itself when that changes nothing. */
function removed(shape: Shape, value: Json): Shape {
  if (isAny(shape)) return shape;
  const members = membersOf(shape);
  let changed = false;
  const left = members.flatMap((one): readonly Shape[] => {
    if (one.type === 'string' && typeof value === 'string' && one.values?.includes(value)) {
      changed = true;
      const values = one.values.filter((other) => other !== value);
      return values.length === 0 ? [] : [{ type: 'string', values }];
    }
    if (one.type === 'boolean' && typeof value === 'boolean') {
      changed = true;
      return one.value === value ? [] : [{ type: 'boolean', value: !value }];
    }
    return [one];
  });
  return !changed || left.length === 0 ? shape : union(...left);
}

/** What is known after one of two things happened: what both leave. */
function either(a: Facts, b: Facts): Facts {
  const both = new Map<string, Shape>();
  for (const [key, shape] of a) {
    const other = b.get(key);
    if (other !== undefined) both.set(key, union(shape, other));
  }
  return both;
}

/** The elements of a list that a test about `variable` has let through. */
export function narrowedBy(element: Shape, variable: string, facts: Facts): Shape {
  return refined(facts.get(variable) ?? element, variable, facts);
}

/** The shape of what `key` leads to, with what is known of its fields, and of theirs. */
function refined(whole: Shape, key: string, facts: Facts): Shape {
  if (isAny(whole) || ![...facts.keys()].some((known) => known.startsWith(`${key}.`))) return whole;
  const members = membersOf(whole).map((one): Shape => {
    if (one.type !== 'object') return one;
    const fields = new Map(one.fields);
    for (const [name, field] of one.fields) {
      const fact = facts.get(`${key}.${name}`);
      if (fact === undefined) continue;
      // A fact about the field of several alternatives may be wider than the field of this one.
      const shape = membersOf(whole).length === 1 ? fact : withoutNullOf(field.shape, fact);
      fields.set(name, { shape: refined(shape, `${key}.${name}`, facts), required: true });
    }
    return { ...one, fields } satisfies ObjectShape;
  });
  return union(...members);
}

function withoutNullOf(shape: Shape, fact: Shape): Shape {
  return membersOf(fact).some((one) => one.type === 'null') ? shape : withoutNull(shape);
}
