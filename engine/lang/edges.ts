import { buildGraph, type Graph } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, EdgeReason } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import type { Facts } from './guards.ts';
import { joinedReads } from './joins.ts';
import { nodeRead, readingsOf } from './readings.ts';
import { factsWhenRun, isBareUse } from './uses.ts';

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
  const readings = readingsOf(workflow, kinds);
  const joined = joinedReads(workflow, kinds, readings);
  for (const { node, field, references } of readings) {
    if (!node) continue;
    for (const reference of references) {
      const from = nodeRead(reference);
      if (from === undefined) continue;
      const facts = factsOf.get(node) ?? factsWhenRun(node);
      factsOf.set(node, facts);
      const optional = joined.has(reference) || !isBareUse(reference, field, facts);
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
