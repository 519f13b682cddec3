import Handlebars from 'handlebars';
import type { Json } from '../base/json.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { blockNames, type Helper, helperNames, helpers } from './helpers.ts';
import { Mistake, type Parsed, type SyntaxProblem } from './parsed.ts';
import { plainParts } from './plain-template.ts';
import { explainTemplateError } from './template-mistakes.ts';

/** Templates are parsed only: rendering is ours, so that nothing is compiled, escaped or looked up on a prototype. */
const handlebars = Handlebars.create();

/** Blocks within blocks; deeper ones are no template of a person, and walking them recurses. */
const MAX_DEPTH = 50;

type Loc = hbs.AST.SourceLocation;
interface Range {
  readonly start: number;
  readonly end: number;
}
interface Ctx {
  readonly text: string;
  readonly range: (loc: Loc) => Range;
  readonly depth: number;
}

/** The parts of a Handlebars template, or what is wrong with its text. Never throws. */
export function parseTemplate(text: string): Parsed<readonly TemplatePart[]> {
  if (!text.includes('{{')) return { ok: true, tree: text === '' ? [] : [{ type: 'text', text, start: 0, end: text.length }] };
  const plain = plainParts(text);
  if (plain !== undefined) return { ok: true, tree: plain };
  if (isFarTooDeep(text)) return { ok: false, problem: { message: TOO_DEEP, start: 0, end: text.length } };
  try {
    const program = handlebars.parse(text);
    return { ok: true, tree: parts(program.body, { text, range: rangesOf(text), depth: 0 }) };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, problem: error.problem };
    if (error instanceof RangeError) return { ok: false, problem: { message: TOO_DEEP, start: 0, end: text.length } };
    if (error instanceof Error) return { ok: false, problem: explainTemplateError(text, error.message, errorOffset(text, error)) };
    throw error;
  }
}

const TOO_DEEP = 'the blocks of this template are nested too deeply';

/** Found before parsing: Handlebars takes the cube of the depth, 20 seconds for 4,000 blocks. Rough, so the limit is far above MAX_DEPTH. */
function isFarTooDeep(text: string): boolean {
  const limit = 4 * MAX_DEPTH;
  let blocks = 0;
  let branches = 0;
  let brackets = 0;
  for (const [found] of text.matchAll(/\{\{~?(?:#|\/|else\s+\w|)|[()]/g)) {
    if (found === '(') brackets++;
    else if (found === ')') brackets--;
    else {
      brackets = 0;
      if (found.endsWith('#')) blocks++;
      else if (found.endsWith('/')) {
        blocks--;
        branches = 0;
      } else if (/else/.test(found)) branches++;
    }
    if (blocks > limit || branches > limit || brackets > limit) return true;
  }
  return false;
}

function mistake(at: Range, message: string, more: Partial<SyntaxProblem> = {}): never {
  throw new Mistake({ message, start: at.start, end: at.end, ...more });
}

/** Lines and columns, as Handlebars counts them, to offsets. */
function rangesOf(text: string): (loc: Loc) => Range {
  const starts = [0];
  for (const found of text.matchAll(/\r\n?|\n/g)) starts.push(found.index + found[0].length);
  const offset = (at: { line: number; column: number }): number => Math.min(text.length, (starts[at.line - 1] ?? 0) + at.column);
  return (loc) => ({ start: offset(loc.start), end: offset(loc.end) });
}

/** Where Handlebars stopped: its own errors carry a line and column, its grammar's errors leave the lexer where it was. */
function errorOffset(text: string, error: Error): number {
  const { lineNumber, column } = error as { lineNumber?: number; column?: number };
  if (lineNumber !== undefined && column !== undefined) {
    const at = { line: lineNumber, column };
    return rangesOf(text)({ start: at, end: at } as Loc).start;
  }
  const lexer = (handlebars as unknown as { Parser?: { lexer?: { matched?: string; match?: string } } }).Parser?.lexer;
  return Math.max(0, Math.min(text.length, (lexer?.matched?.length ?? 0) - (lexer?.match?.length ?? 0)));
}

function parts(statements: readonly hbs.AST.Statement[], ctx: Ctx): readonly TemplatePart[] {
  return statements.flatMap((statement) => {
    const converted = part(statement, ctx);
    return converted === undefined ? [] : [converted];
  });
}

function part(statement: hbs.AST.Statement, ctx: Ctx): TemplatePart | undefined {
  const at = ctx.range(statement.loc);
  switch (statement.type) {
    case 'ContentStatement': {
      const { value } = statement as hbs.AST.ContentStatement;
      return value === '' ? undefined : { ...at, type: 'text', text: value };
    }
    case 'CommentStatement':
      return undefined;
    case 'MustacheStatement': {
      const { path, params, hash } = statement as hbs.AST.MustacheStatement;
      return { ...at, type: 'print', value: callOrValue(path, params, hash, at, ctx) };
    }
    case 'BlockStatement':
      return block(statement as hbs.AST.BlockStatement, at, ctx);
    case 'PartialStatement':
      return partial(statement as hbs.AST.PartialStatement, at, ctx);
    case 'PartialBlockStatement':
      return mistake(opening(at, ctx), 'a partial has no body', { help: 'write `{{> name}}`' });
    case 'DecoratorBlock':
      return mistake(opening(at, ctx), 'partials are not written inline', {
        help: 'put it into `partials/<name>.hbs` beside the workflow',
      });
    case 'Decorator':
      return mistake(at, 'there are no decorators', { help: 'leave it out' });
    default:
      return mistake(at, 'this is not part of templates');
  }
}

/** The opening tag of a block: what a message points at. */
function opening(at: Range, ctx: Ctx): Range {
  const close = ctx.text.indexOf('}}', at.start);
  return { start: at.start, end: close < 0 ? at.end : Math.min(at.end, close + 2) };
}

function block(statement: hbs.AST.BlockStatement, at: Range, ctx: Ctx): TemplatePart {
  const { params, hash } = statement;
  const name = original(statement.path);
  const tag = opening(at, ctx);
  if (ctx.depth >= MAX_DEPTH) mistake(tag, TOO_DEEP);
  if (ctx.text.startsWith('{{{{', at.start))
    mistake(tag, 'there are no raw blocks', { help: 'write `\\{{` for braces that are to be printed' });
  if (!blockNames.includes(name)) {
    const isHelper = helpers.has(name);
    mistake(tag, isHelper ? `\`${name}\` is not a block` : `there is no block \`${name}\``, {
      help: isHelper
        ? `write \`${usage(helpers.get(name))}\``
        : LOOPS.includes(name)
          ? `write \`{{#each ${params[0] === undefined ? 'list' : ctx.text.slice(ctx.range(params[0].loc).start, ctx.range(params[0].loc).end)}}}\``
          : `write \`{{#if ${name}}}\`, \`{{#each ${name}}}\` or \`{{#with ${name}}}\``,
      ...(isHelper ? {} : { name, candidates: blockNames }),
    });
  }
  const [subject] = params;
  const compares = params.some((param) => /^[=!<>]/.test(ctx.text.slice(ctx.range(param.loc).start)));
  if (subject === undefined || params.length > 1) {
    mistake(tag, `\`{{#${name}}}\` takes one value`, {
      help: compares || name === 'if' ? 'compare with a helper: `{{#if (eq a b)}}`' : `write \`{{#${name} inputs.x}}\``,
    });
  }
  if (hash !== undefined && hash.pairs.length > 0)
    mistake(tag, `\`{{#${name}}}\` takes no named values`, { help: `leave \`${hash.pairs[0]?.key}=\` out` });
  const of = value(subject, ctx);
  const inner = { ...ctx, depth: ctx.depth + 1 };
  const body = statement.program === undefined ? [] : parts(statement.program.body, inner);
  const otherwise = statement.inverse === undefined || statement.inverse === null ? [] : parts(statement.inverse.body, inner);
  const names = statement.program?.blockParams ?? statement.inverse?.blockParams ?? [];
  if (name === 'if' || name === 'unless') {
    if (names.length > 0) mistake(tag, `\`{{#${name}}}\` names nothing`, { help: `leave \`as |${names.join(' ')}|\` out` });
    // biome-ignore lint/suspicious/noThenProperty: a tree is never awaited, and its branch is called `then` everywhere.
    return { ...at, type: 'if', test: of, negated: name === 'unless', then: body, otherwise };
  }
  const most = name === 'each' ? 2 : 1;
  if (names.length > most) mistake(tag, `\`{{#${name}}}\` names at most ${most === 1 ? 'one value' : 'an element and its place'}`);
  for (const given of names) {
    if (helpers.has(given) || blockNames.includes(given) || !/^[A-Za-z_]\w*$/.test(given)) {
      mistake(tag, `\`${given}\` cannot be the name of an element`, { help: 'choose another name: letters, digits and `_`, not a helper' });
    }
  }
  return { ...at, type: name === 'each' ? 'each' : 'with', of, names, body, otherwise };
}

function partial(statement: hbs.AST.PartialStatement, at: Range, ctx: Ctx): TemplatePart {
  const { name: named, params, hash, indent } = statement;
  if (named.type === 'SubExpression')
    mistake(at, 'the name of a partial is not computed', { help: 'choose with `{{#if}}` between two partials' });
  if (params.length > 1) mistake(at, 'a partial takes one value, and named values', { help: 'write `{{> name inputs.x tone="plain"}}`' });
  const [context] = params;
  return {
    ...at,
    type: 'partial',
    name: original(named),
    ...(context === undefined ? {} : { context: value(context, ctx) }),
    hash: namedValues(hash, ctx),
    indent,
  };
}

function namedValues(hash: hbs.AST.Hash | undefined, ctx: Ctx): Readonly<Record<string, TemplateValue>> {
  return Object.fromEntries((hash?.pairs ?? []).map((pair) => [pair.key, value(pair.value, ctx)]));
}

function callOrValue(
  path: hbs.AST.Expression,
  params: readonly hbs.AST.Expression[],
  hash: hbs.AST.Hash | undefined,
  at: Range,
  ctx: Ctx,
): TemplateValue {
  const name = path.type === 'PathExpression' ? bareName(path as hbs.AST.PathExpression, ctx) : undefined;
  const pairs = hash?.pairs ?? [];
  if (name !== undefined && helpers.has(name)) return helper(name, params, hash, at, ctx);
  if (params.length === 0 && pairs.length === 0) return value(path, ctx);
  const written = ctx.text.slice(ctx.range(path.loc).start, ctx.range(path.loc).end);
  const [first] = params;
  const next = first === undefined ? '' : ctx.text.slice(ctx.range(first.loc).start);
  if (path.type === 'StringLiteral' && next.startsWith(':')) {
    mistake(at, 'this looks like JSON, not like a value', { help: 'put a space between braces of JSON, `{ {`, or write `\\{{`' });
  }
  if (/^(?:[?:+*/-]\s|or\s|and\s|if\s)/.test(next)) {
    mistake(at, 'templates do not compute', { help: 'use a helper, `{{#if}}`, or a node of `kind: set`' });
  }
  if (name !== undefined && blockNames.includes(name))
    mistake(at, `\`${name}\` is a block`, { help: `write \`{{#${name} …}} … {{/${name}}}\`` });
  if (name === undefined)
    mistake(at, `\`${written}\` is not a helper`, { help: 'a value stands alone between the braces: `{{inputs.x}}`' });
  return noHelper(at, name, [...helperNames, ...blockNames]);
}

/** Blocks that go through a list elsewhere. */
const LOOPS: readonly string[] = ['foreach', 'for', 'forEach', 'loop', 'list', 'map'];

/** What other template languages call a helper, and what to write here. */
const INSTEAD: Readonly<Record<string, string>> = {
  uppercase: '{{upper text}}',
  toUpperCase: '{{upper text}}',
  lowercase: '{{lower text}}',
  toLowerCase: '{{lower text}}',
  size: '{{length list}}',
  count: '{{length list}}',
  len: '{{length list}}',
  stringify: '{{json value}}',
  toJson: '{{json value}}',
  toJSON: '{{json value}}',
  tojson: '{{json value}}',
  jsonify: '{{json value}}',
  list: '{{bullets list}}',
  code: '{{fence text}}',
  formatDate: '{{date time "DD.MM.YYYY"}}',
  get: '{{lookup object key}}',
  equals: '(eq a b)',
  is: '(eq a b)',
  gte: '(not (lt a b))',
  lte: '(not (gt a b))',
  elseif: '{{else if x}}',
  elif: '{{else if x}}',
  elsif: '{{else if x}}',
  endif: '{{/if}}',
  endfor: '{{/each}}',
  include: '{{> name}}',
  partial: '{{> name}}',
};

/** Reports a helper that does not exist, with what to write instead where that is known. */
function noHelper(at: Range, name: string, candidates: readonly string[]): never {
  const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
  const known = instead === undefined ? { name, candidates } : { help: `write \`${instead}\`` };
  return mistake(at, `there is no helper \`${name}\``, known);
}

/** The name when a path is one word, without `this.`, `../` or `@`. */
function bareName(path: hbs.AST.PathExpression, ctx: Ctx): string | undefined {
  const [name] = path.parts;
  if (path.data || path.depth > 0 || path.parts.length !== 1 || typeof name !== 'string') return undefined;
  return /^[[.]|^this[./]/.test(ctx.text.slice(ctx.range(path.loc).start)) ? undefined : name;
}

function helper(name: string, params: readonly hbs.AST.Expression[], hash: hbs.AST.Hash | undefined, at: Range, ctx: Ctx): TemplateValue {
  const known = helpers.get(name);
  if (known === undefined) return noHelper(at, name, helperNames);
  const most = known.many === true ? Number.POSITIVE_INFINITY : known.args.length;
  if (params.length < known.required || params.length > most) {
    const range = most === known.required ? `${most}` : known.many === true ? `at least ${known.required}` : `${known.required} to ${most}`;
    const alone = params.length === 0 ? `; a field of that name is \`{{this.${name}}}\`` : '';
    mistake(at, `\`${name}\` takes ${range} value${range === '1' ? '' : 's'}, not ${params.length}`, {
      help: `write \`${usage(known)}\`${alone}`,
    });
  }
  const named = known.hash ?? [];
  for (const pair of hash?.pairs ?? []) {
    if (!named.includes(pair.key)) {
      mistake(ctx.range(pair.loc), `\`${name}\` takes no \`${pair.key}=\``, {
        help: `write \`${usage(known)}\``,
        name: pair.key,
        candidates: named,
      });
    }
  }
  if (ctx.depth >= MAX_DEPTH) mistake(at, 'the helpers of this value are nested too deeply');
  const inner = { ...ctx, depth: ctx.depth + 1 };
  return { ...at, type: 'helper', name, args: params.map((param) => value(param, inner)), hash: namedValues(hash, inner) };
}

function usage(known: Helper | undefined): string {
  return known === undefined ? '' : `{{${[known.name, ...known.args].join(' ')}}}`;
}

function value(expression: hbs.AST.Expression, ctx: Ctx): TemplateValue {
  const at = ctx.range(expression.loc);
  switch (expression.type) {
    case 'StringLiteral':
    case 'NumberLiteral':
    case 'BooleanLiteral':
      return { ...at, type: 'literal', value: (expression as unknown as { value: Json }).value };
    case 'NullLiteral':
      return { ...at, type: 'literal', value: null };
    case 'UndefinedLiteral':
      return mistake(at, 'there is no `undefined`', { help: 'write `null`' });
    case 'SubExpression': {
      const { path, params, hash } = expression as hbs.AST.SubExpression;
      const name = original(path);
      if (path.type !== 'PathExpression' || !helpers.has(name)) {
        noHelper(at, name, helperNames);
      }
      return helper(name, params, hash, at, ctx);
    }
    case 'PathExpression':
      return path(expression as hbs.AST.PathExpression, at, ctx);
    default:
      return mistake(at, 'this is not a value');
  }
}

const DATA = ['index', 'first', 'last', 'key'];

function path(expression: hbs.AST.PathExpression, at: Range, ctx: Ctx): TemplateValue {
  const written = ctx.text.slice(at.start, at.end);
  // A part is an object only for calls inside paths, which this version of the grammar does not read.
  const parts = expression.parts.map(String);
  if (expression.data) {
    const [name = ''] = parts;
    if (parts.length !== 1 || !DATA.includes(name)) {
      mistake(at, `there is no \`@${parts.join('.')}\``, {
        help:
          name === 'root'
            ? 'every name is reachable everywhere: `{{inputs.x}}`'
            : 'inside `each` there are `@index`, `@first`, `@last`, `@key`',
        name,
        candidates: DATA,
      });
    }
    return { ...at, type: 'path', up: expression.depth, explicit: true, data: true, parts };
  }
  const odd = written.includes('[') ? undefined : parts.find((name) => !/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name));
  if (odd !== undefined) {
    mistake(at, `\`${written}\` is not a path`, {
      help: /[+*/%<>=&|?:-]/.test(written)
        ? 'templates do not compute: use a helper, or a node of `kind: set`'
        : `write \`.[${odd}]\` for that field`,
    });
  }
  const explicit = expression.depth > 0 || /^(?:this(?![\p{L}\p{N}_-])|\.)/u.test(written);
  return { ...at, type: 'path', up: expression.depth, explicit, data: false, parts };
}

function original(expression: hbs.AST.Expression | hbs.AST.PathExpression | hbs.AST.SubExpression): string {
  return String((expression as { original?: unknown }).original ?? '');
}
