import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { bodyTypes, RESULTS } from './body-shape.ts';
import { type Frame, framesOf, isNamed, type Local, standingOf } from './frames.ts';
import { type InferredSource, inferSource } from './infer-source.ts';
import { type FieldReading, readingsOfNode } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import { ANY, type Field, listOf, objectOf, type Shape, STRING } from './shape.ts';
import { type SkipReasons, skipConditions, treeOf } from './skip-reasons.ts';
import { takenTree } from './taken.ts';
import type { KnownCondition, TypeScope } from './type-scope.ts';
import { shapeOfValue, widened } from './value-shape.ts';

/** The types of a workflow: what every field can read, and what every field gives. */
export interface WorkflowTypes {
  /** What the names in a field stand for. */
  scopeOf(reading: FieldReading): TypeScope;
  /** What a field that holds an expression gives, and what is wrong in it. */
  inferred(reading: FieldReading): InferredSource;
  /** What others read as the output of a node while it is not skipped. */
  seenOf(node: NodeDecl): Shape;
  /** What one task of the node gives when nothing goes wrong, `result` included: what stands in for it should be like it. */
  madeBy(node: NodeDecl): Shape;
  /** What one task of the node gives before `result`; of an `evaluate`, its candidates. */
  taskOf(node: NodeDecl): Shape;
  /** What the node's own work gives, whatever is declared of it: what a group, another file, or a kind that knows it gives. */
  workOf(node: NodeDecl): Shape;
  /** What the work of a node's fallback gives, whatever is declared of the node; anything where a model does it. */
  insteadOf(node: NodeDecl): Shape;
  /** True when the node may be skipped and says nothing for that case (`if_skipped`): its readers are skipped with it. */
  mayGoMissing(node: NodeDecl): boolean;
  /** True when it is certain that the node is skipped in every run. */
  neverRuns(node: NodeDecl): boolean;
  /** How a condition turns out whenever it is looked at; undefined when that is not certain. */
  outcomeOf(reading: FieldReading): boolean | undefined;
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

/** What can be named in a frame. */
export interface FrameTypes {
  /** `nodes`: those of the frame and of the frames around it. Filled in the order of the plan; a node on a cycle never comes, and may be anything. */
  readonly nodes: Map<string, Field>;
  readonly names: ReadonlyMap<string, Shape>;
  /** Ids of nodes that leave null when they are skipped. */
  readonly missing: Set<string>;
  readonly skips: SkipReasons;
}

/** Fields of a node that are looked at before its own condition is known to have let it through. */
const BEFORE_THE_CONDITION: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);
/** Fields that are looked at before an item, or what is inside a node. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([...BEFORE_THE_CONDITION, 'foreach', 'foreach.where', 'foreach.key']);

function compute(workflow: Workflow, kinds: readonly NodeKind[]): WorkflowTypes {
  const inferred = new Map<FieldReading, InferredSource>();
  const frames = new Map<Frame, FrameTypes>();
  /** Kept once all types are known, after which none of them changes. */
  let scopes: Map<FieldReading, TypeScope> | undefined;
  const base = namesOf(workflow);
  const bodies = bodyTypes(workflow, kinds, {
    readingsOf: (node) => readingsOfNode(workflow, kinds, node),
    scopeOf,
    infer: (reading) => infer(reading).shape,
    forget(node) {
      for (const reading of readingsOfNode(workflow, kinds, node)) inferred.delete(reading);
    },
    frameOf: frameTypes,
    enter(frame) {
      frames.delete(frame);
    },
    typesOf: (child) => typesOf(child, kinds),
  });
  const [outermost] = framesOf(workflow);
  bodies.typeFrame(outermost);
  scopes = new Map();

  return {
    scopeOf,
    inferred: infer,
    seenOf: bodies.seenOf,
    madeBy: bodies.madeBy,
    taskOf: bodies.taskOf,
    workOf: bodies.workOf,
    insteadOf: bodies.insteadOf,
    mayGoMissing: (node) => frameTypes(standingOf(workflow, node).frame).missing.has(node.id),
    neverRuns: (node) => frameTypes(standingOf(workflow, node).frame).skips.neverRuns(node.id),
    outcomeOf: (reading) => frameTypes(reading.frame).skips.outcomeOf(reading.source, scopeOf(reading)),
  };

  /** What can be named in a frame; cases and parts name what their node does. */
  function frameTypes(frame: Frame): FrameTypes {
    const own = named(frame);
    const done = frames.get(own);
    if (done !== undefined) return done;
    const outer = own.outer === undefined ? undefined : frameTypes(own.outer);
    const nodes = new Map<string, Field>(outer?.nodes);
    const names = new Map([...base, ['nodes', open(nodes)]]);
    const missing = new Set(outer?.missing);
    const made: FrameTypes = { nodes, names, missing, skips: skipConditions(names, missing, outer?.skips) };
    frames.set(own, made);
    return made;
  }

  /** What the names in a field stand for. */
  function scopeOf(reading: FieldReading): TypeScope {
    const done = scopes?.get(reading);
    if (done !== undefined) return done;
    const scope = scopeNow(reading);
    scopes?.set(reading, scope);
    return scope;
  }

  function scopeNow(reading: FieldReading): TypeScope {
    const { node, field, frame } = reading;
    const { names: common, skips } = frameTypes(frame);
    // Most fields know no names of their own, and share those of their frame.
    const own = [...reading.names];
    const names =
      own.length === 0 ? common : new Map([...common, ...own.map(([name, local]) => [name, localShape(local, reading)] as const)]);
    const loops = own.filter(([, { type }]) => type === 'loop' || type === 'iteration').map(([name]) => name);
    const refuse = node === undefined || RESULTS.has(field);
    return {
      names,
      constants: workflow.constants,
      skips: refuse ? 'refuse' : 'follow',
      ...(node !== undefined && { known: conditionsPassed(node, reading) }),
      ...(node !== undefined && refuse && field !== 'if_skipped' && { spared: spared(node) }),
      ...(loops.length > 0 && { loops: new Set(loops) }),
      ...(reading.names.has('candidate') && { printable: new Set(['candidate']) }),
      skippedWith: skips.skippedWith,
      oneAlwaysRuns: skips.oneAlwaysRuns,
    };
  }

  function localShape({ type, of }: Local, { node, field }: FieldReading): Shape {
    // Both come after what is carried on has been made.
    const ended = node === of && (field === 'result' || field === 'repeat.until');
    switch (type) {
      case 'item':
        return bodies.itemOf(of);
      case 'index':
        return { type: 'number', integer: true, min: 0 };
      case 'iteration':
        return ITERATION;
      case 'previous':
        return bodies.loopOf(of).previous;
      case 'carry':
        return carryShape(of, ended);
      case 'loop':
        return objectOf({ iteration: ITERATION, previous: bodies.loopOf(of).previous, carry: carryShape(of, ended) });
      case 'candidate':
        return bodies.taskOf(of);
      case 'candidates':
        return listOf(bodies.taskOf(of));
      case 'evaluation':
        return bodies.evaluationOf(of);
      case 'output':
        // What is carried on is made before `result`, and the end of the loop looked for after it.
        return field === 'repeat.until' ? bodies.roundOf(of) : bodies.taskOf(of);
    }
  }

  function carryShape(node: NodeDecl, ended: boolean): Shape {
    // In a circle nothing is known of the rounds; what they carry has its names all the same.
    const { carry, carriedOn } = bodies.loopOf(node);
    const now = ended ? carriedOn : carry;
    return objectOf(Object.fromEntries([...(node.repeat?.carry.keys() ?? [])].map((name) => [name, now.get(name) ?? ANY])));
  }

  /** Nodes whose skip skips this one, or one around it, through another field than a result, so that it is never looked at then. */
  function spared(node: NodeDecl): ReadonlySet<string> {
    const found = new Set<string>();
    for (let at: NodeDecl | undefined = node; at !== undefined; at = standingOf(workflow, at).frame.parent) {
      for (const id of bodies.usedOutsideResults(at)) found.add(id);
    }
    return found;
  }

  function infer(reading: FieldReading): InferredSource {
    const done = inferred.get(reading);
    if (done !== undefined) return done;
    const made = inferSource(reading.source, reading.path, scopeOf(reading));
    inferred.set(reading, made);
    return made;
  }

  /** Conditions that have let a node, an item or a case through when a field of it is looked at: its own, and those of the nodes around it. */
  function conditionsPassed(node: NodeDecl, { field }: FieldReading): readonly KnownCondition[] {
    const passed: KnownCondition[] = [];
    const add = (tree: KnownCondition['tree'] | undefined, outcome: boolean): void => {
      if (tree !== undefined) passed.push({ tree, outcome });
    };
    const own = (one: NodeDecl): void => add(treeOf(one.skipIf?.when.source), one.skipIf?.negate ?? false);
    const item = (one: NodeDecl): void => add(treeOf(one.foreach?.where?.source), true);
    const around: NodeDecl[] = [];
    for (let at = node, parent = parentOf(at); parent !== undefined; at = parent, parent = parentOf(at)) {
      const taken = parent.body?.type === 'route' ? takenTree(parent.body, at.id, bodies.byShape(parent)) : undefined;
      if (taken !== undefined) add(taken, true);
      around.push(parent);
    }
    for (const one of around) {
      own(one);
      item(one);
    }
    if (!BEFORE_THE_CONDITION.has(field)) own(node);
    if (!OF_THE_WHOLE.has(field)) item(node);
    return passed;
  }

  function parentOf(node: NodeDecl): NodeDecl | undefined {
    return standingOf(workflow, node).frame.parent;
  }
}

const ITERATION: Shape = { type: 'number', integer: true, min: 1 };

/** The frame whose nodes can be named: that of the node, for its cases and parts. */
function named(frame: Frame): Frame {
  let found = frame;
  while (!isNamed({ frame: found }) && found.outer !== undefined) found = found.outer;
  return found;
}

const open = (fields: ReadonlyMap<string, Field>): Shape => ({ type: 'object', fields, rest: ANY, exact: false });

/** The names that every field sees, but `nodes`. What is not declared is told by those who check names; here it may be anything. */
function namesOf(workflow: Workflow): ReadonlyMap<string, Shape> {
  const inputs = [...workflow.inputs.values()].map(({ name, schema }) => [name, { shape: shapeOf(schema), required: true }] as const);
  const constants = Object.entries(workflow.constants).map(
    ([name, value]) => [name, { shape: widened(shapeOfValue(value)), required: true }] as const,
  );
  return new Map([
    ['inputs', open(new Map(inputs))],
    ['constants', open(new Map(constants))],
    ['run', objectOf({ id: STRING, started_at: STRING, workflow: STRING }, ANY)],
    // Where one may stand, and which there are, is told by those who look after secrets.
    ['secrets', open(new Map())],
  ]);
}
