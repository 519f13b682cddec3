import { type DiffedNode, fromDollars, type Json, type RunDiff, renderUsd } from '../engine/index.ts';
import type { Context } from './context.ts';
import { oneLine, padEnd, renderTable } from './layout.ts';
import { toneOf } from './runs-table.ts';

const WIDEST = 160;

/** Where two runs part: the runs, what went in, the first node, all nodes that are different, what came out. */
export function renderDiff(diff: RunDiff, ctx: Context): readonly string[] {
  const { out } = ctx;
  const width = Math.min(WIDEST, ctx.outWidth);
  const [a, b] = diff.runs;
  const names = Math.max(a.workflow.length, b.workflow.length);
  const head = diff.runs.map(
    (run, at) =>
      `${out.bold(at === 0 ? 'first ' : 'second')}  ${run.run}  ${padEnd(run.workflow, names)}  ${toneOf(run.status, out)(run.status)}  ${money(run.cost)}`,
  );
  const parted = diff.nodes.filter((node) => !node.same);
  if (parted.length === 0 && diff.inputs.length === 0 && diff.outputs.length === 0) return [...head, '', 'nothing is different'];
  return [
    ...head,
    ...(diff.samePlan ? [] : [out.dim('their workflows are not the same')]),
    ...values('inputs', diff.inputs, width, ctx),
    ...first(diff.first, width, ctx),
    ...nodes(diff, parted, width, ctx),
    ...values('outputs', diff.outputs, width, ctx),
  ];
}

function first(node: DiffedNode | null, width: number, { out }: Context): readonly string[] {
  if (!node) return ['', 'every node came to the same'];
  const lines = ['', `they part at ${out.bold(node.node)}: ${node.why ?? ''}`];
  if (node.output) lines.push(...change(node.output.path, node.output.values, width, out));
  return lines.map((line) => oneLine2(line, width));
}

function nodes(diff: RunDiff, parted: readonly DiffedNode[], width: number, { out }: Context): readonly string[] {
  if (parted.length === 0) return [];
  const rows = parted
    .flatMap(rowsOf)
    .map((node) => [
      node.node,
      pair(node.statuses.map((status) => status ?? '–')),
      pair(node.costs.map((cost) => (cost === null ? '–' : money(cost)))),
      node.why ?? '',
    ]);
  const columns = [{ title: 'node' }, { title: 'status' }, { title: 'cost' }, { title: 'why', shrinks: true }];
  const same = diff.nodes.filter((node) => node.same).map((node) => node.node);
  return [
    '',
    ...renderTable(columns, rows, { width, title: out.dim }),
    ...(same.length > 0 ? [out.dim(oneLine(`the same: ${same.join(', ')}`, width - 1))] : []),
  ];
}

/** So many of the nodes inside a node are told of. */
const INSIDE_TOLD = 12;

/** A node, and what is inside of it: each of those says why itself. */
function rowsOf(node: DiffedNode): readonly DiffedNode[] {
  const inside = node.inside ?? [];
  const more = inside.length - INSIDE_TOLD;
  const rest: readonly DiffedNode[] =
    more > 0
      ? [{ node: `… ${more} more in ${node.node}`, same: false, why: null, statuses: [null, null], costs: [null, null], output: null }]
      : [];
  return [node, ...inside.slice(0, INSIDE_TOLD), ...rest];
}

function values(title: string, found: RunDiff['inputs'], width: number, { out }: Context): readonly string[] {
  if (found.length === 0) return [];
  return ['', out.bold(title), ...found.flatMap(({ name, values: both }) => change(name, both, width, out))];
}

/** Both values under each other, cut to where they begin to part. */
function change(name: string, [a, b]: readonly [Json | null, Json | null], width: number, out: Context['out']): readonly string[] {
  const [one, other] = [textOf(a), textOf(b)];
  const room = width - 6;
  const from = startOf(one, other, room);
  const cut = (text: string): string => oneLine(from > 0 ? `…${text.slice(from)}` : text, room);
  return [`  ${out.dim(name)}`, `    ${out.red(`- ${cut(one)}`)}`, `    ${out.green(`+ ${cut(other)}`)}`];
}

/** Where to begin, so that the first difference is in sight. */
function startOf(a: string, b: string, room: number): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at < room - 20 ? 0 : at - 20;
}

function textOf(value: Json | null): string {
  return typeof value === 'string' ? value.replace(/\s+/g, ' ') : JSON.stringify(value);
}

function pair([a = '', b = '']: readonly string[]): string {
  return a === b ? a : `${a} → ${b}`;
}

function money(dollars: number): string {
  return renderUsd(fromDollars(dollars));
}

/** A line that may carry colours is left alone: what is long in it was cut before. */
function oneLine2(line: string, width: number): string {
  return line.includes('\u001B') ? line : line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
