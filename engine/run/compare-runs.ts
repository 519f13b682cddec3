import { nanoUsd, type RunId, type TaskKey } from '../base/ids.ts';
import { toDollars } from '../base/units.ts';
import type { Reuse, RunEvent } from '../contracts/event.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Store } from '../contracts/store.ts';
import { placesDoneAgain } from './done-again.ts';
import { openPastRun } from './past-run.ts';
import { type Place, placesByName, placeTree } from './places.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';
import { type Difference, type Sides, whyAgain } from './why-again.ts';

/** Why each node of a run was done, or was not. */
export interface RunComparison {
  readonly run: RunId;
  /** What it is compared with: the run it went on from. */
  readonly before: RunId;
  /** The outermost in plan order, then those that are gone. */
  readonly nodes: readonly NodeComparison[];
}

export interface NodeComparison {
  /** Its place: `scan`, `scan/draft`. */
  readonly node: string;
  /**
   * `reused`: nothing of it was done again. `again`: at least one task was, and `because` says why the first of them.
   * `new`, `gone`: the other run does not have it. `not_run`: skipped, or the run ended before.
   */
  readonly verdict: 'reused' | 'again' | 'new' | 'gone' | 'not_run';
  /** Its tasks, or those of what is inside of it: more than one for items, rounds and parts. */
  readonly tasks: { readonly fromRun: number; readonly fromCache: number; readonly again: number };
  /** What the reused ones had cost, in dollars. */
  readonly saved: number;
  /** The first task that was done again. */
  readonly task?: TaskKey;
  readonly because?: Difference;
  /** Of a node that holds others, those, in plan order, then those that are gone. */
  readonly inside?: readonly NodeComparison[];
}

/** Compares a run with the one it went on from; undefined when one of them is not there, or when it began anew. */
export async function compareRuns(store: Store, run: RunId, kinds: readonly NodeKind[]): Promise<RunComparison | undefined> {
  const found = await openSides(store, run, kinds);
  if (!found) return undefined;
  const { sides, done } = found;
  const old = placesByName(sides.before.index);
  const nodes = placeTree(sides.after.index).map((place) => comparePlace(sides, done, old, place));
  const isPart = sides.after.started.reuses?.only !== undefined;
  return { run, before: sides.before.run, nodes: [...nodes, ...(isPart ? [] : gone(placeTree(sides.before.index), nodes))] };
}

/** Why one task was done again; undefined for one that was taken over or not begun, and for one that holds others. */
export async function compareTask(
  store: Store,
  run: RunId,
  kinds: readonly NodeKind[],
  task: TaskKey,
): Promise<{ readonly before: RunId; readonly because: Difference } | undefined> {
  const found = await openSides(store, run, kinds);
  const isAgain = found && [...found.done.values()].some((tasks) => tasks.get(task) === null);
  return isAgain ? { before: found.sides.before.run, because: whyAgain(found.sides, task) } : undefined;
}

async function openSides(
  store: Store,
  run: RunId,
  kinds: readonly NodeKind[],
): Promise<{ readonly sides: Sides; readonly done: Done } | undefined> {
  const done: Done = new Map();
  const holding = new Set<TaskKey>();
  const after = await openPastRun(store, run, (event, index) => count(done, holding, index, event));
  const reuses = after?.started.reuses;
  const before = reuses && (await openPastRun(store, reuses.run));
  if (!after || !reuses || !before) return undefined;
  const named = new Set<string>([...reuses.refresh, ...(reuses.only ? [reuses.only] : [])]);
  const again = placesDoneAgain(after.index, reuses);
  return { done, sides: { store, before, after, named, again, kinds: new Map(kinds.map((kind) => [kind.kind, kind])) } };
}

/** By node: its tasks that hold no others, in the order in which they were begun, and where their outputs were taken over from. */
type Done = Map<IndexedNode, Map<TaskKey, Reuse | null>>;

/** `holding`: what is at work and holds others. It is entered in every run; what is inside of it counts. */
function count(done: Done, holding: Set<TaskKey>, index: PlanIndex, event: RunEvent): void {
  if (event.type === 'attempt.scheduled') {
    if (index.at(event.task).bodies[event.stage]) holding.add(event.task);
    else holding.delete(event.task);
  } else if ((event.type === 'attempt.started' || event.type === 'attempt.succeeded') && !holding.has(event.task)) {
    const indexed = index.at(event.task);
    const tasks = done.get(indexed) ?? new Map<TaskKey, Reuse | null>();
    done.set(indexed, tasks);
    if (event.type === 'attempt.succeeded') tasks.set(event.task, event.reused ?? null);
    else if (!tasks.has(event.task)) tasks.set(event.task, null);
  }
}

function comparePlace(sides: Sides, done: Done, old: ReadonlyMap<string, Place>, place: Place): NodeComparison {
  const inside = place.inside.map((inner) => comparePlace(sides, done, old, inner));
  const all = tasksOf(done, place);
  const reused = all.flatMap(([, from]) => (from ? [from] : []));
  const fromRun = reused.filter(({ from }) => from === 'run').length;
  const before = old.get(place.place);
  const figures = {
    node: place.place,
    tasks: { fromRun, fromCache: reused.length - fromRun, again: all.length - reused.length },
    saved: toDollars(nanoUsd(reused.reduce((sum, { saved }) => sum + (saved ?? 0), 0))),
    ...(place.inside.length > 0 && { inside: [...inside, ...(before ? gone(before.inside, inside) : [])] }),
  };
  if (reused.length === all.length) return { ...figures, verdict: all.length > 0 ? 'reused' : 'not_run' };
  if (!before) return { ...figures, verdict: 'new' };
  const task = all.find(([, from]) => from === null)?.[0];
  return { ...figures, verdict: 'again', ...(task !== undefined && { task, because: whyAgain(sides, task) }) };
}

/** The tasks of a node, of its parts, and of what is inside of it. */
function tasksOf(done: Done, { nodes, parts, inside }: Place): readonly (readonly [TaskKey, Reuse | null])[] {
  const own = [...nodes, ...parts].flatMap((node) => [...(done.get(node) ?? [])]);
  return [...own, ...inside.flatMap((place) => tasksOf(done, place))];
}

/** Places that are not among these any more. */
function gone(before: readonly Place[], now: readonly NodeComparison[]): readonly NodeComparison[] {
  return before
    .filter(({ place }) => !now.some(({ node }) => node === place))
    .map(({ place }) => ({ node: place, verdict: 'gone', tasks: { fromRun: 0, fromCache: 0, again: 0 }, saved: 0 }));
}
