import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Json } from '../../../engine/base/json.ts';
import { yamlText } from '../../../engine/lang/yaml-text.ts';
import { fc } from '../../support/properties.ts';

describe('printed', () => {
  test.each<[Json, string]>([
    [null, 'null'],
    [1.5, '1.5'],
    ['plain text', 'plain text'],
    ['', '""'],
    ['true', '"true"'],
    ['12', '"12"'],
    ['a: b', '"a: b"'],
    ['- a', '"- a"'],
    ['a #b', '"a #b"'],
    [[], '[]'],
    [{}, '{}'],
    [['a', 1, null], '- a\n- 1\n- null'],
    [{ a: { b: 1 }, c: [] }, 'a:\n  b: 1\nc: []'],
    [[{ a: 1, b: [2] }, [3, [4]]], '- a: 1\n  b:\n    - 2\n- - 3\n  - - 4'],
    [{ text: 'one\n\ntwo' }, 'text: |-\n  one\n\n  two'],
    [{ text: 'one\ntwo\n' }, 'text: |\n  one\n  two'],
    [{ text: 'one\ntwo\n\n' }, 'text: "one\\ntwo\\n\\n"'],
    [['one\ntwo'], '- |-\n  one\n  two'],
  ])('%j', (value, expected) => expect(yamlText(value)).toBe(expected));
});

test('any JSON is read back as it was', () => {
  const odd = fc.constantFrom(
    '',
    ' ',
    '\n',
    'a\n',
    'a\n\n',
    'a\n b\n',
    ' a\nb',
    'a\n\nb ',
    'y',
    'null',
    '~',
    '0x1F',
    '1e3',
    '---',
    'a: ',
    ': a',
    '#a',
    '\t',
    'a\r\nb',
    '\u2028',
    '\ufeff',
    '"',
    "'",
    '|',
    '>-',
    '{',
    '[',
    '&a',
    '*a',
    '!t',
    '%d',
    '@x',
    '`',
    'a:',
    '?',
    '-',
    'é𝒳',
    '<<',
    '1_000',
    '.inf',
    '2026-01-01',
    '=',
  );
  const values = fc.jsonValue({ maxDepth: 4 });
  const tricky = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      odd,
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', ':', '#', '-', '"', '\\') }),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(odd, fc.string()), tie('value'), { maxKeys: 4 }).map((object) => ({ ...object })),
    ),
  })).value;
  fc.assert(
    fc.property(fc.oneof(values as fc.Arbitrary<Json>, tricky), (value) => {
      // JSON has one zero.
      const plain = JSON.parse(JSON.stringify(value));
      expect(parse(yamlText(plain), { version: '1.2', schema: 'core' })).toEqual(plain);
    }),
    { numRuns: 400 },
  );
});
