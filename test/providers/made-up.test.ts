import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../../engine/base/json.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { makeUpAnswer } from '../../engine/providers/made-up.ts';
import { fc } from '../support/properties.ts';

const smallest = (schema: JsonSchema) => makeUpAnswer(schema, 'f00d', '', 'smallest');
const making = (schema: JsonSchema, seed = 'f00d') => makeUpAnswer(schema, seed, 'How risky is it');

describe('a made-up answer', () => {
  test('reads as what it is', () => {
    const schema = {
      type: 'object',
      properties: {
        summary: { type: 'string' },
        severity: { enum: ['low', 'high'] },
        findings: {
          type: 'array',
          items: { type: 'object', properties: { file: { type: 'string' }, issue: { type: 'string' } }, required: ['file', 'issue'] },
        },
        risk: { type: 'number', minimum: 0, maximum: 1 },
      },
      required: ['summary'],
    };
    expect(making(schema)).toEqual({
      summary: 'Summary: a made-up text about "How risky is it".',
      severity: expect.stringMatching(/^(low|high)$/),
      findings: [
        { file: 'made-up file 1', issue: 'Issue 1: a made-up text about "How risky is it".' },
        { file: 'made-up file 2', issue: 'Issue 2: a made-up text about "How risky is it".' },
      ],
      risk: expect.any(Number),
    });
  });

  test('enums and numbers vary with the seed', () => {
    const seeds = Array.from({ length: 200 }, (_, index) => `seed${index}`);
    const kinds = new Set(seeds.map((seed) => making({ enum: ['a', 'b', 'c'] }, seed)));
    expect([...kinds].sort()).toEqual(['a', 'b', 'c']);
    expect(new Set(seeds.map((seed) => making({ type: 'boolean' }, seed))).size).toBe(2);
    expect(new Set(seeds.map((seed) => making({ type: 'integer', minimum: 0, maximum: 1000 }, seed))).size).toBeGreaterThan(50);
  });

  test.each<[string, JsonSchema]>([
    ['whole numbers on a grid', { type: 'integer', minimum: 3, maximum: 20, multipleOf: 4 }],
    ['an exclusive range', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.1 }],
    ['one possible number', { type: 'integer', minimum: 7, maximum: 7 }],
    ['below a bound', { type: 'integer', maximum: -5 }],
    ['a short text', { type: 'string', maxLength: 5 }],
    ['a long text', { type: 'string', minLength: 300 }],
    ['a text of a pattern', { type: 'string', pattern: '^[A-Z]{3}-\\d{2,4}$' }],
    ['a text of alternatives', { type: 'string', pattern: '^(red|green)$' }],
    ['a version', { type: 'string', pattern: '^v\\d+\\.\\d+$' }],
    ['a date', { type: 'string', format: 'date-time' }],
    ['an e-mail', { type: 'string', format: 'email' }],
    ['a URI', { type: 'string', format: 'uri' }],
    ['a UUID', { type: 'string', format: 'uuid' }],
    ['three different ones', { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 3, uniqueItems: true }],
    ['an empty list', { type: 'array', items: { type: 'string' }, maxItems: 0 }],
    ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false }],
    ['a constant', { const: { a: [1] } }],
    ['null or a text', { type: ['null', 'string'] }],
    ['one of two', { oneOf: [{ type: 'object', properties: { a: { const: 1 } }, required: ['a'] }, { type: 'string' }] }],
    [
      'all of two',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'integer' } }, required: ['b'] },
        ],
      },
    ],
    [
      'a definition',
      { type: 'object', properties: { all: { type: 'array', items: { $ref: '#/$defs/one' } } }, $defs: { one: { type: 'integer' } } },
    ],
    [
      'a tree',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
            required: ['name', 'children'],
          },
        },
      },
    ],
    ['a map', { type: 'object', required: ['x'], additionalProperties: { type: 'integer' } }],
    ['anything', {}],
  ])('%s', (_, schema) => {
    expect(compileValidator(schema)(making(schema))).toEqual([]);
    expect(compileValidator(schema)(smallest(schema))).toEqual([]);
  });

  test('the smallest has nothing that need not be there', () => {
    const finding = { type: 'object', properties: { line: { type: 'integer', minimum: 1 }, note: { type: 'string' } }, required: ['line'] };
    const list = { type: 'array', items: finding };
    expect(smallest(finding)).toEqual({ line: 1 });
    expect(smallest(list)).toEqual([]);
    expect(smallest({ ...list, minItems: 1 })).toEqual([{ line: 1 }]);
    expect(smallest({ type: 'number' })).toBe(0);
    expect(smallest({ type: 'string', minLength: 10 })).toBe('made up and so on');
    expect(smallest({ type: 'boolean' })).toBe(false);
  });

  test('fits any schema of the shorthand', () => {
    const leaf = fc.oneof(
      fc.constant<JsonSchema>({ type: 'string' }),
      fc.constant<JsonSchema>({ type: 'boolean' }),
      fc
        .tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat(50))
        .map(([minimum, span]): JsonSchema => ({ type: 'integer', minimum, maximum: minimum + span })),
      fc
        .tuple(fc.integer({ min: -10, max: 10 }), fc.integer({ min: 1, max: 5 }))
        .map(([minimum, span]): JsonSchema => ({ type: 'number', minimum, maximum: minimum + span })),
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }).map((names): JsonSchema => ({ enum: names })),
    );
    const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        leaf,
        tie('schema').map((items): JsonSchema => ({ type: 'array', items })),
        fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), tie('schema'), { maxKeys: 4 }).map(
          (properties): JsonSchema => ({
            type: 'object',
            properties,
            required: Object.keys(properties),
            additionalProperties: false,
          }),
        ),
      ),
    }));
    fc.assert(
      fc.property(schema, fc.string(), (one, seed) => {
        const answer = making(one, seed);
        expect(compileValidator(one)(answer)).toEqual([]);
        expect(making(one, seed)).toEqual(answer);
        expect(compileValidator(one)(smallest(one))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
