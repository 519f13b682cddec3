import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { Failed } from '../contracts/failure.ts';
import { compileLenient, type Scope } from './evaluate.ts';
import { printExpression } from './expression-text.ts';
import { firstCharacters } from './values.ts';

/** The most of one operand that is kept, in characters of its JSON. */
const MAX_OPERAND = 500;
const MAX_TEXT = 200;

/**
 * The values of the paths an expression names, by their text: `{ "nodes.classify.output.risk": 0.2 }`.
 * What is absent is null; long texts are cut, and of large lists and objects only the size is told.
 */
export function operandsOf(tree: Expr, scope: Scope): JsonObject {
  const found: [string, Json][] = [];
  const seen = new Set<string>();
  for (const path of pathsIn(tree, new Set())) {
    const name = printExpression(path);
    if (seen.has(name)) continue;
    seen.add(name);
    try {
      found.push([name, brief(compileLenient(path)(scope))]);
    } catch (error) {
      // What could not be read is not an operand; evaluating the expression has said so, or never came there.
      if (!(error instanceof Failed)) throw error;
    }
  }
  return Object.fromEntries(found);
}

/** Whole paths from names in scope; those that begin at a macro's variable have many values and are left out. */
function pathsIn(tree: Expr, locals: ReadonlySet<string>): readonly Expr[] {
  switch (tree.op) {
    case 'literal':
      return [];
    case 'name':
    case 'field':
    case 'index': {
      const names = namesIn(tree);
      if (names !== undefined) return names.some((name) => locals.has(name)) ? [] : [tree];
      return tree.op === 'name' ? [] : pathsIn(tree.of, locals).concat(tree.op === 'index' ? pathsIn(tree.at, locals) : []);
    }
    case 'macro': {
      const inner = new Set(locals).add(tree.variable);
      const where = tree.where === undefined ? [] : pathsIn(tree.where, inner);
      return [...pathsIn(tree.of, locals), ...where, ...pathsIn(tree.body, inner)];
    }
    case 'has':
    case 'optional':
    case 'not':
    case 'negate':
      return pathsIn(tree.of, locals);
    case 'call':
    case 'coalesce':
      return tree.args.flatMap((argument) => pathsIn(argument, locals));
    case 'and':
    case 'or':
    case 'binary':
      return [tree.left, tree.right].flatMap((side) => pathsIn(side, locals));
    case 'conditional':
      return [tree.test, tree.then, tree.otherwise].flatMap((part) => pathsIn(part, locals));
    case 'list':
      return tree.items.flatMap((item) => pathsIn(item, locals));
    case 'object':
      return tree.entries.flatMap(({ key, value }) => [key, value].flatMap((part) => pathsIn(part, locals)));
  }
}

/** The names a path begins with, also in its brackets; undefined when it is no path. */
function namesIn(tree: Expr): readonly string[] | undefined {
  if (tree.op === 'name') return [tree.name];
  if (tree.op === 'field') return namesIn(tree.of);
  if (tree.op !== 'index') return undefined;
  const of = namesIn(tree.of);
  const at = tree.at.op === 'literal' ? [] : namesIn(tree.at);
  return of === undefined || at === undefined ? undefined : [...of, ...at];
}

function brief(value: Json): Json {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${firstCharacters(value, MAX_TEXT - 1)}…` : value;
  if (value === null || typeof value !== 'object') return value;
  if (isSmall(value, { left: MAX_OPERAND })) return value;
  return isList(value) ? `a list of ${value.length}` : `an object of ${Object.keys(value).length} fields`;
}

/** Stops looking as soon as it is too large. */
function isSmall(value: Json, room: { left: number }): boolean {
  room.left -= typeof value === 'string' ? value.length + 2 : 4;
  if (room.left < 0) return false;
  if (isList(value)) return value.every((element) => isSmall(element, room));
  if (!isObject(value)) return true;
  for (const key in value) {
    room.left -= key.length + 3;
    if (room.left < 0 || !isSmall(value[key] ?? null, room)) return false;
  }
  return true;
}
