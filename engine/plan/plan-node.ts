import { dirname } from 'node:path';
import { invariant } from '../base/assert.ts';
import { buildGraph, heights, topologicalOrder } from '../base/graph.ts';
import { millis, type NodeId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type {
  Bind,
  Edge,
  NodePart,
  Plan,
  PlanBody,
  PlanForeach,
  PlanInput,
  PlanLoop,
  PlanNode,
  PlanOutput,
  Stage,
} from '../contracts/plan.ts';
import type {
  BestOfDecl,
  Bound,
  EvaluateDecl,
  ForeachDecl,
  InputDecl,
  NodeDecl,
  OutputDecl,
  RepeatDecl,
  RouteDecl,
  SubWorkflowDecl,
  Workflow,
} from '../contracts/workflow.ts';
import { callStages, type Kinds, kindOf, oneTierUp, stageOf } from './ladder.ts';

/** What planning the nodes of one file needs. */
export interface PlanContext {
  readonly kinds: Kinds;
  /** What a node waits for and reads: nodes of its frame, and of those around it. */
  edgesOf(decl: NodeDecl): readonly Edge[];
  /** The context of a sub-workflow. */
  child(workflow: Workflow): PlanContext;
  /** The tools that nodes of a sub-workflow can call. */
  tools(workflow: Workflow): Pick<Plan, 'tools'>;
}

/** Whoever does the work of a body makes its own tries. */
const ONCE: Stage['retry'] = { maxAttempts: 1, backoff: 'constant', initialDelay: millis(0), maxDelay: millis(0), retryOn: [] };

/**
 * The nodes of one frame, in an order in which each comes after those it waits for; ties in document order. `above`: the height of
 * the node they are in.
 */
export function planNodes(decls: ReadonlyMap<NodeId, NodeDecl>, context: PlanContext, above = 0): readonly PlanNode[] {
  const list = [...decls.values()];
  const ids = list.map((decl) => decl.id);
  const pairs = list.flatMap((decl) => context.edgesOf(decl).map((edge) => [edge.from, decl.id] as const));
  const graph = buildGraph(ids, pairs);
  const order = topologicalOrder(graph);
  invariant(order.length === list.length, 'a workflow with a cycle was planned');
  const height = heights(graph, order);
  return order.map((index) => {
    const decl = list[index];
    invariant(decl, 'the order holds nodes of the file');
    return planNode(decl, context, above + (height[index] ?? 1));
  });
}

/** Of a declaration that was changed for a plan: the one as it was parsed, by which its edges are known. */
const originals = new WeakMap<NodeDecl, NodeDecl>();

function changed(from: NodeDecl, to: NodeDecl): NodeDecl {
  originals.set(to, originals.get(from) ?? from);
  return to;
}

/** What a part of a node has that is not written. */
interface Part {
  readonly id: NodeId;
  readonly part: NodePart;
  readonly after?: readonly Edge[];
  readonly binds?: Readonly<Record<string, Bind>>;
  readonly foreach?: PlanForeach;
}

function planNode(decl: NodeDecl, context: PlanContext, height: number, part?: Part): PlanNode {
  const anyOf = decl.needs.filter((need) => need.anyOf).map((need) => need.from);
  const { skipIf, body } = decl;
  const shared = {
    id: part?.id ?? decl.id,
    kind: decl.kind,
    ...(decl.description !== undefined && { description: decl.description }),
    after: [...(part?.after ?? []), ...context.edgesOf(originals.get(decl) ?? decl)],
    ...(anyOf.length > 0 && { anyOf }),
    height,
    ...(skipIf && {
      skipIf: { when: skipIf.when.source, negate: skipIf.negate, ...(skipIf.reason && { reason: skipIf.reason.text }) },
    }),
    ...(decl.ifSkipped && { ifSkipped: { value: decl.ifSkipped.source } }),
    ...(decl.foreach && { foreach: planForeach(decl.foreach) }),
    ...(decl.repeat && { loop: planRepeat(decl.repeat) }),
    ...(part && { part: part.part }),
    ...(part?.binds && { binds: part.binds }),
    ...(part?.foreach && { foreach: part.foreach }),
    ...(decl.cache && { cache: decl.cache }),
    origin: { path: decl.path },
  };
  const whole = {
    onError: onErrorOf(decl),
    output: decl.output ?? (body ? {} : kindOf(context.kinds, decl.kind).output(decl.spec)),
    check: decl.check.map(({ that, message }) => ({ that: that.source, ...(message !== undefined && { message }) })),
    ...(decl.result && { result: decl.result.source }),
  };
  const inner = height + 1;
  switch (body?.type) {
    case undefined:
      return { ...shared, stages: [...callStages(decl, context.kinds), ...fallbackStages(decl, context, inner)], ...whole };
    case 'group': {
      const nodes = planNodes(body.nodes, context, inner);
      return { ...shared, stages: bodyStages(decl, { type: 'group', nodes }, context, inner), ...whole };
    }
    case 'workflow':
      return { ...shared, stages: bodyStages(decl, planChild(body, context, inner), context, inner), ...whole };
    case 'route':
      // The cases are whole nodes: what is written for all of them is in each.
      return { ...shared, ...planRoute(decl, body, context, inner) };
    case 'evaluate':
      return { ...shared, ...planEvaluate(decl, body, context, inner, part) };
    case 'best_of':
      return { ...shared, stages: [...bestOfStages(decl, body, context, inner), ...fallbackStages(decl, context, inner)], ...whole };
  }
}

function bodyStages(decl: NodeDecl, body: PlanBody, context: PlanContext, inner: number): readonly [Stage, ...Stage[]] {
  return [withBody(stageOf('own', decl, decl, context.kinds), body), ...fallbackStages(decl, context, inner)];
}

/** A stage that holds nodes; a sub-workflow has no more time than its own file gives it. */
function withBody(stage: Stage, body: PlanBody): Stage {
  const own = body.type === 'workflow' ? body.limits.timeout : undefined;
  const timeout = own === undefined ? stage.timeout : millis(Math.min(own, stage.timeout ?? own));
  return { ...stage, body, ...(timeout !== undefined && { timeout }) };
}

/** The stage of `on_error: { fallback }`. */
function fallbackStages(decl: NodeDecl, context: PlanContext, inner: number): readonly Stage[] {
  const { onError } = decl;
  if (onError.action !== 'fallback') return [];
  const { body } = onError;
  const stage = stageOf('fallback', onError, decl, context.kinds);
  return [body ? withBody(stage, planChild(body, context, inner)) : stage];
}

type Ways = Pick<PlanNode, 'stages' | 'onError' | 'output' | 'check' | 'result' | 'loop'>;

function planRoute(decl: NodeDecl, { by, cases }: RouteDecl, context: PlanContext, inner: number): Ways {
  const nodes = cases.flatMap(({ node }) => (node ? [planNode(node, context, inner)] : []));
  const body: PlanBody = {
    type: 'route',
    ...(by && { by: by.source }),
    cases: cases.map(({ name, when }) => ({ name, ...(when && { when: when.source }) })),
    nodes,
  };
  return { stages: [{ name: 'own', kind: decl.kind, spec: {}, body, retry: ONCE }], onError: { action: 'fail' }, output: {}, check: [] };
}

function planEvaluate(decl: NodeDecl, evaluate: EvaluateDecl, context: PlanContext, inner: number, part: Part | undefined): Ways {
  const { generate, onExhausted } = evaluate;
  const checks = generate.check.map(({ that, message }) => ({ that: that.source, ...(message !== undefined && { message }) }));
  const ways = {
    onError: onErrorOf(decl),
    output: generate.output ?? kindOf(context.kinds, generate.kind).output(generate.spec),
    check: checks,
    ...(decl.result && { result: decl.result.source }),
  };
  const stage = (from: EvaluateDecl, name: Stage['name']): Stage => ({
    name,
    kind: generate.kind,
    spec: {},
    body: { type: 'evaluate', nodes: partsOf(from, context, inner) },
    retry: ONCE,
  });
  const simple = !decl.repeat && onExhausted !== 'escalate';
  if (simple || part?.part === 'loop') {
    const exhausted = onExhausted === 'accept' ? 'accept' : 'fail';
    return {
      loop: planLoop(evaluate, exhausted),
      stages: part ? [stage(evaluate, 'own')] : [stage(evaluate, 'own'), ...fallbackStages(decl, context, inner)],
      ...ways,
    };
  }
  // Rounds around it, or another tier after it: the loop becomes a node inside.
  const whole = { ...bare(decl), ...(decl.result && { result: decl.result }) };
  const loopIn = (name: Stage['name'], from: EvaluateDecl): Stage => ({
    name,
    kind: generate.kind,
    spec: {},
    body: {
      type: 'single',
      nodes: [planNode(changed(decl, { ...whole, body: from }), context, inner, { id: 'evaluate' as NodeId, part: 'loop' })],
    },
    retry: ONCE,
    ...(name === 'escalated' && { on: ['not_accepted'] as const }),
  });
  const first = loopIn('own', onExhausted === 'escalate' ? { ...evaluate, onExhausted: 'fail' } : evaluate);
  const up = (node: NodeDecl): NodeDecl => {
    const { body } = node;
    const higher = body?.type === 'best_of' ? { ...body, candidate: up(body.candidate) } : body;
    return changed(node, { ...node, spec: oneTierUp(node.spec), ...(higher && { body: higher }) });
  };
  const { revise } = evaluate;
  const higher: EvaluateDecl = { ...evaluate, generate: up(generate), ...(revise && { revise: up(revise) }), onExhausted: 'accept' };
  return {
    ...(decl.repeat && { loop: planRepeat(decl.repeat) }),
    stages: [first, ...(onExhausted === 'escalate' ? [loopIn('escalated', higher)] : []), ...fallbackStages(decl, context, inner)],
    onError: ways.onError,
    output: {},
    check: [],
  };
}

function planLoop(evaluate: EvaluateDecl, onExhausted: 'accept' | 'fail'): PlanLoop {
  return {
    type: 'evaluate',
    acceptIf: evaluate.acceptIf.source,
    ...(evaluate.score && { score: evaluate.score.source }),
    max: boundOf(evaluate.maxIterations),
    keep: evaluate.keep,
    ...(evaluate.stopWhenStuck && { stuck: boundOf(evaluate.stopWhenStuck) }),
    onExhausted,
  };
}

function partsOf({ generate, revise, judge }: EvaluateDecl, context: PlanContext, height: number): readonly PlanNode[] {
  const id = (name: string): NodeId => name as NodeId;
  const waits = (names: readonly string[]): readonly Edge[] => names.map((name) => ({ from: id(name), optional: true, reasons: [] }));
  const before = { candidate: { previous: 'candidate' }, evaluation: { previous: 'evaluation' } };
  const makers = revise ? ['revise', 'generate'] : ['generate'];
  return [
    planNode(bare(generate, generate), context, height + 1, { id: id('generate'), part: 'generate' }),
    ...(revise ? [planNode(bare(revise, revise), context, height + 1, { id: id('revise'), part: 'revise', binds: before })] : []),
    planNode(bare(judge, judge), context, height, {
      id: id('judge'),
      part: 'evaluate',
      after: waits(makers),
      binds: { candidate: { from: makers.map(id) } },
    }),
  ];
}

/**
 * A node as a part of another: what concerns the node as a whole is with the other. `own`: what of its own it keeps besides its spec.
 */
function bare(decl: NodeDecl, own?: NodeDecl): NodeDecl {
  const { id, kind, path, retry, spec } = decl;
  return changed(decl, {
    id,
    kind,
    path,
    needs: [],
    retry,
    onError: { action: 'fail' },
    check: own?.check ?? [],
    spec,
    ...(decl.idempotent !== undefined && { idempotent: decl.idempotent }),
    ...(own?.timeout !== undefined && { timeout: own.timeout }),
    ...(own?.output && { output: own.output }),
    ...(own?.result && { result: own.result }),
    ...(own?.escalate && { escalate: own.escalate }),
    ...(own?.body && { body: own.body }),
    ...(own?.cache && { cache: own.cache }),
  });
}

/** So many of a hundred candidates may fail: one that is there is enough. */
const NEARLY_ALL = 99;

function bestOfStages(decl: NodeDecl, best: BestOfDecl, context: PlanContext, height: number): readonly [Stage] {
  const id = (name: string): NodeId => name as NodeId;
  const foreach: PlanForeach = { items: [], times: boundOf(best.n), as: 'candidate', maxFailures: { percent: NEARLY_ALL } };
  const candidate = planNode(bare(best.candidate, best.candidate), context, height + 1, {
    id: id('candidate'),
    part: 'candidate',
    foreach,
  });
  const judge = best.judge && {
    ...planNode(bare(best.judge, best.judge), context, height, {
      id: id('judge'),
      part: 'judge',
      after: [{ from: id('candidate'), optional: false, reasons: [] }],
      binds: { candidates: { from: [id('candidate')] } },
    }),
  };
  const body: PlanBody = {
    type: 'best_of',
    n: boundOf(best.n),
    pick: best.pick,
    ...(best.by && { by: best.by.source }),
    nodes: [candidate, ...(judge ? [judge] : [])],
  };
  return [{ name: 'own', kind: decl.kind, spec: {}, body, retry: ONCE }];
}

function planChild({ workflow, file }: SubWorkflowDecl, context: PlanContext, height: number): PlanBody {
  invariant(workflow, 'a sub-workflow with mistakes was planned');
  const folder = dirname(file.replaceAll('\\', '/'));
  const { maxCost, timeout, concurrency, onFailure } = workflow.limits;
  return {
    type: 'workflow',
    workflow: workflow.name,
    file,
    folder: folder === '.' ? '' : folder.replace(/^\.\//, ''),
    inputs: mapValues(workflow.inputs, planInput),
    constants: workflow.constants,
    ...context.tools(workflow),
    partials: Object.fromEntries(workflow.partials),
    outputs: mapValues(workflow.outputs, planOutput),
    limits: {
      ...(maxCost !== undefined && { maxCost }),
      ...(timeout !== undefined && { timeout }),
      ...(concurrency !== undefined && { concurrency }),
      ...(onFailure !== 'stop' && { onFailure }),
    },
    nodes: planNodes(workflow.nodes, context.child(workflow), height),
  };
}

function onErrorOf({ onError }: NodeDecl): PlanNode['onError'] {
  return onError.action === 'value'
    ? { action: 'value', value: onError.value.source }
    : { action: onError.action === 'skip' ? 'skip' : 'fail' };
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

function planRepeat({ until, max, carry, as, onExhausted }: RepeatDecl): PlanLoop {
  const values = [...carry].map(([name, { first, next }]) => [name, { first: first.source, next: next.source }] as const);
  return {
    type: 'repeat',
    ...(until && { until: until.source }),
    max: boundOf(max),
    carry: Object.fromEntries(values),
    ...(as !== undefined && { as }),
    onExhausted,
  };
}

function boundOf(bound: Bound): number | string {
  return 'value' in bound ? bound.value : String(bound.expression.source);
}

export function planInput(decl: InputDecl): PlanInput {
  return {
    schema: decl.schema,
    ...(decl.description !== undefined && { description: decl.description }),
    ...(decl.default !== undefined && { default: decl.default }),
  };
}

export function planOutput(decl: OutputDecl): PlanOutput {
  return {
    value: decl.value.source,
    ...(decl.description !== undefined && { description: decl.description }),
    ...(decl.schema && { schema: decl.schema }),
  };
}

export function mapValues<T, U>(map: ReadonlyMap<string, T>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries([...map].map(([name, value]) => [name, change(value)]));
}

/** Nodes without where they were written, which is no part of what runs. */
export function withoutOrigins(nodes: readonly PlanNode[]): readonly JsonObject[] {
  return nodes.map(({ origin: _, stages, ...node }) => {
    const bare = stages.map(({ body, ...stage }) => (body ? { ...stage, body: { ...body, nodes: withoutOrigins(body.nodes) } } : stage));
    return { ...node, stages: bare } as unknown as JsonObject;
  });
}
