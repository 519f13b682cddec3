import {
  type AttemptStory,
  type CallStory,
  displayWidth,
  type Millis,
  type NodeStory,
  nodeKeyOf,
  type RunStory,
  renderDuration,
  renderTokens,
  renderUsd,
  type TaskKey,
  type TaskStory,
  type ToolCallStory,
  type Usd,
  unitOf,
  type Value,
  yamlText,
} from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { UsageError } from './command.ts';
import type { Context } from './context.ts';
import { oneLine, renderTable } from './layout.ts';
import { toneOf } from './runs-table.ts';
import { callText } from './tools-view.ts';

/** Enough to see how they are named. */
const RUNS_NAMED = 5;

export interface FoundTasks {
  readonly node: NodeStory;
  /** One, or all of a fan-out. */
  readonly tasks: readonly TaskStory[];
}

/** The tasks meant by `scan`, `scan[3]`, `scan[3]#2/read`; by `scan/read` those of its only run. Throws UsageError when there are none. */
export function findTasks(story: RunStory, text: string): FoundTasks {
  const all = [...story.all.values()];
  const id = nodeKeyOf(text as TaskKey);
  const runs = all.filter(({ planned }) => planned.place === text && planned.node.part === undefined);
  const node = story.all.get(id) ?? (runs.length === 1 ? runs[0] : undefined);
  if (!node && runs.length > 1) {
    const names = runs.slice(0, RUNS_NAMED).map(({ key }) => key);
    throw new UsageError(
      `"${text}" has begun ${runs.length} times`,
      `name one of them: ${names.join(', ')}${runs.length > RUNS_NAMED ? ' …' : ''}`,
    );
  }
  if (!node)
    throw new UsageError(
      `"${text}" is not a node of ${story.plan.workflow} that has begun`,
      `its nodes: ${[...story.nodes.keys()].join(', ')}`,
    );
  const isWhole = id === text || node.planned.place === text;
  const tasks = [...node.tasks.values()].filter((task) => isWhole || task.task === text || unitOf(task.task) === text);
  if (tasks.length > 0) return { node, tasks };
  if (!isWhole) throw new UsageError(`"${text}" has not begun`, `\`dagrun runs why <run> ${id}\` says why`);
  return { node, tasks: [] };
}

/** The same as plain JSON. */
export function taskJson({ node, tasks }: FoundTasks): object {
  const { skip, detail, failure, operands } = node;
  return { node: node.key, status: node.status, operands, skip, detail, failure, tasks };
}

/** One task in full, or the tasks of a fan-out as a table. */
export function renderTasks({ node, tasks }: FoundTasks, ctx: Context): readonly string[] {
  const { out } = ctx;
  const [only] = tasks;
  if (!only) {
    const why = node.skip?.detail ?? node.failure?.message ?? node.detail;
    return [`${out.bold(node.key)}  ${toneOf(node.status, out)(node.status)}${why ? `: ${why}` : ''}`];
  }
  return tasks.length > 1 ? table(node, tasks, ctx) : page(node, only, ctx);
}

function table(node: NodeStory, tasks: readonly TaskStory[], ctx: Context): readonly string[] {
  const { out } = ctx;
  const rows = tasks
    .toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0))
    .map((task) => [
      task.task,
      task.status,
      String(task.attempts.length),
      spent(task.attempts),
      task.attempts.at(-1)?.failure?.message ?? (task.reused ? `taken over from ${task.reused.run}` : preview(task.output)),
    ]);
  const columns = [
    { title: 'task' },
    { title: 'status', paint: (text: string) => toneOf(text.trim(), out)(text) },
    { title: 'tries', align: 'right' as const },
    { title: 'cost', align: 'right' as const },
    { title: 'output, or what went wrong', shrinks: true },
  ];
  const head = `${out.bold(node.key)}  ${toneOf(node.status, out)(node.status)}  ${out.dim([node.fanOut ? countOf(node.fanOut.count, 'item') : '', node.node.loop ? countOf(tasks.length, 'round') : ''].filter((fact) => fact !== '').join(' · '))}`;
  return [head, ...renderTable(columns, rows, { width: Math.min(ctx.outWidth, 200), title: out.dim })];
}

function page(node: NodeStory, task: TaskStory, ctx: Context): readonly string[] {
  const { out } = ctx;
  const key = task.index === null ? undefined : node.fanOut?.keys?.[task.index];
  const lines = [`${out.bold(task.task)}  ${toneOf(task.status, out)(task.status)}${key === undefined ? '' : `  ${out.dim(key)}`}`];
  const item = task.index === null ? undefined : itemOf(node, task.index);
  if (item !== undefined) lines.push(...block('item', item, ctx));
  if (task.route) lines.push(`  ${out.dim('case')}  ${task.route.name}`);
  for (const attempt of task.attempts) lines.push(...tryLines(attempt, task, node, ctx));
  if (task.output && 'json' in task.output) lines.push(...block('output', textOf(task.output), ctx));
  return lines;
}

function tryLines(attempt: AttemptStory, task: TaskStory, { node }: NodeStory, ctx: Context): readonly string[] {
  const { out } = ctx;
  const took =
    attempt.startedAt !== null && attempt.endedAt !== null
      ? ` after ${renderDuration((attempt.endedAt - attempt.startedAt) as Millis)}`
      : '';
  const reused = task.reused && attempt.outcome === 'succeeded' ? `: taken over from ${task.reused.task} of ${task.reused.run}` : '';
  const failed = attempt.failure ? `: ${attempt.failure.message}` : '';
  const stage = node.stages[attempt.stage];
  const { tier } = stage?.spec ?? {};
  const which = stage?.name === 'escalated' ? ` (${typeof tier === 'string' ? tier : 'the next tier'})` : ' (on_error)';
  const name = `try ${attempt.attempt}${attempt.stage === 0 ? '' : which}`;
  const lines = [`  ${name}  ${toneOf(attempt.outcome, out)(attempt.outcome)}${took}${reused}${failed}`];
  for (const wait of attempt.waits) {
    const what =
      wait.until.type === 'approval'
        ? `asked: ${wait.until.request.message}`
        : `waited for ${wait.until.type === 'timer' ? 'a time' : `the signal ${wait.until.name}`}`;
    lines.push(`    ${oneLine(what, ctx.outWidth - 4)}`);
    const { wake } = wait;
    if (wake?.type === 'answered')
      lines.push(`    ${wake.approved ? 'approved' : 'rejected'} by ${wake.by}${wake.reason === null ? '' : `: ${wake.reason}`}`);
    else if (wake)
      lines.push(`    ${wake.type === 'signalled' ? `sent by ${wake.by}` : wake.type === 'due' ? 'it came' : 'nobody answered in time'}`);
  }
  // In the order in which they came to an end: what a model wants called follows it.
  const said = attempt.calls.map((one) => ({ at: one.at, lines: () => modelLines(one, ctx) }));
  const done = attempt.toolCalls.map((one) => ({ at: one.at, lines: () => toolLines(one, ctx) }));
  for (const one of [...said, ...done].sort((x, y) => x.at - y.at)) lines.push(...one.lines());
  return lines;
}

function modelLines({ call, request, reply }: CallStory, ctx: Context): readonly string[] {
  const { out } = ctx;
  const facts = [
    `${call.provider}/${call.model}`,
    ...(call.tier === undefined ? [] : [call.tier]),
    ...(call.call === 'repair' ? ['asked to mend its answer'] : []),
    ...(call.call === 'summarize' ? ['asked to shorten what did not fit'] : []),
    `${renderTokens(call.usage.input)} tokens in`,
    `${renderTokens(call.usage.output)} out`,
    call.cost === null ? 'price not known' : renderUsd(call.cost),
    renderDuration(call.latency),
    `request ${request.slice(0, 12)}`,
  ];
  const lines = [`    ${out.dim(oneLine(facts.join(' · '), ctx.outWidth - 4))}`];
  if (call.failure) lines.push(`    ${out.red(oneLine(call.failure.message, ctx.outWidth - 4))}`);
  if (reply && reply.text !== '') lines.push(...block('reply', reply.text, ctx).map((line) => `  ${line}`));
  return lines;
}

/** A call of a tool: with what, how long it took, and what it gave. */
function toolLines({ call }: ToolCallStory, ctx: Context): readonly string[] {
  const { out } = ctx;
  const lines = [
    `    ${out.dim(oneLine(`${callText(call.tool, call.args, ctx.outWidth)} · ${renderDuration(call.latency)}`, ctx.outWidth - 4))}`,
  ];
  const result = typeof call.result === 'string' ? call.result : yamlText(call.result);
  if (call.status === 'failed') return [...lines, `    ${out.red(oneLine(`failed: ${result}`, ctx.outWidth - 4))}`];
  return [...lines, ...block('gave', result, ctx).map((line) => `  ${line}`)];
}

function block(title: string, text: string, ctx: Context): readonly string[] {
  if (!text.trimEnd().includes('\n') && displayWidth(text) < ctx.outWidth - title.length - 6)
    return [`  ${ctx.out.dim(title)}  ${text.trimEnd()}`];
  return [
    `  ${ctx.out.dim(title)}`,
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`.trimEnd()),
  ];
}

function spent(attempts: readonly AttemptStory[]): string {
  let cost = 0;
  let calls = 0;
  let unpriced = 0;
  for (const { call } of attempts.flatMap((attempt) => attempt.calls)) {
    calls += 1;
    cost += call.cost ?? 0;
    if (call.cost === null) unpriced += 1;
  }
  if (calls === 0) return '';
  return unpriced === calls ? '?' : `${renderUsd(cost as Usd)}${unpriced > 0 ? '+?' : ''}`;
}

function preview(value: Value | null): string {
  if (!value || !('json' in value)) return '';
  return typeof value.json === 'string' ? value.json : JSON.stringify(value.json);
}

function textOf(value: Value): string {
  if (!('json' in value)) return '';
  const { json } = value;
  if (typeof json === 'string') return json;
  return yamlText(json);
}

function itemOf(node: NodeStory, index: number): string | undefined {
  const items = node.fanOut?.items;
  if (!items || !('json' in items) || !Array.isArray(items.json)) return undefined;
  return textOf({ json: items.json[index] ?? null });
}
