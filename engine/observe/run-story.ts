import { nanoUsd, type TaskKey } from '../base/ids.ts';
import type { RunEvent, Value } from '../contracts/event.ts';
import type { Plan } from '../contracts/plan.ts';
import { itemOf, nodeKeyOf, taskAround, unitOf } from '../run/address.ts';
import { type IndexedNode, indexPlan } from '../run/plan-index.ts';
import type { AttemptStory, NodeStory, RunStory, TaskStory } from './story.ts';

/** A story that has not begun. */
export function newStory(plan: Plan): RunStory {
  const index = indexPlan(plan);
  const outermost = [...index.nodes.values()].map((planned) => newNode(planned.key, planned));
  return {
    index,
    all: new Map(outermost.map((node) => [node.key, node])),
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
    nodes: new Map(outermost.map((node) => [node.node.id, node])),
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
      tellNode(nodeAt(story, event.node), event);
      return;
    }
    case 'loop.turning':
    case 'loop.turned':
    case 'loop.ended':
    case 'loop.failed':
    case 'loop.skipped':
      tellLoop(nodeAt(story, event.task), event);
      return;
    case 'task.reopened':
      return;
    default:
      tellTask(story, nodeAt(story, event.task), event);
  }
}

type NodeEvent = Extract<RunEvent, { readonly node: TaskKey }>;
type LoopEvent = Extract<RunEvent, { readonly type: `loop.${string}` }>;
type TaskEvent = Exclude<Extract<RunEvent, { readonly task: TaskKey }>, LoopEvent>;

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
      node.fanOut = { items: event.items, count: event.count, keys: event.keys ?? null, warmUp: event.warmUp ?? null, settled: 0 };
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

function tellLoop(node: NodeStory, event: LoopEvent): void {
  const loop = node.loops.get(event.task) ?? { rounds: 0, memory: null, outcome: null, output: null, failure: null };
  node.loops.set(event.task, loop);
  if (node.status === 'pending') node.status = 'running';
  switch (event.type) {
    case 'loop.turning':
      return;
    case 'loop.turned':
      loop.rounds = event.round;
      loop.memory = event.memory;
      loop.outcome = null;
      return;
    case 'loop.ended':
      loop.outcome = event.accepted ? 'accepted' : 'exhausted';
      loop.memory = event.memory;
      loop.output = event.output;
      break;
    case 'loop.failed':
      loop.outcome = 'failed';
      loop.failure = event.failure;
      break;
    case 'loop.skipped':
      loop.outcome = 'skipped';
  }
  if (node.fanOut) node.fanOut.settled += 1;
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
      toolCalls: [],
      waits: [],
    });
    return;
  }
  if (event.type === 'attempt.entered' || event.type === 'attempt.skipped') {
    if (event.route !== undefined) task.route = { name: event.route, operands: event.operands ?? {} };
  }
  const attempt = task.attempts.at(-1);
  if (!attempt) return;
  if (task.status === 'waiting' && event.type !== 'answer.refused' && event.type !== 'attempt.logged') {
    for (const around of nodesAround(story, event.task)) {
      around.waiting -= 1;
      if (around.waiting === 0 && around.status === 'waiting') around.status = 'running';
    }
  }
  const end = (outcome: AttemptStory['outcome'], status: TaskStory['status']): void => {
    attempt.outcome = outcome;
    attempt.endedAt = event.at;
    task.status = status;
    // With rounds, an item has ended when its loop has.
    if (node.fanOut && !node.node.loop && status !== 'retrying' && status !== 'running') node.fanOut.settled += 1;
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
      const nodes = nodesAround(story, event.task);
      for (const sum of [...nodes, story]) {
        if (call.cost === null) sum.unpricedCalls += 1;
        else sum.cost = nanoUsd(sum.cost + call.cost);
      }
      for (const sum of nodes) sum.calls += 1;
      return;
    }
    case 'tool.called':
      if (event.call.status !== 'begun') attempt.toolCalls.push({ at: event.at, call: event.call });
      return;
    case 'attempt.parked':
      attempt.outcome = 'waiting';
      attempt.waits.push({ since: event.at, until: event.until, wokenAt: null, wake: null, refused: [] });
      task.status = 'waiting';
      for (const around of nodesAround(story, event.task)) {
        around.waiting += 1;
        around.status = 'waiting';
      }
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
    case 'attempt.skipped':
      end('succeeded', 'skipped');
      task.detail = event.detail;
      return;
    case 'attempt.cancelled':
      end('cancelled', 'cancelled');
  }
}

/** The node that a task or a node's key belongs to, begun by being told of. */
function nodeAt(story: RunStory, key: TaskKey): NodeStory {
  const own = nodeKeyOf(key);
  const known = story.all.get(own);
  if (known) return known;
  const made = newNode(own, story.index.at(own));
  story.all.set(own, made);
  return made;
}

/** The node of a task, and those around it, from inside out. */
function nodesAround(story: RunStory, task: TaskKey): readonly NodeStory[] {
  const found: NodeStory[] = [];
  for (let at: TaskKey | undefined = task; at !== undefined; at = taskAround(at)) found.push(nodeAt(story, at));
  return found;
}

function newNode(key: TaskKey, planned: IndexedNode): NodeStory {
  return {
    key,
    node: planned.node,
    planned,
    status: 'pending',
    operands: null,
    skip: null,
    detail: null,
    failure: null,
    fanOut: null,
    reopened: 0,
    endedAt: null,
    tasks: new Map(),
    loops: new Map(),
    waiting: 0,
    cost: nanoUsd(0),
    unpricedCalls: 0,
    calls: 0,
  };
}

function newTask(task: TaskKey): TaskStory {
  return {
    task,
    index: itemOf(unitOf(task))?.index ?? null,
    status: 'running',
    attempts: [],
    output: null,
    contentKey: null,
    reused: null,
    recovered: null,
    route: null,
    detail: null,
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
  if (!node.fanOut) return (node.node.loop ? [...node.loops.values()][0] : [...node.tasks.values()][0])?.output ?? undefined;
  const outputs = Array.from({ length: node.fanOut.count }, () => null as Extract<Value, { json: unknown }>['json']);
  const items = node.node.loop
    ? [...node.loops].map(([unit, { output }]) => ({ index: itemOf(unit)?.index ?? null, output }))
    : [...node.tasks.values()];
  for (const { index, output } of items) if (index !== null && output && 'json' in output) outputs[index] = output.json;
  return { json: outputs };
}
