import { topologicalOrder } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { Expr } from '../contracts/expression.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesOf, isUse, nodeGraphOf } from './edges.ts';
import { parseExpression } from './expression.ts';
import { infer, quietShape } from './infer-expression.ts';
import { type InferredSource, inferSource } from './infer-source.ts';
import { pathKey, surroundings } from './narrowing.ts';
import { type FieldReading, nodeRead, readingsOf } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import {
  ANY,
  elementOf,
  type Field,
  INTEGER,
  isAny,
  listOf,
  mayBeNull,
  membersOf,
  NULL,
  NUMBER,
  type ObjectShape,
  objectOf,
  oneOf,
  type Shape,
  STRING,
  shapeOfValue,
  union,
  widened,
  withoutNull,
} from './shape.ts';
import { conditionOf, neverAll, type SkipCondition } from './skip-conditions.ts';
import type { TypeScope } from './type-scope.ts';

/** The types of a workflow: what every field can read, and what every field gives. */
export interface WorkflowTypes {
  /** What the names in a field stand for. */
  scopeOf(reading: FieldReading): TypeScope;
  /** What a field that holds an expression gives, and what is wrong in it. */
  inferred(reading: FieldReading): InferredSource;
  /** What one task of a node gives before `result`; `any` for a node on a cycle. */
  outputOf(node: NodeId): Shape;
  /** What others read as `nodes.<id>.output`, while it is not skipped. */
  seenOf(node: NodeId): Shape;
  /** True when the node may be skipped and says nothing for that case (`if_skipped`): its readers are skipped with it. */
  mayGoMissing(node: NodeId): boolean;
}

const known = new WeakMap<Workflow, WorkflowTypes>();

/** The types of a workflow, computed once. */
export function typesOf(workflow: Workflow, kinds: readonly NodeKind[]): WorkflowTypes {
  const done = known.get(workflow);
  if (done !== undefined) return done;
  const types = new Typing(workflow, kinds).types();
  known.set(workflow, types);
  return types;
}

const STATUS: Shape = oneOf('succeeded', 'failed', 'skipped', 'cancelled');

/** What `nodes.x.error` holds when there is one. */
const ERROR: Shape = objectOf({
  type: oneOf(
    'rate_limited',
    'unavailable',
    'unauthorized',
    'context_too_long',
    'refused',
    'bad_request',
    'output_invalid',
    'check_failed',
    'timed_out',
    'budget_exceeded',
    'expression_failed',
    'file_unreadable',
    'items_failed',
    'cancelled',
    'bug',
  ),
  code: STRING,
  message: STRING,
  'node?': STRING,
  'problems?': listOf(STRING),
});

/** Fields of a node that are looked at before its own condition is known to have let it through. */
const BEFORE_THE_CONDITION: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);
/** Fields whose value is the result of the run or of the node: nobody is skipped in their stead. */
const RESULTS: ReadonlySet<string> = new Set(['result', 'if_skipped']);

class Typing {
  readonly #workflow: Workflow;
  readonly #kinds: ReadonlyMap<string, NodeKind>;
  readonly #readings: readonly FieldReading[];
  readonly #ofNode = new Map<NodeId, FieldReading[]>();
  readonly #inferred = new Map<FieldReading, InferredSource>();
  readonly #tasks = new Map<NodeId, Shape>();
  readonly #items = new Map<NodeId, Shape>();
  readonly #seen = new Map<NodeId, Shape>();
  readonly #missing = new Set<NodeId>();
  readonly #skips = new Map<string, SkipCondition>();
  /** Filled node by node in the order of the plan; a node that is not there yet may be anything. */
  readonly #nodes = new Map<string, Field>();
  readonly #base: ReadonlyMap<string, Shape>;

  constructor(workflow: Workflow, kinds: readonly NodeKind[]) {
    this.#workflow = workflow;
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
    this.#readings = readingsOf(workflow, kinds);
    for (const reading of this.#readings) {
      if (reading.node === undefined) continue;
      const known = this.#ofNode.get(reading.node.id);
      if (known === undefined) this.#ofNode.set(reading.node.id, [reading]);
      else known.push(reading);
    }
    // What is not declared is told by others; here it may be anything.
    const open = (fields: ReadonlyMap<string, Field>): ObjectShape => ({ type: 'object', fields, rest: ANY, exact: false });
    const inputs = [...workflow.inputs.values()].map((input): [string, Field] => [
      input.name,
      { shape: shapeOf(input.schema), required: true },
    ]);
    const constants = Object.entries(workflow.constants).map(([name, value]): [string, Field] => [
      name,
      { shape: widened(shapeOfValue(value)), required: true },
    ]);
    this.#base = new Map<string, Shape>([
      ['inputs', open(new Map(inputs))],
      ['constants', open(new Map(constants))],
      ['run', objectOf({ id: STRING, started_at: STRING, workflow: STRING }, ANY)],
      ['nodes', open(this.#nodes)],
    ]);
    this.#typeNodes(kinds);
  }

  types(): WorkflowTypes {
    return {
      scopeOf: (reading) => this.#scopeOf(reading),
      inferred: (reading) => this.#infer(reading),
      outputOf: (node) => this.#tasks.get(node) ?? ANY,
      seenOf: (node) => this.#seen.get(node) ?? ANY,
      mayGoMissing: (node) => this.#missing.has(node),
    };
  }

  #typeNodes(kinds: readonly NodeKind[]): void {
    const { nodes } = this.#workflow;
    const edges = edgesOf(this.#workflow, kinds);
    const ids = [...nodes.keys()];
    for (const index of topologicalOrder(nodeGraphOf(this.#workflow, kinds))) {
      const node = nodes.get(ids[index] as NodeId);
      if (node === undefined) continue;
      // A read in `result` is a mistake of its own, and told there: that the node would be skipped for it is only its echo.
      const elsewhere = this.#sparedIn(node, 'result');
      const needed = (edges.get(node.id) ?? [])
        .filter((edge) => !edge.optional && this.#missing.has(edge.from) && elsewhere.has(edge.from))
        .map((edge) => edge.from);
      const skip = this.#skipCondition(node, needed);
      if (skip.type !== 'never') this.#skips.set(node.id, skip);
      const maySkip = skip.type !== 'never';
      const output = this.#outputOf(node);
      this.#seen.set(node.id, output);
      const ifSkipped = this.#reading(node, 'if_skipped');
      if (maySkip && ifSkipped === undefined) this.#missing.add(node.id);
      const whole = !maySkip
        ? output
        : ifSkipped === undefined
          ? union(output, { type: 'null', skipped: [node.id] })
          : union(output, this.#infer(ifSkipped).shape);
      this.#nodes.set(node.id, { shape: this.#nodeShape(node, whole, maySkip), required: true });
    }
  }

  /** What the names in a field stand for. */
  #scopeOf(reading: FieldReading): TypeScope {
    const { node, place, field } = reading;
    const names = new Map(this.#base);
    if (node?.foreach !== undefined && (place === 'item' || place === 'result')) {
      names.set(node.foreach.as, this.#itemOf(node));
      names.set('index', INTEGER);
    }
    if (node !== undefined && place === 'result') names.set('output', this.#tasks.get(node.id) ?? ANY);
    const refuse = node === undefined || RESULTS.has(field);
    return {
      names,
      skips: refuse ? 'refuse' : 'follow',
      ...(node !== undefined && { known: this.#knownIn(node, reading) }),
      ...(node !== undefined && refuse && { spared: this.#sparedIn(node, field) }),
      oneAlwaysRuns: (groups) => this.#oneAlwaysRuns(groups),
    };
  }

  /** Conditions that have let the node through when a field of it is looked at. */
  #knownIn(node: NodeDecl, reading: FieldReading): readonly { tree: Expr; outcome: boolean }[] {
    if (BEFORE_THE_CONDITION.has(reading.field)) return [];
    const known: { tree: Expr; outcome: boolean }[] = [];
    const own = node.skipIf === undefined ? undefined : treeOf(node.skipIf.when.source);
    if (own !== undefined && node.skipIf !== undefined) known.push({ tree: own, outcome: node.skipIf.negate });
    if (reading.place === 'item' || reading.place === 'result') {
      const where = reading.field.startsWith('foreach') ? undefined : treeOf(node.foreach?.where?.source);
      if (where !== undefined) known.push({ tree: where, outcome: true });
    }
    return known;
  }

  /** Nodes whose skip would have skipped this one through another of its fields, so that `result` is never looked at then. */
  #sparedIn(node: NodeDecl, field: string): ReadonlySet<string> {
    const spared = new Set<string>();
    if (field !== 'result') return spared;
    for (const need of node.needs) if (!need.optional && !need.anyOf) spared.add(need.from);
    for (const reading of this.#ofNode.get(node.id) ?? []) {
      if (reading.field === 'result' || reading.field === 'if_skipped') continue;
      for (const reference of reading.references) {
        const from = nodeRead(reference);
        if (from !== undefined && isUse(reference) && !reference.guarded) spared.add(from);
      }
    }
    return spared;
  }

  #reading(node: NodeDecl, field: string): FieldReading | undefined {
    return this.#ofNode.get(node.id)?.find((reading) => reading.field === field && reading.holds === 'expression');
  }

  #infer(reading: FieldReading): InferredSource {
    const done = this.#inferred.get(reading);
    if (done !== undefined) return done;
    const inferred = inferSource(reading.source, reading.path, this.#scopeOf(reading));
    this.#inferred.set(reading, inferred);
    return inferred;
  }

  /** What a node gives when it is not skipped. */
  #outputOf(node: NodeDecl): Shape {
    const task = this.#taskOf(node);
    this.#tasks.set(node.id, task);
    const result = this.#reading(node, 'result');
    let one = result === undefined ? task : settledLiterals(this.#infer(result).shape);
    const recovered = this.#reading(node, 'on_error');
    if (recovered !== undefined) one = union(one, this.#infer(recovered).shape);
    if (node.foreach === undefined) {
      this.#items.set(node.id, one);
      return one;
    }
    const mayFail = node.foreach.maxFailures !== undefined || node.onError.action === 'skip';
    const element = mayFail ? union(one, NULL) : one;
    this.#items.set(node.id, element);
    return listOf(element);
  }

  /** What one task of a node gives before `result`. */
  #taskOf(node: NodeDecl): Shape {
    if (node.output !== undefined) return shapeOf(node.output);
    const own = this.#taskOfKind(node, node.kind, node.spec, false);
    if (node.onError.action !== 'fallback') return own;
    return union(own, this.#taskOfKind(node, node.onError.kind, node.onError.spec, true));
  }

  #taskOfKind(node: NodeDecl, name: string, spec: NodeDecl['spec'], fallback: boolean): Shape {
    const kind = this.#kinds.get(name);
    if (kind === undefined) return ANY;
    if (kind.outputField !== undefined) {
      const isFallback = (reading: FieldReading): boolean => reading.path.includes('on_error');
      const reading = this.#ofNode
        .get(node.id)
        ?.find((one) => one.field === kind.outputField && one.holds === 'expression' && isFallback(one) === fallback);
      if (reading !== undefined) return settledLiterals(this.#infer(reading).shape);
    }
    return shapeOf(kind.output(spec));
  }

  /** One item of a fan-out. */
  #itemOf(node: NodeDecl): Shape {
    const items = this.#reading(node, 'foreach');
    if (items === undefined) return ANY;
    const shape = withoutNull(this.#infer(items).shape);
    if (isAny(shape)) return ANY;
    const elements = membersOf(shape).flatMap((one) => (one.type === 'list' ? [elementOf(one)] : []));
    const element = union(...elements);
    return element.type === 'never' ? ANY : settledLiterals(element);
  }

  /** A node as others read it. */
  #nodeShape(node: NodeDecl, output: Shape, maySkip: boolean): Shape {
    const calls = this.#kinds.get(node.kind)?.callsModel === true;
    // A fan-out over nothing calls nothing; a model by name belongs to no tier.
    const called = calls && !maySkip && node.foreach === undefined;
    const orNull = (shape: Shape, certain: boolean): Shape => (certain ? shape : union(shape, NULL));
    const fields: Record<string, Shape> = {
      output,
      status: STATUS,
      error: union(ERROR, NULL),
      skip_reason: union(STRING, NULL),
      cost: NUMBER,
      tier: orNull(oneOf('cheap', 'capable', 'premium'), called && node.spec.model === undefined),
      model: orNull(STRING, called),
    };
    if (node.foreach !== undefined) {
      const item = objectOf({
        index: INTEGER,
        key: STRING,
        item: this.#itemOf(node),
        status: STATUS,
        output: union(this.#items.get(node.id) ?? ANY, NULL),
        error: union(ERROR, NULL),
        cost: NUMBER,
      });
      // A skipped fan-out has no items.
      fields[maySkip ? 'items?' : 'items'] = listOf(item);
    }
    // Other properties are told by those who know which there are.
    return objectOf(fields, ANY);
  }

  // ── when a node is skipped ─────────────────────────────────────────────────────────────────────────────────

  #skipCondition(node: NodeDecl, needed: readonly string[]): SkipCondition {
    const reasons: SkipCondition[] = needed.map((from) => ({ type: 'skipped', node: from }));
    if (node.skipIf !== undefined) {
      const tree = treeOf(node.skipIf.when.source);
      const when = tree === undefined ? literalCondition(node.skipIf.when.source, node.id) : this.#condition(tree, node);
      reasons.push(node.skipIf.negate ? { type: 'not', of: when } : when);
    }
    if (node.onError.action === 'skip' && node.foreach === undefined) reasons.push({ type: 'fact', key: `"${node.id}" failed` });
    const group = node.needs.filter((need) => need.anyOf);
    if (group.length > 0 && group.every((need) => this.#missing.has(need.from))) {
      const all: SkipCondition = { type: 'all', of: group.map((need) => ({ type: 'skipped', node: need.from })) };
      if (!neverAll([all], (id) => this.#skips.get(id) ?? { type: 'never' })) reasons.push(all);
    }
    if (reasons.length === 0) return { type: 'never' };
    return { type: 'any', of: reasons };
  }

  #condition(tree: Expr, node: NodeDecl): SkipCondition {
    const env = surroundings({ names: this.#base, skips: 'follow' }, () => {}, 'expression', quietShape);
    const condition = conditionOf(tree, {
      shapeOf: (path) => infer(path, env, 'asking'),
      nodeNullWhenSkipped: (path) => {
        const key = pathKey(path);
        const id = key?.match(/^nodes\.(\w+)\.output$/)?.[1];
        if (id === undefined || id === node.id || !this.#missing.has(id as NodeId)) return undefined;
        const shape = quietShape(path, env);
        return mayBeNull(shape) || isAny(shape) ? undefined : id;
      },
    });
    return condition;
  }

  #oneAlwaysRuns(groups: readonly (readonly string[])[]): boolean {
    const conditions = groups.map((nodes): SkipCondition => ({ type: 'any', of: nodes.map((node) => ({ type: 'skipped', node })) }));
    return conditions.length > 0 && neverAll(conditions, (id) => this.#skips.get(id) ?? { type: 'never' });
  }
}

function treeOf(source: unknown): Expr | undefined {
  const parsed = typeof source === 'string' ? parseExpression(source) : undefined;
  return parsed?.ok ? parsed.tree : undefined;
}

function literalCondition(source: unknown, node: string): SkipCondition {
  if (source === true) return { type: 'always' };
  return source === false ? { type: 'never' } : { type: 'fact', key: `the condition of "${node}"` };
}

/**
 * The shape with single values forgotten: `mode: '"fast"'` is a switch somebody will turn, not a promise.
 * Values that tell alternatives apart stay.
 */
function settledLiterals(shape: Shape): Shape {
  switch (shape.type) {
    case 'string':
      return shape.values?.length === 1 ? STRING : shape;
    case 'number':
      return shape.values?.length === 1 ? (shape.integer ? INTEGER : NUMBER) : shape;
    case 'boolean':
      return { type: 'boolean' };
    case 'list':
      return shape.tuple === undefined ? listOf(settledLiterals(shape.element)) : { ...shape, tuple: shape.tuple.map(settledLiterals) };
    case 'object':
      return {
        ...shape,
        fields: new Map([...shape.fields].map(([name, field]) => [name, { ...field, shape: settledLiterals(field.shape) }])),
      };
    default:
      return shape;
  }
}
