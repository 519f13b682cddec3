import type { Expr } from '../contracts/expression.ts';

/** How tightly an operator binds; a weaker one inside a stronger one needs brackets. */
const STRENGTH: Readonly<Record<string, number>> = {
  '*': 6,
  '/': 6,
  '%': 6,
  '+': 5,
  '-': 5,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '==': 4,
  '!=': 4,
  in: 4,
};

/** An expression written out again, for messages: `nodes.scan.output.findings[0].file`. */
export function printExpression(tree: Expr): string {
  switch (tree.op) {
    case 'literal':
      return JSON.stringify(tree.value);
    case 'name':
      return tree.name;
    case 'field':
      return `${within(tree.of, 9)}.${tree.optional ? '?' : ''}${tree.name}`;
    case 'index':
      return `${within(tree.of, 9)}[${tree.optional ? '?' : ''}${printExpression(tree.at)}]`;
    case 'call': {
      const [first, ...rest] = tree.args;
      const list = (args: readonly Expr[]): string => args.map(printExpression).join(', ');
      return tree.method && first !== undefined ? `${within(first, 9)}.${tree.name}(${list(rest)})` : `${tree.name}(${list(tree.args)})`;
    }
    case 'macro': {
      const args = [tree.variable, ...(tree.where === undefined ? [] : [printExpression(tree.where)]), printExpression(tree.body)];
      return `${within(tree.of, 9)}.${tree.name}(${args.join(', ')})`;
    }
    case 'has':
    case 'optional':
      return `${tree.op}(${printExpression(tree.of)})`;
    case 'coalesce':
      return `coalesce(${tree.args.map(printExpression).join(', ')})`;
    case 'not':
      return `!${within(tree.of, 8)}`;
    case 'negate':
      return `-${within(tree.of, 8)}`;
    case 'and':
      return `${within(tree.left, 3)} && ${within(tree.right, 4)}`;
    case 'or':
      return `${within(tree.left, 2)} || ${within(tree.right, 3)}`;
    case 'binary': {
      const strength = STRENGTH[tree.operator] ?? 0;
      return `${within(tree.left, strength)} ${tree.operator} ${within(tree.right, strength + 1)}`;
    }
    case 'conditional':
      return `${within(tree.test, 2)} ? ${within(tree.then, 2)} : ${within(tree.otherwise, 1)}`;
    case 'list':
      return `[${tree.items.map(printExpression).join(', ')}]`;
    case 'object':
      return `{${tree.entries.map(({ key, value }) => `${printExpression(key)}: ${printExpression(value)}`).join(', ')}}`;
  }
}

/** An expression in at most `most` characters, in backticks: what a message calls the part that went wrong. */
export function nameExpression(tree: Expr, most = 80): string {
  const text = printExpression(tree);
  return `\`${text.length > most ? `${text.slice(0, most - 1)}…` : text}\``;
}

function within(tree: Expr, strength: number): string {
  const text = printExpression(tree);
  return strengthOf(tree) < strength ? `(${text})` : text;
}

function strengthOf(tree: Expr): number {
  switch (tree.op) {
    case 'conditional':
      return 1;
    case 'or':
      return 2;
    case 'and':
      return 3;
    case 'binary':
      return STRENGTH[tree.operator] ?? 0;
    case 'not':
    case 'negate':
      return 8;
    case 'literal':
      return typeof tree.value === 'number' && tree.value < 0 ? 8 : 10;
    default:
      return 10;
  }
}
