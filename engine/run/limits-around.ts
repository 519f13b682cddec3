import type { TaskKey } from '../base/ids.ts';
import type { SubPlan } from '../contracts/plan.ts';
import { frameAround, taskOfFrame } from './address.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** A sub-workflow that a task is inside of. */
export interface LimitsAround {
  /** Of its nodes. */
  readonly frame: string;
  /** The task that it is. */
  readonly task: TaskKey;
  readonly limits: SubPlan['limits'];
}

/** The sub-workflows a task is inside of, the innermost first: the limits of each hold for all that is inside. */
export function limitsAround(index: PlanIndex, task: TaskKey): readonly LimitsAround[] {
  if (!task.includes('/')) return NONE;
  const found: LimitsAround[] = [];
  let frame = frameAround(task);
  for (let at: IndexedNode | undefined = index.at(task); at?.parent; at = at.parent) {
    const around = taskOfFrame(frame);
    if (around === undefined) break;
    if (at.sub && at.sub !== at.parent.sub) found.push({ frame, task: around, limits: at.sub.limits });
    frame = frameAround(around);
  }
  return found;
}

const NONE: readonly LimitsAround[] = [];
