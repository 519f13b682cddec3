import { describe, expect, it } from 'vitest';
import type { Json, JsonSchema } from '../../../engine/base/json.ts';
import { whyNotAssignable } from '../../../engine/lang/assignable.ts';
import { schemaOf, shapeOf } from '../../../engine/lang/schema-shape.ts';
import { fieldOf } from '../../../engine/lang/shape.ts';
import { printShape } from '../../../engine/lang/shape-text.ts';
import { compileValidator } from '../../../engine/lang/validate.ts';
import { fc } from '../../support/properties.ts';

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...more });
const node: JsonSchema = object(
  { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
  { required: ['name', 'children'] },
);

describe('the shape of a schema', () => {
  it.each<[string, JsonSchema]>([
    ['any value', {}],
    ['text', { type: 'string', minLength: 3, format: 'date' }],
    ['text or null', { type: ['string', 'null'] }],
    ['text or null', { type: 'string', nullable: true }],
    ['"a" | "b"', { enum: ['a', 'b'] }],
    ['"a" or null', { type: ['string', 'null'], enum: ['a', null] }],
    ['"a" or 1', { enum: ['a', 1] }],
    ['3', { const: 3 }],
    ['true or false', { type: 'boolean' }],
    ['a whole number 1..10', { type: 'integer', minimum: 1, maximum: 10 }],
    ['a number of at least 0', { type: 'number', exclusiveMinimum: 0 }],
    ['a list of texts', { type: 'array', items: { type: 'string' } }],
    ['a list', { type: 'array' }],
    [
      'a list of { file, line? }',
      { type: 'array', items: object({ file: { type: 'string' }, line: { type: 'integer' } }, { required: ['file'] }) },
    ],
    ['an object', { type: 'object' }],
    ['{ a?, … }', object({ a: {} }, { additionalProperties: { type: 'string' } })],
    ['{ a?, b }', { allOf: [object({ a: { type: 'string' } }), object({ b: { type: 'string' } }, { required: ['b'] })] }],
    ['"b"', { allOf: [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }] }],
    ['a whole number', { allOf: [{ type: 'number' }, { type: 'integer' }] }],
    [
      '{ a, b? } or { a?, b }',
      { ...object({ a: { type: 'string' }, b: { type: 'string' } }), anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    ],
    ['{ name, children }', { $ref: '#/$defs/node', $defs: { node } }],
    ['{ name, children }', { ...node, $defs: { node } }],
    [
      'a list of texts',
      {
        $ref: '#/$defs/list',
        description: 'what',
        $defs: { list: { type: 'array', items: { $ref: '#/$defs/one' } }, one: { type: 'string' } },
      },
    ],
    ['any value', { $ref: 'https://example.com/other.json' }],
    ['any value', { $ref: '#/$defs/loop', $defs: { loop: { $ref: '#/$defs/loop' } } }],
  ])('%s', (words, schema) => expect(printShape(shapeOf(schema))).toBe(words));

  it('keeps what conditions speak of readable', () => {
    const shape = shapeOf({
      ...object({ kind: { type: 'string' } }, { required: ['kind'] }),
      if: { properties: { kind: { const: 'a' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { properties: { x: { type: 'string' } }, required: ['x'] },
      else: { allOf: [{ properties: { y: { type: 'string' } } }] },
    });
    expect(['kind', 'x', 'y', 'z'].map((name) => fieldOf(shape, name).found)).toEqual(['always', 'sometimes', 'sometimes', 'never']);
  });

  it('is remembered per schema', () => expect(shapeOf(node)).toBe(shapeOf(node)));
});

describe('every value of a schema fits its shape', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>(null, true, false, 0, 1, 2.5, -1, '', 'x', 'y'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(names, tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const schema: fc.Arbitrary<JsonSchema> = fc.letrec<{ schema: JsonSchema }>((tie) => {
    const inner = tie('schema');
    const properties = fc.dictionary(names, inner, { maxKeys: 3 });
    return {
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<JsonSchema>(
          {},
          { type: 'string' },
          { type: 'integer' },
          { type: ['number', 'null'] },
          { enum: ['x', 1, null] },
          { const: 'y' },
          { minimum: 1 },
        ),
        fc.record({ type: fc.constant('array'), items: inner }),
        fc.record({ type: fc.constant('array'), prefixItems: fc.array(inner, { minLength: 1, maxLength: 2 }) }),
        fc.record(
          {
            type: fc.constant('object'),
            properties,
            required: fc.uniqueArray(names, { maxLength: 2 }),
            additionalProperties: fc.oneof(fc.boolean(), inner),
          },
          { requiredKeys: ['type', 'properties'] },
        ),
        fc.record({ anyOf: fc.array(inner, { minLength: 1, maxLength: 3 }) }),
        fc.record({ type: fc.constant('object'), anyOf: fc.array(inner, { minLength: 1, maxLength: 3 }), properties }),
        fc.record(
          { allOf: fc.array(inner, { minLength: 1, maxLength: 3 }), type: fc.constantFrom('object', 'array', 'string') },
          { requiredKeys: ['allOf'] },
        ),
        fc.record(
          {
            type: fc.constant('object'),
            oneOf: fc.array(inner, { minLength: 2, maxLength: 2 }),
            required: fc.uniqueArray(names, { maxLength: 1 }),
          },
          { requiredKeys: ['type', 'oneOf'] },
        ),
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
        fc.record({ type: fc.constant('object'), if: inner, then: inner, else: inner, properties }) as fc.Arbitrary<JsonSchema>,
      ) as fc.Arbitrary<JsonSchema>,
    };
  }).schema;

  it('whatever the schema', () => {
    let fitting = 0;
    fc.assert(
      fc.property(schema, fc.array(json, { minLength: 12, maxLength: 12 }), (one, values) => {
        const right = values.filter((value) => compileValidator(one)(value).length === 0);
        if (right.length === 0) return;
        fitting++;
        const told = compileValidator(schemaOf(shapeOf(one)));
        for (const value of right) {
          expect(
            told(value).map((problem) => problem.message),
            JSON.stringify([one, schemaOf(shapeOf(one)), value]),
          ).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
    expect(fitting).toBeGreaterThan(100);
  });
});

describe('what can be used as what', () => {
  it.each<[JsonSchema, JsonSchema, string | undefined]>([
    [{ type: 'integer' }, { type: 'number' }, undefined],
    [{ type: 'number' }, { type: 'integer' }, undefined],
    [{ enum: ['a'] }, { enum: ['a', 'b'] }, undefined],
    [{ type: 'string' }, { enum: ['a', 'b'] }, undefined],
    [{}, { type: 'string' }, undefined],
    [{ type: 'string' }, {}, undefined],
    [{ type: 'string' }, { type: ['string', 'null'] }, undefined],
    [object({ a: { type: 'string' } }, { required: ['a'] }), object({ a: { type: 'string' } }), undefined],
    [{ $ref: '#/$defs/node', $defs: { node } }, { ...node, $defs: { node } }, undefined],
    [{ enum: ['a', 'c'] }, { enum: ['a', 'b'] }, '"c" where "a" | "b" is expected'],
    [{ type: ['string', 'null'] }, { type: 'string' }, 'null where text is expected'],
    [{ type: 'string' }, { type: 'integer' }, 'text where a whole number is expected'],
    [{ type: 'array', items: { type: 'string' } }, { type: 'array', items: { type: 'integer' } }, 'text where a whole number is expected'],
    [object({ a: {} }), object({ a: {} }, { required: ['a'] }), '"a" may be missing'],
    [object({}, { additionalProperties: false }), object({ a: {} }, { required: ['a'] }), '"a" is missing'],
  ])('%j as %j', (from, to, why) => expect(whyNotAssignable(shapeOf(from), shapeOf(to))?.message).toBe(why));
});
