import { setMaxListeners } from 'node:events';
import TinyQueue from 'tinyqueue';
import type { Clock } from '../base/clock.ts';
import type { RunId, TaskKey } from '../base/ids.ts';
import { renderDuration } from '../base/units.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { PlanLimits } from '../contracts/plan.ts';
import type { CallBook } from '../contracts/provider.ts';
import type { Command, Decide, InEvent, Store } from '../contracts/store.ts';
import type { CallRequest, Performer } from '../run/perform.ts';

export interface EmbeddedRun {
  readonly run: RunId;
  readonly store: Store;
  readonly decide: Decide;
  readonly performer: Performer;
  readonly limits: PlanLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** First wish to stop: nothing new starts, what is in flight finishes. */
  readonly drain?: AbortSignal;
  /** Second wish: what is in flight is given up. */
  readonly abort?: AbortSignal;
  /** Every event, in order, once it is journaled. */
  onEvent(event: RunEvent): void;
}

type Call = Extract<Command, { type: 'call' }> & { readonly order: number };

/**
 * Drives a run to its end in this process, from its first event (`start`, or `resume`): hands what happened to the kernel, and does
 * what it decides. Holds no state of
 * its own but what is in flight. Calls wait in one queue, the most urgent first, for one of `limits.concurrency` slots.
 */
export function driveEmbedded(options: EmbeddedRun, first: InEvent): Promise<void> {
  const { run, store, decide, performer, limits, clock } = options;
  const ready = new TinyQueue<Call>([], (a, b) => b.urgency - a.urgency || a.order - b.order);
  const timers = new Set<() => void>();
  const stop = new AbortController();
  // Every call in flight listens to it: many listeners are no leak here.
  setMaxListeners(0, stop.signal);
  let inFlight = 0;
  let order = 0;
  let over = false;

  return new Promise<void>((resolve, reject) => {
    const cleanUp: (() => void)[] = [];
    const end = (error?: unknown): void => {
      if (over) return;
      over = true;
      for (const cancel of timers) cancel();
      for (const undo of cleanUp) undo();
      if (error === undefined) resolve();
      else reject(error);
    };
    // A failure to decide or to store is ours: the run cannot go on, and nothing may be lost silently.
    const guard = (work: Promise<void>): void => void work.catch(end);

    const advance = async (event: InEvent): Promise<readonly RunEvent[]> => {
      const { events, commands } = await store.advance(run, event, decide);
      for (const one of events) options.onEvent(one);
      for (const command of commands) obey(command);
      return events;
    };

    const obey = (command: Command): void => {
      switch (command.type) {
        case 'open':
          guard(openNode(command.node));
          return;
        case 'call':
          ready.push({ ...command, order: order++ });
          pump();
          return;
        case 'timer': {
          const cancel = clock.after(Math.max(0, command.at - clock.now()) as never, () => {
            timers.delete(cancel);
            guard(report({ type: 'due', task: command.task, attempt: command.attempt, at: clock.now() }));
          });
          timers.add(cancel);
          return;
        }
        case 'outputs':
          guard(performer.outputs().then((outcome) => report({ type: 'outputs', outcome, at: clock.now() })));
          return;
        case 'finish':
          end();
      }
    };

    const report = async (event: InEvent): Promise<void> => void (await advance(event));

    const openNode = async (node: TaskKey): Promise<void> => {
      const state = await store.task(run, node);
      const opening = await performer.open(node, state?.status === 'opening' ? state.skip : undefined);
      await report({ type: 'opened', node, opening, at: clock.now() });
    };

    const pump = (): void => {
      while (!over && inFlight < limits.concurrency) {
        const next = ready.pop();
        if (!next) return;
        inFlight += 1;
        guard(callTask(next));
      }
    };

    const callTask = async ({ task, attempt, stage }: Call): Promise<void> => {
      const startedAt = clock.now();
      const events = await advance({ type: 'started', task, attempt, at: startedAt });
      if (events.some((event) => event.type === 'attempt.started')) {
        const outcome = await performer.call({ task, attempt, stage, abort: stop.signal, ...(await memoryOf(task, attempt)) });
        await report({ type: 'done', task, attempt, outcome, startedAt, at: clock.now(), roll: options.random() });
      }
      inFlight -= 1;
      pump();
    };

    /** What an attempt knows of the past: why it was woken, and the calls of the one it goes on for. */
    const memoryOf = async (task: TaskKey, attempt: number): Promise<Pick<CallRequest, 'book' | 'woken'>> => {
      const state = await store.task(run, task);
      const going = state?.status === 'running' ? state : undefined;
      const before = going?.base === undefined ? [] : [...(await store.paidCalls(run, task))];
      const book: CallBook = {
        paid(request) {
          const at = before.findIndex((call) => call.request === request && call.reply !== null);
          return at < 0 ? undefined : (before.splice(at, 1)[0]?.reply ?? undefined);
        },
        record: (call, request, reply) => report({ type: 'called', task, attempt, paid: { call, request, reply }, at: clock.now() }),
      };
      return { book, ...(going?.woken && { woken: going.woken }) };
    };

    const on = (signal: AbortSignal | undefined, act: () => void): void => {
      if (signal?.aborted) act();
      signal?.addEventListener('abort', act, { once: true });
      cleanUp.push(() => signal?.removeEventListener('abort', act));
    };

    const start = async (): Promise<void> => {
      await report(first);
      on(options.drain, () => guard(report({ type: 'cancel', by: 'user', at: clock.now() })));
      on(options.abort, () => {
        guard(report({ type: 'cancel', by: 'user', at: clock.now() }));
        stop.abort();
      });
      if (limits.timeout !== undefined && !over) {
        const after = limits.timeout;
        timers.add(
          clock.after(after, () => {
            const message = `the run took longer than its limit of ${renderDuration(after)}`;
            guard(report({ type: 'abandon', failure: { type: 'timed_out', message, after }, at: clock.now() }));
            stop.abort();
          }),
        );
      }
    };
    guard(start());
  });
}
