import type { Expr } from '../contracts/expression.ts';
import { inferCall, inferMacro } from './infer-call.ts';
import { condition, inferBinary, number } from './infer-operator.ts';
import { inferField, inferIndex } from './infer-path.ts';
import { factsWhen, surroundings } from './narrowing.ts';
import { pathText } from './path-text.ts';
import {
  ANY,
  BOOLEAN,
  type Field,
  INTEGER,
  listOf,
  mayBeNull,
  membersOf,
  NEVER,
  NULL,
  NUMBER,
  type Shape,
  skippedNodes,
  union,
  withoutNull,
  withoutSkip,
} from './shape.ts';
import { type Env, IN_ONE_PIECE, type Mode, quietShape, tolerantly, withFacts } from './type-env.ts';
import { collector, type TypeProblem } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';
import { shapeOfValue } from './value-shape.ts';
import { argument } from './wanted-type.ts';

export interface Inferred {
  readonly shape: Shape;
  readonly problems: readonly TypeProblem[];
}

/** What an expression gives, and what is wrong with its types. Where nothing is known, nothing is said. */
export function inferExpression(tree: Expr, scope: TypeScope): Inferred {
  const { problems, complain } = collector();
  const env = surroundings(scope, complain, 'expression', infer);
  const shape = infer(tree, env, 'value');
  return { shape, problems };
}

/** What a part gives; complaints go to `env`. */
export function infer(tree: Expr, env: Env, mode: Mode): Shape {
  if (mode === 'value') return used(inferRaw(tree, env, mode), tree, env);
  return IN_ONE_PIECE.has(tree.op) ? inferTolerant(tree, env) : inferRaw(tree, env, mode);
}

function inferTolerant(tree: Expr, env: Env): Shape {
  return tolerantly(env, (inner) => infer(tree, inner, 'value'));
}

/** A use of a value: what a skip may have left null is either guarded, or skips the reader, or is a mistake. */
function used(shape: Shape, tree: Expr, env: Env): Shape {
  const all = skippedNodes(shape);
  if (all.length === 0) return shape;
  const skipped = all.filter((node) => !env.scope.spared?.has(node));
  if (skipped.length === 0) return withoutSkip(shape);
  if (env.missing !== undefined) env.missing(skipped);
  else if (env.scope.skips === 'refuse') {
    const [node] = skipped;
    const text = pathText(tree);
    env.complain('DAG406', tree, `\`${text}\` may be missing: "${node}" can be skipped`, {
      label: `null when "${node}" is skipped`,
      because: skippedAlong(node, env) ?? 'a result that silently went missing would look like a success',
      help: `say what it is then: \`coalesce(${text}, …)\`, \`optional(${text})\` for null, or \`if_skipped\` on "${node}"`,
    });
  }
  return withoutSkip(shape);
}

/** Why a node is skipped that has no reason of its own: from one node to the next, up to one that has. */
function skippedAlong(node: string | undefined, { scope }: Env): string | undefined {
  const steps: string[] = [];
  let at = node;
  while (at !== undefined && steps.length < MOST_STEPS) {
    const sources = scope.skippedWith?.(at) ?? [];
    if (sources.length === 0) break;
    steps.push(`"${at}" needs ${sources.map((source) => `"${source}"`).join(' and ')}`);
    at = sources.length === 1 ? sources[0] : undefined;
  }
  if (steps.length === 0) return undefined;
  return steps.length === 1 || at === undefined
    ? `${steps.join(', ')}, which can be skipped`
    : `${steps.join(', ')}, and "${at}" can be skipped`;
}

/** A longer chain is not read. */
const MOST_STEPS = 4;

function inferRaw(tree: Expr, env: Env, mode: Mode): Shape {
  switch (tree.op) {
    case 'literal':
      return shapeOfValue(tree.value);
    case 'name':
      return env.facts.get(tree.name) ?? env.locals.get(tree.name) ?? env.scope.names.get(tree.name) ?? ANY;
    case 'field':
      return inferField(tree, env, mode);
    case 'index':
      return inferIndex(tree, env, mode);
    case 'call':
      return inferCall(tree, env);
    case 'macro':
      return inferMacro(tree, env);
    case 'has':
      infer(tree.of, env, 'asking');
      return BOOLEAN;
    case 'optional': {
      const shape = infer(tree.of, env, 'asking');
      return skippedNodes(shape).length > 0 ? union(withoutSkip(shape), NULL) : shape;
    }
    case 'coalesce':
      return inferCoalesce(tree, env);
    case 'not':
      condition(tree.of, env, 'after `!`');
      return BOOLEAN;
    case 'negate':
      return number(tree.of, env, '-') ? INTEGER : NUMBER;
    case 'and':
    case 'or':
      condition(tree.left, env, tree.op === 'and' ? 'before `&&`' : 'before `||`');
      condition(tree.right, withFacts(env, factsWhen(tree.left, tree.op === 'and', env)), tree.op === 'and' ? 'after `&&`' : 'after `||`');
      return BOOLEAN;
    case 'binary':
      return inferBinary(tree, env);
    case 'conditional': {
      condition(tree.test, env, 'before `?`');
      const then = infer(tree.then, withFacts(env, factsWhen(tree.test, true, env)), mode);
      const otherwise = infer(tree.otherwise, withFacts(env, factsWhen(tree.test, false, env)), mode);
      return union(then, otherwise);
    }
    case 'list': {
      const items = tree.items.map((item) => infer(item, env, 'value'));
      return items.length > 0 && items.length <= 50 ? { type: 'list', element: NEVER, tuple: items } : listOf(union(...items));
    }
    case 'object':
      return inferObject(tree, env);
  }
}

function inferObject(tree: Expr & { op: 'object' }, env: Env): Shape {
  const fields = new Map<string, Field>();
  const rest: Shape[] = [];
  for (const { key, value } of tree.entries) {
    const shape = infer(value, env, 'value');
    if (key.op === 'literal' && typeof key.value === 'string') fields.set(key.value, { shape, required: true });
    else {
      argument(key, env, ['string'], 'a key of an object', 'text');
      rest.push(shape);
    }
  }
  return { type: 'object', fields, exact: rest.length === 0, ...(rest.length > 0 && { rest: union(...rest) }) };
}

function inferCoalesce(tree: Expr & { op: 'coalesce' }, env: Env): Shape {
  const last = tree.args.length - 1;
  const shapes = tree.args.map((arg, i) => (i === last ? quietShape(arg, env) : infer(arg, env, 'asking')));
  const final = shapes[last] ?? NULL;
  const before = shapes.slice(0, last).map(withoutNull);
  const lastTree = tree.args[last];
  const certain = shapes
    .slice(0, last)
    .findIndex((shape) => membersOf(shape).every((one) => one.type !== 'null' && one.type !== 'any' && one.type !== 'never'));
  if (lastTree !== undefined && certain >= 0) {
    // One that is always there is as far as it goes: what may be missing after it never matters.
    tolerantly(env, (inner) => infer(lastTree, inner, 'value'));
    return union(...before.slice(0, certain + 1));
  }
  if (lastTree === undefined || skippedNodes(final).length === 0) {
    // What the last one lacks is missing from the whole: reading it there is the same as reading it anywhere.
    const strict = lastTree === undefined ? NULL : infer(lastTree, env, 'value');
    return union(...before, strict);
  }
  const groups = shapes.map((shape) => (mayBeNull(shape) ? undefined : skippedNodes(shape)));
  const covered = env.scope.oneAlwaysRuns?.(groups.filter((group) => group !== undefined)) ?? false;
  const missing = (nodes: readonly string[]): void => {
    if (nodes.length === 0) env.missing?.(nodes);
  };
  const settledLast = withoutSkip(infer(lastTree, { ...env, missing }, 'value'));
  if (covered) return union(...before, settledLast);
  if (env.missing !== undefined) env.missing(skippedNodes(final));
  else if (env.scope.skips === 'refuse') {
    const names = [...new Set(shapes.flatMap((shape) => skippedNodes(shape)))];
    env.complain(
      'DAG406',
      tree,
      `all of this may be missing: ${names.map((name) => `"${name}"`).join(' and ')} can be skipped in one run`,
      {
        label: 'null when all of them are skipped',
        because: 'a result that silently went missing would look like a success',
        help: 'add a last argument that is always there, such as a text, or wrap it in `optional(…)` for null',
      },
    );
  }
  return union(...before, settledLast);
}
