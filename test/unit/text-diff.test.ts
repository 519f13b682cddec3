import { describe, expect, test } from 'vitest';
import { diffLines, diffWords, likeness, type Piece, unifiedDiff } from '../../engine/base/text-diff.ts';
import { fc } from '../support/properties.ts';

const side = (pieces: readonly Piece[], without: Piece['in'], between = ''): string =>
  pieces
    .filter((piece) => piece.in !== without)
    .map(({ text }) => text)
    .join(between);

test('words: what came and went, nothing else', () => {
  expect(diffWords('the quick brown fox', 'the slow brown fox jumps')).toEqual([
    { in: 'both', text: 'the ' },
    { in: 'before', text: 'quick ' },
    { in: 'after', text: 'slow ' },
    { in: 'both', text: 'brown ' },
    { in: 'before', text: 'fox' },
    { in: 'after', text: 'fox jumps' },
  ]);
  expect(diffWords('same', 'same')).toEqual([{ in: 'both', text: 'same' }]);
  expect(diffWords('', 'new')).toEqual([{ in: 'after', text: 'new' }]);
});

test('a change in a thousand lines is found at once', () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i % 7}`);
  const changed = lines.with(2500, 'another');
  expect(diffLines(lines.join('\n'), changed.join('\n')).filter((piece) => piece.in !== 'both')).toEqual([
    { in: 'before', text: 'line 1' },
    { in: 'after', text: 'another' },
  ]);
});

test('texts that have nothing in common are replaced as a whole', () => {
  const words = (letter: string): string => Array.from({ length: 3000 }, (_, i) => `${letter}${i}`).join(' ');
  const pieces = diffWords(words('a'), words('b'));
  expect(pieces.map((piece) => piece.in).filter((where) => where !== 'both')).toEqual(['before', 'after']);
});

describe('whatever the texts are', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c ', ' ', '\n', '\n\n', 'é', '{{x}}'), { maxLength: 30 }).map((parts) => parts.join(''));

  test('the pieces make up both', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const words = diffWords(before, after);
        expect([side(words, 'after'), side(words, 'before')]).toEqual([before, after]);
      }),
    );
  });

  test('no shorter way leads from one to the other', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(list, list, (before, after) => {
        const kept = diffLines(before.join('\n'), after.join('\n')).filter((piece) => piece.in === 'both').length;
        expect(kept).toBe(longestCommon(before, after));
      }),
    );
  });
});

function longestCommon([a, ...as]: readonly string[], [b, ...bs]: readonly string[]): number {
  if (a === undefined || b === undefined) return 0;
  if (a === b) return 1 + longestCommon(as, bs);
  return Math.max(longestCommon(as, [b, ...bs]), longestCommon([a, ...as], bs));
}

test('hunks are numbered as patch reads them', () => {
  const numbers = (...wanted: readonly number[]): string => wanted.map((number) => `${number}\n`).join('');
  const all = Array.from({ length: 20 }, (_, i) => i + 1);
  expect(unifiedDiff(numbers(...all), numbers(...all.filter((number) => number !== 5), 21), 1)).toEqual([
    '@@ -4,3 +4,2 @@',
    ' 4',
    '-5',
    ' 6',
    '@@ -20,1 +19,2 @@',
    ' 20',
    '+21',
  ]);
  expect(unifiedDiff('', 'a\nb\n')).toEqual(['@@ -0,0 +1,2 @@', '+a', '+b']);
  expect(unifiedDiff('a', 'a')).toEqual([]);
});

test('likeness is the share of words in common', () => {
  expect(likeness('a b c d', 'd c b a')).toBe(1);
  expect(likeness('a b', 'c d')).toBe(0);
  expect(likeness('a b', 'a c')).toBe(0.5);
  expect(likeness('a a a', 'a')).toBe(0.5);
  expect(likeness('', '')).toBe(1);
});
