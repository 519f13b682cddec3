import type { Millis, TaskKey } from '../base/ids.ts';
import { isList, isObject, type JsonObject } from '../base/json.ts';
import { renderDuration, renderUsd } from '../base/units.ts';
import type { Wake } from '../contracts/node-kind.ts';
import type { Edge } from '../contracts/plan.ts';
import { taskAround } from '../run/address.ts';
import { placesByName } from '../run/places.ts';
import { sourceKey } from '../run/plan-index.ts';
import { isSettled } from './run-story.ts';
import type { AttemptStory, LoopStory, NodeStory, RunStory, TaskStory } from './story.ts';

/** Why a node of a run did what it did. */
export interface NodeReasons {
  /** Its id; of one inside others its place, or the key of the one of its runs that is told of. */
  readonly node: string;
  readonly status: NodeStory['status'];
  /** Sentences, in the order in which things happened. */
  readonly because: readonly string[];
}

const TASKS_TOLD = 5;

/**
 * Why a node ran, was skipped, failed, was cancelled or waits, from what the journal says; undefined when there is no such node. `name`:
 * its place (`review/draft`), or one of its runs (`review[1]#2/draft`).
 */
export function whyOf(story: RunStory, name: string): NodeReasons | undefined {
  const exact = story.all.get(name as TaskKey);
  if (exact) return { node: name, status: exact.status, because: reasonsOf(story, exact) };
  const place = placesByName(story.index).get(name);
  if (!place) return undefined;
  const runs = [...story.all.values()].filter(({ planned }) => planned.place === name && planned.node.part === undefined);
  const [only, ...others] = runs;
  if (!only) return { node: name, status: isOver(story, name) ? 'skipped' : 'pending', because: whyNever(story, name) };
  if (others.length === 0) return { node: only.key, status: only.status, because: reasonsOf(story, only) };
  return { node: name, status: statusOf(runs), because: inAll(story, runs) };
}

function reasonsOf(story: RunStory, node: NodeStory): readonly string[] {
  return [...sources(story, node), ...conditions(node), ...outcomes(story, node)];
}

const WEIGHTS = ['failed', 'cancelled', 'waiting', 'running', 'pending', 'succeeded', 'skipped'] as const;

function statusOf(runs: readonly NodeStory[]): NodeStory['status'] {
  return WEIGHTS.find((status) => runs.some((run) => run.status === status)) ?? 'pending';
}

/** A node that was come to several times: how often what, and of each kind why. */
function inAll(story: RunStory, runs: readonly NodeStory[]): readonly string[] {
  const kinds = WEIGHTS.map((status) => ({ status, all: runs.filter((run) => run.status === status) })).filter(({ all }) => all.length > 0);
  const found = [`it was come to ${runs.length} times: ${kinds.map(({ status, all }) => `${all.length} ${status}`).join(', ')}`];
  for (const { all } of kinds) {
    const [first] = all;
    if (first) found.push(...reasonsOf(story, first).map((line) => `${first.key}: ${line}`));
    const others = all.slice(1, TASKS_TOLD).map(({ key }) => key);
    if (others.length > 0)
      found.push(`the same of ${others.join(', ')}${all.length > TASKS_TOLD ? ' …' : ''}: \`runs why\` takes each of these names`);
  }
  return found;
}

/** Whether the outermost node around a place has settled: what is inside of it, and has not begun, will not. */
function isOver(story: RunStory, name: string): boolean {
  const root = story.all.get(name.slice(0, name.indexOf('/')) as TaskKey);
  return root !== undefined && isSettled(root);
}

/** Why what is inside a node was never come to: as the nodes around it say. */
function whyNever(story: RunStory, name: string): readonly string[] {
  const parent = name.slice(0, name.lastIndexOf('/'));
  const around = [...story.all.values()].filter(({ planned }) => planned.place === parent && planned.node.part === undefined);
  if (around.length === 0) return parent.includes('/') ? whyNever(story, parent) : [`"${parent}" has not begun`];
  const routes = around.flatMap(({ tasks }) => [...tasks.values()].flatMap(({ route }) => (route ? [route] : [])));
  const [route] = routes;
  if (route) return [`its case was not taken: "${parent}" took "${route.name}"${withOperands(route.operands)}`];
  const [one] = around;
  if (one?.status === 'skipped') return [`"${one.key}" was skipped, and with it all that is inside: ${one.skip?.detail ?? ''}`];
  return [`"${parent}" was never come so far: it ${one?.status === 'pending' ? 'has not begun' : `is ${one?.status ?? 'not begun'}`}`];
}

function sources(story: RunStory, { node, status, key }: NodeStory): readonly string[] {
  const at = (edge: Edge): NodeStory | undefined => story.all.get(sourceKey(story.index, key, edge));
  const settled = (edge: Edge): string => {
    const source = at(edge);
    return `"${edge.from}" (${source?.status ?? 'unknown'})`;
  };
  if (node.after.length === 0)
    return status === 'pending'
      ? ['it waits for nothing, and has not begun']
      : [`it waits for nothing: it was among the first${key.includes('/') ? ` inside ${taskAround(key) ?? ''}` : ''}`];
  const open = node.after.filter((edge) => {
    const source = at(edge);
    return !source || !isSettled(source);
  });
  if (open.length > 0) return [`it waits for ${open.map(settled).join(', ')}`];
  const edges = node.after.map((edge) => `${settled(edge)}${edge.optional ? ', with or without an output' : ''}`);
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
  else
    for (const task of node.tasks.values())
      found.push(...tries(task, node).map((line) => (node.node.loop ? `${task.task}: ${line}` : line)));
  found.push(...loops(node));
  if (node.status === 'cancelled') found.push(`it was cancelled: ${cancelled(story, node)}`);
  if (node.status === 'failed' && node.tasks.size === 0) found.push(`it failed before its first try: ${node.failure?.message ?? ''}`);
  if (node.status === 'failed' && story.failure?.node === node.node.id) found.push('with that, the run failed');
  return found;
}

function fanOut(node: NodeStory): readonly string[] {
  const tasks = [...node.tasks.values()];
  // With rounds, what became of an item is what became of its loop.
  const ended = node.node.loop ? [...node.loops.values()].map(loopStatus) : tasks.map((task) => task.status);
  const count = (status: TaskStory['status']): number => ended.filter((one) => one === status).length;
  const parts = (['succeeded', 'failed', 'skipped', 'cancelled', 'waiting', 'running', 'retrying'] as const)
    .map((status) => ({ status, number: count(status) }))
    .filter(({ number }) => number > 0)
    .map(({ status, number }) => `${number} ${status}`);
  const reused = tasks.filter((task) => task.reused).length;
  const items = node.fanOut?.count ?? 0;
  const found = [
    `it went over ${items} item${items === 1 ? '' : 's'}: ${parts.join(', ') || 'none begun'}${reused > 0 ? `; ${reused} taken over` : ''}`,
  ];
  const warmUp = node.fanOut?.warmUp;
  if (warmUp)
    found.push(`one item went first, so that the others found its first ${warmUp.tokens} tokens or so in the cache of ${warmUp.model}`);
  const odd = tasks.filter((task) => task.status !== 'succeeded' || task.attempts.length > 1 || task.recovered);
  for (const task of odd.slice(0, TASKS_TOLD)) found.push(...tries(task, node).map((line) => `${task.task}: ${line}`));
  if (odd.length > TASKS_TOLD) found.push(`… and ${odd.length - TASKS_TOLD} more items that did not go straight through`);
  return found;
}

/** How the loop of a node, or of its first items, ended. */
function loops({ node, loops, fanOut }: NodeStory): readonly string[] {
  const all = [...loops];
  const found = all.slice(0, TASKS_TOLD).map(([unit, loop]) => `${fanOut ? `${unit}: ` : ''}${loopText(node, loop)}`);
  return all.length > TASKS_TOLD ? [...found, `… and the loops of ${all.length - TASKS_TOLD} more items`] : found;
}

function loopStatus({ outcome }: LoopStory): TaskStory['status'] {
  if (outcome === null) return 'running';
  return outcome === 'failed' || outcome === 'skipped' ? outcome : 'succeeded';
}

function loopText({ loop }: NodeStory['node'], { rounds, outcome, memory, failure }: LoopStory): string {
  const count = rounds === 1 ? '1 round' : `${rounds} rounds`;
  const known = isObject(memory) ? memory : {};
  const scores = isList(known.scores) && known.scores.some((score) => score !== null) ? `; scores ${known.scores.join(', ')}` : '';
  const carried = isObject(known.carry)
    ? withOperands(Object.fromEntries(Object.entries(known.carry).map(([name, value]) => [`carry.${name}`, value])))
    : '';
  const until = loop?.type === 'evaluate' ? `\`accept_if: ${textOf(loop.acceptIf)}\`` : `\`until: ${textOf(loop?.until)}\``;
  const kept = typeof known.kept === 'number' && known.kept !== rounds ? `; candidate ${known.kept} was kept` : '';
  switch (outcome) {
    case 'accepted':
      if (loop?.type === 'repeat' && loop.until === undefined) return `it made its ${count}${carried}`;
      return `it ended after ${count}, since ${until} held${scores}${carried}`;
    case 'exhausted':
      return `it ended after ${count} without ${until} having held${scores}${kept}${carried}`;
    case 'failed':
      return `its loop failed after ${count}: ${failure?.message ?? ''}${scores}`;
    case 'skipped':
      return 'its first round was skipped, and with it the node';
    case null:
      return `it is in round ${rounds}${scores}${carried}`;
  }
}

function tries(task: TaskStory, node: NodeStory): readonly string[] {
  const found: string[] = [];
  if (task.route) found.push(`the case "${task.route.name}" was taken${withOperands(task.route.operands)}`);
  if (task.detail !== null) found.push(`nothing was done: ${task.detail}`);
  for (const attempt of task.attempts) {
    for (const wait of attempt.waits) {
      found.push(
        wait.wake === null
          ? `it ${attempt.outcome === 'waiting' ? 'waits' : 'was waiting'} for ${waited(wait.until.type)}`
          : `it waited for ${waited(wait.until.type)}: ${wakeText(wait.wake)}`,
      );
      for (const { by, reason } of wait.refused) found.push(`an answer of ${by} was not taken: ${reason}`);
    }
    const line = task.detail === null ? tryText(attempt, task, node) : undefined;
    if (line !== undefined) found.push(line);
  }
  return found;
}

/** Whom a try called, each once: ` (claude-sonnet-5-5 ×3; find ×2, mail)`. */
function calledText({ calls, toolCalls }: AttemptStory): string {
  const counted = (names: readonly string[]): string =>
    [...new Set(names)]
      .map((name) => ({ name, count: names.filter((one) => one === name).length }))
      .map(({ name, count }) => (count === 1 ? name : `${name} ×${count}`))
      .join(', ');
  const parts = [counted(calls.map(({ call }) => call.model)), counted(toolCalls.map(({ call }) => call.tool))];
  const text = parts.filter((part) => part !== '').join('; ');
  return text === '' ? '' : ` (${text})`;
}

function tryText(attempt: AttemptStory, task: TaskStory, { node }: NodeStory): string | undefined {
  const stage = node.stages[attempt.stage];
  const { tier } = stage?.spec ?? {};
  const isHigher = stage?.name === 'escalated';
  const which = isHigher ? `, on ${typeof tier === 'string' ? tier : 'the next tier'},` : ', of its on_error,';
  const name = `try ${attempt.attempt}${attempt.stage === 0 ? '' : which}`;
  const took =
    attempt.startedAt !== null && attempt.endedAt !== null
      ? ` after ${renderDuration((attempt.endedAt - attempt.startedAt) as Millis)}`
      : '';
  const calls = calledText(attempt);
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
            : node.stages[next.stage]?.name === 'escalated'
              ? '; the next tier was asked'
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
    const here: NodeStory = at;
    at = here.node.after
      .map((edge) => story.all.get(sourceKey(story.index, here.key, edge)))
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
