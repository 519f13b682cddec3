import type { Json } from '../base/json.ts';

/** Deeper values are no data of a person, and walking them recurses. */
const MAX_DEPTH = 500;

/** A value of a program as JSON: `undefined` is null, and left out of objects; or where in it and why it is none. */
export function plainJson(value: unknown): { readonly json: Json } | { readonly problem: string } {
  try {
    return { json: read(value, 'it', []) };
  } catch (error) {
    if (error instanceof NoJson) return { problem: error.message };
    // What is looked at is the program's own: a getter, a proxy.
    return { problem: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

class NoJson extends Error {}

function read(value: unknown, at: string, above: readonly object[]): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new NoJson(`${at} is ${value}`);
    case 'undefined':
      return null;
    case 'object':
      break;
    default:
      throw new NoJson(`${at} is a ${typeof value}`);
  }
  if (value === null) return null;
  if (above.includes(value)) throw new NoJson(`${at} leads back to itself`);
  if (above.length >= MAX_DEPTH) throw new NoJson(`it is more than ${MAX_DEPTH} levels deep`);
  const inner = [...above, value];
  const from = at === 'it' ? '' : at;
  if (Array.isArray(value)) return Array.from(value, (element, index) => read(element, `${from}[${index}]`, inner));
  const prototype: unknown = Object.getPrototypeOf(value);
  // The modules of users may have been evaluated in a realm of their own: what counts is that it is a bare object.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const name = (prototype as { constructor?: { name?: string } }).constructor?.name ?? 'object of its own';
    throw new NoJson(`${at} is a ${name}, not plain data`);
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, read(field, from === '' ? key : `${from}.${key}`, inner)]));
}
