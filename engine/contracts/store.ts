import type { Instant, NodeId, RunId, TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { EventBody, RunEvent, RunStatus, SkipReason, Value } from './event.ts';
import type { Failure } from './failure.ts';
import type { Plan } from './plan.ts';
import type { ModelCall } from './provider.ts';

/** Everything the outside tells the kernel. `at` is when it happened. */
export type InEvent = { readonly at: Instant } & (
  | { readonly type: 'start'; readonly inputs: JsonObject; readonly simulated: boolean }
  /** The conditions of a node were evaluated. */
  | { readonly type: 'opened'; readonly node: TaskKey; readonly opening: Opening }
  | { readonly type: 'started'; readonly task: TaskKey; readonly attempt: number }
  | {
      readonly type: 'done';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly outcome: TaskOutcome;
      readonly calls: readonly ModelCall[];
      readonly startedAt: Instant;
      /** Uniform in [0, 1): the jitter of a retry. */
      readonly roll: number;
    }
  | { readonly type: 'due'; readonly task: TaskKey; readonly attempt: number }
  /** Nothing new starts; what is in flight finishes. */
  | { readonly type: 'cancel'; readonly by: string }
  /** The run as a whole failed (its time or its money is used up). */
  | { readonly type: 'abandon'; readonly failure: Failure }
  | { readonly type: 'outputs'; readonly outcome: { readonly outputs: JsonObject } | { readonly failure: Failure } }
);

/** What came of evaluating a node's `skip_if` and `foreach`. */
export type Opening =
  | { readonly type: 'run'; readonly operands?: JsonObject }
  | { readonly type: 'skip'; readonly detail: string; readonly operands: JsonObject; readonly output: Json }
  | {
      readonly type: 'expand';
      readonly items: readonly Json[];
      readonly keys?: readonly string[];
      readonly window: number;
      readonly maxFailures: number | null;
    }
  | { readonly type: 'failed'; readonly failure: Failure };

export type TaskOutcome = { readonly type: 'output'; readonly output: Value } | { readonly type: 'failure'; readonly failure: Failure };

/**
 * What the kernel may ask about a run. A question costs the same however large the run is.
 *
 *   (absent) ─▶ opening ─▶ scheduled ─▶ running ─▶ succeeded
 *                  │           ▲           ├─────▶ failed
 *                  │           └─ backing_off ◀┘
 *                  ├─▶ expanded ─▶ succeeded | failed      (a fan-out; its items live under their own keys)
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
}

export type TaskState =
  /** `skip`: it will be skipped for this reason, whatever its own conditions say. */
  | { readonly status: 'opening'; readonly skip?: string }
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
      readonly first: Failure | null;
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
    }
  | {
      readonly status: 'backing_off';
      readonly attempt: number;
      readonly stage: number;
      readonly stageAttempt: number;
      readonly failure: Failure;
    }
  | { readonly status: 'succeeded'; readonly output: Value | null; readonly recovered?: Failure }
  | { readonly status: 'failed'; readonly failure: Failure }
  | {
      readonly status: 'skipped';
      readonly reason: SkipReason;
      readonly detail: string;
      readonly output: Json;
      readonly guarded: boolean;
      readonly failure?: Failure;
    }
  | { readonly status: 'cancelled'; readonly detail: string };

/** A change of a run's state; the store applies it without knowing what it means. */
export type Write =
  | { readonly type: 'run'; readonly state: RunState }
  | { readonly type: 'task'; readonly key: TaskKey; readonly state: TaskState }
  | { readonly type: 'settled_sources'; readonly node: TaskKey; readonly count: number }
  | { readonly type: 'items'; readonly node: TaskKey; readonly items: Value; readonly keys?: readonly string[] };

/** What is to be done outside. */
export type Command =
  /** Evaluate a node's `skip_if` and `foreach`. */
  | { readonly type: 'open'; readonly node: TaskKey }
  | { readonly type: 'call'; readonly task: TaskKey; readonly attempt: number; readonly stage: number; readonly urgency: number }
  | { readonly type: 'timer'; readonly task: TaskKey; readonly attempt: number; readonly at: Instant }
  /** Every node has settled well: evaluate the run's outputs. */
  | { readonly type: 'outputs' }
  /** The run is over. */
  | { readonly type: 'finish'; readonly status: RunStatus };

export interface Decision {
  readonly events: readonly EventBody[];
  readonly writes: readonly Write[];
  readonly commands: readonly Command[];
}

/** Pure: the same view and event give the same decision. */
export type Decide = (view: RunView, event: InEvent) => Decision;

export interface Advanced {
  readonly events: readonly RunEvent[];
  readonly commands: readonly Command[];
}

/** Everything that outlives a step of a run. */
export interface Store {
  create(run: RunId, plan: Plan, at: Instant): Promise<void>;
  /** One transaction: lock the run, decide, append, apply, and give back what is to be done. */
  advance(run: RunId, event: InEvent, decide: Decide): Promise<Advanced>;
  /** A task's state, or undefined when it has none yet. */
  task(run: RunId, key: TaskKey): Promise<TaskState | undefined>;
  /** The states of items 0 to `count - 1` of a fan-out, in order. */
  itemStates(run: RunId, node: TaskKey, count: number): Promise<readonly (TaskState | undefined)[]>;
  /** What a fan-out goes over. */
  items(run: RunId, node: TaskKey): Promise<FanOutItems>;
  readonly journal: Journal;
  close(): Promise<void>;
}

export interface FanOutItems {
  readonly items: readonly Json[];
  readonly keys?: readonly string[];
}

/** Append-only; the store assigns `seq`. */
export interface Journal {
  /** Events of a run with `seq` above `after`, oldest first. */
  read(run: RunId, after?: number): AsyncIterable<RunEvent>;
}
