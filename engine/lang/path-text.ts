import type { Expr } from '../contracts/expression.ts';
import { printExpression } from './expression-text.ts';

/** `a.b[0].c` for a path whose steps are all known; undefined for anything else. */
export function pathKey(tree: Expr): string | undefined {
  switch (tree.op) {
    case 'name':
      return tree.name;
    case 'field': {
      const of = pathKey(tree.of);
      return of === undefined ? undefined : `${of}.${tree.name}`;
    }
    case 'index': {
      const of = pathKey(tree.of);
      if (of === undefined || tree.at.op !== 'literal') return undefined;
      return typeof tree.at.value === 'string' ? `${of}.${tree.at.value}` : `${of}[${String(tree.at.value)}]`;
    }
    default:
      return undefined;
  }
}

/** The same, and of elements under a key that is a path itself: `a[=b.c]`. What is known of such an element holds while its key is the same. */
export function factKey(tree: Expr): string | undefined {
  if (tree.op !== 'field' && tree.op !== 'index') return pathKey(tree);
  const of = factKey(tree.of);
  if (of === undefined) return undefined;
  if (tree.op === 'field') return `${of}.${tree.name}`;
  if (tree.at.op === 'literal') return typeof tree.at.value === 'string' ? `${of}.${tree.at.value}` : `${of}[${String(tree.at.value)}]`;
  const at = factKey(tree.at);
  return at === undefined ? undefined : `${of}[=${at}]`;
}

/** Longer parts are not repeated in a message; the frame shows them. */
const MOST_TEXT = 60;

/** A part of an expression as text, for messages; `(…)` when it is long. */
export function pathText(tree: Expr): string {
  // Contexts of template blocks carry a number, so that two of them can be told apart.
  const text = printExpression(tree).replace(/#\d+/g, '');
  return text.length <= MOST_TEXT || pathKey(tree) !== undefined ? text : '(…)';
}
