import { nanoUsd, type RunId, type TaskKey, type Usd } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Answerer, RunEvent } from '../contracts/event.ts';
import { itemOf, nodeKeyOf, unitOf } from './address.ts';

/** An output that an earlier run has made. */
export interface PastOutput {
  readonly run: RunId;
  readonly task: TaskKey;
  readonly index?: number;
  /** The value of `foreach.key`. */
  readonly itemKey?: string;
  readonly output: Json;
  /** What its calls had cost, in this run or in the one it was taken over from; null when that is not known. */
  readonly cost: Usd | null;
  readonly by?: Answerer;
}

/** The outputs of an earlier run, each given out once. */
export interface PastOutputs {
  /**
   * The output of a node's task that was made under this content key. Items match by `foreach.key` where there is one, else
   * by what they are: where they stand in the list does not matter, but of equal ones the one at the same place is preferred.
   */
  take(node: TaskKey, contentKey: string, item?: { readonly index: number; readonly key?: string }): PastOutput | undefined;
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
      const item = itemOf(unitOf(task));
      const node = nodeKeyOf(task);
      const itemKey = item && keys.get(node)?.[item.index];
      const by = reused?.by ?? calls?.by;
      const past: PastOutput = {
        run: event.run,
        task,
        ...(item && { index: item.index }),
        ...(itemKey !== undefined && { itemKey }),
        output: output.json,
        cost: reused ? reused.saved : (calls?.cost ?? (calls ? null : nanoUsd(0))),
        ...(by && { by }),
      };
      const place = `${node} ${contentKey}`;
      const known = found.get(place);
      if (known) known.push(past);
      else found.set(place, [past]);
    }
  }
  return {
    take(node, contentKey, item) {
      const alike = found.get(`${node} ${contentKey}`);
      if (!alike || alike.length === 0) return undefined;
      const fits = (past: PastOutput): boolean => past.itemKey === undefined || item?.key === undefined || past.itemKey === item.key;
      const same = alike.findIndex((past) => past.index === item?.index && fits(past));
      const at = same >= 0 ? same : alike.findIndex(fits);
      return at < 0 ? undefined : alike.splice(at, 1)[0];
    },
  };
}
