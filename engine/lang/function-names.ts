/** How a function is written: what the parser needs to know of it. What it does is in `functions.ts`. */
export interface Arity {
  readonly min: number;
  readonly max: number;
  /** `x.f(y)` may be written for `f(x, y)`. */
  readonly method: boolean;
  readonly usage: string;
}

const MANY = Number.POSITIVE_INFINITY;
const arities: Readonly<Record<string, Arity>> = {
  size: { min: 1, max: 1, method: true, usage: 'size(x)' },
  string: { min: 1, max: 1, method: false, usage: 'string(x)' },
  int: { min: 1, max: 1, method: false, usage: 'int(x)' },
  double: { min: 1, max: 1, method: false, usage: 'double(x)' },
  bool: { min: 1, max: 1, method: false, usage: 'bool(x)' },
  startsWith: { min: 2, max: 2, method: true, usage: 'text.startsWith("a")' },
  endsWith: { min: 2, max: 2, method: true, usage: 'text.endsWith("a")' },
  contains: { min: 2, max: 2, method: true, usage: 'text.contains("a")' },
  flatten: { min: 1, max: 1, method: true, usage: 'flatten(lists)' },
  unique: { min: 1, max: 1, method: true, usage: 'unique(list)' },
  sort: { min: 1, max: 2, method: true, usage: 'sort(list)' },
  sort_by: { min: 2, max: 3, method: true, usage: 'sort_by(list, "field")' },
  last: { min: 1, max: 1, method: true, usage: 'last(list)' },
  slice: { min: 2, max: 3, method: true, usage: 'slice(list, 0, 10)' },
  sum: { min: 1, max: 1, method: true, usage: 'sum(list)' },
  min: { min: 1, max: MANY, method: true, usage: 'min(list)' },
  max: { min: 1, max: MANY, method: true, usage: 'max(list)' },
  round: { min: 1, max: 2, method: true, usage: 'round(x, 2)' },
  lower: { min: 1, max: 1, method: true, usage: 'lower(text)' },
  upper: { min: 1, max: 1, method: true, usage: 'upper(text)' },
  trim: { min: 1, max: 1, method: true, usage: 'trim(text)' },
  split: { min: 2, max: 2, method: true, usage: 'split(text, ",")' },
  join: { min: 1, max: 2, method: true, usage: 'join(list, ", ")' },
  replace: { min: 3, max: 3, method: true, usage: 'replace(text, "from", "to")' },
  merge: { min: 2, max: MANY, method: true, usage: 'merge(a, b)' },
  keys: { min: 1, max: 1, method: true, usage: 'keys(object)' },
  values: { min: 1, max: 1, method: true, usage: 'values(object)' },
  entries: { min: 1, max: 1, method: true, usage: 'entries(object)' },
  regex: { min: 2, max: 2, method: true, usage: 'regex(text, "^a+$")' },
};

/** Every function of the language but the macros, `has`, `coalesce` and `optional`, which are trees of their own. */
export const functionNames: readonly string[] = Object.keys(arities);

/** How many arguments a function takes, or undefined when there is no such function. */
export function functionArity(name: string): Arity | undefined {
  return Object.hasOwn(arities, name) ? arities[name] : undefined;
}

const instead: Readonly<Record<string, string>> = {
  matches: 'write `regex(text, pattern)`',
  match: 'write `regex(text, pattern)`',
  test: 'write `regex(text, pattern)`',
  len: 'write `size(x)`',
  length: 'write `size(x)`',
  count: 'write `size(x)`',
  toString: 'write `string(x)`',
  str: 'write `string(x)`',
  parseInt: 'write `int(x)`',
  Number: 'write `double(x)`',
  number: 'write `double(x)`',
  float: 'write `double(x)`',
  parseFloat: 'write `double(x)`',
  uint: 'there is one type of number: write it without `uint`',
  dyn: 'write the value without `dyn`',
  type: 'types are known before the run: compare the value itself',
  bytes: 'there are no bytes in JSON: write the text itself',
  toLowerCase: 'write `lower(text)`',
  lowerAscii: 'write `lower(text)`',
  toUpperCase: 'write `upper(text)`',
  upperAscii: 'write `upper(text)`',
  strip: 'write `trim(text)`',
  includes: 'write `"a" in list`, or `text.contains("a")`',
  some: 'write `list.exists(x, …)`',
  any: 'write `list.exists(x, …)`',
  every: 'write `list.all(x, …)`',
  find: 'write `list.filter(x, …)[0]`',
  first: 'write `list[0]`',
  concat: 'write `a + b`',
  reduce: 'use `sum`, `min`, `max` or `flatten`',
  substring: 'write `slice(text, 0, 10)`',
  orValue: 'write `coalesce(a.b, "instead")`',
  hasValue: 'write `a.b != null`',
  existsOne: 'write `list.exists_one(x, …)`',
  sortBy: 'write `sort_by(list, "field")`',
  distinct: 'write `unique(list)`',
  bind: 'compute it in a node of `kind: set` and read that',
  now: 'read `run.started_at`: a run must come out the same when it is repeated',
  timestamp: 'instants are ISO texts, and compare as texts',
  duration: 'instants are ISO texts, and compare as texts; compute with numbers of seconds',
  json: 'write a template where the text is needed: `{{json x}}`',
  format: 'write a template, or put texts together with `+`',
  default: 'write `coalesce(a, b)`',
  exists: 'write `list.exists(x, …)`',
};

/** What to write in place of a function that other languages have, or undefined. */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(instead, name) ? instead[name] : undefined;
}
