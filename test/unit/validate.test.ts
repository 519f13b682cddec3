import { describe, expect, test } from 'vitest';
import type { Json, JsonSchema } from '../../engine/base/json.ts';
import { misfits } from '../../engine/lang/misfit.ts';
import { compileRegex } from '../../engine/lang/regex.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { fc } from '../support/properties.ts';

const messages = (schema: JsonSchema, value: Json): readonly string[] => compileValidator(schema)(value).map((problem) => problem.message);

describe('messages name the field and what was expected', () => {
  const finding: JsonSchema = {
    type: 'object',
    properties: { severity: { enum: ['low', 'high'] }, line: { type: 'integer', minimum: 1 }, note: { type: 'string', minLength: 1 } },
    required: ['severity'],
    additionalProperties: false,
  };
  const findings: JsonSchema = { type: 'array', items: { $ref: '#/$defs/finding' }, $defs: { finding } };

  test.each<[JsonSchema, Json, readonly string[]]>([
    [finding, { severity: 'low', line: 3 }, []],
    [finding, { severity: 'medium' }, ['"severity" must be one of "low", "high"; got "medium"']],
    [finding, {}, ['"severity" is missing']],
    [finding, { severity: 'low', line: 0.5 }, ['"line" must be a whole number; got 0.5']],
    [finding, { severity: 'low', line: 0 }, ['"line" must be at least 1; got 0']],
    [finding, { severity: 'low', note: '' }, ['"note" must not be empty']],
    [finding, { severity: 'low', extra: 1 }, ['"extra" must not be there; the fields are "severity", "line", "note"']],
    [finding, 'low', ['the value must be an object; got the text "low"']],
    [findings, [{ severity: 'low' }, { severity: 'x' }], ['"[1].severity" must be one of "low", "high"; got "x"']],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 3, ['the value must be text or null; got 3']],
    [{ anyOf: [{ type: 'string' }, finding] }, { severity: 'x' }, ['"severity" must be one of "low", "high"; got "x"']],
    [{ type: 'string', pattern: '^[a-z]+$' }, 'A', ['the value must match the pattern ^[a-z]+$; got "A"']],
    [{ type: 'string', format: 'email' }, 'A', ['the value must be of the format "email"; got "A"']],
    [{ type: 'string', format: 'path' }, 'anything', []],
    [{ type: 'string', format: 'unheard-of' }, 'anything', []],
    [
      { type: 'array', uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      ['"[1]" repeats item 0'],
    ],
    [
      { type: 'object', properties: { a: true }, unevaluatedProperties: false },
      { b: 1 },
      ['the value does not meet "unevaluatedProperties" of its schema'],
    ],
  ])('%j with %j', (schema, value, expected) => {
    expect(messages(schema, value)).toEqual(expected);
  });
});

test('draft-07 is honoured when the schema says so', () => {
  const schema: JsonSchema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    items: [{ type: 'string' }, { type: 'number' }],
    additionalItems: false,
  };
  expect(messages(schema, ['a', 1])).toEqual([]);
  expect(messages(schema, ['a', 'b'])).toEqual(['"[1]" must be a number; got the text "b"']);
});

test('two schemas may carry the same $id', () => {
  const make = (type: string): JsonSchema => ({ $id: 'https://example.org/x', type });
  expect(messages(make('string'), 'a')).toEqual([]);
  expect(messages(make('number'), 1)).toEqual([]);
});

test('a pattern that explodes elsewhere takes no time', () => {
  const started = performance.now();
  expect(compileRegex('^(a+)+$').test(`${'a'.repeat(5000)}!`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('a pattern that is none says why', () => {
  expect(compileRegex('a(').problem).toMatch(/bracket/);
  expect(compileRegex('(?=a)b').problem).toMatch(/look-ahead/);
  expect(compileRegex('(a)\\1').problem).toMatch(/back-reference/);
  expect(compileRegex('\\u0041\\d').test('A1')).toBe(true);
});

describe('the reasons agree with the compiled check', () => {
  const schemas: readonly JsonSchema[] = [
    {
      type: 'object',
      properties: { a: { type: ['string', 'null'] }, b: { type: 'array', items: { type: 'integer' }, minItems: 1 } },
      required: ['a'],
    },
    { type: 'object', properties: { a: {} }, patternProperties: { '^x': { type: 'number' } }, additionalProperties: { type: 'string' } },
    {
      oneOf: [
        { type: 'number', multipleOf: 2 },
        { type: 'number', multipleOf: 3 },
        { type: 'string', maxLength: 2 },
      ],
    },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    { if: { type: 'object', required: ['a'] }, then: { required: ['b'] }, else: { not: { type: 'string' } } },
    { prefixItems: [{ type: 'string' }, { const: 1 }], items: { type: 'boolean' }, uniqueItems: true },
    { type: 'array', contains: { type: 'integer', exclusiveMinimum: 0 }, maxContains: 2 },
    { dependentRequired: { a: ['b'] }, propertyNames: { maxLength: 1 }, maxProperties: 2 },
    {
      anyOf: [{ $ref: '#/$defs/tree' }, { enum: [null, { a: 1 }, 'a'] }],
      $defs: { tree: { type: 'array', items: { $ref: '#/$defs/tree' } } },
    },
    { allOf: [{ minLength: 2 }, { maxLength: 1 }], nullable: true, type: 'string' },
  ];
  const key = fc.constantFrom('a', 'b', 'x1', 'cc');
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(null, true, 0, 1, 2, 6, -1.5, '', 'a', 'abc'),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(key, tie('json'), { maxKeys: 3 }),
    ),
  }));
  test.each(schemas.map((schema, index) => [index, schema] as const))('schema %i', (_, schema) => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Json;
        expect(misfits(plain, schema).length > 0).toBe(compileValidator(schema)(plain).length > 0);
        for (const problem of compileValidator(schema)(plain)) expect(problem.message).not.toMatch(/does not meet/);
      }),
      { numRuns: 300 },
    );
  });
});
