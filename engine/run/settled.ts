import type { TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { InsideState, TaskState } from '../contracts/store.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** What a node inside another fails of, as the one around it says it. */
export function failureInside({ node, parent }: IndexedNode, failure: Failure): Failure {
  const body = parent?.node.stages.find((stage) => stage.body?.nodes.includes(node))?.body;
  if (body?.type !== 'group' && body?.type !== 'workflow') return failure;
  if (failure.type === 'node_failed') {
    const path = `${node.id}/${failure.node}`;
    return { ...failure, node: path, message: `"${path}" failed: ${failure.cause.message}` };
  }
  return { type: 'node_failed', message: `"${node.id}" failed: ${failure.message}`, node: node.id, cause: failure };
}

/** How many nodes of its own frame a node waits for. */
export function waitsFor({ waitsFor: all }: IndexedNode, only: InsideState['only']): number {
  return only ? all.filter((id) => only.includes(id)).length : all.length;
}

export function skipped(
  node: TaskKey,
  reason: Extract<EventBody, { type: 'node.skipped' }>['reason'],
  detail: string,
): Extract<EventBody, { type: 'node.skipped' }> {
  return { type: 'node.skipped', node, reason, detail, output: null, guarded: false };
}

/** Whether what does not need a node that failed begins all the same: where the file it stands in says so, of the run and in groups. */
export function finishesBranches({ plan }: PlanIndex, { named, sub }: IndexedNode): boolean {
  return named && (sub ? sub.limits : plan.limits).onFailure === 'finish_branches';
}

export function isUntouched(state: TaskState | undefined): boolean {
  return state === undefined || state.status === 'reopened';
}

export function isLost(state: TaskState | undefined): boolean {
  return state?.status === 'failed' || state?.status === 'cancelled';
}

export function isSettled(state: TaskState | undefined): boolean {
  return state?.status === 'succeeded' || state?.status === 'skipped' || isLost(state);
}
