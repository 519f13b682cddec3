import { type NodeId, type TaskKey, taskKey } from '../base/ids.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';

/** A plan with the look-ups that scheduling needs, so that a step costs what it touches and not what exists. */
export interface PlanIndex {
  readonly plan: Plan;
  readonly nodes: ReadonlyMap<TaskKey, IndexedNode>;
}

export interface IndexedNode {
  readonly node: PlanNode;
  readonly key: TaskKey;
  /** Nodes with an edge from this one, in plan order. */
  readonly dependents: readonly IndexedNode[];
}

/** The index of a plan; costs nodes plus edges, once. */
export function indexPlan(plan: Plan): PlanIndex {
  const nodes = new Map<TaskKey, IndexedNode & { readonly dependents: IndexedNode[] }>();
  for (const node of plan.nodes) nodes.set(keyOf(node.id), { node, key: keyOf(node.id), dependents: [] });
  for (const indexed of nodes.values()) {
    for (const edge of indexed.node.after) nodes.get(keyOf(edge.from))?.dependents.push(indexed);
  }
  return { plan, nodes };
}

/** The key under which a node of the outermost frame runs. */
export function keyOf(id: NodeId): TaskKey {
  return taskKey(id);
}

/** The fan-out an item's key belongs to and its index, or undefined for a key that is no item's. */
export function itemOf(key: TaskKey): { readonly node: TaskKey; readonly index: number } | undefined {
  if (!key.endsWith(']')) return undefined;
  const open = key.lastIndexOf('[');
  return { node: taskKey(key.slice(0, open)), index: Number(key.slice(open + 1, -1)) };
}
