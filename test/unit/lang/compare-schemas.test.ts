import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../../../engine/base/json.ts';
import { compareSchemas } from '../../../engine/lang/compare-schemas.ts';

const text: JsonSchema = { type: 'string' };
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties), more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
  ...more,
});

/** `givers`: a value that was right may be wrong; `readers`: what is read may be something new. */
function told(before: JsonSchema, after: JsonSchema): readonly string[] {
  return compareSchemas(before, after).map(({ at, change, breaksGivers, breaksReaders }) =>
    [at || '.', change, ...(breaksGivers ? ['givers'] : []), ...(breaksReaders ? ['readers'] : [])].join(' '),
  );
}

describe('a schema that is', () => {
  test.each<[string, JsonSchema, JsonSchema, readonly string[]]>([
    ['the same', object({ a: text }), object({ a: text }), []],
    ['the same with its fields in another order', object({ a: text, b: text }), object({ b: text, a: text }), []],
    ['the same by a reference', object({ a: text }), { ...object({ a: { $ref: '#/$defs/t' } }), $defs: { t: text } }, []],
    ['another type', text, { type: 'integer' }, ['. changed givers readers']],
    ['whole numbers only', { type: 'number' }, { type: 'integer' }, ['. narrowed givers']],
    ['all numbers', { type: 'integer' }, { type: 'number' }, ['. widened readers']],
    ['null as well', text, { type: ['string', 'null'] }, ['. widened readers']],
    ['null no more', { anyOf: [text, { type: 'null' }] }, text, ['. narrowed givers']],
    ['a choice that was free', text, { enum: ['a', 'b'] }, ['. narrowed givers']],
    ['free and was a choice', { enum: ['a', 'b'] }, text, ['. widened readers']],
    ['one choice less', { enum: ['a', 'b'] }, { enum: ['a'] }, ['. narrowed givers']],
    ['one choice more', { enum: ['a'] }, { enum: ['b', 'a'] }, ['. widened readers']],
    ['another choice', { enum: ['a', 'b'] }, { enum: ['a', 'c'] }, ['. changed givers readers']],
    ['tighter', { type: 'integer', minimum: 1 }, { type: 'integer', minimum: 1, maximum: 5 }, ['. narrowed givers']],
    ['moved', { type: 'integer', minimum: 1, maximum: 5 }, { type: 'integer', minimum: 2, maximum: 6 }, ['. changed givers readers']],
    ['longer', { type: 'string', minLength: 1 }, { type: 'string', minLength: 3 }, ['. narrowed givers']],
    ['without a pattern', { type: 'string', pattern: '^a' }, text, ['. widened readers']],
    ['with another pattern', { type: 'string', pattern: '^a' }, { type: 'string', pattern: '^b' }, ['. changed givers readers']],
    ['of a list', { type: 'array', items: text }, { type: 'array', items: { type: 'integer' } }, ['[] changed givers readers']],
    ['of a longer list', { type: 'array', items: text }, { type: 'array', items: text, minItems: 1 }, ['. narrowed givers']],
    ['with a field more', object({ a: text }), object({ a: text, b: text }), ['b added givers']],
    ['with a field more that may be missing', object({ a: text }), object({ a: text, b: text }, ['a']), ['b added']],
    ['with a field less', object({ a: text, b: text }), object({ a: text }), ['b removed givers readers']],
    ['with a field that may be missing', object({ a: text }), object({ a: text }, []), ['a optional readers']],
    ['with a field that may not be missing', object({ a: text }, []), object({ a: text }), ['a required givers']],
    ['open', object({ a: text }), object({ a: text }, ['a'], { additionalProperties: true }), ['. widened']],
    ['closed', object({ a: text }, ['a'], { additionalProperties: true }), object({ a: text }), ['. narrowed givers']],
    ['anything', text, {}, ['. widened readers']],
    ['something', {}, text, ['. narrowed givers']],
    [
      'deep inside another',
      object({ a: { type: 'array', items: object({ b: { enum: ['x'] } }) } }),
      object({ a: { type: 'array', items: object({ b: { enum: ['x', 'y'] } }) } }),
      ['a[].b widened readers'],
    ],
    ['described otherwise', object({ a: text }), object({ a: { ...text, description: 'why' } }), ['a described']],
    ['said to be something else', text, { ...text, description: 'why' }, ['. described']],
    ['shown by another example', text, { ...text, examples: ['x'] }, ['. described']],
    ['one object more', object({ a: text }), { anyOf: [object({ a: text }), object({ b: text })] }, ['. widened readers']],
    ['conditional', text, { ...text, not: { const: 'x' } }, ['. changed givers readers']],
  ])('%s', (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});

test('a schema that contains itself comes to an end', () => {
  const tree = (label: JsonSchema): JsonSchema => ({
    $ref: '#/$defs/tree',
    $defs: { tree: object({ label, children: { type: 'array', items: { $ref: '#/$defs/tree' } } }) },
  });
  expect(told(tree(text), tree(text))).toEqual([]);
  expect(told(tree(text), tree({ type: 'integer' }))).toContain('label changed givers readers');
});

test('messages say what was and what is', () => {
  const messages = (before: JsonSchema, after: JsonSchema): readonly string[] =>
    compareSchemas(before, after).map(({ message }) => message);
  expect(messages({ enum: ['a', 'b'] }, { enum: ['a'] })).toEqual(['may not be "b" any more']);
  expect(messages(text, { type: ['string', 'null'] })).toEqual(['may be null now']);
  expect(messages({ type: 'integer', minimum: 1 }, { type: 'integer', minimum: 2 })).toEqual([
    'was a whole number of at least 1, is a whole number of at least 2 now',
  ]);
  expect(messages({ type: 'string', maxLength: 9 }, text)).toEqual(['the greatest length is gone: 9']);
});
