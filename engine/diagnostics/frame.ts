import { lineCount, lineText, positionAt } from '../base/position.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Span } from '../contracts/source.ts';
import { displayWidth } from './width.ts';

type Paint = (text: string) => string;

export interface FramePalette {
  readonly number: Paint;
  readonly mark: Paint;
  readonly other: Paint;
}

/** Of a longer line, only the part around the mark is shown. */
const MAX_WIDTH = 140;

interface Mark {
  readonly line: number;
  /** Columns from 0, in UTF-16 units; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly main: boolean;
}

/** The lines of a file a diagnostic speaks of, with marks under the exact characters: the main place and the related ones of the same file. */
export function renderFrame(diagnostic: Diagnostic, palette: FramePalette): readonly string[] {
  const { at, label = '', related = [] } = diagnostic;
  const { file } = at;
  if (file.text === '') return [];
  const marks = [
    markOf(at, label, true),
    ...related.filter((other) => other.at.file === file).map((other) => markOf(other.at, other.label, false)),
  ];
  marks.sort((a, b) => a.line - b.line || a.from - b.from);
  const marked = new Set(marks.map((mark) => mark.line));
  const first = Math.min(...marked);
  // One line of context on each side; with several marked lines, these are context enough.
  const lines = marked.size > 1 ? [...marked].sort((a, b) => a - b) : [first - 1, first, first + 1];
  const shown = lines.filter((line) => line >= 1 && line <= Math.max(lineCount(file), first));
  const width = String(Math.max(...shown)).length;
  const gutter = ' '.repeat(width + 5);
  const out: string[] = [];
  for (const line of shown) {
    const text = lineText(file, line);
    const own = marks.filter((mark) => mark.line === line);
    const window = windowOn(text, own[0]);
    const head =
      own.length > 0
        ? `  ${palette.mark('>')} ${palette.number(String(line).padStart(width))} ${palette.number('|')}`
        : `    ${palette.number(`${String(line).padStart(width)} |`)}`;
    const shownText = printable(`${window.before}${text.slice(window.from, window.to)}${window.after}`);
    out.push(`${head}${shownText === '' ? '' : ` ${shownText}`}`);
    for (const mark of own) {
      const lead = `${window.before}${text.slice(window.from, Math.max(window.from, mark.from))}`;
      const under = text.slice(Math.max(window.from, mark.from), Math.min(window.to, mark.to));
      const paint = mark.main ? palette.mark : palette.other;
      const carets = '^'.repeat(Math.max(1, widthOf(under)));
      out.push(
        `${gutter}${palette.number('|')} ${blank(lead)}${paint(`${carets}${mark.label === '' ? '' : ` ${printable(mark.label)}`}`)}`,
      );
    }
  }
  return out;
}

function markOf(span: Span, label: string, main: boolean): Mark {
  const start = positionAt(span.file, span.start);
  const end = positionAt(span.file, span.end);
  const text = lineText(span.file, start.line);
  const from = start.column - 1;
  const to = end.line === start.line ? end.column - 1 : text.length;
  return { line: start.line, from, to: Math.max(to, from + 1), label, main };
}

function windowOn(text: string, mark: Mark | undefined): { from: number; to: number; before: string; after: string } {
  if (text.length <= MAX_WIDTH) return { from: 0, to: text.length, before: '', after: '' };
  const from = Math.max(0, Math.min((mark?.from ?? 0) - 40, text.length - MAX_WIDTH));
  const to = Math.min(text.length, from + MAX_WIDTH);
  return { from, to, before: from > 0 ? '…' : '', after: to < text.length ? '…' : '' };
}

/** As wide as the text, and blank; tabs stay tabs, so that what stands below stays below. */
function blank(text: string): string {
  return text
    .split('\t')
    .map((part) => ' '.repeat(widthOf(part)))
    .join('\t');
}

function widthOf(text: string): number {
  return displayWidth(printable(text));
}

/** Control characters of a file must not steer the terminal. */
function printable(text: string): string {
  return [...text].map((char) => (char !== '\t' && (char < ' ' || (char >= '\x7f' && char <= '\x9f')) ? '�' : char)).join('');
}
