import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { Budget } from './budget.ts';
import { nameExpression } from './expression-text.ts';
import { fail, failMissing, Missing } from './failing.ts';
import { functions } from './functions.ts';
import { add, compare, compute, isIn } from './operators.ts';
import { isEqual, kindOf } from './values.ts';

/** The values behind the names a field can read. They may be computed when they are read: nothing here copies a scope or lists its names. */
export type Scope = { readonly [name: string]: Json | undefined };

/** One evaluation: what is read, the variables of macros by number, and what it may still cost. */
interface Frame {
  readonly scope: Scope;
  readonly locals: Json[];
  readonly budget: Budget;
}

type Run = (frame: Frame) => Json;

/** Variables of the macros around an expression. Each has a slot of its own, also one that hides another of its name. */
interface Locals {
  readonly slots: ReadonlyMap<string, number>;
  readonly count: number;
}

const NONE: Locals = { slots: new Map(), count: 0 };

/**
 * A function that gives an expression's value on a scope; it throws Failed (expression_failed) where there is none.
 *
 * A path through something absent or null fails, except under a null test, `has`, `coalesce`, `optional` and after `.?`.
 * Both sides of `&&` and `||` are booleans, read from left to right; no error is ever absorbed.
 */
export function compileExpression(tree: Expr): (scope: Scope) => Json {
  if (tree.op === 'literal') {
    const { value } = tree;
    return () => value;
  }
  const run = strict(tree, NONE);
  return (scope) => run({ scope, locals: [], budget: new Budget() });
}

/** The value of a path where it is there, else null, for looking at what an expression read. Other trees are evaluated as they are. */
export function compileLenient(tree: Expr): (scope: Scope) => Json {
  const run = lenient(tree, NONE);
  return (scope) => run({ scope, locals: [], budget: new Budget() });
}

function strict(tree: Expr, locals: Locals): Run {
  switch (tree.op) {
    case 'literal': {
      const { value } = tree;
      return () => value;
    }
    case 'name':
      return readName(tree.name, locals);
    case 'field':
      return readField(tree, locals);
    case 'index':
      return readIndex(tree, locals);
    case 'call':
      return callFunction(tree, locals);
    case 'macro':
      return runMacro(tree, locals);
    case 'has': {
      const of = lenient(tree.of, locals);
      return (frame) => of(frame) !== null;
    }
    case 'optional':
      return lenient(tree.of, locals);
    case 'coalesce': {
      const first = tree.args.slice(0, -1).map((argument) => lenient(argument, locals));
      const [end] = tree.args.slice(-1);
      const last = end === undefined ? (): Json => null : strict(end, locals);
      return (frame) => {
        for (const run of first) {
          const value = run(frame);
          if (value !== null) return value;
        }
        return last(frame);
      };
    }
    case 'not': {
      const of = booleanOf(tree.of, locals, '`!`');
      return (frame) => !of(frame);
    }
    case 'negate': {
      const of = strict(tree.of, locals);
      return (frame) => compute('-', 0, of(frame), () => ['`0`', nameExpression(tree.of)]);
    }
    case 'and': {
      const left = booleanOf(tree.left, locals, '`&&`');
      const right = booleanOf(tree.right, locals, '`&&`');
      return (frame) => left(frame) && right(frame);
    }
    case 'or': {
      const left = booleanOf(tree.left, locals, '`||`');
      const right = booleanOf(tree.right, locals, '`||`');
      return (frame) => left(frame) || right(frame);
    }
    case 'binary':
      return binary(tree, locals);
    case 'conditional': {
      const test = booleanOf(tree.test, locals, '`? :`');
      const then = strict(tree.then, locals);
      const otherwise = strict(tree.otherwise, locals);
      return (frame) => (test(frame) ? then(frame) : otherwise(frame));
    }
    case 'list': {
      const items = tree.items.map((item) => strict(item, locals));
      return (frame) => items.map((item) => item(frame));
    }
    case 'object': {
      const entries = tree.entries.map(({ key, value }) => ({ key: strict(key, locals), value: strict(value, locals), tree: key }));
      return (frame) => {
        const made: [string, Json][] = entries.map(({ key, value, tree: at }) => {
          const name = key(frame);
          return [typeof name === 'string' ? name : fail(`the key ${nameExpression(at)} is ${kindOf(name)}, not text`), value(frame)];
        });
        return Object.fromEntries(made);
      };
    }
  }
}

/** As `strict`, but null where a value is absent, or where something needed a value that is not there. */
function lenient(tree: Expr, locals: Locals): Run {
  switch (tree.op) {
    case 'field': {
      const of = lenient(tree.of, locals);
      const { name } = tree;
      return (frame) => {
        const from = of(frame);
        return isObject(from) && Object.hasOwn(from, name)
          ? (from[name] ?? null)
          : from === null || isObject(from)
            ? null
            : noField(tree, from);
      };
    }
    case 'index': {
      const of = lenient(tree.of, locals);
      const at = lenient(tree.at, locals);
      return (frame) => {
        const from = of(frame);
        const key = at(frame);
        return from === null || key === null ? null : (element(tree, from, key) ?? null);
      };
    }
    case 'name':
    case 'literal':
      return strict(tree, locals);
    default: {
      const run = strict(tree, locals);
      return (frame) => {
        try {
          return run(frame);
        } catch (error) {
          if (error instanceof Missing) return null;
          throw error;
        }
      };
    }
  }
}

function readName(name: string, locals: Locals): Run {
  const slot = locals.slots.get(name);
  if (slot !== undefined) return (frame) => frame.locals[slot] ?? null;
  return ({ scope }) => {
    const value = Object.hasOwn(scope, name) ? scope[name] : undefined;
    return value === undefined ? fail(`there is no \`${name}\` here`) : value;
  };
}

function readField(tree: Expr & { readonly op: 'field' }, locals: Locals): Run {
  const of = strict(tree.of, locals);
  const { name, optional } = tree;
  const chained = isOptional(tree.of);
  return (frame) => {
    const from = of(frame);
    if (isObject(from)) {
      // An entry may be behind a getter: asked for once.
      const value = Object.hasOwn(from, name) ? from[name] : undefined;
      if (value !== undefined) return value;
      return optional || chained ? null : failMissing(`${nameExpression(tree.of)} has no \`${name}\`${known(from)}`);
    }
    if (from === null) {
      return chained ? null : failMissing(`${nameExpression(tree.of)} is null, so \`${name}\` cannot be read from it`);
    }
    return noField(tree, from);
  };
}

function noField(tree: Expr & { readonly op: 'field' }, from: Json): never {
  const of = nameExpression(tree.of);
  if (isList(from)) fail(`${of} is a list and has no field \`${tree.name}\`; read it from an element, or of all with \`map\``);
  return fail(`${of} is ${kindOf(from)} and has no field \`${tree.name}\`${tree.name === 'length' ? '; write `size(…)`' : ''}`);
}

function readIndex(tree: Expr & { readonly op: 'index' }, locals: Locals): Run {
  const of = strict(tree.of, locals);
  const at = strict(tree.at, locals);
  const { optional } = tree;
  const chained = isOptional(tree.of);
  return (frame) => {
    const from = of(frame);
    const key = at(frame);
    if (from === null) return chained ? null : failMissing(`${nameExpression(tree.of)} is null and has no element ${JSON.stringify(key)}`);
    const value = element(tree, from, key);
    if (value !== undefined) return value;
    if (optional || chained) return null;
    return isList(from)
      ? failMissing(
          `${nameExpression(tree.of)} has ${from.length} element${from.length === 1 ? '' : 's'}, so none at ${JSON.stringify(key)}`,
        )
      : failMissing(`${nameExpression(tree.of)} has no ${JSON.stringify(key)}${isObject(from) ? known(from) : ''}`);
  };
}

/** An element of a list, a field of an object; undefined where there is none. */
function element(tree: Expr & { readonly op: 'index' }, from: Json, key: Json): Json | undefined {
  if (isList(from)) {
    if (typeof key === 'number' && Number.isInteger(key)) return key < 0 ? undefined : from[key];
    return fail(`${nameExpression(tree.of)} is a list, so its index is a whole number, not ${typeof key === 'number' ? key : kindOf(key)}`);
  }
  if (isObject(from)) {
    if (typeof key === 'string') return Object.hasOwn(from, key) ? from[key] : undefined;
    return fail(`${nameExpression(tree.of)} is an object, so its key is text, not ${kindOf(key)}`);
  }
  return fail(`${nameExpression(tree.of)} is ${kindOf(from)} and has no elements`);
}

/** True where a step before was `.?` or `[?…]`: what follows it is null when it was. */
function isOptional(tree: Expr): boolean {
  return (tree.op === 'field' || tree.op === 'index') && (tree.optional || isOptional(tree.of));
}

function known(from: JsonObject): string {
  const names = Object.keys(from);
  if (names.length === 0) return '; it is empty';
  return names.length > 8 ? '' : `; it has ${names.map((name) => `\`${name}\``).join(', ')}`;
}

function booleanOf(tree: Expr, locals: Locals, wanted: string): (frame: Frame) => boolean {
  const run = strict(tree, locals);
  return (frame) => {
    const value = run(frame);
    if (typeof value === 'boolean') return value;
    const message = `${wanted} needs true or false, but ${nameExpression(tree)} is ${kindOf(value)}`;
    return value === null ? failMissing(message) : fail(message);
  };
}

function binary(tree: Expr & { readonly op: 'binary' }, locals: Locals): Run {
  const { operator } = tree;
  if (operator === '==' || operator === '!=') return equality(tree, locals);
  const left = strict(tree.left, locals);
  const right = strict(tree.right, locals);
  const names = (): readonly [string, string] => [nameExpression(tree.left), nameExpression(tree.right)];
  switch (operator) {
    case '+':
      return (frame) => add(left(frame), right(frame), frame.budget, names);
    case '-':
    case '*':
    case '/':
    case '%':
      return (frame) => compute(operator, left(frame), right(frame), names);
    case 'in':
      return (frame) => isIn(left(frame), right(frame), frame.budget, names);
    case '<':
      return (frame) => compare(operator, left(frame), right(frame), names) < 0;
    case '<=':
      return (frame) => compare(operator, left(frame), right(frame), names) <= 0;
    case '>':
      return (frame) => compare(operator, left(frame), right(frame), names) > 0;
    case '>=':
      return (frame) => compare(operator, left(frame), right(frame), names) >= 0;
  }
}

/** Compared with null, an absent path is null. */
function equality(tree: Expr & { readonly op: 'binary' }, locals: Locals): Run {
  const isNull = (side: Expr): boolean => side.op === 'literal' && side.value === null;
  const wanted = tree.operator === '==';
  const compile = isNull(tree.left) || isNull(tree.right) ? pathLenient : strict;
  const left = compile(tree.left, locals);
  const right = compile(tree.right, locals);
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (a === b) return wanted;
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return !wanted;
    return isEqual(a, b, () => frame.budget.spend(1)) === wanted;
  };
}

function pathLenient(tree: Expr, locals: Locals): Run {
  return tree.op === 'field' || tree.op === 'index' ? lenient(tree, locals) : strict(tree, locals);
}

function callFunction(tree: Expr & { readonly op: 'call' }, locals: Locals): Run {
  const called = functions.get(tree.name);
  if (called === undefined) throw new Error(`the parser let \`${tree.name}\` through`);
  const args = tree.args.map((argument) => strict(argument, locals));
  const name = (index: number): string => {
    const argument = tree.args[index];
    return argument === undefined ? 'it' : nameExpression(argument);
  };
  return (frame) =>
    called.call(
      args.map((argument) => argument(frame)),
      { budget: frame.budget, name },
    );
}

function runMacro(tree: Expr & { readonly op: 'macro' }, locals: Locals): Run {
  const of = strict(tree.of, locals);
  const slot = locals.count;
  const inner: Locals = { slots: new Map(locals.slots).set(tree.variable, slot), count: slot + 1 };
  const elements = (frame: Frame): readonly Json[] => {
    const value = of(frame);
    if (isList(value)) return frame.budget.list(value);
    // Over an object a macro goes over its keys, as in CEL.
    if (isObject(value)) return frame.budget.list(Object.keys(value));
    const message = `\`${tree.name}\` goes over a list, but ${nameExpression(tree.of)} is ${kindOf(value)}`;
    return value === null ? failMissing(message) : fail(message);
  };
  if (tree.name === 'map') {
    const where = tree.where === undefined ? undefined : booleanOf(tree.where, inner, '`map`');
    const body = strict(tree.body, inner);
    return (frame) => {
      const made: Json[] = [];
      for (const one of elements(frame)) {
        frame.locals[slot] = one;
        if (where === undefined || where(frame)) made.push(body(frame));
      }
      return made;
    };
  }
  const body = booleanOf(tree.body, inner, `\`${tree.name}\``);
  const holds = (frame: Frame, one: Json): boolean => {
    frame.locals[slot] = one;
    return body(frame);
  };
  switch (tree.name) {
    case 'all':
      return (frame) => elements(frame).every((one) => holds(frame, one));
    case 'exists':
      return (frame) => elements(frame).some((one) => holds(frame, one));
    case 'exists_one':
      return (frame) => elements(frame).filter((one) => holds(frame, one)).length === 1;
    case 'filter':
      return (frame) => elements(frame).filter((one) => holds(frame, one));
  }
}
