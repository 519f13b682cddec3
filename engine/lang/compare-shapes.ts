import type { SchemaChange } from '../contracts/diff.ts';
import { elementOf, highestOf, lowestOf, membersOf, type ObjectShape, type Shape } from './shape.ts';
import { printShape } from './shape-text.ts';

/**
 * Where the values of two shapes part. Unlike `whyNotAssignable`, which lets pass what only the run can tell, this is about every value:
 * any text is more than one of two words.
 */
export function compareShapes(before: Shape, after: Shape): readonly SchemaChange[] {
  const found: SchemaChange[] = [];
  compare(before, after, '', { found, open: new Map() });
  return found;
}

interface Search {
  readonly found: SchemaChange[];
  /** Pairs under comparison: a recursive pair that comes up again is taken to be the same. */
  readonly open: Map<Shape, Set<Shape>>;
}

type Member = ReturnType<typeof membersOf>[number];

function compare(a: Shape, b: Shape, at: string, search: Search): void {
  if (a === b) return;
  if (a.type === 'ref' || b.type === 'ref') {
    const seen = search.open.get(a) ?? new Set();
    if (seen.has(b)) return;
    search.open.set(a, seen.add(b));
  }
  const [before, after] = [membersOf(a), membersOf(b)];
  const isOpen = (members: readonly Member[]): boolean => members.some((one) => one.type === 'any');
  if (isOpen(before) || isOpen(after)) {
    if (!isOpen(after)) add(search, at, 'narrowed', `was any value, is ${printShape(b)} now`);
    else if (!isOpen(before)) add(search, at, 'widened', `was ${printShape(a)}, may be any value now`);
    return;
  }
  const types = new Set<Shape['type']>([...before, ...after].map(({ type }) => type).filter((type) => type !== 'never'));
  const only = (members: readonly Member[], others: readonly Member[]): readonly Member[] =>
    members.filter((one) => types.has(one.type) && !others.some(({ type }) => type === one.type));
  const [gone, come] = [only(before, after), only(after, before)];
  if (gone.length > 0 && come.length > 0) add(search, at, 'changed', `was ${printShape(a)}, is ${printShape(b)} now`);
  else if (gone.length > 0) add(search, at, 'narrowed', `may not be ${inWords(gone)} any more`);
  else if (come.length > 0) add(search, at, 'widened', `may be ${inWords(come)} now`);
  for (const type of types) {
    const of = (members: readonly Member[]): readonly Member[] => members.filter((one) => one.type === type);
    const [own, other] = [of(before), of(after)];
    if (own.length > 0 && other.length > 0) compareAlternatives(own, other, at, search);
  }
}

const inWords = (members: readonly Member[]): string => members.map(printShape).join(' or ');

/** Alternatives of one type: one with one, else whether each is covered by one of the others. */
function compareAlternatives(before: readonly Member[], after: readonly Member[], at: string, search: Search): void {
  const [a, b] = [before[0], after[0]];
  if (a !== undefined && b !== undefined && before.length === 1 && after.length === 1) {
    compareOne(a, b, at, search);
    return;
  }
  const covers = (one: Member, by: readonly Member[], breaks: 'breaksGivers' | 'breaksReaders'): boolean =>
    by.some((other) => {
      const inner: Search = { found: [], open: search.open };
      compareOne(breaks === 'breaksGivers' ? one : other, breaks === 'breaksGivers' ? other : one, '', inner);
      return !inner.found.some((change) => change[breaks]);
    });
  const gone = before.filter((one) => !covers(one, after, 'breaksGivers'));
  const come = after.filter((one) => !covers(one, before, 'breaksReaders'));
  if (gone.length > 0 && come.length > 0) add(search, at, 'changed', `${inWords(gone)} became ${inWords(come)}`);
  else if (gone.length > 0) add(search, at, 'narrowed', `may not be ${inWords(gone)} any more`);
  else if (come.length > 0) add(search, at, 'widened', `may be ${inWords(come)} now`);
}

function compareOne(a: Member, b: Member, at: string, search: Search): void {
  if (a.type === 'string' && b.type === 'string') compareValues(a.values, b.values, 'text', at, search);
  else if (a.type === 'boolean' && b.type === 'boolean') {
    const listed = (value: boolean | undefined): readonly boolean[] => (value === undefined ? [true, false] : [value]);
    compareValues(listed(a.value), listed(b.value), 'true or false', at, search);
  } else if (a.type === 'number' && b.type === 'number') compareNumbers(a, b, at, search);
  else if (a.type === 'list' && b.type === 'list') {
    if (a.tuple === undefined || b.tuple === undefined) compare(elementOf(a), elementOf(b), `${at}[]`, search);
    else {
      const length = Math.max(a.tuple.length, b.tuple.length);
      for (let i = 0; i < length; i++) compare(a.tuple[i] ?? a.element, b.tuple[i] ?? b.element, `${at}[${i}]`, search);
    }
  } else if (a.type === 'object' && b.type === 'object') compareObjects(a, b, at, search);
}

function compareValues<T>(a: readonly T[] | undefined, b: readonly T[] | undefined, all: string, at: string, search: Search): void {
  if (a === undefined && b === undefined) return;
  const listed = (values: readonly T[]): string => values.map((value) => JSON.stringify(value)).join(', ');
  if (a === undefined) add(search, at, 'narrowed', `was any ${all}, is one of ${listed(b ?? [])} now`);
  else if (b === undefined) add(search, at, 'widened', `was one of ${listed(a)}, may be any ${all} now`);
  else {
    const [gone, come] = [a.filter((one) => !b.includes(one)), b.filter((one) => !a.includes(one))];
    if (gone.length > 0 && come.length > 0) add(search, at, 'changed', `${listed(gone)} became ${listed(come)}`);
    else if (gone.length > 0) add(search, at, 'narrowed', `may not be ${listed(gone)} any more`);
    else if (come.length > 0) add(search, at, 'widened', `may be ${listed(come)} now`);
  }
}

function compareNumbers(a: Member & { type: 'number' }, b: Member & { type: 'number' }, at: string, search: Search): void {
  if (a.values !== undefined && b.values !== undefined) {
    compareValues(a.values, b.values, 'number', at, search);
    return;
  }
  const low = (shape: Member & { type: 'number' }): number => lowestOf(shape) ?? Number.NEGATIVE_INFINITY;
  const high = (shape: Member & { type: 'number' }): number => highestOf(shape) ?? Number.POSITIVE_INFINITY;
  const less = (one: typeof a, other: typeof a): boolean =>
    low(other) > low(one) ||
    high(other) < high(one) ||
    (other.integer && !one.integer && one.values === undefined) ||
    (other.values !== undefined && one.values === undefined);
  const [narrower, wider] = [less(a, b), less(b, a)];
  if (!narrower && !wider) return;
  const change = narrower && wider ? 'changed' : narrower ? 'narrowed' : 'widened';
  add(search, at, change, `was ${printShape(a)}, is ${printShape(b)} now`);
}

function compareObjects(a: ObjectShape, b: ObjectShape, at: string, search: Search): void {
  const inner = (name: string): string => (at === '' ? name : `${at}.${name}`);
  for (const [name, field] of a.fields) {
    const now = b.fields.get(name);
    if (now !== undefined) {
      if (field.required && !now.required) {
        search.found.push({ at: inner(name), change: 'optional', message: 'may be missing now', breaksGivers: false, breaksReaders: true });
      } else if (!field.required && now.required) {
        search.found.push({
          at: inner(name),
          change: 'required',
          message: 'may not be missing any more',
          breaksGivers: true,
          breaksReaders: false,
        });
      }
      compare(field.shape, now.shape, inner(name), search);
    } else {
      search.found.push({
        at: inner(name),
        change: 'removed',
        message: `${printShape(field.shape)}, is gone`,
        breaksGivers: b.exact && b.rest === undefined,
        breaksReaders: true,
      });
    }
  }
  for (const [name, field] of b.fields) {
    if (a.fields.has(name)) continue;
    const message = `${printShape(field.shape)}, is new${field.required ? '' : ', and may be missing'}`;
    search.found.push({ at: inner(name), change: 'added', message, breaksGivers: field.required, breaksReaders: false });
  }
  if (a.rest !== undefined && b.rest !== undefined) compare(a.rest, b.rest, inner('*'), search);
  if (!a.exact && b.exact) {
    const message = 'other fields than those named are not allowed any more';
    search.found.push({ at, change: 'narrowed', message, breaksGivers: true, breaksReaders: false });
  } else if (a.exact && !b.exact) {
    // Who reads by name is not concerned.
    search.found.push({ at, change: 'widened', message: 'other fields are allowed now', breaksGivers: false, breaksReaders: false });
  }
}

/** Adds a change of which values fit. */
function add({ found }: Search, at: string, change: 'narrowed' | 'widened' | 'changed', message: string): void {
  found.push({ at, change, message, breaksGivers: change !== 'widened', breaksReaders: change !== 'narrowed' });
}
