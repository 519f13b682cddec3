import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createPaint } from '../../cli/paint.ts';
import { failureOf, renderBill } from '../../cli/run-report.ts';
import type { RunView } from '../../cli/run-view.ts';
import type { EventBody } from '../../engine/contracts/event.ts';
import type { NodeResult, RunResult } from '../../engine/contracts/result.ts';
import { renderDiagnostics } from '../../engine/diagnostics/render.ts';
import { parseDocument } from '../../engine/source/document.ts';
import { busy, e, misfit, planOf, refused, storyOf } from './story.ts';

const paint = createPaint(false);
const golden = (name: string): string => join(import.meta.dirname, `../fixtures/cli/${name}.report.txt`);

function node(id: string, status: NodeResult['status'], more: Partial<NodeResult> = {}): NodeResult {
  return {
    id,
    kind: 'llm',
    status,
    attempts: 1,
    cost: 0,
    unpricedCalls: 0,
    tokens: { input: 900, output: 100, cacheRead: 0, cacheWrite: 0 },
    durationMs: 10,
    ...more,
  };
}

const nothing = { fromRun: 0, fromCache: 0, saved: 0 };

function result(more: Partial<RunResult>): RunResult {
  return {
    schemaVersion: 1,
    run: 'run_1',
    workflow: 'code-review',
    status: 'succeeded',
    outputs: {},
    nodes: [node('classify', 'succeeded'), node('architect_review', 'skipped'), node('report', 'succeeded')],
    cost: { currency: 'USD', total: 0.0163, baseline: 0.124, savings: 0.1077, savingsPercent: 86.85, unpricedCalls: 0, reused: nothing },
    simulated: false,
    durationMs: 4200,
    ...more,
  };
}

const played = () =>
  storyOf(planOf('classify:cheap')).at(
    0,
    e.started(),
    e.start('classify'),
    e.bad('classify', 1, busy, 9),
    e.start('classify', 2),
    e.call('classify', 'cheap', 900, 100, 5),
    e.good('classify'),
  ).view;

describe('renderBill', () => {
  test.each<[string, Partial<RunResult>]>([
    ['succeeded', {}],
    ['simulated', { simulated: true }],
    [
      'unpriced',
      { cost: { currency: 'USD', total: 0, baseline: null, savings: null, savingsPercent: null, unpricedCalls: 3, reused: nothing } },
    ],
    [
      'dearer',
      { cost: { currency: 'USD', total: 0.2, baseline: 0.1, savings: -0.1, savingsPercent: -100, unpricedCalls: 0, reused: nothing } },
    ],
    ['stopped', { status: 'cancelled', nodes: [node('classify', 'succeeded'), node('report', 'cancelled')] }],
    [
      'reused',
      {
        cost: {
          currency: 'USD',
          total: 0.0163,
          baseline: 0.124,
          savings: 0.1077,
          savingsPercent: 86.85,
          unpricedCalls: 0,
          reused: { fromRun: 12, fromCache: 1, saved: 0.034 },
        },
      },
    ],
    ['recovered', { nodes: [node('classify', 'succeeded', { recovered: true })] }],
  ])('%s', async (name, more) => {
    await expect(`${renderBill(result(more), played(), paint).join('\n')}\n`).toMatchFileSnapshot(golden(`bill-${name}`));
  });

  test('a tier that several models answered for says which of them did, and what is compared', () => {
    const other = (event: EventBody): EventBody =>
      event.type === 'model.called' ? { ...event, call: { ...event.call, model: 'acme-second', cost: null } } : event;
    const { view } = storyOf(planOf('a:cheap'))
      .at(0, e.started(), e.expand('a', 3), e.start('a[0]'), e.start('a[1]'), e.start('a[2]'))
      .at(1, e.call('a[0]', 'cheap', 1, 1, 5), e.good('a[0]'), e.call('a[1]', 'cheap', 1, 1, 5), e.good('a[1]'))
      .at(2, other(e.call('a[2]', 'cheap', 1, 1, 5)), e.good('a[2]'), e.done('a'));
    const cost = {
      currency: 'USD',
      total: 0.1,
      baseline: 0.2,
      savings: 0.1,
      savingsPercent: 50,
      unpricedCalls: 1,
      reused: nothing,
    } as const;
    const lines = renderBill(result({ cost }), view, paint);
    expect(lines).toContain('  answered by  cheap: acme-cheap 2, acme-second 1');
    expect(lines).toContain('  all premium  $0.2000  the same tokens on the premium tier, of calls with a known price');
  });

  test('a run without a model call has nothing to compare', async () => {
    const { view } = storyOf(planOf('a')).at(0, e.started(), e.done('a'));
    const cost = { currency: 'USD', total: 0, baseline: 0, savings: 0, savingsPercent: 0, unpricedCalls: 0, reused: nothing } as const;
    expect(renderBill(result({ nodes: [node('a', 'succeeded')], cost }), view, paint)).toEqual([
      '✓ succeeded in 4.2s',
      '  no model was called',
    ]);
  });
});

const text = 'dagrun: 1\nname: review\nnodes:\n  scan:\n    tier: capable\n  review:\n    tier: cheap\noutputs: {}\n';

function failure(failed: RunResult, view: RunView): string {
  const document = parseDocument({ name: 'review.workflow.yml', text }, () => {})!;
  return renderDiagnostics([failureOf(failed, view, document, () => document)!], { format: 'pretty', colour: false });
}

describe('failureOf', () => {
  test('the tries of a node that gave up', async () => {
    const view = storyOf(planOf('scan:capable', 'report:cheap'))
      .at(
        0,
        e.started(),
        e.start('scan'),
        e.bad('scan', 1, misfit, 9),
        e.start('scan', 2),
        e.bad('scan', 2, busy, 20),
        e.start('scan', 3),
        e.bad('scan', 3, misfit),
      )
      .at(30, e.fail('scan', misfit)).view;
    const error = {
      type: 'output_invalid',
      code: 'DAG806',
      node: 'scan',
      message: misfit.message,
      problems: ['"severity" must be one of "low", "high"; got "medium"'],
    } as const;
    const failed = result({ status: 'failed', error, nodes: [node('scan', 'failed', { error }), node('report', 'cancelled')] });
    await expect(failure(failed, view)).toMatchFileSnapshot(golden('failure-tries'));
  });

  test('items', async () => {
    const story = storyOf(planOf('review:cheap')).at(0, e.started(), e.expand('review', 20));
    for (let item = 0; item < 20; item++) story.at(1, e.start(`review[${item}]`), e.bad(`review[${item}]`, 1, refused));
    const error = {
      type: 'items_failed',
      code: 'DAG812',
      node: 'review',
      message: '20 of 20 items failed, first "review[0]": the model declined to answer',
    } as const;
    await expect(failure(result({ status: 'failed', error }), story.view)).toMatchFileSnapshot(golden('failure-items'));
  });

  test('the run as a whole', async () => {
    const error = {
      type: 'budget_exceeded',
      code: 'DAG810',
      message: 'the run would cost more than its limit of $0.50: $0.48 are spent',
    } as const;
    await expect(failure(result({ status: 'failed', error }), played())).toMatchFileSnapshot(golden('failure-budget'));
  });
});

test('a run that went well has no failure', () => {
  const document = parseDocument({ name: 'review.workflow.yml', text }, () => {})!;
  expect(failureOf(result({}), played(), document, () => document)).toBeUndefined();
});
