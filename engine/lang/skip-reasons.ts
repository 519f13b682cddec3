import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { parseExpression } from './expression.ts';
import { infer } from './infer-expression.ts';
import { surroundings } from './narrowing.ts';
import { pathKey } from './path-text.ts';
import { isAny, mayBeNull, type Shape } from './shape.ts';
import { conditionOf, neverAll, type SkipCondition } from './skip-conditions.ts';
import { quietShape } from './type-env.ts';
import type { TypeScope } from './type-scope.ts';

/** Which nodes may be skipped, and which of them never all in one run. Nodes are added in the order of the plan. */
export interface SkipReasons {
  /**
   * Takes a node in, and says whether it may be skipped; `needed` are nodes that may be skipped, and this one with them. `names` are those
   * its condition sees, when they are more than those of all.
   */
  add(node: NodeDecl, needed: readonly string[], more?: { readonly names?: Names; readonly ways?: readonly Way[] }): boolean;
  /** When a node is skipped. */
  conditionOf(node: string): SkipCondition;
  /** The nodes with any of which a node is skipped, when that is the only reason there is; none otherwise. */
  skippedWith(node: string): readonly string[];
  /** True when it is certain that not all of these groups have a skipped member. */
  oneAlwaysRuns(groups: readonly (readonly string[])[]): boolean;
  /** True when it is certain that the node is skipped in every run. */
  neverRuns(node: string): boolean;
  /** How a condition turns out in every run in which the `known` ones did as they say; undefined when that is not certain. */
  outcomeOf(condition: Json, scope: TypeScope): boolean | undefined;
}

type Names = ReadonlyMap<string, Shape>;

/** A case of a route that may end in a skip. */
export interface Way {
  readonly name: string;
  /** When it is taken; absent when that is not known. */
  readonly when?: Expr;
  /** The names that see what decides. */
  readonly names: Names;
  /** It is nothing but a skip. */
  readonly always: boolean;
  /** Its failure is one. */
  readonly fails: boolean;
  /** Nodes that may be skipped, and it with them. */
  readonly needed: readonly string[];
}

/**
 * `names` are those every condition sees; `missing` are the nodes, so far, that leave null when they are skipped; `outer` is what is known
 * of the nodes around these.
 */
export function skipConditions(names: Names, missing: ReadonlySet<string>, outer?: SkipReasons): SkipReasons {
  const known = new Map<string, SkipCondition>();
  const skipped = (node: string): SkipCondition => known.get(node) ?? outer?.conditionOf(node) ?? { type: 'never' };

  return {
    conditionOf: skipped,
    add(node, needed, more = {}) {
      const reasons: SkipCondition[] = needed.map((from) => ({ type: 'skipped', node: from }));
      const own = ownCondition(node, more.names ?? names);
      if (own !== undefined && !neverAll([own], skipped)) reasons.push(own);
      if (node.onError.action === 'skip' && node.foreach === undefined) reasons.push({ type: 'fact', key: `"${node.id}" failed` });
      const group = groupCondition(node);
      if (group !== undefined) reasons.push(group);
      for (const way of more.ways ?? []) {
        const reason = wayCondition(node, way);
        if (!neverAll([reason], skipped)) reasons.push(reason);
      }
      if (reasons.length > 0) known.set(node.id, { type: 'any', of: reasons });
      return reasons.length > 0;
    },
    skippedWith(node) {
      const when = skipped(node);
      const reasons = when.type === 'any' ? when.of : [];
      const nodes = reasons.flatMap((reason) => (reason.type === 'skipped' ? [reason.node] : []));
      return nodes.length === reasons.length ? nodes : [];
    },
    oneAlwaysRuns(groups) {
      const conditions = groups.map((nodes): SkipCondition => ({ type: 'any', of: nodes.map((node) => ({ type: 'skipped', node })) }));
      return conditions.length > 0 && neverAll(conditions, skipped);
    },
    neverRuns: (node) => known.has(node) && neverAll([{ type: 'not', of: { type: 'skipped', node } }], skipped),
    outcomeOf(condition, scope) {
      if (typeof condition === 'boolean') return condition;
      const tree = treeOf(condition);
      if (tree === undefined) return undefined;
      const before = (scope.known ?? []).map(({ tree: one, outcome }): SkipCondition => {
        const passed = read(one, scope.names);
        return outcome ? passed : { type: 'not', of: passed };
      });
      const when = read(tree, scope.names);
      // Where what is known is impossible, everything follows from it.
      if (neverAll(before, skipped)) return undefined;
      if (neverAll([...before, when], skipped)) return false;
      return neverAll([...before, { type: 'not', of: when }], skipped) ? true : undefined;
    },
  };

  function wayCondition({ id }: NodeDecl, { name, when, names: seen, always, fails, needed }: Way): SkipCondition {
    const taken: SkipCondition = when === undefined ? { type: 'fact', key: `"${id}" takes "${name}"` } : read(when, seen);
    if (always) return taken;
    const reasons: SkipCondition[] = needed.map((node) => ({ type: 'skipped', node }));
    if (fails) reasons.push({ type: 'fact', key: `"${name}" of "${id}" failed` });
    return { type: 'all', of: [taken, { type: 'any', of: reasons }] };
  }

  function ownCondition({ id, skipIf }: NodeDecl, seen: Names): SkipCondition | undefined {
    if (skipIf === undefined) return undefined;
    const { source } = skipIf.when;
    const tree = treeOf(source);
    // A condition that is no text, or cannot be read, is told elsewhere; it may go either way.
    const when: SkipCondition =
      tree !== undefined
        ? read(tree, seen)
        : typeof source === 'boolean'
          ? { type: source ? 'always' : 'never' }
          : { type: 'fact', key: `if ${id}` };
    return skipIf.negate ? { type: 'not', of: when } : when;
  }

  /** `needs: { any_of }`: skipped when all of them were, which may be impossible. */
  function groupCondition({ needs }: NodeDecl): SkipCondition | undefined {
    const group = needs.filter((need) => need.anyOf);
    if (group.length === 0 || !group.every((need) => missing.has(need.from))) return undefined;
    const all: SkipCondition = { type: 'all', of: group.map((need) => ({ type: 'skipped', node: need.from })) };
    return neverAll([all], skipped) ? undefined : all;
  }

  function read(tree: Expr, all: Names): SkipCondition {
    const env = surroundings({ names: all, skips: 'follow' }, () => {}, 'expression', infer);
    return conditionOf(tree, {
      shapeOf: (path) => quietShape(path, env),
      nodeNullWhenSkipped: (path) => {
        const id = pathKey(path)?.match(/^nodes\.(\w+)\.output$/)?.[1];
        if (id === undefined || !missing.has(id)) return undefined;
        const shape = quietShape(path, env);
        return mayBeNull(shape) || isAny(shape) ? undefined : id;
      },
    });
  }
}

/** The tree of an expression that stands alone in a field; undefined when it is something else, or cannot be read. */
export function treeOf(source: Json | undefined): Expr | undefined {
  const parsed = typeof source === 'string' ? parseExpression(source) : undefined;
  return parsed?.ok ? parsed.tree : undefined;
}
