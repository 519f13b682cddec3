import { isList, isObject, type Json } from '../base/json.ts';
import { fail } from './failing.ts';
import { firstCharacters, isEqual, isInstant, kindOf, sizeOf } from './values.ts';
import { yamlText } from './yaml-text.ts';

/** What can be called in a template: `{{name a b key=c}}`. */
export interface Helper {
  readonly name: string;
  /** Names of its arguments, for messages and docs; those from `required` on may be left out. */
  readonly args: readonly string[];
  readonly required: number;
  /** True when it takes any number of arguments after `required`. */
  readonly many?: boolean;
  /** Named arguments it knows. */
  readonly hash?: readonly string[];
  /** Arguments that may be missing or null: a helper that asks whether something is there. */
  readonly tolerant?: 'first' | 'all';
  readonly gives: 'text' | 'boolean' | 'number' | 'list' | 'any';
  /** One line for the docs. */
  readonly summary: string;
  /** Checked by the tests, printed in the docs. */
  readonly example: { readonly template: string; readonly scope: { readonly [name: string]: Json }; readonly prints: string };
  /** Throws Failed (expression_failed). Absent arguments arrive as null. */
  call(args: readonly Json[], hash: Readonly<Record<string, Json>>): Json;
}

const inputs = (value: { readonly [name: string]: Json }): { readonly inputs: Json } => ({ inputs: value });

const registry: readonly Helper[] = [
  {
    name: 'json',
    args: ['value'],
    required: 1,
    hash: ['indent'],
    gives: 'text',
    summary: 'A value as JSON, on one line; over several lines with `indent=2`.',
    example: { template: '{{json inputs.tags}}', scope: inputs({ tags: ['a', 'b'] }), prints: '["a","b"]' },
    call: ([value = null], { indent = 0 }) => JSON.stringify(value, null, whole('json', 'indent', indent, 0, 8)),
  },
  {
    name: 'yaml',
    args: ['value'],
    required: 1,
    gives: 'text',
    summary: 'A value as YAML: fewer tokens than indented JSON.',
    example: { template: '{{yaml inputs.user}}', scope: inputs({ user: { name: 'Ada', tags: ['a'] } }), prints: 'name: Ada\ntags:\n  - a' },
    call: ([value = null]) => yamlText(value),
  },
  {
    name: 'join',
    args: ['list', 'separator'],
    required: 1,
    gives: 'text',
    summary: 'The elements of a list in one line, with `, ` or another separator between them.',
    example: { template: '{{join inputs.tags " / "}}', scope: inputs({ tags: ['a', 'b'] }), prints: 'a / b' },
    call: ([value = null, separator = ', ']) => list('join', value).map(elementText).join(text('join', separator)),
  },
  {
    name: 'bullets',
    args: ['list'],
    required: 1,
    gives: 'text',
    summary: 'The elements of a list, each on a line of its own after `- `.',
    example: { template: '{{bullets inputs.tags}}', scope: inputs({ tags: ['a', 'b'] }), prints: '- a\n- b' },
    call: ([value = null]) =>
      list('bullets', value)
        .map((element) => `- ${indentLines(elementText(element), '  ').trimStart()}`)
        .join('\n'),
  },
  {
    name: 'indent',
    args: ['text', 'spaces'],
    required: 1,
    gives: 'text',
    summary: 'A text with every line moved right, by 2 spaces unless told otherwise.',
    example: { template: '{{indent inputs.note 4}}', scope: inputs({ note: 'one\ntwo' }), prints: '    one\n    two' },
    call: ([value = null, spaces = 2]) => indentLines(text('indent', value), ' '.repeat(whole('indent', 'spaces', spaces, 0, 100))),
  },
  {
    name: 'truncate',
    args: ['text', 'characters'],
    required: 2,
    gives: 'text',
    summary: 'A text cut to at most so many characters; what was cut ends in `…`.',
    example: { template: '{{truncate inputs.note 5}}', scope: inputs({ note: 'abcdefgh' }), prints: 'abcd…' },
    call: ([value = null, most = null]) => {
      const whatever = text('truncate', value);
      const limit = whole('truncate', 'characters', most, 0, Number.MAX_SAFE_INTEGER);
      if (whatever.length <= limit || (sizeOf(whatever) ?? 0) <= limit) return whatever;
      return limit === 0 ? '' : `${firstCharacters(whatever, limit - 1)}…`;
    },
  },
  {
    name: 'default',
    args: ['value', 'otherwise'],
    required: 2,
    tolerant: 'first',
    gives: 'any',
    summary: 'A value, or the other one where it is missing or null.',
    example: { template: '{{default inputs.tone "plain"}}', scope: inputs({ tone: null }), prints: 'plain' },
    call: ([value = null, otherwise = null]) => value ?? otherwise,
  },
  {
    name: 'lookup',
    args: ['object', 'key'],
    required: 2,
    gives: 'any',
    summary: 'A field of an object, or an element of a list, whose name or place is itself a value.',
    example: { template: '{{lookup inputs.names index}}', scope: { ...inputs({ names: ['a', 'b'] }), index: 1 }, prints: 'b' },
    call: ([from = null, key = null]) => {
      const found = lookUp(from, key);
      return found === undefined ? fail(`\`lookup\`: ${kindOf(from)} has nothing at ${JSON.stringify(key)}`) : found;
    },
  },
  {
    name: 'exists',
    args: ['value'],
    required: 1,
    tolerant: 'all',
    gives: 'boolean',
    summary: 'Whether a value is there and not null.',
    example: { template: '{{#if (exists inputs.note)}}yes{{else}}no{{/if}}', scope: inputs({}), prints: 'no' },
    call: ([value = null]) => value !== null,
  },
  {
    name: 'eq',
    args: ['a', 'b'],
    required: 2,
    gives: 'boolean',
    summary: 'Whether two values are the same.',
    example: { template: '{{#if (eq inputs.kind "bug")}}a bug{{/if}}', scope: inputs({ kind: 'bug' }), prints: 'a bug' },
    call: ([a = null, b = null]) => isEqual(a, b),
  },
  {
    name: 'ne',
    args: ['a', 'b'],
    required: 2,
    gives: 'boolean',
    summary: 'Whether two values differ.',
    example: { template: '{{#if (ne inputs.kind "bug")}}no bug{{/if}}', scope: inputs({ kind: 'docs' }), prints: 'no bug' },
    call: ([a = null, b = null]) => !isEqual(a, b),
  },
  {
    name: 'lt',
    args: ['a', 'b'],
    required: 2,
    gives: 'boolean',
    summary: 'Whether the first number (or text) is less than the second.',
    example: { template: '{{#if (lt inputs.score 5)}}low{{/if}}', scope: inputs({ score: 3 }), prints: 'low' },
    call: ([a = null, b = null]) => order('lt', a, b) < 0,
  },
  {
    name: 'gt',
    args: ['a', 'b'],
    required: 2,
    gives: 'boolean',
    summary: 'Whether the first number (or text) is greater than the second.',
    example: { template: '{{#if (gt inputs.score 5)}}high{{/if}}', scope: inputs({ score: 8 }), prints: 'high' },
    call: ([a = null, b = null]) => order('gt', a, b) > 0,
  },
  {
    name: 'and',
    args: ['a', 'b'],
    required: 2,
    many: true,
    tolerant: 'all',
    gives: 'boolean',
    summary: 'Whether all values are there and true, as `{{#if}}` sees them.',
    example: { template: '{{#if (and inputs.a inputs.b)}}both{{/if}}', scope: inputs({ a: true, b: 'x' }), prints: 'both' },
    call: (args) => args.every(isTruthy),
  },
  {
    name: 'or',
    args: ['a', 'b'],
    required: 2,
    many: true,
    tolerant: 'all',
    gives: 'boolean',
    summary: 'Whether one of the values is there and true, as `{{#if}}` sees them.',
    example: { template: '{{#if (or inputs.a inputs.b)}}one{{/if}}', scope: inputs({ a: false, b: 'x' }), prints: 'one' },
    call: (args) => args.some(isTruthy),
  },
  {
    name: 'not',
    args: ['value'],
    required: 1,
    tolerant: 'all',
    gives: 'boolean',
    summary: 'Whether a value is missing or false, as `{{#unless}}` sees it.',
    example: { template: '{{#if (not inputs.a)}}none{{/if}}', scope: inputs({ a: [] }), prints: 'none' },
    call: ([value = null]) => !isTruthy(value),
  },
  {
    name: 'upper',
    args: ['text'],
    required: 1,
    gives: 'text',
    summary: 'A text in upper case.',
    example: { template: '{{upper inputs.kind}}', scope: inputs({ kind: 'bug' }), prints: 'BUG' },
    call: ([value = null]) => text('upper', value).toUpperCase(),
  },
  {
    name: 'lower',
    args: ['text'],
    required: 1,
    gives: 'text',
    summary: 'A text in lower case.',
    example: { template: '{{lower inputs.kind}}', scope: inputs({ kind: 'BUG' }), prints: 'bug' },
    call: ([value = null]) => text('lower', value).toLowerCase(),
  },
  {
    name: 'trim',
    args: ['text'],
    required: 1,
    gives: 'text',
    summary: 'A text without the blanks at its ends.',
    example: { template: '[{{trim inputs.note}}]', scope: inputs({ note: ' a b ' }), prints: '[a b]' },
    call: ([value = null]) => text('trim', value).trim(),
  },
  {
    name: 'lines',
    args: ['text'],
    required: 1,
    gives: 'list',
    summary: 'The lines of a text, as a list.',
    example: {
      template: '{{#each (lines inputs.note)}}{{@index}}:{{this}} {{/each}}',
      scope: inputs({ note: 'a\nb\n' }),
      prints: '0:a 1:b ',
    },
    call: ([value = null]) =>
      text('lines', value)
        .replace(/\r?\n$/, '')
        .split(/\r?\n/),
  },
  {
    name: 'length',
    args: ['value'],
    required: 1,
    gives: 'number',
    summary: 'The number of elements of a list, of fields of an object, of characters of a text.',
    example: { template: '{{length inputs.tags}} tags', scope: inputs({ tags: ['a', 'b'] }), prints: '2 tags' },
    call: ([value = null]) => sizeOf(value) ?? fail(`\`length\` takes a list, an object or text, not ${kindOf(value)}`),
  },
  {
    name: 'date',
    args: ['instant', 'format'],
    required: 1,
    gives: 'text',
    summary: 'An instant in UTC, as `YYYY-MM-DD` or in another format of YYYY, MM, DD, HH, mm, ss.',
    example: {
      template: '{{date run.started_at "DD.MM.YYYY HH:mm"}}',
      scope: { run: { started_at: '2026-11-20T09:05:00.000Z' } },
      prints: '20.11.2026 09:05',
    },
    call: ([value = null, format = 'YYYY-MM-DD']) => printDate(value, text('date', format)),
  },
  {
    name: 'fence',
    args: ['text', 'language'],
    required: 1,
    gives: 'text',
    summary: 'A text between lines of backticks, of which there are more than in the text.',
    example: { template: '{{fence inputs.code "js"}}', scope: inputs({ code: 'f()' }), prints: '```js\nf()\n```' },
    call: ([value = null, language = '']) => {
      const whatever = text('fence', value);
      const longest = Math.max(2, ...(whatever.match(/`+/g) ?? []).map((run) => run.length));
      const fence = '`'.repeat(longest + 1);
      return `${fence}${text('fence', language)}\n${whatever}${whatever.endsWith('\n') ? '' : '\n'}${fence}`;
    },
  },
];

/** Every helper by name, in the order of the docs. */
export const helpers: ReadonlyMap<string, Helper> = new Map(registry.map((helper) => [helper.name, helper]));

/** The blocks of templates: `{{#if x}} … {{/if}}`. */
export const blockNames: readonly string[] = ['if', 'unless', 'each', 'with'];

/** Names of helpers. */
export const helperNames: readonly string[] = [...helpers.keys()];

/** What `{{#if}}` takes for true: all but false, null, 0, an empty text, an empty list. */
export function isTruthy(value: Json | undefined): boolean {
  return isList(value) ? value.length > 0 : Boolean(value);
}

/** A field of an object or an element of a list, or undefined where there is none. Only what JSON has: no inherited names. */
export function lookUp(from: Json | undefined, key: Json): Json | undefined {
  if (isList(from)) {
    const at = typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key;
    return typeof at === 'number' && Number.isInteger(at) ? from[at] : undefined;
  }
  if (!isObject(from)) return undefined;
  const name = String(key);
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

function elementText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function indentLines(value: string, by: string): string {
  return value.replace(/^(?=[^\r\n])/gm, by);
}

function list(helper: string, value: Json): readonly Json[] {
  return isList(value) ? value : fail(`\`${helper}\` takes a list, not ${kindOf(value)}`);
}

/** Numbers and booleans print as JSON does; the rest is no text. */
function text(helper: string, value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fail(`\`${helper}\` takes text, not ${kindOf(value)}`);
}

function whole(helper: string, name: string, value: Json, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  return fail(`\`${helper}\`: ${name} is a whole number from ${least}${most > 1e9 ? '' : ` to ${most}`}, not ${JSON.stringify(value)}`);
}

function order(helper: string, a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return fail(`\`${helper}\` compares two numbers or two texts, not ${kindOf(a)} with ${kindOf(b)}`);
}

function printDate(value: Json, format: string): string {
  if (!isInstant(value)) {
    return fail(
      `\`date\` takes an instant such as "2026-11-20T09:05:00Z", not ${typeof value === 'string' ? JSON.stringify(firstCharacters(value, 40)) : kindOf(value)}`,
    );
  }
  const iso = new Date(value).toISOString();
  const [day = '', time = ''] = iso.split('T');
  const [year = '', month = '', date = ''] = day.split(/(?<=\d)-/);
  const parts: Readonly<Record<string, string>> = {
    YYYY: year,
    MM: month,
    DD: date,
    HH: time.slice(0, 2),
    mm: time.slice(3, 5),
    ss: time.slice(6, 8),
  };
  return format.replace(/YYYY|MM|DD|HH|mm|ss/g, (token) => parts[token] ?? token);
}
