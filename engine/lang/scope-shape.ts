import { buildGraph, topologicalOrder } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesOf } from './edges.ts';
import { type InferredSource, inferSource } from './infer-source.ts';
import { nodeShape } from './node-shape.ts';
import { type FieldReading, nodeRead, readingsOf } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import {
  ANY,
  elementOf,
  type Field,
  INTEGER,
  isAny,
  listOf,
  membersOf,
  NULL,
  objectOf,
  type Shape,
  STRING,
  union,
  withoutNull,
} from './shape.ts';
import { type SkipReasons, skipConditions, treeOf } from './skip-reasons.ts';
import type { KnownCondition, TypeScope } from './type-scope.ts';
import { isUse } from './uses.ts';
import { settledLiterals, shapeOfValue, widened } from './value-shape.ts';

/** The types of a workflow: what every field can read, and what every field gives. */
export interface WorkflowTypes {
  /** What the names in a field stand for. */
  scopeOf(reading: FieldReading): TypeScope;
  /** What a field that holds an expression gives, and what is wrong in it. */
  inferred(reading: FieldReading): InferredSource;
  /** What others read as `nodes.<id>.output`, while it is not skipped. */
  seenOf(node: NodeId): Shape;
  /** What one task of the node gives when nothing goes wrong, `result` included: what stands in for it should be like it. */
  madeBy(node: NodeId): Shape;
  /** True when the node may be skipped and says nothing for that case (`if_skipped`): its readers are skipped with it. */
  mayGoMissing(node: NodeId): boolean;
  /** What is certain of skips. */
  readonly skips: Pick<SkipReasons, 'neverRuns' | 'outcomeOf'>;
}

const known = new WeakMap<Workflow, WorkflowTypes>();

/** The types of a workflow, computed once. */
export function typesOf(workflow: Workflow, kinds: readonly NodeKind[]): WorkflowTypes {
  const done = known.get(workflow);
  if (done !== undefined) return done;
  const types = compute(workflow, kinds);
  known.set(workflow, types);
  return types;
}

/** Fields of a node that are looked at before its own condition is known to have let it through. */
const BEFORE_THE_CONDITION: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);
/** Fields whose value is the result of the run or of the node: nobody is skipped in their stead. */
const RESULTS: ReadonlySet<string> = new Set(['result', 'if_skipped']);

function compute(workflow: Workflow, kinds: readonly NodeKind[]): WorkflowTypes {
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  // What is inside others has no type yet.
  const readings = byNode(readingsOf(workflow, kinds).filter(({ node }) => node !== undefined && workflow.nodes.get(node.id) === node));
  const inferred = new Map<FieldReading, InferredSource>();
  /** What one task of a node gives before `result`. */
  const tasks = new Map<NodeId, Shape>();
  /** What one task gives in the end, when it succeeds. */
  const results = new Map<NodeId, Shape>();
  const made = new Map<NodeId, Shape>();
  const seen = new Map<NodeId, Shape>();
  const missing = new Set<string>();
  /** Filled node by node in the order of the plan; a node on a cycle never comes, and may be anything. */
  const nodes = new Map<string, Field>();
  const base = namesOf(workflow, nodes);
  const skips = skipConditions(base, missing);

  typeNodes();
  return {
    scopeOf,
    inferred: infer,
    seenOf: (node) => seen.get(node) ?? ANY,
    madeBy: (node) => made.get(node) ?? ANY,
    mayGoMissing: (node) => missing.has(node),
    skips,
  };

  function typeNodes(): void {
    const edges = edgesOf(workflow, kinds);
    const ids = [...workflow.nodes.keys()];
    const pairs = [...workflow.nodes.values()].flatMap((node) => (edges.get(node) ?? []).map((edge) => [edge.from, node.id] as const));
    for (const index of topologicalOrder(buildGraph(ids, pairs))) {
      const node = workflow.nodes.get(ids[index] as NodeId);
      if (node === undefined) continue;
      // A read in `result` is a mistake of its own, and told there: that the node would be skipped for it is only its echo.
      const elsewhere = neededOutsideResult(node);
      const needed = (edges.get(node) ?? []).filter(({ optional, from }) => !optional && missing.has(from) && elsewhere.has(from));
      const maySkip = skips.add(
        node,
        needed.map((edge) => edge.from),
      );
      const output = outputOf(node);
      seen.set(node.id, output);
      const ifSkipped = maySkip ? readingOf(node, 'if_skipped') : undefined;
      if (maySkip && ifSkipped === undefined) missing.add(node.id);
      const instead: Shape = ifSkipped === undefined ? { type: 'null', skipped: [node.id] } : infer(ifSkipped).shape;
      const shape = nodeShape({
        output,
        ...(maySkip && { skipped: instead }),
        // A fan-out over nothing calls nothing.
        called: kindOf.get(node.kind)?.callsModel === true && node.foreach === undefined,
        byTier: node.spec.model === undefined,
        ...(node.foreach !== undefined && { items: { item: itemOf(node), output: results.get(node.id) ?? ANY } }),
      });
      nodes.set(node.id, { shape, required: true });
    }
  }

  /** What the names in a field stand for. */
  function scopeOf(reading: FieldReading): TypeScope {
    const { node, place, field } = reading;
    const names = new Map(base);
    if (node?.foreach !== undefined && (place === 'item' || place === 'result')) {
      names.set(node.foreach.as, itemOf(node));
      names.set('index', INTEGER);
    }
    if (node !== undefined && place === 'result') names.set('output', tasks.get(node.id) ?? ANY);
    const refuse = node === undefined || RESULTS.has(field);
    return {
      names,
      skips: refuse ? 'refuse' : 'follow',
      ...(node !== undefined && { known: conditionsPassed(node, reading) }),
      ...(node !== undefined && field === 'result' && { spared: neededOutsideResult(node) }),
      oneAlwaysRuns: skips.oneAlwaysRuns,
    };
  }

  /** Nodes whose skip skips this one through another field than `result`, so that `result` is never looked at then. */
  function neededOutsideResult(node: NodeDecl): ReadonlySet<string> {
    const needed = new Set<string>();
    for (const need of node.needs) if (!need.optional && !need.anyOf) needed.add(need.from);
    for (const { field, references } of readings.get(node.id) ?? []) {
      if (RESULTS.has(field)) continue;
      for (const reference of references) {
        const from = nodeRead(reference);
        if (from !== undefined && isUse(reference) && !reference.guarded) needed.add(from);
      }
    }
    return needed;
  }

  function readingOf(node: NodeDecl, field: string): FieldReading | undefined {
    return readings.get(node.id)?.find((reading) => reading.field === field && reading.holds === 'expression');
  }

  function infer(reading: FieldReading): InferredSource {
    const done = inferred.get(reading);
    if (done !== undefined) return done;
    const made = inferSource(reading.source, reading.path, scopeOf(reading));
    inferred.set(reading, made);
    return made;
  }

  /** What a node gives when it is not skipped. */
  function outputOf(node: NodeDecl): Shape {
    const task = taskOf(node);
    tasks.set(node.id, task);
    const result = readingOf(node, 'result');
    const recovered = readingOf(node, 'on_error');
    const good = result === undefined ? task : settledLiterals(infer(result).shape);
    made.set(node.id, good);
    const one = recovered === undefined ? good : union(good, infer(recovered).shape);
    if (node.foreach === undefined) return one;
    const mayFail = node.foreach.maxFailures !== undefined || node.onError.action === 'skip';
    results.set(node.id, one);
    return listOf(mayFail ? union(one, NULL) : one);
  }

  function taskOf(node: NodeDecl): Shape {
    if (node.output !== undefined) return shapeOf(node.output);
    if (node.body !== undefined) return ANY;
    const own = taskOfKind(node, node.kind, node.spec, false);
    const { onError } = node;
    return onError.action === 'fallback' ? union(own, taskOfKind(node, onError.kind, onError.spec, true)) : own;
  }

  function taskOfKind(node: NodeDecl, name: string, spec: NodeDecl['spec'], fallback: boolean): Shape {
    const kind = kindOf.get(name);
    if (kind === undefined) return ANY;
    const reading = readings
      .get(node.id)
      ?.find(({ field, holds, path }) => field === kind.outputField && holds === 'expression' && path.includes('on_error') === fallback);
    return reading === undefined ? shapeOf(kind.output(spec)) : settledLiterals(infer(reading).shape);
  }

  /** One item of a fan-out. */
  function itemOf(node: NodeDecl): Shape {
    const items = readingOf(node, 'foreach');
    if (items === undefined) return ANY;
    const shape = withoutNull(infer(items).shape);
    if (isAny(shape)) return ANY;
    const element = union(...membersOf(shape).flatMap((one) => (one.type === 'list' ? [elementOf(one)] : [])));
    return element.type === 'never' ? ANY : settledLiterals(element);
  }
}

function byNode(readings: readonly FieldReading[]): ReadonlyMap<NodeId, readonly FieldReading[]> {
  const found = new Map<NodeId, FieldReading[]>();
  for (const reading of readings) {
    if (reading.node === undefined) continue;
    const own = found.get(reading.node.id);
    if (own === undefined) found.set(reading.node.id, [reading]);
    else own.push(reading);
  }
  return found;
}

/** The names that every field sees. What is not declared is told by those who check names; here it may be anything. */
function namesOf(workflow: Workflow, nodes: ReadonlyMap<string, Field>): ReadonlyMap<string, Shape> {
  const open = (fields: ReadonlyMap<string, Field>): Shape => ({ type: 'object', fields, rest: ANY, exact: false });
  const inputs = [...workflow.inputs.values()].map(({ name, schema }) => [name, { shape: shapeOf(schema), required: true }] as const);
  const constants = Object.entries(workflow.constants).map(
    ([name, value]) => [name, { shape: widened(shapeOfValue(value)), required: true }] as const,
  );
  return new Map([
    ['inputs', open(new Map(inputs))],
    ['constants', open(new Map(constants))],
    ['run', objectOf({ id: STRING, started_at: STRING, workflow: STRING }, ANY)],
    ['nodes', open(nodes)],
    // Where one may stand, and which there are, is told by those who look after secrets.
    ['secrets', open(new Map())],
  ]);
}

/** Conditions that have let a node, or an item, through when a field of it is looked at. */
function conditionsPassed({ skipIf, foreach }: NodeDecl, { field, place }: FieldReading): readonly KnownCondition[] {
  if (BEFORE_THE_CONDITION.has(field)) return [];
  const passed: KnownCondition[] = [];
  const own = treeOf(skipIf?.when.source);
  if (own !== undefined && skipIf !== undefined) passed.push({ tree: own, outcome: skipIf.negate });
  const where = (place === 'item' || place === 'result') && !field.startsWith('foreach') ? treeOf(foreach?.where?.source) : undefined;
  if (where !== undefined) passed.push({ tree: where, outcome: true });
  return passed;
}
