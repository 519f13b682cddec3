import type { TaskKey } from '../../engine/base/ids.ts';
import { taskKey } from '../../engine/base/ids.ts';
import type { RunState, RunView, TaskState } from '../../engine/contracts/store.ts';
import { frameOf, itemOf, keyIn } from '../../engine/run/address.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import type { RunMemory } from '../../engine/store/run-memory.ts';
import { type Behaviour, caseOf, failuresOf, tasksOf, type World } from './kernel-world.ts';

/** What a node comes to. */
type End = 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'skipped with a stand-in';
/** What a task comes to. `given_up`: skipped because it failed. */
type TaskEnd = 'succeeded' | 'fallback' | 'value' | 'failed' | 'skipped' | 'given_up';

/**
 * What every node comes to, worked out from outside in and in plan order from nothing but the rules of the language: slow, and
 * obviously right. Of nodes inside others, those inside tries that succeeded.
 */
export function oracle({ roots }: World): ReadonlyMap<string, End> {
  return endsIn(roots, '', new Map()).all;
}

interface Ends {
  /** By id, of the frame and those around it. */
  readonly here: ReadonlyMap<string, End>;
  /** By key, with all that is inside. */
  readonly all: ReadonlyMap<string, End>;
}

function endsIn(nodes: readonly Behaviour[], frame: string, around: ReadonlyMap<string, End>): Ends {
  const here = new Map(around);
  const all = new Map<string, End>();
  for (const node of nodes) {
    const key = `${frame}${node.id}`;
    const inside = new Map<string, End>();
    const end = endOf(node, key, here, inside);
    // Of a node that came to nothing, how far it came is a matter of who answered first.
    if (end === 'succeeded') for (const [inner, its] of inside) all.set(inner, its);
    here.set(node.id, end);
    all.set(key, end);
  }
  return { here, all };
}

function endOf(node: Behaviour, key: string, known: ReadonlyMap<string, End>, all: Map<string, End>): End {
  const of = (id: string): string => known.get(id.replace('?', ''))!;
  const isSkip = (id: string): boolean => of(id).startsWith('skipped');
  const asSkipped = node.ifSkipped ? 'skipped with a stand-in' : 'skipped';
  const after = node.after ?? [];
  if (after.some((id) => of(id) === 'failed' || of(id) === 'cancelled')) return 'cancelled';
  if (after.some((id) => !id.endsWith('?') && of(id) === 'skipped')) return asSkipped;
  if (node.anyOf?.every(isSkip)) return asSkipped;
  if (node.skips) return asSkipped;
  if (!node.items) {
    const end = unitEnd(node, key, known, all);
    return end === 'failed' ? 'failed' : end === 'skipped' || end === 'given_up' ? asSkipped : 'succeeded';
  }
  const ends = Array.from({ length: node.count }, (_, at) => unitEnd(node, `${key}[${at}]`, known, all));
  return ends.filter((end) => end === 'failed').length > (node.maxFailures ?? 0) ? 'failed' : 'succeeded';
}

/** A node, or an item of it. */
function unitEnd(node: Behaviour, unit: string, known: ReadonlyMap<string, End>, all: Map<string, End>): TaskEnd {
  if (!node.loop) return taskEnd(node, unit, known, all);
  let end: TaskEnd = 'failed';
  for (let round = 1; round <= node.rounds; round += 1) {
    end = taskEnd(node, `${unit}#${round}`, known, all);
    if (end === 'failed' || end === 'given_up') return end;
    if (end === 'skipped') return round === 1 ? 'skipped' : 'succeeded';
    if (end === 'value') return 'succeeded';
  }
  if (!node.exhausts) return 'succeeded';
  return node.fallback && end !== 'fallback' && failuresOf(node, `${unit}#${node.rounds + 1}`) === 0 ? 'fallback' : instead(node);
}

function instead(node: Behaviour): TaskEnd {
  return node.onError?.action === 'value' ? 'value' : node.onError?.action === 'skip' ? 'given_up' : 'failed';
}

function taskEnd(node: Behaviour, task: string, known: ReadonlyMap<string, End>, all: Map<string, End>): TaskEnd {
  const tries = node.retry?.maxAttempts ?? 1;
  const failures = failuresOf(node, task);
  if (node.body === undefined) return failures < tries ? 'succeeded' : node.fallback && failures === tries ? 'fallback' : instead(node);
  const route = node.body === 'route' ? caseOf(node, task) : undefined;
  if (node.body === 'route' && route === undefined) return 'skipped';
  const inner = endsIn(route === undefined ? node.nodes : node.nodes.filter(({ id }) => id === route), `${task}/`, known);
  const ends = [...inner.all].filter(([key]) => !key.slice(task.length + 1).includes('/')).map(([, end]) => end);
  if (!ends.includes('failed')) {
    for (const [key, end] of inner.all) all.set(key, end);
    if (route === undefined || ends[0] === 'succeeded') return 'succeeded';
    const taken = node.nodes.find(({ id }) => id === route)!;
    return unitEnd(taken, `${task}/${route}`, known, new Map()) === 'given_up' && !isSkippedBefore(taken, known) ? 'given_up' : 'skipped';
  }
  return node.fallback && failures <= tries ? 'fallback' : instead(node);
}

function isSkippedBefore(node: Behaviour, known: ReadonlyMap<string, End>): boolean {
  return (node.after ?? []).some((id) => !id.endsWith('?') && known.get(id) === 'skipped');
}

/** What a node has come to in a run, in the words of the oracle. */
export function endIn(view: RunView, key: string): string {
  const state = view.task(taskKey(key));
  if (state?.status !== 'skipped') return state?.status ?? 'absent';
  return state.guarded ? 'skipped with a stand-in' : 'skipped';
}

export const SETTLED: readonly (string | undefined)[] = ['succeeded', 'failed', 'skipped', 'cancelled'];

/** Whatever the state of a run says that is wrong, counted again from the states of its tasks. */
export function miscounts(view: RunMemory, plan: World['plan']): readonly string[] {
  const index = indexPlan(plan);
  const tasks = tasksOf(view);
  const wrong: string[] = [];
  const same = (what: string, is: unknown, counted: unknown): void => {
    if (JSON.stringify(is) !== JSON.stringify(counted)) wrong.push(`${what} is ${JSON.stringify(is)}, counted ${JSON.stringify(counted)}`);
  };
  const { run } = view;
  const isSettled = (key: TaskKey): boolean => SETTLED.includes(tasks.get(key)?.status);
  const keysWith = (status: TaskState['status']): readonly string[] =>
    [...tasks].filter(([, state]) => state.status === status).map(([key]) => key);
  same('open of the run', run.open, openIn(tasks, ''));
  same('unsettled of the run', run.unsettled, [...index.nodes.keys()].filter((key) => !isSettled(key)).length);
  same('parked', [...run.parked].sort(), keysWith('parked').toSorted());
  same('backing off', [...run.backingOff].sort(), keysWith('backing_off').toSorted());
  for (const [key, state] of tasks) {
    if (state.status === 'inside') {
      const frame = frameOf(key, state.attempt, state.stage);
      const body = index.at(key).bodies[state.stage]!;
      const ids = state.only ?? [...body.nodes.keys()];
      same(`open of ${key}`, state.open, openIn(tasks, frame));
      same(`unsettled of ${key}`, state.unsettled, ids.filter((id) => !isSettled(keyIn(frame, id))).length);
    }
    if (state.status === 'expanded' && run.status !== 'cancelling') {
      const items = [...tasks].filter(([item]) => itemOf(item)?.node === key).map(([item, one]) => ({ at: itemOf(item)!.index, one }));
      const waiting = new Set(state.redo ?? []);
      const over = items.filter(({ at, one }) => !waiting.has(at) && ['succeeded', 'failed', 'skipped'].includes(one.status));
      same(`settled items of ${key}`, state.settled, over.length);
      same(`failed items of ${key}`, state.failed, over.filter(({ one }) => one.status === 'failed').length);
      same(`next item of ${key}`, state.next, Math.max(0, ...items.map(({ at }) => at + 1)));
    }
  }
  for (const [key] of tasks) {
    const { waitsFor } = index.at(key);
    if (waitsFor.length === 0 || index.at(key).key !== key.replace(/\[\d+\]|#\d+|~\d+\.\d+/g, '') || /[\]]$|#\d+$/.test(key)) continue;
    const frame = key.slice(0, key.lastIndexOf('/') + 1);
    same(`settled sources of ${key}`, view.settledSources(key), waitsFor.filter((id) => isSettled(keyIn(frame, id))).length);
  }
  return wrong;
}

function openIn(tasks: ReadonlyMap<TaskKey, TaskState>, frame: string): number {
  let open = 0;
  for (const [key, state] of tasks) if (key.startsWith(frame) && isOpen(state)) open += 1;
  return open;
}

function isOpen(state: TaskState): boolean {
  if (state.status === 'inside') return state.leaving;
  if (state.status === 'looping') return state.turning;
  return ['opening', 'scheduled', 'running', 'backing_off'].includes(state.status);
}

/** The parts of a run's state that two folds must agree on. */
export function stateOf(view: RunMemory): { readonly run: RunState; readonly tasks: Readonly<Record<string, TaskState>> } {
  return { run: view.run, tasks: Object.fromEntries(tasksOf(view)) };
}
