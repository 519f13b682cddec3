import type { IndexedNode, PlanIndex } from './plan-index.ts';

/**
 * A node as its author sees it. The plan may have it several times: in each of the ways in which the node around it is done. What is inside
 * its parts (the judge of an `evaluate`, a candidate) is inside of it.
 */
export interface Place {
  readonly place: string;
  readonly id: string;
  /** Never empty. */
  readonly nodes: readonly [IndexedNode, ...IndexedNode[]];
  /** What its author does not name: the parts of an `evaluate` or a `best_of`. */
  readonly parts: readonly IndexedNode[];
  /** In plan order. */
  readonly inside: readonly Place[];
}

/** The outermost nodes of a plan, in plan order, each with all that is inside of it. */
export function placeTree(index: PlanIndex): readonly Place[] {
  return [...index.nodes.values()].map((indexed) => placeOf([indexed]));
}

/** All places of a plan by name, each before those inside of it. */
export function placesByName(index: PlanIndex): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>();
  const walk = (place: Place): void => {
    found.set(place.place, place);
    place.inside.forEach(walk);
  };
  placeTree(index).forEach(walk);
  return found;
}

function placeOf(nodes: Place['nodes']): Place {
  const parts: IndexedNode[] = [];
  const inside = new Map<string, [IndexedNode, ...IndexedNode[]]>();
  const collect = ({ bodies }: IndexedNode): void => {
    for (const inner of bodies.flatMap((body) => [...(body?.nodes.values() ?? [])])) {
      const same = inside.get(inner.place);
      if (inner.node.part !== undefined) {
        parts.push(inner);
        collect(inner);
      } else if (same) same.push(inner);
      else inside.set(inner.place, [inner]);
    }
  };
  nodes.forEach(collect);
  const [{ place, node }] = nodes;
  return { place, id: node.id, nodes, parts, inside: [...inside.values()].map(placeOf) };
}
