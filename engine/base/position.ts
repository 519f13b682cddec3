/** Where a character stands: line and column, both from 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const known = new WeakMap<object, readonly number[]>();

/** The line and column of an offset; one past the end is the end. */
export function positionAt(file: { readonly text: string }, offset: number): Position {
  const starts = lineStarts(file);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: Math.min(offset, file.text.length) - (starts[low] ?? 0) + 1 };
}

/** The text of a line, counted from 1, without its line break; empty when there is no such line. */
export function lineText(file: { readonly text: string }, line: number): string {
  const starts = lineStarts(file);
  const start = starts[line - 1];
  if (start === undefined) return '';
  const text = file.text.slice(start, starts[line] ?? file.text.length);
  return text.replace(/\r?\n$/, '');
}

/** How many lines a file has; a last line break begins no line. */
export function lineCount(file: { readonly text: string }): number {
  const count = lineStarts(file).length;
  return file.text.endsWith('\n') ? count - 1 : count;
}

function lineStarts(file: { readonly text: string }): readonly number[] {
  const done = known.get(file);
  if (done !== undefined) return done;
  const starts = [0];
  for (let at = file.text.indexOf('\n'); at >= 0; at = file.text.indexOf('\n', at + 1)) starts.push(at + 1);
  known.set(file, starts);
  return starts;
}
