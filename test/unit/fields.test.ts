import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../../engine/base/json.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { workflowOf } from '../support/workflow-of.ts';

const FILES: Readonly<Record<string, string>> = {
  'schemas/place.json':
    '{ "properties": { "at": { "$ref": "#/definitions/point" }, "by": { "$ref": "who.yml" } }, "definitions": { "point": { "type": "integer" } } }',
  'schemas/who.yml': 'fields: { name: string }\n',
};

/** The schema a node's `output` comes to; `more` is what else stands in the file. */
function outputOf(output: string, more = ''): JsonSchema {
  const host = { read: (path: string) => FILES[path], list: () => [] };
  const workflow = workflowOf(`dagrun: 1\nname: x\n${more}\nnodes:\n  a:\n    prompt: x\n    output: ${output}\n`, { host });
  const [node] = workflow.nodes.values();
  return node!.output!;
}

const closed = (properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

describe('the shorthand', () => {
  test.each<[string, JsonSchema]>([
    ['{ a: string }', closed({ a: { type: 'string' } })],
    ['{ a?: string, b: boolean }', closed({ a: { type: 'string' }, b: { type: 'boolean' } }, ['b'])],
    ['{ a: any }', closed({ a: {} })],
    ['{ a: number 0..1 -- how much }', closed({ a: { type: 'number', minimum: 0, maximum: 1, description: 'how much' } })],
    ['{ a: integer -5.. }', closed({ a: { type: 'integer', minimum: -5 } })],
    ['{ a: integer ..5 }', closed({ a: { type: 'integer', maximum: 5 } })],
    [
      '{ a: low | very high -- how bad -- really }',
      closed({ a: { type: 'string', enum: ['low', 'very high'], description: 'how bad -- really' } }),
    ],
    ['{ a: 1 | 2 }', closed({ a: { type: 'integer', enum: [1, 2] } })],
    ['{ a: true | false }', closed({ a: { type: 'boolean' } })],
    ['{ a: [string] }', closed({ a: { type: 'array', items: { type: 'string' } } })],
    ['{ a: [[x | y]] }', closed({ a: { type: 'array', items: { type: 'array', items: { type: 'string', enum: ['x', 'y'] } } } })],
    ['{ a: "[string] -- names" }', closed({ a: { type: 'array', items: { type: 'string' }, description: 'names' } })],
    ['{ a: { b?: { c: string } } }', closed({ a: closed({ b: closed({ c: { type: 'string' } }) }, []) })],
    ['{ a: [{ b: string }] }', closed({ a: { type: 'array', items: closed({ b: { type: 'string' } }) } })],
    ['{ a: { schema: { type: [string, "null"] }, description: d } }', closed({ a: { type: ['string', 'null'], description: 'd' } })],
    ['{ a: { fields: { b: string }, description: d } }', closed({ a: { ...closed({ b: { type: 'string' } }), description: 'd' } })],
    ['{ a: { schema: string, type: string } }', closed({ a: closed({ schema: { type: 'string' }, type: { type: 'string' } }) })],
    ['{ a: { schema: { fields: { b: any } } } }', closed({ a: closed({ b: {} }) })],
  ])('%s', (fields, schema) => {
    expect(outputOf(`{ fields: ${fields} }`)).toEqual(schema);
  });

  test('stands anywhere inside a schema', () => {
    expect(outputOf('{ type: array, items: { fields: { a: string }, description: d } }')).toEqual({
      type: 'array',
      items: { ...closed({ a: { type: 'string' } }), description: 'd' },
    });
  });
});

describe('references', () => {
  const schemas =
    'schemas: { f: { fields: { line: integer, next?: { $ref: "#/schemas/f" }, of: { $ref: "#/schemas/g" } } }, g: { type: string }, unused: {} }';

  test('carry what they need, and nothing else', () => {
    const schema = outputOf('{ type: array, items: { $ref: "#/schemas/f" } }', schemas);
    expect(schema).toMatchObject({ type: 'array', items: { $ref: '#/$defs/f' } });
    expect(Object.keys(schema.$defs as object)).toEqual(['f', 'g']);
    const isFit = compileValidator(schema);
    expect(isFit([{ line: 1, of: 'x', next: { line: 2, of: 'y' } }])).toEqual([]);
    expect(isFit([{ line: 1, of: 'x', next: { line: 'z', of: 'y' } }]).map((problem) => problem.message)).toEqual([
      '"[0].next.line" must be a whole number; got the text "z"',
    ]);
  });

  test('alone, become the schema itself', () => {
    expect(outputOf('{ $ref: "#/schemas/g", description: d }', schemas)).toEqual({ type: 'string', description: 'd' });
  });

  test('of a schema to itself keep their root', () => {
    const tree =
      'schemas: { tree: { type: object, properties: { children: { type: array, items: { $ref: "#" } }, size: { $ref: "#/$defs/n" } }, $defs: { n: { type: integer } } } }';
    const isFit = compileValidator(outputOf('{ fields: { tree: { $ref: "#/schemas/tree" } } }', tree));
    expect(isFit({ tree: { children: [{ size: 1, children: [] }] } })).toEqual([]);
    expect(isFit({ tree: { children: [{ size: 'x' }] } })).toHaveLength(1);
  });

  test('lead to files, from which others lead on', () => {
    const isFit = compileValidator(outputOf('{ $ref: ./schemas/place.json }'));
    expect(isFit({ at: 1, by: { name: 'x' } })).toEqual([]);
    expect(isFit({ at: 'x', by: { name: 1 } })).toHaveLength(2);
    expect(compileValidator(outputOf('{ type: array, items: { $ref: "schemas/place.json#/definitions/point" } }'))(['x'])).toHaveLength(1);
  });

  test('between the schemas of a workflow are kept as such', () => {
    const workflow = workflowOf(`dagrun: 1\nname: x\n${schemas}\nnodes: { a: { prompt: x } }\n`);
    expect(Object.keys(workflow.schemas)).toEqual(['f', 'g', 'unused']);
    expect(Object.keys(workflow.schemas.f!.$defs as object)).toEqual(['f', 'g']);
    expect(workflow.schemas.g).toEqual({ type: 'string' });
  });
});
