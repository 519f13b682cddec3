import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';

/**
 * An answer that fits a JSON Schema as far as a schema can be followed without solving it: the same seed and schema always
 * give the same answer. Texts say what they stand for; numbers lie between their bounds; enums are chosen by the seed.
 *
 * `seed` is a digest in hex; `subject` a few words of what was asked. The `smallest` answer has empty lists, the least numbers
 * and nothing that is optional: what is said of its parts holds more often.
 */
export function makeUpAnswer(schema: JsonSchema, seed: string, subject: string, size: 'usual' | 'smallest' = 'usual'): Json {
  return make(schema, { root: schema, seed, subject, smallest: size === 'smallest', name: '', depth: 0 });
}

interface Making {
  readonly root: JsonSchema;
  readonly seed: string;
  readonly subject: string;
  readonly smallest: boolean;
  /** Of the property being made, in words. */
  readonly name: string;
  readonly depth: number;
}

/** Recursive schemas end here: what is optional is left out, lists are as short as allowed. */
const DEEP = 6;
const HOPELESS = 40;

function make(schema: Json, at: Making): Json {
  if (!isObject(schema) || at.depth > HOPELESS) return schema === true ? `A made-up ${at.name || 'value'}.` : null;
  const here = resolve(schema, at.root);
  if (here !== schema) return make(here, { ...at, depth: at.depth + 1 });
  if (schema.const !== undefined) return schema.const;
  if (isList(schema.enum) && schema.enum.length > 0) return pick(schema.enum, at);
  if (schema.default !== undefined) return schema.default;
  if (isList(schema.examples) && schema.examples.length > 0) return pick(schema.examples, at);
  const variants = schema.anyOf ?? schema.oneOf;
  if (isList(variants) && variants.length > 0) {
    const { anyOf: _, oneOf: __, ...rest } = schema;
    const best = variants.find((variant) => isObject(variant) && variant.type !== 'null') ?? variants[0];
    return make(isObject(best) ? { ...rest, ...best } : (best ?? true), { ...at, depth: at.depth + 1 });
  }
  if (isList(schema.allOf) && schema.allOf.length > 0) {
    const { allOf, ...rest } = schema;
    return make(merge([rest, ...schema.allOf.filter(isObject).map((part) => resolve(part, at.root))]), { ...at, depth: at.depth + 1 });
  }
  switch (typeOf(schema)) {
    case 'object':
      return makeObject(schema, at);
    case 'array':
      return makeList(schema, at);
    case 'integer':
      return makeNumber(schema, at, 1);
    case 'number':
      return makeNumber(schema, at, undefined);
    case 'boolean':
      return !at.smallest && hash(at, 'boolean') % 2 === 0;
    case 'null':
      return null;
    default:
      return makeText(schema, at);
  }
}

function typeOf(schema: JsonObject): Json | undefined {
  const type = isList(schema.type) ? (schema.type.find((one) => one !== 'null') ?? 'null') : schema.type;
  if (type !== undefined) return type;
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  if (schema.minimum !== undefined || schema.maximum !== undefined) return 'number';
  return 'string';
}

function makeObject(schema: JsonObject, at: Making): Json {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = isList(schema.required) ? schema.required : [];
  const made: Record<string, Json> = {};
  for (const [name, property] of Object.entries(properties)) {
    if ((at.smallest || at.depth > DEEP) && !required.includes(name)) continue;
    made[name] = make(property, { ...at, name: wordsOf(name), seed: `${at.seed}.${name}`, depth: at.depth + 1 });
  }
  for (const name of required) {
    if (typeof name !== 'string' || name in made) continue;
    const rest = schema.additionalProperties;
    made[name] = make(isObject(rest) ? rest : { type: 'string' }, {
      ...at,
      name: wordsOf(name),
      seed: `${at.seed}.${name}`,
      depth: at.depth + 1,
    });
  }
  return made;
}

function makeList(schema: JsonObject, at: Making): Json {
  const prefix = isList(schema.prefixItems) ? schema.prefixItems : [];
  const least = numberOf(schema.minItems) ?? 0;
  const most = numberOf(schema.maxItems) ?? Infinity;
  const wanted = schema.items === false ? prefix.length : at.smallest || at.depth > DEEP ? least : 2;
  const length = Math.min(most, Math.max(least, prefix.length, wanted));
  const items: Json[] = [];
  const seen = new Set<string>();
  for (let index = 0; items.length < length && index < length * 8; index += 1) {
    const element = prefix[items.length] ?? schema.items ?? true;
    const item = make(element, { ...at, name: singular(at.name), seed: `${at.seed}[${index}]`, depth: at.depth + 1 });
    const text = JSON.stringify(item);
    if (schema.uniqueItems === true && seen.has(text)) continue;
    seen.add(text);
    items.push(item);
  }
  return items;
}

/** Between the bounds, a little to one side by the seed, on the grid of `multipleOf`. */
function makeNumber(schema: JsonObject, at: Making, grid: number | undefined): number {
  const step = numberOf(schema.multipleOf) ?? grid ?? 0.01;
  let low = numberOf(schema.minimum);
  let high = numberOf(schema.maximum);
  const above = numberOf(schema.exclusiveMinimum);
  const below = numberOf(schema.exclusiveMaximum);
  if (above !== undefined) low = Math.max(low ?? -Infinity, above + step);
  if (below !== undefined) high = Math.min(high ?? Infinity, below - step);
  if (at.smallest) low ??= Math.min(0, high ?? 0);
  low ??= high === undefined ? 1 : Math.min(high, high - 10 * step);
  high ??= low + 10 * Math.max(step, grid ?? 0);
  const share = at.smallest ? 0 : 0.3 + (hash(at, 'number') % 1000) / 2500;
  const first = Math.ceil(round(low / step));
  const last = Math.floor(round(high / step));
  return round(Math.min(last, first + Math.round((last - first) * share)) * step);
}

/** Sums of tenths come out as 0.30000000000000004 otherwise. */
const round = (value: number): number => Math.round(value * 1e9) / 1e9;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-15T09:30:00Z',
  date: '2026-01-15',
  time: '09:30:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  'idn-email': 'someone@example.com',
  hostname: 'example.com',
  'idn-hostname': 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/made-up',
  iri: 'https://example.com/made-up',
  url: 'https://example.com/made-up',
  'uri-reference': '/made-up',
  uuid: '00000000-0000-4000-8000-000000000000',
  regex: '.*',
  'json-pointer': '/made-up',
};

function makeText(schema: JsonObject, at: Making): string {
  const format = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined;
  if (format !== undefined) return format;
  if (typeof schema.pattern === 'string') return fromPattern(schema.pattern, at);
  if (at.smallest) return short('made up', least(schema), most(schema));
  const about = at.subject === '' ? '' : ` about "${at.subject}"`;
  const number = /\[(\d+)\](?!.*\[)/.exec(at.seed)?.[1];
  const counted = number === undefined ? '' : ` ${Number(number) + 1}`;
  if (SHORT.test(at.name)) return short(`made-up ${at.name}${counted}`, least(schema), most(schema));
  let text = `${capital(at.name || 'answer')}${counted}: a made-up text${about}.`;
  if (text.length > most(schema)) text = `${capital(at.name || 'answer')}${counted}`;
  return short(text, least(schema), most(schema));
}

/** Properties that hold a word or two, not a sentence. */
const SHORT = /(^| )(id|name|title|file|path|label|key|tag|topic|category|type|kind|author|language|code|symbol)$/;

const least = (schema: JsonObject): number => numberOf(schema.minLength) ?? 0;
const most = (schema: JsonObject): number => numberOf(schema.maxLength) ?? Infinity;

/** The text, made to have between `from` and `to` characters. */
function short(text: string, from: number, to: number): string {
  let made = text;
  while (made.length < from) made += ' and so on';
  return made.slice(0, Math.max(from, to));
}

/** A text for the simpler patterns people write; for others, their own source with the operators taken out, which may not fit. */
function fromPattern(pattern: string, at: Making): string {
  let text = '';
  const source = pattern.replace(/^\^/, '').replace(/\$$/, '');
  const tokens = source.matchAll(/(\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?:)?([^()|]*)[^()]*\)|\.|[^\\[\](){}*+?|.])(\{(\d+)(?:,\d*)?\}|[*+?])?/g);
  for (const [, atom = '', group, times, count] of tokens) {
    const one = group === undefined ? oneOf(atom) : fromPattern(group, at);
    text += one.repeat(count === undefined ? (times === '*' || times === '?' ? 0 : 1) : Number(count));
  }
  return text;
}

function oneOf(atom: string): string {
  if (atom === '.') return 'x';
  if (atom === '\\d') return '7';
  if (atom === '\\w') return 'x';
  if (atom === '\\s') return ' ';
  if (atom.startsWith('\\')) return atom.slice(1);
  if (!atom.startsWith('[')) return atom;
  const inner = atom.slice(1, -1);
  if (inner.startsWith('^')) return ['x', '0', '_'].find((letter) => !inner.includes(letter)) ?? 'x';
  const range = /^(\\?.)(?:-(.))?/.exec(inner);
  return oneOf(range?.[1] ?? 'x');
}

function resolve(schema: JsonObject, root: JsonSchema): JsonObject {
  if (typeof schema.$ref !== 'string') return schema;
  let target: Json | undefined = root;
  for (const step of schema.$ref.replace(/^#\/?/, '').split('/')) {
    if (step === '') continue;
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    target = isObject(target) ? target[name] : undefined;
  }
  return isObject(target) ? target : {};
}

function merge(parts: readonly JsonObject[]): JsonObject {
  const properties: Record<string, Json> = {};
  const required: Json[] = [];
  for (const part of parts) {
    Object.assign(properties, isObject(part.properties) ? part.properties : {});
    if (isList(part.required)) required.push(...part.required);
  }
  const merged: Record<string, Json> = Object.assign({}, ...parts);
  return { ...merged, ...(Object.keys(properties).length > 0 && { properties }), ...(required.length > 0 && { required }) };
}

const numberOf = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined);
const wordsOf = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
const singular = (words: string): string => (/[^s]s$/.test(words) ? words.slice(0, -1) : words);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function pick(choices: readonly Json[], at: Making): Json {
  return choices[hash(at, 'choice') % choices.length] ?? null;
}

/** FNV-1a: spreads the seed over small numbers; nothing here needs more. */
function hash(at: Making, salt: string): number {
  let value = 0x811c9dc5;
  for (const letter of `${at.seed}#${salt}`) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  // The last bits of FNV are poor on short keys: fold the high half in.
  return (value ^ (value >>> 16)) >>> 0;
}
