import { buildGraph, type Graph } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, type Frame, framesOf, nodeNamed, wayOut } from './frames.ts';
import { nodeRead, readingsOf } from './readings.ts';

/**
 * The graph of the nodes of a frame, the outermost unless it is named, in document order: an edge to each node from every sibling that it
 * reads or needs, in itself or inside it. Whether it can do without is not asked.
 */
export function nodeGraphOf(workflow: Workflow, kinds: readonly NodeKind[], frame: Frame = framesOf(workflow)[0]): Graph {
  const done = graphs.get(frame);
  if (done !== undefined) return done;
  const graph = buildGraph(
    frame.nodes.map(({ id }) => id),
    readsOf(workflow, kinds).get(frame) ?? [],
  );
  graphs.set(frame, graph);
  return graph;
}

/** Made once per frame: building one takes longer than reading the fields it is made of. */
const graphs = new WeakMap<Frame, Graph>();

type Pair = readonly [from: NodeId, to: NodeId];

const reads = new WeakMap<Workflow, ReadonlyMap<Frame, readonly Pair[]>>();

/** For each frame, which of its nodes read which. */
function readsOf(workflow: Workflow, kinds: readonly NodeKind[]): ReadonlyMap<Frame, readonly Pair[]> {
  const done = reads.get(workflow);
  if (done !== undefined) return done;
  const found = new Map<Frame, Pair[]>(framesOf(workflow).map((frame) => [frame, []]));
  const add = (reader: NodeDecl, scope: Frame, id: NodeId): void => {
    const named = nodeNamed(scope, id);
    if (named === undefined) return;
    const holder = wayOut(workflow, reader, named.frame)?.at(-1);
    if (holder !== undefined) found.get(named.frame)?.push([id, holder.id]);
  };
  for (const { node, frame } of allNodes(workflow)) for (const { from } of node.needs) add(node, frame, from);
  for (const { node, frame, references } of readingsOf(workflow, kinds)) {
    if (node === undefined) continue;
    for (const reference of references) {
      const id = nodeRead(reference);
      if (id !== undefined) add(node, frame, id);
    }
  }
  reads.set(workflow, found);
  return found;
}
