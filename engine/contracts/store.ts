import type { Instant, Millis, PlanDigest, RunId, TaskKey, Usd } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { Cache } from './cache.ts';
import type { EventBody, Reuse, RunEvent, RunStatus, Value, Votes } from './event.ts';
import type { Failure } from './failure.ts';
import type { Wake } from './node-kind.ts';
import type { Plan } from './plan.ts';
import type { PaidCall, WarmUp } from './provider.ts';
import type { RunState, RunView, TaskState } from './run-state.ts';
import type { ToolCalled } from './tool.ts';

export type {
  Asked,
  ExpandedState,
  InsideState,
  KeptSignal,
  KeptState,
  Remembered,
  RunState,
  RunView,
  SkippedState,
  TaskState,
  Woken,
} from './run-state.ts';

/** Everything the outside tells the kernel. `at` is when it happened. */
export type InEvent = { readonly at: Instant } & (
  | ({ readonly type: 'start' } & Pick<
      Extract<EventBody, { readonly type: 'run.started' }>,
      'inputs' | 'simulated' | 'by' | 'replies' | 'tiers' | 'reuses'
    >)
  /** The conditions of a node were evaluated. */
  | { readonly type: 'opened'; readonly node: TaskKey; readonly opening: Opening }
  | { readonly type: 'started'; readonly task: TaskKey; readonly attempt: number }
  | {
      readonly type: 'done';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly outcome: TaskOutcome;
      readonly startedAt: Instant;
      /** Uniform in [0, 1): the jitter of a retry. */
      readonly roll: number;
    }
  /** A call was made; told as soon as its answer is there. */
  | { readonly type: 'called'; readonly task: TaskKey; readonly attempt: number; readonly paid: PaidCall }
  /** The same of a tool; told before it is called, when that may do harm twice, and as soon as it has ended. */
  | { readonly type: 'tool_called'; readonly task: TaskKey; readonly attempt: number; readonly call: ToolCalled }
  /** The code of a task has something to say. */
  | { readonly type: 'logged'; readonly task: TaskKey; readonly attempt: number; readonly text: string }
  /** The time of a retry has come, or of what a parked task waits for. */
  | { readonly type: 'due'; readonly task: TaskKey; readonly attempt: number }
  /** `inbox`, here and below: the message that said so, which is taken once. */
  | { readonly type: 'wake'; readonly task: TaskKey; readonly attempt: number; readonly wake: Wake; readonly inbox?: number }
  /** Somebody's answer cannot be taken. */
  | { readonly type: 'refuse'; readonly task: TaskKey; readonly by: string; readonly reason: string; readonly inbox: number }
  /** A run that has failed or was cancelled has another chance. */
  | { readonly type: 'reopen'; readonly repeatUnsafe?: boolean }
  /**
   * Another process goes on with the run: `tasks` are those that have begun and not settled, in any order. `repeatUnsafe`: also what
   * may do harm when it is done twice is done again unasked. `asleep`: how long nobody drove it.
   */
  | { readonly type: 'resume'; readonly tasks: readonly TaskKey[]; readonly repeatUnsafe?: boolean; readonly asleep?: Millis }
  /** Everybody who waits for it goes on; when nobody does, it is kept. */
  | {
      readonly type: 'signal';
      readonly name: string;
      readonly payload: Json;
      readonly by: string;
      readonly sentAt: Instant;
      readonly inbox: number;
    }
  /** Nothing new starts; what is in flight finishes. */
  | { readonly type: 'cancel'; readonly by: string }
  /** The run as a whole failed (its time or its money is used up). */
  | { readonly type: 'abandon'; readonly failure: Failure }
  /** What was found out about an attempt at a node that holds others, before these begin. */
  | { readonly type: 'entered'; readonly task: TaskKey; readonly attempt: number; readonly entry: Entry }
  /** What follows a round of a loop; round 0 has not been. */
  | { readonly type: 'turned'; readonly task: TaskKey; readonly round: number; readonly turn: Turn }
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
      readonly warmUp?: WarmUp;
    }
  | { readonly type: 'failed'; readonly failure: Failure };

/** How a body begins. */
export type Entry =
  | ({ readonly type: 'inside' } & Pick<Extract<EventBody, { readonly type: 'attempt.entered' }>, 'only' | 'route' | 'operands' | 'inputs'>)
  | { readonly type: 'skip'; readonly detail: string; readonly route?: string; readonly operands?: JsonObject }
  | { readonly type: 'failed'; readonly failure: Failure };

/** What follows a round of a loop. */
export type Turn =
  | { readonly type: 'again'; readonly memory: Json }
  /** `rounds`: how many have been, where the last one only stands in for them. */
  | { readonly type: 'end'; readonly accepted: boolean; readonly output: Value; readonly memory: Json; readonly rounds?: number }
  /** Its first round was skipped. */
  | { readonly type: 'skip'; readonly detail: string }
  /** `memory`: as it is after the round. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly memory?: Json };

export type TaskOutcome =
  /** `unsatisfied`: it is an answer, but a better one is wanted. */
  | {
      readonly type: 'output';
      readonly output: Value;
      readonly contentKey?: string;
      readonly reused?: Reuse;
      readonly unsatisfied?: string;
      /** Taken over with the output: why something else had given it than the node itself. */
      readonly recovered?: Failure;
      /** Of a round: what goes into the next one. */
      readonly carried?: JsonObject;
      /** Of a `best_of` that votes. */
      readonly votes?: Votes;
    }
  | ({ readonly type: 'parked' } & Pick<
      Extract<EventBody, { readonly type: 'attempt.parked' }>,
      'until' | 'memo' | 'lasting' | 'repeats' | 'inside'
    >)
  | { readonly type: 'failure'; readonly failure: Failure };

/** A change of a run's state; the store applies it without knowing what it means. */
export type Write =
  | { readonly type: 'run'; readonly state: RunState }
  | { readonly type: 'task'; readonly key: TaskKey; readonly state: TaskState }
  | { readonly type: 'settled_sources'; readonly node: TaskKey; readonly count: number }
  /**
   * A call of an attempt that has not ended; `null` when it has, and with it those of tools. `turns`: the conversation as far as it came
   * stays, up to the last time that tools were called, since what is tried next goes on with it.
   */
  | { readonly type: 'paid_call'; readonly task: TaskKey; readonly paid: PaidCall | null; readonly turns?: true }
  | { readonly type: 'tool_call'; readonly task: TaskKey; readonly call: ToolCalled }
  /** A call of a tool that was begun is made again, as if it had not been. */
  | { readonly type: 'tool_call_again'; readonly task: TaskKey; readonly request: string }
  | { readonly type: 'items'; readonly node: TaskKey; readonly items: Value; readonly keys?: readonly string[] };

/** What is to be done outside. */
export type Command =
  /** Evaluate a node's `skip_if` and `foreach`. */
  | { readonly type: 'open'; readonly node: TaskKey }
  | { readonly type: 'call'; readonly task: TaskKey; readonly attempt: number; readonly stage: number; readonly urgency: number }
  /** Evaluate how a body begins: the case of a route, the inputs of a sub-workflow. */
  | { readonly type: 'enter'; readonly task: TaskKey; readonly attempt: number; readonly stage: number }
  /** Evaluate what a body gives, all of whose nodes have settled; told as `done`. */
  | { readonly type: 'leave'; readonly task: TaskKey; readonly attempt: number; readonly stage: number }
  /** Evaluate what follows a round of a loop; round 0: how it begins. */
  | { readonly type: 'turn'; readonly task: TaskKey; readonly round: number }
  | { readonly type: 'timer'; readonly task: TaskKey; readonly attempt: number; readonly at: Instant }
  /** Give up what is in flight in a frame. */
  | { readonly type: 'stop'; readonly frame: string }
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

/** A run whose state is at hand. */
export interface LoadedRun extends RunView {
  /** The states of items 0 to `count - 1` of a fan-out, in order. */
  itemStates(node: TaskKey, count: number): readonly (TaskState | undefined)[];
  /** What a fan-out goes over. */
  items(node: TaskKey): FanOutItems;
  /** Tasks that have begun and not settled. */
  unsettledTasks(): readonly TaskKey[];
  /** The calls of a task's attempts that have not ended, in the order they were made. */
  paidCalls(task: TaskKey): readonly PaidCall[];
  /** What is known of the tools they called, in the same order. */
  toolCalls(task: TaskKey): readonly ToolCalled[];
}

/** How an event changes a run's state. */
export type Fold = (view: RunView, event: RunEvent) => readonly Write[];

/** Everything that outlives a step of a run. */
export interface Store {
  /** Throws StoreFailed when it cannot be kept. */
  create(run: NewRun): Promise<void>;
  /** One step: decide, append to the journal, apply; resolves once that outlives the process, with what is to be done. */
  advance(run: RunId, event: InEvent, decide: Decide): Promise<Advanced>;
  /** Makes the state of a run that this process did not start ready, by folding its journal. */
  load(run: RunId): Promise<void>;
  /** The state of a run that was created or loaded here, as it is at any time: reading it waits for nothing. */
  view(run: RunId): LoadedRun;
  /** What a loaded run has come to. */
  state(run: RunId): Promise<RunState>;
  /** A task's state, or undefined when it has none yet. */
  task(run: RunId, key: TaskKey): Promise<TaskState | undefined>;
  /** The states of items 0 to `count - 1` of a fan-out, in order. */
  itemStates(run: RunId, node: TaskKey, count: number): Promise<readonly (TaskState | undefined)[]>;
  /** What a fan-out goes over. */
  items(run: RunId, node: TaskKey): Promise<FanOutItems>;
  /** Tasks that have begun and not settled. */
  unsettledTasks(run: RunId): Promise<readonly TaskKey[]>;
  /** The calls of a task's attempts that have not ended, in the order they were made. */
  paidCalls(run: RunId, task: TaskKey): Promise<readonly PaidCall[]>;
  /** What is known of the tools they called, in the same order. */
  toolCalls(run: RunId, task: TaskKey): Promise<readonly ToolCalled[]>;
  readonly journal: Journal;
  readonly runs: RunDirectory;
  readonly inbox: Inbox;
  readonly cache: Cache;
  close(): Promise<void>;
}

/** A run as it is filed when it starts. */
export interface NewRun {
  readonly id: RunId;
  readonly plan: Plan;
  /** The workflow's file, absolute. */
  readonly file: string;
  readonly at: Instant;
  /** The run it was forked from, or whose answers it reuses. */
  readonly parent?: RunId;
}

/** What is known of a run without reading its journal. */
export interface RunRecord {
  readonly id: RunId;
  readonly workflow: string;
  readonly file: string;
  readonly digest: PlanDigest;
  readonly parent: RunId | null;
  /** `running` also for one whose process is gone: `beatAt` tells. */
  readonly status: 'running' | 'waiting' | RunStatus;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** Known cost of its calls so far. */
  readonly cost: Usd;
  /** Who drives it, and when that was last heard of. */
  readonly owner: string | null;
  readonly beatAt: Instant | null;
}

export interface RunDirectory {
  /** Newest first. */
  list(filter?: {
    readonly workflow?: string;
    readonly status?: RunRecord['status'];
    readonly limit?: number;
  }): Promise<readonly RunRecord[]>;
  find(run: RunId): Promise<RunRecord | undefined>;
  plan(run: RunId): Promise<Plan | undefined>;
  /**
   * Takes a run for `owner` if nobody drives it: no owner, or none heard of since `deadBefore`. False when somebody does.
   * `from`: only this one is known to be dead; of two who found it so, the second comes too late.
   */
  claim(run: RunId, owner: string, at: Instant, deadBefore: Instant, from?: string): Promise<boolean>;
  /** Says that `owner` still drives it; false when it was taken over. */
  beat(run: RunId, owner: string, at: Instant): Promise<boolean>;
  release(run: RunId, owner: string, status: RunRecord['status'], at: Instant): Promise<void>;
  /** Forgets runs that have ended, with everything they hold. */
  remove(runs: readonly RunId[]): Promise<void>;
  /** Bytes of text that are kept for these runs and for no others, about. */
  size(runs: readonly RunId[]): Promise<number>;
}

/** Wishes from outside to a run, whoever drives it: kept until they are taken. */
export interface Inbox {
  post(run: RunId, message: InboxMessage, at: Instant): Promise<void>;
  /** Takes what was posted to a run, oldest first; `done` forgets it once it is in the journal. */
  read(run: RunId): Promise<readonly { readonly id: number; readonly at: Instant; readonly message: InboxMessage }[]>;
  done(run: RunId, upTo: number): Promise<void>;
}

export type InboxMessage =
  | { readonly type: 'cancel'; readonly by: string }
  /** `attempt` is the one that asked: an answer does not count for a question that was asked again. */
  | {
      readonly type: 'answer';
      readonly task: TaskKey;
      readonly attempt: number;
      readonly wake: Extract<Wake, { readonly type: 'answered' }>;
    }
  | { readonly type: 'signal'; readonly name: string; readonly payload: Json; readonly by: string };

export interface FanOutItems {
  readonly items: readonly Json[];
  readonly keys?: readonly string[];
}

/** Append-only; the store assigns `seq`. */
export interface Journal {
  /** Events of a run with `seq` above `after`, oldest first. */
  read(run: RunId, after?: number): AsyncIterable<RunEvent>;
}

/** The store cannot keep what it is given, or give back what it kept. */
export class StoreFailed extends Error {
  readonly reason: 'full' | 'read_only' | 'corrupt' | 'locked' | 'io' | 'newer' | 'unreachable' | 'unknown_run' | 'taken_over';
  /** One action that mends it. */
  readonly help: string;
  /** 1: it failed while a run was under way. 2: another run is meant. 3: the store has to be set up. */
  readonly exitCode: 1 | 2 | 3;
  constructor(
    reason: StoreFailed['reason'],
    message: string,
    help: string,
    options?: ErrorOptions & { readonly exitCode?: StoreFailed['exitCode'] },
  ) {
    super(message, options);
    this.name = 'StoreFailed';
    this.reason = reason;
    this.help = help;
    this.exitCode = options?.exitCode ?? EXIT_CODES[reason];
  }

  /** The same while a run was under way: it has ended for this process, and can be gone on with. */
  during(run: RunId): StoreFailed {
    const goOn = this.reason === 'taken_over' ? '' : `\n\`dagrun resume ${run}\` then goes on from what was kept`;
    return new StoreFailed(this.reason, this.message, `${this.help}${goOn}`, { cause: this, exitCode: 1 });
  }
}

const EXIT_CODES: Readonly<Record<StoreFailed['reason'], StoreFailed['exitCode']>> = {
  unknown_run: 2,
  taken_over: 2,
  read_only: 3,
  newer: 3,
  unreachable: 3,
  corrupt: 3,
  locked: 3,
  full: 3,
  io: 3,
};
