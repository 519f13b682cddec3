import { describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/base/json.ts';
import { Failed } from '../../../engine/contracts/failure.ts';
import { blockNames, helpers } from '../../../engine/lang/helpers.ts';
import { compileTemplate } from '../../../engine/lang/render.ts';
import { parseTemplate } from '../../../engine/lang/template.ts';

const scope: { readonly [name: string]: Json } = {
  inputs: {
    n: 3,
    text: 'héllo',
    list: [1, 2, 3],
    o: { a: 1, none: null },
    rows: [[1, 2], [3]],
    tags: ['x', 'y'],
    findings: [
      { file: 'a.ts', line: 3 },
      { file: 'b.ts', line: 4 },
    ],
    empty: [],
    yes: true,
  },
  nodes: { skipped: { output: null, status: 'skipped' }, a: { output: { x: 'hi', lines: 'a\nb' } } },
  item: { name: 'I' },
  index: 1,
};

const partials = {
  finding: '- {{file}}:{{line}}{{#if tone}} {{tone}}{{/if}}\nnext\n',
  circle: '{{> loop}}',
  loop: '{{> circle}}',
  named: '[{{x}}]',
  names: '{{inputs.n}}{{item.name}}',
};

function render(template: string, on = scope): string {
  const parsed = parseTemplate(template);
  if (!parsed.ok) throw new Error(`${template}: ${parsed.problem.message}`);
  return compileTemplate(parsed.tree, partials)(on);
}

function failureOf(template: string, on = scope): string {
  try {
    return `it gave ${JSON.stringify(render(template, on))}`;
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    expect(error.failure.type).toBe('expression_failed');
    return error.failure.message;
  }
}

describe('texts', () => {
  test.each([
    ['constant', 'constant'],
    ['<b>&"{{nodes.a.output.x}}\'`', '<b>&"hi\'`'],
    ['{{inputs.n}} {{inputs.yes}} {{inputs.list.[1]}}', '3 true 2'],
    [
      '{{#each inputs.findings as |f i|}}{{i}}:{{f.file}} {{@first}}{{@last}} {{inputs.n}} {{line}} {{this.file}};{{/each}}',
      '0:a.ts truefalse 3 3 a.ts;1:b.ts falsetrue 3 4 b.ts;',
    ],
    [
      '{{#each inputs.rows}}{{@index}}[{{#each this}}{{@../index}}.{{@index}}={{this}} {{length ..}};{{/each}}]{{/each}}',
      '0[0.0=1 2;0.1=2 2;]1[1.0=3 1;]',
    ],
    ['{{#each inputs.o}}{{@key}}={{json this}};{{/each}}', 'a=1;none=null;'],
    ['{{#each inputs.empty}}x{{else}}none{{/each}}', 'none'],
    ['{{#each inputs.findings}}{{#each ../inputs.tags}}{{this}}{{/each}}{{/each}}', 'xyxy'],
    ['{{#each inputs.findings as |f|}}{{#each inputs.findings as |f|}}{{f.line}}{{/each}}{{f.line}};{{/each}}', '343;344;'],
    ['{{#with inputs.o as |q|}}{{q.a}}{{a}}{{this.a}}{{inputs.n}}{{/with}}', '1113'],
    ['{{#with inputs.empty}}x{{else}}y{{/with}}', 'y'],
    // A name in scope comes before a field of the context; `this.` is the field.
    ['{{#each inputs.things}}{{index}}{{this.index}}{{/each}}', '19', { ...scope, inputs: { things: [{ index: 9 }] } }],
    ['{{#if inputs.absent.deeper}}a{{else}}b{{/if}}', 'b'],
    ['{{#if nodes.skipped.output.x}}a{{else}}b{{/if}}', 'b'],
    ['{{#unless inputs.o.none}}a{{/unless}}', 'a'],
    ['{{#if inputs.empty}}a{{else if inputs.n}}b{{/if}}', 'b'],
    ['{{#if (and inputs.n (not inputs.absent) (eq inputs.o.none null) (ne inputs.text null))}}ok{{/if}}', 'ok'],
    ['{{default nodes.skipped.output.x "none"}} {{default inputs.text "none"}}', 'none héllo'],
    ['{{default (lookup inputs.o "absent") "d"}} {{exists (lookup inputs.absent "k")}}', 'd false'],
    ['{{lookup inputs.o "a"}} {{lookup inputs.list index}}', '1 2'],
    // Partials see the names of the place they are called at.
    ['{{> finding inputs.findings.[0]}}', '- a.ts:3\nnext\n'],
    ['{{#each inputs.findings}}\n  {{> finding tone=inputs.text}}\n{{/each}}\n', '  - a.ts:3 héllo\n  next\n  - b.ts:4 héllo\n  next\n'],
    ['{{> named x=inputs.n}}{{> names}}', '[3]3I'],
    ['{{../inputs.n}}', 'it fails', undefined],
    // helpers, where they are not plain
    ['{{json inputs.o indent=2}}', '{\n  "a": 1,\n  "none": null\n}'],
    ['{{bullets inputs.findings}}', '- {"file":"a.ts","line":3}\n- {"file":"b.ts","line":4}'],
    ['{{bullets (lines nodes.a.output.lines)}}', '- a\n- b'],
    ['{{bullets nodes.a.items}}', '- a\n  b', { nodes: { a: { items: ['a\nb'] } } }],
    ['{{truncate "a𝒳bc" 3}}|{{truncate "abc" 3}}|{{truncate "abc" 0}}', 'a𝒳…|abc|'],
    ['{{indent nodes.a.output.lines 3}}', '   a\n   b'],
    ['{{fence "a ```` b"}}', '`````\na ```` b\n`````'],
    ['{{date 0}} {{date "2026-02-03T04:05:06Z" "ss:mm:HH DD/MM/YYYY"}}', '1970-01-01 06:05:04 03/02/2026'],
    ['{{length inputs.text}}{{length inputs.o}}', '52'],
    ['{{upper inputs.n}}{{join inputs.list ""}}', '3123'],
    ['{{gt inputs.n 2}}{{lt "a" "b"}}', 'truetrue'],
  ])('%j', (template, expected, on?: { readonly [name: string]: Json }) => {
    if (expected === 'it fails') expect(failureOf(template, on)).not.toMatch(/^it gave/);
    else expect(render(template, on)).toBe(expected);
  });

  test.each([...helpers.values()].map((one) => [one.name, one.example] as const))('example of %s', (_, example) =>
    expect(render(example.template, example.scope)).toBe(example.prints),
  );

  test('blocks are not helpers', () => expect(blockNames.filter((name) => helpers.has(name))).toEqual([]));

  test('data that looks like a template stays as it is', () =>
    expect(render('{{inputs.t}}', { inputs: { t: '{{inputs.x}} <&>' } })).toBe('{{inputs.x}} <&>'));
});

describe('failures name the path', () => {
  test.each([
    ['{{inputs.absent}}', '`inputs` has no `absent`'],
    ['{{inputs.o.absent}}', '`inputs.o` has no `absent`; it has `a`, `none`'],
    ['{{inputs.o.none.x}}', '`inputs.o.none` is null, so `inputs.o.none.x` is not there'],
    ['{{nodes.skipped.output.x}}', '`nodes.skipped.output` is null, so `nodes.skipped.output.x` is not there'],
    ['{{absent}}', 'there is no `absent` here'],
    ['{{#if absent}}a{{/if}}', 'there is no `absent` here'],
    ['{{#each inputs.findings}}{{absent}}{{/each}}', 'there is no `absent` here'],
    ['{{#each inputs.findings}}{{this.absent}}{{/each}}', '`this` has no `absent`; it has `file`, `line`'],
    ['{{#each inputs.absent}}a{{/each}}', '`inputs` has no `absent`'],
    ['{{#each inputs.o.none}}a{{/each}}', '`{{#each}}` goes over a list or an object, but `inputs.o.none` is null'],
    ['{{#each inputs.text}}a{{/each}}', '`{{#each}}` goes over a list or an object, but `inputs.text` is text'],
    ['{{#with inputs.o.none}}a{{/with}}', '`{{#with}}` needs a value, but `inputs.o.none` is null'],
    ['{{#if (eq inputs.absent 1)}}a{{/if}}', '`inputs` has no `absent`'],
    ['{{inputs.list}}', '`inputs.list` is a list; print it with `bullets`, `join` or `json`'],
    ['{{inputs.o}}', '`inputs.o` is an object; print it with `json` or `yaml`, or one of its fields'],
    ['{{inputs.o.none}}', '`inputs.o.none` is null and cannot be printed; guard it with `{{#if …}}`, or write `{{default … "instead"}}`'],
    ['{{lines inputs.text}}', '`lines inputs.text` is a list; print it with `bullets`, `join` or `json`'],
    ['{{inputs.list.length}}', '`inputs.list` is a list; its length is `{{length inputs.list}}`'],
    ['{{inputs.list.[5]}}', '`inputs.list` has 3 elements, so none at 5'],
    ['{{inputs.list.file}}', '`inputs.list` is a list and has no `file`; go over it with `{{#each inputs.list}}`'],
    ['{{inputs.text.x}}', '`inputs.text` is text and has no `x`'],
    ['{{inputs.constructor}}', '`inputs` has no `constructor`'],
    ['{{inputs.o.__proto__}}', '`inputs.o` has no `__proto__`; it has `a`, `none`'],
    ['{{this}}', 'there is no `this` here: it is known inside `each` and `with`'],
    ['{{@index}}', '`@index` is known only inside `{{#each}}`'],
    ['{{../x}}', '`../x` leads out of all blocks'],
    ['{{> circle}}', 'the partial `circle` calls itself: `circle` → `loop` → `circle`'],
    ['{{> named x=inputs.absent}}', '`x` is null and cannot be printed; guard it with `{{#if …}}`, or write `{{default … "instead"}}`'],
    ['{{join inputs.o}}', '`join` takes a list, not an object'],
    ['{{upper inputs.o.none}}', '`upper` takes text, not null'],
    ['{{truncate inputs.text -1}}', '`truncate`: characters is a whole number from 0, not -1'],
    ['{{json inputs.o indent=9}}', '`json`: indent is a whole number from 0 to 8, not 9'],
    ['{{lookup inputs.o "zz"}}', '`lookup`: an object has nothing at "zz"'],
    ['{{lookup inputs.o "constructor"}}', '`lookup`: an object has nothing at "constructor"'],
    ['{{lt 1 "a"}}', '`lt` compares two numbers or two texts, not a number with text'],
    ['{{date "soon"}}', '`date` takes an instant such as "2026-11-20T09:05:00Z", not "soon"'],
    ['{{length 5}}', '`length` takes a list, an object or text, not a number'],
  ])('%s', (template, message) => expect(failureOf(template)).toBe(message));
});

describe('bounds', () => {
  const list = Array.from({ length: 1000 }, (_, at) => at);

  test('length of the text', () => {
    expect(failureOf('{{#each list}}{{#each ../list}}{{text}}{{/each}}{{/each}}', { list, text: 'x'.repeat(1000) })).toMatch(
      /makes a text of more than 4 million characters/,
    );
  });

  test('steps', () => {
    expect(failureOf('{{#each list}}{{#each list}}{{#each list}}{{/each}}{{/each}}{{/each}}', { list })).toMatch(/too many steps/);
  });

  test('partials that call each other twice', () => {
    const doubling = Object.fromEntries(list.slice(0, 40).map((at) => [`p${at}`, `{{> p${at + 1}}}{{> p${at + 1}}}`]));
    const parsed = parseTemplate('{{> p0}}');
    if (!parsed.ok) throw new Error('refused');
    expect(() => compileTemplate(parsed.tree, { ...doubling, p40: 'x' })).toThrow(/too many parts/);
  });
});
