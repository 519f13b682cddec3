import { describe, expect, it } from 'vitest';
import { buildGraph, findCycles, type Graph, heights, topologicalOrder } from '../../../engine/base/graph.ts';
import { fc } from '../../support/properties.ts';

/** `a>b c>b`: edges by name; a lone name is a node. Nodes are in order of first mention. */
function drawn(text: string): Graph {
  const edges = text
    .split(' ')
    .filter((part) => part.includes('>'))
    .map((part) => part.split('>') as [string, string]);
  return buildGraph([...new Set(text.split(/[ >]/))], edges);
}

const names = (graph: Graph, nodes: readonly number[]): string => nodes.map((node) => graph.ids[node]).join(' ');
const order = (text: string): string => names(drawn(text), topologicalOrder(drawn(text)));
const cycles = (text: string): string[] => findCycles(drawn(text)).map((cycle) => names(drawn(text), cycle));

/** Every simple cycle's length is at least this; the plain way, for small graphs. */
function shortestByForce(graph: Graph, among: ReadonlySet<number>): number {
  let best = Number.POSITIVE_INFINITY;
  for (const start of among) {
    const distance = new Map([[start, 0]]);
    const queue = [start];
    for (const node of queue) {
      for (const next of graph.successors[node] ?? []) {
        if (next === start) best = Math.min(best, (distance.get(node) ?? 0) + 1);
        else if (!distance.has(next)) {
          distance.set(next, (distance.get(node) ?? 0) + 1);
          queue.push(next);
        }
      }
    }
  }
  return best;
}

const anyGraph = fc.integer({ min: 1, max: 14 }).chain((size) =>
  fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }).map((edges) =>
    buildGraph(
      Array.from({ length: size }, (_, index) => `n${index}`),
      edges.map(([from, to]) => [`n${from}`, `n${to}`] as const),
    ),
  ),
);

const noSelfEdges = (graph: Graph): boolean => graph.successors.every((next, node) => !next.includes(node));

describe('buildGraph', () => {
  it('keeps neighbours once and ascending', () => {
    const graph = buildGraph(
      ['a', 'b', 'c'],
      [
        ['c', 'a'],
        ['b', 'a'],
        ['c', 'a'],
      ],
    );
    expect(graph.predecessors).toEqual([[1, 2], [], []]);
    expect(graph.successors).toEqual([[], [0], [0]]);
  });

  it('leaves out what has no second node', () => {
    const graph = buildGraph(
      ['a'],
      [
        ['a', 'a'],
        ['a', 'nowhere'],
        ['nowhere', 'a'],
      ],
    );
    expect(graph.successors).toEqual([[]]);
  });

  it('takes any name', () => {
    const graph = buildGraph(['__proto__', 'constructor', ''], [['__proto__', 'constructor']]);
    expect(graph.successors).toEqual([[1], [], []]);
  });
});

describe('topologicalOrder', () => {
  it.each([
    ['a b c', 'a b c'],
    ['c>b b>a', 'c b a'],
    ['late early>late', 'early late'],
    ['a b d>b c>a', 'd b c a'],
    ['a>b b>a c', 'c'],
    ['a>b b>a a>after c', 'c'],
  ])('%s → %s', (text, expected) => {
    expect(order(text)).toBe(expected);
  });

  it('puts every source first, and of what could come next what stands first', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const found = topologicalOrder(graph);
        const done = new Set<number>();
        for (const node of found) {
          const couldCome = graph.ids
            .map((_, index) => index)
            .filter((index) => !done.has(index) && graph.predecessors[index]!.every((source) => done.has(source)));
          expect(node).toBe(couldCome[0]);
          done.add(node);
        }
      }),
    );
  });
});

describe('findCycles', () => {
  it.each([
    ['a>b b>c', []],
    ['a>b b>a', ['a b']],
    ['a>b b>c c>a', ['a b c']],
    ['first b>c c>b', ['b c']],
    ['a>b b>c c>a b>a', ['a b']],
    ['a>b b>c c>d d>a c>d d>c', ['c d']],
    ['a>b b>a x>y y>x b>x', ['a b', 'x y']],
    ['after z>y y>z z>after', ['z y']],
  ])('%s → %s', (text, expected) => {
    expect(cycles(text)).toEqual(expected);
  });

  it('finds one exactly when no order is complete; it is real, shortest, and starts at its first node', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        expect(noSelfEdges(graph)).toBe(true);
        const found = findCycles(graph);
        expect(found.length > 0).toBe(topologicalOrder(graph).length < graph.ids.length);
        for (const cycle of found) {
          expect(new Set(cycle).size).toBe(cycle.length);
          expect(cycle[0]).toBe(Math.min(...cycle));
          for (const [at, node] of cycle.entries()) expect(graph.successors[node]).toContain(cycle[(at + 1) % cycle.length]);
          const knot = new Set(
            graph.ids.map((_, index) => index).filter((index) => reaches(graph, index, cycle[0]!) && reaches(graph, cycle[0]!, index)),
          );
          expect(cycle.length).toBe(shortestByForce(graph, knot));
        }
      }),
    );
  });
});

function reaches(graph: Graph, from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const node of seen) for (const next of graph.successors[node] ?? []) seen.add(next);
  return seen.has(to);
}

describe('heights', () => {
  it('counts the nodes on the longest way to the end', () => {
    const graph = drawn('a>b b>c a>c d');
    expect(heights(graph, topologicalOrder(graph))).toEqual([3, 2, 1, 1]);
  });
});

describe('large graphs', () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `node_${index}`);

  it('a chain of 20,000 nodes overflows nothing', () => {
    const count = 20_000;
    const chain = ids(count).map((id, index) => [id, `node_${(index + 1) % count}`] as const);
    const open = buildGraph(ids(count), chain.slice(0, -1));
    const ordered = topologicalOrder(open);
    expect(ordered.length).toBe(count);
    expect(heights(open, ordered)[0]).toBe(count);
    expect(findCycles(open)).toEqual([]);
    const [circle] = findCycles(buildGraph(ids(count), chain));
    expect(circle?.length).toBe(count);
    expect(circle?.[0]).toBe(0);
  });

  it('10,000 nodes in one knot of 30,000 edges are searched with patience', () => {
    const count = 10_000;
    const edges = ids(count).flatMap((id, index) => [1, 7, 5003].map((step) => [id, `node_${(index + step) % count}`] as const));
    const [cycle] = findCycles(buildGraph(ids(count), edges));
    expect(cycle?.length).toBeGreaterThan(1);
  });
});
