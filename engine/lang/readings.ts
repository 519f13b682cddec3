import type { NodeId } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Bound, Expression, NodeDecl, Template, Workflow } from '../contracts/workflow.ts';
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
  /** Of a template: it may print secrets. */
  readonly sealed?: true;
  /** Of an expression: the schema its value has to fit. */
  readonly wanted?: JsonSchema;
  readonly references: readonly Reference[];
}

/**
 * Where a field stands, which decides what it can name:
 * `file` an output of the workflow; `bound` a limit, known before the run; `node` what concerns a node as a whole;
 * `item` what concerns one item of a fan-out (and the whole of any other node); `result` the same, with `output` besides.
 */
export type Place = 'file' | 'bound' | 'node' | 'item' | 'result';

/** Every template and expression of a workflow, in document order of nodes, then of outputs. A text that cannot be parsed reads nothing. */
export function readingsOf(workflow: Workflow, kinds: readonly NodeKind[]): readonly FieldReading[] {
  const known = readings.get(workflow);
  if (known) return known;
  const schemas = new Map(kinds.map((kind) => [kind.kind, kind.schema]));
  const partials = Object.fromEntries(workflow.partials);
  const found: FieldReading[] = [];
  for (const node of workflow.nodes.values()) readNode(node);
  for (const output of workflow.outputs.values()) {
    found.push({ field: output.name, place: 'file', ...expressionAt(output.value) });
  }
  readings.set(workflow, found);
  return found;

  function readNode(node: NodeDecl): void {
    const add = (field: string, place: Place, expression: Expression | undefined): void => {
      if (expression) found.push({ node, field, place, ...expressionAt(expression) });
    };
    const addBound = (field: string, bound: Bound | { readonly percent: number } | undefined): void => {
      if (bound && 'expression' in bound) add(field, 'bound', bound.expression);
    };
    add(node.skipIf?.negate ? 'run_if' : 'skip_if', 'node', node.skipIf?.when);
    if (node.skipIf?.reason) found.push({ node, field: 'reason', place: 'node', ...templateAt(node, node.skipIf.reason) });
    add('if_skipped', 'node', node.ifSkipped);
    if (node.foreach) {
      add('foreach', 'node', node.foreach.items);
      add('foreach.where', 'item', node.foreach.where);
      add('foreach.key', 'item', node.foreach.key);
      addBound('foreach.concurrency', node.foreach.concurrency);
      addBound('foreach.max_failures', node.foreach.maxFailures);
    }
    readSpec(node, node.kind, node.spec, (field) => placeOfField(node, field));
    if (node.onError.action === 'value') add('on_error', 'item', node.onError.value);
    if (node.onError.action === 'fallback') {
      // What the fallback takes over from the node was read there.
      const { path, spec, places, kind } = node.onError;
      const placeOf = (field: string): Path => placeOfField({ path, ...(places && { places }) }, field);
      const replaced = Object.entries(spec).filter(([field]) => path.every((step, at) => placeOf(field)[at] === step));
      readSpec(node, kind, Object.fromEntries(replaced), placeOf);
    }
    for (const check of node.check) add('check', 'result', check.that);
    add('result', 'result', node.result);
  }

  function readSpec(node: NodeDecl, kind: string, spec: JsonObject, placeOf: (field: string) => Path): void {
    const schema = schemas.get(kind);
    if (!schema) return;
    for (const [name, value] of Object.entries(spec)) {
      const base = placeOf(name);
      for (const { path: below, ...field } of fieldsOf(schema, { [name]: value }, [])) {
        const at = [...base, ...below.slice(1)];
        const read =
          field.holds === 'template'
            ? { ...templateAt(node, { text: field.text, path: at }), ...(field.sealed && { sealed: field.sealed }) }
            : { ...expressionAt({ source: field.source, path: at }), ...(field.wanted && { wanted: field.wanted }) };
        found.push({ node, field: name, place: 'item', ...read });
      }
    }
  }

  function templateAt(
    node: NodeDecl,
    { text, path }: Template,
  ): Pick<FieldReading, 'holds' | 'source' | 'path' | 'references' | 'template'> {
    const parsed = text.includes('{{') ? parseTemplate(text) : undefined;
    const references = parsed?.ok ? referencesInTemplate(parsed.tree, path, partials, namesIn(node)) : [];
    return { holds: 'template', source: text, path, references, ...(parsed && { template: parsed }) };
  }

  function expressionAt({ source, path }: Expression): Pick<FieldReading, 'holds' | 'source' | 'path' | 'references'> {
    return { holds: 'expression', source, path, references: referencesInSource(source, path) };
  }
}

/** The names a template of a node can begin a path with: those of the language, and the name its items have. */
function namesIn({ foreach }: NodeDecl): ReadonlySet<string> {
  return foreach === undefined || scopeNames.has(foreach.as) ? scopeNames : new Set([...scopeNames, foreach.as]);
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
