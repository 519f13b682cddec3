import { isList, isObject, type Json } from '../base/json.ts';

/** A JSON value as YAML 1.2 in block style, without a newline at its end. Any YAML reader gives the same value back. */
export function yamlText(value: Json): string {
  return lines(value).join('\n');
}

function lines(value: Json): readonly string[] {
  if (isList(value) && value.length > 0) return value.flatMap((element) => under('- ', '  ', element, true));
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length > 0) return entries.flatMap(([key, inner]) => under(`${scalar(key, true)}:`, '  ', inner, false));
  }
  return [inline(value)];
}

/** `head` and the value below it: on the same line when it is short, indented below when it is not. */
function under(head: string, indent: string, value: Json, compact: boolean): readonly string[] {
  const space = compact ? '' : ' ';
  if (typeof value === 'string' && isBlock(value)) return [`${head}${space}${blockHeader(value)}`, ...blockLines(value, indent)];
  const inner = lines(value);
  const nested = (isList(value) && value.length > 0) || (isObject(value) && Object.keys(value).length > 0);
  if (!nested) return [`${head}${space}${inner[0] ?? ''}`];
  if (compact) return inner.map((line, at) => (at === 0 ? head + line : line === '' ? '' : indent + line));
  return [head, ...inner.map((line) => (line === '' ? '' : indent + line))];
}

function inline(value: Json): string {
  if (typeof value === 'string') return scalar(value, false);
  if (isList(value)) return '[]';
  if (isObject(value)) return '{}';
  return JSON.stringify(value);
}

/** Plain where no reader can take it for anything else, else in double quotes. */
function scalar(text: string, key: boolean): string {
  return isPlain(text) && !(key && text.length > 100) ? text : quoted(text);
}

const WORD = /^(?:~|null|true|false|yes|no|on|off|y|n)$/i;
const NUMBER = /^[-+.]?[\d.]/;

function isPlain(text: string): boolean {
  return (
    /^[\p{L}\d_(/][^\p{Cc}\p{Cs}\u2028\u2029\ufeff]*$/u.test(text) &&
    !/: |:$| #|\s$|^---|^\.\.\./.test(text) &&
    !WORD.test(text) &&
    !NUMBER.test(text)
  );
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Texts of several lines read best as a literal block; the odd ones cannot be written so, and newlines at the end are lost to readers who trim. */
function isBlock(text: string): boolean {
  return /\n./.test(text) && /^[^\s]/.test(text) && !/[^\S \n]|[\p{Cs}\ufeff]|(?!\n)\p{Cc}| $| \n|\n\n$/u.test(text);
}

function blockHeader(text: string): string {
  return text.endsWith('\n') ? '|' : '|-';
}

function blockLines(text: string, indent: string): readonly string[] {
  const inner = text.endsWith('\n') ? text.slice(0, -1) : text;
  return inner.split('\n').map((line) => (line === '' ? '' : indent + line));
}
