import { isList } from '../base/json.ts';
import { MAX_TEXT } from './budget.ts';
import { fail } from './failing.ts';
import { type ExpressionFunction, text } from './function.ts';
import { compileRegex } from './regex.ts';
import { firstCharacters } from './values.ts';

/** Functions of text. */
export const textFunctions: readonly ExpressionFunction[] = [
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
];
