import { createColors } from 'picocolors';
import { positionAt } from '../base/position.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { SourceFile, Span } from '../contracts/source.ts';
import { renderFrame } from './frame.ts';

export interface RenderOptions {
  /** `pretty` for people, `line` for editors, `json` for programs, `github` for annotations of a pull request. */
  readonly format: 'pretty' | 'line' | 'json' | 'github';
  /** Used by `pretty` only; never the only carrier of meaning. */
  readonly colour: boolean;
}

/** More would scroll the first, which is often the cause of the others, out of sight. */
const MAX_SHOWN = 20;

/** Diagnostics by file, then by position; errors before warnings at the same place. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = new Map<string, number>();
  for (const { at } of diagnostics) if (!files.has(at.file.name)) files.set(at.file.name, files.size);
  const order = (diagnostic: Diagnostic): number => files.get(diagnostic.at.file.name) ?? 0;
  return [...diagnostics].sort(
    (a, b) =>
      order(a) - order(b) ||
      a.at.start - b.at.start ||
      a.at.end - b.at.end ||
      Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  );
}

/** Diagnostics as text, sorted, with a line break at the end; empty for none (JSON: an empty list). */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const sorted = sortDiagnostics(diagnostics);
  if (options.format === 'json') return `${JSON.stringify(sorted.map(toJson), null, 2)}\n`;
  if (sorted.length === 0) return '';
  if (options.format === 'line') return `${sorted.map(headline).join('\n')}\n`;
  if (options.format === 'github') return `${sorted.map(annotation).join('\n')}\n`;
  const shown = sorted.slice(0, MAX_SHOWN).map((diagnostic) => pretty(diagnostic, options.colour));
  const more = sorted.length - shown.length;
  return `${shown.join('\n\n')}${more > 0 ? `\n\n… and ${more} more` : ''}\n`;
}

/** A diagnostic as `--format json` prints it: positions as lines and columns, both from 1. */
export interface DiagnosticJson {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly label?: string;
  readonly details?: readonly string[];
  readonly because?: string;
  readonly help?: string;
  readonly related?: readonly (PlaceJson & { readonly label: string })[];
  readonly fix?: PlaceJson & { readonly replacement: string };
}

interface PlaceJson {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

function toJson(diagnostic: Diagnostic): DiagnosticJson {
  const { code, severity, message, at, label, details, because, help, related, fix } = diagnostic;
  return {
    code,
    severity,
    message,
    ...place(at),
    ...(label !== undefined && { label }),
    ...(details !== undefined && { details }),
    ...(because !== undefined && { because }),
    ...(help !== undefined && { help }),
    ...(related !== undefined && { related: related.map((other) => ({ ...place(other.at), label: other.label })) }),
    ...(fix !== undefined && { fix: { ...place(fix.at), replacement: fix.replacement } }),
  };
}

function place(span: Span): PlaceJson {
  const start = positionAt(span.file, span.start);
  const end = positionAt(span.file, span.end);
  return { file: span.file.name, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

function where(file: SourceFile, offset: number): string {
  const { line, column } = positionAt(file, offset);
  return `${file.name}:${line}:${column}`;
}

function headline({ at, severity, code, message }: Diagnostic): string {
  return `${where(at.file, at.start)} ${severity} ${code}: ${oneLine(message)}`;
}

function annotation(diagnostic: Diagnostic): string {
  const { file, line, column, endLine, endColumn } = place(diagnostic.at);
  const { severity, code, message, help } = diagnostic;
  const escapeText = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const escapeProperty = (text: string): string => escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const text = help === undefined ? message : `${message}\n${help}`;
  // Columns mean something to the reader of annotations on a single line only.
  const columns = line === endLine ? `,col=${column},endColumn=${endColumn}` : '';
  return `::${severity} file=${escapeProperty(file)},line=${line},endLine=${endLine}${columns},title=${code}::${escapeText(text)}`;
}

function pretty(diagnostic: Diagnostic, colour: boolean): string {
  const paint = createColors(colour);
  const { at, severity, code, message, because, help, related = [], details = [] } = diagnostic;
  const tone = severity === 'error' ? paint.red : paint.yellow;
  const lines = [`${paint.bold(where(at.file, at.start))} ${tone(`${severity} ${code}`)}: ${paint.bold(oneLine(message))}`];
  const frame = renderFrame(diagnostic, { number: paint.dim, mark: tone, other: paint.cyan });
  if (frame.length > 0) lines.push('', ...frame);
  if (details.length > 0) lines.push('', ...details.map((detail) => `  ${oneLine(detail)}`));
  const notes: string[] = [];
  for (const other of related) {
    if (other.at.file !== at.file) notes.push(`  ${paint.dim('see:')} ${where(other.at.file, other.at.start)} ${oneLine(other.label)}`);
  }
  if (because !== undefined) notes.push(`  ${paint.dim('because:')} ${oneLine(because)}`);
  if (help !== undefined) notes.push(`  ${paint.green('help:')} ${oneLine(help)}`);
  notes.push(`  ${paint.dim(`more: dagrun explain ${code}`)}`);
  return [...lines, '', ...notes].join('\n');
}

/** Texts quoted from a file may hold line breaks and terminal codes; neither may reach the terminal. */
function oneLine(text: string): string {
  return [...text.replaceAll(/\s*\n\s*/g, ' ')].map((char) => (char < ' ' || (char >= '\x7f' && char <= '\x9f') ? '�' : char)).join('');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
