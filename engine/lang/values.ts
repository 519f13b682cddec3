import { isList, isObject, type Json } from '../base/json.ts';

/** What a value is, for messages: `null`, `text`, `a number`, `true`, `a list`, `an object`. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return String(value);
    default:
      return 'an object';
  }
}

/** True when two JSON values are the same, whatever the order of their keys. `visit` is called once per value compared. */
export function isEqual(a: Json, b: Json, visit: () => void = () => {}): boolean {
  visit();
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((element, at) => isEqual(element, b[at] ?? null, visit));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] ?? null, b[key] ?? null, visit))
  );
}

/** How long a value is: elements of a list, entries of an object, characters (code points) of a text; undefined for the rest. */
export function sizeOf(value: Json): number | undefined {
  if (typeof value === 'string') {
    let size = 0;
    for (const _ of value) size++;
    return size;
  }
  if (isList(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

/** The first `count` characters (code points) of a text. */
export function firstCharacters(text: string, count: number): string {
  let end = 0;
  for (const character of text) {
    if (count-- <= 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Whether a text is one number, and nothing else but blanks. */
export function spellsNumber(text: string): boolean {
  return /^\s*[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\s*$/i.test(text);
}

/** Whether a value is a point in time: text that says when, or milliseconds since 1970. */
export function isInstant(value: Json): value is string | number {
  return (typeof value === 'number' || typeof value === 'string') && value !== '' && !Number.isNaN(new Date(value).getTime());
}
