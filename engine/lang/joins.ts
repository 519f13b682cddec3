import { topologicalOrder } from '../base/graph.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { declaredNames } from './declared-names.ts';
import { partsOf } from './expression-parts.ts';
import { type Frame, framesOf, nodeNamed, wayOut } from './frames.ts';
import { infer } from './infer-expression.ts';
import { surroundings } from './narrowing.ts';
import { nodeGraphOf } from './node-graph.ts';
import { pathKey } from './path-text.ts';
import { type FieldReading, nodeRead } from './readings.ts';
import { isAny, mayBeNull } from './shape.ts';
import { skipConditions, treeOf, type Way } from './skip-reasons.ts';
import { takenTree } from './taken.ts';
import { quietShape } from './type-env.ts';
import { decidesForAll, factsWhenRun, isBareUse } from './uses.ts';

/**
 * Reads that stand last in a `coalesce` over nodes of which one always runs: they are guarded by that, as the others are by the `coalesce`.
 * Only declared types are looked at, and what follows from them: edges, which everything else follows from, depend on this.
 */
export function joinedReads(workflow: Workflow, kinds: readonly NodeKind[], readings: readonly FieldReading[]): ReadonlySet<Reference> {
  const joined = new Set<Reference>();
  const joins = joinsByFrame(readings);
  if (joins.size === 0) return joined;
  const inside = insideNodes(workflow, readings);
  for (const frame of framesOf(workflow)) {
    const own = joins.get(frame);
    if (own !== undefined) joinIn(frame, { workflow, kinds, joins: own, inside, joined });
  }
  return joined;
}

/** A field inside a node, and the way from the node it belongs to out to that one, both included. */
interface Inside {
  readonly reading: FieldReading;
  readonly way: readonly NodeDecl[];
}

interface Joining {
  readonly workflow: Workflow;
  readonly kinds: readonly NodeKind[];
  /** Those over nodes of the frame, by the field they stand in. */
  readonly joins: ReadonlyMap<FieldReading, readonly Join[]>;
  readonly inside: ReadonlyMap<NodeDecl, readonly Inside[]>;
  readonly joined: Set<Reference>;
}

/** Joins by the frame that all of their nodes stand in, and then by field. Those over nodes of several frames are none. */
function joinsByFrame(readings: readonly FieldReading[]): ReadonlyMap<Frame, ReadonlyMap<FieldReading, readonly Join[]>> {
  const found = new Map<Frame, Map<FieldReading, Join[]>>();
  for (const reading of readings) {
    for (const join of reading.node === undefined ? [] : joinsIn(reading)) {
      const [frame, ...others] = new Set(join.nodes.map((id) => nodeNamed(reading.frame, id)?.frame));
      if (frame === undefined || others.length > 0) continue;
      const ofFrame = found.get(frame) ?? new Map<FieldReading, Join[]>();
      found.set(frame, ofFrame.set(reading, [...(ofFrame.get(reading) ?? []), join]));
    }
  }
  return found;
}

/** What is read inside each node, by itself too. */
function insideNodes(workflow: Workflow, readings: readonly FieldReading[]): ReadonlyMap<NodeDecl, readonly Inside[]> {
  const found = new Map<NodeDecl, Inside[]>();
  for (const reading of readings) {
    const way = reading.node === undefined ? [] : (wayOut(workflow, reading.node, framesOf(workflow)[0]) ?? []);
    for (const [index, node] of way.entries()) {
      const own = found.get(node);
      const one = { reading, way: way.slice(0, index + 1) };
      if (own === undefined) found.set(node, [one]);
      else own.push(one);
    }
  }
  return found;
}

/** Adds the joins over nodes of one frame. */
function joinIn(frame: Frame, { workflow, kinds, joins, inside: ofNode, joined }: Joining): void {
  const names = declaredNames(workflow, frame, kinds);
  const missing = new Set<string>();
  const reasons = skipConditions(names, missing);
  const env = surroundings({ names, skips: 'follow' }, () => {}, 'expression', infer);
  for (const index of topologicalOrder(nodeGraphOf(workflow, kinds, frame))) {
    const node = frame.nodes[index];
    if (node === undefined) continue;
    for (const join of (ofNode.get(node) ?? []).flatMap(({ reading }) => joins.get(reading) ?? [])) {
      if (!join.paths.every(isThereUnlessSkipped)) continue;
      if (reasons.oneAlwaysRuns(join.nodes.map((id) => [id]))) joined.add(join.last);
    }
    const maySkip = reasons.add(node, needed(node), { ways: waysToSkip(node) });
    if (maySkip && node.ifSkipped === undefined) missing.add(node.id);
  }

  function needed(node: NodeDecl): readonly string[] {
    const found = new Set<string>();
    for (const need of node.needs) if (!need.optional && !need.anyOf) found.add(need.from);
    for (const { reading, way } of ofNode.get(node) ?? []) {
      if (!decidesForAll(way)) continue;
      for (const from of bareReads(reading, way)) found.add(from);
    }
    return [...found].filter((from) => missing.has(from));
  }

  /** The cases of a route that may end in a skip; those of a fan-out leave null for their items. */
  function waysToSkip(node: NodeDecl): readonly Way[] {
    const { body } = node;
    if (body?.type !== 'route' || node.foreach !== undefined) return [];
    const decides = treeOf(body.by?.source);
    const by = decides === undefined ? undefined : quietShape(decides, env);
    return body.cases.flatMap(({ name, node: inside }): readonly Way[] => {
      const from = inside === undefined ? [] : neededBy(inside, node);
      const fails = inside?.onError.action === 'skip';
      if (inside !== undefined && from.length === 0 && !fails) return [];
      // What decides may be another thing in every round.
      const when = node.repeat === undefined ? takenTree(body, name, by) : undefined;
      return [{ name, names, needed: from, ...(when !== undefined && { when }), always: inside === undefined, fails }];
    });
  }

  /** Nodes that may be skipped, and a case of a route of the frame with them. */
  function neededBy(inside: NodeDecl, holder: NodeDecl): readonly string[] {
    const found = (ofNode.get(holder) ?? []).flatMap(({ reading, way }) => {
      const until = way.indexOf(inside) + 1;
      return until > 0 && decidesForAll(way.slice(0, until)) ? bareReads(reading, way) : [];
    });
    return [...new Set(found)].filter((from) => missing.has(from));
  }

  function bareReads({ field, references, frame: from }: FieldReading, way: readonly NodeDecl[]): readonly string[] {
    const whenRun = way.flatMap(factsWhenRun);
    return references.flatMap((reference) => {
      const id = nodeRead(reference);
      const here = id !== undefined && nodeNamed(from, id)?.frame === frame;
      return here && !joined.has(reference) && isBareUse(reference, field, whenRun) ? [id] : [];
    });
  }

  /** A whole output that is null gives null; below it, nothing may be null for a reason of its own. */
  function isThereUnlessSkipped(path: Expr): boolean {
    if (/^nodes\.\w+\.output$/.test(pathKey(path) ?? '')) return true;
    const shape = quietShape(path, env);
    return !isAny(shape) && !mayBeNull(shape);
  }
}

interface Join {
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
  return last === undefined ? undefined : { paths, nodes: paths.flatMap((path) => nodeOf(path) ?? []), last };
}

function nodeOf(tree: Expr): string | undefined {
  return pathKey(tree)?.match(/^nodes\.(\w+)\.output(?![\w])/)?.[1];
}

function textsIn(source: Json, path: Path): readonly { readonly text: string; readonly path: Path }[] {
  if (typeof source === 'string') return [{ text: source, path }];
  if (isList(source)) return source.flatMap((one, i) => textsIn(one, [...path, i]));
  return isObject(source) ? Object.entries(source).flatMap(([name, one]) => textsIn(one, [...path, name])) : [];
}
