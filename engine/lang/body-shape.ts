import { topologicalOrder } from '../base/graph.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, SubWorkflowDecl, Workflow } from '../contracts/workflow.ts';
import { edgesIn, type FrameEdges, nodeGraphOf } from './edges.ts';
import { fileShape } from './file-shape.ts';
import { type Frame, innerNodes, standingOf, wrongIn } from './frames.ts';
import { type LoopShape, NO_LOOP, sameLoop } from './loop-shape.ts';
import { modelCallOf } from './model-call.ts';
import { type Features, featuresOf, nodeShape } from './node-shape.ts';
import { type FieldReading, nodeRead } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import type { FrameTypes, WorkflowTypes } from './scope-shape.ts';
import {
  ANY,
  elementOf,
  type Field,
  fieldOf,
  isAny,
  listOf,
  membersOf,
  NEVER,
  NULL,
  type Shape,
  skippedNodes,
  union,
  withoutNull,
  withoutSkip,
} from './shape.ts';
import type { Way } from './skip-reasons.ts';
import { takenTree } from './taken.ts';
import type { TypeScope } from './type-scope.ts';
import { isUse } from './uses.ts';
import { settledLiterals } from './value-shape.ts';

/** What the typing of nodes has to ask of the typing of their fields. */
export interface FieldTypes {
  readingsOf(node: NodeDecl): readonly FieldReading[];
  scopeOf(reading: FieldReading): TypeScope;
  infer(reading: FieldReading): Shape;
  /** What was inferred of a node's fields may be otherwise now. */
  forget(node: NodeDecl): void;
  frameOf(frame: Frame): FrameTypes;
  /** Begins a frame anew. */
  enter(frame: Frame): void;
  typesOf(child: Workflow): WorkflowTypes;
}

/** What nodes give, with all that is inside them. */
export interface BodyTypes {
  /** Types the nodes of a frame, in the order of the plan. */
  typeFrame(frame: Frame): void;
  seenOf(node: NodeDecl): Shape;
  madeBy(node: NodeDecl): Shape;
  taskOf(node: NodeDecl): Shape;
  /** What a node's own work gives, whatever is declared of it; what is computed by an expression is not looked at. */
  workOf(node: NodeDecl): Shape;
  /** What the work of its fallback gives, whatever is declared. */
  insteadOf(node: NodeDecl): Shape;
  /** What one round gives, `result` and what stands in for a failure included. */
  roundOf(node: NodeDecl): Shape;
  itemOf(node: NodeDecl): Shape;
  loopOf(node: NodeDecl): LoopShape;
  evaluationOf(node: NodeDecl): Shape;
  /** What decides between the cases of a route, when that is one value. */
  byShape(node: NodeDecl): Shape | undefined;
  /** Nodes that it uses, in itself or its parts, elsewhere than in `RESULTS`: when one of them is skipped, it is. */
  usedOutsideResults(node: NodeDecl): ReadonlySet<string>;
}

/** Fields whose value is a result: nobody is skipped in their stead. */
export const RESULTS: ReadonlySet<string> = new Set(['result', 'if_skipped', 'repeat.until', 'repeat.carry.first', 'repeat.carry.next']);

export function bodyTypes(workflow: Workflow, kinds: readonly NodeKind[], fields: FieldTypes): BodyTypes {
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const tasks = new Map<NodeDecl, Shape>();
  const made = new Map<NodeDecl, Shape>();
  const rounds = new Map<NodeDecl, Shape>();
  const seen = new Map<NodeDecl, Shape>();
  const loops = new Map<NodeDecl, LoopShape>();
  const evaluations = new Map<NodeDecl, Shape>();
  const works = new Map<NodeDecl, Shape>();
  const used = new Map<NodeDecl, ReadonlySet<string>>();
  const of = (from: ReadonlyMap<NodeDecl, Shape>) => (node: NodeDecl) => from.get(node) ?? ANY;

  return {
    typeFrame,
    seenOf: of(seen),
    madeBy: of(made),
    taskOf: of(tasks),
    workOf: of(works),
    insteadOf,
    roundOf: of(rounds),
    itemOf,
    loopOf: (node) => loops.get(node) ?? NO_LOOP,
    evaluationOf: of(evaluations),
    byShape,
    usedOutsideResults,
  };

  function typeFrame(frame: Frame): void {
    fields.enter(frame);
    const here = fields.frameOf(frame);
    const waiting = edgesIn(workflow, kinds, frame);
    for (const index of topologicalOrder(nodeGraphOf(workflow, kinds, frame))) {
      const node = frame.nodes[index];
      if (node !== undefined) typeNode(node, here, waiting);
    }
  }

  function typeNode(node: NodeDecl, here: FrameTypes, waiting: FrameEdges): void {
    const one = oneOf(node);
    const ways = waysToSkip(node, here);
    const condition = fields.readingsOf(node).find(({ field }) => field === 'skip_if' || field === 'run_if');
    const maySkip = here.skips.add(node, neededBy(node, here, waiting), {
      ...(condition !== undefined && { names: fields.scopeOf(condition).names }),
      // A case that skips leaves null for the item, and the node goes on.
      ways: node.foreach === undefined ? ways : [],
    });
    const mayFail = node.foreach?.maxFailures !== undefined || node.onError.action === 'skip' || ways.length > 0;
    const output = node.foreach === undefined ? one : listOf(mayFail ? union(one, NULL) : one);
    seen.set(node, output);
    const ifSkipped = maySkip ? readingOf(node, 'if_skipped') : undefined;
    if (maySkip && ifSkipped === undefined) here.missing.add(node.id);
    const instead: Shape = ifSkipped === undefined ? { type: 'null', skipped: [node.id] } : fields.infer(ifSkipped);
    const shape = nodeShape({
      output,
      ...(maySkip && { skipped: instead }),
      // A fan-out over nothing calls nothing.
      ...(node.foreach === undefined ? modelCallOf(node, kindOf) : { called: false, byTier: false }),
      ...(node.foreach !== undefined && { items: { item: itemOf(node), output: one, mayFail } }),
      features: featuresIn(node),
    });
    here.nodes.set(node.id, { shape, required: true });
  }

  function featuresIn(node: NodeDecl): Features {
    const { body } = node;
    const shapes = {
      round: of(rounds)(node),
      candidate: of(tasks)(node),
      evaluation: of(evaluations)(node),
      score: scoreOf(node),
    };
    const cases = body?.type === 'route' ? body.cases : [];
    return featuresOf(
      node,
      shapes,
      cases.flatMap((one) => (one.node === undefined ? [] : [featuresIn(one.node)])),
    );
  }

  /** What one task of a node gives in the end, when it succeeds. */
  function oneOf(node: NodeDecl): Shape {
    const { repeat } = node;
    if (repeat === undefined) return roundOf(node);
    // What a round reads of the one before follows from what rounds give: both are looked for together.
    const first = new Map([...repeat.carry].map(([name, { first: from }]) => [name, carried(node, from.path)] as const));
    let loop: LoopShape = { previous: NEVER, carry: first, carriedOn: new Map([...first].map(([name]) => [name, NEVER])) };
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      loops.set(node, pass === MOST_PASSES - 1 ? NO_LOOP : loop);
      forgetAll(node);
      const given = roundOf(node);
      const before = loop;
      const carriedOn = new Map([...repeat.carry].map(([name, { next }]) => [name, carried(node, next.path)] as const));
      const carry = new Map([...carriedOn].map(([name, next]) => [name, union(before.carry.get(name) ?? ANY, next)] as const));
      loop = { previous: union(given, NULL), carry, carriedOn };
      if (sameLoop(before, loop)) return given;
      if (pass === 0 && !readsRounds(node, node)) {
        loops.set(node, loop);
        return given;
      }
    }
    return of(rounds)(node);
  }

  /** True when something in a node, or inside it, reads what goes through the rounds of a loop. */
  function readsRounds(node: NodeDecl, loop: NodeDecl): boolean {
    const reads = ({ names, references }: FieldReading): boolean =>
      references.some(({ path: [root = ''] }) => {
        const local = names.get(root);
        return local?.of === loop && (local.type === 'previous' || local.type === 'carry' || local.type === 'loop');
      });
    return fields.readingsOf(node).some(reads) || innerNodes(node).some((inner) => readsRounds(inner, loop));
  }

  function carried(node: NodeDecl, path: FieldReading['path']): Shape {
    const reading = fields.readingsOf(node).find((one) => one.field.startsWith('repeat.carry') && samePath(one.path, path));
    return reading === undefined ? ANY : settledLiterals(fields.infer(reading));
  }

  function forgetAll(node: NodeDecl): void {
    fields.forget(node);
    for (const inner of innerNodes(node)) forgetAll(inner);
  }

  function roundOf(node: NodeDecl): Shape {
    const task = taskOf(node);
    tasks.set(node, task);
    const result = readingOf(node, 'result');
    const recovered = readingOf(node, 'on_error');
    const good = result === undefined ? task : settledLiterals(fields.infer(result));
    made.set(node, good);
    const given = union(
      good,
      recovered === undefined ? NEVER : fields.infer(recovered),
      node.body?.type === 'group' ? fallbackOf(node) : NEVER,
    );
    rounds.set(node, given);
    return given;
  }

  /** What one task of a node gives before `result`. */
  function taskOf(node: NodeDecl): Shape {
    const { body } = node;
    const own = body === undefined ? workOf(node) : bodyOf(node, body);
    // What stands in for a group is given as it is: `result` is about the nodes, which have not been.
    return body?.type === 'group' ? own : union(own, fallbackOf(node));
  }

  /** What a fallback gives; nothing when there is none. */
  function fallbackOf(node: NodeDecl): Shape {
    const { onError, body } = node;
    if (onError.action !== 'fallback') return NEVER;
    const output = body?.type === 'group' ? undefined : outputOf(node);
    return output === undefined ? insteadOf(node) : shapeOf(output);
  }

  function insteadOf(node: NodeDecl): Shape {
    const { onError } = node;
    if (onError.action !== 'fallback') return NEVER;
    return onError.body === undefined ? workOfKind(node, onError.kind, onError.spec, true) : childOf(onError.body);
  }

  function workOf(node: NodeDecl): Shape {
    if (node.output === undefined) return workOfKind(node, node.kind, node.spec, false);
    const kind = kindOf.get(node.kind);
    // What a model gives follows from what is declared.
    const own = kind === undefined || kind.callsModel || kind.outputField !== undefined ? ANY : shapeOf(kind.output(node.spec));
    return declaredOr(node, own);
  }

  /** The declared output of a node's own work, also where its parts do it. */
  function outputOf({ output, body }: NodeDecl): NodeDecl['output'] {
    if (body?.type === 'evaluate') return outputOf(body.generate);
    return body?.type === 'best_of' ? outputOf(body.candidate) : output;
  }

  function workOfKind(node: NodeDecl, name: string, spec: NodeDecl['spec'], fallback: boolean): Shape {
    const kind = kindOf.get(name);
    if (kind === undefined) return ANY;
    const reading = fields
      .readingsOf(node)
      .find(({ field, holds, path }) => field === kind.outputField && holds === 'expression' && path.includes('on_error') === fallback);
    return reading === undefined ? shapeOf(kind.output(spec)) : settledLiterals(fields.infer(reading));
  }

  function bodyOf(node: NodeDecl, body: NonNullable<NodeDecl['body']>): Shape {
    switch (body.type) {
      case 'group':
        return declaredOr(node, groupOf(node));
      case 'route':
        return union(...body.cases.map((one) => (one.node === undefined ? NEVER : oneOf(one.node))));
      case 'evaluate': {
        const candidate = union(oneOf(body.generate), body.revise === undefined ? NEVER : oneOf(body.revise));
        tasks.set(node, candidate);
        evaluations.set(node, oneOf(body.judge));
        return candidate;
      }
      case 'best_of': {
        const candidate = oneOf(body.candidate);
        tasks.set(node, candidate);
        if (body.judge !== undefined) evaluations.set(node, oneOf(body.judge));
        return candidate;
      }
      case 'workflow':
        return declaredOr(node, childOf(body));
    }
  }

  /** What is declared of what a node does itself, else what that gives. */
  function declaredOr(node: NodeDecl, own: Shape): Shape {
    works.set(node, own);
    return node.output === undefined ? own : shapeOf(node.output);
  }

  function scoreOf(node: NodeDecl): Shape {
    if (node.body?.type !== 'evaluate') return ANY;
    const reading = readingOf(node, 'evaluate.score');
    if (reading !== undefined) return fields.infer(reading);
    const own = fieldOf(of(evaluations)(node), 'score');
    return own.found === 'always' ? own.shape : ANY;
  }

  /** An object of what its nodes give, null where they may be skipped: outside nobody is skipped with them. */
  function groupOf(node: NodeDecl): Shape {
    const frame = standingOf(workflow, node).body;
    if (frame === undefined) return ANY;
    typeFrame(frame);
    const { nodes } = fields.frameOf(frame);
    const outputs = frame.nodes.map(({ id }): [string, Field] => {
      const entry = nodes.get(id);
      const found = entry === undefined ? undefined : fieldOf(entry.shape, 'output');
      const shape = found !== undefined && 'shape' in found ? found.shape : ANY;
      return [id, { shape: skippedNodes(shape).length > 0 ? union(withoutSkip(shape), NULL) : shape, required: true }];
    });
    // Of a node whose shape is wrong nothing is known, but that it is there.
    const wrong = wrongIn(workflow, node).map((id): [string, Field] => [id, { shape: ANY, required: true }]);
    return { type: 'object', fields: new Map([...outputs, ...wrong]), exact: true };
  }

  function childOf({ workflow: child }: SubWorkflowDecl): Shape {
    return child === undefined ? ANY : fileShape(child, fields.typesOf(child), kinds);
  }

  // ── skips ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nodes that may be skipped, and this one with them. A read in a result is a mistake of its own, and told there. */
  function neededBy(node: NodeDecl, here: FrameTypes, { edges, outer }: FrameEdges): readonly string[] {
    const elsewhere = usedOutsideResults(node);
    return [...(edges.get(node) ?? []), ...(outer.get(node) ?? [])]
      .filter(({ optional, from }) => !optional && here.missing.has(from) && elsewhere.has(from))
      .map(({ from }) => from);
  }

  function usedOutsideResults(node: NodeDecl): ReadonlySet<string> {
    const done = used.get(node);
    if (done !== undefined) return done;
    const found = new Set<string>();
    for (const need of node.needs) if (!need.optional && !need.anyOf) found.add(need.from);
    for (const { field, references } of fields.readingsOf(node)) {
      if (RESULTS.has(field)) continue;
      for (const reference of references) {
        const from = nodeRead(reference);
        if (from !== undefined && isUse(reference) && !reference.guarded) found.add(from);
      }
    }
    // What is inside a group, or a case, is skipped without the node around it.
    if (node.body?.type === 'evaluate' || node.body?.type === 'best_of') {
      for (const inner of innerNodes(node)) for (const id of usedOutsideResults(inner)) found.add(id);
    }
    used.set(node, found);
    return found;
  }

  /** How a route may end in a skip: by a case that says so, or by one that uses what was skipped. */
  function waysToSkip(node: NodeDecl, here: FrameTypes): readonly Way[] {
    const { body } = node;
    const frame = standingOf(workflow, node).body;
    if (body?.type !== 'route' || frame === undefined) return [];
    const waiting = edgesIn(workflow, kinds, frame);
    const deciding = fields.readingsOf(node).find(({ field }) => field === 'route.by' || field === 'route.when');
    const names = deciding === undefined ? here.names : fields.scopeOf(deciding).names;
    return body.cases.flatMap(({ name, node: inside }): readonly Way[] => {
      const needed = inside === undefined ? [] : neededBy(inside, here, waiting);
      const fails = inside?.onError.action === 'skip';
      if (inside !== undefined && needed.length === 0 && !fails) return [];
      const when = takenTree(body, name, byShape(node));
      return [{ name, names, needed, ...(when !== undefined && { when }), always: inside === undefined, fails }];
    });
  }

  // ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One item of a fan-out. */
  function itemOf(node: NodeDecl): Shape {
    const items = readingOf(node, 'foreach');
    if (items === undefined) return ANY;
    const shape = withoutNull(fields.infer(items));
    if (isAny(shape)) return ANY;
    const element = union(...membersOf(shape).flatMap((one) => (one.type === 'list' ? [elementOf(one)] : [])));
    return element.type === 'never' ? ANY : settledLiterals(element);
  }

  function byShape(node: NodeDecl): Shape | undefined {
    const reading = readingOf(node, 'route.by');
    return reading === undefined ? undefined : fields.infer(reading);
  }

  function readingOf(node: NodeDecl, field: string): FieldReading | undefined {
    return fields.readingsOf(node).find((reading) => reading.field === field && reading.holds === 'expression');
  }
}

/** Rounds of looking for what goes through a loop before it is taken to be anything: lists of lists of … grow for ever. */
const MOST_PASSES = 6;

function samePath(a: FieldReading['path'], b: FieldReading['path']): boolean {
  return a.length === b.length && a.every((step, at) => step === b[at]);
}
