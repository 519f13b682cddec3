import type { Expr } from '../contracts/expression.ts';
import { compareShapes, compareToLiteral, orderShapes } from './comparisons.ts';
import { checkDivisor } from './known-arguments.ts';
import { complainOfNull } from './null-problem.ts';
import { pathText } from './path-text.ts';
import { ANY, BOOLEAN, elementOf, INTEGER, isAny, listOf, membersOf, NEVER, NUMBER, type Shape, STRING, union } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { type Env, IN_ONE_PIECE } from './type-env.ts';
import type { Complain } from './type-problem.ts';
import { argument, wantType } from './wanted-type.ts';

/** A part that decides something has to be true or false. */
export function condition(tree: Expr, env: Env, where: string): void {
  const shape = env.infer(tree, env, 'value');
  conditionProblem(tree, shape, where, env.complain);
}

/** Complains when what decides something is not true or false. `where` says what it decides: `after `&&``, `in `skip_if``. */
export function conditionProblem(tree: Expr, shape: Shape, where: string, complain: Complain): void {
  if (isAny(shape)) return;
  const members = membersOf(shape);
  const wrong = members.filter((one) => one.type !== 'boolean' && one.type !== 'never');
  if (wrong.length === 0) return;
  const text = pathText(tree);
  if (wrong.every((one) => one.type === 'null') && members.length > wrong.length) {
    complain('DAG405', tree, `\`${text}\` ${where} may be null`, {
      label: 'true, false or null',
      help: `say what null means: \`coalesce(${text}, false)\``,
    });
    return;
  }
  complain('DAG410', tree, `a condition ${where} is true or false, and this is ${printSort(shape)}`, {
    label: printShape(shape),
    help: conditionHelp(text, members),
  });
}

function conditionHelp(text: string, members: readonly Shape[]): string {
  switch (members.find((one) => one.type !== 'null')?.type) {
    case 'list':
    case 'object':
      return `compare something: \`size(${text}) > 0\``;
    case 'string':
      return `compare it: \`${text} == "…"\`, or \`${text} != ""\``;
    case 'number':
      return `compare it: \`${text} > 0\``;
    default:
      return 'compare it with something';
  }
}

/** Complains when a part is no number; true when it is a whole one. */
export function number(tree: Expr, env: Env, operator: string): boolean {
  return isWhole(argument(tree, env, ['number'], `\`${operator}\``, 'a number'));
}

const isWhole = (shape: Shape): boolean => membersOf(shape).every((one) => one.type === 'number' && one.integer);

/** What an operator gives for its two sides. */
export function inferBinary(tree: Expr & { op: 'binary' }, env: Env): Shape {
  switch (tree.operator) {
    case '==':
    case '!=':
      return inferEquality(tree, env);
    case 'in':
      return inferMembership(tree, env);
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const left = argument(tree.left, env, ['number', 'string'], `\`${tree.operator}\``, 'a number or text');
      const right = argument(tree.right, env, ['number', 'string'], `\`${tree.operator}\``, 'a number or text');
      orderShapes(tree, left, right, env.complain);
      return BOOLEAN;
    }
    case '+':
      return inferSum(tree, env);
    default: {
      const left = argument(tree.left, env, ['number'], `\`${tree.operator}\``, 'a number');
      const right = argument(tree.right, env, ['number'], `\`${tree.operator}\``, 'a number');
      checkDivisor(tree, right, env);
      return isWhole(left) && isWhole(right) && tree.operator !== '/' ? INTEGER : NUMBER;
    }
  }
}

function inferEquality(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const isNull = (side: Expr): boolean => side.op === 'literal' && side.value === null;
  if (isNull(tree.left) || isNull(tree.right)) {
    const side = isNull(tree.left) ? tree.right : tree.left;
    env.infer(side, env, IN_ONE_PIECE.has(side.op) ? 'value' : 'asking');
    return BOOLEAN;
  }
  const left = env.infer(tree.left, env, 'value');
  const right = env.infer(tree.right, env, 'value');
  compareShapes(tree, left, right, env.complain);
  return BOOLEAN;
}

function inferMembership(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const left = env.infer(tree.left, env, 'value');
  const right = env.infer(tree.right, env, 'value');
  if (isAny(right)) return BOOLEAN;
  for (const one of membersOf(right)) {
    if (one.type === 'list') {
      if (tree.right.op === 'list') {
        for (const [i, item] of tree.right.items.entries()) compareToLiteral(tree.left, left, item, one.tuple?.[i] ?? ANY, env.complain);
      } else compareShapes(tree, left, elementOf(one), env.complain);
    } else if (one.type === 'object') {
      wantType(tree.left, left, ['string'], 'left of `in` an object', 'the name of a field', env);
    } else if (one.type === 'null') complainOfNull(tree.right, env);
    else if (one.type !== 'never') {
      env.complain('DAG411', tree.right, `\`in\` looks through a list, and this is ${printSort(one)}`, {
        label: printShape(one),
        ...(one.type === 'string' && { help: `a text within a text: \`${pathText(tree.right)}.contains(${pathText(tree.left)})\`` }),
      });
    }
  }
  return BOOLEAN;
}

function inferSum(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const wanted = ['number', 'string', 'list'] as const;
  const left = argument(tree.left, env, wanted, '`+`', 'a number, text or a list');
  const right = argument(tree.right, env, wanted, '`+`', 'a number, text or a list');
  const fits = (shape: Shape): readonly Shape[] => membersOf(shape).filter((one) => wanted.some((type) => type === one.type));
  const isOpen = (shape: Shape): boolean => isAny(shape) || shape.type === 'never';
  if (isOpen(left) || isOpen(right)) {
    const known = isOpen(left) ? fits(right) : fits(left);
    // The unknown side has to be of the sort of the other.
    const sorts = new Set(known.map((one) => one.type));
    return sorts.size === 1 && sorts.has('string')
      ? STRING
      : sorts.size === 1 && sorts.has('number')
        ? NUMBER
        : sorts.has('list')
          ? listOf(ANY)
          : ANY;
  }
  const [a, b] = [fits(left), fits(right)];
  if (a.length === 0 || b.length === 0) return ANY;
  const sort = a[0]?.type;
  if (![...a, ...b].every((one) => one.type === sort)) {
    env.complain('DAG407', tree, `\`+\` cannot join ${printSort(left)} and ${printSort(right)}`, {
      label: `${printShape(left)}, ${printShape(right)}`,
      ...joinHelp(tree, a, b),
    });
    return ANY;
  }
  if (sort === 'string') return STRING;
  if (sort === 'number') return [...a, ...b].every((one) => one.type === 'number' && one.integer) ? INTEGER : NUMBER;
  return listOf(union(...[...a, ...b].map((one) => (one.type === 'list' ? elementOf(one) : NEVER))));
}

function joinHelp(tree: Expr & { op: 'binary' }, left: readonly Shape[], right: readonly Shape[]): { help?: string } {
  const [a, b] = [left[0]?.type, right[0]?.type];
  if (a === 'list') return { help: `put the other in a list: \`[${pathText(tree.right)}]\`` };
  if (b === 'list') return { help: `put the other in a list: \`[${pathText(tree.left)}]\`` };
  if (a === 'string') return { help: `make it text first: \`string(${pathText(tree.right)})\`` };
  return b === 'string' ? { help: `make it text first: \`string(${pathText(tree.left)})\`` } : {};
}
