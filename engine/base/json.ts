import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };
export type JsonSchema = JsonObject;

/** The canonical text of a JSON value (RFC 8785): equal values give equal text. Fields that are `undefined` are left out. */
export function canonicalText(value: Json): string {
  const text = canonicalize(JSON.parse(JSON.stringify(value)));
  return text ?? 'null';
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
