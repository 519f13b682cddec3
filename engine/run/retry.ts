import { type Instant, instant, type Millis, millis, type TaskKey } from '../base/ids.ts';
import type { Next } from '../contracts/event.ts';
import { type Failure, LONGEST_WAIT } from '../contracts/failure.ts';
import type { PlanNode, Stage } from '../contracts/plan.ts';
import type { Retry } from '../contracts/workflow.ts';
import { isSpent, rootCause } from './changes.ts';

/** What a try was part of. */
export interface Try {
  /** Index in the node's ladder; see `stageAt`. */
  readonly stage: number;
  /** From 1, within the stage. */
  readonly stageAttempt: number;
}

/** No other way of doing the same work would fare better. */
function isFinal(cause: Failure, task: TaskKey): boolean {
  return cause.type === 'cancelled' || cause.type === 'bug' || (cause.type === 'budget_exceeded' && isSpent(cause, task));
}

const ONCE: Retry = { maxAttempts: 1, backoff: 'constant', initialDelay: millis(0), maxDelay: millis(0), retryOn: [] };

/**
 * The stage at a place of a node's ladder: its own, its fallback, and last the value of `on_error: { value }`, which is
 * computed like a `set` node. Undefined past the end.
 */
export function stageAt(node: PlanNode, index: number): { readonly stage: Stage; readonly isValue: boolean } | undefined {
  const stage = node.stages[index];
  if (stage) return { stage, isValue: false };
  if (index !== node.stages.length || node.onError.action !== 'value') return undefined;
  return { stage: { name: 'fallback', kind: 'set', spec: { value: node.onError.value }, retry: ONCE }, isValue: true };
}

/**
 * What follows a failed try: the same stage again, the next one, or the end. `roll` is uniform in [0, 1).
 *
 * The delay is drawn from [0, backoff] (full jitter), where backoff is `initial_delay` doubled with every try up to
 * `max_delay`; a provider's `retry-after` is the least, and one that
 * is too long to wait for ends the stage. Source of full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function afterFailure(node: PlanNode, task: TaskKey, tried: Try, failure: Failure, at: Instant, roll: number): Next {
  const current = stageAt(node, tried.stage);
  if (current && !isFinal(rootCause(failure), task)) {
    const { retry } = current.stage;
    const cause = rootCause(failure);
    const least = cause.type === 'rate_limited' ? (cause.retryAfter ?? 0) : 0;
    if (tried.stageAttempt < retry.maxAttempts && retry.retryOn.includes(cause.type) && least <= LONGEST_WAIT) {
      const delay = Math.max(least, Math.round(roll * backoffOf(retry, tried.stageAttempt)));
      return { type: 'retry', at: instant(at + delay), stage: tried.stage };
    }
    for (let next = tried.stage + 1; ; next += 1) {
      const candidate = stageAt(node, next);
      if (!candidate) break;
      if (!candidate.stage.on || candidate.stage.on.includes(cause.type)) return { type: 'retry', at, stage: next };
    }
  }
  if (node.onError.action === 'skip' && rootCause(failure).type !== 'cancelled' && rootCause(failure).type !== 'bug')
    return { type: 'skip' };
  return { type: 'give_up' };
}

/** The first stage after one that stands in for the node's work when that has failed in this way; undefined when none does. */
export function standInAfter(node: PlanNode, task: TaskKey, stage: number, failure: Failure): number | undefined {
  if (isFinal(rootCause(failure), task)) return undefined;
  for (let next = stage + 1; ; next += 1) {
    const candidate = stageAt(node, next);
    if (!candidate || candidate.stage.name === 'fallback') return candidate && next;
  }
}

function backoffOf(retry: Retry, tries: number): Millis {
  return retry.backoff === 'constant' ? retry.initialDelay : millis(Math.min(retry.maxDelay, retry.initialDelay * 2 ** (tries - 1)));
}
