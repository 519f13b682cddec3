import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createPaint, withoutColour } from '../../cli/paint.ts';
import { renderTree } from '../../cli/run-tree.ts';
import { displayWidth } from '../../engine/index.ts';
import { busy, e, midway, planOf, START, storyOf } from './story.ts';

const plain = createPaint(false);
const now = START + 9000;
const golden = (name: string): string => join(import.meta.dirname, `../fixtures/cli/${name}.tree.txt`);

describe('renderTree', () => {
  test.each([60, 80, 120, 160])('at %i columns', async (width) => {
    const lines = renderTree(midway().view, { width, height: 40, paint: plain, now });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden(`midway-${width}`));
  });

  test.each([3, 5, 7])('at %i lines', async (height) => {
    const lines = renderTree(midway().view, { width: 80, height, paint: plain, now });
    expect(lines.length).toBeLessThanOrEqual(height);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden(`midway-${height}-lines`));
  });

  test('at its end', async () => {
    const story = midway().at(7000, e.finished('failed'));
    const lines = renderTree(story.view, { width: 100, height: 40, paint: plain, now });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('end'));
  });

  test('while it stops', () => {
    const { view } = midway().at(6500, e.cancel());
    expect(renderTree(view, { width: 80, height: 20, paint: plain, now }).at(-1)).toBe(
      'stopping: waiting for 9 calls in flight; Ctrl-C again gives them up',
    );
  });

  test('no line is wider than the terminal, none ends in blanks, at any size', () => {
    const { view } = midway();
    for (let width = 30; width < 170; width += 3) {
      for (let height = 2; height < 14; height++) {
        const lines = renderTree(view, { width, height, paint: plain, now });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) {
          expect(displayWidth(line), `${width}: ${line}`).toBeLessThanOrEqual(width);
          expect(line).toBe(line.trimEnd());
        }
      }
    }
  });

  test('colour changes nothing but the colours', () => {
    const { view } = midway();
    const options = { width: 100, height: 20, now };
    expect(renderTree(view, { ...options, paint: createPaint(true) }).map(withoutColour)).toEqual(
      renderTree(view, { ...options, paint: plain }),
    );
  });

  test('five thousand nodes: those at work are seen, the rest is counted', () => {
    const story = storyOf(planOf(...Array.from({ length: 5000 }, (_, at) => `n${at}:cheap`))).at(0, e.started());
    for (let at = 0; at < 2000; at++) story.at(at, e.start(`n${at}`), e.good(`n${at}`), e.done(`n${at}`));
    story.at(2000, e.start('n2000'));
    const lines = renderTree(story.view, { width: 80, height: 8, paint: plain, now: START + 2500 });
    expect(lines.join('\n')).toContain('n2000');
    expect(lines.join('\n')).toMatch(/… 199\d done/);
    expect(lines.at(-1)).toMatch(/… 299\d waiting/);
    expect(lines).toHaveLength(7);
  });

  test('words that come from outside stay on their line', () => {
    const { view } = storyOf(planOf('a:cheap')).at(
      0,
      e.started(),
      e.skip('a', 'first\nsecond\u001B[31m 漢字漢字漢字漢字漢字漢字漢字漢字漢字'),
    );
    const [, line = ''] = renderTree(view, { width: 50, height: 9, paint: plain, now });
    expect(line).toBe('└─ – a  skipped: first second [31m 漢字漢字漢字…');
    expect(displayWidth(line)).toBeLessThanOrEqual(50);
  });

  test('tools: what is being called, with what, and for how long; then how many there were', () => {
    const story = storyOf(planOf('a:capable')).at(0, e.started(), e.start('a'));
    const line = (at: number): string => renderTree(story.view, { width: 90, height: 9, paint: plain, now: START + at })[1] ?? '';
    story.at(100, e.wants('a', ['find', { words: 'parcel' }]));
    expect(line(600)).toContain('find(parcel) · turn 2');
    expect(line(3100)).toContain('find(parcel) 3.0s · turn 2');
    story.at(3200, e.tool('a', 'find', { words: 'parcel' }));
    expect(line(3300)).toMatch(/turn 2 · 1 tool call$/);
    story.at(3300, e.wants('a', ['find', { words: 'x' }], ['find', { words: 'y' }], ['mail', { to: 'ada' }]));
    expect(line(3400)).toContain('find ×2, mail · turn 3');
    story.at(3400, e.tool('a', 'find', { words: 'y' }, 'failed'), e.tool('a', 'mail', { to: 'ada' }, 'begun'));
    expect(line(3500)).toContain('find, mail · turn 3 · 2 tool calls, 1 failed');
    story.at(3600, e.tool('a', 'find', { words: 'x' }), e.tool('a', 'mail', { to: 'ada' }), e.good('a'), e.done('a'));
    expect(line(3700)).toMatch(/4 tool calls, 1 failed$/);
  });

  test('several that answered: how many outputs each of them made', () => {
    const story = storyOf(planOf('a:cheap')).at(0, e.started(), e.expand('a', 3), e.start('a[0]'), e.start('a[1]'), e.start('a[2]'));
    for (const [item, tier] of (['cheap', 'capable', 'cheap'] as const).entries())
      story.at(1, e.call(`a[${item}]`, tier, 1, 1, 1000), e.good(`a[${item}]`));
    story.at(2, e.done('a'));
    const line = (width: number): string => renderTree(story.view, { width, height: 9, paint: plain, now })[1] ?? '';
    expect(line(100)).toMatch(/a {2}cheap, capable {2}3\/3 .* cheap 2, capable 1$/);
    expect(line(80)).toMatch(/a {2}2 tiers {2}3\/3 .* cheap 2, capable 1$/);
  });

  test('items that wait for their next try are told of', () => {
    const { view } = storyOf(planOf('a:cheap')).at(
      0,
      e.started(),
      e.expand('a', 3),
      e.start('a[0]'),
      e.start('a[1]'),
      e.bad('a[0]', 1, busy, 9500),
    );
    const line = (): string => renderTree(view, { width: 100, height: 9, paint: plain, now })[1] ?? '';
    expect(line()).toContain('1 waits for its next try');
  });

  test('from frame to frame the columns only grow', () => {
    const widths = new Map<string, number>();
    const story = storyOf(planOf('a:cheap', 'b:cheap')).at(0, e.started(), e.start('a'));
    const column = (at: number): number =>
      renderTree(story.view, { width: 100, height: 9, paint: plain, now: START + at, widths })[1]?.search(/\d+(\.\d)?m?s$/) ?? 0;
    const before = column(950);
    expect([column(999), column(1000), column(59_900)].map((at) => at - before)).toEqual([0, 1, 0]);
  });
});
