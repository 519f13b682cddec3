import { expect, test } from 'vitest';
import { compileSpec, fieldsOf } from '../../../engine/lang/notation.ts';

const schema = {
  type: 'object',
  properties: {
    prompt: { type: 'string', 'x-holds': 'template' },
    attach: { type: 'array', items: { type: 'string', 'x-holds': 'template' } },
    headers: { type: 'object', additionalProperties: { type: 'string', 'x-holds': 'template' } },
    body: { 'x-holds': 'template' },
    value: { 'x-holds': 'expression' },
    when: { oneOf: [{ type: 'boolean' }, { type: 'object', properties: { that: { 'x-holds': 'expression' } } }] },
    model: { type: 'string', 'x-holds': 'literal' },
  },
};
const scope = { inputs: { n: 3, s: 'x' } };

test('fields are found by the schema, in the order they are written', () => {
  const spec = {
    model: '{{no}}',
    value: { a: 'inputs.n' },
    prompt: 'Hi',
    attach: ['a', '{{inputs.s}}'],
    headers: { h: '{{inputs.n}}' },
    body: { deep: ['{{inputs.s}}', 5] },
    when: { that: 'inputs.n > 1', other: 'x' },
    unknown: '{{x}}',
  };
  expect(
    fieldsOf(schema, spec, ['nodes', 'n']).map((field) => [
      field.path.slice(2).join('/'),
      field.holds,
      field.holds === 'template' ? field.text : field.source,
    ]),
  ).toEqual([
    ['value', 'expression', { a: 'inputs.n' }],
    ['prompt', 'template', 'Hi'],
    ['attach/0', 'template', 'a'],
    ['attach/1', 'template', '{{inputs.s}}'],
    ['headers/h', 'template', '{{inputs.n}}'],
    ['body/deep/0', 'template', '{{inputs.s}}'],
    ['when/that', 'expression', 'inputs.n > 1'],
  ]);
  expect(compileSpec(schema, spec, {})(scope)).toEqual({
    model: '{{no}}',
    value: { a: 3 },
    prompt: 'Hi',
    attach: ['a', 'x'],
    headers: { h: '3' },
    body: { deep: ['x', 5] },
    when: { that: true, other: 'x' },
    unknown: '{{x}}',
  });
});

test('an expression that gives null gives null', () => {
  expect(compileSpec(schema, { value: ['null', 'inputs.n'] }, {})(scope)).toEqual({ value: [null, 3] });
});

test('a spec without templates and expressions is itself', () => {
  const spec = { prompt: 'Hi', model: 'm' };
  expect(compileSpec(schema, spec, {})(scope)).toBe(spec);
});

test('partials', () => {
  expect(compileSpec(schema, { prompt: '{{> p}}!' }, { p: '{{inputs.s}}' })(scope)).toEqual({ prompt: 'x!' });
});
