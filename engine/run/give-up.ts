import { itemKey, type TaskKey } from '../base/ids.ts';
import type { InsideState } from '../contracts/store.ts';
import { itemOf, keyIn, roundKey, roundOf, taskAround } from './address.ts';
import { giveUp } from './doubt.ts';
import { bodyOf } from './plan-index.ts';
import { isSettled } from './settled.ts';
import type { Step } from './step.ts';

/** What waits inside a frame, for its retry or for somebody, is not in flight: it ends here. `''` is the whole run. */
export function stopWaiting(step: Step, frame: string): void {
  for (const key of [...step.draft.run.backingOff, ...step.draft.run.parked]) {
    if (!key.startsWith(frame)) continue;
    const state = step.draft.task(key);
    if (state?.status === 'parked' && state.doubt) giveUp(step, key, state.attempt);
    else if (state?.status === 'backing_off' || state?.status === 'parked') cancelTask(step, key, state.attempt);
  }
}

/** A task is given up; with it its round and its node, but not the fan-out it is an item of. */
export function cancelTask(step: Step, key: TaskKey, attempt: number): void {
  step.draft.emit({ type: 'attempt.cancelled', task: key, attempt });
  const round = roundOf(key);
  if (round) cancelTask(step, round.unit, 0);
  else if (!itemOf(key)) step.settle(key, { type: 'node.cancelled', node: key, detail: whyStopped(step) });
  const around = taskAround(key);
  if (around !== undefined) step.frames.add(around);
}

/** Nodes that have not settled end, with all that is inside of them. Nothing of them is in flight. */
export function cancelNodes(step: Step, keys: readonly TaskKey[], detail: string = STOPPED): void {
  for (const key of keys) {
    if (isSettled(step.draft.task(key))) continue;
    cancelTasksOf(step, key);
    step.draft.emit({ type: 'node.cancelled', node: key, detail });
  }
}

export function cancelInside(step: Step, task: TaskKey, state: InsideState): void {
  const { nodes, frame } = bodyOf(step.index, task, state);
  cancelNodes(
    step,
    nodes.map((indexed) => keyIn(frame, indexed.node.id)),
    state.failing ? FAILED : STOPPED,
  );
}

/** The items, the round and the nodes of what holds others. */
function cancelTasksOf(step: Step, key: TaskKey): void {
  const state = step.draft.task(key);
  if (state?.status === 'expanded') {
    for (let at = 0; at < state.next; at += 1) cancelUnsettled(step, itemKey(key, at));
  } else if (state?.status === 'looping') {
    if (state.round > 0) cancelUnsettled(step, roundKey(key, state.round));
  } else if (state?.status === 'inside') {
    cancelInside(step, key, state);
  }
}

function cancelUnsettled(step: Step, key: TaskKey): void {
  const state = step.draft.task(key);
  if (state?.status !== 'looping' && state?.status !== 'inside') return;
  cancelTasksOf(step, key);
  step.draft.emit({ type: 'attempt.cancelled', task: key, attempt: state.status === 'inside' ? state.attempt : 0 });
}

/** Why a node does not come to its end: the run was stopped, or a body around it. */
export function whyStopped({ draft }: Step): string {
  return draft.run.status === 'running' ? FAILED : STOPPED;
}

const STOPPED = 'the run was stopped';
const FAILED = 'what it is part of has failed';
