import { assertNever, invariant } from '../base/assert.ts';
import { type Instant, millis, type TaskKey } from '../base/ids.ts';
import type { EventBody } from '../contracts/event.ts';
import type { WakeCondition } from '../contracts/node-kind.ts';
import type { KeptSignal, RunState, RunView, SkippedState, TaskState, Write } from '../contracts/store.ts';
import { Changes, keptOf, lastAttempt } from './changes.ts';
import type { PlanIndex } from './plan-index.ts';
import { callAgain, goesOn, leftBy, rememberedOfFailed, rememberedOfStopped, wokenAfter, wokenOf } from './remembered.ts';
import { dueOf, reopened } from './reopened.ts';

/**
 * How an event changes a run's state: the only place that says so. Applying it to a journal from the start gives the
 * run's state at its end, which is why the state may be thrown away.
 */
export function changesOf(index: PlanIndex, view: RunView, event: EventBody, at: Instant): readonly Write[] {
  const changes = new Changes(index, view, at);
  apply(changes, event);
  return changes.writes();
}

/** Adds what an event changes to what those before it have. */
export function apply(changes: Changes, event: EventBody): void {
  const { index, run } = changes;
  switch (event.type) {
    case 'run.started':
      changes.runIs({ status: 'running', unsettled: index.plan.nodes.length, startedBy: event.by });
      return;
    case 'run.cancel_requested':
      changes.runIs({ status: 'cancelling' });
      return;
    case 'signal.received': {
      const { name, payload, by, sentAt, inbox } = event;
      changes.runIs({ inbox, ...(event.kept && { signals: [...run.signals, { name, payload, by, sentAt }] }) });
      return;
    }
    case 'answer.refused':
      changes.runIs({ inbox: event.inbox });
      return;
    case 'run.failing':
      changes.runIs({ status: 'failing', failure: run.failure ?? { node: event.node, failure: event.failure } });
      return;
    case 'run.finishing':
      changes.runIs({ status: 'finishing' });
      return;
    case 'run.finished':
      changes.runIs({ status: event.status });
      return;
    case 'run.reopened':
      changes.runIs({ status: 'running', failure: null });
      return;

    case 'node.opening': {
      const before = changes.task(event.node);
      changes.set(event.node, {
        status: 'opening',
        ...(event.skip !== undefined && { skip: event.skip }),
        ...lastAttempt(before),
        ...rememberedOfStopped(before),
        ...(before?.status === 'skipped' && { instead: waysOf(before) }),
      });
      return;
    }
    case 'node.expanded':
      changes.write({ type: 'items', node: event.node, items: event.items, ...(event.keys && { keys: event.keys }) });
      changes.set(event.node, {
        status: 'expanded',
        count: event.count,
        next: 0,
        settled: 0,
        failed: 0,
        window: event.window,
        maxFailures: event.maxFailures,
        closed: false,
        first: null,
        ...(event.warmUp && { warmUp: 'wanted' }),
      });
      return;
    case 'node.skipped': {
      const { reason, detail, output, guarded, failure } = event;
      const before = changes.task(event.node);
      const { route } = (before?.status === 'opening' ? before.instead : before?.status === 'skipped' ? before : undefined) ?? {};
      changes.settle(event.node, {
        status: 'skipped',
        reason,
        detail,
        output,
        guarded,
        ...(failure && { failure }),
        ...(route !== undefined && { route }),
      });
      return;
    }
    case 'node.succeeded': {
      const state = changes.task(event.node);
      changes.settle(event.node, state?.status === 'succeeded' ? state : { status: 'succeeded', output: null });
      return;
    }
    case 'node.failed': {
      const before = changes.task(event.node);
      const { failure } = event;
      const more = { ...lastAttempt(before), ...keptOf(before), ...rememberedOfFailed(before, failure) };
      changes.settle(event.node, { status: 'failed', failure, ...more });
      const outermost = index.nodes.get(event.node);
      if (outermost && !run.failure) changes.runIs({ failure: { node: outermost.node.id, failure } });
      return;
    }
    case 'node.cancelled': {
      const before = changes.task(event.node);
      const more = { ...lastAttempt(before), ...keptOf(before), ...rememberedOfStopped(before) };
      changes.settle(event.node, { status: 'cancelled', detail: event.detail, ...more });
      return;
    }

    case 'attempt.scheduled': {
      const before = changes.task(event.task);
      if (!isUnsettled(before)) changes.startItem(event.task);
      changes.set(event.task, {
        status: 'scheduled',
        attempt: event.attempt,
        stage: event.stage,
        stageAttempt: event.stageAttempt,
        ...(before && 'failure' in before && before.failure && isUnsettled(before) && { failure: before.failure }),
        ...(event.failure && { failure: event.failure }),
        // It goes on for one that was interrupted or given up: what that one paid for is not paid again.
        ...baseOf(before),
        ...wokenOf(before),
      });
      if (run.backingOff.length > 0) changes.runIs({ backingOff: without(run.backingOff, event.task) });
      return;
    }
    case 'attempt.started': {
      const before = changes.task(event.task);
      invariant(before?.status === 'scheduled', `${event.task} starts without having been scheduled`);
      changes.set(event.task, { ...before, status: 'running' });
      return;
    }
    case 'attempt.entered': {
      const before = changes.task(event.task);
      invariant(before?.status === 'running', `${event.task} is entered without running`);
      const { only, route, inputs } = event;
      const body = index.at(event.task).bodies[before.stage];
      invariant(body, `${event.task} has no body`);
      changes.set(event.task, {
        status: 'inside',
        attempt: event.attempt,
        stage: before.stage,
        stageAttempt: before.stageAttempt,
        unsettled: only ? only.length : body.nodes.size,
        open: 0,
        leaving: false,
        ...(before.failure && { failure: before.failure }),
        ...dueOf(changes, event.task, before.stage),
        ...(only && { only }),
        ...(route !== undefined && { route }),
        ...(inputs && { inputs }),
      });
      return;
    }
    case 'attempt.failing': {
      const { finishing: _, ...before } = inside(changes, event.task);
      changes.set(event.task, { ...before, failing: event.failure, ...(event.others && { finishing: true }) });
      return;
    }
    case 'attempt.leaving':
      changes.set(event.task, { ...inside(changes, event.task), leaving: true });
      return;
    case 'attempt.succeeded': {
      const before = changes.task(event.task);
      const stage = before && 'stage' in before ? (before.stage ?? 0) : 0;
      const route = before?.status === 'inside' ? before.route : undefined;
      changes.set(event.task, {
        status: 'succeeded',
        output: event.output,
        ...(event.recovered && { recovered: event.recovered }),
        ...(stage > 0 && { stage }),
        ...(before?.status === 'inside' && { inside: event.attempt }),
        ...(event.accepted === false && { accepted: false }),
        ...(event.carried && { carried: event.carried }),
        ...(route !== undefined && { route }),
      });
      changes.settleItem(event.task);
      if (!event.reused) changes.endWarmUp(event.task);
      changes.write(forget(event.task));
      return;
    }
    case 'attempt.parked': {
      const before = changes.task(event.task);
      invariant(before?.status === 'running', `${event.task} parked without running`);
      changes.set(event.task, {
        status: 'parked',
        attempt: event.attempt,
        stage: before.stage,
        stageAttempt: before.stageAttempt,
        ...(before.failure && { failure: before.failure }),
        until: event.until,
        memo: event.memo,
        ...(event.lasting && { lasting: true }),
        ...(event.repeats !== undefined && { repeats: event.repeats }),
        ...(event.inside && { inside: true }),
        ...(event.doubt && { doubt: { base: before.base ?? before.attempt, ...wokenOf(before) } }),
      });
      changes.endWarmUp(event.task);
      if (!event.doubt && !event.inside) changes.write(forget(event.task));
      changes.runIs({ parked: [...run.parked, event.task] });
      return;
    }
    case 'attempt.woken': {
      const before = changes.task(event.task);
      invariant(before?.status === 'parked', `${event.task} was woken without being parked`);
      changes.set(event.task, {
        status: 'scheduled',
        attempt: event.attempt,
        stage: before.stage,
        stageAttempt: before.stageAttempt,
        ...(before.failure && { failure: before.failure }),
        ...(before.doubt ?? { woken: { ...leftBy(before), wake: event.wake } }),
      });
      for (const write of callAgain(event.task, before, event.wake)) changes.write(write);
      changes.runIs({
        parked: without(run.parked, event.task),
        inbox: event.inbox ?? run.inbox,
        // Who is woken by a signal that was kept has used it.
        signals: event.wake.type === 'signalled' ? withoutOne(run.signals, keptSignal(run, before.until)) : run.signals,
      });
      return;
    }
    case 'attempt.failed': {
      const before = changes.task(event.task);
      // In doubt, it fails without having been begun again.
      invariant(
        before?.status === 'running' || before?.status === 'scheduled' || before?.status === 'inside',
        `${event.task} failed without running`,
      );
      changes.endWarmUp(event.task);
      if (event.next.type === 'retry') {
        changes.set(event.task, {
          status: 'backing_off',
          attempt: event.attempt,
          stage: event.next.stage,
          stageAttempt: event.next.stage === before.stage ? before.stageAttempt : 0,
          failure: event.failure,
          until: event.next.at,
          ...wokenAfter(before, before.stage, event.next.stage, event.failure),
        });
        changes.write({ ...forget(event.task), turns: true });
        changes.runIs({ backingOff: [...run.backingOff, event.task] });
        return;
      }
      changes.set(
        event.task,
        event.next.type === 'skip'
          ? { status: 'skipped', reason: 'failed', detail: event.failure.message, output: null, guarded: false, failure: event.failure }
          : {
              status: 'failed',
              failure: event.failure,
              attempt: event.attempt,
              ...keptOf(before),
              ...rememberedOfFailed(before, event.failure),
            },
      );
      changes.settleItem(event.task, event.next.type === 'give_up' ? event.failure : undefined);
      changes.write({ ...forget(event.task), ...(event.next.type === 'give_up' && goesOn(event.failure) && { turns: true }) });
      return;
    }
    case 'attempt.skipped': {
      const { reason, detail, route, failure } = event;
      changes.set(event.task, {
        status: 'skipped',
        reason,
        detail,
        output: null,
        guarded: false,
        ...(route !== undefined && { route }),
        ...(failure && { failure }),
      });
      changes.settleItem(event.task);
      return;
    }
    case 'attempt.cancelled': {
      // Not settled: a fan-out of which items were cancelled does not come to its end either.
      const state = { status: 'cancelled', detail: 'the run was stopped', attempt: event.attempt } as const;
      const before = changes.task(event.task);
      changes.set(event.task, { ...state, ...keptOf(before), ...rememberedOfStopped(before) });
      changes.runIs({ backingOff: without(run.backingOff, event.task), parked: without(run.parked, event.task) });
      return;
    }

    case 'loop.turning': {
      const before = changes.task(event.task);
      if (before?.status === 'looping') {
        changes.set(event.task, { ...before, turning: true });
        return;
      }
      changes.startItem(event.task);
      changes.set(event.task, { status: 'looping', round: 0, turning: true, memory: null });
      return;
    }
    case 'loop.turned':
      changes.set(event.task, { status: 'looping', round: event.round, turning: false, memory: event.memory });
      return;
    case 'loop.ended': {
      const { output, accepted, rounds, memory, recovered } = event;
      changes.set(event.task, { status: 'succeeded', output, accepted, rounds, memory, ...(recovered && { recovered }) });
      changes.settleItem(event.task);
      return;
    }
    case 'loop.failed': {
      const { failure, skip } = event;
      const before = changes.task(event.task);
      changes.set(
        event.task,
        skip
          ? { status: 'skipped', reason: 'failed', detail: failure.message, output: null, guarded: false, failure }
          : { status: 'failed', failure, ...keptOf(before) },
      );
      changes.settleItem(event.task, skip ? undefined : failure);
      return;
    }
    case 'loop.skipped':
      changes.set(event.task, { status: 'skipped', reason: event.reason, detail: event.detail, output: null, guarded: false });
      changes.settleItem(event.task);
      return;

    case 'model.called':
      if (event.call.status === 'succeeded' && event.call.call === 'ask') changes.endWarmUp(event.task);
      changes.write({ type: 'paid_call', task: event.task, paid: { call: event.call, request: event.request, reply: event.reply } });
      return;
    case 'tool.called':
      changes.write({ type: 'tool_call', task: event.task, call: event.call });
      return;
    case 'node.reopened':
      changes.unsettle(event.node, reopened(changes, event.node, event.redo));
      return;
    case 'task.reopened': {
      changes.startItem(event.task);
      changes.set(event.task, reopened(changes, event.task, []));
      return;
    }
    case 'run.resumed':
      if (event.asleep !== undefined) changes.runIs({ asleep: millis(run.asleep + event.asleep) });
      return;
    case 'node.opened':
    case 'attempt.interrupted':
    case 'attempt.logged':
      return;
    default:
      assertNever(event);
  }
}

function inside(changes: Changes, key: TaskKey): Extract<TaskState, { status: 'inside' }> {
  const state = changes.task(key);
  invariant(state?.status === 'inside', `nothing is inside ${key}`);
  return state;
}

/** How a task came to be skipped, while what stands in for it is made. */
function waysOf({ reason, failure, route }: SkippedState): Pick<SkippedState, 'reason' | 'failure' | 'route'> {
  return { reason, ...(failure && { failure }), ...(route !== undefined && { route }) };
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

function forget(task: TaskKey): Extract<Write, { readonly type: 'paid_call' }> {
  return { type: 'paid_call', task, paid: null };
}

function isUnsettled(state: TaskState | undefined): boolean {
  return state?.status === 'running' || state?.status === 'scheduled' || state?.status === 'backing_off' || state?.status === 'parked';
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
