import { isList, isObject, type Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { partsOf } from './expression-parts.ts';
import { pathKey } from './path-text.ts';
import { NULL, type Shape } from './shape.ts';
import type { Env, Facts } from './type-env.ts';

/** How many elements the constant has that a path leads to, unless that was asked on the way here; undefined of anything else. */
export function lengthOfConstant(tree: Expr, env: Env): number | undefined {
  const constant = constantAt(tree, env);
  return isList(constant) && !env.facts.has(asked(tree)) ? constant.length : undefined;
}

/** What a condition looks at of the lists among the constants: what comes after it knows how long they are. */
export function listsAsked(test: Expr, env: Env): Facts {
  if (env.scope.constants === undefined) return NONE;
  let found: Map<string, Shape> | undefined;
  for (const part of partsOf(test)) {
    if (part.op !== 'field' || !isList(constantAt(part, env))) continue;
    found ??= new Map();
    found.set(asked(part), NULL);
  }
  return found ?? NONE;
}

const NONE: Facts = new Map();

/** No path is written like this: it does not get into the way of what else is known. */
function asked(tree: Expr): string {
  return `size(${pathKey(tree)})`;
}

function constantAt(tree: Expr, env: Env): Json | undefined {
  if (tree.op === 'name') return tree.name === 'constants' && !env.locals.has('constants') ? env.scope.constants : undefined;
  if (tree.op === 'field') {
    const of = constantAt(tree.of, env);
    return isObject(of) && Object.hasOwn(of, tree.name) ? of[tree.name] : undefined;
  }
  if (tree.op !== 'index' || tree.at.op !== 'literal') return undefined;
  const of = constantAt(tree.of, env);
  if (isList(of) && typeof tree.at.value === 'number') return of[tree.at.value];
  return isObject(of) && typeof tree.at.value === 'string' && Object.hasOwn(of, tree.at.value) ? of[tree.at.value] : undefined;
}
