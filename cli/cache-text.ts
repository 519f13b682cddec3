import { type CacheSummary, fromDollars, renderSize, renderUsd } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { renderTable } from './layout.ts';
import type { Paint } from './paint.ts';

/** What the cache holds and saves: the whole, then a line per workflow. */
export function renderCache(summary: CacheSummary, width: number, { dim }: Paint): readonly string[] {
  const { entries, bytes, maxBytes, hits, misses, hitRate, saved, workflows } = summary;
  const rate =
    hitRate === null
      ? 'nothing was asked yet'
      : `${Math.round(hitRate * 100)}%  ${dim(`${hits} of ${countOf(hits + misses, 'question')}`)}`;
  const lines = [
    `${dim('answers ')}  ${entries}  ${dim(`${renderSize(bytes)} of ${renderSize(maxBytes)}`)}`,
    `${dim('hit rate')}  ${rate}`,
    `${dim('saved   ')}  ${renderUsd(fromDollars(saved))}`,
  ];
  if (workflows.length === 0) return lines;
  const number = (title: string): { readonly title: string; readonly align: 'right' } => ({ title, align: 'right' });
  const columns = [{ title: 'workflow', shrinks: true }, number('answers'), number('size'), number('hits'), number('saved')];
  const rows = workflows.map((one) => [
    one.workflow,
    String(one.entries),
    renderSize(one.bytes),
    String(one.hits),
    renderUsd(fromDollars(one.saved)),
  ]);
  return [...lines, '', ...renderTable(columns, rows, { width, title: dim })];
}
