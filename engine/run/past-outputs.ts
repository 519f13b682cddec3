import { nanoUsd, type RunId, type TaskKey, type Usd } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Answerer, RunEvent } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import { itemOf, keysAround, nodeKeyOf, pathOf, withoutAttempts } from './address.ts';

/** What the items around a task are told apart by: the value of `foreach.key`, by the path of the fan-out. */
export type ItemKeys = ReadonlyMap<string, string>;

/** An output that an earlier run has made. */
export interface PastOutput {
  readonly run: RunId;
  readonly task: TaskKey;
  readonly keys: ItemKeys;
  readonly output: Json;
  /** What its calls had cost, in this run or in the one it was taken over from; null when that is not known. */
  readonly cost: Usd | null;
  readonly by?: Answerer;
  /** Why something else gave it than the node itself. */
  readonly recovered?: Failure;
  /** False: the best there was, and not good enough. */
  readonly isAccepted: boolean;
}

/** The outputs of an earlier run, each given out once. */
export interface PastOutputs {
  /**
   * The output that was made under this content key where the task stands in the plan. Items match by `foreach.key` where there is one,
   * else by what they are: where they stand in their list does not matter, for those around the task as for its own, but of equal ones the one
   * at the same place is preferred, and of several attempts around it the last one.
   */
  take(task: TaskKey, contentKey: string, keys?: ItemKeys): PastOutput | undefined;
}

interface Spent {
  cost: Usd | null;
  by?: Answerer;
}

/** Folds the journal of a run. */
export async function readPastOutputs(events: AsyncIterable<RunEvent>): Promise<PastOutputs> {
  const found = new Map<string, PastOutput[]>();
  const spent = new Map<TaskKey, Spent>();
  const keys = new Map<TaskKey, readonly string[]>();
  for await (const event of events) {
    if (event.type === 'node.expanded' && event.keys) keys.set(event.node, event.keys);
    else if (event.type === 'model.called') {
      const { cost, provider, model, tier, status } = event.call;
      const before = spent.get(event.task);
      const sum = cost === null || before?.cost === null ? null : nanoUsd((before?.cost ?? 0) + cost);
      const by = status === 'succeeded' ? { provider, model, ...(tier && { tier }) } : before?.by;
      spent.set(event.task, { cost: sum, ...(by && { by }) });
    } else if (event.type === 'attempt.succeeded') {
      const { task, contentKey, output, reused } = event;
      const calls = spent.get(task);
      spent.delete(task);
      if (contentKey === undefined || !('json' in output)) continue;
      const by = reused?.by ?? calls?.by;
      const past: PastOutput = {
        run: event.run,
        task,
        keys: keys.size === 0 ? NO_KEYS : keysAt(keys, task),
        output: output.json,
        cost: reused ? reused.saved : (calls?.cost ?? (calls ? null : nanoUsd(0))),
        ...(by && { by }),
        ...(event.recovered && { recovered: event.recovered }),
        isAccepted: event.accepted !== false,
      };
      const place = placeOf(task, contentKey);
      const known = found.get(place);
      if (known) known.push(past);
      else found.set(place, [past]);
    }
  }
  return {
    take(task, contentKey, own = NO_KEYS) {
      const place = placeOf(task, contentKey);
      const alike = found.get(place);
      if (!alike) return undefined;
      const spot = withoutAttempts(task);
      let best: number | undefined;
      let rank: readonly [boolean, number] = [false, -1];
      for (const [at, past] of alike.entries()) {
        if (!mayBe(past.keys, own)) continue;
        const next = [withoutAttempts(past.task) === spot, triesAround(past.task)] as const;
        if (best !== undefined && (next[0] === rank[0] ? next[1] <= rank[1] : rank[0])) continue;
        best = at;
        rank = next;
      }
      if (best === undefined) return undefined;
      const [taken] = alike.splice(best, 1);
      if (alike.length === 0) found.delete(place);
      return taken;
    },
  };
}

const NO_KEYS: ItemKeys = new Map();

function placeOf(task: TaskKey, contentKey: string): string {
  return `${pathOf(nodeKeyOf(task))} ${contentKey}`;
}

/** The keys of the items that a task is, or is inside of. */
function keysAt(all: ReadonlyMap<TaskKey, readonly string[]>, task: TaskKey): ItemKeys {
  const found = new Map<string, string>();
  for (const key of keysAround(task)) {
    const item = itemOf(key);
    const own = item && all.get(item.node)?.[item.index];
    if (item && own !== undefined) found.set(pathOf(item.node), own);
  }
  return found;
}

/** Whether items with these keys can be the same: no fan-out that both are in has told them apart. */
function mayBe(past: ItemKeys, now: ItemKeys): boolean {
  for (const [path, key] of past) if ((now.get(path) ?? key) !== key) return false;
  return true;
}

/** Later attempts around a task count for more. */
function triesAround(task: TaskKey): number {
  if (!task.includes('~')) return 0;
  return [...task.matchAll(/~(\d+)\./g)].reduce((sum, [, attempt]) => sum + Number(attempt), 0);
}
