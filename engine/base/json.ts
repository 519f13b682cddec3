import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };
export type JsonSchema = JsonObject;

/** Halves of characters, as JSON writes them: a text that was cut in the middle of one has them. */
const HALVES = /(?<!\\)((?:\\\\)*)\\(ud[89a-f][0-9a-f]{2})/g;

/**
 * The canonical text of a JSON value (RFC 8785): equal values give equal text. Fields that are `undefined` are left out. A half of a
 * character, which has no canonical text, is spelt out.
 */
export function canonicalText(value: Json): string {
  const text = canonicalize(JSON.parse(JSON.stringify(value).replace(HALVES, '$1\\\\$2')));
  return text ?? 'null';
}

/** The text of a JSON value with a replacement character for each half of one, which no server takes. */
export function withoutHalves(json: string): string {
  return json.replace(HALVES, '$1\\ufffd');
}

/** The sha256 of a value's canonical text, as lower-case hex. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex');
}

/** True for a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a JSON list, keeping its element type. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
