import type { RunEvent } from '../contracts/event.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { Path } from '../contracts/source.ts';
import { itemOf } from '../run/plan-index.ts';

/** Something a workflow can do, that its tests may or may not have seen. */
export interface Point {
  readonly node: string;
  /** In a few words, after the node's name: `skip_if is never true`. */
  readonly unseen: string;
  /** The field of the workflow file it is about. */
  readonly path: Path;
}

/** What the runs of one workflow have seen of it. */
export interface CoverageCount {
  add(events: readonly RunEvent[]): void;
  readonly points: readonly Point[];
  uncovered(): readonly Point[];
}

type Test = (event: RunEvent, node: PlanNode) => boolean;

/**
 * Counts which ways through a workflow were taken: each node runs; each condition is true and false; each fan-out has items and
 * has none; each `on_error` (value, skip, fallback) is needed.
 */
export function createCoverage(plan: Plan): CoverageCount {
  const all = plan.nodes.flatMap((node) => waysOf(node, plan).map((way) => ({ node, ...way, seen: false })));
  const byNode = new Map(plan.nodes.map((node) => [String(node.id), all.filter((way) => way.node === node)]));
  return {
    points: all.map(({ point }) => point),
    add(events) {
      for (const event of events) {
        const key = 'task' in event ? (itemOf(event.task)?.node ?? event.task) : 'node' in event ? event.node : null;
        for (const way of byNode.get(String(key)) ?? []) if (!way.seen && way.test(event, way.node)) way.seen = true;
      }
    },
    uncovered: () => all.filter((way) => !way.seen).map(({ point }) => point),
  };
}

function waysOf(node: PlanNode, plan: Plan): readonly { readonly point: Point; readonly test: Test }[] {
  const { id, origin } = node;
  const ways: { point: Point; test: Test }[] = [];
  const way = (unseen: string, field: Path, test: Test): void =>
    void ways.push({ point: { node: id, unseen, path: [...origin.path, ...field] }, test });

  way('never runs', [], runs);
  if (node.skipIf) {
    const field = node.skipIf.negate ? 'run_if' : 'skip_if';
    const skips: Test = (event) => event.type === 'node.skipped' && event.reason === 'condition';
    // Where a condition is met the node runs: `never runs` is then no other point.
    way(`${field} is never ${String(!node.skipIf.negate)}`, [field], skips);
    way(`${field} is never ${String(node.skipIf.negate)}`, [field], runs);
  }
  if (node.foreach) {
    way('foreach never has items', ['foreach'], (event) => event.type === 'node.expanded' && event.count > 0);
    if (canBeEmpty(node.foreach, plan))
      way('foreach never has none', ['foreach'], (event) => event.type === 'node.expanded' && event.count === 0);
  }
  const own = node.stages.length;
  if (own > 1)
    way(
      'the fallback of on_error is never taken',
      ['on_error'],
      (event) => event.type === 'attempt.scheduled' && event.stage > 0 && event.stage < own,
    );
  if (node.onError.action === 'value')
    way(
      'the value of on_error is never needed',
      ['on_error'],
      (event) => event.type === 'attempt.succeeded' && event.recovered !== undefined,
    );
  if (node.onError.action === 'skip')
    way('on_error never skips it', ['on_error'], (event) => event.type === 'attempt.failed' && event.next.type === 'skip');
  return ways;
}

/** False for all items of an input whose schema says that there is one at least. */
function canBeEmpty({ items, where }: NonNullable<PlanNode['foreach']>, plan: Plan): boolean {
  const input = typeof items === 'string' && where === undefined ? /^\s*inputs\.(\w+)\s*$/.exec(items)?.[1] : undefined;
  const least = input === undefined ? undefined : plan.inputs[input]?.schema.minItems;
  return !(typeof least === 'number' && least > 0);
}

const runs: Test = ({ type }) => type === 'attempt.started' || type === 'loop.turned' || type === 'node.expanded';
