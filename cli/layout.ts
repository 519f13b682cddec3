import { displayWidth } from '../engine/index.ts';

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** The text on one line, cut to a width with `…` where something is missing. Control characters become spaces. */
export function oneLine(text: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would break the line or the terminal.
  const flat = text.replace(/[\s\u0000-\u001F\u007F-\u009F]+/g, ' ').trim();
  if (displayWidth(flat) <= width) return flat;
  let cut = '';
  let used = 0;
  for (const character of flat) {
    const next = displayWidth(character);
    if (used + next > width - 1) break;
    cut += character;
    used += next;
  }
  return width < 1 ? '' : `${cut.trimEnd()}…`;
}

/** The text in lines of at most `width` columns, broken at spaces; its own line breaks are kept. Longer words stay whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split(/\r?\n/)) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly paint?: (text: string) => string;
  /** The column that gives way when the table is wider than the terminal. */
  readonly shrinks?: boolean;
}

const GAP = '  ';

/** Rows under dim titles, columns aligned, nothing behind the last one. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly title: (text: string) => string },
): readonly string[] {
  const widths = columns.map((column, at) => Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[at] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1);
  const shrinking = columns.findIndex((column) => column.shrinks);
  if (shrinking !== -1 && total > options.width) {
    widths[shrinking] = Math.max(12, (widths[shrinking] ?? 0) - (total - options.width));
  }
  const line = (cells: readonly string[], paintOf: (at: number) => ((text: string) => string) | undefined): string => {
    let text = '';
    columns.forEach((column, at) => {
      const width = widths[at] ?? 0;
      const cell = column.shrinks ? oneLine(cells[at] ?? '', width) : (cells[at] ?? '');
      const last = at === columns.length - 1;
      const padded = column.align === 'right' ? padStart(cell, width) : last ? cell : padEnd(cell, width);
      const paint = paintOf(at);
      text += (paint ? paint(padded) : padded) + (last ? '' : GAP);
    });
    return text.trimEnd();
  };
  return [
    line(
      columns.map((column) => column.title),
      () => options.title,
    ),
    ...rows.map((row) => line(row, (at) => columns[at]?.paint)),
  ];
}
