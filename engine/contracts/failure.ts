import type { Millis, TaskKey, Usd } from '../base/ids.ts';

/** Everything that can go wrong outside. The names are those of the language (`retry_on`, `error.type`). */
export type Failure =
  | { readonly type: 'rate_limited'; readonly message: string; readonly retryAfter?: Millis }
  /** No answer could be had: connection refused or dropped, 5xx, 529, an answer that is not JSON. */
  | { readonly type: 'unavailable'; readonly message: string; readonly status?: number }
  | { readonly type: 'unauthorized'; readonly message: string; readonly variable?: string }
  | { readonly type: 'context_too_long'; readonly message: string }
  /** The model declined to answer. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'bad_request'; readonly message: string }
  | { readonly type: 'output_invalid'; readonly message: string; readonly problems: readonly string[] }
  | { readonly type: 'check_failed'; readonly message: string; readonly problems: readonly string[] }
  | { readonly type: 'timed_out'; readonly message: string; readonly after: Millis }
  /** `of`: the sub-workflow whose limit it is; absent for that of the run. */
  | { readonly type: 'budget_exceeded'; readonly message: string; readonly spent: Usd; readonly limit: Usd; readonly of?: TaskKey }
  /** A template or an expression could not be evaluated on the values of this run. */
  | { readonly type: 'expression_failed'; readonly message: string; readonly field?: string }
  | { readonly type: 'file_unreadable'; readonly message: string; readonly file: string }
  | { readonly type: 'file_unwritable'; readonly message: string; readonly file: string }
  /** A command ended badly, or a function of the user's own threw. */
  | { readonly type: 'task_failed'; readonly message: string }
  /** Its process ended while it was at work, and nobody knows whether it was done. */
  | { readonly type: 'in_doubt'; readonly message: string }
  /** Too many items of a fan-out failed. */
  | { readonly type: 'items_failed'; readonly message: string; readonly failed: number; readonly items: number; readonly first: Failure }
  /** A node inside a group or a sub-workflow failed; `node` is its path from there. */
  | { readonly type: 'node_failed'; readonly message: string; readonly node: string; readonly cause: Failure }
  /** No answer was good enough: `escalate.when` held, no candidate was accepted, or a loop came to its last round. */
  | { readonly type: 'not_accepted'; readonly message: string }
  /** A tool could not be called, or failed. */
  | { readonly type: 'tool_failed'; readonly message: string; readonly tool: string }
  | { readonly type: 'cancelled'; readonly message: string }
  /** A bug of dagrun. */
  | { readonly type: 'bug'; readonly message: string };

/** A provider that asks for a longer pause is not waited for: another model is asked, or the node fails. */
export const LONGEST_WAIT: Millis = 60_000 as Millis;

export type FailureType = Failure['type'];

/** The world's failure, thrown; caught by models/client.ts (next candidate) and run/perform.ts (recorded). */
export class Failed extends Error {
  readonly failure: Failure;
  /** True when a provider may have charged for the call although no answer came of it: its cost is then unknown, not 0. */
  readonly mayHaveCharged: boolean;
  /** True when a provider would not take the request because of the JSON Schema in it. */
  readonly schemaRefused: boolean;
  /** True when a provider would not take back what its own earlier replies gave to be carried along. */
  readonly carryRefused: boolean;
  constructor(failure: Failure, options?: ErrorOptions & Partial<Pick<Failed, 'mayHaveCharged' | 'schemaRefused' | 'carryRefused'>>) {
    super(failure.message, options);
    this.name = 'Failed';
    this.failure = failure;
    this.mayHaveCharged = options?.mayHaveCharged ?? false;
    this.schemaRefused = options?.schemaRefused ?? false;
    this.carryRefused = options?.carryRefused ?? false;
  }
}

/**
 * What an aborted call failed of: the failure its signal was aborted with (`abort(new Failed(…))`), a time-out of
 * `AbortSignal.timeout`, else cancellation.
 */
export function failedByAbort(abort: AbortSignal, options?: { readonly mayHaveCharged?: boolean }): Failed {
  const reason: unknown = abort.reason;
  if (reason instanceof Failed) return new Failed(reason.failure, options);
  if (reason instanceof Error && reason.name === 'TimeoutError')
    return new Failed({ type: 'timed_out', message: 'no answer came in time', after: 0 as Millis }, options);
  return new Failed({ type: 'cancelled', message: 'the call was given up because the run was stopped' }, options);
}
