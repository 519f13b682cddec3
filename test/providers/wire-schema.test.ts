import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../../engine/base/json.ts';
import { anthropicOutput, openAiStrict, toDialect } from '../../engine/providers/wire-schema.ts';

const closed = (properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

describe('a schema on the wire', () => {
  test.each<[string, JsonSchema, JsonSchema, JsonSchema]>([
    [
      'objects are closed',
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      closed({ a: { type: 'string' } }),
      closed({ a: { type: 'string' } }),
    ],
    [
      'optional properties',
      closed({ a: { type: 'string', description: 'A' } }, []),
      closed({ a: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'A' } }),
      closed({ a: { type: 'string', description: 'A' } }, []),
    ],
    [
      'enums have a type or none',
      closed({ a: { enum: ['x', 'y'] }, b: { type: 'integer', enum: [1, 2] }, c: { const: 'z' }, d: { enum: ['x', null] } }),
      closed({
        a: { enum: ['x', 'y'], type: 'string' },
        b: { enum: [1, 2], type: 'integer' },
        c: { const: 'z', type: 'string' },
        d: { enum: ['x', null], type: ['string', 'null'] },
      }),
      closed({ a: { enum: ['x', 'y'] }, b: { enum: [1, 2] }, c: { const: 'z' }, d: { enum: ['x', null] } }),
    ],
    [
      'bounds are sent or told',
      closed({ n: { type: 'integer', minimum: 1, maximum: 9 }, s: { type: 'string', minLength: 2, description: 'A name' } }),
      closed({ n: { type: 'integer', minimum: 1, maximum: 9 }, s: { type: 'string', description: 'A name (at least 2 characters)' } }),
      closed({
        n: { type: 'integer', description: '(at least 1, at most 9)' },
        s: { type: 'string', description: 'A name (at least 2 characters)' },
      }),
    ],
    [
      'nothing stands beside a reference',
      {
        ...closed({ all: { type: 'array', items: { $ref: '#/$defs/f', description: 'gone' } } }),
        $defs: { f: closed({ x: { type: 'string', title: 'gone' } }) },
      },
      { ...closed({ all: { type: 'array', items: { $ref: '#/$defs/f' } } }), $defs: { f: closed({ x: { type: 'string' } }) } },
      { ...closed({ all: { type: 'array', items: { $ref: '#/$defs/f' } } }), $defs: { f: closed({ x: { type: 'string' } }) } },
    ],
    [
      'one of several',
      closed({ a: { oneOf: [{ type: 'string' }, { type: 'integer' }] } }),
      closed({ a: { anyOf: [{ type: 'string' }, { type: 'integer' }] } }),
      closed({ a: { anyOf: [{ type: 'string' }, { type: 'integer' }] } }),
    ],
    [
      'formats that are known',
      closed({ a: { type: 'string', format: 'date' }, b: { type: 'string', format: 'path' } }),
      closed({ a: { type: 'string', format: 'date' }, b: { type: 'string' } }),
      closed({ a: { type: 'string', format: 'date' }, b: { type: 'string' } }),
    ],
  ])('%s', (_, schema, openAi, anthropic) => {
    expect(toDialect(schema, openAiStrict)).toEqual(openAi);
    expect(toDialect(schema, anthropicOutput)).toEqual(anthropic);
    expect(toDialect(schema, openAiStrict)).toBe(toDialect(schema, openAiStrict));
  });

  test.each<[string, JsonSchema]>([
    ['anything', closed({ a: {} })],
    ['an open object', { type: 'object', additionalProperties: true }],
    ['a map', closed({ a: { type: 'object', additionalProperties: { type: 'string' } } })],
    ['a list of anything', closed({ a: { type: 'array' } })],
    ['a tuple', closed({ a: { type: 'array', prefixItems: [{ type: 'string' }], items: false } })],
    ['a condition', closed({ a: { type: 'string', if: { const: 'x' }, else: { minLength: 3 } } })],
    ['a negation', closed({ a: { type: 'string', not: { const: 'x' } } })],
    ['constants that are no scalars', closed({ a: { const: { b: 1 } } })],
    ['anything inside a definition', { ...closed({ a: { $ref: '#/$defs/x' } }), $defs: { x: {} } }],
  ])('%s cannot be said', (_, schema) => {
    expect(toDialect(schema, openAiStrict)).toBeUndefined();
    expect(toDialect(schema, anthropicOutput)).toBeUndefined();
  });

  test('what is nested too deep for OpenAI is not sent as strict', () => {
    let schema: JsonSchema = { type: 'string' };
    for (let depth = 0; depth < 12; depth += 1) schema = closed({ a: schema });
    expect(toDialect(schema, openAiStrict)).toBeUndefined();
    expect(toDialect(schema, anthropicOutput)).toBeDefined();
  });
});
