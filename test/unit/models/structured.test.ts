import { describe, expect, test } from 'vitest';
import { parseLoosely, readAnswer, repairMessages, schemaToAsk, withSchemaInText } from '../../../engine/models/structured.ts';

const finding = {
  type: 'object',
  properties: { file: { type: 'string' }, line: { type: 'integer' }, note: { type: 'string' } },
  required: ['file', 'line'],
  additionalProperties: false,
};
const none = () => [];

describe('parseLoosely', () => {
  test.each([
    ['plain', '{"a": 1}', { a: 1 }],
    ['a list', '[1, 2]', [1, 2]],
    ['a bare text', '"yes"', 'yes'],
    ['a bare number', ' 4 ', 4],
    ['a fence', 'Here it is:\n```json\n{"a": 1}\n```\nDone.', { a: 1 }],
    ['the last of two fences', '```json\n{"a": 1}\n```\nBetter:\n```\n{"a": 2}\n```', { a: 2 }],
    ['prose around braces', 'Sure! {"a": {"b": 1}} Anything else?', { a: { b: 1 } }],
    ['prose around brackets', 'The list is [1, [2]].', [1, [2]]],
    ['trailing commas and single quotes', "{'a': 1,}", { a: 1 }],
    ['unquoted keys in a fence', '```json\n{a: "x"}\n```', { a: 'x' }],
    ['comments', '{"a": 1 // one\n}', { a: 1 }],
    ['text with braces in a string', '{"a": "{b}"}', { a: '{b}' }],
  ])('%s', (_, text, value) => {
    expect(parseLoosely(text)).toEqual(value);
  });

  test.each([
    ['prose', 'I cannot do that.'],
    ['nothing', ''],
    ['something cut off', '{"a": [1, 2'],
    ['a cut-off fence', '```json\n{"a": [1,'],
    ['prose with one brace', 'see } and {'],
  ])('%s is no JSON', (_, text) => {
    expect(parseLoosely(text)).toBeUndefined();
  });
});

describe('readAnswer', () => {
  test('a fitting answer is its value', () => {
    expect(readAnswer('{"file": "a.ts", "line": 3}', finding, none)).toEqual({ value: { file: 'a.ts', line: 3 } });
  });

  test('what does not fit is told in words that name the field', () => {
    expect(readAnswer('{"file": "a.ts", "line": "3"}', finding, none)).toEqual({
      problems: [expect.stringContaining('line')],
      of: 'output_invalid',
    });
    expect(readAnswer('no idea', finding, none)).toEqual({ problems: ['the answer is not JSON'], of: 'output_invalid' });
  });

  test('null stands for an optional property that is absent, and for no other', () => {
    expect(readAnswer('{"file": "a.ts", "line": 3, "note": null}', finding, none)).toEqual({ value: { file: 'a.ts', line: 3 } });
    expect(readAnswer('{"file": null, "line": 3}', finding, none)).toMatchObject({ of: 'output_invalid' });
    const nested = {
      type: 'object',
      properties: { all: { type: 'array', items: { $ref: '#/$defs/f' } } },
      required: ['all'],
      $defs: { f: finding },
    };
    expect(readAnswer('{"all": [{"file": "a", "line": 1, "note": null}]}', nested, none)).toEqual({
      value: { all: [{ file: 'a', line: 1 }] },
    });
    const nullable = { type: 'object', properties: { note: { type: ['string', 'null'] } } };
    expect(readAnswer('{"note": null}', nullable, none)).toEqual({ value: { note: null } });
  });

  test('checks come after the schema', () => {
    const problemsOf = () => ['line must be above 5'];
    expect(readAnswer('{"file": "a", "line": 3}', finding, problemsOf)).toEqual({ problems: ['line must be above 5'], of: 'check_failed' });
    expect(readAnswer('{"file": "a"}', finding, problemsOf)).toMatchObject({ of: 'output_invalid' });
  });

  test('an answer that is no object may come in its envelope or bare', () => {
    const list = { type: 'array', items: { $ref: '#/$defs/f' }, $defs: { f: finding } };
    expect(schemaToAsk(list)).toEqual({
      type: 'object',
      properties: { answer: { type: 'array', items: { $ref: '#/$defs/f' } } },
      required: ['answer'],
      additionalProperties: false,
      $defs: { f: finding },
    });
    expect(schemaToAsk(list)).toBe(schemaToAsk(list));
    expect(readAnswer('{"answer": [{"file": "a", "line": 1}]}', list, none)).toEqual({ value: [{ file: 'a', line: 1 }] });
    expect(readAnswer('[{"file": "a", "line": 1}]', list, none)).toEqual({ value: [{ file: 'a', line: 1 }] });
    expect(readAnswer('{"answer": "b"}', { enum: ['a', 'b'] }, none)).toEqual({ value: 'b' });
    expect(schemaToAsk(finding)).toBe(finding);
  });
});

test('the schema can go into the text of the last message', () => {
  const messages = withSchemaInText(
    [
      { role: 'system', text: 'S' },
      { role: 'user', text: 'U' },
    ],
    { type: 'object' },
  );
  expect(messages[0]?.text).toBe('S');
  expect(messages[1]?.text).toMatch(/^U\n\n.*JSON Schema:\n\{"type":"object"\}$/);
});

test('the repair question shows the answer, what is wrong with it, and what is wanted', () => {
  const messages = repairMessages([{ role: 'user', text: 'U' }], '', ['"a" is missing'], { type: 'object' });
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(messages[1]?.text).toBe('(no answer)');
  expect(messages[2]?.text).toContain('- "a" is missing');
  expect(messages[2]?.text).toContain('{"type":"object"}');
});
