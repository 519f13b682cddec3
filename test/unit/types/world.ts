import type { JsonSchema } from '../../../engine/base/json.ts';
import { shapeOf } from '../../../engine/lang/schema-shape.ts';
import { NULL, type Shape, union } from '../../../engine/lang/shape.ts';

/** An object schema with these properties, all required but the `optional` ones. */
const object = (properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const text: JsonSchema = { type: 'string' };
const integer: JsonSchema = { type: 'integer' };
const finding = object({ file: text, line: integer, severity: { enum: ['low', 'medium', 'high'] }, note: text }, ['note']);

/** The world every expression below reads. `s` is the output of a node that may be skipped. */
export const WORLD: Record<string, JsonSchema> = {
  t: text,
  n: { type: 'number' },
  i: integer,
  b: { type: 'boolean' },
  risk: { type: 'number', minimum: 0, maximum: 1 },
  kind: { enum: ['bugfix', 'feature', 'docs'] },
  files: { type: 'array', items: text },
  modules: { type: 'array', items: text },
  nums: { type: 'array', items: integer },
  o: object({ name: text, level: { enum: ['low', 'high'] }, extra: text, deep: object({ x: integer }) }, ['extra']),
  open: { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: true },
  map: { type: 'object', additionalProperties: integer },
  thing: { type: 'object' },
  mt: { type: ['string', 'null'] },
  mo: { anyOf: [object({ x: integer }), { type: 'null' }] },
  mb: { type: ['boolean', 'null'] },
  findings: { type: 'array', items: finding },
  holes: { type: 'array', items: { anyOf: [finding, { type: 'null' }] } },
  nested: { type: 'array', items: { type: 'array', items: integer } },
  event: {
    oneOf: [object({ kind: { const: 'click' }, x: integer }), object({ kind: { const: 'key' }, code: text })],
  },
  mix: { type: ['string', 'integer'] },
  any: {},
  tree: { $ref: '#/$defs/node', $defs: { node: object({ name: text, children: { type: 'array', items: { $ref: '#/$defs/node' } } }) } },
};

/** The shapes of the names in scope. */
export const names: Map<string, Shape> = new Map<string, Shape>(Object.entries(WORLD).map(([name, schema]) => [name, shapeOf(schema)]));
names.set('s', union(shapeOf(object({ x: integer, level: { enum: ['low', 'high'] } })), { ...NULL, skipped: ['scan'] } as Shape));
