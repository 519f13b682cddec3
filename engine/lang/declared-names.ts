import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { type Frame, framesInSight, innerNodes, standingOf } from './frames.ts';
import { inferExpression } from './infer-expression.ts';
import { inferSource } from './infer-source.ts';
import { shapeOf } from './schema-shape.ts';
import { ANY, elementOf, type Field, isAny, listOf, membersOf, type Shape, union } from './shape.ts';
import { treeOf } from './skip-reasons.ts';
import { settledLiterals } from './value-shape.ts';

/**
 * The names that conditions of the nodes of a frame read, as far as their types are written down or follow from what is, before anything is
 * known of edges. What nodes give is so while they are not skipped.
 */
export function declaredNames(workflow: Workflow, frame: Frame, kinds: readonly NodeKind[]): ReadonlyMap<string, Shape> {
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const inputs = open([...workflow.inputs.values()].map(({ name, schema }) => [name, shapeOf(schema)]));
  const items = itemsAround();
  // Who computes something from what may be skipped is told that it may be.
  const computing = new Map([
    ['inputs', inputs],
    ['nodes', nodes((node) => union(output(node), { type: 'null', skipped: [node.id] }))],
    ...items,
  ]);
  return new Map([['inputs', inputs], ['nodes', nodes(output)], ...items]);

  function nodes(outputOf: (node: NodeDecl) => Shape): Shape {
    return open(framesInSight(frame).flatMap((one) => one.nodes.map((node) => [node.id, open([['output', outputOf(node)]])] as const)));
  }

  function output(node: NodeDecl): Shape {
    return node.foreach === undefined ? one(node) : listOf(one(node));
  }

  function one(node: NodeDecl): Shape {
    const { body } = node;
    if (node.result !== undefined || node.onError.action === 'value') return ANY;
    if (body?.type === 'route') return union(...innerNodes(node).map(one));
    if (body?.type === 'evaluate') return one(body.generate);
    if (body?.type === 'best_of') return one(body.candidate);
    const kind = kindOf.get(node.kind);
    const instead = node.onError.action === 'fallback';
    if (node.output !== undefined) return shapeOf(node.output);
    if (instead || kind === undefined || body !== undefined) return ANY;
    return kind.outputField === undefined ? shapeOf(kind.output(node.spec)) : computed(node, kind.outputField);
  }

  /** What an expression gives, looked at when it is asked for; in a circle it may be anything. */
  function computed(node: NodeDecl, field: string): Shape {
    let found: Shape | undefined;
    const target = (): Shape => {
      if (found !== undefined) return found;
      found = ANY;
      const names = new Map(computing);
      if (node.foreach !== undefined) names.delete(node.foreach.as);
      found = settledLiterals(inferSource(node.spec[field] ?? null, node.path, { names, skips: 'follow' }).shape);
      return found;
    };
    return { type: 'ref', name: node.id, target };
  }

  /** The items of the fan-outs around the frame. */
  function itemsAround(): readonly (readonly [string, Shape])[] {
    const names = frame.parent === undefined ? [] : [...standingOf(workflow, frame.parent).perRound];
    return names.flatMap(([name, { type, of }]) => {
      const source = type === 'item' ? treeOf(of.foreach?.items.source) : undefined;
      if (source === undefined) return [];
      const list = inferExpression(source, {
        names: declaredNames(workflow, standingOf(workflow, of).frame, kinds),
        skips: 'follow',
      }).shape;
      return [[name, isAny(list) ? ANY : union(...membersOf(list).flatMap((part) => (part.type === 'list' ? [elementOf(part)] : [])))]];
    });
  }
}

function open(fields: readonly (readonly [string, Shape])[]): Shape {
  return {
    type: 'object',
    fields: new Map(fields.map(([name, shape]): [string, Field] => [name, { shape, required: true }])),
    rest: ANY,
    exact: false,
  };
}
