import { invariant } from '../base/assert.ts';
import type { NodeId, TaskKey } from '../base/ids.ts';
import type { Edge, Plan, PlanBody, PlanNode, SubPlan } from '../contracts/plan.ts';
import type { InsideState } from '../contracts/store.ts';
import { frameAround, frameOf, keyIn, keyOf, pathOf, taskOfFrame } from './address.ts';

export { itemOf, keyOf } from './address.ts';

/** A plan with the look-ups that scheduling needs, so that a step costs what it touches and not what exists. */
export interface PlanIndex {
  readonly plan: Plan;
  /** The outermost nodes, by key. */
  readonly nodes: ReadonlyMap<TaskKey, IndexedNode>;
  /** The node a key belongs to: of its item, of its round, in whatever frame. */
  at(key: TaskKey): IndexedNode;
  /** The node at a path, undefined when there is none. */
  find(path: string): IndexedNode | undefined;
}

export interface IndexedNode {
  readonly node: PlanNode;
  /** Its path, which is its key in the outermost frame. */
  readonly key: TaskKey;
  /** Nodes of the same frame with an edge from this one, in plan order. */
  readonly dependents: readonly IndexedNode[];
  /** The nodes of its own frame it waits for. */
  readonly waitsFor: readonly NodeId[];
  /** All nodes of its frame. */
  readonly siblings: ReadonlyMap<NodeId, IndexedNode>;
  /** Its author gave the nodes of its frame their ids: those of cases and parts mean nothing to what is read. */
  readonly named: boolean;
  /** The node it is inside of. */
  readonly parent?: IndexedNode;
  /** Of each stage that has a body: the nodes in it. */
  readonly bodies: readonly (IndexedBody | undefined)[];
  /** The path as its author sees it: without the parts of an `evaluate` or a `best_of`. */
  readonly place: string;
  /** The sub-workflow it stands in; undefined in the run's own file. */
  readonly sub?: SubPlan;
  /** The folder of the file it stands in, relative to that of the run's workflow; `''` for that one. */
  readonly folder: string;
}

export interface IndexedBody {
  readonly body: PlanBody;
  readonly nodes: ReadonlyMap<NodeId, IndexedNode>;
}

interface Making extends IndexedNode {
  readonly dependents: IndexedNode[];
  readonly bodies: (IndexedBody | undefined)[];
}

/** The index of a plan; costs nodes plus edges, once. */
export function indexPlan(plan: Plan): PlanIndex {
  const all = new Map<string, IndexedNode>();
  const outermost = indexNodes(plan.nodes, '', { folder: '', named: true }, all);
  const nodes = new Map<TaskKey, IndexedNode>([...outermost.values()].map((indexed) => [indexed.key, indexed]));
  return {
    plan,
    nodes,
    at(key) {
      const indexed = nodes.get(key) ?? all.get(pathOf(key));
      invariant(indexed, `no node at ${key}`);
      return indexed;
    },
    find: (path) => all.get(path),
  };
}

/** What the nodes of one body have around them. */
interface Around {
  readonly parent?: IndexedNode;
  readonly sub?: SubPlan;
  readonly folder: string;
  readonly named: boolean;
}

function indexNodes(planned: readonly PlanNode[], frame: string, around: Around, all: Map<string, IndexedNode>): Map<NodeId, Making> {
  const { parent, sub, folder, named } = around;
  const found = new Map<NodeId, Making>();
  const ids = new Set(planned.map((node) => node.id));
  for (const node of planned) {
    const path = frame + node.id;
    const indexed: Making = {
      node,
      key: keyOf(path as NodeId),
      dependents: [],
      waitsFor: node.after.filter((edge) => (named || isOfPart(edge)) && ids.has(edge.from)).map((edge) => edge.from),
      siblings: found,
      named,
      folder,
      bodies: [],
      place: parent ? (node.part === undefined ? `${parent.place}/${node.id}` : parent.place) : path,
      ...(parent && { parent }),
      ...(sub && { sub }),
    };
    found.set(node.id, indexed);
    all.set(path, indexed);
    for (let stage = 0; stage < node.stages.length; stage += 1) {
      const body = node.stages[stage]?.body;
      if (!body) {
        indexed.bodies.push(undefined);
        continue;
      }
      const inside: Around =
        body.type === 'workflow'
          ? { parent: indexed, sub: body, folder: join(folder, body.folder), named: true }
          : { ...around, parent: indexed, named: body.type === 'group' };
      const inner = `${path}${stage === 0 ? '' : `~${stage}`}/`;
      indexed.bodies.push({ body, nodes: indexNodes(body.nodes, inner, inside, all) });
    }
  }
  for (const indexed of found.values()) for (const from of indexed.waitsFor) found.get(from)?.dependents.push(indexed);
  return found;
}

/** The key of a node that another one waits for or reads: in its own frame, or in one around it. */
export function sourceKey(index: PlanIndex, key: TaskKey, edge: Pick<Edge, 'from' | 'reasons'>): TaskKey {
  const { from } = edge;
  let at: IndexedNode | undefined = index.at(key);
  let frame = frameAround(key);
  if (isOfPart(edge)) return keyIn(frame, from);
  while (at && !(at.named && at.siblings.has(from))) {
    const task = taskOfFrame(frame);
    invariant(task, `${key} reads "${from}", which is nowhere`);
    frame = frameAround(task);
    at = at.parent;
  }
  return keyIn(frame, from);
}

/** True for an edge between parts of one node, which nobody wrote. */
export function isOfPart({ reasons }: Pick<Edge, 'reasons'>): boolean {
  return reasons.length === 0;
}

function join(folder: string, more: string): string {
  return folder === '' || more === '' ? folder + more : `${folder}/${more}`;
}

/** The places of all nodes that do something themselves, as replies and tests name them: `scan`, `epics/build/code`. */
export function placesOf(plan: Plan): readonly string[] {
  const places = new Set<string>();
  const walk = (indexed: IndexedNode): void => {
    if (indexed.bodies.some((body) => body === undefined)) places.add(indexed.place);
    for (const body of indexed.bodies) for (const inner of body?.nodes.values() ?? []) walk(inner);
  };
  for (const indexed of indexPlan(plan).nodes.values()) walk(indexed);
  return [...places];
}

/** The nodes inside an attempt, and the frame they stand in. */
export function bodyOf(
  index: PlanIndex,
  task: TaskKey,
  { attempt, stage, only }: InsideState,
): { readonly nodes: readonly IndexedNode[]; readonly frame: string } {
  const body = index.at(task).bodies[stage];
  invariant(body, `${task} has no body`);
  const nodes = [...body.nodes.values()];
  return { nodes: only ? nodes.filter(({ node }) => only.includes(node.id)) : nodes, frame: frameOf(task, attempt, stage) };
}
