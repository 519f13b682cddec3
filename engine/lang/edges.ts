import type { NodeId } from '../base/ids.ts';
import type { Expr } from '../contracts/expression.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, EdgeReason } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { parseExpression } from './expression.ts';
import { nodeRead, readingsOf } from './readings.ts';
import { referencesInExpression } from './references.ts';

/**
 * For each node what it waits for: one edge per source, in document order of the sources, with all its reasons.
 *
 * An edge is optional when the node can do without its source's output: when every read of it is guarded or no use at all,
 * and no plain `needs` names it. Sources that do not exist, and a node's reads of itself, make no edge.
 */
export function edgesOf(workflow: Workflow, kinds: readonly NodeKind[]): ReadonlyMap<NodeId, readonly Edge[]> {
  const known = edges.get(workflow);
  if (known) return known;
  const documentOrder = new Map([...workflow.nodes.keys()].map((id, index) => [id, index]));
  const found = new Map<NodeId, Map<NodeId, { optional: boolean; readonly reasons: EdgeReason[] }>>();
  for (const id of workflow.nodes.keys()) found.set(id, new Map());

  const join = (node: NodeDecl, from: NodeId, optional: boolean, reason: EdgeReason): void => {
    const sources = found.get(node.id);
    if (!sources || from === node.id || !documentOrder.has(from)) return;
    const edge = sources.get(from);
    if (!edge) sources.set(from, { optional, reasons: [reason] });
    else {
      edge.optional &&= optional;
      edge.reasons.push(reason);
    }
  };

  for (const node of workflow.nodes.values()) {
    for (const need of node.needs) join(node, need.from, need.optional || need.anyOf, { because: 'needs', path: need.path });
  }
  let guards: { readonly of: NodeDecl; readonly paths: readonly string[] } | undefined;
  for (const { node, field, references } of readingsOf(workflow, kinds)) {
    if (!node) continue;
    for (const reference of references) {
      const from = nodeRead(reference);
      if (from === undefined) continue;
      if (guards?.of !== node) guards = { of: node, paths: pathsThatSkip(node) };
      const spared = !DECIDES_SKIPPING.has(field) && guards.paths.some((path) => isBelow(reference, path));
      const optional = !reference.use || reference.guarded || spared;
      join(node, from, optional, { because: 'reference', path: reference.at, text: reference.text });
    }
  }

  const order = (id: NodeId): number => documentOrder.get(id) ?? 0;
  const result = new Map<NodeId, readonly Edge[]>();
  for (const [id, sources] of found) {
    const sorted = [...sources].sort(([a], [b]) => order(a) - order(b));
    result.set(
      id,
      sorted.map(([from, { optional, reasons }]) => ({ from, optional, reasons: distinct(reasons) })),
    );
  }
  edges.set(workflow, result);
  return result;
}

/** A workflow never changes, and both the checks and the plan ask. */
const edges = new WeakMap<Workflow, ReadonlyMap<NodeId, readonly Edge[]>>();

/** Fields that are looked at when it is being decided that a node is skipped, or after that: its own condition does not shield them. */
const DECIDES_SKIPPING: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);

/** What a node's own `skip_if` spares it: the paths (joined by dots) for which it is sure to be skipped when they are null. */
export function pathsThatSkip(node: NodeDecl): readonly string[] {
  const { skipIf } = node;
  if (typeof skipIf?.when.source !== 'string') return [];
  const parsed = parseExpression(skipIf.when.source);
  if (!parsed.ok) return [];
  return [...pathsDeciding(parsed.tree, !skipIf.negate)];
}

/** The paths of which each alone, by being null, makes an expression give `outcome`. */
function pathsDeciding(tree: Expr, outcome: boolean): ReadonlySet<string> {
  switch (tree.op) {
    case 'not':
      return pathsDeciding(tree.of, !outcome);
    case 'and':
    case 'or': {
      const left = pathsDeciding(tree.left, outcome);
      const right = pathsDeciding(tree.right, outcome);
      // One side is enough to make `||` true and `&&` false; the other way round it takes both.
      const one = (tree.op === 'or') === outcome;
      return one ? new Set([...left, ...right]) : new Set([...left].filter((path) => right.has(path)));
    }
    case 'binary': {
      if (tree.operator !== (outcome ? '==' : '!=')) return NONE;
      if (isNull(tree.right)) return pathOf(tree.left);
      if (isNull(tree.left)) return pathOf(tree.right);
      return NONE;
    }
    default:
      return NONE;
  }
}

const NONE: ReadonlySet<string> = new Set();

function isNull(tree: Expr): boolean {
  return tree.op === 'literal' && tree.value === null;
}

/** The path that an expression is, when it is nothing else. */
function pathOf(tree: Expr): ReadonlySet<string> {
  if (tree.op !== 'field' && tree.op !== 'index' && tree.op !== 'name') return NONE;
  const [only, ...more] = referencesInExpression(tree, []);
  // An index that is not a literal is not known before the run: its path stops above what is compared.
  return only && more.length === 0 && only.start === tree.start && only.end === tree.end ? new Set([only.path.join('.')]) : NONE;
}

function isBelow(reference: Reference, path: string): boolean {
  const read = reference.path.join('.');
  return read === path || read.startsWith(`${path}.`);
}

/** Reasons without repetitions: a prompt that prints the same path five times is one reason. */
function distinct(reasons: readonly EdgeReason[]): readonly EdgeReason[] {
  const seen = new Set<string>();
  return reasons.filter((reason) => {
    const key = `${reason.because} ${reason.text ?? ''} ${reason.path.join('.')}`;
    return !seen.has(key) && seen.add(key);
  });
}
