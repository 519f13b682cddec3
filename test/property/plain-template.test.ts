import { expect, test } from 'vitest';
import { plainParts } from '../../engine/lang/plain-template.ts';
import { parseTemplate } from '../../engine/lang/template.ts';
import { fc } from '../support/properties.ts';

/** What the grammar of Handlebars makes of a text: a literal behind it keeps the text from being read as a plain one. */
function byGrammar(text: string): unknown {
  const parsed = parseTemplate(`${text}{{null}}`);
  return parsed.ok ? parsed.tree.slice(0, -1) : parsed.problem.message;
}

/** Where lines end with other than \n, Handlebars counts columns wrongly: there only what is read is compared, not where. */
function comparable(text: string, parts: unknown): unknown {
  const miscounted = /[\r\u2028\u2029]/.test(text);
  return JSON.parse(JSON.stringify(parts, (key, value) => (miscounted && (key === 'start' || key === 'end') ? undefined : value)));
}

const PATHS = [
  'a',
  'a.b',
  'nodes.n.output',
  'item.x_1',
  'upper',
  'if',
  'else',
  'elsewhere',
  'true.a',
  'a.null',
  'this.a',
  'a.this',
  'as',
  'nodes',
];
const pieces = fc.oneof(
  fc.constantFrom(...PATHS.flatMap((path) => [`{{${path}}}`, `{{ ${path}\n }}`])),
  fc.constantFrom(
    '{{',
    '}}',
    '{',
    '}',
    '{{{a}}}',
    '{{&a}}',
    '{{~a}}',
    '{{a-b}}',
    '{{a.0}}',
    '{{a b}}',
    '{{!x}}',
    '{{#if a}}',
    '{{/if}}',
    '{{> p}}',
  ),
  fc.constantFrom('\\', '\\\\', '\r\n', '\n', '  ', '\t', '\u2028', '\0', 'ü', '🙂', 'text ', '"', "'", '|'),
);

test('a plain template has the parts that the grammar gives it', () => {
  let plain = 0;
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 6 }).map((all) => all.join('')),
      (text) => {
        // What ends in one of these makes something else of the braces that follow.
        fc.pre(!/[{\\]$/.test(text));
        const parts = plainParts(text);
        if (parts === undefined) return;
        plain += 1;
        expect(comparable(text, byGrammar(text))).toEqual(comparable(text, parts));
      },
    ),
    { numRuns: 5_000 },
  );
  expect(plain).toBeGreaterThan(500);
});

test.each(PATHS)('{{%s}} is what it is with nothing else in the template', (path) => {
  const text = `before {{${path}}} after`;
  const parts = plainParts(text);
  if (parts !== undefined) expect(byGrammar(text)).toEqual(parts);
  expect(parts !== undefined).toBe(['a', 'a.b', 'nodes.n.output', 'item.x_1', 'nodes'].includes(path));
});
