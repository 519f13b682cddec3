/**
 * What is known of a value before the run.
 *
 * `any` may be everything and is never complained about; `never` is the element of an empty list.
 * A `null` with `skipped` stands for the output of nodes that may be skipped, and names them.
 */
export type Shape =
  | { readonly type: 'any' }
  | { readonly type: 'never' }
  | { readonly type: 'null'; readonly skipped?: readonly string[] }
  | { readonly type: 'boolean'; readonly value?: boolean }
  | {
      readonly type: 'number';
      readonly integer: boolean;
      readonly values?: readonly number[];
      readonly min?: number;
      readonly max?: number;
    }
  /** `formed`: it is not free, its schema gives it a `pattern`, or a `format` that says as much. */
  | { readonly type: 'string'; readonly values?: readonly string[]; readonly formed?: true }
  | { readonly type: 'list'; readonly element: Shape; readonly tuple?: readonly Shape[] }
  | ObjectShape
  | { readonly type: 'union'; readonly of: readonly Shape[] }
  /** A schema that contains itself, met again on the way down. */
  | { readonly type: 'ref'; readonly name: string; readonly target: () => Shape };

export interface ObjectShape {
  readonly type: 'object';
  readonly fields: ReadonlyMap<string, Field>;
  /** What fields that are not listed hold; absent: reading one is a mistake. */
  readonly rest?: Shape;
  /** True when there are no other fields for certain (`additionalProperties: false`, or an object written in an expression). */
  readonly exact: boolean;
}

export interface Field {
  readonly shape: Shape;
  /** False: the field may be missing. */
  readonly required: boolean;
}

export const ANY: Shape = { type: 'any' };
export const NEVER: Shape = { type: 'never' };
export const NULL: Shape = { type: 'null' };
export const BOOLEAN: Shape = { type: 'boolean' };
export const NUMBER: Shape = { type: 'number', integer: false };
export const INTEGER: Shape = { type: 'number', integer: true };
export const STRING: Shape = { type: 'string' };

/** A list of `element`. */
export function listOf(element: Shape): Shape {
  return { type: 'list', element };
}

/** An object with exactly these fields; a name with `?` at its end may be missing. */
export function objectOf(fields: Readonly<Record<string, Shape>>, rest?: Shape): ObjectShape {
  const map = new Map<string, Field>();
  for (const [name, shape] of Object.entries(fields)) {
    const required = !name.endsWith('?');
    map.set(required ? name : name.slice(0, -1), { shape, required });
  }
  return { type: 'object', fields: map, exact: rest === undefined, ...(rest !== undefined && { rest }) };
}

/** A text out of a fixed set. */
export function oneOf(...values: readonly string[]): Shape {
  return { type: 'string', values };
}

/** The shape itself, with a reference to a schema that contains itself replaced by what it stands for. */
export function settled(shape: Shape): Shape {
  let current = shape;
  for (let steps = 0; current.type === 'ref'; steps++) {
    // A reference that leads only to itself says nothing.
    if (steps > 20) return ANY;
    current = current.target();
  }
  return current;
}

/** The alternatives of a shape, settled, none of them a union. */
export function membersOf(shape: Shape): readonly Exclude<Shape, { type: 'union' | 'ref' }>[] {
  const whole = settled(shape);
  if (whole.type !== 'union') return [whole as Exclude<Shape, { type: 'union' | 'ref' }>];
  return whole.of.flatMap((one) => membersOf(one));
}

/** More alternatives than this are kept as one loose object, or as any value at all. */
const MOST_MEMBERS = 24;
/** A longer list of allowed values is treated as any text or number. */
const MOST_VALUES = 200;

/** What a value is that fits one of several shapes. */
export function union(...shapes: readonly Shape[]): Shape {
  const [alone] = shapes;
  if (shapes.length === 1 && alone !== undefined) return alone;
  const members: Shape[] = [];
  for (const shape of shapes) {
    // A recursive reference stays one alternative: looking inside would never end.
    const parts = shape.type === 'union' ? shape.of : [shape];
    for (const part of parts) add(members, part);
  }
  const anything = members.some((one) => one.type === 'any');
  const kept = anything ? members.filter((one) => one.type === 'any' || (one.type === 'null' && one.skipped)) : members;
  if (kept.length === 0) return NEVER;
  if (kept.length === 1) return kept[0] as Shape;
  if (kept.length > MOST_MEMBERS) return loosened(kept);
  return { type: 'union', of: kept };
}

function add(members: Shape[], shape: Shape): void {
  if (shape.type === 'never') return;
  for (let i = 0; i < members.length; i++) {
    const joined = join(members[i] as Shape, shape);
    if (joined !== undefined) {
      members[i] = joined;
      return;
    }
  }
  members.push(shape);
}

/** Two alternatives as one, where nothing worth knowing is lost by that. */
function join(a: Shape, b: Shape): Shape | undefined {
  if (a === b) return a;
  if (a.type !== b.type) return undefined;
  switch (a.type) {
    case 'any':
    case 'never':
      return a;
    case 'null': {
      const other = b as typeof a;
      if ((a.skipped === undefined) !== (other.skipped === undefined)) return undefined;
      return a.skipped === undefined ? a : { type: 'null', skipped: [...new Set([...a.skipped, ...(other.skipped ?? [])])] };
    }
    case 'boolean':
      return a.value === (b as typeof a).value ? a : BOOLEAN;
    case 'string':
      return joinTexts(a, b as typeof a);
    case 'number':
      return joinNumbers(a, b as typeof a);
    case 'list':
      return joinLists(a, b as typeof a);
    case 'object':
      return sameShape(a, b) ? a : undefined;
    case 'ref':
      return a.target === (b as typeof a).target ? a : undefined;
    case 'union':
      return undefined;
  }
}

function joinTexts(a: Shape & { type: 'string' }, b: Shape & { type: 'string' }): Shape {
  const formed = !isFree(a) && !isFree(b);
  const values = a.values === undefined || b.values === undefined ? undefined : [...new Set([...a.values, ...b.values])];
  if (values !== undefined && values.length <= MOST_VALUES) return { type: 'string', values };
  return formed ? { type: 'string', formed } : STRING;
}

/** True for a text of which nothing is known: it may say anything. */
export function isFree(text: Shape & { type: 'string' }): boolean {
  return text.values === undefined && text.formed === undefined;
}

function joinNumbers(a: Shape & { type: 'number' }, b: Shape & { type: 'number' }): Shape {
  const integer = a.integer && b.integer;
  if (a.values !== undefined && b.values !== undefined) {
    const values = [...new Set([...a.values, ...b.values])];
    if (values.length <= MOST_VALUES) return { type: 'number', integer, values };
  }
  const min = lowestOf(a) !== undefined && lowestOf(b) !== undefined ? Math.min(lowestOf(a) ?? 0, lowestOf(b) ?? 0) : undefined;
  const max = highestOf(a) !== undefined && highestOf(b) !== undefined ? Math.max(highestOf(a) ?? 0, highestOf(b) ?? 0) : undefined;
  return { type: 'number', integer, ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** The least a number can be, when that is known. */
export function lowestOf(shape: Shape & { type: 'number' }): number | undefined {
  return shape.values === undefined ? shape.min : Math.min(...shape.values);
}

/** The most a number can be, when that is known. */
export function highestOf(shape: Shape & { type: 'number' }): number | undefined {
  return shape.values === undefined ? shape.max : Math.max(...shape.values);
}

function joinLists(a: Shape & { type: 'list' }, b: Shape & { type: 'list' }): Shape {
  if (sameShape(a, b)) return a;
  return listOf(union(elementOf(a), elementOf(b)));
}

/** What any one element of a list is. */
export function elementOf(shape: Shape & { type: 'list' }): Shape {
  return shape.tuple === undefined ? shape.element : union(...shape.tuple, shape.element);
}

/** Many alternatives as few: objects become one object whose fields may be missing. */
function loosened(members: readonly Shape[]): Shape {
  const objects = members.filter((one) => one.type === 'object');
  if (members.length - objects.length + 1 > MOST_MEMBERS) return ANY;
  const fields = new Map<string, Field>();
  for (const object of objects) {
    for (const [name, field] of object.fields) {
      const known = fields.get(name);
      fields.set(name, {
        shape: known === undefined ? field.shape : union(known.shape, field.shape),
        required: field.required && (known?.required ?? true),
      });
    }
  }
  for (const [name, field] of fields) {
    if (objects.some((object) => !object.fields.has(name))) fields.set(name, { ...field, required: false });
  }
  const rests = objects.flatMap((object) => (object.rest === undefined ? [] : [object.rest]));
  const one: ObjectShape = {
    type: 'object',
    fields,
    exact: objects.every((object) => object.exact),
    ...(rests.length > 0 && { rest: union(...rests) }),
  };
  return union(one, ...members.filter((member) => member.type !== 'object'));
}

/** True when two shapes say the same; recursive references are the same when they lead to the same schema. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.type !== b.type) return false;
  switch (a.type) {
    case 'any':
    case 'never':
      return true;
    case 'null':
      return sameValues(a.skipped, (b as typeof a).skipped);
    case 'boolean':
      return a.value === (b as typeof a).value;
    case 'string':
      return a.formed === (b as typeof a).formed && sameValues(a.values, (b as typeof a).values);
    case 'number': {
      const other = b as typeof a;
      return a.integer === other.integer && a.min === other.min && a.max === other.max && sameValues(a.values, other.values);
    }
    case 'list': {
      const other = b as typeof a;
      return sameShape(a.element, other.element) && sameList(a.tuple, other.tuple);
    }
    case 'object':
      return sameObject(a, b as ObjectShape);
    case 'union':
      return sameList(a.of, (b as typeof a).of);
    case 'ref':
      return a.target === (b as typeof a).target;
  }
}

function sameValues(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function sameList(a: readonly Shape[] | undefined, b: readonly Shape[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((shape, i) => sameShape(shape, b[i] as Shape));
}

function sameObject(a: ObjectShape, b: ObjectShape): boolean {
  if (a.fields.size !== b.fields.size || a.exact !== b.exact) return false;
  if (a.rest === undefined || b.rest === undefined ? a.rest !== b.rest : !sameShape(a.rest, b.rest)) return false;
  for (const [name, field] of a.fields) {
    const other = b.fields.get(name);
    if (other === undefined || other.required !== field.required || !sameShape(field.shape, other.shape)) return false;
  }
  return true;
}

/** The shape without null: neither of the value's own nor of a skip. */
export function withoutNull(shape: Shape): Shape {
  return without(shape, (one) => one.type === 'null');
}

/** The shape without the null that a skip leaves behind; a null of the value's own stays. */
export function withoutSkip(shape: Shape): Shape {
  return without(shape, (one) => one.type === 'null' && one.skipped !== undefined);
}

function without(shape: Shape, unwanted: (one: Shape) => boolean): Shape {
  const whole = settled(shape);
  if (whole.type !== 'union') return unwanted(whole) ? NEVER : whole;
  const members = membersOf(whole);
  const kept = members.filter((one) => !unwanted(one));
  return kept.length === members.length ? whole : union(...kept);
}

/** True when the value may be null for a reason of its own. */
export function mayBeNull(shape: Shape): boolean {
  return membersOf(shape).some((one) => one.type === 'null' && one.skipped === undefined);
}

/** The nodes whose skip may have left null here. */
export function skippedNodes(shape: Shape): readonly string[] {
  // Most have no alternatives, and are something.
  if (shape.type !== 'null' && shape.type !== 'union' && shape.type !== 'ref') return [];
  return membersOf(shape).flatMap((one) => (one.type === 'null' ? (one.skipped ?? []) : []));
}

/** True when nothing is known, so that nothing can be said. */
export function isAny(shape: Shape): boolean {
  const whole = settled(shape);
  return whole.type === 'union' ? whole.of.some(isAny) : whole.type === 'any';
}

export type FieldFound =
  | { readonly found: 'always'; readonly shape: Shape }
  /** It is not listed, but others than the listed ones may be there: whether it is, nobody knows before the run. */
  | { readonly found: 'unlisted'; readonly shape: Shape }
  /** In some values it is there, in others it is missing. */
  | { readonly found: 'sometimes'; readonly shape: Shape }
  | { readonly found: 'never'; readonly names: readonly string[] }
  | { readonly found: 'unknown' }
  /** It may be (or is) something that has no fields: `shape` is that part. */
  | { readonly found: 'no_object'; readonly shape: Shape };

/** The field `name` of a value; null is left out of account. */
export function fieldOf(shape: Shape, name: string): FieldFound {
  const objects: ObjectShape[] = [];
  const flat: Shape[] = [];
  for (const one of membersOf(shape)) {
    if (one.type === 'any' || one.type === 'never') return { found: 'unknown' };
    if (one.type === 'object') objects.push(one);
    else if (one.type !== 'null') flat.push(one);
  }
  if (flat.length > 0) return { found: 'no_object', shape: union(...flat) };
  if (objects.length === 0) return { found: 'unknown' };
  const shapes: Shape[] = [];
  let always = true;
  let listed = false;
  for (const one of objects) {
    const field = one.fields.get(name);
    if (field !== undefined) {
      shapes.push(field.shape);
      listed = true;
    } else if (one.rest !== undefined) shapes.push(one.rest);
    if (field === undefined ? one.rest === undefined : !field.required) always = false;
  }
  if (shapes.length === 0) return { found: 'never', names: [...new Set(objects.flatMap((one) => [...one.fields.keys()]))] };
  return { found: always ? (listed ? 'always' : 'unlisted') : 'sometimes', shape: union(...shapes) };
}
