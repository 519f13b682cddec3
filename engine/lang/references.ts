import { isList, isObject, type Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import { parseExpression } from './expression.ts';
import { printExpression } from './expression-text.ts';
import { common, type Facts, guardOf, knownPart, NO_FACTS, outputThatRan, type Steps } from './guards.ts';

export { referencesInTemplate } from './template-references.ts';

/** What an expression reads, in the order it is written; `at` is the path of the field it stands in. Each path once per place, at its full length. */
export function referencesInExpression(tree: Expr, at: Path): Reference[] {
  const found: Reference[] = [];
  walk(tree, { at, found, locals: new Map(), facts: NO_FACTS });
  return found;
}

/** What an expression reads, or a structure whose texts are expressions. A text that cannot be parsed reads nothing. */
export function referencesInSource(source: Json, path: Path): Reference[] {
  if (typeof source === 'string') {
    const parsed = parseExpression(source);
    return parsed.ok ? referencesInExpression(parsed.tree, path) : [];
  }
  if (isList(source)) return source.flatMap((element, index) => referencesInSource(element, [...path, index]));
  if (isObject(source)) return Object.entries(source).flatMap(([key, value]) => referencesInSource(value, [...path, key]));
  return [];
}

interface Place {
  readonly at: Path;
  readonly found: Reference[];
  /** What a macro's variable stands for; undefined when that is no path. */
  readonly locals: ReadonlyMap<string, Steps | undefined>;
  readonly facts: Facts;
  /** Inside an argument of one of these every use is guarded. */
  readonly covered?: 'coalesce' | 'optional';
}

function walk(tree: Expr, place: Place): void {
  switch (tree.op) {
    case 'literal':
      return;
    case 'name':
    case 'field':
    case 'index':
      readPath(tree, place, true);
      return;
    case 'has':
      readPath(tree.of, place, false);
      return;
    case 'optional':
      walk(tree.of, { ...place, covered: 'optional' });
      return;
    case 'coalesce':
      for (const [index, argument] of tree.args.entries()) {
        walk(argument, index < tree.args.length - 1 ? { ...place, covered: 'coalesce' } : place);
      }
      return;
    case 'call':
      for (const argument of tree.args) walk(argument, place);
      return;
    case 'macro': {
      walk(tree.of, place);
      const locals = new Map(place.locals).set(tree.variable, elementOf(tree.of, place.locals));
      const inner = { ...place, locals };
      if (tree.where !== undefined) walk(tree.where, inner);
      const facts = tree.where === undefined ? place.facts : [...place.facts, ...factsOf(tree.where, true, locals)];
      walk(tree.body, { ...inner, facts });
      return;
    }
    case 'not':
    case 'negate':
      walk(tree.of, place);
      return;
    case 'and':
    case 'or':
      walk(tree.left, place);
      walk(tree.right, { ...place, facts: [...place.facts, ...factsOf(tree.left, tree.op === 'and', place.locals)] });
      return;
    case 'binary': {
      const tested = nullTest(tree);
      if (tested !== undefined && isPath(tested)) {
        readPath(tested, place, false);
        return;
      }
      walk(tree.left, place);
      walk(tree.right, place);
      return;
    }
    case 'conditional':
      walk(tree.test, place);
      walk(tree.then, { ...place, facts: [...place.facts, ...factsOf(tree.test, true, place.locals)] });
      walk(tree.otherwise, { ...place, facts: [...place.facts, ...factsOf(tree.test, false, place.locals)] });
      return;
    case 'list':
      for (const item of tree.items) walk(item, place);
      return;
    case 'object':
      for (const { key, value } of tree.entries) {
        walk(key, place);
        walk(value, place);
      }
  }
}

function readPath(tree: Expr, place: Place, use: boolean): void {
  const path = pathOf(tree, place.locals);
  if (path !== undefined) {
    const guardedBy = use ? (place.covered ?? guardOf(path.steps, place.facts)) : undefined;
    const { start, end } = tree;
    const guarded = guardedBy !== undefined;
    place.found.push({
      path: path.steps,
      text: printExpression(tree),
      at: place.at,
      start,
      end,
      use,
      guarded,
      ...(guarded && { guardedBy }),
    });
  }
  // What stands in brackets is read for itself; so is what a path begins with when that is no name.
  let step = tree;
  while (step.op === 'field' || step.op === 'index') {
    if (step.op === 'index') walk(step.at, place);
    step = step.of;
  }
  if (step.op !== 'name') walk(step, place);
}

interface Known {
  readonly steps: Steps;
  /** False when it stops above a step that is not known before the run. */
  readonly whole: boolean;
}

function pathOf(tree: Expr, locals: Place['locals']): Known | undefined {
  switch (tree.op) {
    case 'name': {
      if (!locals.has(tree.name)) return { steps: [tree.name], whole: true };
      const steps = locals.get(tree.name);
      return steps === undefined ? undefined : { steps, whole: true };
    }
    case 'field': {
      const of = pathOf(tree.of, locals);
      return of?.whole ? { steps: [...of.steps, tree.name], whole: true } : of;
    }
    case 'index': {
      const of = pathOf(tree.of, locals);
      if (!of?.whole) return of;
      const { at } = tree;
      if (at.op === 'literal' && typeof at.value === 'string') return { steps: [...of.steps, at.value], whole: true };
      if (at.op === 'literal' && typeof at.value === 'number') return { steps: [...of.steps, '[]'], whole: true };
      return { steps: of.steps, whole: false };
    }
    default:
      return undefined;
  }
}

/** The paths that are there and not null when a condition gives `outcome`. */
export function factsOfCondition(condition: Expr, outcome: boolean): Facts {
  return factsOf(condition, outcome, new Map());
}

/** What an element of a list stands for; `filter` leaves the elements what they are. */
function elementOf(list: Expr, locals: Place['locals']): Steps | undefined {
  if (list.op === 'macro' && list.name === 'filter') return elementOf(list.of, locals);
  const path = pathOf(list, locals);
  return path?.whole ? [...path.steps, '[]'] : undefined;
}

/** The paths that are there and not null when `test` is `outcome`. */
function factsOf(test: Expr, outcome: boolean, locals: Place['locals']): Facts {
  switch (test.op) {
    case 'not':
      return factsOf(test.of, !outcome, locals);
    case 'and':
    case 'or': {
      const left = factsOf(test.left, outcome, locals);
      const right = factsOf(test.right, outcome, locals);
      return (test.op === 'and') === outcome ? [...left, ...right] : common(left, right);
    }
    case 'has':
      return outcome ? factOf(test.of, locals) : NO_FACTS;
    case 'binary': {
      const ran = ranTest(test, outcome, locals);
      if (ran !== undefined) return ran;
      const tested = nullTest(test);
      return tested !== undefined && (test.operator === '!=') === outcome ? factOf(tested, locals) : NO_FACTS;
    }
    default:
      return NO_FACTS;
  }
}

/** `nodes.x.status == "succeeded"`, or `!= "skipped"`: x was not skipped. */
function ranTest(
  { operator, left, right }: Expr & { readonly op: 'binary' },
  outcome: boolean,
  locals: Place['locals'],
): Facts | undefined {
  const [of, value] = right.op === 'literal' ? [left, right.value] : [right, left.op === 'literal' ? left.value : undefined];
  if (value === undefined || (operator !== '==' && operator !== '!=')) return undefined;
  const output = outputThatRan(pathOf(of, locals)?.steps, value, (operator === '==') === outcome);
  return output === undefined ? undefined : [output];
}

function factOf(tested: Expr, locals: Place['locals']): Facts {
  const path = pathOf(tested, locals);
  return path === undefined ? NO_FACTS : [knownPart(path.steps)];
}

/** What is compared with null, in `x == null` and `null != x`. */
function nullTest(tree: Expr & { readonly op: 'binary' }): Expr | undefined {
  if (tree.operator !== '==' && tree.operator !== '!=') return undefined;
  if (isNull(tree.right)) return tree.left;
  return isNull(tree.left) ? tree.right : undefined;
}

const isNull = (tree: Expr): boolean => tree.op === 'literal' && tree.value === null;
const isPath = (tree: Expr): boolean => tree.op === 'name' || tree.op === 'field' || tree.op === 'index';
