import type { Json, JsonObject } from '../base/json.ts';
import type { Plan, PlanBody, PlanInput, PlanNode } from '../contracts/plan.ts';

/** A node where it stands: nodes inside nodes have addresses like `group/inner`. */
export interface Placed {
  readonly address: string;
  /** The address of the node around it; empty for an outermost one. */
  readonly inside: string;
  readonly node: PlanNode;
  /** True when it, or a node around it, is done once per item or round. */
  readonly repeated: boolean;
  readonly file: FileScope;
}

/** What all nodes of one file share: the workflow's own, or that of a sub-workflow, which sees nothing of the nodes around it. */
export interface FileScope {
  /** The address of the node that calls it; empty for the workflow itself. */
  readonly root: string;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly constants: JsonObject;
  readonly partials: Readonly<Record<string, string>>;
}

/** What a body says beside its nodes, as fields. The file of a sub-workflow stands on the node itself. */
export function bodyFields(body: PlanBody): JsonObject {
  const { nodes, type, ...rest } = body;
  const { file, folder, ...fields } = rest as unknown as Readonly<Record<string, Json>>;
  return fields;
}

interface Inner {
  readonly address: string;
  readonly node: PlanNode;
  readonly body: PlanBody;
}

/** The nodes directly inside a node, each with its address; those of its fallback stand below `on_error`. */
export function innerNodes(node: PlanNode, address: string): readonly Inner[] {
  const fallback = node.stages.slice(1).findLast((stage) => stage.name === 'fallback')?.body;
  const below = (body: PlanBody | undefined, start: string): readonly Inner[] =>
    (body?.nodes ?? []).map((inner) => ({ address: `${start}/${inner.id}`, node: inner, body: body as PlanBody }));
  return [...below(node.stages[0].body, address), ...below(fallback, `${address}/on_error`)];
}

/** All nodes of a plan, each before those inside it, otherwise in the plan's order. */
export function placedNodes(plan: Plan): readonly Placed[] {
  const found: Placed[] = [];
  const walk = (node: PlanNode, address: string, around: Omit<Placed, 'address' | 'node'>): void => {
    const repeated = around.repeated || node.foreach !== undefined || node.loop !== undefined;
    found.push({ address, node, ...around, repeated });
    for (const inner of innerNodes(node, address)) {
      const file = inner.body.type === 'workflow' ? { ...inner.body, root: address } : around.file;
      walk(inner.node, inner.address, { inside: address, repeated, file });
    }
  };
  for (const node of plan.nodes) walk(node, node.id, { inside: '', repeated: false, file: { ...plan, root: '' } });
  return found;
}
