import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { RouteDecl } from '../contracts/workflow.ts';
import { membersOf, type Shape } from './shape.ts';
import { treeOf } from './skip-reasons.ts';

/**
 * The condition under which a case of a route is taken: its value and no other, or its `when` and none before it. Undefined when what
 * decides cannot be read. `by` is what is known of the value that decides.
 */
export function takenTree(route: RouteDecl, name: string, by: Shape | undefined): Expr | undefined {
  const index = route.cases.findIndex((one) => one.name === name);
  const at = { start: 0, end: 0 };
  const not = (of: Expr): Expr => ({ ...at, op: 'not', of });
  const all = (parts: readonly Expr[]): Expr | undefined =>
    parts.slice(1).reduce<Expr | undefined>((left, right) => left && { ...at, op: 'and', left, right }, parts[0]);
  if (route.by === undefined) {
    const conditions = route.cases.slice(0, index + 1).map(({ when }) => treeOf(when?.source));
    // A condition that cannot be read is told elsewhere; what holds after it is not known.
    const before = conditions.slice(0, index);
    if (before.some((tree) => tree === undefined)) return undefined;
    const own = conditions[index];
    return all([...before.flatMap((tree) => (tree === undefined ? [] : [not(tree)])), ...(own === undefined ? [] : [own])]);
  }
  const value = treeOf(route.by.source);
  if (value === undefined) return undefined;
  const is = (one: string): Expr => ({
    ...at,
    op: 'binary',
    operator: '==',
    left: value,
    right: { ...at, op: 'literal', value: valueOfCase(one, by) },
  });
  if (name !== 'default') return is(name);
  return all(route.cases.filter((one) => one.name !== 'default').map((one) => not(is(one.name))));
}

/** The value that leads to a case: names are texts, and what decides may be a number, or true or false. */
export function valueOfCase(name: string, by: Shape | undefined): Json {
  const types = new Set(by === undefined ? [] : membersOf(by).map(({ type }) => type));
  if ((name === 'true' || name === 'false') && types.has('boolean')) return name === 'true';
  if (name === 'null' && types.has('null')) return null;
  return name !== '' && types.has('number') && Number.isFinite(Number(name)) ? Number(name) : name;
}
