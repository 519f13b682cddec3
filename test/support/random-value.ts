import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../../engine/base/json.ts';

/** Uniform in [0, 1). */
export type Random = () => number;

/** Numbers that follow from a seed: mulberry32, by Tommy Ettinger. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TEXTS = ['', 'yes', 'A short text.', 'Two\nlines', '{{braces}}', 'ünïcode — “quotes”', '0', 'a/b c?d=e#f', 'x'.repeat(300)];

/** Some value that fits a schema: optional properties come and go, lists are empty as often as not, every variant has its turn. */
export function randomValue(schema: Json, random: Random, root: JsonSchema = isObject(schema) ? schema : {}, depth = 0): Json {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  if (!isObject(schema)) return pick<Json>([null, 'a text', 3, true, [], {}]);
  if (typeof schema.$ref === 'string') {
    const found = schema.$ref
      .slice(2)
      .split('/')
      .reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), root);
    return randomValue(found ?? {}, random, root, depth + 1);
  }
  if (schema.const !== undefined) return schema.const;
  if (isList(schema.enum)) return pick(schema.enum);
  const variants = schema.anyOf ?? schema.oneOf;
  if (isList(variants)) return randomValue(pick(variants), random, root, depth + 1);
  const type = isList(schema.type)
    ? pick(schema.type)
    : (schema.type ?? (schema.properties ? 'object' : schema.items ? 'array' : undefined));
  switch (type) {
    case 'object': {
      const value: Record<string, Json> = {};
      const required = isList(schema.required) ? schema.required : [];
      const properties = isObject(schema.properties) ? schema.properties : {};
      for (const [name, inner] of Object.entries(properties)) {
        if (required.includes(name) || (depth < 8 && random() < 0.5)) value[name] = randomValue(inner, random, root, depth + 1);
      }
      return value;
    }
    case 'array': {
      const least = typeof schema.minItems === 'number' ? schema.minItems : 0;
      const most = typeof schema.maxItems === 'number' ? schema.maxItems : least + 3;
      const count = depth > 8 ? least : least + Math.floor(random() * (Math.min(most, least + 3) - least + 1));
      return Array.from({ length: count }, () => randomValue(schema.items ?? {}, random, root, depth + 1));
    }
    case 'integer':
    case 'number': {
      const least = typeof schema.minimum === 'number' ? schema.minimum : -5;
      const most = typeof schema.maximum === 'number' ? schema.maximum : Math.max(least, 5) + 20;
      const value = pick([least, most, least + random() * (most - least)]);
      return type === 'integer' ? Math.min(Math.floor(most), Math.max(Math.ceil(least), Math.round(value))) : value;
    }
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    case 'string':
      return textOf(schema, pick);
    default:
      return pick<Json>(['any text', 4.5, false, null, ['one'], { some: 'thing' }]);
  }
}

function textOf({ minLength, maxLength, format, pattern }: JsonObject, pick: <T>(list: readonly T[]) => T): string {
  if (format === 'date') return '2026-02-03';
  if (format === 'date-time') return '2026-02-03T04:05:06Z';
  if (format === 'email') return 'ada@example.com';
  if (format === 'uri') return 'https://example.com/';
  // A text for a pattern is not made up; whoever uses one gives examples.
  if (typeof pattern === 'string') return 'ABC-123';
  const text = pick(TEXTS).slice(0, typeof maxLength === 'number' ? maxLength : undefined);
  return typeof minLength === 'number' ? text.padEnd(minLength, 'x') : text;
}
