import { fromDollars, type Millis, type RunSummary, renderDuration, renderUsd } from '../engine/index.ts';
import type { Context } from './context.ts';
import { type Column, renderTable } from './layout.ts';
import { ago } from './moments.ts';
import type { Paint } from './paint.ts';

/** From here on ids are shown whole, and how long a run took. */
const WIDTH_FOR_ALL = 112;
/** `run_` and the part of an id that is its time. */
const SHORTEST_ID = 14;

/** The runs as a table, as wide as the terminal. */
export function renderRuns(runs: readonly RunSummary[], ctx: Context): readonly string[] {
  const all = ctx.outWidth >= WIDTH_FOR_ALL;
  const length = all ? Number.POSITIVE_INFINITY : lengthToTell(runs.map(({ run }) => run));
  const now = ctx.io.now();
  const rows = runs.map((run) => [
    run.run.slice(0, length),
    run.workflow,
    run.status,
    ctx.io.stdout.isTTY ? ago(Date.parse(run.startedAt), now) : run.startedAt,
    ...(all ? [renderDuration(run.durationMs as Millis)] : []),
    renderUsd(fromDollars(run.cost)),
    `${run.progress.done}/${run.progress.total}`,
  ]);
  const columns: readonly Column[] = [
    { title: 'run' },
    { title: 'workflow', shrinks: true },
    { title: 'status', paint: (text) => toneOf(text.trim(), ctx.out)(text) },
    { title: 'started' },
    ...(all ? [{ title: 'took', align: 'right' as const }] : []),
    { title: 'cost', align: 'right' },
    { title: 'nodes', align: 'right' },
  ];
  return renderTable(columns, rows, { width: ctx.outWidth, title: ctx.out.dim });
}

/** The colour of a state. */
export function toneOf(status: string, paint: Paint): (text: string) => string {
  if (status === 'succeeded') return paint.green;
  if (status === 'failed') return paint.red;
  if (status === 'running') return paint.cyan;
  return status === 'stale' || status === 'waiting' || status === 'cancelled' ? paint.yellow : paint.dim;
}

/** How many characters tell these ids apart. */
function lengthToTell(ids: readonly string[]): number {
  for (let length = SHORTEST_ID; ; length += 2) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === ids.length) return length;
    if (ids.every((id) => id.length <= length)) return length;
  }
}
