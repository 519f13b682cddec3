import { itemKey, type RunId, type TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { Value } from '../contracts/event.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Store, TaskState } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { errorOf } from './failure-code.ts';
import { keyOf, type PlanIndex } from './plan-index.ts';
import type { NodeTally, Tally } from './tally.ts';

/** Builds what a task may read: the run's inputs and constants, and the nodes its node has edges to. Nothing else is in it. */
export interface Scopes {
  /** What the fields of a node as a whole see. Costs its edges, and the items of the fan-outs among them. */
  ofNode(node: PlanNode): Promise<Scope>;
  /** What the run's outputs see: every node. */
  ofOutputs(): Promise<Scope>;
}

export function createScopes(
  index: PlanIndex,
  store: Store,
  tally: Tally,
  run: { id: RunId; startedAt: string; inputs: JsonObject },
  /** Nodes of an earlier run, read in place of those that are not done. */
  earlier: JsonObject = {},
): Scopes {
  const base = {
    inputs: run.inputs,
    constants: index.plan.constants,
    run: { id: run.id, started_at: run.startedAt, workflow: index.plan.workflow },
  };
  // A settled node never changes, so what others read of it is made once.
  const made = new Map<TaskKey, Promise<JsonObject>>();
  const entryOf = (key: TaskKey): Promise<JsonObject> => {
    const known = made.get(key);
    if (known) return known;
    const entry = nodeEntry(index, store, tally, run.id, key);
    made.set(key, entry);
    return entry;
  };
  const scopeOver = async (keys: readonly TaskKey[]): Promise<Scope> => {
    const nodes: Record<string, Json> = Object.assign(Object.create(null), earlier);
    for (const key of keys) nodes[key] = await entryOf(key);
    return { ...base, nodes };
  };
  return {
    ofNode: (node) => scopeOver(node.after.map((edge) => keyOf(edge.from))),
    ofOutputs: () => scopeOver([...index.nodes.keys()]),
  };
}

/** A settled node as templates and expressions read it. */
async function nodeEntry(index: PlanIndex, store: Store, tally: Tally, run: RunId, key: TaskKey): Promise<JsonObject> {
  const state = await store.task(run, key);
  const node = index.nodes.get(key)?.node;
  const counted = tally.node(key);
  const entry: Record<string, Json> = {
    output: outputOf(state),
    status: statusOf(state),
    error: null,
    skip_reason: state?.status === 'skipped' ? state.detail : null,
    cost: toDollars(counted.bill.cost),
    tier: counted.tier,
    model: counted.model,
  };
  const failure = state && 'failure' in state ? state.failure : state?.status === 'succeeded' ? state.recovered : undefined;
  if (failure) entry.error = { ...errorOf(failure) } as unknown as JsonObject;
  if (node?.foreach && state?.status !== 'skipped') {
    const fanOut = await store.items(run, key);
    const states = await store.itemStates(run, key, fanOut.items.length);
    entry.output = states.map(outputOf);
    // Few workflows look at single items: what they would see is made when they do.
    let items: readonly Json[] | undefined;
    Object.defineProperty(entry, 'items', {
      enumerable: true,
      get: () => {
        items ??= states.map((one, at) => itemEntry(one, at, fanOut.items[at] ?? null, fanOut.keys?.[at], counted, key));
        return items;
      },
    });
  }
  return entry;
}

function itemEntry(
  state: TaskState | undefined,
  index: number,
  item: Json,
  key: string | undefined,
  node: NodeTally,
  fanOut: TaskKey,
): JsonObject {
  const counted = node.items?.[index];
  const failure = counted?.failure ?? null;
  return {
    index,
    key: key ?? itemKey(fanOut, index),
    item,
    status: statusOf(state),
    output: outputOf(state),
    error: failure && ({ ...errorOf(failure) } as unknown as JsonObject),
    cost: toDollars(counted?.cost ?? (0 as NodeTally['bill']['cost'])),
  };
}

function outputOf(state: TaskState | undefined): Json {
  if (state?.status === 'succeeded') return state.output === null ? null : jsonIn(state.output);
  return state?.status === 'skipped' ? state.output : null;
}

function statusOf(state: TaskState | undefined): string {
  return state?.status ?? 'cancelled';
}

function jsonIn(value: Value): Json {
  if ('json' in value) return value.json;
  throw new Error(`blob ${value.blob} was not loaded`);
}
