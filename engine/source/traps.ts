import { lineText, positionAt } from '../base/position.ts';
import type { Code, Diagnostic } from '../contracts/diagnostic.ts';
import type { SourceFile } from '../contracts/source.ts';

/** What to say about a place the YAML parser stumbled over. */
export interface Advice {
  readonly code: Code;
  readonly range: readonly [number, number];
  readonly message: string;
  readonly more?: Partial<Diagnostic>;
}

/** From an offset to the end of its line, without blanks at the end. */
export function restOfLine(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end).trimEnd();
}

/** A text as YAML between quotes, single ones unless these would have to be doubled; `'…'` when it is too long to show. */
export function quoted(text: string): string {
  const line = text.trim();
  if (line.length <= 70 && line.includes("'") && !/["\\]/.test(line)) return `"${line}"`;
  return line.length > 70 ? "'…'" : `'${line.replaceAll("'", "''")}'`;
}

/**
 * The comment that ends a plain text which was hardly meant to end there, or undefined. That is so when the text holds a
 * template, when a quote or a bracket is left open, or when the # begins a word (`issue #12`).
 */
export function cutByComment(text: string, start: number, end: number, inFlow: boolean): { start: number; end: number } | undefined {
  if (text[end] !== ' ' && text[end] !== '\t') return undefined;
  const rest = restOfLine(text, end);
  const comment = /^[ \t]+#/.exec(rest);
  if (comment === null) return undefined;
  const written = text.slice(start, end);
  const after = rest.slice(comment[0].length);
  const prose = written.includes(' ');
  const suspicious = written.includes('{{') || isOpen(written) || (prose && (/^[^\s#!-]/.test(after) || after.includes('}}')));
  if (!suspicious || inFlow) return undefined;
  return { start: end + comment[0].length - 1, end: end + rest.length };
}

/** Whether a quote, a bracket or a template is left open. */
export function isOpen(text: string): boolean {
  let depth = 0;
  let quote = '';
  for (const char of text) {
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"') quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
  }
  return quote !== '' || depth > 0;
}

/** What is wrong with reading `source` as a number, or undefined. */
export function numberTrouble(source: string, value: number): string | undefined {
  if (!Number.isFinite(value)) return `"${source}" is not a number that JSON has`;
  if (/^[-+]?0\d/.test(source)) return `"${source}" is read as the number ${value}: zeros at the start are lost`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `"${source}" has more digits than a number can hold: it would become ${value}`;
  const digits = source.replace(/[eE].*$/, '').replace(/^[-+0.]+|[^\d]/g, '');
  if (!/^[-+]?0[xo]/.test(source) && digits.length > 17)
    return `"${source}" has more digits than a number can hold: it would become ${value}`;
  return undefined;
}

/** The place and the words for an error of the YAML parser, of which only the code and the offsets are used. */
export function adviceOnSyntax(file: SourceFile, code: string, start: number, end: number): Advice {
  const position = positionAt(file, start);
  const line = lineText(file, position.line);
  const lineStart = start - position.column + 1;
  const value = valueOn(line);
  const at = (from: number, length: number): readonly [number, number] => [lineStart + from, lineStart + from + length];

  if (code === 'TAB_AS_INDENT' || /^ *\t/.test(line)) {
    const tab = line.indexOf('\t');
    return {
      code: 'DAG118',
      range: at(tab, 1),
      message: 'a tab cannot indent a line in YAML',
      more: { help: 'indent with spaces, two for each level' },
    };
  }
  const below = code === 'BLOCK_AS_IMPLICIT_KEY' ? fieldTooDeep(file, lineStart) : undefined;
  if (below !== undefined) return below;
  if (value !== undefined) {
    const trap = valueTrap(value, code, position.column - 1 - value.start);
    if (trap !== undefined) return { ...trap, range: at(value.start + trap.range[0], trap.range[1] - trap.range[0]) };
  }
  return plainAdvice(file, code, start, end, line, at);
}

/** A field that begins further right than the one above it, whose value it then continues; undefined when that is not what is wrong. */
function fieldTooDeep({ text }: SourceFile, lineStart: number): Advice | undefined {
  const above = restOfLine(text, lineStart);
  const upper = /^(\s*(?:- +)*)([\w.-]+\??):[ \t]+(?![|>&{["'])\S/.exec(above);
  if (upper === null || /:\s/.test(above.slice(upper[0].length - 1))) return undefined;
  const [, indent = '', name = ''] = upper;
  for (let start = text.indexOf('\n', lineStart) + 1; start > 0; start = text.indexOf('\n', start) + 1) {
    const line = restOfLine(text, start);
    const column = line.search(/\S/);
    if (column <= indent.length) return undefined;
    if (!/^\s*[\w.-]+\??:(?:\s|$)/.test(line)) continue;
    return {
      code: 'DAG101',
      range: [start + column, start + line.length],
      message: `this line is indented further than "${name}" above it`,
      more: {
        because: `for YAML, it continues the text of "${name}"`,
        help: `begin it below "${name}"; if it belongs to the text, write \`${name}: |\` and the whole text below it`,
      },
    };
  }
  return undefined;
}

/** What was meant as one value inside `{ }` or `[ ]`: up to the comma or bracket that is not inside brackets or quotes of its own. */
export function flowPart(text: string, start: number): string {
  const line = restOfLine(text, start);
  return line.slice(0, endOfFlowPart(line, 0));
}

/** The value inside `{ }` or `[ ]` around a place: from the comma, bracket or `name:` before it to the comma or bracket after it. */
function partOfFlow(text: string, at: number): readonly [number, number] {
  for (let start = 0; start < text.length; ) {
    start += /^[\s,[\]{}]*(?:[\w.-]+\??:\s+)?/.exec(text.slice(start))?.[0].length ?? 0;
    if ('[{'.includes(text[start] ?? '')) continue;
    const end = Math.max(endOfFlowPart(text, start), start + 1);
    if (at <= end || end >= text.length) return [start, Math.min(end, text.length)];
    start = end;
  }
  return [0, text.length];
}

function endOfFlowPart(text: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let end = start; end < text.length; end += 1) {
    const char = text[end] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || (char === "'" && !/\w/.test(text[end - 1] ?? ''))) quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (depth > 0 && ')]}'.includes(char)) depth -= 1;
    else if (depth === 0 && ',]}'.includes(char)) return start + text.slice(start, end).trimEnd().length;
  }
  return text.length;
}

interface ValueOnLine {
  readonly text: string;
  /** Column of its first character, from 0. */
  readonly start: number;
}

/** What stands right of `key:` or `-` on a line. */
function valueOn(line: string): ValueOnLine | undefined {
  const lead = /^\s*(?:- +)*(?:(?:[\w.-]+|"[^"]*"|'[^']*')\??:[ \t]+)?/.exec(line)?.[0] ?? '';
  const text = line.slice(lead.length).trimEnd();
  return text === '' || lead.trim() === '' ? undefined : { text, start: lead.length };
}

/** The traps that show in the value alone; `at`, where the parser stumbled, and the range are within the value. */
function valueTrap(value: ValueOnLine, code: string, at: number): Advice | undefined {
  const { text } = value;
  const all: readonly [number, number] = [0, text.length];
  if (text.startsWith('{{')) {
    return {
      code: 'DAG112',
      range: all,
      message: 'a text that begins with {{ must be quoted',
      more: { because: 'for YAML, { begins a map', help: `write ${quoted(text)}, or put the text on the next line after \`|\`` },
    };
  }
  const closed = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?=[^\s#,:}\]])/.exec(text);
  if (closed !== null) {
    return {
      code: 'DAG115',
      range: [closed[0].length, text.length],
      message: 'for YAML, the value ends at the closing quote, and more text follows',
      more: { label: 'after the end of the value', help: `quote the whole value: ${quoted(text)}` },
    };
  }
  if (/^[{[]/.test(text)) {
    const braces = text.indexOf('{{');
    if (braces >= 0) {
      return {
        code: 'DAG112',
        range: [braces, braces + 2],
        message: 'inside { } and [ ], a text that holds {{ must be quoted',
        more: { because: 'for YAML, { begins a map', help: 'put the text between quotes, or write the fields below each other' },
      };
    }
    const part = partOfFlow(text, at);
    const written = text.slice(part[0], part[1]);
    const onlyQuoted = /^("[^"]*"|'[^']*')(\s+("[^"]*"|'[^']*'))*$/.test(written);
    if (!/[[\]{}:"',]/.test(written) || isOpen(text) || onlyQuoted) return undefined;
    return {
      code: 'DAG114',
      range: part,
      message: 'inside { } and [ ], a text with brackets, quotes, commas or ": " must be quoted',
      more: { help: `quote it, ${quoted(written)}, or write the fields below each other` },
    };
  }
  const colon = text.search(/:(?:\s|$)/);
  if (colon >= 0 && /^(BLOCK_AS_IMPLICIT_KEY|BLOCK_IN_FLOW|MISSING_CHAR|UNEXPECTED_TOKEN|MULTILINE_IMPLICIT_KEY)$/.test(code)) {
    return {
      code: 'DAG116',
      range: [colon, colon + 1],
      message: 'a text that holds ": " must be quoted',
      more: { because: 'for YAML, a colon and a blank end the name of a field', help: `write ${quoted(text)}` },
    };
  }
  if (/^[@`%]/.test(text)) {
    return {
      code: 'DAG101',
      range: [0, 1],
      message: `a text cannot begin with ${text[0]} unless it is quoted`,
      more: { help: `write ${quoted(text)}` },
    };
  }
  if (/^[|>][-+\d]*\s+[^\s#]/.test(text)) {
    const mark = text[0] ?? '|';
    return {
      code: 'DAG101',
      range: all,
      message: `the text after ${mark} begins on the next line`,
      more: { help: `put the text below, two blanks further to the right, or leave out the ${mark}` },
    };
  }
  return undefined;
}

function plainAdvice(
  file: SourceFile,
  code: string,
  start: number,
  end: number,
  line: string,
  at: (from: number, length: number) => readonly [number, number],
): Advice {
  const here: readonly [number, number] = [start, Math.max(end, Math.min(start + 1, file.text.length))];
  const indent = /^\s*/.exec(line)?.[0].length ?? 0;
  const content = line.trim() === '' ? here : at(indent, line.trimEnd().length - indent);
  switch (code) {
    case 'BAD_INDENT':
      if (openBracketBefore(file.text, start)) {
        return {
          code: 'DAG101',
          range: here,
          message: 'a bracket that was opened above is not closed before this line',
          more: { help: 'close it with ] or }' },
        };
      }
      return {
        code: 'DAG101',
        range: content,
        message: 'this line is not indented like its neighbours',
        more: { because: 'fields of one map begin in the same column', help: 'begin it where the fields above it begin' },
      };
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR': {
      const tight = /^\s*(?:- +)?([\w-]+):(\S.*)$/.exec(line);
      if (tight !== null) {
        return {
          code: 'DAG101',
          range: content,
          message: `a blank is missing after "${tight[1]}:"`,
          more: { help: `write ${tight[1]}: ${tight[2]?.trimEnd()}` },
        };
      }
      if (code === 'MISSING_CHAR' && openBracketBefore(file.text, start)) {
        return { code: 'DAG101', range: here, message: 'a comma, or the closing ] or }, is missing here' };
      }
      return {
        code: 'DAG101',
        range: content,
        message: 'this line is neither a field (`name: value`) nor part of the text above',
        more: { help: 'indent it further if it continues a text that begins with | or >; otherwise write `name: value`' },
      };
    }
    case 'BAD_DQ_ESCAPE':
      return {
        code: 'DAG101',
        range: [start, start + 2],
        message: `"${file.text.slice(start, start + 2)}" is no escape that YAML has`,
        more: { help: 'write \\\\ for a backslash, or use single quotes, in which it stands for itself' },
      };
    case 'RESOURCE_EXHAUSTION':
      return { code: 'DAG110', range: here, message: 'values are nested too deep here' };
    default:
      return {
        code: 'DAG101',
        range: here,
        message: 'the file cannot be read as YAML from here on',
        more: {
          help: 'look for a bracket, a quote or an indentation that is wrong on this line or the one above; texts with signs are safe in quotes',
        },
      };
  }
}

/** Whether the last few lines leave a bracket open. */
function openBracketBefore(text: string, offset: number): boolean {
  const lines = text
    .slice(Math.max(0, offset - 2000), offset)
    .split('\n')
    .slice(-20);
  return isOpen(lines.map((line) => line.replace(/(^|\s)#.*/, '').replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '')).join(' '));
}
