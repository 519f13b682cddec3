import { canonicalText, isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { type Budget, MAX_TEXT } from './budget.ts';
import { fail, failMissing } from './failing.ts';
import { compileRegex } from './regex.ts';
import { firstCharacters, kindOf, sizeOf } from './values.ts';

/** What can be called in an expression: `f(x, y)`, or `x.f(y)` where `method` is true. */
export interface ExpressionFunction {
  readonly name: string;
  /** How many arguments it takes, at least and at most. */
  readonly min: number;
  readonly max: number;
  readonly method: boolean;
  readonly usage: string;
  /** One line for the docs. */
  readonly summary: string;
  /** Checked by the tests, printed in the docs. */
  readonly example: { readonly expression: string; readonly gives: Json };
  /** Throws Failed (expression_failed). */
  call(args: readonly Json[], ctx: CallContext): Json;
}

export interface CallContext {
  readonly budget: Budget;
  /** An argument as it is written, in backticks, for messages. */
  name(index: number): string;
}

const MANY = Number.POSITIVE_INFINITY;

const registry: readonly ExpressionFunction[] = [
  {
    name: 'size',
    min: 1,
    max: 1,
    method: true,
    usage: 'size(x)',
    summary: 'The number of elements of a list, of fields of an object, of characters of a text.',
    example: { expression: 'size([1, 2, 3])', gives: 3 },
    call: ([value = null], ctx) => sizeOf(value) ?? wrong(ctx, 'size', 'a list, an object or text', value),
  },
  {
    name: 'string',
    min: 1,
    max: 1,
    method: false,
    usage: 'string(x)',
    summary: 'A number or a boolean as text.',
    example: { expression: 'string(1.5) + "%"', gives: '1.5%' },
    call: ([value = null], ctx) =>
      value === null || typeof value === 'object' ? wrong(ctx, 'string', 'a number, a boolean or text', value) : String(value),
  },
  {
    name: 'int',
    min: 1,
    max: 1,
    method: false,
    usage: 'int(x)',
    summary: 'A number without its fraction, or the whole number a text spells.',
    example: { expression: 'int(7 / 2)', gives: 3 },
    call: ([value = null], ctx) => Math.trunc(toNumber(ctx, 'int', value)) + 0,
  },
  {
    name: 'double',
    min: 1,
    max: 1,
    method: false,
    usage: 'double(x)',
    summary: 'The number a text spells; a number stays as it is.',
    example: { expression: 'double("2.5") * 2', gives: 5 },
    call: ([value = null], ctx) => toNumber(ctx, 'double', value),
  },
  {
    name: 'bool',
    min: 1,
    max: 1,
    method: false,
    usage: 'bool(x)',
    summary: 'The boolean a text spells (`"true"`, `"false"`); a boolean stays as it is.',
    example: { expression: 'bool("true")', gives: true },
    call: ([value = null], ctx) => {
      if (typeof value === 'boolean') return value;
      return value === 'true' || value === 'false' ? value === 'true' : wrong(ctx, 'bool', '"true" or "false"', value);
    },
  },
  {
    name: 'startsWith',
    min: 2,
    max: 2,
    method: true,
    usage: 'text.startsWith("a")',
    summary: 'Whether a text begins with another.',
    example: { expression: '"src/core/a.ts".startsWith("src/core/")', gives: true },
    call: (args, ctx) => text(args, 0, ctx, 'startsWith').startsWith(text(args, 1, ctx, 'startsWith')),
  },
  {
    name: 'endsWith',
    min: 2,
    max: 2,
    method: true,
    usage: 'text.endsWith("a")',
    summary: 'Whether a text ends with another.',
    example: { expression: '"a.test.ts".endsWith(".test.ts")', gives: true },
    call: (args, ctx) => text(args, 0, ctx, 'endsWith').endsWith(text(args, 1, ctx, 'endsWith')),
  },
  {
    name: 'contains',
    min: 2,
    max: 2,
    method: true,
    usage: 'text.contains("a")',
    summary: 'Whether a text contains another. For a list, write `x in list`.',
    example: { expression: '"a needle here".contains("needle")', gives: true },
    call: (args, ctx) => {
      if (isList(args[0])) fail('`contains` looks into text; for a list, write `x in list`');
      return text(args, 0, ctx, 'contains').includes(text(args, 1, ctx, 'contains'));
    },
  },
  {
    name: 'regex',
    min: 2,
    max: 2,
    method: true,
    usage: 'regex(text, "^a+$")',
    summary: 'Whether a pattern (RE2 syntax) is found in a text.',
    example: { expression: 'regex("v1.20", "^v[0-9]+")', gives: true },
    call: (args, ctx) => {
      const pattern = text(args, 1, ctx, 'regex');
      const compiled = compileRegex(pattern);
      if (compiled.problem !== undefined) fail(`${JSON.stringify(firstCharacters(pattern, 60))} is not a pattern: ${compiled.problem}`);
      const whole = text(args, 0, ctx, 'regex');
      ctx.budget.spend(whole.length >> 4);
      return compiled.test(whole);
    },
  },
  {
    name: 'lower',
    min: 1,
    max: 1,
    method: true,
    usage: 'lower(text)',
    summary: 'A text in lower case.',
    example: { expression: 'lower("BUG")', gives: 'bug' },
    call: (args, ctx) => text(args, 0, ctx, 'lower').toLowerCase(),
  },
  {
    name: 'upper',
    min: 1,
    max: 1,
    method: true,
    usage: 'upper(text)',
    summary: 'A text in upper case.',
    example: { expression: 'upper("bug")', gives: 'BUG' },
    call: (args, ctx) => text(args, 0, ctx, 'upper').toUpperCase(),
  },
  {
    name: 'trim',
    min: 1,
    max: 1,
    method: true,
    usage: 'trim(text)',
    summary: 'A text without the blanks at its ends.',
    example: { expression: 'trim("  a b ")', gives: 'a b' },
    call: (args, ctx) => text(args, 0, ctx, 'trim').trim(),
  },
  {
    name: 'split',
    min: 2,
    max: 2,
    method: true,
    usage: 'split(text, ",")',
    summary: 'The parts of a text between separators.',
    example: { expression: 'split("a,b,c", ",")', gives: ['a', 'b', 'c'] },
    call: (args, ctx) => {
      const whole = text(args, 0, ctx, 'split');
      ctx.budget.spend(whole.length >> 3);
      return ctx.budget.list(whole.split(text(args, 1, ctx, 'split')));
    },
  },
  {
    name: 'join',
    min: 1,
    max: 2,
    method: true,
    usage: 'join(list, ", ")',
    summary: 'The texts, numbers and booleans of a list as one text, with a separator between them.',
    example: { expression: 'join(["a", "b"], ", ")', gives: 'a, b' },
    call: (args, ctx) => {
      const elements = list(args, 0, ctx, 'join');
      const separator = args.length > 1 ? text(args, 1, ctx, 'join') : '';
      let length = 0;
      const parts = ctx.budget.list(elements).map((element, at) => {
        if (element === null || typeof element === 'object')
          return fail(`\`join\`: element ${at} of ${ctx.name(0)} is ${kindOf(element)}, not text`);
        const part = String(element);
        length += part.length + separator.length;
        return part;
      });
      // Counted before it is made: a thousand times a long text is one allocation.
      if (length > MAX_TEXT) fail(`\`join\` would make a text of ${length} characters`);
      return parts.join(separator);
    },
  },
  {
    name: 'replace',
    min: 3,
    max: 3,
    method: true,
    usage: 'replace(text, "from", "to")',
    summary: 'A text with every occurrence of another replaced.',
    example: { expression: 'replace("a-b-c", "-", "_")', gives: 'a_b_c' },
    call: (args, ctx) => {
      const parts = text(args, 0, ctx, 'replace').split(text(args, 1, ctx, 'replace'));
      const to = text(args, 2, ctx, 'replace');
      ctx.budget.spend(parts.length);
      if (parts.length * to.length > MAX_TEXT) fail('`replace` would make a text that is too long');
      return parts.join(to);
    },
  },
  {
    name: 'slice',
    min: 2,
    max: 3,
    method: true,
    usage: 'slice(list, 0, 10)',
    summary: 'The elements of a list, or characters of a text, from one place up to another; negative places count from the end.',
    example: { expression: 'slice([1, 2, 3, 4], 1, -1)', gives: [2, 3] },
    call: (args, ctx) => {
      const from = whole(args, 1, ctx, 'slice');
      const to = args.length > 2 ? whole(args, 2, ctx, 'slice') : undefined;
      const [of = null] = args;
      if (isList(of)) return ctx.budget.list(of.slice(from, to));
      if (typeof of === 'string') return Array.from(of).slice(from, to).join('');
      return wrong(ctx, 'slice', 'a list or text', of);
    },
  },
  {
    name: 'last',
    min: 1,
    max: 1,
    method: true,
    usage: 'last(list)',
    summary: 'The last element of a list that is not empty.',
    example: { expression: 'last([1, 2, 3])', gives: 3 },
    call: (args, ctx) => list(args, 0, ctx, 'last').at(-1) ?? failMissing(`${ctx.name(0)} is an empty list and has no last element`),
  },
  {
    name: 'flatten',
    min: 1,
    max: 1,
    method: true,
    usage: 'flatten(lists)',
    summary: 'The elements of the lists in a list, as one list.',
    example: { expression: 'flatten([[1, 2], [], [3]])', gives: [1, 2, 3] },
    call: (args, ctx) => {
      const flat: Json[] = [];
      for (const [at, inner] of list(args, 0, ctx, 'flatten').entries()) {
        if (!isList(inner)) return fail(`\`flatten\`: element ${at} of ${ctx.name(0)} is ${kindOf(inner)}, not a list`);
        for (const element of ctx.budget.list(inner)) flat.push(element);
      }
      return flat;
    },
  },
  {
    name: 'unique',
    min: 1,
    max: 1,
    method: true,
    usage: 'unique(list)',
    summary: 'The elements of a list, each once, where it stood first.',
    example: { expression: 'unique(["b", "a", "b"])', gives: ['b', 'a'] },
    call: (args, ctx) => {
      const seen = new Set<Json>();
      return ctx.budget.list(list(args, 0, ctx, 'unique')).filter((element) => {
        const key =
          element !== null && typeof element === 'object'
            ? `{${canonicalText(element)}`
            : typeof element === 'string'
              ? `"${element}`
              : element;
        return !seen.has(key) && seen.add(key);
      });
    },
  },
  {
    name: 'sort',
    min: 1,
    max: 2,
    method: true,
    usage: 'sort(list)',
    summary: 'Numbers or texts in order; `"desc"` turns the order round.',
    example: { expression: 'sort([3, 1, 2])', gives: [1, 2, 3] },
    call: (args, ctx) => {
      const elements = ctx.budget.list(list(args, 0, ctx, 'sort'));
      return sorted('sort', elements, elements, direction(args, 1, ctx, 'sort'), ctx);
    },
  },
  {
    name: 'sort_by',
    min: 2,
    max: 3,
    method: true,
    usage: 'sort_by(list, "field")',
    summary: 'Objects in the order of a field (`"a.b"` for one further down); `"desc"` turns the order round.',
    example: { expression: 'sort_by([{"n": 2}, {"n": 1}], "n")', gives: [{ n: 1 }, { n: 2 }] },
    call: (args, ctx) => {
      const elements = ctx.budget.list(list(args, 0, ctx, 'sort_by'));
      const path = text(args, 1, ctx, 'sort_by').split('.');
      const keys = elements.map((element, at) => {
        let value: Json | undefined = element;
        for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
        return value ?? failMissing(`\`sort_by\`: element ${at} of ${ctx.name(0)} has no \`${path.join('.')}\``);
      });
      return sorted('sort_by', elements, keys, direction(args, 2, ctx, 'sort_by'), ctx);
    },
  },
  {
    name: 'sum',
    min: 1,
    max: 1,
    method: true,
    usage: 'sum(list)',
    summary: 'The sum of a list of numbers; 0 for an empty one.',
    example: { expression: 'sum([1, 2, 3.5])', gives: 6.5 },
    call: (args, ctx) =>
      finite(
        'sum',
        numbers(list(args, 0, ctx, 'sum'), ctx, 'sum').reduce((total, one) => total + one, 0),
      ),
  },
  {
    name: 'min',
    min: 1,
    max: MANY,
    method: true,
    usage: 'min(list)',
    summary: 'The least of a list of numbers, or of its arguments.',
    example: { expression: 'min(3, 1, 2)', gives: 1 },
    call: (args, ctx) => extreme(args, ctx, 'min'),
  },
  {
    name: 'max',
    min: 1,
    max: MANY,
    method: true,
    usage: 'max(list)',
    summary: 'The greatest of a list of numbers, or of its arguments.',
    example: { expression: 'max([3, 1, 2])', gives: 3 },
    call: (args, ctx) => extreme(args, ctx, 'max'),
  },
  {
    name: 'round',
    min: 1,
    max: 2,
    method: true,
    usage: 'round(x, 2)',
    summary: 'A number rounded to whole ones, or to so many digits; halves go away from zero.',
    example: { expression: 'round(2.345, 2)', gives: 2.35 },
    call: (args, ctx) => {
      const value = number(args, 0, ctx, 'round');
      const digits = args.length > 1 ? whole(args, 1, ctx, 'round') : 0;
      if (digits < 0 || digits > 15) return fail(`\`round\` takes 0 to 15 digits, not ${digits}`);
      return round(value, digits);
    },
  },
  {
    name: 'merge',
    min: 2,
    max: MANY,
    method: true,
    usage: 'merge(a, b)',
    summary: 'One object with the fields of all; of fields with one name the last wins.',
    example: { expression: 'merge({"a": 1, "b": 1}, {"b": 2})', gives: { a: 1, b: 2 } },
    call: (args, ctx) => {
      const entries = args.flatMap((_, at) => Object.entries(object(args, at, ctx, 'merge')));
      ctx.budget.spend(entries.length);
      return Object.fromEntries(entries);
    },
  },
  {
    name: 'keys',
    min: 1,
    max: 1,
    method: true,
    usage: 'keys(object)',
    summary: 'The names of the fields of an object.',
    example: { expression: 'keys({"a": 1, "b": 2})', gives: ['a', 'b'] },
    call: (args, ctx) => ctx.budget.list(Object.keys(object(args, 0, ctx, 'keys'))),
  },
  {
    name: 'values',
    min: 1,
    max: 1,
    method: true,
    usage: 'values(object)',
    summary: 'The values of the fields of an object.',
    example: { expression: 'values({"a": 1, "b": 2})', gives: [1, 2] },
    call: (args, ctx) => ctx.budget.list(Object.values(object(args, 0, ctx, 'values'))),
  },
  {
    name: 'entries',
    min: 1,
    max: 1,
    method: true,
    usage: 'entries(object)',
    summary: 'The fields of an object as a list of `{ key, value }`.',
    example: { expression: 'entries({"a": 1})', gives: [{ key: 'a', value: 1 }] },
    call: (args, ctx) => ctx.budget.list(Object.entries(object(args, 0, ctx, 'entries')).map(([key, value]) => ({ key, value }))),
  },
];

/** Every function by name, in the order of the docs. */
export const functions: ReadonlyMap<string, ExpressionFunction> = new Map(registry.map((one) => [one.name, one]));

/** Every function of the language but the macros, `has`, `coalesce` and `optional`, which are trees of their own. */
export const functionNames: readonly string[] = [...functions.keys()];

function wrong(ctx: CallContext, name: string, wanted: string, value: Json, at = 0): never {
  const message = `\`${name}\` takes ${wanted}, but ${ctx.name(at)} is ${kindOf(value)}`;
  return value === null ? failMissing(message) : fail(message);
}

function text(args: readonly Json[], at: number, ctx: CallContext, name: string): string {
  const value = args[at] ?? null;
  return typeof value === 'string' ? value : wrong(ctx, name, 'text', value, at);
}

function list(args: readonly Json[], at: number, ctx: CallContext, name: string): readonly Json[] {
  const value = args[at] ?? null;
  return isList(value) ? value : wrong(ctx, name, 'a list', value, at);
}

function object(args: readonly Json[], at: number, ctx: CallContext, name: string): JsonObject {
  const value = args[at] ?? null;
  return isObject(value) ? value : wrong(ctx, name, 'an object', value, at);
}

function number(args: readonly Json[], at: number, ctx: CallContext, name: string): number {
  const value = args[at] ?? null;
  return typeof value === 'number' ? value : wrong(ctx, name, 'a number', value, at);
}

function whole(args: readonly Json[], at: number, ctx: CallContext, name: string): number {
  const value = number(args, at, ctx, name);
  return Number.isInteger(value) ? value : fail(`\`${name}\` takes a whole number, but ${ctx.name(at)} is ${value}`);
}

function toNumber(ctx: CallContext, name: string, value: Json): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\s*$/i.test(value)) return finite(name, Number(value));
  if (typeof value === 'string') return fail(`\`${name}\`: ${JSON.stringify(firstCharacters(value, 40))} does not spell a number`);
  return wrong(ctx, name, 'a number or text', value);
}

function finite(name: string, value: number): number {
  return Number.isFinite(value) ? value : fail(`\`${name}\` gives a number that is too large`);
}

function numbers(elements: readonly Json[], ctx: CallContext, name: string): readonly number[] {
  return ctx.budget.list(elements).map((element, at) => {
    if (typeof element === 'number') return element;
    return fail(`\`${name}\` takes numbers, but element ${at} of ${ctx.name(0)} is ${kindOf(element)}`);
  });
}

function extreme(args: readonly Json[], ctx: CallContext, name: 'min' | 'max'): number {
  const [first = null] = args;
  const all = args.length === 1 && isList(first) ? numbers(first, ctx, name) : args.map((_, at) => number(args, at, ctx, name));
  if (all.length === 0) return failMissing(`${ctx.name(0)} is an empty list and has no ${name}`);
  return all.reduce((best, one) => (name === 'min' ? Math.min(best, one) : Math.max(best, one)));
}

function direction(args: readonly Json[], at: number, ctx: CallContext, name: string): 1 | -1 {
  if (args.length <= at) return 1;
  const order = text(args, at, ctx, name);
  if (order === 'asc') return 1;
  return order === 'desc' ? -1 : fail(`\`${name}\` takes "asc" or "desc", not ${JSON.stringify(firstCharacters(order, 40))}`);
}

/** Elements in the order of their keys, which are all numbers or all texts; equal ones stay in place. */
function sorted(name: string, elements: readonly Json[], keys: readonly Json[], sign: 1 | -1, ctx: CallContext): readonly Json[] {
  const type = typeof keys[0];
  for (const [at, key] of keys.entries()) {
    if ((typeof key !== 'number' && typeof key !== 'string') || typeof key !== type) {
      return fail(`\`${name}\` takes numbers or texts, all of one kind, but at ${at} in ${ctx.name(0)} there is ${kindOf(key)}`);
    }
  }
  ctx.budget.spend(elements.length * 16);
  const order = keys.map((key, at) => ({ key: key as string | number, at }));
  order.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.at - b.at));
  return order.map(({ at }) => elements[at] ?? null);
}

/** By the decimal text of the number, so that 1.005 goes to 1.01 as it does on paper. */
function round(value: number, digits: number): number {
  const [digitsOf = '0', exponent = '0'] = String(Math.abs(value)).split('e');
  const shifted = Math.round(Number(`${digitsOf}e${Number(exponent) + digits}`));
  const [back = '0', power = '0'] = String(shifted).split('e');
  const rounded = Number(`${back}e${Number(power) - digits}`);
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}
