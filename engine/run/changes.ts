import { invariant } from '../base/assert.ts';
import { type Instant, instant, type TaskKey } from '../base/ids.ts';
import type { Failure } from '../contracts/failure.ts';
import type { InEvent, InsideState, KeptState, RunState, RunView, TaskState, Write } from '../contracts/store.ts';
import { frameAround, itemOf, keyIn, taskAround, taskOfFrame, unitOf } from './address.ts';
import type { PlanIndex } from './plan-index.ts';

/**
 * What the events of one decision change, while it is being found out. It keeps the counts that follow from the states of tasks: what is
 * open in the run and in every frame around a task, what has not settled, how many sources of a node have. A class, since one is made for
 * every decision.
 */
export class Changes implements RunView {
  run: RunState;
  readonly index: PlanIndex;
  private readonly view: RunView;
  private readonly at: Instant;
  private readonly tasks = new Map<TaskKey, TaskState>();
  private sources: Map<TaskKey, number> | undefined;
  private readonly others: Write[] = [];

  constructor(index: PlanIndex, view: RunView, at: Instant) {
    this.index = index;
    this.view = view;
    this.at = at;
    this.run = view.run;
  }

  task(key: TaskKey): TaskState | undefined {
    return this.tasks.get(key) ?? this.view.task(key);
  }

  settledSources(node: TaskKey): number {
    return this.sources?.get(node) ?? this.view.settledSources(node);
  }

  set(key: TaskKey, state: TaskState): void {
    const more = opens(state) - opens(this.task(key));
    this.tasks.set(key, state);
    if (more === 0) return;
    this.ownRun().open += more;
    if (!key.includes('/')) return;
    for (let task = taskAround(key); task !== undefined; task = taskAround(task)) {
      const around = this.task(task);
      if (around?.status === 'inside') this.tasks.set(task, this.opened(around, around.open + more));
    }
  }

  /** By the run's own clock, which stands still while nobody drives it. */
  now(): Instant {
    return instant(this.at - this.run.asleep);
  }

  /** A body in which so much is open: its time stands still while all of it waits. */
  private opened(inside: InsideState, open: number): InsideState {
    const { due, still, ...rest } = inside;
    if (due === undefined || (inside.open === 0) === (open === 0)) return { ...inside, open };
    if (open === 0) return { ...inside, open, still: this.now() };
    return { ...rest, open, due: still === undefined ? due : instant(due + this.now() - still) };
  }

  runIs(state: Partial<RunState>): void {
    Object.assign(this.ownRun(), state);
  }

  /** The run's state, which is copied for the first change that a decision makes, and nobody else has yet. */
  private ownRun(): { -readonly [Field in keyof RunState]: RunState[Field] } {
    if (this.run === this.view.run) this.run = { ...this.run };
    return this.run;
  }

  write(write: Write): void {
    this.others.push(write);
  }

  /** A node has its final state: its dependents have one thing less to wait for. */
  settle(key: TaskKey, state: TaskState): void {
    this.set(key, state);
    this.countSettled(key, 1);
  }

  /** A node that had settled has another chance. */
  unsettle(key: TaskKey, state: TaskState): void {
    this.set(key, state);
    this.countSettled(key, -1);
  }

  private countSettled(key: TaskKey, more: 1 | -1): void {
    const frame = frameAround(key);
    const task = taskOfFrame(frame);
    if (task === undefined) this.ownRun().unsettled -= more;
    else {
      const around = this.task(task);
      if (around?.status === 'inside') this.tasks.set(task, { ...around, unsettled: around.unsettled - more });
    }
    for (const { node } of this.index.at(key).dependents) {
      const dependent = keyIn(frame, node.id);
      this.sources ??= new Map();
      this.sources.set(dependent, this.settledSources(dependent) + more);
    }
  }

  /** An item begins, for the first time or once more. */
  startItem(key: TaskKey): void {
    const item = itemOf(key);
    if (!item) return;
    const fanOut = this.task(item.node);
    invariant(fanOut?.status === 'expanded', `${item.node} has items but was not expanded`);
    if (fanOut.redo?.[0] === item.index) this.tasks.set(item.node, { ...fanOut, redo: fanOut.redo.slice(1) });
    else this.tasks.set(item.node, { ...fanOut, next: fanOut.next + 1 });
  }

  /** One has gone first: the fan-outs around it that waited for that go on. */
  endWarmUp(key: TaskKey): void {
    for (const node of warmingUp(this, key)) {
      const fanOut = this.task(node);
      if (fanOut?.status === 'expanded') this.tasks.set(node, { ...fanOut, warmUp: 'done' });
    }
  }

  settleItem(key: TaskKey, failure?: Failure): void {
    const item = itemOf(key);
    const fanOut = item && this.task(item.node);
    if (fanOut?.status !== 'expanded' || !item) return;
    const failed = fanOut.failed + (failure ? 1 : 0);
    const closed =
      fanOut.closed || (failure !== undefined && (endsAll(failure, key) || (fanOut.maxFailures !== null && failed > fanOut.maxFailures)));
    const first = failure && endsAll(failure, key) && !endsAll(fanOut.first, key) ? failure : (fanOut.first ?? failure ?? null);
    this.tasks.set(item.node, { ...fanOut, settled: fanOut.settled + 1, failed, closed, first });
  }

  writes(): readonly Write[] {
    const writes = this.others;
    for (const [key, state] of this.tasks) writes.push({ type: 'task', key, state });
    if (this.sources) for (const [node, count] of this.sources) writes.push({ type: 'settled_sources', node, count });
    if (this.run !== this.view.run) writes.push({ type: 'run', state: this.run });
    return writes;
  }
}

/** 1 for what was handed out and has not come back. */
function opens(state: TaskState | undefined): number {
  switch (state?.status) {
    case 'opening':
    case 'scheduled':
    case 'running':
    case 'backing_off':
      return 1;
    case 'inside':
      return state.leaving ? 1 : 0;
    case 'looping':
      return state.turning ? 1 : 0;
    default:
      return 0;
  }
}

/** The fan-outs around a task of which one item goes first. */
function warmingUp(view: Pick<RunView, 'task'>, key: TaskKey): readonly TaskKey[] {
  let found = NONE;
  for (let task: TaskKey | undefined = key; task !== undefined; task = taskAround(task)) {
    const node = itemOf(unitOf(task))?.node;
    const fanOut = node === undefined ? undefined : view.task(node);
    if (node !== undefined && fanOut?.status === 'expanded' && fanOut.warmUp === 'wanted') found = [...found, node];
  }
  return found;
}

/** Those that an event may bring to go on; after a crash, the end of any that was at work. */
export function warmedBy(view: RunView, event: InEvent): readonly TaskKey[] {
  if (event.type === 'resume') return [...new Set(event.tasks.flatMap((task) => warmingUp(view, task)))];
  return 'task' in event ? warmingUp(view, event.task) : NONE;
}

const NONE: readonly TaskKey[] = [];

/** What failed at the bottom of it. */
export function rootCause(failure: Failure): Failure {
  return failure.type === 'node_failed' ? rootCause(failure.cause) : failure;
}

/** True for a failure that every other item would meet as well: it ends a fan-out, however many may fail. */
export function endsAll(failure: Failure | null, key: TaskKey): boolean {
  const cause = failure && rootCause(failure);
  return cause?.type === 'unauthorized' || (cause?.type === 'budget_exceeded' && isSpent(cause, key));
}

/** Whether there is no more money for a task: that of a sub-workflow is another matter for what is around it. */
export function isSpent({ of }: Extract<Failure, { readonly type: 'budget_exceeded' }>, key: TaskKey): boolean {
  return of === undefined || key.startsWith(`${of}/`) || key.startsWith(`${of}~`);
}

/** What something was that holds other tasks, for whoever gives it another chance. */
export function keptOf(before: TaskState | undefined): { readonly kept?: KeptState } {
  if (before?.status === 'expanded' || before?.status === 'looping' || before?.status === 'inside') return { kept: before };
  return before && 'kept' in before && before.kept ? { kept: before.kept } : {};
}

/** The number of a task's last try, while that is known. */
export function lastAttempt(state: TaskState | undefined): { readonly attempt?: number } {
  return state && 'attempt' in state && state.attempt !== undefined ? { attempt: state.attempt } : {};
}
