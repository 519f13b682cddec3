import { describe, expect, test } from 'vitest';
import { referencesInTemplate } from '../../../engine/lang/references.ts';
import { compileTemplate } from '../../../engine/lang/render.ts';
import { scopeNames } from '../../../engine/lang/scope-names.ts';
import { firstVarying, stableParts, type Varies } from '../../../engine/lang/stable-text.ts';
import { parseTemplate } from '../../../engine/lang/template.ts';
import { fc } from '../../support/properties.ts';

const PARTIALS = { guide: 'Guide of {{inputs.a}}. ', each: '{{#each inputs.list}}{{this}} {{item.name}} {{/each}}' };
const varies: Varies = ({ path: [root] }) => root === 'item' || root === 'index';

function split(text: string): { start: (scope: object) => string; whole: (scope: object) => string; same: boolean } {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(text);
  const references = referencesInTemplate(parsed.tree, [], PARTIALS, new Set([...scopeNames, 'item', 'index']));
  const start = compileTemplate(stableParts(parsed.tree, references, varies), PARTIALS);
  const whole = compileTemplate(parsed.tree, PARTIALS);
  return { start: start as never, whole: whole as never, same: firstVarying(references, varies) === undefined };
}

const scopeOf = (name: string, more = true): object => ({
  inputs: { a: 'alpha 🙂', list: ['x', 'y'], more },
  item: { name, ok: name.length % 2 === 0 },
  index: name.length,
});

describe('what a template begins with in every call', () => {
  test.each([
    ['all of it', '{{inputs.a}} and {{json inputs.list}}', 'alpha 🙂 and ["x","y"]'],
    ['nothing', '{{item.name}} {{inputs.a}}', ''],
    ['up to an item', 'One {{inputs.a}}: {{item.name}} {{inputs.a}}', 'One alpha 🙂: '],
    ['up to a helper of an item', 'One {{upper (default item.name "x")}}', 'One '],
    ['up to a block that asks for an item', 'One {{#if item.ok}}a{{else}}b{{/if}}', 'One '],
    ['into a block that does not', 'One {{#if inputs.more}}two {{item.name}}{{else}}three{{/if}} four', 'One two '],
    [
      'into the other branch',
      'One {{#unless inputs.more}}two {{item.name}}{{else}}three {{inputs.a}}{{/unless}} four',
      'One three alpha 🙂',
    ],
    ['into a block with a value', 'One {{#with inputs as |i|}}{{i.a}} {{../item.name}}{{/with}}', 'One alpha 🙂 '],
    ['before a list with an item in it', 'One {{#each inputs.list}}{{this}}{{../item.name}}{{/each}}', 'One '],
    ['past a list without', 'One {{#each inputs.list as |x|}}{{x}}{{/each}} {{index}}', 'One xy '],
    ['past a partial', '{{> guide}}{{item.name}}', 'Guide of alpha 🙂. '],
    ['before a partial with an item in it', 'One {{> each}}', 'One '],
    ['before a partial that is given an item', 'One {{> guide x=item.name}}', 'One '],
  ])('%s', (_, text, expected) => {
    expect(split(text).start(scopeOf('ann'))).toBe(expected);
  });

  test('is what the whole begins with, whatever the items', () => {
    const part = fc.constantFrom(
      'text ',
      '{{inputs.a}}',
      '{{item.name}}',
      '{{index}}',
      '{{upper item.name}}',
      '{{> guide}}',
      '{{> each}}',
      '{{#if item.ok}}yes{{else}}no{{/if}}',
      '{{#each inputs.list}}{{this}}{{@index}}{{/each}}',
      '{{json inputs.list}}',
    );
    const block = fc
      .tuple(fc.constantFrom('inputs.more', 'item.ok'), fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }))
      .map(([on, a, b]) => `{{#if ${on}}}${a.join('')}{{else}}${b.join('')}{{/if}}`);
    const template = fc.array(fc.oneof(part, block), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(template, fc.string(), fc.string(), fc.boolean(), (text, one, other, more) => {
        const { start, whole, same } = split(text);
        const [a, b] = [scopeOf(one, more), scopeOf(other, more)];
        expect(start(a)).toBe(start(b));
        expect(whole(a).startsWith(start(a))).toBe(true);
        expect(whole(b).startsWith(start(a))).toBe(true);
        if (same) expect(start(a)).toBe(whole(a));
      }),
      { numRuns: 500 },
    );
  });
});
