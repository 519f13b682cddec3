import { expect, test } from 'vitest';
import { disarm, disarmJson } from '../../cli/disarm.ts';
import type { Out } from '../../cli/io.ts';
import { oneLine, renderTable, wrap } from '../../cli/layout.ts';
import { createPaint, wantsColour } from '../../cli/paint.ts';
import { displayWidth } from '../../engine/index.ts';

const out = (isTTY: boolean): Out => ({ write: () => {}, isTTY, isFile: false, columns: 80, rows: 24 });

test.each<[string, boolean | undefined, Record<string, string>, boolean, boolean]>([
  ['a terminal', undefined, {}, true, true],
  ['a pipe', undefined, {}, false, false],
  ['NO_COLOR', undefined, { NO_COLOR: '1' }, true, false],
  ['an empty NO_COLOR', undefined, { NO_COLOR: '' }, true, true],
  ['FORCE_COLOR in a pipe', undefined, { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0', undefined, { FORCE_COLOR: '0' }, true, false],
  ['NO_COLOR before FORCE_COLOR', undefined, { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ['FORCE_COLOR before TERM', undefined, { FORCE_COLOR: '1', TERM: 'dumb' }, true, true],
  ['TERM=dumb', undefined, { TERM: 'dumb' }, true, false],
  ['--color before NO_COLOR', true, { NO_COLOR: '1' }, false, true],
  ['--no-color before FORCE_COLOR', false, { FORCE_COLOR: '1' }, true, false],
])('colour: %s', (_case, flag, env, isTTY, expected) => {
  expect(wantsColour(flag, env, out(isTTY))).toBe(expected);
});

test('no codes around nothing, and none when colour is off', () => {
  expect(createPaint(true).red('')).toBe('');
  expect(createPaint(true).red('a')).toBe('\u001B[31ma\u001B[39m');
  expect(createPaint(false).red('a')).toBe('a');
});

test('wide characters take two columns', () => {
  expect([
    displayWidth('abc'),
    displayWidth('漢字'),
    displayWidth('é'),
    displayWidth('e\u0301'),
    displayWidth('✓'),
    displayWidth('🎉'),
  ]).toEqual([3, 4, 1, 1, 1, 2]);
  expect(oneLine('a  b\nc', 9)).toBe('a b c');
  expect(oneLine('漢字漢字', 5)).toBe('漢字…');
  expect(wrap('one two three\nfour', 8)).toEqual(['one two', 'three', 'four']);
});

test('a table gives way where it may', () => {
  const columns = [{ title: 'name' }, { title: 'what', shrinks: true }, { title: 'n', align: 'right' as const }];
  const table = renderTable(columns, [['a', 'something rather long', '1']], { width: 26, title: (text) => text });
  expect(table).toEqual(['name  what               n', 'a     something rather…  1']);
});

test('what the runner of GitHub would obey is disarmed', () => {
  expect(disarm('::add-mask::x\n  ::error::y\na ::ok\n##[group]')).toBe(':\u200B:add-mask::x\n  :\u200B:error::y\na ::ok\n##\u200B[group]');
});

test('disarmed JSON says the same', () => {
  const value = { text: '::error::x\n##[error]y ###[' };
  expect(disarmJson(JSON.stringify(value))).not.toContain('##[');
  expect(JSON.parse(disarmJson(JSON.stringify(value, null, 2)))).toEqual(value);
});
