import { buildGraph, topologicalOrder } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { partsOf } from './expression-parts.ts';
import { infer } from './infer-expression.ts';
import { surroundings } from './narrowing.ts';
import { pathKey } from './path-text.ts';
import { type FieldReading, nodeRead } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import { ANY, type Field, isAny, listOf, mayBeNull, type Shape } from './shape.ts';
import { skipConditions, treeOf } from './skip-reasons.ts';
import { quietShape } from './type-env.ts';
import { factsWhenRun, isBareUse } from './uses.ts';

/**
 * Reads that stand last in a `coalesce` over nodes of which one always runs: they are guarded by that, as the others are by the `coalesce`.
 * Only declared types are looked at: edges, which everything else follows from, depend on this.
 */
export function joinedReads(workflow: Workflow, kinds: readonly NodeKind[], readings: readonly FieldReading[]): ReadonlySet<Reference> {
  const joined = new Set<Reference>();
  const joins = readings.flatMap((reading) => (reading.node === undefined ? [] : joinsIn(reading)));
  if (joins.length === 0) return joined;

  const ofNode = new Map<string, FieldReading[]>();
  for (const reading of readings) {
    if (reading.node === undefined) continue;
    const own = ofNode.get(reading.node.id);
    if (own === undefined) ofNode.set(reading.node.id, [reading]);
    else own.push(reading);
  }
  const names = declaredNames(workflow, kinds);
  const missing = new Set<string>();
  const reasons = skipConditions(names, missing);
  const env = surroundings({ names, skips: 'follow' }, () => {}, 'expression', infer);
  const ids = [...workflow.nodes.keys()];
  for (const index of topologicalOrder(buildGraph(ids, readsBetween(workflow, readings)))) {
    const node = workflow.nodes.get(ids[index] as NodeId);
    if (node === undefined) continue;
    for (const join of joins) {
      if (join.reading.node !== node || !join.paths.every(isThereUnlessSkipped)) continue;
      if (reasons.oneAlwaysRuns(join.nodes.map((id) => [id]))) joined.add(join.last);
    }
    const maySkip = reasons.add(node, needed(node));
    if (maySkip && node.ifSkipped === undefined) missing.add(node.id);
  }
  return joined;

  function needed(node: NodeDecl): readonly string[] {
    const whenRun = factsWhenRun(node);
    const found = new Set<string>();
    for (const need of node.needs) if (!need.optional && !need.anyOf) found.add(need.from);
    for (const { field, references } of ofNode.get(node.id) ?? []) {
      for (const reference of references) {
        const from = nodeRead(reference);
        if (from !== undefined && !joined.has(reference) && isBareUse(reference, field, whenRun)) found.add(from);
      }
    }
    return [...found].filter((from) => missing.has(from));
  }

  /** A whole output that is null gives null; below it, nothing may be null for a reason of its own. */
  function isThereUnlessSkipped(path: Expr): boolean {
    if (/^nodes\.\w+\.output$/.test(pathKey(path) ?? '')) return true;
    const shape = quietShape(path, env);
    return !isAny(shape) && !mayBeNull(shape);
  }
}

interface Join {
  readonly reading: FieldReading;
  /** The arguments that are outputs of nodes, or below. */
  readonly paths: readonly Expr[];
  readonly nodes: readonly string[];
  readonly last: Reference;
}

function joinsIn(reading: FieldReading): readonly Join[] {
  if (reading.holds !== 'expression') return [];
  return textsIn(reading.source, reading.path).flatMap(({ text, path }) => {
    const tree = text.includes('coalesce') ? treeOf(text) : undefined;
    return tree === undefined ? [] : partsOf(tree).flatMap((part) => (part.op === 'coalesce' ? (joinOf(part, path, reading) ?? []) : []));
  });
}

function joinOf(tree: Expr & { op: 'coalesce' }, at: Path, reading: FieldReading): Join | undefined {
  const end = tree.args.at(-1);
  const paths = tree.args.filter((arg) => nodeOf(arg) !== undefined);
  if (end === undefined || paths.length < 2 || paths.at(-1) !== end) return undefined;
  const last = reading.references.find(
    (reference) => reference.start === end.start && reference.end === end.end && reference.at.join('.') === at.join('.'),
  );
  return last === undefined ? undefined : { reading, paths, nodes: paths.flatMap((path) => nodeOf(path) ?? []), last };
}

function nodeOf(tree: Expr): string | undefined {
  return pathKey(tree)?.match(/^nodes\.(\w+)\.output(?![\w])/)?.[1];
}

function textsIn(source: Json, path: Path): readonly { readonly text: string; readonly path: Path }[] {
  if (typeof source === 'string') return [{ text: source, path }];
  if (isList(source)) return source.flatMap((one, i) => textsIn(one, [...path, i]));
  return isObject(source) ? Object.entries(source).flatMap(([name, one]) => textsIn(one, [...path, name])) : [];
}

function readsBetween(workflow: Workflow, readings: readonly FieldReading[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (const { id, needs } of workflow.nodes.values()) for (const need of needs) pairs.push([need.from, id]);
  for (const { node, references } of readings) {
    if (node === undefined) continue;
    for (const reference of references) {
      const from = nodeRead(reference);
      if (from !== undefined) pairs.push([from, node.id]);
    }
  }
  return pairs;
}

/** The names conditions read, as far as their types are written down. */
function declaredNames(workflow: Workflow, kinds: readonly NodeKind[]): ReadonlyMap<string, Shape> {
  const open = (fields: readonly (readonly [string, Shape])[]): Shape => ({
    type: 'object',
    fields: new Map(fields.map(([name, shape]): [string, Field] => [name, { shape, required: true }])),
    rest: ANY,
    exact: false,
  });
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const output = (node: NodeDecl): Shape => {
    const kind = kindOf.get(node.kind);
    const instead = node.onError.action === 'value' || node.onError.action === 'fallback';
    const schema = node.output ?? (kind?.outputField === undefined && !instead ? kind?.output(node.spec) : undefined);
    // What is computed is not known yet: computing it takes the edges that are being looked for.
    const one = schema === undefined || node.result !== undefined || node.onError.action === 'value' ? ANY : shapeOf(schema);
    return node.foreach === undefined ? one : listOf(one);
  };
  return new Map([
    ['inputs', open([...workflow.inputs.values()].map(({ name, schema }) => [name, shapeOf(schema)]))],
    ['nodes', open([...workflow.nodes.values()].map((node) => [node.id, open([['output', output(node)]])]))],
  ]);
}
