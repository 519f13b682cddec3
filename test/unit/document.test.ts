import { describe, expect, test } from 'vitest';
import { lineCount, lineText, positionAt } from '../../engine/base/position.ts';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import type { Document, Path } from '../../engine/contracts/source.ts';
import { parseDocument } from '../../engine/source/document.ts';

function read(text: string): { readonly document: Document | undefined; readonly codes: readonly string[] } {
  const found: Diagnostic[] = [];
  const document = parseDocument({ name: 'x.yml', text }, (diagnostic) => found.push(diagnostic));
  return { document, codes: found.map((diagnostic) => diagnostic.code) };
}

describe('values', () => {
  test.each<[string, unknown]>([
    [
      'a: no\nb: yes\nc: on\nd: ~\ne: 0x1F\nf: 1e3\ng: 2026-01-01\nh: 12:30\ni: 1_000\n',
      { a: 'no', b: 'yes', c: 'on', d: null, e: 31, f: 1000, g: '2026-01-01', h: '12:30', i: '1_000' },
    ],
    ['1: a\ntrue: b\n', { 1: 'a', true: 'b' }],
    ['{ "a": [1, { "b": null }] }', { a: [1, { b: null }] }],
    ['\ufeffa: 1\n', { a: 1 }],
    ['---\na: 1\n...\n', { a: 1 }],
    ['', null],
    ['# nothing\n', null],
    ['a: &x { b: [1] }\nc: *x\n', { a: { b: [1] }, c: { b: [1] } }],
    ['constructor: 1\ntoString: 2\n', { constructor: 1, toString: 2 }],
  ])('%j', (text, value) => {
    const { document, codes } = read(text);
    expect(codes).toEqual([]);
    expect(document?.value).toEqual(value);
  });
});

describe('positions', () => {
  const text = 'a: { b: one, c: }\nlist:\n  - x\n  - y: &n { z: 1 }\nagain: *n\n';
  test.each<[Path, 'key' | 'value', string]>([
    [['a'], 'key', 'a'],
    [['a'], 'value', '{ b: one, c: }'],
    [['a', 'b'], 'value', 'one'],
    [['a', 'c'], 'value', 'c'],
    [['list', 0], 'value', 'x'],
    [['list', '1', 'y'], 'key', 'y'],
    [['again'], 'value', '*n'],
    [['again', 'z'], 'key', 'z'],
    [['again', 'z'], 'value', '1'],
    [['a', 'nothing', 'below'], 'value', '{ b: one, c: }'],
    [['list', 9], 'key', 'list'],
  ])('%j, %s', (path, part, expected) => {
    const { document } = read(text);
    const { start, end } = document!.spanOf(path, part);
    expect(text.slice(start, end)).toBe(expected);
  });

  test('lines and columns count from 1', () => {
    const file = { name: 'x', text: 'ab\r\ncd\n' };
    expect(positionAt(file, 0)).toEqual({ line: 1, column: 1 });
    expect(positionAt(file, 5)).toEqual({ line: 2, column: 2 });
    expect(positionAt(file, 7)).toEqual({ line: 3, column: 1 });
    expect(positionAt(file, 99)).toEqual({ line: 3, column: 1 });
    expect([lineText(file, 1), lineText(file, 2), lineText(file, 3), lineCount(file)]).toEqual(['ab', 'cd', '', 2]);
  });
});

describe('a comment is left alone where it cuts nothing', () => {
  test.each([
    'a: cheap # the tier\n',
    'a: x > 3 # small\n',
    'a: one two # three\n',
    'a: "{{x}}" # quoted\n',
    'a: 1 #x\n',
    'a: | # x\n  y\n',
    'a: text # --- a line ---\n',
  ])('%j', (text) => {
    expect(read(text).codes).toEqual([]);
  });
});

test('a file that is too large is not even parsed', () => {
  const { document, codes } = read(`a: ${'x'.repeat(2 * 1024 * 1024)}`);
  expect(document).toBeUndefined();
  expect(codes).toEqual(['DAG111']);
});

test('thousands of brackets neither hang nor throw', () => {
  expect(read('['.repeat(20_000)).document).toBeUndefined();
  expect(read(`${'a: {'.repeat(3000)}`).document).toBeUndefined();
});

test('repeated keys of a large map are found without comparing all with all', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`);
  const started = performance.now();
  expect(read([...keys, 'k7: 2', ''].join('\n')).codes).toEqual(['DAG102']);
  expect(performance.now() - started).toBeLessThan(5000);
});
