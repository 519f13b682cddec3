import type { Instant, Millis, NodeId, TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { RunStatus, SkipReason, Value } from './event.ts';
import type { Failure } from './failure.ts';
import type { Wake, WakeCondition } from './node-kind.ts';

/**
 * What the kernel may ask about a run. A question costs the same however large the run is.
 *
 *   (absent) ─▶ opening ─▶ scheduled ─▶ running ─▶ succeeded
 *                  │           ▲           ├─────▶ failed
 *                  │           ├─ backing_off ◀┤
 *                  │           └─ parked ◀─────┘            (the same attempt goes on when it is woken)
 *                  ├─▶ expanded ─▶ succeeded | failed      (a fan-out; its items live under their own keys)
 *                  ├─▶ looping  ─▶ succeeded | failed      (each round lives under its own key)
 *                  │   running ─▶ inside ─▶ succeeded | failed     (a body; its nodes live under keys of their own)
 *                  └─▶ skipped                              any unsettled state ─▶ cancelled
 */
export interface RunView {
  readonly run: RunState;
  task(key: TaskKey): TaskState | undefined;
  /** How many of a node's sources have settled. */
  settledSources(node: TaskKey): number;
}

export interface RunState {
  readonly status: 'new' | 'running' | 'failing' | 'cancelling' | 'finishing' | RunStatus;
  /** Tasks and openings that were handed out and have not come back, retries included. */
  readonly open: number;
  /** Nodes that have not settled. */
  readonly unsettled: number;
  readonly failure: { readonly node: NodeId | null; readonly failure: Failure } | null;
  /** Tasks waiting for their retry. */
  readonly backingOff: readonly TaskKey[];
  /** Tasks waiting for a person, a signal or a time; not open. */
  readonly parked: readonly TaskKey[];
  /** Who started it; null before. */
  readonly startedBy: string | null;
  /** The last message of the inbox that was taken. */
  readonly inbox: number;
  /** Signals that came when nobody waited for them, oldest first. */
  readonly signals: readonly KeptSignal[];
  /** How long nobody drove it, in all: times of bodies are of a clock that stood still meanwhile. */
  readonly asleep: Millis;
}

export interface KeptSignal {
  readonly name: string;
  readonly payload: Json;
  readonly by: string;
  readonly sentAt: Instant;
}

/** What a task left when it was parked. */
interface Left {
  readonly memo: Json;
  /** The stage that waited: another one does not go on from there. */
  readonly stage: number;
  /** As of `Parked`. */
  readonly lasting?: true;
  readonly repeats?: string;
}

/** It was parked, and this is why it goes on. */
export type Woken = Left & { readonly wake: Wake };

/** It is parked, and this is what it waits for. */
export type Asked = Left & {
  readonly inside?: true;
  readonly until: WakeCondition /** Why the try before failed. */;
  readonly failure?: Failure;
};

/** What a task that has ended without success goes on from, when its run gets another chance; it waited still, or had been woken. */
export interface Remembered {
  readonly asked?: Asked;
  readonly woken?: Woken;
}

export type TaskState =
  /** `skip`: it will be skipped for this reason, whatever its own conditions say. */
  | ({
      readonly status: 'opening';
      readonly skip?: string;
      /** Its last try, if it was reopened. */
      readonly attempt?: number;
      /** It was skipped when it was done, and what stands in for it is being evaluated. */
      readonly instead?: Omit<SkippedState, 'status' | 'output' | 'guarded' | 'detail'>;
    } & Remembered)
  | {
      readonly status: 'expanded';
      readonly count: number;
      readonly next: number;
      readonly settled: number;
      readonly failed: number;
      /** At most so many items in flight. */
      readonly window: number;
      /** null: every item is tried, and one failure fails the node. */
      readonly maxFailures: number | null;
      /** No new item starts. */
      readonly closed: boolean;
      /** The first that failed, or the first that every item would meet. */
      readonly first: Failure | null;
      /** One item goes alone, until a model has answered it; `done`: that has been. */
      readonly warmUp?: 'wanted' | 'done';
      /** Items below `next` that are to be done again, in order. */
      readonly redo?: readonly number[];
    }
  | {
      readonly status: 'scheduled' | 'running';
      readonly attempt: number;
      /** Index in the node's ladder: its own stages, then the value of `on_error`. */
      readonly stage: number;
      /** From 1, within the stage. */
      readonly stageAttempt: number;
      /** Why the try before failed. */
      readonly failure?: Failure;
      /** The attempt this one goes on for, when that was interrupted: its calls are paid. */
      readonly base?: number;
      readonly woken?: Woken;
    }
  | {
      readonly status: 'backing_off';
      readonly attempt: number;
      readonly stage: number;
      readonly stageAttempt: number;
      readonly failure: Failure;
      readonly until: Instant;
      /** The next try goes on from there as well, and nobody is asked twice. */
      readonly woken?: Woken;
    }
  | ({
      readonly status: 'parked';
      readonly attempt: number;
      readonly stageAttempt: number;
      /** Whether it is done again is what is waited for; the rest as above. */
      readonly doubt?: { readonly base: number; readonly woken?: Woken };
    } & Asked)
  | {
      readonly status: 'looping';
      /** The last that has begun, from 1; 0 before. */
      readonly round: number;
      /** What follows the round is being evaluated. */
      readonly turning: boolean;
      /** What goes from round to round. */
      readonly memory: Json;
    }
  | {
      readonly status: 'inside';
      readonly attempt: number;
      readonly stage: number;
      readonly stageAttempt: number;
      readonly base?: number;
      /** Nodes of the body that have not settled. */
      readonly unsettled: number;
      /** Tasks and openings inside, however deep, that were handed out and have not come back. */
      readonly open: number;
      /** What it gives is being evaluated. */
      readonly leaving: boolean;
      /** Why the try before failed. */
      readonly failure?: Failure;
      /** When its time is up, by the run's own clock; only what is open inside uses it. */
      readonly due?: Instant;
      /** Since when it only waits. */
      readonly still?: Instant;
      /** Of this it will fail: nothing new starts in it any more. */
      readonly failing?: Failure;
      /** Other branches of it go on all the same. */
      readonly finishing?: true;
      readonly only?: readonly NodeId[];
      readonly route?: string;
      readonly inputs?: JsonObject;
    }
  | {
      readonly status: 'succeeded';
      readonly output: Value | null;
      readonly recovered?: Failure;
      /** Above 0: which of the node's stages gave it. */
      readonly stage?: number;
      /** Of a body: the attempt inside of which its nodes are. */
      readonly inside?: number;
      readonly accepted?: boolean;
      readonly route?: string;
      readonly carried?: JsonObject;
      /** Of a loop. */
      readonly rounds?: number;
      readonly memory?: Json;
    }
  | ({ readonly status: 'failed'; readonly failure: Failure; readonly attempt?: number; readonly kept?: KeptState } & Remembered)
  | {
      readonly status: 'skipped';
      readonly reason: SkipReason;
      readonly detail: string;
      readonly output: Json;
      readonly guarded: boolean;
      readonly failure?: Failure;
      readonly route?: string;
    }
  | ({ readonly status: 'cancelled'; readonly detail: string; readonly attempt?: number; readonly kept?: KeptState } & Remembered)
  /** It did not succeed, and waits for another chance; `attempt` was its last. */
  | ({
      readonly status: 'reopened';
      readonly attempt: number;
      /** Nobody knows whether it was done. */
      readonly doubt?: true;
    } & Remembered);

export type ExpandedState = Extract<TaskState, { readonly status: 'expanded' }>;
export type LoopingState = Extract<TaskState, { readonly status: 'looping' }>;
export type InsideState = Extract<TaskState, { readonly status: 'inside' }>;
export type SkippedState = Extract<TaskState, { readonly status: 'skipped' }>;
/** What something was that holds other tasks, in case that it gets another chance. */
export type KeptState = ExpandedState | LoopingState | InsideState;
