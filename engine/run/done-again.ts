import type { TaskKey } from '../base/ids.ts';
import type { RunReuse } from '../contracts/event.ts';
import { placesByName } from './places.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** The nodes of a plan that are done again whatever has changed, each with all that is inside of it. */
export type DoneAgain = ReadonlySet<IndexedNode>;

/**
 * Those at the places that were named, and all that waits for them. What holds one of them is done again as far as that: what is beside it
 * there and does not wait for it stays, but whoever waits for the whole does not.
 */
export function placesDoneAgain(index: PlanIndex, { refresh, only }: RunReuse): DoneAgain {
  const again = new Set<IndexedNode>();
  if (refresh.length === 0 && only === undefined) return again;
  const places = placesByName(index);
  const left = [...refresh, ...(only === undefined ? [] : [only])].flatMap((name) => places.get(name)?.nodes ?? []);
  const holding = new Set<IndexedNode>();
  for (let node = left.pop(); node; node = left.pop()) {
    if (again.has(node)) continue;
    again.add(node);
    left.push(...node.dependents);
    for (let around = node.parent; around && !holding.has(around); around = around.parent) {
      holding.add(around);
      left.push(...around.dependents);
    }
  }
  return again;
}

/** Whether a task is of such a node, or inside of one. */
export function isDoneAgain(index: PlanIndex, again: DoneAgain, task: TaskKey): boolean {
  if (again.size === 0) return false;
  for (let at: IndexedNode | undefined = index.at(task); at; at = at.parent) if (again.has(at)) return true;
  return false;
}
