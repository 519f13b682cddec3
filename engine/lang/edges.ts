import { buildGraph, type Graph } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, EdgeReason } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { parseExpression } from './expression.ts';
import { type Facts, isGuarded, NO_FACTS } from './guards.ts';
import { nodeRead, readingsOf } from './readings.ts';
import { factsOfCondition } from './references.ts';

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
  const factsOf = new Map<NodeDecl, Facts>();
  for (const { node, field, references } of readingsOf(workflow, kinds)) {
    if (!node) continue;
    for (const reference of references) {
      const from = nodeRead(reference);
      if (from === undefined) continue;
      const facts = factsOf.get(node) ?? factsWhenRun(node);
      factsOf.set(node, facts);
      const spared = !DECIDES_SKIPPING.has(field) && isGuarded(reference.path, facts);
      const optional = !isUse(reference) || reference.guarded || spared;
      join(node, from, optional, { because: 'reference', path: reference.at, text: readText(reference) });
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

/** The graph of the nodes, in document order; made once per workflow. */
export function nodeGraphOf(workflow: Workflow, kinds: readonly NodeKind[]): Graph {
  const known = graphs.get(workflow);
  if (known) return known;
  const pairs: (readonly [from: NodeId, to: NodeId])[] = [];
  for (const [to, sources] of edgesOf(workflow, kinds)) for (const { from } of sources) pairs.push([from, to]);
  const graph = buildGraph([...workflow.nodes.keys()], pairs);
  graphs.set(workflow, graph);
  return graph;
}

const graphs = new WeakMap<Workflow, Graph>();

/** True when a read needs the value: not a null test, and not of how the node fared. */
export function isUse({ use, path }: Reference): boolean {
  return use && (path[2] === undefined || path[2] === 'output');
}

/** Fields that are looked at when it is being decided that a node is skipped, or after that: its own condition does not shield them. */
const DECIDES_SKIPPING: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);

/** The paths that are there whenever a node runs, because its own condition skips it when they are null. */
export function factsWhenRun({ skipIf }: NodeDecl): Facts {
  if (typeof skipIf?.when.source !== 'string') return NO_FACTS;
  const parsed = parseExpression(skipIf.when.source);
  return parsed.ok ? factsOfCondition(parsed.tree, skipIf.negate) : NO_FACTS;
}

/** What is read, as written; in full where it is written by the name of a variable (`f.line`). */
function readText({ text, path }: Reference): string {
  return text.startsWith('nodes') ? text : path.join('.').replaceAll('.[]', '[]');
}

/** Reasons without repetitions: a prompt that prints the same path five times is one reason. */
function distinct(reasons: readonly EdgeReason[]): readonly EdgeReason[] {
  const seen = new Set<string>();
  return reasons.filter((reason) => {
    const key = `${reason.because} ${reason.text ?? ''} ${reason.path.join('.')}`;
    return !seen.has(key) && seen.add(key);
  });
}
