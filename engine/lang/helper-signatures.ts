import { type Taken, wholeWithin } from './known-arguments.ts';
import { ANY, BOOLEAN, elementOf, INTEGER, isAny, listOf, membersOf, type Shape, STRING, union, withoutNull } from './shape.ts';
import type { Parameter } from './signatures.ts';
import { isInstant } from './values.ts';

/** The types of one template helper. */
export interface HelperSignature {
  /** What each argument has to be; without an entry it may be anything, null included. */
  readonly params: readonly (Parameter | undefined)[];
  readonly result: (args: readonly Shape[]) => Shape;
}

const PRINTABLE: Parameter = { sorts: ['string', 'number', 'boolean'], words: 'text' };
const LIST: Parameter = { sorts: ['list'], words: 'a list' };
const A_NUMBER: Parameter = { sorts: ['number'], words: 'a number' };
const ORDERED: Parameter = { sorts: ['number', 'string'], words: 'a number or text' };

const text = (...params: readonly (Parameter | undefined)[]): HelperSignature => ({ params, result: () => STRING });
const test = (...params: readonly (Parameter | undefined)[]): HelperSignature => ({ params, result: () => BOOLEAN });

/** The types of every helper of templates, by name. The names are those of `helperNames`. */
export const helperSignatures: Readonly<Record<string, HelperSignature>> = {
  json: text(),
  yaml: text(),
  join: text(LIST, PRINTABLE),
  bullets: text(LIST),
  indent: text(PRINTABLE, A_NUMBER),
  truncate: text(PRINTABLE, A_NUMBER),
  default: { params: [], result: ([value = ANY, otherwise = ANY]) => union(withoutNull(value), otherwise) },
  lookup: { params: [{ sorts: ['list', 'object'], words: 'a list or an object' }, ORDERED], result: ([from = ANY]) => partOf(from) },
  exists: test(),
  eq: test(),
  ne: test(),
  lt: test(ORDERED, ORDERED),
  gt: test(ORDERED, ORDERED),
  and: test(),
  or: test(),
  not: test(),
  upper: text(PRINTABLE),
  lower: text(PRINTABLE),
  trim: text(PRINTABLE),
  lines: { params: [PRINTABLE], result: () => listOf(STRING) },
  length: { params: [{ sorts: ['list', 'object', 'string'], words: 'a list, an object or text' }], result: () => INTEGER },
  date: text(ORDERED, PRINTABLE),
  fence: text(PRINTABLE, PRINTABLE),
};

/** What helpers take of values that are known before the run. */
export const takenByHelpers: Readonly<Record<string, readonly Taken[]>> = {
  indent: [{ at: 1, ...wholeWithin(0, 100) }],
  truncate: [{ at: 1, ...wholeWithin(0) }],
  date: [{ at: 0, takes: isInstant, words: 'an instant such as "2026-11-20T09:05:00Z"' }],
};

function partOf(shape: Shape): Shape {
  if (isAny(shape)) return ANY;
  const parts = membersOf(shape).flatMap((one): readonly Shape[] => {
    if (one.type === 'list') return [elementOf(one)];
    if (one.type !== 'object') return [];
    return [...[...one.fields.values()].map((field) => field.shape), ...(one.rest === undefined ? [] : [one.rest])];
  });
  return parts.length === 0 ? ANY : union(...parts);
}
