import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../engine/source/document.ts';

/** What stands in the file where `needle` stands in the value of `field`. */
function pointedAt(text: string, needle: string, field = 'a'): string {
  const document = parseDocument({ name: 'x.yml', text }, (diagnostic) => {
    throw new Error(diagnostic.message);
  });
  const value = (document!.value as Record<string, string>)[field] ?? '';
  const start = value.indexOf(needle);
  expect(start, value).toBeGreaterThanOrEqual(0);
  const span = document!.spanWithin([field], start, start + needle.length);
  return text.slice(span.start, span.end);
}

describe('a place inside a text is found in the file', () => {
  test.each([
    ['plain', 'a: see {{x}} there\n'],
    ['plain over lines', 'a: see\n  the {{x}}\n  there\n'],
    ['single quotes', "a: 'see {{x}} there'\n"],
    ['single quotes with a quote inside', "a: 'it''s {{x}} there'\n"],
    ['double quotes', 'a: "see {{x}} there"\n'],
    ['double quotes with escapes', 'a: "say \\"\\u00e9\\n\\x41\\" {{x}} there"\n'],
    ['double quotes over lines', 'a: "see\n\n  the {{x}}\n  there"\n'],
    ['literal', 'a: |\n  first\n\n    deeper {{x}}\n  last\n'],
    ['literal, stripped', 'a: |-\n  {{x}}\n'],
    ['literal, kept', 'a: |+\n  {{x}}\n\n\nb: 1\n'],
    ['literal after a blank line', 'a: |\n\n  see {{x}}\n'],
    ['literal with a comment', 'a: | # note 1 {{x}}\n  see {{x}}\n'],
    ['literal with Windows line ends', 'a: |\r\n  first\r\n  see {{x}}\r\nb: 1\r\n'],
    ['folded', 'a: >-\n  one\n  two {{x}}\n\n  three\n'],
    ['folded with a deeper line', 'a: >\n  one\n    deeper {{x}}\n  two\n'],
    ['with wide characters', 'a: "日本語 🙂 {{x}}"\n'],
  ])('%s', (_, text) => {
    expect(pointedAt(text, '{{x}}')).toBe('{{x}}');
  });

  test('a place that spans lines begins and ends at the right characters', () => {
    expect(pointedAt('a: |\n  one\n  two\n', 'e\nt')).toBe('e\n  t');
    expect(pointedAt('a: >\n  one\n  two\n', 'e t')).toBe('e\n  t');
  });

  test('an escaped character is pointed at as it is written', () => {
    expect(pointedAt('a: "x \\u00e9 y"\n', 'é y')).toBe('\\u00e9 y');
  });

  test('the whole text, where nothing more exact can be said', () => {
    expect(pointedAt('a: |2\n    see {{x}}\n', '{{x}}')).toBe('|2\n    see {{x}}');
  });

  test('through an alias', () => {
    expect(pointedAt('b: &t "see {{x}}"\na: *t\n', '{{x}}')).toBe('{{x}}');
  });
});
