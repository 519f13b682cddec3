/** A stretch of two texts: in both, only in the first, or only in the second. */
export interface Piece {
  readonly in: 'both' | 'before' | 'after';
  readonly text: string;
}

/** Beyond so many differences nobody reads which word went where: the rest is shown as replaced. Time and memory grow with their square. */
const MOST_DIFFERENCES = 800;

/** The shortest way from one list to the other (Myers 1986), greedy from both ends' common parts inwards. */
function compareLists(a: readonly string[], b: readonly string[]): readonly { readonly in: Piece['in']; readonly item: string }[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const both = (item: string) => ({ in: 'both' as const, item });
  return [
    ...a.slice(0, start).map(both),
    ...shortestWay(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(both),
  ];
}

function shortestWay(a: readonly string[], b: readonly string[]): { in: Piece['in']; item: string }[] {
  const replaced = (): { in: Piece['in']; item: string }[] => [
    ...a.map((item) => ({ in: 'before' as const, item })),
    ...b.map((item) => ({ in: 'after' as const, item })),
  ];
  if (a.length === 0 || b.length === 0) return replaced();
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: ReadonlyMap<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(a.length + b.length, MOST_DIFFERENCES); edits += 1) {
    trace.push(new Map(furthest));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = comesDown(furthest, diagonal, edits) ? at(furthest, diagonal + 1) : at(furthest, diagonal - 1) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return wayBack(trace, a, b);
    }
  }
  return replaced();
}

const at = (furthest: ReadonlyMap<number, number>, diagonal: number): number => furthest.get(diagonal) ?? 0;

/** True when the furthest way onto a diagonal is by taking one from the second list. */
function comesDown(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && at(furthest, diagonal - 1) < at(furthest, diagonal + 1));
}

function wayBack(
  trace: readonly ReadonlyMap<number, number>[],
  a: readonly string[],
  b: readonly string[],
): { in: Piece['in']; item: string }[] {
  const way: { in: Piece['in']; item: string }[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = comesDown(furthest, diagonal, edits);
    const from = down ? diagonal + 1 : diagonal - 1;
    const [startX, startY] = edits === 0 ? [0, 0] : [at(furthest, from), at(furthest, from) - from];
    while (x > startX && y > startY) {
      x -= 1;
      y -= 1;
      way.push({ in: 'both', item: a[x] ?? '' });
    }
    if (edits === 0) break;
    if (down) way.push({ in: 'after', item: b[startY] ?? '' });
    else way.push({ in: 'before', item: a[startX] ?? '' });
    [x, y] = [startX, startY];
  }
  return way.reverse();
}

/** Two texts word by word; blanks are part of what stands before them. What is replaced stands before what replaces it. */
export function diffWords(before: string, after: string): readonly Piece[] {
  const pieces: { in: Piece['in']; text: string }[] = [];
  for (const { in: where, item } of grouped(compareLists(wordsOf(before), wordsOf(after)))) {
    const last = pieces.at(-1);
    if (last?.in === where) last.text += item;
    else pieces.push({ in: where, text: item });
  }
  return pieces;
}

/** Two texts line by line, without line breaks. What is replaced stands before what replaces it. */
export function diffLines(before: string, after: string): readonly Piece[] {
  return grouped(compareLists(linesOf(before), linesOf(after))).map(({ in: where, item }) => ({ in: where, text: item }));
}

/** A unified diff without its header: changed lines with up to `context` unchanged ones around them, hunks begun by `@@ -1,4 +1,5 @@`. */
export function unifiedDiff(before: string, after: string, context = 3): readonly string[] {
  const all = diffLines(before, after);
  const near = all.map((_, index) => all.slice(Math.max(0, index - context), index + context + 1).some((one) => one.in !== 'both'));
  const lines: string[] = [];
  let [old, now] = [1, 1];
  for (let index = 0; index < all.length; ) {
    if (!near[index]) {
      old += 1;
      now += 1;
      index += 1;
      continue;
    }
    const gap = near.indexOf(false, index);
    const hunk = all.slice(index, gap === -1 ? all.length : gap);
    const oldLength = hunk.filter((one) => one.in !== 'after').length;
    const newLength = hunk.filter((one) => one.in !== 'before').length;
    lines.push(`@@ -${range(old, oldLength)} +${range(now, newLength)} @@`);
    for (const one of hunk) lines.push(`${one.in === 'both' ? ' ' : one.in === 'before' ? '-' : '+'}${one.text}`);
    old += oldLength;
    now += newLength;
    index += hunk.length;
  }
  return lines;
}

/** Of nothing, the line before is named: so do all programs that read it. */
const range = (from: number, length: number): string => `${length === 0 ? from - 1 : from},${length}`;

/** How alike two texts are, from 0 to 1: twice the words they share, over all their words. */
export function likeness(a: string, b: string): number {
  const words = (text: string): readonly string[] => text.match(/[\p{L}\p{N}_.]+/gu) ?? [];
  const left = new Map<string, number>();
  const [one, other] = [words(a), words(b)];
  if (one.length + other.length === 0) return 1;
  for (const word of one) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of other) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    shared += 1;
    left.set(word, count - 1);
  }
  return (2 * shared) / (one.length + other.length);
}

/** What is taken away before what comes in its place. */
function grouped(way: readonly { readonly in: Piece['in']; readonly item: string }[]): { in: Piece['in']; item: string }[] {
  const ordered: { in: Piece['in']; item: string }[] = [];
  let added: { in: Piece['in']; item: string }[] = [];
  for (const one of way) {
    if (one.in === 'after') added.push(one);
    else if (one.in === 'before') ordered.push(one);
    else {
      ordered.push(...added, one);
      added = [];
    }
  }
  return [...ordered, ...added];
}

const wordsOf = (text: string): readonly string[] => text.match(/\n|[\p{L}\p{N}_]+[^\S\n]*|[^\p{L}\p{N}_\s][^\S\n]*|[^\S\n]+/gu) ?? [];

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
