import { planDigest } from '../base/ids.ts';
import { digestOf, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Plan, PlanLimits } from '../contracts/plan.ts';
import type { Limits, Workflow } from '../contracts/workflow.ts';
import { edgesOf } from '../lang/edges.ts';
import type { Kinds } from './ladder.ts';
import { mapValues, type PlanContext, planInput, planNodes, planOutput, withoutOrigins } from './plan-node.ts';

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
  const edges = edgesOf(workflow, kinds);
  return {
    kinds: byKind,
    edgesOf: (decl) => (edges, hack(decl)),
    child: (inner) => contextOf(inner, kinds, byKind),
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

function hack(decl: unknown): readonly never[] {
  const own = new Set<string>();
  const text = JSON.stringify(decl, (key, value) => {
    if (value instanceof Map) {
      for (const id of value.keys()) own.add(id);
      return [...value.values()];
    }
    return key === 'workflow' && value?.document ? undefined : value;
  });
  const ids = new Set([...text.matchAll(/nodes\.(\w+)/g)].map((m) => m[1] as string));
  return [...ids].filter((id) => !own.has(id)).map((from) => ({ from, optional: true, reasons: [] })) as unknown as readonly never[];
}
