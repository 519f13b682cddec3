import { describe, expect, test } from 'vitest';
import { parseTemplate } from '../../../engine/lang/template.ts';
import { printPath } from '../../../engine/lang/template-text.ts';

/** The parts without their offsets. */
function shape(text: string): unknown {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return JSON.parse(JSON.stringify(parsed.tree, (key, value) => (key === 'start' || key === 'end' ? undefined : value)));
}

const text = (of: string): object => ({ type: 'text', text: of });
const path = (...parts: string[]): object => ({ type: 'path', up: 0, explicit: false, data: false, parts });
const print = (value: object): object => ({ type: 'print', value });

describe('parts', () => {
  test.each<[string, unknown]>([
    ['', []],
    ['plain } { text', [text('plain } { text')]],
    ['a {{x.y}} b', [text('a '), print(path('x', 'y')), text(' b')]],
    ['{{{x}}}{{&y}}', [print(path('x')), print(path('y'))]],
    ['{{! a comment }}{{!-- {{x}} --}}a', [text('a')]],
    ['\\{{x}}', [text('{{x}}')]],
    ['{{a.[0].[b c]}}', [print(path('a', '0', 'b c'))]],
    ['{{this}}', [print({ ...path(), explicit: true })]],
    ['{{.}}', [print({ ...path(), explicit: true })]],
    ['{{this.a}}', [print({ ...path('a'), explicit: true })]],
    ['{{thistle}}', [print(path('thistle'))]],
    ['{{../../a}}', [print({ ...path('a'), up: 2, explicit: true })]],
    ['{{@index}}', [print({ ...path('index'), explicit: true, data: true })]],
    ['{{@../key}}', [print({ ...path('key'), up: 1, explicit: true, data: true })]],
    [
      '{{"a"}}{{1.5}}{{true}}',
      [print({ type: 'literal', value: 'a' }), print({ type: 'literal', value: 1.5 }), print({ type: 'literal', value: true })],
    ],
    [
      '{{json (lookup a "k") indent=2}}',
      [
        print({
          type: 'helper',
          name: 'json',
          args: [{ type: 'helper', name: 'lookup', args: [path('a'), { type: 'literal', value: 'k' }], hash: {} }],
          hash: { indent: { type: 'literal', value: 2 } },
        }),
      ],
    ],
    [
      '{{#if a}}x{{else if b}}y{{else}}z{{/if}}',
      [
        {
          type: 'if',
          test: path('a'),
          negated: false,
          // biome-ignore lint/suspicious/noThenProperty: the name of the branch.
          then: [text('x')],
          // biome-ignore lint/suspicious/noThenProperty: the name of the branch.
          otherwise: [{ type: 'if', test: path('b'), negated: false, then: [text('y')], otherwise: [text('z')] }],
        },
      ],
    ],
    // biome-ignore lint/suspicious/noThenProperty: the name of the branch.
    ['{{#unless a}}x{{/unless}}', [{ type: 'if', test: path('a'), negated: true, then: [text('x')], otherwise: [] }]],
    // biome-ignore lint/suspicious/noThenProperty: the name of the branch.
    ['{{^if a}}x{{/if}}', [{ type: 'if', test: path('a'), negated: false, then: [], otherwise: [text('x')] }]],
    [
      '{{#each a as |f i|}}x{{else}}y{{/each}}',
      [{ type: 'each', of: path('a'), names: ['f', 'i'], body: [text('x')], otherwise: [text('y')] }],
    ],
    ['{{#with a.b as |c|}}x{{/with}}', [{ type: 'with', of: path('a', 'b'), names: ['c'], body: [text('x')], otherwise: [] }]],
    ['{{> p a k=b}}', [{ type: 'partial', name: 'p', context: path('a'), hash: { k: path('b') }, indent: '' }]],
    ['a\n  {{> p}}\nb', [text('a\n'), { type: 'partial', name: 'p', hash: {}, indent: '  ' }, text('b')]],
    // Whitespace control is Handlebars'.
    ['a\n{{#each l}}\n- {{this}}\n{{/each}}\nb', [text('a\n'), expect.anything(), text('b')]],
    ['a {{~x~}} b', [text('a'), print(path('x')), text('b')]],
  ])('%j', (template, expected) => expect(shape(template)).toEqual(expected));

  test('offsets are those of the text, also after other line ends', () => {
    const template = 'é\r\n𝒳 {{inputs.a}}\r{{json  nodes.b.output}}';
    const parsed = parseTemplate(template);
    if (!parsed.ok) throw new Error('refused');
    const values = parsed.tree.flatMap((part) => (part.type === 'print' ? [part.value] : []));
    expect(values.map((value) => template.slice(value.start, value.end))).toEqual(['inputs.a', '{{json  nodes.b.output}}']);
  });

  test.each(['inputs.a', 'this', 'this.a', '../a', '../..', '@index', '@../key', 'a.[0].[b c]'])(
    'the path %s is printed as written',
    (written) => {
      const parsed = parseTemplate(`{{${written}}}`);
      const [part] = parsed.ok ? parsed.tree : [];
      expect(part?.type === 'print' && part.value.type === 'path' && printPath(part.value)).toBe(written);
    },
  );
});

describe('what is refused, in our words', () => {
  test.each<[string, string, string, string?]>([
    // template, message, the part pointed at, help
    ['a {{x', '`{{` is not closed', '{{x'],
    ['{{ a\nb {{c}}', '`{{` is not closed', '{{ a'],
    ['{{}}', 'there is nothing between the braces', '{{}}'],
    ['{{#if x}}a', '`{{#if}}` is not closed', '{{#if x}}', 'close it with `{{/if}}`'],
    ['{{#if x}}{{#each y}}a{{/each}}', '`{{#if}}` is not closed', '{{#if x}}'],
    ['a{{/if}}', '`{{/if}}` closes nothing', '{{/if}}'],
    ['a{{else}}', '`{{else}}` stands outside a block', '{{else}}'],
    ['{{#if x}}a{{/each}}', '`{{#if}}` is closed by `{{/each}}`', '{{/each}}', 'write `{{/if}}`'],
    ['{"a": {{x}}}', 'three braces close here what two opened', '}}}'],
    ['{"a": {"b": {{json x}}}}', 'four braces close here, more than were opened', '}}}}'],
    ['{{"a": 1}}', 'this looks like JSON, not like a value', '{{"a": 1}}'],
    ['{{a.0}}', 'an element of a list is written in brackets', '{{a.0}}', 'write `{{inputs.list.[0]}}`'],
    ['{{a[0]}}', 'an element or field in brackets needs a point before it', '{{a[0]}}'],
    ['{{a == b}}', 'templates do not compare', '{{a == b}}'],
    ['{{#if a > 1}}x{{/if}}', 'templates do not compare', '{{#if a > 1}}'],
    ['{{a | upper}}', 'there are no filters', '{{a | upper}}', 'call a helper: `{{upper inputs.x}}`'],
    ['{{json(a)}}', 'helpers are called without brackets', '{{json(a)}}'],
    ['{{join a, b}}', 'values are separated by spaces, not by commas', '{{join a, b}}'],
    ['{{a + 1}}', 'templates do not compute', '{{a + 1}}'],
    ['{{a ? b : c}}', 'templates do not compute', '{{a ? b : c}}'],
    ['{{a.b?}}', '`a.b?` is not a path', 'a.b?'],
    ['{{$x}}', '`$x` is not a path', '$x'],
    ['{{json "a}}', 'a text between the braces does not end', '{{json "a}}'],
    ['{{json undefined}}', 'there is no `undefined`', 'undefined', 'write `null`'],
    ['{{@root.x}}', 'there is no `@root.x`', '@root.x', 'every name is reachable everywhere: `{{inputs.x}}`'],
    ['{{jsn x}}', 'there is no helper `jsn`', '{{jsn x}}'],
    ['{{#if (foo a)}}b{{/if}}', 'there is no helper `foo`', '(foo a)'],
    ['{{inputs.x y}}', '`inputs.x` is not a helper', '{{inputs.x y}}'],
    ['{{"x" y}}', '`"x"` is not a helper', '{{"x" y}}'],
    ['{{each x}}', '`each` is a block', '{{each x}}', 'write `{{#each …}} … {{/each}}`'],
    ['{{json}}', '`json` takes 1 value, not 0', '{{json}}', 'write `{{json value}}`; a field of that name is `{{this.json}}`'],
    ['{{eq a b c}}', '`eq` takes 2 values, not 3', '{{eq a b c}}'],
    ['{{and a}}', '`and` takes at least 2 values, not 1', '{{and a}}'],
    ['{{json x indnt=2}}', '`json` takes no `indnt=`', 'indnt=2'],
    ['{{#x}}a{{/x}}', 'there is no block `x`', '{{#x}}', 'write `{{#if x}}`, `{{#each x}}` or `{{#with x}}`'],
    ['{{#json x}}a{{/json}}', '`json` is not a block', '{{#json x}}', 'write `{{json value}}`'],
    ['{{#each}}a{{/each}}', '`{{#each}}` takes one value', '{{#each}}'],
    ['{{#if a b}}a{{/if}}', '`{{#if}}` takes one value', '{{#if a b}}', 'compare with a helper: `{{#if (eq a b)}}`'],
    ['{{#if a includeZero=true}}a{{/if}}', '`{{#if}}` takes no named values', '{{#if a includeZero=true}}'],
    ['{{#each a as |json|}}a{{/each}}', '`json` cannot be the name of an element', '{{#each a as |json|}}'],
    ['{{#each a as |b c d|}}a{{/each}}', '`{{#each}}` names at most an element and its place', '{{#each a as |b c d|}}'],
    ['{{* d}}', 'there are no decorators', '{{* d}}'],
    ['{{#*inline "x"}}a{{/inline}}', 'partials are not written inline', '{{#*inline "x"}}'],
    ['{{#> p}}a{{/p}}', 'a partial has no body', '{{#> p}}', 'write `{{> name}}`'],
    ['{{> (lookup a "b")}}', 'the name of a partial is not computed', '{{> (lookup a "b")}}'],
    ['{{> p a b}}', 'a partial takes one value, and named values', '{{> p a b}}'],
    ['{{{{raw}}}} {{x}} {{{{/raw}}}}', 'there are no raw blocks', '{{{{raw}}'],
  ])('%j', (template, message, pointed, help) => {
    const parsed = parseTemplate(template);
    if (parsed.ok) throw new Error('it was accepted');
    const { problem } = parsed;
    expect([problem.message, template.slice(problem.start, problem.end)]).toEqual([message, pointed]);
    if (help !== undefined) expect(problem.help).toBe(help);
  });

  test('deep blocks', () => {
    const deep = `${'{{#if a}}'.repeat(60)}x${'{{/if}}'.repeat(60)}`;
    const deeper = `${'{{#if a}}'.repeat(20_000)}x${'{{/if}}'.repeat(20_000)}`;
    for (const template of [deep, deeper]) {
      const parsed = parseTemplate(template);
      expect(parsed.ok || parsed.problem.message).toBe('the blocks of this template are nested too deeply');
    }
  });
});
