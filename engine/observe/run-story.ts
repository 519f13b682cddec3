import { type Instant, type NodeId, nanoUsd, type TaskKey, taskKey, type Usd } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { Next, Reuse, RunEvent, RunStatus, SkipReason, Value } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { ModelCall, ModelReply, Tier } from '../contracts/provider.ts';

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
  /** In plan order. */
  readonly nodes: ReadonlyMap<NodeId, NodeStory>;
}

export interface NodeStory {
  readonly node: PlanNode;
  status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  /** What its conditions read, when they held. */
  operands: JsonObject | null;
  skip: { readonly reason: SkipReason; readonly detail: string; readonly operands: JsonObject | null; readonly output: Value } | null;
  /** Why it was cancelled. */
  detail: string | null;
  failure: Failure | null;
  fanOut: { readonly items: Value; readonly count: number; readonly keys: readonly string[] | null; settled: number } | null;
  /** How often it had not succeeded and was given another chance. */
  reopened: number;
  endedAt: Instant | null;
  /** In the order they began. */
  readonly tasks: Map<TaskKey, TaskStory>;
  cost: Usd;
  unpricedCalls: number;
  calls: number;
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
  readonly waits: WaitStory[];
}

export interface CallStory {
  readonly at: Instant;
  readonly call: ModelCall;
  readonly request: string;
  readonly reply: ModelReply | null;
}

export interface WaitStory {
  readonly since: Instant;
  readonly until: WakeCondition;
  wokenAt: Instant | null;
  wake: Wake | null;
  /** Answers that were not taken. */
  readonly refused: { readonly by: string; readonly reason: string }[];
}

/** A story that has not begun. */
export function newStory(plan: Plan): RunStory {
  return {
    plan,
    status: 'running',
    startedAt: null,
    endedAt: null,
    startedBy: null,
    inputs: {},
    tiers: null,
    simulated: false,
    outputs: null,
    failure: null,
    resumed: 0,
    reopened: 0,
    cancelledBy: null,
    cost: nanoUsd(0),
    unpricedCalls: 0,
    nodes: new Map(plan.nodes.map((node) => [node.id, newNode(node)])),
  };
}

/** Takes the next event of the journal into the story, in place. */
export function tell(story: RunStory, event: RunEvent): void {
  switch (event.type) {
    case 'run.started':
      story.startedAt = event.at;
      story.startedBy = event.by;
      story.inputs = event.inputs;
      story.tiers = event.tiers ?? null;
      story.simulated = event.simulated;
      return;
    case 'run.cancel_requested':
      story.cancelledBy = event.by;
      return;
    case 'run.resumed':
      story.resumed += 1;
      return;
    case 'run.reopened':
      story.reopened += 1;
      story.status = 'running';
      story.endedAt = null;
      story.failure = null;
      story.cancelledBy = null;
      return;
    case 'run.failing':
      story.failure ??= { node: event.node, failure: event.failure };
      return;
    case 'run.finished':
      story.status = event.status;
      story.endedAt = event.at;
      story.outputs = event.outputs;
      if (event.failure) story.failure ??= { node: null, failure: event.failure };
      return;
    case 'run.finishing':
    case 'signal.received':
      return;
    case 'node.opening':
    case 'node.opened':
    case 'node.expanded':
    case 'node.skipped':
    case 'node.succeeded':
    case 'node.failed':
    case 'node.cancelled':
    case 'node.reopened': {
      const node = story.nodes.get(nodeOf(event.node));
      if (node) tellNode(node, event);
      return;
    }
    default: {
      const node = story.nodes.get(nodeOf(event.task));
      if (node) tellTask(story, node, event);
    }
  }
}

type NodeEvent = Extract<RunEvent, { readonly node: TaskKey }>;
type TaskEvent = Extract<RunEvent, { readonly task: TaskKey }>;

function tellNode(node: NodeStory, event: NodeEvent): void {
  switch (event.type) {
    case 'node.opening':
      node.status = 'running';
      return;
    case 'node.opened':
      node.operands = event.operands;
      return;
    case 'node.expanded':
      node.status = 'running';
      node.fanOut = { items: event.items, count: event.count, keys: event.keys ?? null, settled: 0 };
      return;
    case 'node.skipped':
      node.status = 'skipped';
      node.skip = { reason: event.reason, detail: event.detail, operands: event.operands ?? null, output: { json: event.output } };
      node.failure = event.failure ?? null;
      node.endedAt = event.at;
      return;
    case 'node.succeeded':
      node.status = 'succeeded';
      node.endedAt = event.at;
      return;
    case 'node.failed':
      node.status = 'failed';
      node.failure = event.failure;
      node.endedAt = event.at;
      return;
    case 'node.cancelled':
      node.status = 'cancelled';
      node.detail = event.detail;
      node.endedAt = event.at;
      return;
    case 'node.reopened':
      node.status = event.redo.length > 0 ? 'running' : 'pending';
      node.reopened += 1;
      node.detail = null;
      node.failure = null;
      node.endedAt = null;
      if (node.fanOut) node.fanOut.settled -= event.redo.length;
  }
}

function tellTask(story: RunStory, node: NodeStory, event: TaskEvent): void {
  let task = node.tasks.get(event.task);
  if (!task) {
    task = newTask(event.task);
    node.tasks.set(event.task, task);
  }
  if (event.type === 'attempt.scheduled') {
    task.status = 'running';
    const { attempt, stage } = event;
    task.attempts.push({
      attempt,
      stage,
      startedAt: null,
      endedAt: null,
      outcome: 'running',
      failure: null,
      next: null,
      calls: [],
      waits: [],
    });
    return;
  }
  const attempt = task.attempts.at(-1);
  if (!attempt) return;
  const end = (outcome: AttemptStory['outcome'], status: TaskStory['status']): void => {
    attempt.outcome = outcome;
    attempt.endedAt = event.at;
    task.status = status;
    if (node.fanOut && status !== 'retrying' && status !== 'running') node.fanOut.settled += 1;
  };
  switch (event.type) {
    case 'attempt.started':
      attempt.startedAt ??= event.at;
      attempt.outcome = 'running';
      if (node.status === 'pending') node.status = 'running';
      return;
    case 'model.called': {
      const { at, call, request, reply } = event;
      attempt.calls.push({ at, call, request, reply });
      for (const sum of [node, story]) {
        if (call.cost === null) sum.unpricedCalls += 1;
        else sum.cost = nanoUsd(sum.cost + call.cost);
      }
      node.calls += 1;
      return;
    }
    case 'attempt.parked':
      attempt.outcome = 'waiting';
      attempt.waits.push({ since: event.at, until: event.until, wokenAt: null, wake: null, refused: [] });
      task.status = 'waiting';
      node.status = 'waiting';
      return;
    case 'answer.refused':
      attempt.waits.at(-1)?.refused.push({ by: event.by, reason: event.reason });
      return;
    case 'attempt.woken': {
      const wait = attempt.waits.at(-1);
      if (wait) {
        wait.wokenAt = event.at;
        wait.wake = event.wake;
      }
      attempt.outcome = 'running';
      task.status = 'running';
      if (![...node.tasks.values()].some((other) => other.status === 'waiting')) node.status = 'running';
      return;
    }
    case 'attempt.interrupted':
      attempt.outcome = 'interrupted';
      attempt.endedAt = event.at;
      return;
    case 'attempt.succeeded':
      end('succeeded', 'succeeded');
      task.output = event.output;
      task.contentKey = event.contentKey ?? null;
      task.reused = event.reused ?? null;
      task.recovered = event.recovered ?? null;
      return;
    case 'attempt.failed':
      attempt.failure = event.failure;
      attempt.next = event.next;
      end('failed', event.next.type === 'retry' ? 'retrying' : event.next.type === 'skip' ? 'skipped' : 'failed');
      return;
    case 'attempt.cancelled':
      end('cancelled', 'cancelled');
  }
}

/** `scan[3]` is a task of the node `scan`. */
function nodeOf(task: TaskKey): NodeId {
  const bracket = task.indexOf('[');
  return (bracket < 0 ? task : task.slice(0, bracket)) as string as NodeId;
}

function newNode(node: PlanNode): NodeStory {
  return {
    node,
    status: 'pending',
    operands: null,
    skip: null,
    detail: null,
    failure: null,
    fanOut: null,
    reopened: 0,
    endedAt: null,
    tasks: new Map(),
    cost: nanoUsd(0),
    unpricedCalls: 0,
    calls: 0,
  };
}

function newTask(task: TaskKey): TaskStory {
  const index = /\[(\d+)\]$/.exec(task)?.[1];
  return {
    task: taskKey(task),
    index: index === undefined ? null : Number(index),
    status: 'running',
    attempts: [],
    output: null,
    contentKey: null,
    reused: null,
    recovered: null,
  };
}

/** True for a node whose state does not change any more, unless the run is given another chance. */
export function isSettled(node: NodeStory): boolean {
  return node.status === 'succeeded' || node.status === 'failed' || node.status === 'skipped' || node.status === 'cancelled';
}

/** The output of a settled node as others read it: of a fan-out the list, undefined when there is none. */
export function outputOf(node: NodeStory): Value | undefined {
  if (node.skip && node.status === 'skipped') return node.skip.output;
  if (node.status !== 'succeeded') return undefined;
  if (!node.fanOut) return [...node.tasks.values()][0]?.output ?? undefined;
  const outputs = Array.from({ length: node.fanOut.count }, () => null as Extract<Value, { json: unknown }>['json']);
  for (const { index, output } of node.tasks.values()) if (index !== null && output && 'json' in output) outputs[index] = output.json;
  return { json: outputs };
}
