import type { BlobRef, Instant, Millis, NodeId, PlanDigest, RunId, TaskKey, Usd } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { Failure } from './failure.ts';
import type { Wake, WakeCondition } from './node-kind.ts';
import type { ModelCall, ModelReply, Tier, WarmUp } from './provider.ts';
import type { ToolCalled } from './tool.ts';

/** One fact in the journal. `seq` counts from 1 within a run, without gaps. */
export type RunEvent = { readonly run: RunId; readonly seq: number; readonly at: Instant } & EventBody;

export type EventBody =
  // the run
  | {
      readonly type: 'run.started';
      readonly workflow: string;
      readonly plan: PlanDigest;
      readonly inputs: JsonObject;
      readonly simulated: boolean;
      /** Who started it. */
      readonly by: string;
      /** The replies file it is answered from, absolute. */
      readonly replies?: string;
      /** What the tiers stood for. */
      readonly tiers?: Readonly<Record<Tier, readonly string[]>>;
      /** An earlier run whose outputs it takes over where nothing has changed. */
      readonly reuses?: RunReuse;
    }
  | { readonly type: 'run.cancel_requested'; readonly by: string }
  /** `kept`: nobody waited for it, so that it is there for the first who will. */
  | {
      readonly type: 'signal.received';
      readonly name: string;
      readonly payload: Json;
      readonly by: string;
      readonly sentAt: Instant;
      readonly kept: boolean;
      readonly inbox: number;
    }
  /** Somebody answered who may not, or too late, or with a form that does not fit. */
  | { readonly type: 'answer.refused'; readonly task: TaskKey; readonly by: string; readonly reason: string; readonly inbox: number }
  /** It had failed or was cancelled, and gets another chance. */
  | { readonly type: 'run.reopened' }
  | { readonly type: 'node.reopened'; readonly node: TaskKey; readonly redo: readonly number[] }
  /** Another process goes on with it. */
  | { readonly type: 'run.resumed'; readonly interrupted: number /** How long nobody drove it. */; readonly asleep?: Millis }
  | { readonly type: 'run.failing'; readonly node: NodeId | null; readonly failure: Failure }
  /** Every node has settled; the outputs are being evaluated. */
  | { readonly type: 'run.finishing' }
  | { readonly type: 'run.finished'; readonly status: RunStatus; readonly outputs: JsonObject | null; readonly failure?: Failure }
  // what the kernel decided about a node
  | { readonly type: 'node.opening'; readonly node: TaskKey; readonly skip?: string }
  /** Its conditions held: what they read. */
  | { readonly type: 'node.opened'; readonly node: TaskKey; readonly operands: JsonObject }
  | {
      readonly type: 'node.expanded';
      readonly node: TaskKey;
      readonly items: Value;
      readonly count: number;
      readonly window: number;
      readonly maxFailures: number | null;
      readonly keys?: readonly string[];
      /** The first item that asks a model goes alone, until it has been answered. */
      readonly warmUp?: WarmUp;
    }
  | {
      readonly type: 'node.skipped';
      readonly node: TaskKey;
      readonly reason: SkipReason;
      readonly detail: string;
      readonly operands?: JsonObject;
      readonly output: Json;
      readonly guarded: boolean;
      readonly failure?: Failure;
    }
  | { readonly type: 'node.succeeded'; readonly node: TaskKey }
  | { readonly type: 'node.failed'; readonly node: TaskKey; readonly failure: Failure }
  | { readonly type: 'node.cancelled'; readonly node: TaskKey; readonly detail: string }
  // bodies and loops
  /** An attempt at a node that holds others: they begin. `only`: no others than these. */
  | {
      readonly type: 'attempt.entered';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly only?: readonly NodeId[];
      /** The case of a route that was taken, and what decided. */
      readonly route?: string;
      readonly operands?: JsonObject;
      /** Of a sub-workflow. */
      readonly inputs?: JsonObject;
    }
  /** It fails because something in it failed; what is in flight inside finishes. `others`: what does not need that begins all the same. */
  | {
      readonly type: 'attempt.failing';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly failure: Failure;
      readonly others?: true;
    }
  /** All nodes of the body have settled; what it gives is being evaluated. */
  | { readonly type: 'attempt.leaving'; readonly task: TaskKey; readonly attempt: number }
  /** Nothing was done: the case taken is `skip`, or wants what was skipped. */
  | {
      readonly type: 'attempt.skipped';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly reason: SkipReason;
      readonly detail: string;
      readonly route?: string;
      readonly operands?: JsonObject;
      /** The case taken failed, and its `on_error` says to skip. */
      readonly failure?: Failure;
    }
  /** The task's loop begins its next round; `memory` is what goes from round to round. `round` 0: it is about to begin. */
  | { readonly type: 'loop.turning'; readonly task: TaskKey; readonly round: number }
  | { readonly type: 'loop.turned'; readonly task: TaskKey; readonly round: number; readonly memory: Json }
  | {
      readonly type: 'loop.ended';
      readonly task: TaskKey;
      readonly rounds: number;
      readonly accepted: boolean;
      readonly output: Value;
      readonly memory: Json;
      readonly recovered?: Failure;
    }
  | { readonly type: 'loop.failed'; readonly task: TaskKey; readonly failure: Failure; readonly skip: boolean }
  | {
      readonly type: 'loop.skipped';
      readonly task: TaskKey;
      readonly reason: SkipReason;
      readonly detail: string;
    }
  /** It did not succeed, and goes on from where it was: with the items, the round or the nodes that are left. */
  | { readonly type: 'task.reopened'; readonly task: TaskKey }
  // the life of one attempt
  | {
      readonly type: 'attempt.scheduled';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly stage: number;
      readonly stageAttempt: number;
      /** What the loop failed of, in place of whose work this is. */
      readonly failure?: Failure;
    }
  | { readonly type: 'attempt.started'; readonly task: TaskKey; readonly attempt: number }
  /** Committed right after the answer. `request` is a digest of what was asked, `reply` null when no usable answer came. */
  | {
      readonly type: 'model.called';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly call: ModelCall;
      readonly request: string;
      readonly reply: ModelReply | null;
    }
  /** What is known of a call of a tool: that it was begun, or what came of it, committed right after. */
  | { readonly type: 'tool.called'; readonly task: TaskKey; readonly attempt: number; readonly call: ToolCalled }
  | {
      readonly type: 'attempt.parked';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly until: WakeCondition;
      readonly memo: Json;
      /** It was interrupted, and whether it is done again is what is waited for. */
      readonly doubt?: true;
      /** As of `Parked`. */
      readonly lasting?: true;
      readonly repeats?: string;
      readonly inside?: true;
    }
  | {
      readonly type: 'attempt.woken';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly wake: Wake;
      /** The message of the inbox that woke it. */
      readonly inbox?: number;
    }
  /** What the code of a task says of its work, for people. */
  | { readonly type: 'attempt.logged'; readonly task: TaskKey; readonly attempt: number; readonly text: string }
  /** Its process ended while it was in flight: a call it was making may have been paid for. */
  | { readonly type: 'attempt.interrupted'; readonly task: TaskKey; readonly attempt: number }
  | {
      readonly type: 'attempt.succeeded';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly output: Value;
      readonly duration: Millis;
      readonly recovered?: Failure;
      /** False: the highest tier's answer, which is still not good enough. */
      readonly accepted?: false;
      /** Of a round: what goes into the next one. */
      readonly carried?: JsonObject;
      /** Of a `best_of` that votes. */
      readonly votes?: Votes;
      /** Digest of everything that made this output: the same key gives the same output. */
      readonly contentKey?: string;
      /** It was not computed again. */
      readonly reused?: Reuse;
    }
  | {
      readonly type: 'attempt.failed';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly failure: Failure;
      readonly duration: Millis;
      readonly next: Next;
    }
  | { readonly type: 'attempt.cancelled'; readonly task: TaskKey; readonly attempt: number };

export type EventType = EventBody['type'];

export type RunStatus = 'succeeded' | 'failed' | 'cancelled';

/** Where an output that was not computed again came from. */
export interface Reuse {
  readonly from: 'run' | 'cache';
  readonly run: RunId;
  readonly task: TaskKey;
  /** What its calls had cost; null when that is not known. */
  readonly saved: Usd | null;
  /** The model that had answered; absent when none was asked. */
  readonly by?: Answerer;
}

/** How many candidates have the vote of the one that was kept, and how many voted. */
export interface Votes {
  readonly agreed: number;
  readonly of: number;
}

export interface Answerer {
  readonly provider: string;
  readonly model: string;
  readonly tier?: Tier;
}

/** How a run uses an earlier one. */
export interface RunReuse {
  readonly run: RunId;
  /** Places of nodes (`scan`, `scan/draft`) that are done again whatever has changed, and with them all that follows. */
  readonly refresh: readonly string[];
  /** Only this node is done; what it reads is taken from the earlier run as it was. */
  readonly only?: NodeId;
}

/** By reference when large, so that rows stay small. */
export type Value = { readonly json: Json } | { readonly blob: BlobRef; readonly bytes: number };

/** `failed`: its error was turned into a skip by `on_error: skip`. */
export type SkipReason = 'condition' | 'upstream_skipped' | 'failed';

export type Next =
  | { readonly type: 'retry'; readonly at: Instant; readonly stage: number }
  /** Given up, and counted as a skip by `on_error: skip`. */
  | { readonly type: 'skip' }
  | { readonly type: 'give_up' };
