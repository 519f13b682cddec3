import { describe, expect, test } from 'vitest';
import type { Reference } from '../../../engine/contracts/reference.ts';
import { parseExpression } from '../../../engine/lang/expression.ts';
import { referencesInExpression, referencesInSource, referencesInTemplate } from '../../../engine/lang/references.ts';
import { parseTemplate } from '../../../engine/lang/template.ts';

/** `path` is a use, `path?` a test, `path!` a guarded use. */
function brief(references: readonly Reference[]): string {
  return references.map(({ path, use, guarded }) => `${path.join('.')}${use ? '' : '?'}${guarded ? '!' : ''}`).join(' ');
}

const inExpression = (text: string): Reference[] => {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return referencesInExpression(parsed.tree, ['f']);
};

const partials = { p: '{{#if tone}}{{tone.x}}{{/if}}{{name}}{{> p}}', q: '{{inputs.a}}' };
const inTemplate = (text: string, names?: ReadonlySet<string>): Reference[] => {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return referencesInTemplate(parsed.tree, ['f'], partials, names);
};

describe('what an expression reads', () => {
  test.each([
    ['1 + 2', ''],
    ['nodes.a.output', 'nodes.a.output'],
    ['inputs["a b"].c', 'inputs.a b.c'],
    ['nodes.s.output[0].file', 'nodes.s.output.[].file'],
    // Stops where a step is not known, and reads what stands in the brackets.
    ['nodes.s.output[index].file', 'nodes.s.output index'],
    ['inputs.m[inputs.k]', 'inputs.m inputs.k'],
    ['nodes.a.output.?x.y', 'nodes.a.output.x.y'],
    ['[inputs.a, {"k": inputs.b}][0]', 'inputs.a inputs.b'],
    ['size(inputs.l) + -inputs.n', 'inputs.l inputs.n'],
    // Variables of macros stand for elements.
    ['nodes.s.output.list.exists(f, f.severity == inputs.s)', 'nodes.s.output.list nodes.s.output.list.[].severity inputs.s'],
    ['nodes.s.output.filter(f, f.ok).map(g, g.b)', 'nodes.s.output nodes.s.output.[].ok nodes.s.output.[].b'],
    ['inputs.l.map(a, a.m.map(b, [a.x, b.y]))', 'inputs.l inputs.l.[].m inputs.l.[].x inputs.l.[].m.[].y'],
    ['inputs.l.map(x, inputs.m.map(x, x.y))', 'inputs.l inputs.m inputs.m.[].y'],
    ['flatten(inputs.l).map(x, x.y)', 'inputs.l'],
  ])('%s', (text, expected) => expect(brief(inExpression(text))).toBe(expected));

  test('text and offsets are those of the path', () => {
    const text = '1 < nodes.s.output.list.exists(f, f.file == "a")';
    const found = inExpression(text);
    expect(found.map((one) => [one.text, text.slice(one.start, one.end), one.at])).toEqual([
      ['nodes.s.output.list', 'nodes.s.output.list', ['f']],
      ['f.file', 'f.file', ['f']],
    ]);
  });

  test('a structure is read text by text', () => {
    const found = referencesInSource({ a: 'inputs.x', b: ['inputs.y', 5, 'not an ('] }, ['nodes', 'n', 'value']);
    expect(found.map((one) => `${one.at.join('/')} ${one.path.join('.')}`)).toEqual([
      'nodes/n/value/a inputs.x',
      'nodes/n/value/b/0 inputs.y',
    ]);
  });
});

const A = 'nodes.a.output';
const B = 'nodes.b.output';

describe('guards of expressions', () => {
  test.each([
    ['comparing with null is no use', `${A} == null || null != ${B}.x`, `${A}? ${B}.x?`],
    ['status is read, not used', 'nodes.a.status == "skipped"', 'nodes.a.status'],
    ['right of x != null &&', `${A} != null && ${A}.x > 1`, `${A}? ${A}.x!`],
    ['not left of it', `${A}.x > 1 && ${A} != null`, `${A}.x ${A}?`],
    ['right of x == null ||', `${A} == null || ${A}.x`, `${A}? ${A}.x!`],
    ['not right of x == null &&', `${A} == null && ${A}.x`, `${A}? ${A}.x`],
    ['not right of x != null ||', `${A} != null || ${A}.x`, `${A}? ${A}.x`],
    ['the proper branch', `${A} == null ? ${A}.x : ${A}.y`, `${A}? ${A}.x ${A}.y!`],
    ['the other proper branch', `${A} != null ? ${A}.x : ${A}.y`, `${A}? ${A}.x! ${A}.y`],
    ['a negated test', `!(${A} == null) && ${A}.x`, `${A}? ${A}.x!`],
    ['several tests', `${A} != null && ${B} != null && ${A}.x == ${B}.x`, `${A}? ${B}? ${A}.x! ${B}.x!`],
    ['one of two tests is not enough', `(${A} != null || ${B} != null) && ${A}.x`, `${A}? ${B}? ${A}.x`],
    ['both of two alternatives', `(${A} == null || ${B}.x) || ${A}.y`, `${A}? ${B}.x ${A}.y!`],
    ['a guard does not reach another node', `${A} != null && ${B}.x`, `${A}? ${B}.x`],
    ['a guard does not reach above an output', `inputs.a.b != null && inputs.a.c`, 'inputs.a.b? inputs.a.c'],
    ['a test below an output guards the output', `${A}.s != null && ${A}.x`, `${A}.s? ${A}.x!`],
    ['has', `has(${A}.x) && ${A}.x > 1`, `${A}.x? ${A}.x!`],
    ['not has', `!has(${A}.x) && ${A}.x > 1`, `${A}.x? ${A}.x`],
    ['coalesce: all but the last', `coalesce(${A}.x, size(${B}), ${A})`, `${A}.x! ${B}! ${A}`],
    ['optional', `optional(${A}.x)`, `${A}.x!`],
    ['a truth test of a field is a use', `${A}.ok && ${A}.x`, `${A}.ok ${A}.x`],
    ['inside a macro', `${A} != null && inputs.l.exists(i, i == ${A}.x)`, `${A}? inputs.l inputs.l.[] ${A}.x!`],
    ['a condition of map', `inputs.l.map(i, ${A} != null, ${A}.x)`, `inputs.l ${A}? ${A}.x!`],
    ['what is compared with null and no path', `size(${A}) == null`, A],
  ])('%s: %s', (_, text, expected) => expect(brief(inExpression(text))).toBe(expected));
});

describe('what a template reads', () => {
  test.each([
    ['plain', ''],
    [`{{${A}.x}} {{json inputs.o indent=inputs.n}}`, `${A}.x inputs.o inputs.n`],
    ['{{inputs.l.[0].x}}', 'inputs.l.[].x'],
    [
      '{{#each nodes.s.output as |f i|}}{{f.file}}{{i}}{{@index}}{{inputs.q}}{{line}}{{this.z}}{{../inputs.w}}{{/each}}',
      'nodes.s.output nodes.s.output.[].file inputs.q nodes.s.output.[].line nodes.s.output.[].z inputs.w',
    ],
    [
      '{{#each inputs.a}}{{#each this.b}}{{c}}{{../d}}{{/each}}{{else}}{{inputs.e}}{{/each}}',
      'inputs.a inputs.a.[].b inputs.a.[].b.[].c inputs.a.[].d inputs.e',
    ],
    ['{{#with inputs.a as |b|}}{{b.c}}{{d}}{{/with}}', 'inputs.a inputs.a.c inputs.a.d'],
    ['{{#each (lines inputs.t)}}{{this}}{{x}}{{/each}}', 'inputs.t'],
    ['{{absent}}', 'absent'],
    // What a partial reads is read by the tag that calls it; handing over is no use.
    [`{{> p ${A} tone=${B}}}`, `${B}? ${A}? ${B}? ${B}.x! ${A}.name`],
    ['{{> q}}', 'inputs.a'],
    ['{{> unknown x=inputs.b}}', 'inputs.b?'],
  ])('%s', (text, expected) => expect(brief(inTemplate(text))).toBe(expected));

  test('names in scope come before fields of a context', () => {
    const text = '{{#each inputs.l}}{{finding.file}}{{item}}{{/each}}';
    expect(brief(inTemplate(text))).toBe('inputs.l inputs.l.[].finding.file item');
    expect(brief(inTemplate(text, new Set(['inputs', 'finding'])))).toBe('inputs.l finding.file inputs.l.[].item');
  });

  test('offsets: of the path, and of the tag for a partial', () => {
    const text = 'a {{inputs.x}} {{> q}}';
    expect(inTemplate(text).map((one) => [one.text, text.slice(one.start, one.end)])).toEqual([
      ['inputs.x', 'inputs.x'],
      ['inputs.a', '{{> q}}'],
    ]);
  });

  test('partials that call each other twice end', () => {
    const doubling = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`p${at}`, `{{inputs.x}}{{> p${at + 1}}}{{> p${at + 1}}}`]));
    const parsed = parseTemplate('{{> p0}}');
    expect(parsed.ok && referencesInTemplate(parsed.tree, [], doubling).length).toBe(1000);
  });
});

describe('guards of templates', () => {
  test.each([
    ['inside if', `{{#if ${A}}}{{${A}.x}}{{else}}{{${A}.y}}{{/if}}`, `${A}? ${A}.x! ${A}.y`],
    ['else of unless', `{{#unless ${A}}}{{${A}.x}}{{else}}{{${A}.y}}{{/unless}}`, `${A}? ${A}.x ${A}.y!`],
    ['else if', `{{#if ${B}}}{{else if ${A}}}{{${A}.x}}{{/if}}`, `${B}? ${A}? ${A}.x!`],
    ['not after if', `{{#if ${A}}}{{/if}}{{${A}.x}}`, `${A}? ${A}.x`],
    ['a test below an output', `{{#if ${A}.ok}}{{${A}.x}}{{/if}}`, `${A}.ok? ${A}.x!`],
    ['default', `{{default ${A}.x "none"}}{{default "a" ${B}}}`, `${A}.x! ${B}`],
    ['default of a helper is a use', `{{default (upper ${A}.x) "none"}}`, `${A}.x`],
    ['default of a lookup', `{{default (lookup ${A} inputs.k) "none"}}`, `${A}! inputs.k`],
    ['exists', `{{#if (exists ${A})}}{{${A}.x}}{{/if}}`, `${A}? ${A}.x!`],
    ['and', `{{#if (and ${A} ${B})}}{{${A}.x}}{{${B}}}{{/if}}`, `${A}? ${B}? ${A}.x! ${B}!`],
    ['or guards neither', `{{#if (or ${A} ${B})}}{{${A}.x}}{{/if}}`, `${A}? ${B}? ${A}.x`],
    [
      'or, in the else branch, of negations',
      `{{#if (or (not ${A}) (eq ${B} null))}}{{else}}{{${A}.x}}{{${B}.x}}{{/if}}`,
      `${A}? ${B}? ${A}.x! ${B}.x!`,
    ],
    ['ne null', `{{#if (ne ${A} null)}}{{${A}.x}}{{/if}}`, `${A}? ${A}.x!`],
    ['eq with a value is a use', `{{#if (eq ${A}.x 1)}}{{${A}.y}}{{/if}}`, `${A}.x ${A}.y`],
    ['each is no guard', `{{#each ${A}}}{{this.x}}{{/each}}`, `${A} ${A}.[].x`],
    ['with is no guard', `{{#with ${A}}}{{x}}{{/with}}`, `${A} ${A}.x`],
    ['a block name stands for its path', `{{#if ${A}}}{{#each ${A}.l as |e|}}{{e.x}}{{/each}}{{/if}}`, `${A}? ${A}.l! ${A}.l.[].x!`],
  ])('%s', (_, text, expected) => expect(brief(inTemplate(text))).toBe(expected));
});
