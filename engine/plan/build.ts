import { planDigest } from '../base/ids.ts';
import { digestOf, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, Plan, PlanLimits } from '../contracts/plan.ts';
import type { Limits, NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesIn } from '../lang/edges.ts';
import { framesOf } from '../lang/frames.ts';
import type { Kinds } from './ladder.ts';
import { mapValues, type PlanContext, planInput, planNodes, planOutput, withoutOrigins } from './plan-node.ts';
import { planTools } from './plan-tools.ts';

/** Calls in flight in one run when the file says nothing: what the common providers allow on their lowest paid plans. */
const DEFAULT_CONCURRENCY = 16;

/** The plan of a workflow in which no mistake was found. It is plain JSON, and the same text always gives the same plan. */
export function buildPlan(workflow: Workflow, kinds: readonly NodeKind[]): Plan {
  const byKind: Kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
  const plan = {
    version: 1,
    workflow: workflow.name,
    ...(workflow.description !== undefined && { description: workflow.description }),
    inputs: mapValues(workflow.inputs, planInput),
    constants: workflow.constants,
    ...planTools(workflow, kinds, (child) => buildPlan(child, kinds)),
    tiers: workflow.tiers,
    limits: planLimits(workflow.limits),
    partials: Object.fromEntries(workflow.partials),
    nodes: planNodes(workflow.nodes, contextOf(workflow, kinds, byKind)),
    outputs: mapValues(workflow.outputs, planOutput),
  } as const;
  const { version, ...rest } = plan;
  const bare = { ...plan, nodes: withoutOrigins(plan.nodes) } as unknown as JsonObject;
  return { version, digest: planDigest(digestOf(bare)), file: workflow.document.file.name, ...rest };
}

function contextOf(workflow: Workflow, kinds: readonly NodeKind[], byKind: Kinds): PlanContext {
  const known = new Map<NodeDecl, readonly Edge[]>();
  for (const frame of framesOf(workflow)) {
    const { edges, outer } = edgesIn(workflow, kinds, frame);
    // What is read of frames around a node decides whether it is skipped; that it has settled is seen to by the node around it.
    for (const [decl, after] of edges) {
      const reads = outer.get(decl) ?? [];
      known.set(decl, [...reads.map(({ from, optional, reasons }): Edge => ({ from, optional, reasons })), ...after]);
    }
  }
  return {
    kinds: byKind,
    edgesOf: (decl) => known.get(decl) ?? [],
    child: (inner) => contextOf(inner, kinds, byKind),
    tools: (inner) => planTools(inner, kinds, (child) => buildPlan(child, kinds)),
  };
}

function planLimits(limits: Limits): PlanLimits {
  return {
    ...(limits.maxCost !== undefined && { maxCost: limits.maxCost }),
    ...(limits.timeout !== undefined && { timeout: limits.timeout }),
    concurrency: limits.concurrency ?? DEFAULT_CONCURRENCY,
    onFailure: limits.onFailure,
  };
}
