import type { Json } from '../base/json.ts';
import {
  ANY,
  BOOLEAN,
  elementOf,
  type Field,
  INTEGER,
  isAny,
  listOf,
  membersOf,
  NUMBER,
  type ObjectShape,
  objectOf,
  type Shape,
  STRING,
  union,
  withoutNull,
} from './shape.ts';

/** What one argument has to be. */
export interface Parameter {
  readonly sorts: readonly ('string' | 'number' | 'boolean' | 'list' | 'object')[];
  /** The same for people: `text or a list`. */
  readonly words: string;
  /** What every element has to be, when the argument is a list. */
  readonly element?: Pick<Parameter, 'sorts' | 'words'>;
}

/** The types of one function. */
export interface Signature {
  /** An argument without an entry may be anything. */
  readonly params: readonly (Parameter | undefined)[];
  /** All arguments after those of `params`. */
  readonly rest?: Parameter;
  /** What it gives for arguments of these shapes; `literals` holds those that are written out. */
  readonly result: (args: readonly Shape[], literals: readonly (Json | undefined)[]) => Shape;
}

const TEXT: Parameter = { sorts: ['string'], words: 'text' };
const A_NUMBER: Parameter = { sorts: ['number'], words: 'a number' };
const LIST: Parameter = { sorts: ['list'], words: 'a list' };
const OBJECT: Parameter = { sorts: ['object'], words: 'an object' };
const SCALAR: Parameter = { sorts: ['string', 'number', 'boolean'], words: 'text, a number, true or false' };
const NUMERIC: Parameter = { sorts: ['string', 'number'], words: 'a number, or text that holds one' };
const LIST_OR_TEXT: Parameter = { sorts: ['list', 'string'], words: 'a list or text' };
const NUMBERS: Parameter = { ...LIST, element: { sorts: ['number'], words: 'numbers' } };
const NUMBERS_OR_ONE: Parameter = { ...NUMBERS, sorts: ['list', 'number'], words: 'numbers, or a list of them' };

const text = (params: readonly (Parameter | undefined)[]): Signature => ({ params, result: () => STRING });
const test = (params: readonly (Parameter | undefined)[]): Signature => ({ params, result: () => BOOLEAN });

/** The types of every function of the language, by name. The names are those of `functionNames`. */
export const signatures: Readonly<Record<string, Signature>> = {
  size: {
    params: [{ sorts: ['list', 'string', 'object'], words: 'a list, text or an object' }],
    result: () => ({ type: 'number', integer: true, min: 0 }),
  },
  string: { params: [SCALAR], result: () => STRING },
  int: { params: [NUMERIC], result: () => INTEGER },
  double: { params: [NUMERIC], result: () => NUMBER },
  bool: { params: [{ sorts: ['string', 'boolean'], words: 'text, true or false' }], result: () => BOOLEAN },
  startsWith: test([TEXT, TEXT]),
  endsWith: test([TEXT, TEXT]),
  contains: test([TEXT, TEXT]),
  flatten: { params: [{ ...LIST, element: { sorts: ['list'], words: 'lists' } }], result: ([list]) => listOf(flattened(element(list))) },
  unique: { params: [LIST], result: ([list]) => listOf(element(list)) },
  sort: {
    params: [{ ...LIST, element: { sorts: ['number', 'string'], words: 'numbers or texts' } }, TEXT],
    result: ([list]) => listOf(withoutNull(element(list))),
  },
  sort_by: {
    params: [{ ...LIST, element: { sorts: ['object'], words: 'objects' } }, TEXT, TEXT],
    // Nulls were told of: whoever leaves them out has none here.
    result: ([list]) => listOf(withoutNull(element(list))),
  },
  last: { params: [LIST], result: ([list]) => element(list) },
  slice: {
    params: [LIST_OR_TEXT, A_NUMBER, A_NUMBER],
    result: ([whole]) => {
      const sorts = membersOf(whole ?? ANY).map((one) =>
        one.type === 'list' ? listOf(elementOf(one)) : one.type === 'string' ? STRING : ANY,
      );
      return union(...sorts);
    },
  },
  sum: {
    params: [NUMBERS],
    result: ([list]) => (everyMember(element(list), (one) => one.type === 'number' && one.integer) ? INTEGER : NUMBER),
  },
  min: { params: [NUMBERS_OR_ONE], rest: A_NUMBER, result: extreme },
  max: { params: [NUMBERS_OR_ONE], rest: A_NUMBER, result: extreme },
  round: { params: [A_NUMBER, A_NUMBER], result: (args) => (args.length === 1 ? INTEGER : NUMBER) },
  lower: text([TEXT]),
  upper: text([TEXT]),
  trim: text([TEXT]),
  split: { params: [TEXT, TEXT], result: () => listOf(STRING) },
  join: text([{ ...LIST, element: { sorts: ['string', 'number', 'boolean'], words: 'texts or numbers' } }, TEXT]),
  replace: text([TEXT, TEXT, TEXT]),
  merge: { params: [OBJECT], rest: OBJECT, result: (args) => args.reduce(merged) },
  keys: { params: [OBJECT], result: () => listOf(STRING) },
  values: { params: [OBJECT], result: ([object]) => listOf(fieldValues(object)) },
  entries: { params: [OBJECT], result: ([object]) => listOf(objectOf({ key: STRING, value: fieldValues(object) })) },
  regex: test([TEXT, TEXT]),
};

function element(shape: Shape | undefined): Shape {
  if (shape === undefined || isAny(shape)) return ANY;
  const elements = membersOf(shape).flatMap((one) => (one.type === 'list' ? [elementOf(one)] : []));
  return elements.length === 0 ? ANY : union(...elements);
}

/** The elements of a list of lists, one level down; what is no list stays. */
function flattened(shape: Shape): Shape {
  if (isAny(shape)) return ANY;
  return union(...membersOf(shape).map((one) => (one.type === 'list' ? elementOf(one) : one)));
}

function everyMember(shape: Shape, is: (one: Shape) => boolean): boolean {
  return membersOf(shape).every(is);
}

/** The least or greatest: of one list, or of the arguments. */
function extreme(args: readonly Shape[]): Shape {
  const shapes = args.length === 1 ? [element(args[0])] : args;
  const sorts = shapes.flatMap((shape) => membersOf(shape));
  if (sorts.length === 0 || sorts.some((one) => one.type !== 'number' && one.type !== 'string')) return ANY;
  if (sorts.every((one) => one.type === 'number')) return sorts.every((one) => one.type === 'number' && one.integer) ? INTEGER : NUMBER;
  return sorts.every((one) => one.type === 'string') ? STRING : union(STRING, NUMBER);
}

/** Two objects as one; fields of the later one win. */
function merged(a: Shape, b: Shape): Shape {
  if (isAny(a) || isAny(b)) return ANY;
  const pairs = membersOf(a).flatMap((one) => membersOf(b).map((other) => mergedPair(one, other)));
  return union(...pairs);
}

function mergedPair(a: Shape, b: Shape): Shape {
  if (a.type !== 'object' || b.type !== 'object') return ANY;
  const fields = new Map<string, Field>(a.fields);
  for (const [name, field] of b.fields) {
    const under = a.fields.get(name);
    if (field.required || under === undefined) fields.set(name, field);
    else fields.set(name, { shape: union(under.shape, field.shape), required: under.required });
  }
  const rests = [a.rest, b.rest].filter((rest) => rest !== undefined);
  const one: ObjectShape = { type: 'object', fields, exact: a.exact && b.exact, ...(rests.length > 0 && { rest: union(...rests) }) };
  return one;
}

function fieldValues(shape: Shape | undefined): Shape {
  if (shape === undefined || isAny(shape)) return ANY;
  const values = membersOf(shape).flatMap((one) => {
    if (one.type !== 'object' || !(one.exact || one.rest !== undefined)) return [ANY];
    return [...[...one.fields.values()].map((field) => field.shape), ...(one.rest === undefined ? [] : [one.rest])];
  });
  return values.length === 0 ? ANY : union(...values);
}
