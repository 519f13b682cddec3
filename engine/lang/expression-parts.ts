import type { Expr } from '../contracts/expression.ts';

/** An expression and every part of it, outer ones first, in the order they are written. */
export function partsOf(tree: Expr): readonly Expr[] {
  return [tree, ...childrenOf(tree).flatMap(partsOf)];
}

function childrenOf(tree: Expr): readonly Expr[] {
  switch (tree.op) {
    case 'literal':
    case 'name':
      return [];
    case 'field':
    case 'has':
    case 'optional':
    case 'not':
    case 'negate':
      return [tree.of];
    case 'index':
      return [tree.of, tree.at];
    case 'call':
    case 'coalesce':
      return tree.args;
    case 'macro':
      return [tree.of, ...(tree.where === undefined ? [] : [tree.where]), tree.body];
    case 'and':
    case 'or':
    case 'binary':
      return [tree.left, tree.right];
    case 'conditional':
      return [tree.test, tree.then, tree.otherwise];
    case 'list':
      return tree.items;
    case 'object':
      return tree.entries.flatMap(({ key, value }) => [key, value]);
  }
}
