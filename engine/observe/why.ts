import type { Millis, NodeId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { renderDuration, renderUsd } from '../base/units.ts';
import type { Wake } from '../contracts/node-kind.ts';
import { type AttemptStory, isSettled, type NodeStory, type RunStory, type TaskStory } from './run-story.ts';

/** Why a node of a run did what it did. */
export interface NodeReasons {
  readonly node: string;
  readonly status: NodeStory['status'];
  /** Sentences, in the order in which things happened. */
  readonly because: readonly string[];
}

const TASKS_TOLD = 5;

/** Why a node ran, was skipped, failed, was cancelled or waits, from what the journal says; undefined when there is no such node. */
export function whyOf(story: RunStory, id: NodeId): NodeReasons | undefined {
  const node = story.nodes.get(id);
  if (!node) return undefined;
  return { node: id, status: node.status, because: [...sources(story, node), ...conditions(node), ...outcomes(story, node)] };
}

function sources(story: RunStory, { node, status }: NodeStory): readonly string[] {
  const settled = (id: NodeId): string => {
    const source = story.nodes.get(id);
    return `"${id}" (${source?.status ?? 'unknown'})`;
  };
  if (node.after.length === 0)
    return status === 'pending' ? ['it waits for nothing, and has not begun'] : ['it waits for nothing: it was among the first'];
  const open = node.after.filter(({ from }) => {
    const source = story.nodes.get(from);
    return !source || !isSettled(source);
  });
  if (open.length > 0) return [`it waits for ${open.map(({ from }) => settled(from)).join(', ')}`];
  const edges = node.after.map(({ from, optional }) => `${settled(from)}${optional ? ', with or without an output' : ''}`);
  return [`all it waits for had ended: ${edges.join(', ')}`];
}

function conditions(story: NodeStory): readonly string[] {
  const { node, operands, skip, status } = story;
  const found: string[] = [];
  if (node.skipIf && operands) {
    const { when, negate } = node.skipIf;
    found.push(`\`${negate ? 'run_if' : 'skip_if'}: ${textOf(when)}\` was ${negate}, so it ran${withOperands(operands)}`);
  }
  if (skip && status === 'skipped') {
    if (skip.reason === 'condition') {
      const written = node.skipIf
        ? `\`${node.skipIf.negate ? 'run_if' : 'skip_if'}: ${textOf(node.skipIf.when)}\` was ${!node.skipIf.negate}`
        : '';
      found.push(`${written}${withOperands(skip.operands ?? {})}`);
      if (!written.includes(skip.detail) && !skip.detail.includes(textOf(node.skipIf?.when))) found.push(`its reason: ${skip.detail}`);
    } else if (skip.reason === 'upstream_skipped') found.push(`it was skipped, since it ${skip.detail}`);
    else found.push(`it failed, and \`on_error: skip\` made a skip of that: ${skip.detail}`);
  }
  return found;
}

function outcomes(story: RunStory, node: NodeStory): readonly string[] {
  const found: string[] = [];
  if (node.reopened > 0)
    found.push(`it had not succeeded, and was given another chance ${node.reopened === 1 ? 'once' : `${node.reopened} times`}`);
  if (node.fanOut) found.push(...fanOut(node));
  else for (const task of node.tasks.values()) found.push(...tries(task));
  if (node.status === 'cancelled') found.push(`it was cancelled: ${cancelled(story, node)}`);
  if (node.status === 'failed' && node.tasks.size === 0) found.push(`it failed before its first try: ${node.failure?.message ?? ''}`);
  if (node.status === 'failed' && story.failure?.node === node.node.id) found.push('with that, the run failed');
  return found;
}

function fanOut(node: NodeStory): readonly string[] {
  const tasks = [...node.tasks.values()];
  const count = (status: TaskStory['status']): number => tasks.filter((task) => task.status === status).length;
  const parts = (['succeeded', 'failed', 'skipped', 'cancelled', 'waiting', 'running', 'retrying'] as const)
    .map((status) => ({ status, number: count(status) }))
    .filter(({ number }) => number > 0)
    .map(({ status, number }) => `${number} ${status}`);
  const reused = tasks.filter((task) => task.reused).length;
  const items = node.fanOut?.count ?? 0;
  const found = [
    `it went over ${items} item${items === 1 ? '' : 's'}: ${parts.join(', ') || 'none begun'}${reused > 0 ? `; ${reused} taken over` : ''}`,
  ];
  const odd = tasks.filter((task) => task.status !== 'succeeded' || task.attempts.length > 1 || task.recovered);
  for (const task of odd.slice(0, TASKS_TOLD)) found.push(...tries(task).map((line) => `${task.task}: ${line}`));
  if (odd.length > TASKS_TOLD) found.push(`… and ${odd.length - TASKS_TOLD} more items that did not go straight through`);
  return found;
}

function tries(task: TaskStory): readonly string[] {
  const found: string[] = [];
  for (const attempt of task.attempts) {
    for (const wait of attempt.waits) {
      found.push(
        wait.wake === null
          ? `it ${attempt.outcome === 'waiting' ? 'waits' : 'was waiting'} for ${waited(wait.until.type)}`
          : `it waited for ${waited(wait.until.type)}: ${wakeText(wait.wake)}`,
      );
      for (const { by, reason } of wait.refused) found.push(`an answer of ${by} was not taken: ${reason}`);
    }
    const line = tryText(attempt, task);
    if (line !== undefined) found.push(line);
  }
  return found;
}

function tryText(attempt: AttemptStory, task: TaskStory): string | undefined {
  const name = attempt.stage === 0 ? `try ${attempt.attempt}` : `try ${attempt.attempt}, of its on_error,`;
  const took =
    attempt.startedAt !== null && attempt.endedAt !== null
      ? ` after ${renderDuration((attempt.endedAt - attempt.startedAt) as Millis)}`
      : '';
  const calls = attempt.calls.length > 0 ? ` (${attempt.calls.map(({ call }) => call.model).join(', ')})` : '';
  switch (attempt.outcome) {
    case 'succeeded':
      if (task.reused) {
        const { from, run, task: source, saved } = task.reused;
        const money = saved === null || saved === 0 ? '' : `; it had cost ${renderUsd(saved)}`;
        return `nothing was done: its output was taken over from ${from === 'cache' ? 'the cache, made by ' : ''}${source} of ${run}${money}`;
      }
      return `${name} succeeded${took}${calls}`;
    case 'failed': {
      const { next, failure } = attempt;
      const then =
        next?.type === 'retry'
          ? next.stage === attempt.stage
            ? '; it was tried again'
            : '; its on_error came next'
          : next?.type === 'skip'
            ? '; on_error: skip'
            : '; that was the last';
      return `${name} failed${took}${calls}: ${failure?.message ?? ''}${then}`;
    }
    case 'interrupted':
      return `${name} was in flight when its process ended`;
    case 'cancelled':
      return `${name} was given up`;
    case 'running':
      return attempt.startedAt === null ? 'it waits for a free place' : `${name} is in flight`;
    case 'waiting':
      return undefined;
  }
}

/** The chain of causes, to the node that began it. */
function cancelled(story: RunStory, node: NodeStory): string {
  let at: NodeStory | undefined = node;
  const seen = new Set<NodeStory>();
  const names: string[] = [];
  while (at && at.status === 'cancelled' && !seen.has(at)) {
    seen.add(at);
    at = at.node.after
      .map(({ from }) => story.nodes.get(from))
      .find((source) => source?.status === 'failed' || source?.status === 'cancelled');
    if (at) names.push(`"${at.node.id}"`);
  }
  if (at?.status === 'failed') return `it needs ${names.join(', which needs ')}, which failed: ${at.failure?.message ?? ''}`;
  if (story.cancelledBy !== null) return `the run was stopped by ${story.cancelledBy}`;
  const failed = story.failure;
  if (failed) return `the run was stopped: ${failed.node === null ? '' : `"${failed.node}" failed: `}${failed.failure.message}`;
  return node.detail ?? 'the run was stopped';
}

function waited(type: 'timer' | 'signal' | 'approval'): string {
  return type === 'timer' ? 'a time' : type === 'signal' ? 'a signal' : 'a person';
}

function wakeText(wake: Wake): string {
  switch (wake.type) {
    case 'due':
      return 'it came';
    case 'deadline_passed':
      return 'none came in time';
    case 'signalled':
      return `sent by ${wake.by}`;
    case 'answered':
      return `${wake.approved ? 'approved' : 'rejected'} by ${wake.by}${wake.reason === null ? '' : `, ${wake.reason}`}`;
  }
}

const VALUE_WIDTH = 60;

function withOperands(operands: JsonObject): string {
  const parts = Object.entries(operands).map(([path, value]) => {
    const text = JSON.stringify(value);
    return `${path} = ${text.length > VALUE_WIDTH ? `${text.slice(0, VALUE_WIDTH)}…` : text}`;
  });
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
