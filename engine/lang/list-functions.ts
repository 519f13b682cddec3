import { canonicalText, isList, isObject, type Json } from '../base/json.ts';
import { MAX_TEXT } from './budget.ts';
import { fail, failMissing } from './failing.ts';
import { type CallContext, type ExpressionFunction, list, object, text, whole, wrong } from './function.ts';
import { firstCharacters, kindOf } from './values.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Functions of lists and objects. */
export const listFunctions: readonly ExpressionFunction[] = [
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
