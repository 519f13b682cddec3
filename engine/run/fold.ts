import { assertNever, invariant } from '../base/assert.ts';
import type { TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { WakeCondition } from '../contracts/node-kind.ts';
import type { KeptSignal, RunState, RunView, TaskState, Write } from '../contracts/store.ts';
import { type IndexedNode, itemOf, type PlanIndex } from './plan-index.ts';

/**
 * How an event changes a run's state: the only place that says so. Applying it to a journal from the start gives the
 * run's state at its end, which is why the state may be thrown away.
 */
export function changesOf(index: PlanIndex, view: RunView, event: EventBody): readonly Write[] {
  const run = view.run;
  switch (event.type) {
    case 'run.started':
      return [runIs({ ...run, status: 'running', unsettled: index.plan.nodes.length, startedBy: event.by })];
    case 'run.cancel_requested':
      return [runIs({ ...run, status: 'cancelling' })];
    case 'signal.received': {
      const { name, payload, by, sentAt, inbox } = event;
      return [runIs({ ...run, inbox, ...(event.kept && { signals: [...run.signals, { name, payload, by, sentAt }] }) })];
    }
    case 'answer.refused':
      return [runIs({ ...run, inbox: event.inbox })];
    case 'run.failing':
      return [runIs({ ...run, status: 'failing', failure: run.failure ?? { node: event.node, failure: event.failure } })];
    case 'run.finishing':
      return [runIs({ ...run, status: 'finishing' })];
    case 'run.finished':
      return [runIs({ ...run, status: event.status })];
    case 'run.resumed':
      return [];
    case 'run.reopened':
      return [runIs({ ...run, status: 'running', failure: null })];

    case 'node.opening':
      return [
        taskIs(event.node, {
          status: 'opening',
          ...(event.skip !== undefined && { skip: event.skip }),
          ...lastAttempt(view.task(event.node)),
        }),
        opened(run, 1),
      ];
    case 'node.expanded':
      return [
        { type: 'items', node: event.node, items: event.items, ...(event.keys && { keys: event.keys }) },
        taskIs(event.node, {
          status: 'expanded',
          count: event.count,
          next: 0,
          settled: 0,
          failed: 0,
          window: event.window,
          maxFailures: event.maxFailures,
          closed: false,
          first: null,
        }),
        opened(run, -1),
      ];
    case 'node.skipped':
      return settled(index, view, event.node, {
        status: 'skipped',
        reason: event.reason,
        detail: event.detail,
        output: event.output,
        guarded: event.guarded,
        ...(event.failure && { failure: event.failure }),
      });
    case 'node.succeeded': {
      const state = view.task(event.node);
      return settled(index, view, event.node, state?.status === 'succeeded' ? state : { status: 'succeeded', output: null });
    }
    case 'node.failed':
      return settled(index, view, event.node, { status: 'failed', failure: event.failure }, { node: event.node, failure: event.failure });
    case 'node.cancelled':
      return settled(index, view, event.node, { status: 'cancelled', detail: event.detail });

    case 'attempt.scheduled': {
      const before = view.task(event.task);
      const state: TaskState = {
        status: 'scheduled',
        attempt: event.attempt,
        stage: event.stage,
        stageAttempt: event.stageAttempt,
        ...(before && 'failure' in before && before.failure && isUnsettled(before) && { failure: before.failure }),
        // It goes on for one that was interrupted or given up: what that one paid for is not paid again.
        ...baseOf(before),
        ...(before?.status === 'running' && before.woken && { woken: before.woken }),
      };
      // What was begun and has not settled is counted as open already.
      const known = before?.status === 'opening' || (before !== undefined && isUnsettled(before));
      return [
        taskIs(event.task, state),
        ...itemStarts(view, event.task, before),
        runIs({ ...run, open: run.open + (known ? 0 : 1), backingOff: without(run.backingOff, event.task) }),
      ];
    }
    case 'attempt.started': {
      const before = view.task(event.task);
      invariant(before?.status === 'scheduled', `${event.task} starts without having been scheduled`);
      return [taskIs(event.task, { ...before, status: 'running' })];
    }
    case 'attempt.succeeded':
      return [
        taskIs(event.task, { status: 'succeeded', output: event.output, ...(event.recovered && { recovered: event.recovered }) }),
        ...itemSettles(view, event.task),
        forget(event.task),
        opened(run, -1),
      ];
    case 'attempt.parked': {
      const before = view.task(event.task);
      invariant(before?.status === 'running', `${event.task} parked without running`);
      return [
        taskIs(event.task, {
          status: 'parked',
          attempt: event.attempt,
          stage: before.stage,
          stageAttempt: before.stageAttempt,
          ...(before.failure && { failure: before.failure }),
          until: event.until,
          memo: event.memo,
          ...(event.doubt && { doubt: { base: before.base ?? before.attempt } }),
        }),
        ...(event.doubt ? [] : [forget(event.task)]),
        runIs({ ...run, open: run.open - 1, parked: [...run.parked, event.task] }),
      ];
    }
    case 'attempt.woken': {
      const before = view.task(event.task);
      invariant(before?.status === 'parked', `${event.task} was woken without being parked`);
      return [
        taskIs(event.task, {
          status: 'scheduled',
          attempt: event.attempt,
          stage: before.stage,
          stageAttempt: before.stageAttempt,
          ...(before.failure && { failure: before.failure }),
          ...(before.doubt ?? { woken: { memo: before.memo, wake: event.wake } }),
        }),
        runIs({
          ...run,
          open: run.open + 1,
          parked: without(run.parked, event.task),
          inbox: event.inbox ?? run.inbox,
          // Who is woken by a signal that was kept has used it.
          signals: event.wake.type === 'signalled' ? withoutOne(run.signals, keptSignal(run, before.until)) : run.signals,
        }),
      ];
    }
    case 'attempt.failed': {
      const before = view.task(event.task);
      // In doubt, it fails without having been begun again.
      invariant(before?.status === 'running' || before?.status === 'scheduled', `${event.task} failed without running`);
      if (event.next.type === 'retry') {
        const stageAttempt = event.next.stage === before.stage ? before.stageAttempt : 0;
        return [
          taskIs(event.task, {
            status: 'backing_off',
            attempt: event.attempt,
            stage: event.next.stage,
            stageAttempt,
            failure: event.failure,
            until: event.next.at,
          }),
          forget(event.task),
          runIs({ ...run, backingOff: [...run.backingOff, event.task] }),
        ];
      }
      const state: TaskState =
        event.next.type === 'skip'
          ? { status: 'skipped', reason: 'failed', detail: event.failure.message, output: null, guarded: false, failure: event.failure }
          : { status: 'failed', failure: event.failure, attempt: event.attempt };
      return [
        taskIs(event.task, state),
        ...itemSettles(view, event.task, event.next.type === 'give_up' ? event.failure : undefined),
        forget(event.task),
        opened(run, -1),
      ];
    }
    case 'attempt.cancelled': {
      const wasOpen = view.task(event.task)?.status !== 'parked';
      return [
        // Not settled: a fan-out of which items were cancelled does not come to its end either.
        taskIs(event.task, { status: 'cancelled', detail: 'the run was stopped', attempt: event.attempt }),
        runIs({
          ...run,
          open: run.open - (wasOpen ? 1 : 0),
          backingOff: without(run.backingOff, event.task),
          parked: without(run.parked, event.task),
        }),
      ];
    }
    case 'model.called':
      return [{ type: 'paid_call', task: event.task, paid: { call: event.call, request: event.request, reply: event.reply } }];
    case 'node.reopened':
      return reopened(index, view, event.node, event.redo);
    case 'node.opened':
    case 'attempt.interrupted':
    case 'attempt.logged':
      return [];
    default:
      return assertNever(event);
  }
}

function runIs(state: RunState): Write {
  return { type: 'run', state };
}

/** The number of a task's last try, while that is known. */
export function lastAttempt(state: TaskState | undefined): { readonly attempt?: number } {
  return state && 'attempt' in state && state.attempt !== undefined ? { attempt: state.attempt } : {};
}

/** The attempt whose calls count for the next one: it came to no end of its own. One that did has no calls left to count. */
function baseOf(before: TaskState | undefined): { readonly base?: number } {
  switch (before?.status) {
    case 'running':
      return { base: before.base ?? before.attempt };
    // It was in doubt, and somebody said to do it again.
    case 'scheduled':
      return before.base === undefined ? {} : { base: before.base };
    case 'opening':
    case 'cancelled':
    case 'reopened':
      return before.attempt === undefined || before.attempt === 0 ? {} : { base: before.attempt };
    default:
      return {};
  }
}

function forget(task: TaskKey): Write {
  return { type: 'paid_call', task, paid: null };
}

function isUnsettled(state: TaskState): boolean {
  return state.status === 'running' || state.status === 'scheduled' || state.status === 'backing_off' || state.status === 'parked';
}

/** A node that did not succeed has another chance: as if it had never settled. Of a fan-out, only `redo` is done again. */
function reopened(index: PlanIndex, view: RunView, key: TaskKey, redo: readonly number[]): readonly Write[] {
  const before = view.task(key);
  const fanOut = before && 'fanOut' in before ? before.fanOut : undefined;
  const run = view.run;
  return [
    {
      type: 'task',
      key,
      state: fanOut
        ? { ...fanOut, settled: fanOut.next - redo.length, failed: 0, closed: false, first: null, redo }
        : {
            status: 'reopened',
            attempt: lastAttempt(before).attempt ?? 0,
            ...(before?.status === 'failed' && before.failure.type === 'in_doubt' && { doubt: true }),
          },
    },
    runIs({ ...run, unsettled: run.unsettled + 1 }),
    ...nodeAt(index, key).dependents.map(
      (dependent): Write => ({ type: 'settled_sources', node: dependent.key, count: view.settledSources(dependent.key) - 1 }),
    ),
  ];
}

function opened(run: RunState, by: 1 | -1): Write {
  return runIs({ ...run, open: run.open + by });
}

function taskIs(key: TaskKey, state: TaskState): Write {
  return { type: 'task', key, state };
}

/** A node has its final state: its dependents have one thing less to wait for. */
function settled(
  index: PlanIndex,
  view: RunView,
  key: TaskKey,
  state: TaskState,
  failure?: { node: TaskKey; failure: Failure },
): readonly Write[] {
  const before = view.task(key);
  const indexed = nodeAt(index, key);
  const run = view.run;
  // What a fan-out was is kept, in case that it is reopened.
  const lost = state.status === 'failed' || state.status === 'cancelled';
  const kept = lost ? { ...state, ...lastAttempt(before), ...(before?.status === 'expanded' && { fanOut: before }) } : state;
  return [
    taskIs(key, kept),
    runIs({
      ...run,
      unsettled: run.unsettled - 1,
      open: run.open - (before?.status === 'opening' ? 1 : 0),
      failure: run.failure ?? (failure ? { node: indexed.node.id, failure: failure.failure } : null),
    }),
    ...indexed.dependents.map(
      (dependent): Write => ({ type: 'settled_sources', node: dependent.key, count: view.settledSources(dependent.key) + 1 }),
    ),
  ];
}

function itemStarts(view: RunView, key: TaskKey, before: TaskState | undefined): readonly Write[] {
  const item = before && isUnsettled(before) ? undefined : itemOf(key);
  if (!item) return [];
  const fanOut = view.task(item.node);
  invariant(fanOut?.status === 'expanded', `${item.node} has items but was not expanded`);
  if (fanOut.redo?.[0] === item.index) return [taskIs(item.node, { ...fanOut, redo: fanOut.redo.slice(1) })];
  return [taskIs(item.node, { ...fanOut, next: fanOut.next + 1 })];
}

function itemSettles(view: RunView, key: TaskKey, failure?: Failure): readonly Write[] {
  const item = itemOf(key);
  const fanOut = item && view.task(item.node);
  if (fanOut?.status !== 'expanded' || !item) return [];
  const failed = fanOut.failed + (failure ? 1 : 0);
  const closed =
    fanOut.closed || (failure !== undefined && (endsAll(failure) || (fanOut.maxFailures !== null && failed > fanOut.maxFailures)));
  const first = failure && endsAll(failure) && !endsAll(fanOut.first) ? failure : (fanOut.first ?? failure ?? null);
  return [taskIs(item.node, { ...fanOut, settled: fanOut.settled + 1, failed, closed, first })];
}

/** True for a failure that every other item would meet as well: it ends a fan-out, however many may fail. */
export function endsAll(failure: Failure | null): boolean {
  return failure?.type === 'unauthorized' || failure?.type === 'budget_exceeded';
}

/** The signal that was sent before somebody waited for it as `until` says. */
export function keptSignal(run: RunState, until: WakeCondition): KeptSignal | undefined {
  if (until.type !== 'signal') return undefined;
  return run.signals.find((signal) => signal.name === until.name && signal.sentAt >= until.since);
}

function withoutOne<T>(list: readonly T[], one: T | undefined): readonly T[] {
  return one === undefined ? list : list.filter((other) => other !== one);
}

function without(list: readonly TaskKey[], key: TaskKey): readonly TaskKey[] {
  return list.includes(key) ? list.filter((other) => other !== key) : list;
}

export function nodeAt(index: PlanIndex, key: TaskKey): IndexedNode {
  const indexed = index.nodes.get(itemOf(key)?.node ?? key) ?? index.nodes.get(key);
  invariant(indexed, `no node at ${key}`);
  return indexed;
}
