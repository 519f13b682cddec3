import { documentBeside, type FiledRun, type RunResult, type RunStory, type RunSummary, renderDiagnostics } from '../engine/index.ts';
import type { Context } from './context.ts';
import { padEnd } from './layout.ts';
import { ago } from './moments.ts';
import { failureOf, howToGoOn, renderBill } from './run-report.ts';
import { renderTree } from './run-tree.ts';
import type { RunView } from './run-view.ts';
import { toneOf } from './runs-table.ts';

/** Where a terminal is wider, a tree is still read from one side to the other. */
const WIDEST = 160;
const MOST_LINES = 200;

/** Everything there is to say of a run on a page: what it is, its nodes, its bill, and how it goes on. */
export function renderRun(
  run: FiledRun & { readonly story: RunStory; readonly result: RunResult },
  view: RunView,
  ctx: Context,
): readonly string[] {
  const { summary, result, story } = run;
  const { out } = ctx;
  const now = ctx.io.now();
  const heard = summary.lastHeardAt === null ? now : Date.parse(summary.lastHeardAt);
  const over = summary.endedAt !== null;
  const by = story.startedBy === null || story.startedBy === 'unknown' ? '' : `, by ${story.startedBy}`;
  const facts: readonly (readonly [string, string])[] = [
    ['status', `${toneOf(summary.status, out)(summary.status)}${standing(summary, now)}`],
    ['started', `${summary.startedAt.slice(0, 19).replace('T', ' ')} UTC, ${ago(Date.parse(summary.startedAt), now)}${by}`],
    ...(story.resumed > 0 ? [['resumed', story.resumed === 1 ? 'once' : `${story.resumed} times`] as const] : []),
    ...(summary.parent === null ? [] : [['goes back to', summary.parent] as const]),
    ['file', summary.file],
  ];
  const label = Math.max(...facts.map(([name]) => name.length));
  const width = Math.min(WIDEST, ctx.outWidth);
  const lines = [
    out.bold(summary.run),
    ...facts.map(([name, text]) => `  ${out.dim(padEnd(name, label))}  ${text}`),
    '',
    ...renderTree(view, { width, height: MOST_LINES, paint: out, now: summary.status === 'stale' ? heard : now }),
  ];
  if (over) lines.push('', ...renderBill(result, view, out));
  const failure = over ? failureOf(result, view, run.document, (path) => documentBeside(summary.file, path, { cwd: ctx.cwd })) : undefined;
  if (failure) lines.push('', renderDiagnostics([failure], { format: 'pretty', colour: out.on }).trimEnd());
  const onward = summary.status === 'running' ? undefined : howToGoOn(result, out);
  if (onward !== undefined) lines.push('', onward);
  return lines;
}

function standing({ status, drivenBy, lastHeardAt }: RunSummary, now: number): string {
  const heard = lastHeardAt === null ? '' : `, last heard of ${ago(Date.parse(lastHeardAt), now)}`;
  if (status === 'running') return `: driven by ${drivenBy ?? 'a process'}${heard}`;
  return status === 'stale' ? `: its process is gone${heard}` : '';
}
