import { setMaxListeners } from 'node:events';
import TinyQueue from 'tinyqueue';
import type { Clock } from '../base/clock.ts';
import { millis, type RunId, type TaskKey } from '../base/ids.ts';
import { renderDuration } from '../base/units.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { PlanLimits } from '../contracts/plan.ts';
import type { CallBook } from '../contracts/provider.ts';
import { type Command, type Decide, type InEvent, type Store, StoreFailed, type TaskOutcome } from '../contracts/store.ts';
import { takeMessage } from '../run/inbox.ts';
import type { CallRequest, Performer } from '../run/perform.ts';
import { takePaid, takeToolCall } from './calls-before.ts';
import { createSlots, type FramesAround } from './slots.ts';

export interface EmbeddedRun {
  readonly run: RunId;
  readonly store: Store;
  /** Who drives: the name under which the run was claimed. */
  readonly owner: string;
  readonly decide: Decide;
  readonly performer: Performer;
  readonly limits: PlanLimits;
  /** Limits that hold for parts of the run. */
  framesAround?: FramesAround;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** False: the shell returns as soon as the run only waits for somebody or for a time. */
  readonly wait: boolean;
  /** True: nobody else can reach the run, so that it says to nobody that it lives, and looks for no wishes. */
  readonly alone?: boolean;
  /** Why a parked task goes on at once, where that was written down; undefined when it has to wait. */
  wakes?(task: TaskKey, attempt: number, until: WakeCondition): Wake | undefined;
  /** First wish to stop: nothing new starts, what is in flight finishes. */
  readonly drain?: AbortSignal;
  /** Second wish: what is in flight is given up. */
  readonly abort?: AbortSignal;
  /** Every event, in order, once it is journaled. */
  onEvent(event: RunEvent): void;
}

/** How often the shell says that it lives, and looks for wishes from outside. */
const HEARTBEAT: number = 500;

type Call = Extract<Command, { type: 'call' }> & { readonly order: number };

/**
 * Drives a run in this process, from its first event (`start`, `resume` or `reopen`): hands what happened to the kernel, and does
 * what it decides. Holds no state of its own but what is in flight. Calls wait in one queue, the most urgent first, for one of
 * `limits.concurrency` slots. Resolves when the run is over, or when it only waits and nobody wants to wait with it.
 * Rejects with StoreFailed when the run cannot be kept, or was taken over.
 */
export function driveEmbedded(options: EmbeddedRun, first: InEvent): Promise<'over' | 'waiting'> {
  const { run, store, decide, performer, limits, clock } = options;
  const ready = new TinyQueue<Call>([], (a, b) => b.urgency - a.urgency || a.order - b.order);
  const timers = new Set<() => void>();
  const slots = createSlots<Call>(options.framesAround ?? (() => []));
  /** Calls in flight inside of nodes, which may be given up with them. */
  const flying = new Map<TaskKey, AbortController>();
  const stop = new AbortController();
  // Every call in flight listens to it: many listeners are no leak here.
  setMaxListeners(0, stop.signal);
  let inFlight = 0;
  let order = 0;
  let over = false;
  let draining = false;
  /** What may do harm twice is done again unasked. */
  const repeatUnsafe = 'repeatUnsafe' in first && first.repeatUnsafe === true;
  /** Calls of tools that were begun since: what was said beforehand is not about them. */
  const begunHere = new Set<string>();
  /** Parked tasks that are being woken. */
  let waking = 0;
  /** What was wished before it began has been taken. */
  let begun = false;

  return new Promise((resolve, reject) => {
    const cleanUp: (() => void)[] = [];
    const end = (outcome: 'over' | 'waiting' | { readonly error: unknown }): void => {
      if (over) return;
      over = true;
      for (const cancel of timers) cancel();
      for (const undo of cleanUp) undo();
      if (typeof outcome === 'string') resolve(outcome);
      else {
        // What is in flight cannot be kept any more: there is no sense in paying for it.
        stop.abort();
        reject(outcome.error);
      }
    };
    // A failure to decide or to store: the run cannot go on, and nothing may be lost silently.
    const guard = (work: Promise<unknown>): void => void work.catch((error: unknown) => end({ error }));

    const advance = async (event: InEvent): Promise<readonly RunEvent[]> => {
      const { events, commands } = await store.advance(run, event, decide);
      for (const one of events) options.onEvent(one);
      for (const one of events) if (one.type === 'attempt.parked') wakeAtOnce(one.task, one.attempt, one.until);
      for (const command of commands) obey(command);
      return events;
    };

    /** Goes on with a parked task whose wake was written down. */
    const wakeAtOnce = (task: TaskKey, attempt: number, until: WakeCondition): void => {
      const wake = options.wakes?.(task, attempt, until);
      if (!wake) return;
      waking += 1;
      const going = advance({ type: 'wake', task, attempt, wake, at: clock.now() }).finally(() => {
        waking -= 1;
      });
      guard(going.then(lookWhetherIdle));
    };

    const report = async (event: InEvent): Promise<void> => {
      await advance(event);
      lookWhetherIdle();
    };

    /** With nothing in flight, the run goes on only when somebody or some time makes it. */
    const lookWhetherIdle = (): void => {
      if (over || !begun || inFlight > 0 || waking > 0 || ready.length > 0 || (options.wait && !draining)) return;
      const { status, open, parked } = store.view(run).run;
      if (status === 'running' && open === 0 && parked.length > 0) end('waiting');
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
        case 'enter':
          guard(
            performer
              .enter(command.task, command.attempt, command.stage)
              .then((entry) => report({ type: 'entered', task: command.task, attempt: command.attempt, entry, at: clock.now() })),
          );
          return;
        case 'leave':
          guard(leave(command));
          return;
        case 'turn':
          guard(
            performer
              .turn(command.task, command.round)
              .then((turn) => report({ type: 'turned', task: command.task, round: command.round, turn, at: clock.now() })),
          );
          return;
        case 'timer':
          setTimer(command);
          return;
        case 'stop':
          for (const [task, call] of flying) if (task.startsWith(command.frame)) call.abort();
          return;
        case 'outputs':
          guard(performer.outputs().then((outcome) => report({ type: 'outputs', outcome, at: clock.now() })));
          return;
        case 'finish':
          end('over');
      }
    };

    const setTimer = ({ task, attempt, at }: Extract<Command, { type: 'timer' }>): void => {
      // A timer of Node holds 24.8 days at most; a later one is set again on the way.
      const delay = millis(Math.min(Math.max(0, at - clock.now()), LONGEST_TIMER));
      const cancel = clock.after(delay, () => {
        timers.delete(cancel);
        if (at > clock.now()) setTimer({ type: 'timer', task, attempt, at });
        // An answer that was given in time counts, also when nobody was there to take it.
        else guard(readInbox().then(() => report({ type: 'due', task, attempt, at: clock.now() })));
      });
      timers.add(cancel);
    };

    const leave = async ({ task, attempt, stage }: Extract<Command, { type: 'leave' }>): Promise<void> => {
      const at = clock.now();
      const outcome = await performer.leave(task, attempt, stage);
      await report({ type: 'done', task, attempt, outcome, startedAt: at, at, roll: options.random() });
    };

    const openNode = async (node: TaskKey): Promise<void> => {
      const state = store.view(run).task(node);
      const opening = await performer.open(node, state?.status === 'opening' ? state.skip : undefined);
      await report({ type: 'opened', node, opening, at: clock.now() });
    };

    const pump = (): void => {
      while (!over && inFlight < limits.concurrency) {
        const next = ready.pop();
        if (!next) return;
        if (!slots.take(next)) continue;
        inFlight += 1;
        guard(callTask(next));
      }
    };

    const callTask = async (made: Call): Promise<void> => {
      const { task, attempt, stage } = made;
      const startedAt = clock.now();
      const events = await advance({ type: 'started', task, attempt, at: startedAt });
      if (events.some((event) => event.type === 'attempt.started')) {
        const log = async (text: string): Promise<void> => void (await advance({ type: 'logged', task, attempt, text, at: clock.now() }));
        const memory = memoryOf(task, attempt);
        const request = { task, attempt, stage, abort: stop.signal, ...memory, log };
        const outcome = await (task.includes('/') ? callInside(request) : performer.call(request));
        if (over) return;
        await advance({ type: 'done', task, attempt, outcome, startedAt, at: clock.now(), roll: options.random() });
      }
      inFlight -= 1;
      for (const next of slots.free(made)) ready.push(next);
      pump();
      lookWhetherIdle();
    };

    /** A call inside of a node ends with all else, or with that. */
    const callInside = (request: CallRequest): Promise<TaskOutcome> => {
      const own = new AbortController();
      const follow = (): void => own.abort(stop.signal.reason);
      stop.signal.addEventListener('abort', follow, { once: true });
      if (stop.signal.aborted) follow();
      flying.set(request.task, own);
      return performer.call({ ...request, abort: own.signal }).finally(() => {
        flying.delete(request.task);
        stop.signal.removeEventListener('abort', follow);
      });
    };

    /** What an attempt knows of the past: why it was woken, and the calls of the one it goes on for. */
    const memoryOf = (task: TaskKey, attempt: number): Pick<CallRequest, 'book' | 'woken'> => {
      const view = store.view(run);
      const state = view.task(task);
      const going = state?.status === 'running' ? state : undefined;
      // Of an attempt that goes on for another: of one that was interrupted all, of one that failed the turns of its conversation.
      const before = [...view.paidCalls(task)];
      const made = [...view.toolCalls(task)];
      const book: CallBook = {
        paid: (request) => takePaid(before, request),
        record: async (call, request, reply) =>
          void (await advance({ type: 'called', task, attempt, paid: { call, request, reply }, at: clock.now() })),
        tools: {
          made: (request) => takeToolCall(made, request, repeatUnsafe && !begunHere.has(`${task} ${request}`)),
          record: async (call) => {
            if (repeatUnsafe && call.status === 'begun') begunHere.add(`${task} ${call.request}`);
            await advance({ type: 'tool_called', task, attempt, call, at: clock.now() });
          },
        },
      };
      return { book, ...(going?.woken?.stage === going?.stage && going?.woken && { woken: going.woken }) };
    };

    /** Says that this process lives, and does what was wished from outside. */
    const beat = async (): Promise<void> => {
      if (!(await store.runs.beat(run, options.owner, clock.now()))) {
        throw new StoreFailed('taken_over', `run ${run} is driven by another process now`, '`dagrun runs show` tells how it goes on');
      }
      await readInbox();
    };
    let reading: Promise<void> = Promise.resolve();
    /** One reading after the other, so that a message is taken once. */
    const readInbox = (): Promise<void> => {
      reading = reading.then(async () => {
        for (const posted of await store.inbox.read(run)) {
          if (over) return;
          const task = 'task' in posted.message ? store.view(run).task(posted.message.task) : undefined;
          await report(takeMessage(posted, { run: store.view(run).run, task }, clock.now()));
          await store.inbox.done(run, posted.id);
        }
      });
      return reading;
    };
    const keepBeating = (): void => {
      const cancel = clock.after(millis(HEARTBEAT), () => {
        timers.delete(cancel);
        guard(beat().then(() => (over ? undefined : keepBeating())));
      });
      timers.add(cancel);
    };

    const on = (signal: AbortSignal | undefined, act: () => void): void => {
      if (signal?.aborted) act();
      signal?.addEventListener('abort', act, { once: true });
      cleanUp.push(() => signal?.removeEventListener('abort', act));
    };

    /** A run that only waits is left waiting; any other is asked to come to its end. */
    const drain = async (): Promise<void> => {
      draining = true;
      lookWhetherIdle();
      if (!over) await report({ type: 'cancel', by: 'user', at: clock.now() });
    };

    const start = async (): Promise<void> => {
      await advance(first);
      if (!options.alone) {
        await beat();
        keepBeating();
      }
      begun = true;
      lookWhetherIdle();
      on(options.drain, () => guard(drain()));
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

/** Longer delays overflow setTimeout's 32-bit count of milliseconds, which then fires at once. Source: nodejs.org/api/timers.html. */
const LONGEST_TIMER = 2 ** 31 - 1;
