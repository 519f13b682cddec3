import { isList, isObject, type Json } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** A JSON Schema type in plain words. */
export function typeInWords(type: string): string {
  return TYPE_WORDS[type] ?? type;
}

/** What a value is, in plain words, with the value itself where it is short: `the text "high"`, `a list`. */
export function kindInWords(value: Json): string {
  if (isList(value)) return 'a list';
  if (isObject(value)) return 'an object';
  if (typeof value === 'string') return `the text ${shown(value)}`;
  return shown(value);
}

/** A value as JSON, cut when long. */
export function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

/** A path as people write it: `"findings[2].severity"`; the whole is `the value`. */
export function named(path: Path): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text === '' ? 'the value' : `"${text}"`;
}

/** A name between quotes. */
export function quote(text: string): string {
  return `"${text}"`;
}

/** A number and what is counted: `1 item`, `2 items`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
