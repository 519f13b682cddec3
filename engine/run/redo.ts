import type { RunId, TaskKey } from '../base/ids.ts';
import type { Store } from '../contracts/store.ts';
import type { PlanIndex } from './plan-index.ts';

/** Of every fan-out that did not succeed: the items that were begun and did not succeed. */
export async function redoOf(index: PlanIndex, store: Store, run: RunId): Promise<ReadonlyMap<TaskKey, readonly number[]>> {
  const redo = new Map<TaskKey, readonly number[]>();
  for (const key of index.nodes.keys()) {
    const state = await store.task(run, key);
    if (!state || !('fanOut' in state) || !state.fanOut) continue;
    const items = await store.itemStates(run, key, state.fanOut.next);
    redo.set(
      key,
      items.flatMap((item, at) => (item?.status === 'succeeded' || item?.status === 'skipped' ? [] : [at])),
    );
  }
  return redo;
}
