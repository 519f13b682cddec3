import { millis, nodeId, planDigest } from '../../engine/base/ids.ts';
import type { EdgeReason, Plan, PlanBody, PlanNode } from '../../engine/contracts/plan.ts';
import type { Retry } from '../../engine/contracts/workflow.ts';

export interface NodeSketch {
  readonly id: string;
  /** `a` for a required source, `a?` for an optional one. */
  readonly after?: readonly string[];
  readonly anyOf?: readonly string[];
  readonly skips?: boolean;
  readonly ifSkipped?: boolean;
  readonly items?: boolean;
  readonly onError?: PlanNode['onError'];
  readonly retry?: Partial<Retry>;
  readonly fallback?: boolean;
  /** It holds nodes: those of a group, or the cases of a route. */
  readonly body?: 'group' | 'route';
  readonly nodes?: readonly NodeSketch[];
  /** It has rounds. */
  readonly loop?: boolean;
  /** False: doing it twice may do harm. */
  readonly idempotent?: boolean;
}

/** A plan made by hand, for tests of what runs it: nodes in the order given, which must be topological. */
export function planOf(sketches: readonly NodeSketch[], limits: Partial<Plan['limits']> = {}): Plan {
  return {
    version: 1,
    digest: planDigest('test'),
    workflow: 'test',
    file: 'test.workflow.yml',
    inputs: {},
    constants: {},
    tiers: {},
    limits: { concurrency: 16, onFailure: 'stop', ...limits },
    partials: {},
    nodes: nodesOf(sketches),
    outputs: {},
  };
}

function nodesOf(sketches: readonly NodeSketch[]): readonly PlanNode[] {
  const heights = new Map<string, number>();
  for (const sketch of [...sketches].reverse()) {
    const own = heights.get(sketch.id) ?? 1;
    heights.set(sketch.id, own);
    for (const source of sketch.after ?? []) {
      const from = source.replace('?', '');
      heights.set(from, Math.max(heights.get(from) ?? 1, own + 1));
    }
  }
  return sketches.map((sketch) => nodeOf(sketch, heights.get(sketch.id) ?? 1));
}

function bodyOf({ body, nodes = [] }: NodeSketch): PlanBody | undefined {
  if (body === 'group') return { type: 'group', nodes: nodesOf(nodes) };
  return body && { type: 'route', by: '""', cases: nodes.map(({ id }) => ({ name: id })), nodes: nodesOf(nodes) };
}

const BECAUSE: readonly EdgeReason[] = [{ because: 'needs', path: [] }];

function nodeOf(sketch: NodeSketch, height: number): PlanNode {
  const retry: Retry = {
    maxAttempts: 1,
    backoff: 'exponential',
    initialDelay: millis(1000),
    maxDelay: millis(30_000),
    retryOn: ['rate_limited', 'unavailable', 'timed_out', 'output_invalid', 'check_failed'],
    ...sketch.retry,
  };
  const body = bodyOf(sketch);
  return {
    id: nodeId(sketch.id),
    kind: 'set',
    after: (sketch.after ?? []).map((source) => ({
      from: nodeId(source.replace('?', '')),
      optional: source.endsWith('?'),
      reasons: BECAUSE,
    })),
    ...(sketch.anyOf && { anyOf: sketch.anyOf.map(nodeId) }),
    height,
    ...(sketch.skips !== undefined && { skipIf: { when: String(sketch.skips), negate: false } }),
    ...(sketch.ifSkipped && { ifSkipped: { value: '"stand-in"' } }),
    ...(sketch.items && { foreach: { items: '[]', as: 'item' } }),
    ...(sketch.loop && { loop: { type: 'repeat' as const, max: 3, carry: {}, onExhausted: 'accept' as const } }),
    stages: [
      {
        name: 'own',
        kind: 'set',
        spec: { value: '1' },
        ...(body && { body }),
        ...(sketch.idempotent === false && { idempotent: false as const }),
        retry,
      },
      ...(sketch.fallback ? [{ name: 'fallback' as const, kind: 'set', spec: { value: '2' }, retry: { ...retry, maxAttempts: 1 } }] : []),
    ],
    onError: sketch.onError ?? { action: 'fail' },
    output: {},
    check: [],
    origin: { path: ['nodes', sketch.id] },
  };
}
