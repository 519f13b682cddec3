import type { Expr } from '../contracts/expression.ts';
import type { TemplateValue } from '../contracts/template.ts';
import { membersOf } from './shape.ts';
import { type Env, quietShape } from './type-env.ts';
import type { Stretch } from './type-problem.ts';

/*
 * What stands in templates, as the trees of expressions: one set of rules then types both languages.
 */

/** The surroundings of one part of a template. */
export interface Place {
  readonly env: Env;
  /** The local that each enclosing block's context is kept under, innermost last. */
  readonly contexts: readonly string[];
  /** How many of these blocks go through something. */
  readonly loops: number;
  /** Names given by blocks (`as |x|`), and the local each is kept under. */
  readonly names: ReadonlyMap<string, string>;
  readonly partials: Readonly<Record<string, string>>;
  /** Partials being printed: one within itself is somebody else's mistake. */
  readonly open: readonly string[];
}

/** A path or literal as the tree of an expression, so that both languages follow paths by the same rules. */
export function exprOf(value: TemplateValue, place: Place): Expr | undefined {
  const at: Stretch = { start: value.start, end: value.end };
  if (value.type === 'literal') return { ...at, op: 'literal', value: value.value };
  if (value.type !== 'path') return undefined;
  const { contexts, names, env } = place;
  let steps = value.data ? value.parts.slice(1) : value.parts;
  let root: string | undefined;
  if (value.data) {
    if (value.parts[0] !== 'root') return undefined;
    [root, ...steps] = steps;
  } else if (value.explicit || value.up > 0) {
    const context = contexts.length - 1 - value.up;
    // Outside all blocks the context is the scope.
    if (context === -1) [root, ...steps] = steps;
    else root = contexts[context];
    if (context === -1 && root !== undefined && !env.scope.names.has(root)) return undefined;
  } else {
    const [first = '', ...rest] = steps;
    if (names.has(first) || env.scope.names.has(first)) {
      root = names.get(first) ?? first;
      steps = rest;
    } else root = contexts.at(-1);
  }
  if (root === undefined) return undefined;
  let left = steps.reduce((sum, step) => sum + step.length + 1, 0);
  // A context that is not written, as in `{{file}}`, stands where its field does.
  const rootEnd = at.end - left;
  let tree: Expr = { start: at.start, end: rootEnd > at.start ? rootEnd : at.end, op: 'name', name: root };
  for (const step of steps) {
    left -= step.length + 1;
    const end = Math.max(at.start, at.end - left);
    // The text of the path up to here: what a message underlines.
    tree = /^\d+$/.test(step)
      ? { start: at.start, end, op: 'index', of: tree, at: { ...at, op: 'literal', value: Number(step) }, optional: false }
      : { start: at.start, end, op: 'field', of: tree, name: step, optional: false };
  }
  return tree;
}

/** Stands for what is no path, so that messages have a place to point at. */
export const placeholder = (value: TemplateValue): Expr => ({ start: value.start, end: value.end, op: 'name', name: '…' });

const OPERATORS = { eq: '==', ne: '!=', lt: '<', gt: '>' } as const;

/** What `{{#if}}` finds out, as an expression: that a path leads to something, that two values are equal. */
export function testOf(value: TemplateValue, place: Place): Expr {
  const at: Stretch = { start: value.start, end: value.end };
  if (value.type === 'helper') {
    const args = value.args.map((arg) => testOf(arg, place));
    const [left = placeholder(value)] = args;
    switch (value.name) {
      case 'not':
        return { ...at, op: 'not', of: left };
      case 'and':
      case 'or': {
        const op = value.name;
        return args.slice(1).reduce<Expr>((sum, one) => ({ ...at, op, left: sum, right: one }), left);
      }
      case 'exists':
        return left;
      case 'lookup': {
        const found = lookupOf(value, place);
        if (found === undefined) break;
        return { ...at, op: 'binary', operator: '!=', left: found, right: { ...at, op: 'literal', value: null } };
      }
      case 'eq':
      case 'ne':
      case 'lt':
      case 'gt': {
        const [a, b] = value.args.map((arg) => exprOf(arg, place) ?? placeholder(arg));
        if (a === undefined || b === undefined) break;
        return { ...at, op: 'binary', operator: OPERATORS[value.name], left: a, right: b };
      }
    }
    return placeholder(value);
  }
  const path = value.type === 'path' && !value.data ? exprOf(value, place) : undefined;
  if (path === undefined) return placeholder(value);
  const there: Expr = { ...at, op: 'binary', operator: '!=', left: path, right: { ...at, op: 'literal', value: null } };
  const members = membersOf(quietShape(path, place.env));
  if (!members.every(({ type }) => type === 'boolean' || type === 'null')) return there;
  // Of what is true or false, the block asks for more than whether it is there.
  return members.some(({ type }) => type === 'null') ? { ...at, op: 'and', left: there, right: path } : path;
}

/** What `lookup` reads as a path; undefined when it is none. */
export function lookupOf({ args, start }: TemplateValue & { type: 'helper' }, place: Place): Expr | undefined {
  const [of, at] = args.map((arg) => exprOf(arg, place));
  if (of === undefined || at === undefined) return undefined;
  if (at.op !== 'literal') return { start: of.start, end: at.end, op: 'index', of, at, optional: false };
  return typeof at.value === 'string' ? { start, end: at.end - 1, op: 'field', of, name: at.value, optional: false } : undefined;
}
