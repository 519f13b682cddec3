import type { Expr } from '../contracts/expression.ts';
import { NEVER, NULL, type Shape, union } from './shape.ts';
import type { Complain } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';

/**
 * How a part is read. `value`: it has to be there. `asking`: it is being found out whether it is there
 * (`x != null`, `has(x)`, `optional(x)`, `coalesce(x, …)`), so null and missing are answers.
 */
export type Mode = 'value' | 'asking';

/** What is known of paths here and now, by the path's key: tests on the way narrow what their schemas say. */
export type Facts = ReadonlyMap<string, Shape>;

/** The surroundings of one part of an expression. */
export interface Env {
  readonly scope: TypeScope;
  /** Variables of macros; they hide names in scope. */
  readonly locals: ReadonlyMap<string, Shape>;
  readonly facts: Facts;
  /** Set where what is missing makes the whole null, as in `coalesce(f(x), …)`: told which nodes' skips may be the reason, none for any other reason. */
  readonly missing?: (nodes: readonly string[]) => void;
  readonly complain: Complain;
  /** In whose words to say how to mend something. */
  readonly notation: 'expression' | 'template';
  /** What a part gives: the one that calls and those that are called stand in several files. */
  readonly infer: (tree: Expr, env: Env, mode: Mode) => Shape;
}

export const NO_FACTS: Facts = new Map();

/** The surroundings with more known. */
export function withFacts(env: Env, facts: Facts): Env {
  return facts.size === 0 ? env : { ...env, facts: new Map([...env.facts, ...facts]) };
}

/** Parts that are null as a whole when something in them is missing, where one asks whether they are there. */
export const IN_ONE_PIECE: ReadonlySet<Expr['op']> = new Set([
  'call',
  'macro',
  'not',
  'negate',
  'and',
  'or',
  'binary',
  'conditional',
  'coalesce',
  'list',
  'object',
]);

/** What a part is when one asks whether it is there, nothing being said of mistakes. */
export function quietShape(tree: Expr, env: Env): Shape {
  return env.infer(tree, { ...env, complain: () => {} }, 'asking');
}

/** What is no mistake where one asks: missing, null, skipped. */
const MISSING: ReadonlySet<string> = new Set(['DAG404', 'DAG405', 'DAG406']);

/** What a part gives that is null as a whole when something in it is missing. */
export function tolerantly(env: Env, inferPart: (inner: Env) => Shape): Shape {
  let isMissing = false;
  const skipped = new Set<string>();
  const shape = inferPart({
    ...env,
    missing: (nodes) => {
      if (nodes.length === 0) isMissing = true;
      for (const node of nodes) skipped.add(node);
    },
    complain: (code, ...rest) => {
      if (MISSING.has(code)) isMissing = true;
      else env.complain(code, ...rest);
    },
  });
  return union(shape, isMissing ? NULL : NEVER, skipped.size > 0 ? { type: 'null', skipped: [...skipped] } : NEVER);
}
