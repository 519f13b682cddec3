import { invariant } from '../base/assert.ts';
import { heights, topologicalOrder } from '../base/graph.ts';
import { planDigest } from '../base/ids.ts';
import { digestOf, type Json, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, Plan, PlanForeach, PlanInput, PlanLimits, PlanNode, PlanOutput, Stage } from '../contracts/plan.ts';
import type { Bound, ForeachDecl, InputDecl, Limits, NodeDecl, OutputDecl, Workflow } from '../contracts/workflow.ts';
import { edgesOf, nodeGraphOf } from '../lang/edges.ts';
import { planTools } from './plan-tools.ts';

/** Calls in flight in one run when the file says nothing: what the common providers allow on their lowest paid plans. */
const DEFAULT_CONCURRENCY = 16;

/** The plan of a workflow in which no mistake was found. It is plain JSON, and the same text always gives the same plan. */
export function buildPlan(workflow: Workflow, kinds: readonly NodeKind[]): Plan {
  const edges = edgesOf(workflow, kinds);
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]));
  const decls = [...workflow.nodes.values()];
  const graph = nodeGraphOf(workflow, kinds);
  const order = topologicalOrder(graph);
  invariant(order.length === decls.length, 'a workflow with a cycle was planned');
  const height = heights(graph, order);

  const nodes = order.map((index): PlanNode => {
    const decl = decls[index];
    invariant(decl, 'the order holds nodes of the file');
    return planNode(decl, byKind, edges.get(decl) ?? [], height[index] ?? 1);
  });
  const plan = {
    version: 1,
    workflow: workflow.name,
    ...(workflow.description !== undefined && { description: workflow.description }),
    inputs: mapValues(workflow.inputs, planInput),
    constants: workflow.constants,
    ...planTools(workflow, kinds),
    tiers: workflow.tiers,
    limits: planLimits(workflow.limits),
    partials: Object.fromEntries(workflow.partials),
    nodes,
    outputs: mapValues(workflow.outputs, planOutput),
  } as const;
  const { version, ...rest } = plan;
  return { version, digest: planDigest(digestOf(withoutOrigins(plan))), file: workflow.document.file.name, ...rest };
}

type Kinds = ReadonlyMap<string, NodeKind>;

function kindOf(kinds: Kinds, name: string): NodeKind {
  const kind = kinds.get(name);
  invariant(kind, 'a node of an unknown kind was planned');
  return kind;
}

function planNode(decl: NodeDecl, kinds: Kinds, after: readonly Edge[], height: number): PlanNode {
  const anyOf = decl.needs.filter((need) => need.anyOf).map((need) => need.from);
  const { skipIf, onError } = decl;
  return {
    id: decl.id,
    kind: decl.kind,
    ...(decl.description !== undefined && { description: decl.description }),
    after,
    ...(anyOf.length > 0 && { anyOf }),
    height,
    ...(skipIf && {
      skipIf: { when: skipIf.when.source, negate: skipIf.negate, ...(skipIf.reason && { reason: skipIf.reason.text }) },
    }),
    ...(decl.ifSkipped && { ifSkipped: { value: decl.ifSkipped.source } }),
    ...(decl.foreach && { foreach: planForeach(decl.foreach) }),
    stages: stagesOf(decl, kinds),
    onError:
      onError.action === 'value'
        ? { action: 'value', value: onError.value.source }
        : { action: onError.action === 'skip' ? 'skip' : 'fail' },
    ...(decl.cache && { cache: decl.cache }),
    output: decl.output ?? kindOf(kinds, decl.kind).output(decl.spec),
    check: decl.check.map(({ that, message }) => ({ that: that.source, ...(message !== undefined && { message }) })),
    ...(decl.result && { result: decl.result.source }),
    origin: { path: decl.path },
  };
}

function stagesOf(decl: NodeDecl, kinds: Kinds): readonly [Stage, ...Stage[]] {
  const stage = (name: Stage['name'], from: Pick<NodeDecl, 'kind' | 'spec' | 'retry' | 'timeout'>): Stage => ({
    name,
    kind: from.kind,
    spec: from.spec,
    retry: from.retry,
    ...(from.timeout !== undefined && { timeout: from.timeout }),
    ...(!(decl.idempotent ?? kindOf(kinds, from.kind).idempotent?.(from.spec) ?? true) && { idempotent: false as const }),
  });
  const own = stage('own', decl);
  return decl.onError.action === 'fallback' ? [own, stage('fallback', decl.onError)] : [own];
}

function planForeach(decl: ForeachDecl): PlanForeach {
  const { maxFailures } = decl;
  return {
    items: decl.items.source,
    as: decl.as,
    ...(decl.where && { where: decl.where.source }),
    ...(decl.key && { key: decl.key.source }),
    ...(decl.concurrency && { concurrency: boundOf(decl.concurrency) }),
    ...(maxFailures && { maxFailures: 'percent' in maxFailures ? { percent: maxFailures.percent } : boundOf(maxFailures) }),
  };
}

function boundOf(bound: Bound): number | string {
  return 'value' in bound ? bound.value : String(bound.expression.source);
}

function planInput(decl: InputDecl): PlanInput {
  return {
    schema: decl.schema,
    ...(decl.description !== undefined && { description: decl.description }),
    ...(decl.default !== undefined && { default: decl.default }),
  };
}

function planOutput(decl: OutputDecl): PlanOutput {
  return {
    value: decl.value.source,
    ...(decl.description !== undefined && { description: decl.description }),
    ...(decl.schema && { schema: decl.schema }),
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

function mapValues<T, U>(map: ReadonlyMap<string, T>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries([...map].map(([name, value]) => [name, change(value)]));
}

/** What the digest is of: where a node was written is no part of what runs. */
function withoutOrigins(plan: Omit<Plan, 'digest' | 'file'>): Json {
  const bare = { ...plan, nodes: plan.nodes.map(({ origin, ...node }) => node) };
  return bare as unknown as JsonObject;
}
