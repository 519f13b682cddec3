import { invariant } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';

/** Nodes that stand together: the outermost ones, those of a group, or the cases or parts of a node. */
export interface Frame {
  readonly type: 'workflow' | 'group' | 'route' | 'evaluate' | 'best_of';
  /** The node whose body they are; absent for the outermost. */
  readonly parent?: NodeDecl;
  /** The frame the parent stands in. */
  readonly outer?: Frame;
  /** In document order. */
  readonly nodes: readonly NodeDecl[];
}

/** What a name stands for that is known in some places only; `of` is the node whose fan-out, loop, candidates or output it is. */
export interface Local {
  readonly type:
    | 'item'
    | 'index'
    | 'iteration'
    | 'previous'
    | 'carry'
    /** A loop by its `as` name, which has the three before: `attempt.previous`. */
    | 'loop'
    /** Of an `evaluate`. */
    | 'candidate'
    | 'evaluation'
    /** Of a `best_of`. */
    | 'candidates'
    | 'output';
  readonly of: NodeDecl;
}

export type Locals = ReadonlyMap<string, Local>;

/** A node in its place. */
export interface Standing {
  readonly node: NodeDecl;
  readonly frame: Frame;
  /** The ids on the way to it: `epics/build/code`. */
  readonly path: string;
  /** The frame of the nodes inside it. */
  readonly body?: Frame;
  /** Names its fields know from the nodes around it: all that the fields of the node as a whole know. */
  readonly around: Locals;
  /** The same with its item: what concerns one item of it before its first round. */
  readonly perItem: Locals;
  /** The same with its round: what all other fields of it know. */
  readonly perRound: Locals;
}

/** Every node of a workflow with its place, depth first, in document order; those of other files are not among them. */
export function allNodes(workflow: Workflow): readonly Standing[] {
  return placesOf(workflow).all;
}

/** The frames of a workflow, the outermost first, each before those inside it. */
export function framesOf(workflow: Workflow): readonly [Frame, ...Frame[]] {
  return placesOf(workflow).frames;
}

/** The place of a node of a workflow. */
export function standingOf(workflow: Workflow, node: NodeDecl): Standing {
  const standing = placesOf(workflow).byNode.get(node);
  invariant(standing, `the node "${node.id}" is one of the workflow`);
  return standing;
}

/** The nodes directly inside a node, in document order; those of another file are not among them. */
export function innerNodes({ body }: NodeDecl): readonly NodeDecl[] {
  switch (body?.type) {
    case 'group':
      return [...body.nodes.values()];
    case 'route':
      return body.cases.flatMap(({ node }) => (node === undefined ? [] : [node]));
    case 'evaluate':
      return [body.generate, ...(body.revise === undefined ? [] : [body.revise]), body.judge];
    case 'best_of':
      return [body.candidate, ...(body.judge === undefined ? [] : [body.judge])];
    default:
      return [];
  }
}

/** The ids of nodes that are written in a group and whose shape is wrong. */
export function wrongIn({ document, broken }: Workflow, { body }: NodeDecl): readonly string[] {
  if (body?.type !== 'group' || broken.nodes.size === 0) return [];
  let written: Json | undefined = document.value;
  for (const step of body.path) written = isList(written) ? written[Number(step)] : isObject(written) ? written[step] : undefined;
  return isObject(written) ? Object.keys(written).filter((id) => broken.nodes.has(id) && !body.nodes.has(id as NodeId)) : [];
}

/** True when the fields of its kind are the node's own, and not those of its cases or parts. */
export function hasOwnSpec({ body }: NodeDecl): boolean {
  return body === undefined || body.type === 'group' || body.type === 'workflow';
}

/** True for nodes that their author gave an id: not for the cases and parts of one. */
export function isNamed({ frame }: Pick<Standing, 'frame'>): boolean {
  return frame.type === 'workflow' || frame.type === 'group';
}

/** The node that `nodes.<id>` means in a frame, or in the fields of the cases and parts of a node in it, and the frame it stands in. */
export function nodeNamed(from: Frame, id: string): { readonly node: NodeDecl; readonly frame: Frame } | undefined {
  for (let frame: Frame | undefined = from; frame !== undefined; frame = frame.outer) {
    if (!isNamed({ frame })) continue;
    const node = byId(frame).get(id);
    if (node !== undefined) return { node, frame };
  }
  return undefined;
}

/** The frames whose nodes can be named in a frame, the innermost first. */
export function framesInSight(from: Frame): readonly Frame[] {
  const found: Frame[] = [];
  for (let frame: Frame | undefined = from; frame !== undefined; frame = frame.outer) if (isNamed({ frame })) found.push(frame);
  return found;
}

/** The way from a node out to the one of `frame` in which it stands, both included; undefined when it does not stand in that frame. */
export function wayOut(workflow: Workflow, node: NodeDecl, frame: Frame): readonly NodeDecl[] | undefined {
  const way: NodeDecl[] = [];
  for (let at: NodeDecl | undefined = node; at !== undefined; ) {
    way.push(at);
    const { frame: own }: Standing = standingOf(workflow, at);
    if (own === frame) return way;
    at = own.parent;
  }
  return undefined;
}

/** The node of the author's that a case or part belongs to; a node that has an id is its own. */
export function authorsNode(workflow: Workflow, node: NodeDecl): NodeDecl {
  const { frame } = standingOf(workflow, node);
  return isNamed({ frame }) || frame.parent === undefined ? node : authorsNode(workflow, frame.parent);
}

const ids = new WeakMap<Frame, ReadonlyMap<string, NodeDecl>>();

function byId(frame: Frame): ReadonlyMap<string, NodeDecl> {
  const known = ids.get(frame) ?? new Map(frame.nodes.map((node) => [node.id as NodeId as string, node]));
  ids.set(frame, known);
  return known;
}

interface Places {
  readonly frames: readonly [Frame, ...Frame[]];
  readonly all: readonly Standing[];
  readonly byNode: ReadonlyMap<NodeDecl, Standing>;
}

/** A workflow never changes, and every rule asks. */
const places = new WeakMap<Workflow, Places>();

function placesOf(workflow: Workflow): Places {
  const known = places.get(workflow);
  if (known !== undefined) return known;
  const outermost: Frame = { type: 'workflow', nodes: [...workflow.nodes.values()] };
  const frames: [Frame, ...Frame[]] = [outermost];
  const all: Standing[] = [];
  const visit = (frame: Frame, prefix: string, around: Locals): void => {
    for (const node of frame.nodes) {
      const path = `${prefix}${node.id}`;
      const known = withPart(around, frame, node);
      const perItem = withItem(known, node);
      const perRound = withRound(perItem, node);
      const inner = innerNodes(node);
      const type = node.body?.type;
      const body: Frame | undefined =
        type === undefined || type === 'workflow' ? undefined : { type, parent: node, outer: frame, nodes: inner };
      all.push({ node, frame, path, ...(body !== undefined && { body }), around: known, perItem, perRound });
      if (body === undefined) continue;
      frames.push(body);
      visit(body, `${path}/`, perRound);
    }
  };
  visit(outermost, '', new Map());
  const found = { frames, all, byNode: new Map(all.map((standing) => [standing.node, standing])) };
  places.set(workflow, found);
  return found;
}

/** What the parts of a node know besides what it knows itself. */
function withPart(around: Locals, { parent }: Frame, node: NodeDecl): Locals {
  const body = parent?.body;
  if (parent === undefined || body === undefined) return around;
  const add = (...names: readonly ('candidate' | 'evaluation' | 'candidates')[]): Locals =>
    new Map([...around, ...names.map((name): [string, Local] => [name, { type: name, of: parent }])]);
  if (body.type === 'evaluate') {
    if (node === body.judge) return add('candidate');
    return node === body.revise ? add('candidate', 'evaluation') : around;
  }
  return body.type === 'best_of' && node === body.judge ? add('candidates') : around;
}

function withItem(around: Locals, node: NodeDecl): Locals {
  if (node.foreach === undefined) return around;
  return new Map<string, Local>([...around, [node.foreach.as, { type: 'item', of: node }], ['index', { type: 'index', of: node }]]);
}

function withRound(around: Locals, node: NodeDecl): Locals {
  if (node.repeat === undefined) return around;
  const names = new Map<string, Local>([
    ...around,
    ['iteration', { type: 'iteration', of: node }],
    ['previous', { type: 'previous', of: node }],
  ]);
  // What carries nothing hides what a loop around it carries: the innermost loop is meant.
  if (node.repeat.carry.size > 0) names.set('carry', { type: 'carry', of: node });
  else names.delete('carry');
  if (node.repeat.as !== undefined) names.set(node.repeat.as, { type: 'loop', of: node });
  return names;
}
