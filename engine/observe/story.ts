import type { Instant, NodeId, TaskKey, Usd } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { Next, Reuse, RunStatus, SkipReason, Value } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { ModelCall, ModelReply, Tier, WarmUp } from '../contracts/provider.ts';
import type { ToolCalled } from '../contracts/tool.ts';
import type { IndexedNode, PlanIndex } from '../run/plan-index.ts';

/** All that the journal tells of a run, by node, task and try. */
export interface RunStory {
  readonly plan: Plan;
  status: 'running' | RunStatus;
  startedAt: Instant | null;
  endedAt: Instant | null;
  startedBy: string | null;
  inputs: JsonObject;
  tiers: Readonly<Record<Tier, readonly string[]>> | null;
  simulated: boolean;
  outputs: JsonObject | null;
  failure: { readonly node: NodeId | null; readonly failure: Failure } | null;
  /** Times that another process went on with it, and times it was given another chance. */
  resumed: number;
  reopened: number;
  cancelledBy: string | null;
  /** Known cost of all calls. */
  cost: Usd;
  unpricedCalls: number;
  /** The outermost, in plan order. */
  readonly nodes: ReadonlyMap<NodeId, NodeStory>;
  /** All of them, by key: those inside others once for every item and round they are in, in the order they began. */
  readonly all: Map<TaskKey, NodeStory>;
  readonly index: PlanIndex;
}

export interface NodeStory {
  readonly key: TaskKey;
  readonly node: PlanNode;
  /** Its place in the plan. */
  readonly planned: IndexedNode;
  status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  /** What its conditions read, when they held. */
  operands: JsonObject | null;
  skip: { readonly reason: SkipReason; readonly detail: string; readonly operands: JsonObject | null; readonly output: Value } | null;
  /** Why it was cancelled. */
  detail: string | null;
  failure: Failure | null;
  fanOut: {
    readonly items: Value;
    readonly count: number;
    readonly keys: readonly string[] | null;
    /** One item went first, so that the others found in a cache what all of them begin with. */
    readonly warmUp: WarmUp | null;
    settled: number;
  } | null;
  /** How often it had not succeeded and was given another chance. */
  reopened: number;
  endedAt: Instant | null;
  /** Its items and rounds, in the order they began. */
  readonly tasks: Map<TaskKey, TaskStory>;
  /** The loop of the node, or of each of its items. */
  readonly loops: Map<TaskKey, LoopStory>;
  /** Tasks that wait, its own and those of what is inside. */
  waiting: number;
  /** Of its calls, and those of what is inside. */
  cost: Usd;
  unpricedCalls: number;
  calls: number;
}

export interface LoopStory {
  rounds: number;
  memory: Json;
  /** `skipped`: before its first round had come to anything. null while it goes on. */
  outcome: 'accepted' | 'exhausted' | 'failed' | 'skipped' | null;
  output: Value | null;
  failure: Failure | null;
}

export interface TaskStory {
  readonly task: TaskKey;
  /** The item it is for. */
  readonly index: number | null;
  status: 'running' | 'retrying' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  readonly attempts: AttemptStory[];
  output: Value | null;
  contentKey: string | null;
  reused: Reuse | null;
  recovered: Failure | null;
  /** The case of a route that was taken, and what was read for that. */
  route: { readonly name: string; readonly operands: JsonObject } | null;
  /** Why nothing was done. */
  detail: string | null;
}

export interface AttemptStory {
  readonly attempt: number;
  readonly stage: number;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** `interrupted`: its process ended before it did. */
  outcome: 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  failure: Failure | null;
  next: Next | null;
  readonly calls: CallStory[];
  /** Calls of tools that came to an end. */
  readonly toolCalls: ToolCallStory[];
  readonly waits: WaitStory[];
}

export interface CallStory {
  readonly at: Instant;
  readonly call: ModelCall;
  readonly request: string;
  readonly reply: ModelReply | null;
}

export interface ToolCallStory {
  readonly at: Instant;
  readonly call: ToolCalled;
}

export interface WaitStory {
  readonly since: Instant;
  readonly until: WakeCondition;
  wokenAt: Instant | null;
  wake: Wake | null;
  /** Answers that were not taken. */
  readonly refused: { readonly by: string; readonly reason: string }[];
}
