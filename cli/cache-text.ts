import { type CacheSummary, fromDollars, renderUsd } from '../engine/index.ts';
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
    `${dim('answers ')}  ${entries}  ${dim(`${sizeText(bytes)} of ${sizeText(maxBytes)}`)}`,
    `${dim('hit rate')}  ${rate}`,
    `${dim('saved   ')}  ${renderUsd(fromDollars(saved))}`,
  ];
  if (workflows.length === 0) return lines;
  const number = (title: string): { readonly title: string; readonly align: 'right' } => ({ title, align: 'right' });
  const columns = [{ title: 'workflow', shrinks: true }, number('answers'), number('size'), number('hits'), number('saved')];
  const rows = workflows.map((one) => [
    one.workflow,
    String(one.entries),
    sizeText(one.bytes),
    String(one.hits),
    renderUsd(fromDollars(one.saved)),
  ]);
  return [...lines, '', ...renderTable(columns, rows, { width, title: dim })];
}

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** `842 B`, `1.2 kB`, `256 MB`. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < UNITS.length - 1; unit += 1) size /= 1000;
  const digits = unit === 0 || size >= 100 || Number.isInteger(size) ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** A size as people write it, `50MB`, in bytes; undefined if it is not one. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?b)$/i.exec(text.trim());
  const power = UNITS.findIndex((unit) => unit.toLowerCase() === match?.[2]?.toLowerCase());
  return match && power >= 0 ? Math.floor(Number(match[1]) * 1000 ** power) : undefined;
}
