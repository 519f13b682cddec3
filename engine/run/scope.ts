import { invariant } from '../base/assert.ts';
import type { RunId, TaskKey } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Bind } from '../contracts/plan.ts';
import type { Store, TaskState } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import {
  frameAround,
  frameOf,
  itemOf,
  keyIn,
  keysAround,
  nodeKeyOf,
  pathOf,
  roundKey,
  roundOf,
  stageOfFrame,
  taskOfFrame,
  unitOf,
} from './address.ts';
import type { History } from './history.ts';
import { entryReader } from './node-entry.ts';
import { outputOf } from './output-of.ts';
import type { ItemKeys } from './past-outputs.ts';
import { type IndexedBody, type IndexedNode, isOfPart, type PlanIndex, sourceKey } from './plan-index.ts';
import type { Tally } from './tally.ts';

/** Builds what a task may read: names, and the nodes its node has edges to. Nothing else is in it. */
export interface Scopes {
  /** What the fields of a node as a whole see. Costs its edges, and the items of the fan-outs among them. */
  ofNode(key: TaskKey): Scope;
  /** What the fields of a task see: the same, its item, its loop, and the names it is given. */
  ofTask(task: TaskKey): Scope;
  /** What is seen at the end of a body: the same, and its nodes. */
  ofInside(task: TaskKey): Scope;
  /** What outputs see, of the run or of the sub-workflow inside a task: every node of it. */
  ofOutputs(task?: TaskKey): Scope;
  /** What the items that a task is, or is inside of, are told apart by; undefined where no `foreach.key` does that. */
  itemKeys(task: TaskKey): ItemKeys | undefined;
  /** A body is over: nobody looks inside any more. */
  forget(task: TaskKey): void;
}

interface Memory {
  readonly scopes: Map<TaskKey, Scope>;
  readonly entries: Map<TaskKey, JsonObject>;
}

export function createScopes(
  index: PlanIndex,
  store: Store,
  tally: Tally,
  run: { id: RunId; startedAt: string; inputs: JsonObject },
  /** Nodes of an earlier run, read in place of those that are not done. */
  earlier: JsonObject = {},
  /** Of a run that is only read: what its bodies and rounds had begun with. */
  history?: History,
): Scopes {
  const outermost: JsonObject = {
    inputs: run.inputs,
    constants: index.plan.constants,
    run: { id: run.id, started_at: run.startedAt, workflow: index.plan.workflow },
  };
  const readEntry = entryReader(index, store, tally, run.id);
  // A settled node never changes, so what others read of it is made once.
  const memories = new Map<string, Memory>();
  const memoryOf = (frame: string): Memory => {
    const known = memories.get(frame);
    if (known) return known;
    const made: Memory = { scopes: new Map(), entries: new Map() };
    memories.set(frame, made);
    return made;
  };
  const entryOf = (key: TaskKey): JsonObject => once(memoryOf(frameAround(key)).entries, key, () => readEntry(key));
  const state = (key: TaskKey): TaskState | undefined => store.view(run.id).task(key);

  /** The names that everything in a frame sees, besides nodes. */
  const frameNames = (frame: string): JsonObject => {
    const task = taskOfFrame(frame);
    if (task === undefined) return outermost;
    const { body } = history ? bodyIn(frame, task) : bodyAt(task);
    if (body.type !== 'workflow') return { ...frameNames(frameAround(task)), ...ownNames(task) };
    const inside = state(task);
    return {
      inputs: history?.inputs(frame) ?? ((inside?.status === 'inside' && inside.inputs) || {}),
      constants: body.constants,
      run: { ...(outermost.run as JsonObject), workflow: body.workflow },
    };
  };

  const bodyIn = (frame: string, task: TaskKey): IndexedBody => {
    const body = index.at(task).bodies[stageOfFrame(frame)];
    invariant(body, `${task} has no body`);
    return body;
  };

  const bodyAt = (task: TaskKey): IndexedBody => {
    const inside = state(task);
    const body = index.at(task).bodies[inside && 'stage' in inside ? (inside.stage ?? 0) : 0];
    invariant(body, `${task} has no body`);
    return body;
  };

  /** The names a task sees and those beside it do not: its item, its loop, and what it is given. */
  const ownNames = (task: TaskKey): JsonObject => {
    const { node } = index.at(task);
    const names: Record<string, Json> = {};
    const unit = unitOf(task);
    const item = node.foreach && node.part === undefined ? itemOf(unit) : undefined;
    if (item && node.foreach) {
      names[node.foreach.as] = store.view(run.id).items(item.node).items[item.index] ?? null;
      names.index = item.index;
    }
    const round = node.loop && roundOf(task);
    if (round && node.loop?.type === 'repeat') {
      const before = round.round > 1 ? outputOf(state(roundKey(unit, round.round - 1))) : null;
      const looping = state(unit);
      const kept = history?.memory(unit, round.round) ?? (looping && 'memory' in looping ? looping.memory : {});
      const memory = isObject(kept) ? kept : {};
      const loop = { iteration: round.round, previous: before, carry: memory.carry ?? {} };
      Object.assign(names, loop, node.loop.as !== undefined && { [node.loop.as]: loop });
    }
    if (node.binds) for (const [name, bind] of Object.entries(node.binds)) names[name] = boundValue(bind, nodeKeyOf(task));
    return names;
  };

  const boundValue = (bind: Bind, key: TaskKey): Json => {
    const frame = frameAround(key);
    if ('from' in bind) {
      for (const id of bind.from) {
        const source = keyIn(frame, id);
        const found = state(source);
        if (found?.status === 'succeeded') return index.at(source).node.foreach ? itemsOf(source) : outputOf(found);
      }
      return null;
    }
    const task = taskOfFrame(frame);
    const round = task && roundOf(task);
    if (!round) return null;
    const before = outputOf(state(roundKey(round.unit, round.round - 1)));
    return isObject(before) ? (before[bind.previous] ?? null) : null;
  };

  /** What the items of a fan-out gave; those that failed are left out. */
  const itemsOf = (key: TaskKey): Json => {
    const { items } = store.view(run.id).items(key);
    const states = store.view(run.id).itemStates(key, items.length);
    return states.filter((one) => one?.status === 'succeeded').map(outputOf);
  };

  const nodesOf = (key: TaskKey): Record<string, Json> => {
    const nodes: Record<string, Json> = Object.assign(Object.create(null), earlier);
    for (const edge of index.at(key).node.after) {
      if (!isOfPart(edge)) nodes[edge.from] = entryOf(sourceKey(index, key, edge));
    }
    return nodes;
  };

  const ofNode = (key: TaskKey): Scope =>
    once(memoryOf(frameAround(key)).scopes, key, () => {
      const given = index.at(key).node.binds && ownNames(key);
      return { ...frameNames(frameAround(key)), ...given, nodes: nodesOf(key) };
    });

  const ofTask = (task: TaskKey): Scope => {
    const key = nodeKeyOf(task);
    const whole = ofNode(key);
    return task === key ? whole : { ...whole, ...ownNames(task) };
  };

  const ofInside = (task: TaskKey): Scope => {
    const scope = ofTask(task);
    const frame = frameInside(task);
    if (frame === undefined) return scope;
    const inside = bodyAt(task);
    // Of nothing else but a group are the nodes seen.
    if (inside.body.type !== 'group') return scope;
    const nodes: Record<string, Json> = Object.assign(Object.create(null), scope.nodes);
    for (const { node } of inside.nodes.values()) nodes[node.id] = entryOf(keyIn(frame, node.id));
    return { ...scope, nodes };
  };

  /** The frame inside a task that is, or was last, inside of it. */
  const frameInside = (task: TaskKey): string | undefined => {
    const inside = state(task);
    if (inside?.status === 'inside') return frameOf(task, inside.attempt, inside.stage);
    return inside?.status === 'succeeded' && inside.inside !== undefined ? frameOf(task, inside.inside, inside.stage ?? 0) : undefined;
  };

  const itemKeysOf = (task: TaskKey): ItemKeys => {
    const found = new Map<string, string>();
    for (const key of keysAround(task)) {
      const item = itemOf(key);
      const own = item && store.view(run.id).items(item.node).keys?.[item.index];
      if (item && own !== undefined) found.set(pathOf(item.node), own);
    }
    return found;
  };

  return {
    ofNode,
    ofTask,
    ofInside,
    ofOutputs(task) {
      const nodes: Record<string, Json> = Object.assign(Object.create(null), task === undefined ? earlier : {});
      if (task === undefined) {
        for (const key of index.nodes.keys()) nodes[key] = entryOf(key);
        return { ...outermost, nodes };
      }
      const inside = state(task);
      invariant(inside?.status === 'inside', `${task} gives outputs without having been entered`);
      const frame = frameOf(task, inside.attempt, inside.stage);
      for (const id of bodyAt(task).nodes.keys()) nodes[id] = entryOf(keyIn(frame, id));
      return { ...frameNames(frame), nodes };
    },
    itemKeys(task) {
      for (let at: IndexedNode | undefined = index.at(task); at; at = at.parent) {
        if (at.node.foreach?.key !== undefined) return itemKeysOf(task);
      }
      return undefined;
    },
    forget(task) {
      const frame = frameInside(task);
      if (frame === undefined) return;
      for (const known of memories.keys()) if (known.startsWith(frame)) memories.delete(known);
    },
  };
}

function once<T>(all: Map<TaskKey, T>, key: TaskKey, make: () => T): T {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  all.set(key, made);
  return made;
}
