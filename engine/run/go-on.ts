import { itemKey, type TaskKey } from '../base/ids.ts';
import { keyIn, roundKey, roundOf } from './address.ts';
import { bodyOf } from './plan-index.ts';
import { isLost, isUntouched, waitsFor } from './settled.ts';
import type { Step } from './step.ts';

/** A node that did not succeed counts as unsettled again. */
export function reopenNode({ draft }: Step, key: TaskKey): void {
  const state = draft.task(key);
  const fanOut = state && 'kept' in state && state.kept?.status === 'expanded' ? state.kept : undefined;
  const hasDone = (item: TaskKey): boolean => ['succeeded', 'skipped'].includes(draft.task(item)?.status ?? '');
  const redo = fanOut ? Array.from({ length: fanOut.next }, (_, at) => at).filter((at) => !hasDone(itemKey(key, at))) : [];
  draft.emit({ type: 'node.reopened', node: key, redo });
}

/** A reopened node goes on, or begins when its sources have settled. */
export function goOnNode(step: Step, key: TaskKey): void {
  if (!isUntouched(step.draft.task(key))) goOn(step, key);
  else if (step.draft.settledSources(key) === waitsFor(step.index.at(key), step.onlyAround(key))) step.begin(key);
}

/** A task that may have been at work before. */
export function beginAgain(step: Step, key: TaskKey): void {
  const state = step.draft.task(key);
  if (state && isLost(state) && 'kept' in state && state.kept && state.kept.status !== 'expanded') {
    step.draft.emit({ type: 'task.reopened', task: key });
    goOn(step, key);
  } else if (roundOf(key)) step.scheduleFirst(key);
  else step.beginUnit(key);
}

/** What has another chance goes on from where it was: with the items, the round or the nodes that are left. */
function goOn(step: Step, key: TaskKey): void {
  const state = step.draft.task(key);
  if (state?.status === 'expanded') step.advanceFanOut(key);
  else if (state?.status === 'looping') {
    const round = roundKey(key, state.round);
    const last = step.draft.task(round);
    if (state.round === 0 || last?.status === 'succeeded' || last?.status === 'skipped') step.turn(key, state.round);
    else beginAgain(step, round);
  } else if (state?.status === 'inside') {
    const { nodes, frame } = bodyOf(step.index, key, state);
    const again = nodes.map((indexed) => keyIn(frame, indexed.node.id)).filter((inner) => isLost(step.draft.task(inner)));
    for (const inner of again) reopenNode(step, inner);
    for (const inner of again) goOnNode(step, inner);
    step.limitTime(key);
    step.frames.add(key);
  }
}
