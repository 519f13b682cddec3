import { elementOf, highestOf, lowestOf, membersOf, type ObjectShape, type Shape } from './shape.ts';
import { printShape } from './shape-text.ts';

/** Where a value cannot be used as what is wanted, and why. `path` leads to the part: `['findings', '[]', 'line']`. */
export interface Misfit {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * Why a value of shape `from` does not fit where `to` is wanted; undefined when it does, and where it is not known.
 * A number whose bounds are not known fits a bounded one: the run will see.
 */
export function whyNotAssignable(from: Shape, to: Shape): Misfit | undefined {
  return compare(from, to, [], new Map());
}

/** Pairs under comparison: a recursive pair that comes up again is taken to fit. */
type Open = Map<Shape, Set<Shape>>;

function compare(from: Shape, to: Shape, path: readonly string[], open: Open): Misfit | undefined {
  if (from === to || path.length > 30) return undefined;
  if (from.type === 'ref' || to.type === 'ref') {
    const seen = open.get(from) ?? new Set();
    if (seen.has(to)) return undefined;
    open.set(from, seen.add(to));
  }
  const wanted = membersOf(to);
  if (wanted.some((one) => one.type === 'any')) return undefined;
  for (const one of membersOf(from)) {
    if (one.type === 'any' || one.type === 'never') continue;
    const first = wanted.filter((other) => other.type === one.type);
    let nearest: Misfit | undefined;
    let fits = false;
    for (const other of first) {
      const why = compareOne(one, other, path, open);
      if (why === undefined) fits = true;
      else if (nearest === undefined || why.path.length > nearest.path.length) nearest = why;
    }
    if (fits) continue;
    if (nearest !== undefined && first.length === 1) return nearest;
    return { path, message: `${printShape(one)} where ${printShape(to)} is expected` };
  }
  return undefined;
}

function compareOne(from: Shape, to: Shape, path: readonly string[], open: Open): Misfit | undefined {
  if (from.type === 'string' && to.type === 'string') {
    // A text that may be anything fits a set of texts only when the run says so; that is for the run to find.
    if (to.values === undefined || from.values === undefined) return undefined;
    const wrong = from.values.filter((value) => !to.values?.includes(value));
    return wrong.length === 0 ? undefined : { path, message: `${JSON.stringify(wrong[0])} where ${printShape(to)} is expected` };
  }
  if (from.type === 'boolean' && to.type === 'boolean') {
    if (to.value === undefined || from.value === undefined || from.value === to.value) return undefined;
    return { path, message: `${from.value} where ${to.value} is expected` };
  }
  if (from.type === 'number' && to.type === 'number') {
    const high = highestOf(from);
    const low = lowestOf(from);
    const outside =
      (to.values !== undefined && from.values?.some((value) => !to.values?.includes(value))) ||
      (from.values?.some((value) => to.integer && !Number.isInteger(value)) ?? false) ||
      (from.values !== undefined && ((to.max !== undefined && (high ?? 0) > to.max) || (to.min !== undefined && (low ?? 0) < to.min)));
    return outside ? { path, message: `${printShape(from)} where ${printShape(to)} is expected` } : undefined;
  }
  if (from.type === 'list' && to.type === 'list') {
    if (from.tuple === undefined && to.tuple === undefined) return compare(from.element, to.element, [...path, '[]'], open);
    if (to.tuple === undefined) return compare(elementOf(from), to.element, [...path, '[]'], open);
    for (const [i, wanted] of to.tuple.entries()) {
      const why = compare(from.tuple?.[i] ?? from.element, wanted, [...path, String(i)], open);
      if (why !== undefined) return why;
    }
    return undefined;
  }
  if (from.type === 'object' && to.type === 'object') return compareObjects(from, to, path, open);
  return undefined;
}

function compareObjects(from: ObjectShape, to: ObjectShape, path: readonly string[], open: Open): Misfit | undefined {
  for (const [name, wanted] of to.fields) {
    const given = from.fields.get(name);
    const inner = [...path, name];
    if (given !== undefined) {
      if (wanted.required && !given.required) return { path: inner, message: `"${name}" may be missing` };
      const why = compare(given.shape, wanted.shape, inner, open);
      if (why !== undefined) return why;
    } else if (wanted.required && from.rest === undefined && from.exact) {
      return { path, message: `"${name}" is missing` };
    }
  }
  if (to.exact && to.rest === undefined) {
    for (const [name, field] of from.fields) {
      if (!to.fields.has(name) && field.required) return { path: [...path, name], message: `"${name}" is not allowed here` };
    }
  } else if (to.rest !== undefined) {
    for (const [name, field] of from.fields) {
      if (to.fields.has(name)) continue;
      const why = compare(field.shape, to.rest, [...path, name], open);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}
