import type { Expr } from '../contracts/expression.ts';
import { printExpression } from './expression-text.ts';
import { pathKey } from './path-text.ts';
import { highestOf, isAny, lowestOf, membersOf, type Shape } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import type { Complain } from './type-problem.ts';

type Comparison = Expr & { readonly op: 'binary' };

/** Complains when two values can never be equal: they are of different sorts, or one is outside the values of the other. */
export function compareShapes(tree: Comparison, left: Shape, right: Shape, complain: Complain): void {
  if (tree.right.op === 'literal') compareToLiteral(tree.left, left, tree.right, right, complain);
  else if (tree.left.op === 'literal') compareToLiteral(tree.right, right, tree.left, left, complain);
  else if (!canBeEqual(left, right)) {
    complain('DAG408', tree, `these two are never equal: ${printShape(left)}, and ${printShape(right)}`, {
      label: `${printSort(left)} and ${printSort(right)}`,
      ...castHelp(left, right, tree.left, tree.right),
    });
  }
}

/** Complains when `tree`, of shape `shape`, can never be the literal it is compared with. */
export function compareToLiteral(tree: Expr, shape: Shape, literal: Expr, value: Shape, complain: Complain): void {
  if (isAny(shape) || isAny(value) || canBeEqual(shape, value)) return;
  const [one] = membersOf(value);
  if (one === undefined) return;
  const members = membersOf(shape);
  const values = members.flatMap((member) => (member.type === 'string' ? (member.values ?? []) : []));
  const text = literal.op === 'literal' && typeof literal.value === 'string' ? literal.value : undefined;
  const sameSort = members.some((member) => member.type === one.type);
  complain('DAG408', literal, `${textOf(tree)} is never ${printShape(value)}`, {
    label: `${values.length > 0 && members.length === 1 ? 'it is one of' : 'it is'} ${printShape(shape)}`,
    ...(!sameSort && literalHelp(tree, shape, literal)),
    ...(sameSort && text !== undefined && values.length > 0 && { name: text, candidates: values }),
  });
}

/** Warns about a comparison with a bound that the value can never cross, and complains about one of two sorts. */
export function orderShapes(tree: Comparison, left: Shape, right: Shape, complain: Complain): void {
  if (isAny(left) || isAny(right)) return;
  const sorts = [sortsOf(left), sortsOf(right)].map((set) => [...set].filter((sort) => sort === 'number' || sort === 'string'));
  const [a, b] = sorts;
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return;
  if (a.join() !== b.join()) {
    complain('DAG408', tree, `\`${tree.operator}\` cannot order ${printSort(left)} and ${printSort(right)}`, {
      label: `${printShape(left)}, ${printShape(right)}`,
      ...castHelp(left, right, tree.left, tree.right),
    });
    return;
  }
  const numbers = [numberOf(left), numberOf(right)] as const;
  if (numbers[0] === undefined || numbers[1] === undefined) return;
  // Two literals are somebody's switch; a bound outside a declared range is a slip.
  if ((tree.left.op === 'literal') === (tree.right.op === 'literal')) return;
  const [path, shape, literal] = tree.right.op === 'literal' ? [tree.left, numbers[0], numbers[1]] : [tree.right, numbers[1], numbers[0]];
  // `risk <= 1` where that is the top of its range is a belt with braces, not a slip.
  if (!(below(highestOf(shape), lowestOf(literal)) || below(highestOf(literal), lowestOf(shape)))) return;
  const outcome = alwaysOrdered(tree.operator, numbers[0], numbers[1]);
  if (outcome === undefined) return;
  complain('DAG416', tree, `this is always ${outcome}: ${textOf(path)} is ${printShape(shape)}`, {
    severity: 'warning',
    label: `always ${outcome}`,
    help: 'compare it with a number of its range, or change the range',
  });
}

type NumberShape = Shape & { readonly type: 'number' };

function numberOf(shape: Shape): NumberShape | undefined {
  const members = membersOf(shape);
  return members.length === 1 && members[0]?.type === 'number' ? members[0] : undefined;
}

/** How an ordering turns out, when what is known of both sides alone decides it. */
export function orderOutcome(operator: string, left: Shape, right: Shape): boolean | undefined {
  const [a, b] = [numberOf(left), numberOf(right)];
  return a === undefined || b === undefined ? undefined : alwaysOrdered(operator, a, b);
}

/** The outcome of an ordering when bounds alone decide it. */
function alwaysOrdered(operator: string, left: NumberShape, right: NumberShape): boolean | undefined {
  const [low, high] = [lowestOf(left), highestOf(left)];
  const [least, most] = [lowestOf(right), highestOf(right)];
  switch (operator) {
    case '<':
      return decided(high, least, low, most, true);
    case '>=':
      return not(decided(high, least, low, most, true));
    case '>':
      return decided(most, low, least, high, true);
    default:
      return not(decided(most, low, least, high, true));
  }
}

/** `a < b` is true for all when a's most is below b's least, and false for all when a's least is not below b's most. */
function decided(
  mostOfA: number | undefined,
  leastOfB: number | undefined,
  leastOfA: number | undefined,
  mostOfB: number | undefined,
  yes: boolean,
): boolean | undefined {
  if (mostOfA !== undefined && leastOfB !== undefined && mostOfA < leastOfB) return yes;
  if (leastOfA !== undefined && mostOfB !== undefined && leastOfA >= mostOfB) return !yes;
  return undefined;
}

const not = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value);

function sortsOf(shape: Shape): ReadonlySet<string> {
  return new Set(membersOf(shape).map((one) => one.type));
}

/** False only when no value fits both shapes. */
function canBeEqual(a: Shape, b: Shape): boolean {
  const [left, right] = [membersOf(a), membersOf(b)];
  const loose = (one: Shape): boolean => one.type === 'any' || one.type === 'never';
  if (left.some(loose) || right.some(loose)) return true;
  return left.some((one) => right.some((other) => pairCanBeEqual(one, other)));
}

function pairCanBeEqual(a: Shape, b: Shape): boolean {
  if (a.type !== b.type) return false;
  if (a.type === 'string' && b.type === 'string')
    return a.values === undefined || b.values === undefined || a.values.some((value) => b.values?.includes(value));
  if (a.type === 'boolean' && b.type === 'boolean') return a.value === undefined || b.value === undefined || a.value === b.value;
  if (a.type === 'number' && b.type === 'number') {
    if (a.values !== undefined && b.values !== undefined) return a.values.some((value) => b.values?.includes(value));
    return !(below(highestOf(a), lowestOf(b)) || below(highestOf(b), lowestOf(a)));
  }
  return true;
}

const below = (high: number | undefined, low: number | undefined): boolean => high !== undefined && low !== undefined && high < low;

function literalHelp(tree: Expr, shape: Shape, literal: Expr): { help?: string } {
  if (literal.op !== 'literal') return {};
  const sorts = sortsOf(shape);
  if (typeof literal.value === 'string') {
    const bare = literal.value.trim();
    if (sorts.has('boolean') && (bare === 'true' || bare === 'false')) return { help: `write \`${bare}\` without quotes` };
    if (sorts.has('number') && isNumeric(bare)) return { help: `write \`${bare}\` without quotes` };
    if (sorts.has('list')) return { help: `is it in the list? \`${JSON.stringify(literal.value)} in ${textOf(tree, '…')}\`` };
  }
  if (sorts.has('string')) return { help: `put it in quotes: \`"${String(literal.value)}"\`` };
  return {};
}

const isNumeric = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

function castHelp(left: Shape, right: Shape, leftTree: Expr, rightTree: Expr): { help?: string } {
  const [a, b] = [sortsOf(left), sortsOf(right)];
  if (a.has('list') && !b.has('list')) return { help: `is it in the list? \`${textOf(rightTree, '…')} in ${textOf(leftTree, '…')}\`` };
  if (b.has('list') && !a.has('list')) return { help: `is it in the list? \`${textOf(leftTree, '…')} in ${textOf(rightTree, '…')}\`` };
  for (const side of [leftTree, rightTree]) {
    if (side.op === 'literal' && typeof side.value === 'string' && isNumeric(side.value.trim()))
      return { help: `write \`${side.value.trim()}\` without quotes` };
  }
  if (a.has('string') && b.has('number')) return { help: `compare numbers: \`double(${textOf(leftTree, '…')})\`` };
  if (a.has('number') && b.has('string')) return { help: `compare numbers: \`double(${textOf(rightTree, '…')})\`` };
  return {};
}

/** A path as text; `otherwise` for what is no path. */
function textOf(tree: Expr, otherwise = 'this'): string {
  const path = pathKey(tree) === undefined ? undefined : printExpression(tree).replace(/#\d+/g, '');
  return path === undefined ? otherwise : otherwise === 'this' ? `\`${path}\`` : path;
}
