import { describe, expect, test } from 'vitest';
import type { Json } from '../../engine/base/json.ts';
import { Failed } from '../../engine/contracts/failure.ts';
import { compileExpression } from '../../engine/lang/evaluate.ts';
import { parseExpression } from '../../engine/lang/expression.ts';
import { functions } from '../../engine/lang/functions.ts';
import { helpers } from '../../engine/lang/helpers.ts';
import { operandsOf } from '../../engine/lang/operands.ts';
import { referencesInExpression, referencesInTemplate } from '../../engine/lang/references.ts';
import { compileTemplate } from '../../engine/lang/render.ts';
import { parseTemplate } from '../../engine/lang/template.ts';
import { fc } from '../support/properties.ts';

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const scopes = fc.record({
  inputs: fc.record(
    { a: json, b: json, list: fc.array(json, { maxLength: 4 }), text: fc.string() },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Json>,
  nodes: fc.constant<Json>({ n: { output: null } }),
});

/** Pieces that make up most of what anybody writes, right or wrong. */
const tokens = fc.constantFrom(
  ...[
    'inputs',
    '.a',
    '.b',
    '.list',
    '.text',
    'nodes.n.output',
    '.x',
    '[0]',
    '["a"]',
    '.?a',
    'null',
    'true',
    '1',
    '-1',
    '2.5',
    '"a"',
    "'",
    '(',
  ],
  ...[
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '?',
    '+',
    '-',
    '*',
    '/',
    '%',
    '==',
    '!=',
    '<',
    '>=',
    '&&',
    '||',
    '!',
    'in',
    'x',
    '.map(x, ',
    '.exists(x, ',
  ],
  ...[
    'size(',
    'coalesce(',
    'optional(',
    'has(',
    ' ',
    '{{',
    '}}',
    '{{#if ',
    '{{/if}}',
    '{{#each ',
    '{{/each}}',
    '{{json ',
    '{{else}}',
    '=',
    'é',
    '\n',
  ],
);
const noise = fc.array(tokens, { maxLength: 14 }).map((pieces) => pieces.join(''));

const expressions = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      'inputs.a',
      'inputs.b.x',
      'inputs.list',
      'inputs.text',
      'nodes.n.output.x',
      'inputs.list[0]',
      '1',
      '-2.5',
      '"a"',
      'null',
      'true',
      '[]',
      '{}',
    ),
    fc
      .tuple(tie('e'), fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in'), tie('e'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter'), tie('e'), tie('e'))
      .map(([macro, of, body]) => `${of}.${macro}(x, ${body})`),
    fc.tuple(fc.constantFrom(...functions.values()), fc.array(tie('e'), { minLength: 1, maxLength: 3 })).map(([one, args]) => {
      const given = Array.from({ length: Math.max(one.min, Math.min(one.max, args.length)) }, (_, at) => args[at % args.length]);
      return `${one.name}(${given.join(', ')})`;
    }),
    fc.array(tie('e'), { minLength: 1, maxLength: 3 }).map((args) => `coalesce(${args.join(', ')})`),
    fc.tuple(tie('e'), tie('e'), tie('e')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie('e').map((e) => `!${e}`),
    tie('e').map((e) => `optional(${e})`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `{"k": ${a}, "l": [${b}]}`),
  ),
})).e;

const templates = fc.letrec<{ t: string }>((tie) => ({
  t: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(
      'text\n',
      '{{inputs.a}}',
      '{{inputs.b.x}}',
      '{{this}}',
      '{{@index}}',
      '{{../inputs.text}}',
      '{{a}}',
      '{{> p}}',
      '{{default nodes.n.output.x "d"}}',
    ),
    fc
      .tuple(fc.constantFrom(...helpers.values()), fc.constantFrom('inputs.a', 'inputs.list', '"a"', '3', '(lines inputs.text)'))
      .map(([one, argument]) => `{{${[one.name, ...Array.from({ length: one.required }, () => argument)].join(' ')}}}`),
    fc
      .tuple(
        fc.constantFrom('if', 'unless', 'each', 'with'),
        fc.constantFrom('inputs.list', 'inputs.a', 'nodes.n.output', 'this'),
        tie('t'),
        tie('t'),
      )
      .map(([name, of, body, other]) => `{{#${name} ${of}}}${body}{{else}}${other}{{/${name}}}`),
    fc.tuple(tie('t'), tie('t')).map(([a, b]) => a + b),
  ),
})).t;

/** A value that survives JSON, or a Failed; anything else is a bug. */
function jsonOrFailed(run: () => Json): void {
  let value: Json;
  try {
    value = run();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    expect(error.failure.type).toBe('expression_failed');
    return;
  }
  expect(isJson(value)).toBe(true);
}

function isJson(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value === 'object' && value !== null)
    return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

describe('expressions', () => {
  test('any text is parsed or refused with a place inside it', () => {
    fc.assert(
      fc.property(fc.oneof(noise, fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
        const parsed = parseExpression(text);
        if (parsed.ok) return;
        const { message, start, end } = parsed.problem;
        expect(message).not.toBe('');
        expect(0 <= start && start <= end && end <= text.length).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('any expression on any scope gives JSON or fails with words', () => {
    fc.assert(
      fc.property(expressions, scopes, (text, scope) => {
        const parsed = parseExpression(text);
        if (!parsed.ok) return;
        jsonOrFailed(() => compileExpression(parsed.tree)(scope));
        operandsOf(parsed.tree, scope);
        for (const { start, end } of referencesInExpression(parsed.tree, [])) expect(start < end && end <= text.length).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('templates', () => {
  test('any text is parsed or refused with a place inside it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          noise,
          fc
            .array(fc.oneof(tokens, fc.constantFrom('{{', '}}', '{{{', '}}}', '#', '/', '~', '>', '|', ' as |')), { maxLength: 10 })
            .map((all) => all.join('')),
        ),
        (text) => {
          const parsed = parseTemplate(text);
          if (parsed.ok) return;
          const { message, start, end } = parsed.problem;
          expect(message).not.toBe('');
          expect(0 <= start && start <= end && end <= text.length).toBe(true);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('any template on any scope gives text or fails with words', () => {
    fc.assert(
      fc.property(templates, scopes, (text, scope) => {
        const parsed = parseTemplate(text);
        if (!parsed.ok) return;
        const partials = { p: '{{inputs.text}}{{this}}' };
        jsonOrFailed(() => compileTemplate(parsed.tree, partials)(scope));
        for (const { start, end } of referencesInTemplate(parsed.tree, [], partials)) expect(start < end && end <= text.length).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
