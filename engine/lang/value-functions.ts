import { isList, type Json } from '../base/json.ts';
import { fail, failMissing } from './failing.ts';
import { type CallContext, type ExpressionFunction, finite, list, number, whole, wrong } from './function.ts';
import { firstCharacters, kindOf, sizeOf, spellsNumber } from './values.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Functions of numbers, and between types. */
export const valueFunctions: readonly ExpressionFunction[] = [
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
];

function toNumber(ctx: CallContext, name: string, value: Json): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && spellsNumber(value)) return finite(name, Number(value));
  if (typeof value === 'string') return fail(`\`${name}\`: ${JSON.stringify(firstCharacters(value, 40))} does not spell a number`);
  return wrong(ctx, name, 'a number or text', value);
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

/** By the decimal text of the number, so that 1.005 goes to 1.01 as it does on paper. */
function round(value: number, digits: number): number {
  const [digitsOf = '0', exponent = '0'] = String(Math.abs(value)).split('e');
  const shifted = Math.round(Number(`${digitsOf}e${Number(exponent) + digits}`));
  const [back = '0', power = '0'] = String(shifted).split('e');
  const rounded = Number(`${back}e${Number(power) - digits}`);
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}
