import type { NodeId } from '../base/ids.ts';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Bound, Expression, NodeDecl, Template, Workflow } from '../contracts/workflow.ts';
import { allNodes, type Frame, framesOf, type Local, type Locals, type Standing } from './frames.ts';
import { fieldsOf } from './notation.ts';
import type { Parsed } from './parsed.ts';
import { referencesInSource, referencesInTemplate } from './references.ts';
import { scopeNames } from './scope-names.ts';
import { parseTemplate } from './template.ts';

/** One template or expression of a file, and what it reads. */
export interface FieldReading {
  /** Absent for an output of the workflow. */
  readonly node?: NodeDecl;
  /** The name of the field within its node, `foreach.where`, or of the output. */
  readonly field: string;
  /** Where its text stands in the document. */
  readonly path: Path;
  readonly holds: 'template' | 'expression';
  readonly source: Json;
  /** Of a template with `{{` in it: its parts, or why it cannot be read. */
  readonly template?: Parsed<readonly TemplatePart[]>;
  readonly place: Place;
  /** It can name the nodes of this frame, and of those around it. Of what a group gives, that is the group's own. */
  readonly frame: Frame;
  /** The names it knows beside those of the file. */
  readonly names: Locals;
  /** Of a template: it may print secrets. */
  readonly sealed?: true;
  /** Of an expression: the schema its value has to fit. */
  readonly wanted?: JsonSchema;
  readonly references: readonly Reference[];
}

/**
 * Where a field stands, which decides when it is looked at:
 * `file` an output of the workflow; `bound` a limit, known before the run; `node` what concerns a node as a whole;
 * `item` what concerns one item of a fan-out, or one round of a loop (and the whole of any other node); `result` the same, with `output`
 * besides. Which names that are is in `names`.
 */
export type Place = 'file' | 'bound' | 'node' | 'item' | 'result';

const NO_NAMES: Locals = new Map();

/**
 * Every template and expression of a workflow: of its nodes, depth first in document order, then of its outputs. What cases or parts of a
 * node share is read for each of them. A text that cannot be parsed reads nothing.
 */
export function readingsOf(workflow: Workflow, kinds: readonly NodeKind[]): readonly FieldReading[] {
  const known = readings.get(workflow);
  if (known) return known;
  const schemas = new Map(kinds.map((kind) => [kind.kind, kind.schema]));
  const partials = Object.fromEntries(workflow.partials);
  const found: FieldReading[] = [];
  for (const standing of allNodes(workflow)) readNode(standing);
  const [outermost] = framesOf(workflow);
  for (const output of workflow.outputs.values()) {
    found.push({ field: output.name, place: 'file', frame: outermost, names: NO_NAMES, ...expressionAt(output.value) });
  }
  readings.set(workflow, found);
  return found;

  function readNode(standing: Standing): void {
    const { node, frame, body, around, perItem, perRound } = standing;
    const { foreach, repeat, escalate } = node;
    const add = (field: string, place: Place, names: Locals, expression: Expression | undefined, from: Frame = frame): void => {
      if (expression) found.push({ node, field, place, frame: from, names, ...expressionAt(expression) });
    };
    const addBound = (field: string, bound: Bound | { readonly percent: number } | undefined): void => {
      if (bound && 'expression' in bound) add(field, 'bound', NO_NAMES, bound.expression);
    };
    add(node.skipIf?.negate ? 'run_if' : 'skip_if', 'node', around, node.skipIf?.when);
    const reason = node.skipIf?.reason;
    if (reason) found.push({ node, field: 'reason', place: 'node', frame, names: around, ...templateAt(around, reason) });
    add('if_skipped', 'node', around, node.ifSkipped);
    if (foreach) {
      add('foreach', 'node', around, foreach.items);
      add('foreach.where', 'item', perItem, foreach.where);
      add('foreach.key', 'item', perItem, foreach.key);
      addBound('foreach.concurrency', foreach.concurrency);
      addBound('foreach.max_failures', foreach.maxFailures);
    }
    const gave = new Map<string, Local>([...perRound, ['output', { type: 'output', of: node }]]);
    // What a group gives is made of its nodes.
    const inside = body?.type === 'group' ? body : frame;
    if (repeat) {
      for (const { first } of repeat.carry.values()) add('repeat.carry.first', 'item', perItem, first);
      // `times` is written in its place where there is no condition.
      addBound(repeat.until === undefined ? 'repeat.times' : 'repeat.max', repeat.max);
    }
    readBody(standing, gave, add, addBound);
    readSpec(standing, node.kind, node.spec, (field) => placeOfField(node, field));
    if (node.onError.action === 'value') add('on_error', 'item', perRound, node.onError.value);
    if (node.onError.action === 'fallback') {
      // What the fallback takes over from the node was read there.
      const { path, spec, places, kind } = node.onError;
      const placeOf = (field: string): Path => placeOfField({ path, ...(places && { places }) }, field);
      const replaced = Object.entries(spec).filter(([field]) => path.every((step, at) => placeOf(field)[at] === step));
      readSpec(standing, kind, Object.fromEntries(replaced), placeOf);
    }
    add('escalate.when', 'result', gave, escalate?.when);
    for (const check of node.check) add('check', 'result', gave, check.that, inside);
    add('result', 'result', gave, node.result, inside);
    if (repeat) {
      add('repeat.until', 'result', gave, repeat.until, inside);
      for (const { next } of repeat.carry.values()) add('repeat.carry.next', 'result', gave, next, inside);
    }
  }

  function readBody(
    { node, perRound }: Standing,
    gave: Locals,
    add: (field: string, place: Place, names: Locals, expression: Expression | undefined) => void,
    addBound: (field: string, bound: Bound | undefined) => void,
  ): void {
    const { body } = node;
    if (body?.type === 'route') {
      add('route.by', 'item', perRound, body.by);
      for (const { when } of body.cases) add('route.when', 'item', perRound, when);
    }
    if (body?.type === 'evaluate') {
      const judged = new Map<string, Local>([
        ...perRound,
        ['candidate', { type: 'candidate', of: node }],
        ['evaluation', { type: 'evaluation', of: node }],
      ]);
      add('evaluate.accept_if', 'item', judged, body.acceptIf);
      add('evaluate.score', 'item', judged, body.score);
      addBound('evaluate.max_iterations', body.maxIterations);
      addBound('evaluate.stop_when_stuck', body.stopWhenStuck);
    }
    if (body?.type === 'best_of') {
      addBound('best_of.n', body.n);
      add('best_of.by', 'result', gave, body.by);
    }
  }

  function readSpec({ node, frame, perRound }: Standing, kind: string, spec: JsonObject, placeOf: (field: string) => Path): void {
    const schema = schemas.get(kind);
    if (!schema) return;
    for (const [name, value] of Object.entries(spec)) {
      const base = placeOf(name);
      const { properties } = schema;
      const own = isObject(properties) ? properties[name] : undefined;
      const isBound = isObject(own) && own['x-bound'] === true;
      for (const { path: below, ...field } of fieldsOf(schema, { [name]: value }, [])) {
        const at = [...base, ...below.slice(1)];
        const read =
          field.holds === 'template'
            ? { ...templateAt(perRound, { text: field.text, path: at }), ...(field.sealed && { sealed: field.sealed }) }
            : { ...expressionAt({ source: field.source, path: at }), ...(field.wanted && { wanted: field.wanted }) };
        found.push({ node, field: name, place: isBound ? 'bound' : 'item', frame, names: isBound ? NO_NAMES : perRound, ...read });
      }
    }
  }

  function templateAt(
    names: Locals,
    { text, path }: Template,
  ): Pick<FieldReading, 'holds' | 'source' | 'path' | 'references' | 'template'> {
    const parsed = text.includes('{{') ? parseTemplate(text) : undefined;
    const references = parsed?.ok ? referencesInTemplate(parsed.tree, path, partials, namesIn(names)) : [];
    return { holds: 'template', source: text, path, references, ...(parsed && { template: parsed }) };
  }

  function expressionAt({ source, path }: Expression): Pick<FieldReading, 'holds' | 'source' | 'path' | 'references'> {
    return { holds: 'expression', source, path, references: referencesInSource(source, path) };
  }
}

/** The names a template can begin a path with: those of the language that hold everywhere, and those it knows besides. */
function namesIn(locals: Locals): ReadonlySet<string> {
  return locals.size === 0 ? scopeNames : new Set([...scopeNames, ...locals.keys()]);
}

/** Those of one node, in the same order; not of what is inside it. */
export function readingsOfNode(workflow: Workflow, kinds: readonly NodeKind[], node: NodeDecl): readonly FieldReading[] {
  let known = ofNodes.get(workflow);
  if (known === undefined) {
    known = byNode(readingsOf(workflow, kinds));
    ofNodes.set(workflow, known);
  }
  return known.get(node) ?? [];
}

const ofNodes = new WeakMap<Workflow, ReadonlyMap<NodeDecl, readonly FieldReading[]>>();

function byNode(all: readonly FieldReading[]): ReadonlyMap<NodeDecl, readonly FieldReading[]> {
  const found = new Map<NodeDecl, FieldReading[]>();
  for (const reading of all) {
    if (reading.node === undefined) continue;
    const own = found.get(reading.node);
    if (own === undefined) found.set(reading.node, [reading]);
    else own.push(reading);
  }
  return found;
}

/** A workflow never changes, and both the checks and the plan ask: reading it once is enough. */
const readings = new WeakMap<Workflow, readonly FieldReading[]>();

/** The id of the node a reference reads, when it reads one. */
export function nodeRead(reference: Reference): NodeId | undefined {
  const [root, id] = reference.path;
  return root === 'nodes' && id !== undefined && id !== '[]' ? (id as NodeId) : undefined;
}

/** Where a field of a node stands, also one that it shares with the node around it, or has from `defaults`. */
export function placeOfField({ path, places }: Pick<NodeDecl, 'path' | 'places'>, field: string): Path {
  return places !== undefined && Object.hasOwn(places, field) ? (places[field] ?? path) : [...path, field];
}
