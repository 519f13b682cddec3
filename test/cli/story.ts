import { createRunView, foldEvent, type RunView } from '../../cli/run-view.ts';
import { instant, millis, nanoUsd, nodeId, planDigest, runId, taskKey } from '../../engine/base/ids.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import type { EventBody, RunEvent, RunStatus } from '../../engine/contracts/event.ts';
import type { Failure } from '../../engine/contracts/failure.ts';
import type { Plan, PlanNode } from '../../engine/contracts/plan.ts';
import type { Tier } from '../../engine/contracts/provider.ts';

/** Nodes as `id` or `id:tier`; a node without a tier is a `set`. */
export function planOf(...nodes: readonly string[]): Plan {
  return {
    version: 1,
    digest: planDigest('digest'),
    workflow: 'code-review',
    file: 'code-review.workflow.yml',
    inputs: {},
    constants: {},
    tiers: {},
    limits: { concurrency: 16, onFailure: 'stop' },
    partials: {},
    nodes: nodes.map(nodeFrom),
    outputs: {},
  };
}

function nodeFrom(text: string): PlanNode {
  const [id = '', tier] = text.split(':');
  const kind = tier === undefined ? 'set' : 'llm';
  const retry = { maxAttempts: 3, backoff: 'exponential', initialDelay: millis(1000), maxDelay: millis(30_000), retryOn: [] } as const;
  return {
    id: nodeId(id),
    kind,
    after: [],
    height: 0,
    stages: [{ name: 'own', kind, spec: tier === undefined ? {} : { tier }, retry }],
    onError: { action: 'fail' },
    output: {},
    check: [],
    origin: { path: ['nodes', id] },
  };
}

/** Events in order, each at a time in milliseconds after the start. */
export interface Story {
  readonly view: RunView;
  readonly events: RunEvent[];
  at(ms: number, ...bodies: readonly EventBody[]): Story;
}

export const START = 1_000_000;

export function storyOf(
  plan: Plan,
  onEvent: (event: RunEvent, view: RunView, node: ReturnType<typeof foldEvent>) => void = () => {},
): Story {
  const view = createRunView(plan);
  const story: Story = {
    view,
    events: [],
    at(ms, ...bodies) {
      for (const body of bodies) {
        const event: RunEvent = { run: runId('run_1'), seq: story.events.length + 1, at: instant(START + ms), ...body };
        story.events.push(event);
        onEvent(event, view, foldEvent(view, event));
      }
      return story;
    },
  };
  return story;
}

const none = { cacheRead: 0, cacheWrite: 0 };

export const e = {
  started: (simulated: boolean = false): EventBody => ({
    type: 'run.started',
    workflow: 'code-review',
    plan: planDigest('digest'),
    inputs: {},
    simulated,
    by: 'ada',
  }),
  finished: (status: RunStatus = 'succeeded'): EventBody => ({ type: 'run.finished', status, outputs: null }),
  cancel: (): EventBody => ({ type: 'run.cancel_requested', by: 'SIGINT' }),
  failing: (node: string, failure: Failure): EventBody => ({ type: 'run.failing', node: nodeId(node), failure }),
  expand: (node: string, count: number): EventBody => ({
    type: 'node.expanded',
    node: taskKey(node),
    items: { json: [] },
    count,
    window: 8,
    maxFailures: null,
  }),
  skip: (node: string, detail: string): EventBody => ({
    type: 'node.skipped',
    node: taskKey(node),
    reason: 'condition',
    detail,
    output: null,
    guarded: false,
  }),
  done: (node: string): EventBody => ({ type: 'node.succeeded', node: taskKey(node) }),
  fail: (node: string, failure: Failure): EventBody => ({ type: 'node.failed', node: taskKey(node), failure }),
  stop: (node: string, detail: string): EventBody => ({ type: 'node.cancelled', node: taskKey(node), detail }),
  start: (task: string, attempt: number = 1): EventBody => ({ type: 'attempt.started', task: taskKey(task), attempt }),
  call: (task: string, tier: Tier, input: number, output: number, cost: number | null): EventBody => ({
    type: 'model.called',
    task: taskKey(task),
    attempt: 1,
    request: 'digest',
    reply: null,
    call: {
      provider: 'acme',
      model: `acme-${tier}`,
      tier,
      call: 'ask',
      status: 'succeeded',
      usage: { input, output, ...none },
      cost: cost === null ? null : nanoUsd(cost),
      baseline: null,
      latency: millis(1),
      simulated: false,
    },
  }),
  /** A turn of a conversation: the model wants tools called. */
  wants: (task: string, ...calls: readonly (readonly [tool: string, args: JsonObject])[]): EventBody => {
    const turn = e.call(task, 'capable', 100, 10, 1000) as Extract<EventBody, { type: 'model.called' }>;
    const toolCalls = calls.map(([tool, args], at) => ({ id: `call_${at}`, tool, args }));
    return {
      ...turn,
      reply: { text: '', toolCalls, stop: 'tool_calls', usage: turn.call.usage, model: 'acme-capable' },
    };
  },
  tool: (
    task: string,
    tool: string,
    args: JsonObject,
    status: 'begun' | 'succeeded' | 'failed' = 'succeeded',
    took: number = 5,
  ): EventBody => ({
    type: 'tool.called',
    task: taskKey(task),
    attempt: 1,
    call: { tool, args, request: 'digest', status, result: status === 'failed' ? 'it is closed' : null, latency: millis(took) },
  }),
  good: (task: string, recovered?: Failure): EventBody => ({
    type: 'attempt.succeeded',
    task: taskKey(task),
    attempt: 1,
    output: { json: null },
    duration: millis(1),
    ...(recovered && { recovered }),
  }),
  bad: (task: string, attempt: number, failure: Failure, retryAt?: number): EventBody => ({
    type: 'attempt.failed',
    task: taskKey(task),
    attempt,
    failure,
    duration: millis(1),
    next: retryAt === undefined ? { type: 'give_up' } : { type: 'retry', at: instant(START + retryAt), stage: 0 },
  }),
  gone: (task: string): EventBody => ({ type: 'attempt.cancelled', task: taskKey(task), attempt: 1 }),
} as const;

export const busy: Failure = { type: 'rate_limited', message: 'acme is at its rate limit (429)' };
export const refused: Failure = { type: 'refused', message: 'the model declined to answer' };
export const misfit: Failure = {
  type: 'output_invalid',
  message: 'the output does not fit its schema',
  problems: ['"severity" must be one of "low", "high"; got "medium"'],
};

/** A run in the middle: one of everything a tree can show. */
export function midway(): Story {
  const story = storyOf(
    planOf(
      'classify:cheap',
      'scan:capable',
      'review:cheap',
      'architect_review:premium',
      'flaky:capable',
      'broken:capable',
      'report',
      'tail:cheap',
    ),
  );
  story.at(0, e.started(true), e.start('classify'));
  story.at(
    1200,
    e.call('classify', 'cheap', 800, 42, 900_000),
    e.good('classify'),
    e.done('classify'),
    e.start('scan'),
    e.expand('review', 120),
  );
  story.at(1300, e.skip('architect_review', 'small change outside the core modules, and the classifier finds it harmless'));
  for (let item = 0; item < 45; item++) {
    story.at(1300 + item * 100, e.start(`review[${item}]`));
    if (item < 37) {
      story.at(1400 + item * 100, e.call(`review[${item}]`, 'cheap', 300, 50, item === 3 ? null : 400_000));
      story.at(1400 + item * 100, item % 20 === 5 ? e.bad(`review[${item}]`, 1, refused) : e.good(`review[${item}]`));
    }
  }
  story.at(5900, e.start('flaky'), e.start('broken'));
  story.at(6000, e.call('broken', 'capable', 2100, 90, 7_650_000), e.bad('broken', 1, misfit), e.fail('broken', misfit));
  story.at(6100, e.bad('flaky', 1, busy, 12_400));
  return story;
}
