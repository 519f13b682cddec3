import type { NodeId } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, EdgeReason } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, type Frame, nodeNamed, type Standing, standingOf, wayOut } from './frames.ts';
import { type Facts, isGuarded, NO_FACTS } from './guards.ts';
import { joinedReads } from './joins.ts';
import { nodeRead, readingsOf } from './readings.ts';
import { decidesForAll, factsWhenRun, factsWhenTaken, isBareUse } from './uses.ts';

export { nodeGraphOf } from './node-graph.ts';

/** A read by a node, or by what is inside it, of a node of a frame around it. */
export interface OuterRead {
  readonly from: NodeId;
  readonly node: NodeDecl;
  /** The frame the node that is read stands in. */
  readonly frame: Frame;
  /** As with edges: what is read may be missing, and the reader runs. */
  readonly optional: boolean;
  readonly reasons: readonly EdgeReason[];
}

/** What the nodes of a frame wait for. */
export interface FrameEdges {
  /** For each node of the frame: one edge per source among its siblings, in document order of the sources. */
  readonly edges: ReadonlyMap<NodeDecl, readonly Edge[]>;
  /** For each node of the frame: what it reads of frames around it. The nodes around it wait for that. */
  readonly outer: ReadonlyMap<NodeDecl, readonly OuterRead[]>;
}

/**
 * For each node, inner ones too, what it waits for: one edge per source of its own frame, in document order of the sources, with all its
 * reasons. What is read inside a node counts as read by it, and by each node around that up to where the source is a sibling.
 *
 * An edge is optional when the node can do without its source's output: when every read of it is guarded or no use at all,
 * and no plain `needs` names it. What is read inside a group or a case is optional for the node around it: what is inside decides for
 * itself whether it is skipped. Sources that do not exist, and a node's reads of itself or of what it is part of, make no edge.
 */
export function edgesOf(workflow: Workflow, kinds: readonly NodeKind[]): ReadonlyMap<NodeDecl, readonly Edge[]> {
  return waitingIn(workflow, kinds).edges;
}

/** What the nodes of one frame wait for. */
export function edgesIn(workflow: Workflow, kinds: readonly NodeKind[], frame: Frame): FrameEdges {
  const done = ofFrame.get(frame);
  if (done !== undefined) return done;
  const { edges, outer } = waitingIn(workflow, kinds);
  const here = <T>(all: ReadonlyMap<NodeDecl, readonly T[]>): ReadonlyMap<NodeDecl, readonly T[]> =>
    new Map(frame.nodes.map((node) => [node, all.get(node) ?? []]));
  const found = { edges: here(edges), outer: here(outer) };
  ofFrame.set(frame, found);
  return found;
}

const ofFrame = new WeakMap<Frame, FrameEdges>();

/** A workflow never changes, and both the checks and the plan ask. */
const known = new WeakMap<Workflow, FrameEdges>();

function waitingIn(workflow: Workflow, kinds: readonly NodeKind[]): FrameEdges {
  const done = known.get(workflow);
  if (done !== undefined) return done;
  const found = findWaiting(workflow, kinds);
  known.set(workflow, found);
  return found;
}

interface Source {
  optional: boolean;
  readonly frame: Frame;
  readonly reasons: EdgeReason[];
}

function findWaiting(workflow: Workflow, kinds: readonly NodeKind[]): FrameEdges {
  const standings = allNodes(workflow);
  const found = new Map<NodeDecl, Map<NodeDecl, Source>>(standings.map(({ node }) => [node, new Map()]));
  const join = (reader: NodeDecl, node: NodeDecl, frame: Frame, optional: boolean, reason: EdgeReason): void => {
    const sources = found.get(reader);
    const source = sources?.get(node);
    if (source === undefined) sources?.set(node, { optional, frame, reasons: [reason] });
    else {
      source.optional &&= optional;
      source.reasons.push(reason);
    }
  };
  /** Joins a node, and each around it, to what it reads; `isOptional` says for the part of the way that has been gone. */
  const joinAll = (
    from: NodeDecl,
    scope: Frame,
    id: NodeId,
    isOptional: (way: readonly NodeDecl[]) => boolean,
    reason: EdgeReason,
  ): void => {
    const named = nodeNamed(scope, id);
    // What a group gives is made of its own nodes: it does not wait for them.
    const way = named === undefined ? undefined : wayOut(workflow, from, named.frame);
    if (named === undefined || way === undefined || way.at(-1) === named.node) return;
    for (const [index, reader] of way.entries()) join(reader, named.node, named.frame, isOptional(way.slice(0, index + 1)), reason);
  };

  for (const { node, frame } of standings) {
    for (const need of node.needs) {
      const optional = need.optional || need.anyOf;
      joinAll(node, frame, need.from, (way) => optional || !decidesForAll(way), { because: 'needs', path: need.path });
    }
  }
  const readings = readingsOf(workflow, kinds);
  const joined = joinedReads(workflow, kinds, readings);
  const facts = factsAround(workflow);
  for (const { node, field, frame, references } of readings) {
    if (!node) continue;
    for (const reference of references) {
      const from = nodeRead(reference);
      if (from === undefined) continue;
      // A node that is skipped is so whatever its own field would have done without: it is looked at from the outermost in.
      const bare = !joined.has(reference) && isBareUse(reference, field, facts.own(node)) && !isGuarded(reference.path, facts.around(node));
      joinAll(node, frame, from, (way) => !bare || !decidesForAll(way), {
        because: 'reference',
        path: reference.at,
        text: readText(reference),
      });
    }
  }
  return inOrder(standings, found);
}

/** What is there whenever a node runs, because of its own condition and of those around it. */
function factsAround(workflow: Workflow): { own(node: NodeDecl): Facts; around(node: NodeDecl): Facts } {
  const owns = new Map<NodeDecl, Facts>();
  const arounds = new Map<NodeDecl, Facts>();
  const own = (node: NodeDecl): Facts => {
    const facts = owns.get(node) ?? factsWhenRun(node);
    owns.set(node, facts);
    return facts;
  };
  const around = (node: NodeDecl): Facts => {
    const done = arounds.get(node);
    if (done !== undefined) return done;
    const { parent } = standingOf(workflow, node).frame;
    const facts = parent === undefined ? NO_FACTS : [...around(parent), ...own(parent), ...factsWhenTaken(parent, node)];
    arounds.set(node, facts);
    return facts;
  };
  return { own, around };
}

/** Edges and reads as they are given out: sources in document order, each reason once. */
function inOrder(standings: readonly Standing[], found: ReadonlyMap<NodeDecl, ReadonlyMap<NodeDecl, Source>>): FrameEdges {
  const order = new Map(standings.map(({ node }, index) => [node, index]));
  const edges = new Map<NodeDecl, readonly Edge[]>();
  const outer = new Map<NodeDecl, readonly OuterRead[]>();
  for (const { node, frame } of standings) {
    const sources = [...(found.get(node) ?? [])].sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    const siblings: Edge[] = [];
    const others: OuterRead[] = [];
    for (const [source, { optional, frame: its, reasons }] of sources) {
      const edge = { from: source.id, optional, reasons: distinct(reasons) };
      if (its === frame) siblings.push(edge);
      else others.push({ ...edge, node: source, frame: its });
    }
    edges.set(node, siblings);
    outer.set(node, others);
  }
  return { edges, outer };
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
