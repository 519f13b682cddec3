import { type RunId, type TaskKey, taskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Store } from '../contracts/store.ts';
import { frameOf, keyIn, nodeKeyOf, roundKey } from '../run/address.ts';
import { entryReader } from '../run/node-entry.ts';
import type { IndexedNode, PlanIndex } from '../run/plan-index.ts';
import type { Tally } from '../run/tally.ts';
import type { Address } from './address.ts';

/**
 * A node as a test sees it: what the workflow itself can read of it, and besides `attempts`, `model_calls`, `tool_calls`, `recovered`,
 * `fallback`, and in `nodes` what is inside of it: of a node with items in each of `items`, of one with rounds in each of `iterations`.
 */
export type SeenNode = JsonObject;

export interface SeenRun {
  readonly index: PlanIndex;
  readonly store: Store;
  readonly tally: Tally;
  readonly run: RunId;
  readonly events: readonly RunEvent[];
  /** What is said of a node that has not ended. */
  readonly unfinished: 'waiting' | 'cancelled';
}

/** All outermost nodes of a run that is over, by id. */
export async function readNodes(seen: SeenRun): Promise<Readonly<Record<string, SeenNode>>> {
  const reader = nodeReader(seen);
  const nodes: Record<string, SeenNode> = {};
  for (const indexed of seen.index.nodes.values()) nodes[indexed.node.id] = await reader(indexed.key, indexed);
  return nodes;
}

/** What is known of a node that was never come to. */
const NEVER: JsonObject = { output: null, status: 'skipped', error: null, skip_reason: null, cost: 0, tier: null, model: null };

function nodeReader({ index, store, tally, run, events, unfinished }: SeenRun): (key: TaskKey, indexed: IndexedNode) => Promise<SeenNode> {
  const readEntry = entryReader(index, store, tally, run);
  const told = tellAll(events, index);

  async function node(key: TaskKey, indexed: IndexedNode): Promise<SeenNode> {
    const begun = (await store.task(run, key)) !== undefined;
    const entry: JsonObject = begun ? await readEntry(key) : NEVER;
    const whole = { ...told.under(key), ...entry, status: statusIn(entry) };
    const { items } = entry;
    if (!isList(items)) return { ...whole, ...(await unit(key, indexed, entry)) };
    const all: Json[] = [];
    for (const [at, item] of items.entries()) {
      const own = taskKey(`${key}[${at}]`);
      const known = isObject(item) ? item : {};
      all.push({ ...told.under(own), ...known, status: statusIn(known), ...(await unit(own, indexed, known)) });
    }
    return { ...whole, items: all };
  }

  /** What is inside of a node, or of one of its items: in its rounds, where it has them. */
  async function unit(key: TaskKey, indexed: IndexedNode, entry: JsonObject): Promise<JsonObject> {
    const within = indexed.node.loop ? undefined : loopIn(key, indexed);
    const [loop, looping] = within ?? [key, indexed];
    const count = told.rounds.get(loop) ?? 0;
    if (!looping.node.loop) return inside(key, indexed);
    const known = isList(entry.iterations) ? entry.iterations : [];
    const iterations: Json[] = [];
    for (let round = 1; round <= count; round += 1) {
      const own = roundKey(loop, round);
      const one = known[round - 1];
      const base = isObject(one) ? one : { output: null, status: (await store.task(run, own))?.status ?? unfinished };
      const inner = loopIn(own, looping);
      iterations.push({
        ...told.under(own),
        ...base,
        status: statusIn(base),
        ...(inner ? await unit(...inner, base) : await inside(own, looping)),
      });
    }
    return { iterations };
  }

  /** The loop of an `evaluate` that other tiers or rounds stand around. */
  function loopIn(key: TaskKey, indexed: IndexedNode): readonly [TaskKey, IndexedNode] | undefined {
    const frame = told.frames.get(key);
    const inner = frame && [...(indexed.bodies[frame.stage]?.nodes.values() ?? [])].find((one) => one.node.part === 'loop');
    return inner && [keyIn(frame.frame, inner.node.id), inner];
  }

  async function inside(key: TaskKey, indexed: IndexedNode): Promise<JsonObject> {
    const nodes = await nodesInside(key, indexed);
    return Object.keys(nodes).length === 0 ? {} : { nodes };
  }

  /** The nodes inside of a task, those of its parts among them; of its last attempt. */
  async function nodesInside(key: TaskKey, indexed: IndexedNode): Promise<Record<string, Json>> {
    const frame = told.frames.get(key);
    const found: Record<string, Json> = {};
    for (const inner of indexed.bodies[frame?.stage ?? 0]?.nodes.values() ?? []) {
      const own = keyIn(frame?.frame ?? `${key}/`, inner.node.id);
      if (inner.node.part === undefined) {
        const made = await node(own, inner);
        const isCase = indexed.bodies[frame?.stage ?? 0]?.body.type === 'route' && made.skip_reason === null && frame?.route !== undefined;
        found[inner.node.id] =
          isCase && frame.route !== inner.node.id ? { ...made, skip_reason: `the case "${frame.route}" was taken` } : made;
        // Candidates are several, of which none has the name.
      } else if (!inner.node.foreach) Object.assign(found, await nodesInside(own, inner));
    }
    return found;
  }

  function statusIn({ status }: JsonObject): Json {
    if (status === 'succeeded' || status === 'failed' || status === 'skipped' || status === 'cancelled') return status;
    return unfinished;
  }

  return node;
}

interface Told {
  /** Of units with rounds: how many have begun. */
  readonly rounds: ReadonlyMap<TaskKey, number>;
  /** Of tasks that hold nodes: where those of the last attempt stand, and which case of a route that was. */
  readonly frames: ReadonlyMap<TaskKey, { readonly frame: string; readonly stage: number; readonly route?: string }>;
  /** What was called for a node, an item or a round, and for all that is inside of it; how often it was tried itself. */
  under(key: TaskKey): JsonObject;
}

function tellAll(events: readonly RunEvent[], index: PlanIndex): Told {
  const rounds = new Map<TaskKey, number>();
  const frames = new Map<TaskKey, { frame: string; stage: number; route?: string }>();
  const stages = new Map<TaskKey, number>();
  const recovered = new Set<TaskKey>();
  const fallback = new Set<TaskKey>();
  const work: Extract<RunEvent, { readonly type: 'attempt.started' | 'attempt.woken' | 'model.called' | 'tool.called' }>[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'loop.turned':
        rounds.set(event.task, Math.max(rounds.get(event.task) ?? 0, event.round));
        break;
      case 'attempt.scheduled':
        stages.set(event.task, event.stage);
        if (index.at(event.task).node.stages[event.stage]?.name === 'fallback') fallback.add(event.task);
        break;
      case 'attempt.entered': {
        const stage = stages.get(event.task) ?? 0;
        const { task, attempt, route } = event;
        frames.set(task, { frame: frameOf(task, attempt, stage), stage, ...(route !== undefined && { route }) });
        break;
      }
      case 'attempt.succeeded':
        if (event.recovered) recovered.add(event.task);
        break;
      case 'loop.ended':
        if (event.recovered) recovered.add(event.task);
        break;
      case 'attempt.started':
      case 'attempt.woken':
      case 'model.called':
      case 'tool.called':
        work.push(event);
    }
  }
  const isOwn = (key: TaskKey) => (task: TaskKey) => nodeKeyOf(task) === key || task === key || task.startsWith(`${key}#`);
  return {
    rounds,
    frames,
    under(key) {
      const own = work.filter(({ task }) => isUnder(task, key));
      const calls = own.flatMap((event) => (event.type === 'model.called' ? [event.call] : []));
      const tries = own.filter(({ task }) => !task.slice(key.length).includes('/'));
      return {
        attempts: tries.reduce((sum, { type }) => sum + (type === 'attempt.started' ? 1 : type === 'attempt.woken' ? -1 : 0), 0),
        model_calls: calls.length,
        tier: calls.at(-1)?.tier ?? null,
        model: calls.at(-1)?.model ?? null,
        cost: calls.reduce((sum, { cost }) => sum + (cost === null ? 0 : toDollars(cost)), 0),
        tool_calls: own.flatMap((event) => (event.type === 'tool.called' ? callSeen(event) : [])),
        recovered: [...recovered].some(isOwn(key)),
        fallback: [...fallback].some(isOwn(key)),
      };
    },
  };
}

/** Whether a task is `key`, one of its items or rounds, or inside of it. */
function isUnder(task: TaskKey, key: TaskKey): boolean {
  return task === key || (task.startsWith(key) && '[#/~'.includes(task[key.length] ?? ''));
}

/** A call of a tool that has ended. */
function callSeen({ call }: Extract<RunEvent, { type: 'tool.called' }>): JsonObject[] {
  const { tool, args, status, result } = call;
  return status === 'begun' ? [] : [{ tool, args, failed: status === 'failed', result }];
}

/** What is at an address, once for each item and round it leaves open. */
export function seenAt(nodes: Readonly<Record<string, Json>>, address: Address): readonly { address: Address; node: SeenNode }[] {
  const [step, ...rest] = address;
  const node = step && nodes[step.id];
  if (!step || !isObject(node)) return [];
  type Found = { readonly address: Address; readonly node: SeenNode };
  const expand = (from: readonly Found[], field: 'items' | 'iterations', wanted: number | undefined): readonly Found[] =>
    from.flatMap((one): readonly Found[] => {
      const list = one.node[field];
      const [last = step] = one.address;
      if (!isList(list)) return wanted === undefined ? [one] : [];
      return list.flatMap((each, at): readonly Found[] => {
        const number = field === 'items' ? at : at + 1;
        if (!isObject(each) || (wanted !== undefined && wanted !== number)) return [];
        const next = field === 'items' ? { ...last, item: at } : { ...last, rounds: [...last.rounds, number] };
        return [{ address: [next], node: each }];
      });
    });
  let found: readonly Found[] = [{ address: [{ id: step.id, rounds: [] }], node }];
  const isLast = rest.length === 0;
  if (step.item !== undefined || !isLast || step.rounds.length > 0) found = expand(found, 'items', step.item);
  for (const round of step.rounds) found = expand(found, 'iterations', round);
  if (isLast) return found;
  // Rounds around rounds: as deep as they are.
  for (let deeper = 0; deeper < 2; deeper += 1) found = expand(found, 'iterations', undefined);
  return found.flatMap((one) =>
    isObject(one.node.nodes)
      ? seenAt(one.node.nodes, rest).map((inner) => ({ address: [...one.address, ...inner.address], node: inner.node }))
      : [],
  );
}
