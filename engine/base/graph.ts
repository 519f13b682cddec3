import { Graph as Structure } from '@dagrejs/graphlib';

/**
 * A directed graph over `ids`, whose order is the document's. Nodes are named by their index in `ids`;
 * neighbours are ascending and stand once, however often an edge was given.
 */
export interface Graph {
  readonly ids: readonly string[];
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
}

/**
 * The graph with these nodes and edges (`from`, `to`); edges from a node to itself and edges of unknown ids are left out.
 *
 * Nodes go into graphlib by index, not by id: an object key such as `__proto__` would break it.
 */
export function buildGraph(ids: readonly string[], edges: Iterable<readonly [from: string, to: string]>): Graph {
  const structure = new Structure();
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  for (const index of ids.keys()) structure.setNode(String(index));
  for (const [from, to] of edges) {
    const source = indexOf.get(from);
    const target = indexOf.get(to);
    if (source === undefined || target === undefined || source === target) continue;
    structure.setEdge(String(source), String(target));
  }
  const successors = ids.map((_, index) => (structure.successors(String(index)) ?? []).map(Number).sort((a, b) => a - b));
  const predecessors = ids.map((): number[] => []);
  // From the first node to the last, so that these are ascending too.
  for (const [source, targets] of successors.entries()) for (const target of targets) predecessors[target]?.push(source);
  return { ids, successors, predecessors };
}

/**
 * The nodes in an order in which every edge points forward; among those that could come next, the first of the document comes first.
 * Nodes on a cycle, and all that can only be reached through one, are missing.
 *
 * Kahn's algorithm with a heap: graphlib's own recurses, and overflows on chains of some thousand nodes.
 */
export function topologicalOrder(graph: Graph): number[] {
  const waitsFor = graph.predecessors.map((sources) => sources.length);
  const ready: number[] = [];
  for (const [node, count] of waitsFor.entries()) if (count === 0) ready.push(node); // ascending, so already a heap
  const order: number[] = [];
  for (let node = popSmallest(ready); node !== undefined; node = popSmallest(ready)) {
    order.push(node);
    for (const next of graph.successors[node] ?? []) {
      const left = (waitsFor[next] ?? 0) - 1;
      waitsFor[next] = left;
      if (left === 0) pushOnto(ready, next);
    }
  }
  return order;
}

/**
 * For each node the number of nodes on the longest way from it to an end of the graph, itself included.
 * `order` is topological and complete.
 */
export function heights(graph: Graph, order: readonly number[]): number[] {
  const height = new Array<number>(graph.ids.length).fill(1);
  for (const node of order.toReversed()) {
    let highest = 0;
    for (const next of graph.successors[node] ?? []) highest = Math.max(highest, height[next] ?? 0);
    height[node] = highest + 1;
  }
  return height;
}

/**
 * One cycle for each knot of nodes that can all reach each other, in edge direction, starting at its node that stands first in the document:
 * the shortest of the knot (ties to document order). Empty when there is none.
 */
export function findCycles(graph: Graph): number[][] {
  const cycles: number[][] = [];
  for (const knot of knotsOf(graph)) {
    const cycle = shortestCycle(graph, knot);
    const first = cycle.indexOf(Math.min(...cycle));
    cycles.push([...cycle.slice(first), ...cycle.slice(0, first)]);
  }
  return cycles.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/**
 * Beyond so many looks at an edge the search in one knot is content with the shortest cycle found so far:
 * looking from every node of a knot of thousands would take minutes, and any short cycle is a good answer.
 */
const PATIENCE = 2_000_000;

/** The shortest cycle that stays inside `knot`, in which there is one. */
function shortestCycle(graph: Graph, knot: readonly number[]): readonly number[] {
  const inside = new Set(knot);
  const patience = { looks: PATIENCE };
  let best: readonly number[] | undefined;
  for (const start of knot) {
    if (best && (best.length === 2 || patience.looks <= 0)) break;
    best = cycleThrough(graph, start, inside, best?.length ?? Number.POSITIVE_INFINITY, patience) ?? best;
  }
  return best ?? knot;
}

/** The shortest cycle through `start`, if it has fewer nodes than `fewerThan`: a breadth-first search that stays inside the knot. */
function cycleThrough(
  graph: Graph,
  start: number,
  inside: ReadonlySet<number>,
  fewerThan: number,
  patience: { looks: number },
): number[] | undefined {
  const cameFrom = new Map<number, number>([[start, -1]]);
  let wave = [start];
  for (let length = 1; wave.length > 0 && length < fewerThan; length += 1) {
    const following: number[] = [];
    for (const node of wave) {
      for (const next of graph.successors[node] ?? []) {
        patience.looks -= 1;
        if (next === start) return pathTo(node, cameFrom);
        if (!inside.has(next) || cameFrom.has(next)) continue;
        cameFrom.set(next, node);
        following.push(next);
      }
    }
    wave = following;
  }
  return undefined;
}

function pathTo(end: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const path: number[] = [];
  for (let node = end; node !== -1; node = cameFrom.get(node) ?? -1) path.push(node);
  return path.reverse();
}

/** The strongly connected components of more than one node, members ascending: Tarjan's algorithm with its stack on the heap. */
function knotsOf(graph: Graph): number[][] {
  const size = graph.ids.length;
  const found = new Int32Array(size).fill(-1);
  const lowest = new Int32Array(size);
  const nextEdge = new Int32Array(size);
  const onStack = new Uint8Array(size);
  const stack: number[] = [];
  const knots: number[][] = [];
  let count = 0;
  for (let root = 0; root < size; root += 1) {
    if (found[root] !== -1) continue;
    const visiting = [root];
    while (visiting.length > 0) {
      const node = visiting.at(-1) ?? 0;
      if (found[node] === -1) {
        found[node] = lowest[node] = count++;
        stack.push(node);
        onStack[node] = 1;
      }
      const edges = graph.successors[node] ?? [];
      const next = edges[nextEdge[node] ?? 0];
      if (next !== undefined) {
        nextEdge[node] = (nextEdge[node] ?? 0) + 1;
        if (found[next] === -1) visiting.push(next);
        else if (onStack[next]) lowest[node] = Math.min(lowest[node] ?? 0, found[next] ?? 0);
        continue;
      }
      visiting.pop();
      const parent = visiting.at(-1);
      if (parent !== undefined) lowest[parent] = Math.min(lowest[parent] ?? 0, lowest[node] ?? 0);
      if (lowest[node] !== found[node]) continue;
      const knot = stack.splice(stack.lastIndexOf(node));
      for (const member of knot) onStack[member] = 0;
      if (knot.length > 1) knots.push(knot.sort((a, b) => a - b));
    }
  }
  return knots;
}

function pushOnto(heap: number[], value: number): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] ?? 0;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

function popSmallest(heap: number[]): number | undefined {
  const smallest = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return smallest;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child += 1;
    const below = heap[child] ?? 0;
    if (below >= last) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return smallest;
}
