/** How a text is written in YAML. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

/** A YAML scalar as it stands in a file: `start` is the quote, the `|` or `>`, or the first character. */
interface ScalarSource {
  readonly style: ScalarStyle;
  readonly start: number;
  readonly end: number;
  /** What it means. */
  readonly value: string;
}

/**
 * Where characters `start` to `end` of a scalar's value stand in the file's text, or undefined when that cannot be said
 * (an indentation given by number, an escape that stands for several characters, a text without characters).
 */
export function spanInScalar(text: string, scalar: ScalarSource, start: number, end: number): { start: number; end: number } | undefined {
  if (scalar.value === '') return undefined;
  const raw = text.slice(scalar.start, scalar.end);
  if (scalar.style === 'plain' && raw === scalar.value) return { start: scalar.start + start, end: scalar.start + end };
  const offsets = align(piecesOf(text, scalar), scalar.value);
  if (offsets === undefined) return undefined;
  const from = offsets[start] ?? (start >= scalar.value.length ? lastOf(offsets) + 1 : undefined);
  if (from === undefined) return undefined;
  const to = end > start ? (offsets[end - 1] ?? lastOf(offsets)) + 1 : from;
  // A block has a last line break even where the file has none.
  return { start: Math.min(from, text.length), end: Math.min(to, text.length) };
}

/** One line of the value as written: its characters, and the file offset of each. */
interface Piece {
  readonly chars: string;
  readonly offsets: readonly number[];
}

/** The lines of the scalar, without indentation and quotes, escapes resolved. */
function piecesOf(text: string, scalar: ScalarSource): readonly Piece[] | undefined {
  const block = scalar.style === 'literal' || scalar.style === 'folded';
  let at = scalar.start + (scalar.style === 'plain' ? 0 : 1);
  const end = scalar.end - (scalar.style === 'single' || scalar.style === 'double' ? 1 : 0);
  if (block) {
    const headerEnd = text.indexOf('\n', at);
    if (headerEnd < 0 || headerEnd >= end) return [];
    if (/\d/.test(text.slice(at, headerEnd).replace(/#.*/, ''))) return undefined;
    at = headerEnd + 1;
  }
  const lines: { start: number; text: string }[] = [];
  while (at <= end) {
    const stop = text.indexOf('\n', at);
    const lineEnd = stop < 0 || stop > end ? end : stop;
    lines.push({ start: at, text: text.slice(at, lineEnd).replace(/\r$/, '') });
    at = lineEnd + 1;
  }
  if (block) {
    const indent = /^ */.exec(lines.find((line) => line.text.trim() !== '')?.text ?? '')?.[0].length ?? 0;
    return lines.map((line) => plainPiece(line.text.slice(indent), line.start + indent));
  }
  return lines.map((line, index) => {
    const first = index === 0;
    const last = index === lines.length - 1;
    const quoted = scalar.style !== 'plain';
    const lead = first && quoted ? 0 : (/^[ \t]*/.exec(line.text)?.[0].length ?? 0);
    const kept = last && quoted ? line.text.slice(lead) : line.text.slice(lead).replace(/[ \t]+$/, '');
    if (scalar.style === 'single') return unescaped(kept, line.start + lead, /''/y, () => "'");
    if (scalar.style === 'double')
      return unescaped(kept, line.start + lead, /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/y, fromEscape);
    return plainPiece(kept, line.start + lead);
  });
}

function plainPiece(chars: string, start: number): Piece {
  return { chars, offsets: Array.from({ length: chars.length }, (_, index) => start + index) };
}

function unescaped(raw: string, start: number, pattern: RegExp, meaning: (written: string) => string): Piece {
  let chars = '';
  const offsets: number[] = [];
  for (let at = 0; at < raw.length; ) {
    pattern.lastIndex = at;
    const found = pattern.exec(raw)?.[0];
    const char = found === undefined ? (raw[at] ?? '') : meaning(found);
    for (const _ of char.split('')) offsets.push(start + at);
    chars += char;
    at += found?.length ?? 1;
  }
  return { chars, offsets };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};

function fromEscape(written: string): string {
  const name = written[1] ?? '';
  if ('xuU'.includes(name) && written.length > 2) {
    const code = Number.parseInt(written.slice(2), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  }
  return ESCAPES[name] ?? name;
}

/** The file offset of every character of the value: lines in turn, and between them the line breaks and blanks that folding left. */
function align(pieces: readonly Piece[] | undefined, value: string): readonly number[] | undefined {
  if (pieces === undefined) return undefined;
  const offsets: number[] = [];
  let at = 0;
  let after = pieces[0]?.offsets[0] ?? 0;
  for (const piece of pieces) {
    if (piece.chars === '') continue;
    while (at < value.length && !value.startsWith(piece.chars, at)) {
      if (value[at] !== '\n' && value[at] !== ' ') return undefined;
      offsets[at] = after;
      at += 1;
    }
    for (const offset of piece.offsets) offsets.push(offset);
    at += piece.chars.length;
    after = lastOf(offsets) + 1;
  }
  for (; at < value.length; at += 1) {
    if (value[at] !== '\n') return undefined;
    offsets[at] = after;
  }
  return offsets;
}

function lastOf(offsets: readonly number[]): number {
  return offsets[offsets.length - 1] ?? 0;
}
