import { describe, expect, test } from 'vitest';
import { createLineLog, type LineLog } from '../../cli/line-log.ts';
import { createPaint } from '../../cli/paint.ts';
import type { Plan } from '../../engine/contracts/plan.ts';
import { busy, e, misfit, planOf, refused, START, type Story, storyOf } from './story.ts';

function logged(plan: Plan): { story: Story; lines: string[]; log: () => LineLog } {
  const lines: string[] = [];
  let log: LineLog | undefined;
  const story = storyOf(plan, (event, view, node) => {
    log ??= createLineLog(view, createPaint(false));
    lines.push(...log.onEvent(event, node));
  });
  return { story, lines, log: () => log! };
}

describe('createLineLog', () => {
  test('a line for every change that matters, none for the rest', () => {
    const { story, lines } = logged(planOf('classify:cheap', 'scan:capable', 'deep:premium', 'report'));
    story
      .at(0, e.started(true), e.start('classify'))
      .at(1200, e.call('classify', 'cheap', 800, 42, 900_000), e.good('classify'), e.done('classify'), e.start('scan'))
      .at(1300, e.skip('deep', 'small change'))
      .at(2000, e.bad('scan', 1, busy, 4000))
      .at(4000, e.start('scan', 2))
      .at(5000, e.call('scan', 'capable', 900, 100, null), e.good('scan', misfit), e.done('scan'), e.done('report'), e.finished());
    expect(lines).toEqual([
      '    0ms  run       run_1 · 4 nodes · simulated',
      '   1.2s  classify  done  cheap · acme-cheap · 842 tokens · $0.00090 · 1.2s',
      '   1.3s  deep      skipped: small change',
      '   2.0s  scan      try 1 failed, next one in 2.0s: acme is at its rate limit (429)',
      '   5.0s  scan      done, by its on_error: the output does not fit its schema  capable · acme-capable · 1.0k tokens · price not known · 3.8s',
      '   5.0s  report    done',
    ]);
  });

  test('ten thousand items take a dozen lines', () => {
    const { story, lines } = logged(planOf('review:cheap'));
    story.at(0, e.started(), e.expand('review', 10_000));
    for (let item = 0; item < 10_000; item++) story.at(item * 5, e.start(`review[${item}]`), e.good(`review[${item}]`));
    story.at(50_000, e.done('review'));
    expect(lines).toHaveLength(12);
    expect(lines.slice(0, 4)).toEqual([
      '    0ms  run     run_1 · 1 node',
      '    0ms  review  0/10000',
      '   5.0s  review  1000/10000',
      '  10.0s  review  2000/10000',
    ]);
    expect(lines.at(-1)).toBe('  50.0s  review  done  10000/10000 · cheap · 50.0s');
  });

  test('the first failed items by name, the rest as a number', () => {
    const { story, lines } = logged(planOf('review:cheap'));
    story.at(0, e.started(), e.expand('review', 200));
    for (let item = 0; item < 200; item++) story.at(item * 100, e.start(`review[${item}]`), e.bad(`review[${item}]`, 1, refused));
    story.at(
      20_000,
      e.fail('review', { type: 'items_failed', message: '200 of 200 items failed', failed: 200, items: 200, first: refused }),
    );
    expect(lines.slice(2, 6)).toEqual([
      '    0ms  review  review[0] failed: the model declined to answer',
      '  100ms  review  review[1] failed: the model declined to answer',
      '  200ms  review  review[2] failed: the model declined to answer (further ones are only counted)',
      '   1.9s  review  20/200 · 20 failed',
    ]);
    expect(lines.at(-1)).toBe('  20.0s  review  failed: 200 of 200 items failed  0/200 · cheap · 20.0s');
  });

  test('a sign of life after a quarter of a minute of silence', () => {
    const { story, log } = logged(planOf('scan:capable', 'review:cheap', 'flaky:cheap'));
    story.at(0, e.started(), e.start('scan'), e.expand('review', 9), e.start('flaky'), e.bad('flaky', 1, busy, 60_000));
    expect(log().onTick(START + 14_000)).toBeUndefined();
    expect(log().onTick(START + 15_000)).toBe('  15.0s  run     still running: scan (15.0s), review 0/9, flaky (next try in 45s)');
    expect(log().onTick(START + 16_000)).toBeUndefined();
    expect(log().onTick(START + 30_000)).toBe('  30.0s  run     still running: scan (30.0s), review 0/9, flaky (next try in 30s)');
  });

  test('says what is still awaited when it stops', () => {
    const { story, lines } = logged(planOf('a:cheap', 'b:cheap'));
    story
      .at(0, e.started(), e.start('a'), e.start('b'))
      .at(100, e.cancel())
      .at(200, e.good('a'), e.done('a'), e.gone('b'), e.stop('b', 'the run was stopped'));
    expect(lines.slice(1)).toEqual([
      '  100ms  run  stopping: nothing new starts, 2 calls in flight will finish',
      '  200ms  a    done  cheap · 200ms',
      '  200ms  b    cancelled: the run was stopped',
    ]);
  });
});
