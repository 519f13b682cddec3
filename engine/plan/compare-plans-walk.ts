import type { Json } from '../base/json.ts';
import type { Plan, PlanNode, Stage } from '../contracts/plan.ts';

/** A node where it stands: nodes inside nodes have addresses like `group/inner`. */
export interface Placed {
  readonly address: string;
  /** The address of the node around it; empty for an outermost one. */
  readonly inside: string;
  readonly node: PlanNode;
  /** True when it, or a node around it, is done once per item or round. */
  readonly repeated: boolean;
}

/** Nodes that a stage holds, beside what else it says about them. */
export type Body = Readonly<Record<string, Json>> & { readonly type: string };

/** The nodes a stage holds, and the rest of its body; undefined when it is one task of its kind. */
export function bodyOf(stage: Stage): { readonly nodes: readonly PlanNode[]; readonly rest: Body } | undefined {
  const { body } = stage as { readonly body?: Body & { readonly nodes: readonly PlanNode[] } };
  if (body === undefined) return undefined;
  const { nodes, ...rest } = body;
  return { nodes, rest: rest as Body };
}

/** The nodes directly inside a node, each with its address; those of its fallback stand below `on_error`. */
export function innerNodes(node: PlanNode, address: string): readonly { readonly address: string; readonly node: PlanNode }[] {
  const own = bodyOf(node.stages[0])?.nodes ?? [];
  const fallback = node.stages.slice(1).findLast((stage) => stage.name === 'fallback');
  const others = (fallback && bodyOf(fallback)?.nodes) ?? [];
  return [
    ...own.map((inner) => ({ address: `${address}/${inner.id}`, node: inner })),
    ...others.map((inner) => ({ address: `${address}/on_error/${inner.id}`, node: inner })),
  ];
}

/** All nodes of a plan, each before those inside it, otherwise in the plan's order. */
export function placedNodes(plan: Plan): readonly Placed[] {
  const found: Placed[] = [];
  const walk = (node: PlanNode, address: string, inside: string, repeated: boolean): void => {
    const again = repeated || node.foreach !== undefined || 'loop' in node;
    found.push({ address, inside, node, repeated: again });
    for (const inner of innerNodes(node, address)) walk(inner.node, inner.address, address, again);
  };
  for (const node of plan.nodes) walk(node, node.id, '', false);
  return found;
}
