import type { Expr } from '../contracts/expression.ts';
import { infer } from './infer-expression.ts';
import { surroundings } from './narrowing.ts';
import { pathKey } from './path-text.ts';
import { lowestOf, membersOf, type Shape } from './shape.ts';
import { type Env, quietShape } from './type-env.ts';
import type { KnownCondition, TypeScope } from './type-scope.ts';

/**
 * The least an expression can give, by what is declared and by the conditions that have let its field through: `-Infinity` where nothing
 * holds it back, undefined where nobody can tell.
 */
export function leastOf(tree: Expr, scope: TypeScope): number | undefined {
  return least(
    tree,
    surroundings(scope, () => {}, 'expression', infer),
    scope.known ?? [],
  );
}

function least(tree: Expr, env: Env, known: readonly KnownCondition[]): number | undefined {
  const of = (part: Expr | undefined): number | undefined => (part === undefined ? undefined : least(part, env, known));
  switch (tree.op) {
    case 'literal':
      return typeof tree.value === 'number' ? tree.value : undefined;
    case 'name':
    case 'field':
    case 'index':
      return leastOfPath(tree, quietShape(tree, env), known);
    case 'conditional': {
      const branch = (part: Expr, outcome: boolean): number | undefined => least(part, env, [...known, { tree: tree.test, outcome }]);
      return lowest([branch(tree.then, true), branch(tree.otherwise, false)]);
    }
    case 'coalesce':
      return lowest(tree.args.map(of));
    case 'call':
      return leastOfCall(tree.name, tree.args.map(of));
    case 'binary':
      return leastOfSum(tree, of);
    default:
      return undefined;
  }
}

type Least = number | undefined;

const lowest = (all: readonly Least[]): Least =>
  all.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : Math.min(sum, one)), Number.POSITIVE_INFINITY);

function leastOfCall(name: string, args: readonly Least[]): Least {
  const [first] = args;
  switch (name) {
    case 'max': {
      if (args.length < 2) return undefined;
      const certain = args.filter((one) => one !== undefined);
      const most = Math.max(...certain);
      // One that is not known may be more, and is never what makes it less.
      return certain.length === args.length || most >= 1 ? most : undefined;
    }
    case 'min':
      return args.length < 2 ? undefined : lowest(args);
    case 'size':
      return 0;
    case 'int':
      return first === undefined ? undefined : Math.trunc(first);
    case 'round':
      return args.length > 1 || first === undefined ? undefined : Math.round(first);
    default:
      return undefined;
  }
}

function leastOfSum({ operator, left, right }: Expr & { op: 'binary' }, of: (part: Expr) => Least): Least {
  const [a, b] = [of(left), of(right)];
  if (a === undefined || b === undefined) return undefined;
  const written = right.op === 'literal';
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return written ? a - b : undefined;
    case '*':
      return a >= 0 && b >= 0 ? a * b : undefined;
    case '/':
      return written && b > 0 ? a / b : undefined;
    default:
      return undefined;
  }
}

function leastOfPath(tree: Expr, shape: Shape, known: readonly KnownCondition[]): Least {
  const numbers = membersOf(shape).filter((one) => one.type === 'number');
  if (numbers.length === 0 || membersOf(shape).some((one) => one.type === 'any')) return undefined;
  const declared = Math.min(...numbers.map((one) => lowestOf(one) ?? Number.NEGATIVE_INFINITY));
  const key = pathKey(tree);
  const whole = numbers.every((one) => one.integer);
  if (key === undefined) return declared;
  return known.reduce((before, { tree: condition, outcome }) => raised(condition, outcome, { key, whole }, before), declared);
}

/** How much the least of a path is where a condition has turned out so, when it was `before` without it. */
function raised(tree: Expr, outcome: boolean, path: { readonly key: string; readonly whole: boolean }, before: number): number {
  switch (tree.op) {
    case 'not':
      return raised(tree.of, !outcome, path, before);
    case 'and':
    case 'or': {
      const left = raised(tree.left, outcome, path, before);
      // Both are known to be so, or either may be the reason.
      if ((tree.op === 'and') === outcome) return raised(tree.right, outcome, path, left);
      return Math.min(left, raised(tree.right, outcome, path, before));
    }
    case 'binary': {
      const turned = tree.left.op === 'literal';
      const [one, value] = turned ? [tree.right, tree.left] : [tree.left, tree.right];
      if (value.op !== 'literal' || typeof value.value !== 'number' || pathKey(one) !== path.key) return before;
      const operator = turned ? (TURNED[tree.operator] ?? tree.operator) : tree.operator;
      const above = path.whole ? Math.floor(value.value) + 1 : value.value;
      switch (outcome ? operator : OPPOSITE[operator]) {
        case '>':
          return Math.max(before, above);
        case '>=':
        case '==':
          return Math.max(before, value.value);
        case '!=':
          return before === value.value ? above : before;
        default:
          return before;
      }
    }
    default:
      return before;
  }
}

const TURNED: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const OPPOSITE: Readonly<Record<string, string>> = { '<': '>=', '>': '<=', '<=': '>', '>=': '<', '==': '!=', '!=': '==' };
