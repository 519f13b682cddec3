import { describe, expect, test } from 'vitest';
import { busy, e, midway, misfit, planOf, START, storyOf } from './story.ts';

describe('foldEvent', () => {
  test('before the first event every node waits, on the tier it asks for', () => {
    const { view } = storyOf(planOf('a:cheap', 'b'));
    expect(view.nodes.map(({ id, state, tier, kind }) => ({ id, state, tier, kind }))).toEqual([
      { id: 'a', state: 'waiting', tier: 'cheap', kind: 'llm' },
      { id: 'b', state: 'waiting', tier: undefined, kind: 'set' },
    ]);
  });

  test('a node that is tried again keeps what it spent, and says when', () => {
    const { view } = storyOf(planOf('a:cheap'))
      .at(0, e.started(), e.start('a'))
      .at(10, e.call('a', 'capable', 100, 10, 5000), e.bad('a', 1, busy, 2000));
    const a = view.byPlace.get('a')!;
    expect(a).toMatchObject({
      state: 'retrying',
      retries: 1,
      tier: 'capable',
      model: 'acme-capable',
    });
    expect([...a.backoff]).toEqual([['a', { attempt: 2, at: START + 2000, failure: busy }]]);
    expect(a.failedTries).toEqual([{ task: 'a', attempt: 1, tier: 'capable', failure: busy }]);
    expect(view.inFlight).toBe(0);
    expect(view.total).toEqual({ cost: 5000, unpriced: 0, calls: 1, repairs: 0, inputTokens: 100, outputTokens: 10 });
  });

  test('a second try clears the wait', () => {
    const { view } = storyOf(planOf('a:cheap')).at(
      0,
      e.started(),
      e.start('a'),
      e.bad('a', 1, busy, 5),
      e.start('a', 2),
      e.good('a'),
      e.done('a'),
    );
    expect(view.byPlace.get('a')).toMatchObject({ state: 'succeeded', backoff: new Map(), retries: 1 });
  });

  test('items are counted, not kept', () => {
    const { view } = midway();
    expect(view.byPlace.get('review')).toMatchObject({ state: 'running', items: { count: 120, settled: 37, failed: 2 } });
    expect(view.byPlace.get('review')!.running.size).toBe(8);
    expect(view.inFlight).toBe(9);
  });

  test('a call without a price is counted apart', () => {
    expect(midway().view.byPlace.get('review')!.spent).toMatchObject({ unpriced: 1, calls: 37, cost: 36 * 400_000 });
  });

  test('an item that waits for its next try may be cancelled without having run', () => {
    const { view } = storyOf(planOf('a:cheap'))
      .at(0, e.started(), e.expand('a', 2), e.start('a[0]'), e.start('a[1]'), e.bad('a[0]', 1, busy, 900))
      .at(5, e.cancel(), e.gone('a[0]'), e.gone('a[1]'));
    expect(view.inFlight).toBe(0);
    expect(view.phase).toBe('stopping');
    expect(view.byPlace.get('a')!.items).toEqual({ count: 2, settled: 0, failed: 0 });
  });

  test('a value of on_error leaves the node succeeded, and its error told', () => {
    const { view } = storyOf(planOf('a:cheap')).at(0, e.started(), e.start('a'), e.good('a', misfit), e.done('a'));
    expect(view.byPlace.get('a')).toMatchObject({ state: 'succeeded', recovered: true, failure: misfit });
  });

  test('a fan-out keeps the first of its failed items', () => {
    const story = storyOf(planOf('a:cheap')).at(0, e.started(), e.expand('a', 100));
    for (let item = 0; item < 100; item++) story.at(1, e.start(`a[${item}]`), e.bad(`a[${item}]`, 1, busy));
    expect(story.view.byPlace.get('a')!.failedTries.map((entry) => entry.task)).toEqual(['a[0]', 'a[1]', 'a[2]', 'a[3]', 'a[4]']);
  });
});
