import { posix } from 'node:path';
import { invariant } from '../base/assert.ts';
import { type TaskKey, taskKey } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Plan, PlanNode, Stage, SubPlan } from '../contracts/plan.ts';
import type { Path } from '../contracts/source.ts';
import { limitsAround } from '../run/limits-around.ts';
import { type IndexedNode, indexPlan } from '../run/plan-index.ts';

/** Something a workflow can do, that its tests may or may not have seen. */
export interface Point {
  /** Its place, and for a case of a route its name: `pages/note`, `respond → shipping`. */
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

/** `stage`: of its node's ladder, in which the attempt of the event was made; undefined for events of no attempt. */
type Test = (event: RunEvent, node: PlanNode, stage: number | undefined) => boolean;

interface Way {
  readonly point: Point;
  readonly test: Test;
}

/**
 * Counts which ways through a workflow were taken: each node runs; each condition is true and false; each fan-out has items and,
 * outermost, has none; each `on_error` (value, skip, fallback) is needed; each case of a route is taken; each loop that can end
 * in two ways has ended in both; each `escalate` has gone up and has not. Nodes inside nodes count by their place; those of
 * sub-workflows are another file's, see `innerRuns`.
 */
export function createCoverage(plan: Plan): CoverageCount {
  const index = indexPlan(plan);
  // The parts of a node are planned once for each tier: what is the same way in all of them is one.
  const all = new Map<string, { readonly point: Point; seen: boolean }>();
  const byNode = new Map<PlanNode, { readonly way: { seen: boolean }; readonly test: Test }[]>();
  for (const indexed of countedNodes([...index.nodes.values()])) {
    const own = waysOf(indexed, plan).map(({ point, test }) => {
      const key = JSON.stringify([point.node, point.unseen, point.path]);
      const way = all.get(key) ?? { point, seen: false };
      all.set(key, way);
      return { way, test };
    });
    byNode.set(indexed.node, own);
  }
  return {
    points: [...all.values()].map(({ point }) => point),
    add(events) {
      const stages = new Map<TaskKey, number>();
      for (const event of events) {
        if (event.type === 'attempt.scheduled') stages.set(event.task, event.stage);
        const key = keyOfEvent(event);
        if (key === null) continue;
        const { node } = index.at(key);
        for (const { way, test } of byNode.get(node) ?? []) if (!way.seen && test(event, node, stages.get(key))) way.seen = true;
      }
    },
    uncovered: () => [...all.values()].filter((way) => !way.seen).map(({ point }) => point),
  };
}

/** What happened in one run of a sub-workflow, as if that had been a run of its own. */
export interface InnerRun {
  /** Its file, relative to the folder of the workflow that was run. */
  readonly file: string;
  readonly events: readonly RunEvent[];
}

/** The runs of sub-workflows in a run of `plan`, those in others among them. */
export function innerRuns(plan: Plan, events: readonly RunEvent[]): readonly InnerRun[] {
  const index = indexPlan(plan);
  const runs = new Map<string, { readonly file: string; readonly events: RunEvent[] }>();
  for (const event of events) {
    const key = keyOfEvent(event);
    if (key === null) continue;
    for (const { frame, task, limits } of limitsAround(index, key)) {
      const known = runs.get(frame) ?? { file: fileInside(index.at(task), limits), events: [] };
      runs.set(frame, known);
      const inner = taskKey(key.slice(frame.length));
      known.events.push('task' in event ? { ...event, task: inner } : ({ ...event, node: inner } as RunEvent));
    }
  }
  return [...runs.values()];
}

/** The file of the sub-workflow that a node is, which has these limits. */
function fileInside({ node, folder }: IndexedNode, limits: SubPlan['limits']): string {
  const body = node.stages.map((stage) => stage.body).find((one) => one?.type === 'workflow' && one.limits === limits);
  invariant(body?.type === 'workflow', 'what has limits of its own is a sub-workflow');
  return posix.join(folder, body.file.replaceAll('\\', '/'));
}

/** The node or task an event is about. */
function keyOfEvent(event: RunEvent): TaskKey | null {
  if (event.type === 'run.failing') return null;
  return 'task' in event ? event.task : 'node' in event ? event.node : null;
}

/** Nodes with those inside them, in the order of the file, without those of sub-workflows. */
function countedNodes(nodes: readonly IndexedNode[]): readonly IndexedNode[] {
  return nodes.flatMap((indexed) => [
    indexed,
    ...indexed.bodies.flatMap((inner) => (inner && inner.body.type !== 'workflow' ? countedNodes([...inner.nodes.values()]) : [])),
  ]);
}

function waysOf(indexed: IndexedNode, plan: Plan): readonly Way[] {
  const { node, parent } = indexed;
  const ways = [...waysOfLoop(indexed), ...waysOfEscalation(indexed)];
  // A part does what its node does, and a case is a way of the route.
  if (node.part !== undefined) return ways;
  if (parent?.node.stages[0].body?.type === 'route') return ways;
  return [...waysOfNode(indexed, plan), ...waysOfRoute(indexed), ...ways];
}

function waysOfNode({ node, place, parent }: IndexedNode, plan: Plan): readonly Way[] {
  const ways: Way[] = [];
  const way = (unseen: string, field: Path, test: Test): void => void ways.push(wayAt(node, place, unseen, field, test));

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
    // Inside of others, items mostly come from what holds them, which does nothing where there are none.
    if (!parent && canBeEmpty(node.foreach, plan))
      way('foreach never has none', ['foreach'], (event) => event.type === 'node.expanded' && event.count === 0);
  }
  if (node.stages.some(({ name }) => name === 'fallback'))
    way('the fallback of on_error is never taken', ['on_error'], (event) => stageBegun(event, node) === 'fallback');
  if (node.onError.action === 'value')
    way(
      'the value of on_error is never needed',
      ['on_error'],
      (event) => event.type === 'attempt.succeeded' && event.recovered !== undefined,
    );
  if (node.onError.action === 'skip')
    way(
      'on_error never skips it',
      ['on_error'],
      (event) => (event.type === 'attempt.failed' && event.next.type === 'skip') || (event.type === 'loop.failed' && event.skip),
    );
  return ways;
}

function waysOfRoute({ node, place }: IndexedNode): readonly Way[] {
  const { body } = node.stages[0];
  if (body?.type !== 'route') return [];
  return body.cases.map(({ name }, at) => {
    const taken: Test = (event) => (event.type === 'attempt.entered' || event.type === 'attempt.skipped') && event.route === name;
    // A case that is `skip` has no node, which would know where it stands; nothing stands at `default` when it is the last of a list.
    const field = name === 'default' ? ['route', 'default'] : ['route', 'cases', body.by === undefined ? at : name];
    const path = body.nodes.find(({ id }) => id === name)?.origin.path ?? [...node.origin.path, ...field];
    return { point: { node: `${place} → ${name}`, unseen: 'never taken', path }, test: taken };
  });
}

/** Rounds without `until` have one end only. */
function waysOfLoop({ node, place }: IndexedNode): readonly Way[] {
  const { loop } = node;
  const accepted: Test = (event) => event.type === 'loop.ended' && event.accepted;
  if (loop?.type === 'evaluate') {
    return [
      wayAt(node, place, 'evaluate never accepts', ['evaluate'], accepted),
      wayAt(node, place, 'evaluate is never exhausted', ['evaluate'], exhausts),
    ];
  }
  if (loop?.until === undefined) return [];
  return [
    wayAt(node, place, 'until never holds', ['repeat'], accepted),
    wayAt(node, place, 'repeat never comes to its last round', ['repeat'], exhausts),
  ];
}

function waysOfEscalation({ node, place }: IndexedNode): readonly Way[] {
  if (node.stages[1]?.name !== 'escalated') return [];
  const field = node.stages[0].body ? 'evaluate' : 'escalate';
  return [
    wayAt(node, place, 'never goes up a tier', [field], (event) => stageBegun(event, node) === 'escalated'),
    wayAt(node, place, 'never stays on its tier', [field], (event, _, stage) => event.type === 'attempt.succeeded' && stage === 0),
  ];
}

function wayAt(node: PlanNode, place: string, unseen: string, field: Path, test: Test): Way {
  return { point: { node: place, unseen, path: [...node.origin.path, ...field] }, test };
}

/** What stage an event is the beginning of. */
function stageBegun(event: RunEvent, node: PlanNode): Stage['name'] | undefined {
  return event.type === 'attempt.scheduled' ? node.stages[event.stage]?.name : undefined;
}

/** The loop has had its rounds, whatever followed. One that a skipped round or a stand-in has ended has not. */
const exhausts: Test = (event, node) => {
  if (event.type === 'loop.failed' || event.type === 'attempt.scheduled') return event.failure?.type === 'not_accepted';
  if (event.type !== 'loop.ended' || event.accepted || event.recovered) return false;
  return node.loop?.type === 'evaluate' || (isObject(event.memory) && event.rounds >= Number(event.memory.max));
};

/** False for all items of an input whose schema says that there is one at least. */
function canBeEmpty({ items, where }: NonNullable<PlanNode['foreach']>, plan: Plan): boolean {
  const input = typeof items === 'string' && where === undefined ? /^\s*inputs\.(\w+)\s*$/.exec(items)?.[1] : undefined;
  const least = input === undefined ? undefined : plan.inputs[input]?.schema.minItems;
  return !(typeof least === 'number' && least > 0);
}

const runs: Test = ({ type }) => type === 'attempt.started' || type === 'loop.turned' || type === 'node.expanded';
