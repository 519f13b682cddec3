import { expect, test } from 'vitest';
import { createLineLog } from '../../cli/line-log.ts';
import { standsIn } from '../../cli/loop-view.ts';
import { createPaint } from '../../cli/paint.ts';
import type { TaskKey } from '../../engine/base/ids.ts';
import type { EventBody } from '../../engine/contracts/event.ts';
import { e, planOf, storyOf } from './story.ts';

const turned = (round: number): EventBody => ({
  type: 'loop.turned',
  task: 'refine' as TaskKey,
  round,
  memory: { max: 2, scores: [], best: null, since: 0 },
});

test('what stands in for a loop after its last round is no round', () => {
  expect([1, 2, 3].map((round) => standsIn({ round, memory: { max: 2 } }))).toEqual([false, false, true]);
  expect(standsIn({ round: 3, memory: null })).toBe(false);
});

test('and is not counted as one', () => {
  const paint = createPaint(false);
  const lines: string[] = [];
  let rounds: number | undefined;
  const story = storyOf(planOf('refine:cheap'), (event, view, node) => {
    lines.push(...createLineLog(view, paint).onEvent(event, node));
    rounds = node?.loop?.rounds ?? rounds;
  });
  story.at(0, e.started(), turned(1)).at(10, turned(2)).at(20, turned(3));
  expect(lines.slice(1)).toEqual(['   10ms  refine  round 2']);
  expect(rounds).toBe(2);
});
