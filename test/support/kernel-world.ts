import { instant, millis, nanoUsd, runId, type TaskKey, taskKey } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { Failure } from '../../engine/contracts/failure.ts';
import type { Wake } from '../../engine/contracts/node-kind.ts';
import type { Plan } from '../../engine/contracts/plan.ts';
import type { PaidCall } from '../../engine/contracts/provider.ts';
import type { Command, Entry, InEvent, Opening, RunView, TaskState, Turn } from '../../engine/contracts/store.ts';
import { pathOf, roundKey } from '../../engine/run/address.ts';
import { changesOf } from '../../engine/run/fold.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan, type PlanIndex } from '../../engine/run/plan-index.ts';
import { RunMemory } from '../../engine/store/run-memory.ts';
import { type NodeSketch, planOf } from './plan-of.ts';
import { fc } from './properties.ts';

/*
 * A plan of nodes inside nodes, and an outside that answers by itself: the same question always gets the same answer, in whatever
 * order the questions come.
 */

export const RUN: ReturnType<typeof runId> = runId('run_test');
const UNAVAILABLE: Failure = { type: 'unavailable', message: 'no answer' };

/** A model's answer. */
const ANSWERED: PaidCall = {
  call: {
    provider: 'p',
    model: 'm',
    call: 'ask',
    status: 'succeeded',
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    cost: nanoUsd(0),
    baseline: nanoUsd(0),
    latency: millis(0),
    simulated: false,
  },
  request: 'r',
  reply: null,
};

/** How the outside behaves towards one node. */
export interface Behaviour extends NodeSketch {
  readonly count: number;
  readonly window: number;
  readonly maxFailures: number | null;
  /** One item of it goes first. */
  readonly warmsUp: boolean;
  /** A model answers before its work ends. */
  readonly asks: boolean;
  /** How many tries of a task fail before one succeeds; which of these it is, its address says. */
  readonly failures: readonly number[];
  /** Its work waits once, for a time, before it ends. */
  readonly parks: boolean;
  /** Of its loop. */
  readonly rounds: number;
  /** After its last round the loop fails. */
  readonly exhausts: boolean;
  /** A route takes no case sometimes. */
  readonly passes: boolean;
  readonly nodes: readonly Behaviour[];
}

export interface World {
  readonly plan: Plan;
  readonly roots: readonly Behaviour[];
  /** By path. */
  readonly behaviours: ReadonlyMap<string, Behaviour>;
}

type Raw = Omit<Behaviour, 'id' | 'after' | 'anyOf' | 'skips' | 'retry' | 'nodes' | 'body'> & {
  readonly sources: readonly { readonly back: number; readonly optional: boolean }[];
  readonly outer: readonly number[];
  readonly any: boolean;
  readonly skips: boolean | undefined;
  readonly attempts: number;
  readonly body: 'group' | 'route' | undefined;
  readonly inner: readonly Raw[];
};

function raw(depth: number): fc.Arbitrary<Raw> {
  return fc.record({
    sources: fc.array(fc.record({ back: fc.nat(8), optional: fc.boolean() }), { maxLength: 3 }),
    outer: fc.array(fc.nat(5), { maxLength: 2 }),
    any: fc.boolean(),
    skips: fc.constantFrom(undefined, undefined, true, false),
    ifSkipped: fc.boolean(),
    items: fc.constantFrom(false, false, true),
    count: fc.nat(depth > 0 ? 4 : 6),
    window: fc.integer({ min: 1, max: 4 }),
    maxFailures: fc.constantFrom(null, 0, 2),
    warmsUp: fc.boolean(),
    asks: fc.boolean(),
    idempotent: fc.constantFrom(true, true, false),
    failures: fc.array(fc.constantFrom(0, 0, 0, 0, 1, 5), { minLength: 6, maxLength: 6 }),
    attempts: fc.integer({ min: 1, max: 3 }),
    onError: fc.constantFrom(
      { action: 'fail' as const },
      { action: 'fail' as const },
      { action: 'skip' as const },
      { action: 'value' as const, value: '0' },
    ),
    fallback: fc.boolean(),
    parks: fc.constantFrom(false, false, true),
    loop: fc.constantFrom(false, false, true),
    rounds: fc.integer({ min: 1, max: 3 }),
    exhausts: fc.constantFrom(false, false, false, true),
    passes: fc.boolean(),
    body: depth === 0 ? fc.constant(undefined) : fc.constantFrom(undefined, undefined, 'group' as const, 'route' as const),
    inner: depth === 0 ? fc.constant([]) : fc.array(raw(depth - 1), { maxLength: 4 }),
  });
}

export function world(onFailure: 'stop' | 'finish_branches', more: { readonly once?: boolean } = {}): fc.Arbitrary<World> {
  return fc.array(raw(2), { minLength: 1, maxLength: 9 }).map((list) => {
    let count = 0;
    const behaviours = new Map<string, Behaviour>();
    const sketch = (given: readonly Raw[], frame: string, outer: readonly string[], isCase: boolean): readonly Behaviour[] => {
      const ids = given.map(() => `n${count++}`);
      return given.map((one, at): Behaviour => {
        const after = new Map<string, string>();
        for (const which of one.outer) {
          const from = outer[which];
          if (from !== undefined) after.set(from.replace('?', ''), from);
        }
        const around = new Set(after.keys());
        for (const source of isCase ? [] : one.sources) {
          const from = ids[at - 1 - source.back];
          if (from !== undefined) after.set(from, source.optional ? `${from}?` : from);
        }
        const optional = [...after].filter(([id, text]) => text.endsWith('?') && !around.has(id)).map(([id]) => id);
        const id = ids[at]!;
        const path = `${frame}${id}`;
        const isLoop = one.loop === true;
        const body = one.body === 'route' && one.inner.length === 0 ? undefined : one.body;
        const mayRead = [...after.values()].map((text) => (at % 2 === 0 ? text : `${text.replace('?', '')}?`));
        // What stands in for a body or a loop that has failed may be stopped: then all of it is done again.
        const isRepeated = more.once === true && (body !== undefined || isLoop);
        const made: Behaviour = {
          id,
          after: [...after.values()],
          ...(one.any && optional.length > 0 && { anyOf: optional }),
          ...(one.skips !== undefined && !isCase && { skips: one.skips }),
          ifSkipped: one.ifSkipped === true && !isCase,
          items: one.items === true && !isCase,
          onError: isRepeated && one.onError!.action === 'value' ? { action: 'fail' } : one.onError!,
          fallback: one.fallback === true && !isRepeated,
          retry: { maxAttempts: more.once && body !== undefined ? 1 : one.attempts },
          count: one.count,
          window: one.window,
          maxFailures: one.maxFailures,
          warmsUp: one.warmsUp,
          asks: one.asks,
          idempotent: one.idempotent === true || body !== undefined,
          failures: one.failures,
          parks: one.parks,
          loop: isLoop,
          rounds: one.rounds,
          exhausts: one.exhausts,
          passes: one.passes,
          ...(body && { body }),
          nodes: body === undefined ? [] : sketch(one.inner, `${path}/`, mayRead, body === 'route'),
        };
        behaviours.set(path, made);
        return made;
      });
    };
    const roots = sketch(list, '', [], false);
    return { plan: planOf(roots, { onFailure }), roots, behaviours };
  });
}

/** The same, with an outside that works. */
export function healed({ plan, behaviours }: World): World {
  const mended = new Map([...behaviours].map(([path, one]) => [path, { ...one, failures: one.failures.map(() => 0), exhausts: false }]));
  return { plan, roots: [], behaviours: mended };
}

/** A key as its author would say it: whichever try of what is around it. */
export function addressOf(key: string): string {
  return key.replace(/~\d+\.\d+/g, '');
}

/** A small number that is always the same for an address. */
function numberOf(key: string, below: number): number {
  let sum = 7;
  for (const char of addressOf(key)) sum = (sum * 31 + char.charCodeAt(0)) % 65_521;
  return sum % below;
}

export function failuresOf(behaviour: Behaviour, key: string): number {
  return behaviour.failures[numberOf(key, behaviour.failures.length)]!;
}

/** The case of a route that is taken at a key; undefined for none. */
export function caseOf(behaviour: Behaviour, key: string): string | undefined {
  if (behaviour.passes && numberOf(`${key}?`, 3) === 0) return undefined;
  return behaviour.nodes[numberOf(key, behaviour.nodes.length)]!.id;
}

export interface Driving {
  /** In [0, 1): which of what is outstanding comes back next. */
  readonly pick: () => number;
  readonly observe?: (seen: View) => void;
  /** Asked after every step: whether the process dies now, and another one goes on from the journal. */
  readonly dies?: () => boolean;
  /** Asked after every step: whether somebody wants it to stop. */
  readonly stops?: () => boolean;
  /** Goes on with an earlier journal instead of starting. */
  readonly from?: { readonly events: readonly RunEvent[]; readonly event: InEvent };
}

export interface View {
  readonly view: RunMemory;
  readonly events: readonly RunEvent[];
  /** How often each task's work came to its end. */
  readonly ended: ReadonlyMap<string, number>;
}

/** What may come back next; whoever is asked whether something is done again says yes. */
type Outstanding = Command | { readonly type: 'question'; readonly task: TaskKey; readonly attempt: number };

const YES: Wake = { type: 'answered', approved: true, by: 'bob', reason: null, form: null };

function askedIn(event: RunEvent): readonly Outstanding[] {
  return event.type === 'attempt.parked' && event.doubt ? [{ type: 'question', task: event.task, attempt: event.attempt }] : [];
}

/** Drives a run to its end. */
export async function drive({ plan, behaviours }: World, { pick, observe, dies, stops, from }: Driving): Promise<View> {
  const index = indexPlan(plan);
  const decide = createKernel(index);
  const events: RunEvent[] = [...(from?.events ?? [])];
  const failed = new Map<string, number>();
  const count = (some: readonly RunEvent[]): void => {
    for (const event of some) if (event.type === 'attempt.failed') failed.set(event.task, (failed.get(event.task) ?? 0) + 1);
  };
  count(events);
  let memory = replayed(index, events);
  let outstanding: Outstanding[] = [];
  const ended = new Map<string, number>();
  let now = events.at(-1)?.at ?? 0;
  const send = (event: InEvent): void => {
    const advanced = memory.advance(event, decide);
    events.push(...advanced.events);
    count(advanced.events);
    outstanding.push(...advanced.commands, ...advanced.events.flatMap(askedIn));
    observe?.({ view: memory, events, ended });
  };
  const restart = (): void => {
    // All that is left is the journal.
    memory = replayed(index, events);
    outstanding = memory.run.parked.flatMap((task): readonly Outstanding[] => {
      const state = memory.task(task);
      return state?.status === 'parked' && state.doubt ? [{ type: 'question', task, attempt: state.attempt }] : [];
    });
    send({ type: 'resume', tasks: memory.unsettledTasks(), at: instant(now) });
  };
  send(from?.event ?? { type: 'start', inputs: {}, simulated: false, by: 'ada', at: instant(0) });
  for (let steps = 0; outstanding.length > 0; steps += 1) {
    if (steps > 20_000) throw new Error('the run does not come to its end');
    if (stops?.()) send({ type: 'cancel', by: 'ada', at: instant(now) });
    if (dies?.()) {
      restart();
      continue;
    }
    const [command] = outstanding.splice(Math.floor(pick() * outstanding.length), 1);
    now += 1;
    const at = instant(now);
    if (command?.type === 'open') send({ type: 'opened', node: command.node, opening: openingOf(behaviours, command.node, memory), at });
    else if (command?.type === 'enter') {
      const { task, attempt } = command;
      send({ type: 'entered', task, attempt, entry: entryOf(behaviours.get(pathOf(task))!, task), at });
    } else if (command?.type === 'leave') {
      const { task, attempt } = command;
      send({ type: 'done', task, attempt, outcome: { type: 'output', output: { json: task } }, startedAt: at, at, roll: 0.5 });
    } else if (command?.type === 'turn') {
      const { task, round } = command;
      send({ type: 'turned', task, round, turn: turnOf(behaviours.get(pathOf(task))!, task, round, index, memory), at });
    } else if (command?.type === 'timer') send({ type: 'due', task: command.task, attempt: command.attempt, at });
    else if (command?.type === 'question') send({ ...command, type: 'wake', wake: YES, at });
    else if (command?.type === 'outputs') send({ type: 'outputs', outcome: { outputs: {} }, at });
    else if (command?.type === 'call') {
      const { task, attempt, stage } = command;
      send({ type: 'started', task, attempt, at });
      if (dies?.()) {
        restart();
        continue;
      }
      const behaviour = behaviours.get(pathOf(task))!;
      if (behaviour.asks) {
        send({ type: 'called', task, attempt, paid: ANSWERED, at });
        if (dies?.()) {
          restart();
          continue;
        }
      }
      const isValue = stage > (behaviour.fallback ? 1 : 0);
      // What has failed, by the journal: being interrupted is no failure.
      const fails = !isValue && (failed.get(task) ?? 0) < failuresOf(behaviour, task);
      const state = memory.task(task);
      const parks = !fails && behaviour.parks && state?.status === 'running' && !state.woken;
      if (parks) {
        const until = { type: 'timer' as const, at: instant(now + 100) };
        send({ type: 'done', task, attempt, outcome: { type: 'parked', until, memo: now }, startedAt: at, at, roll: 0.5 });
        continue;
      }
      const outcome = fails ? { type: 'failure' as const, failure: UNAVAILABLE } : { type: 'output' as const, output: { json: task } };
      if (memory.task(task)?.status === 'running') ended.set(task, (ended.get(task) ?? 0) + 1);
      send({ type: 'done', task, attempt, outcome, startedAt: at, at, roll: 0.5 });
    }
  }
  return { view: memory, events, ended };
}

/** The state that a journal leads to. */
export function replayed(index: PlanIndex, events: readonly RunEvent[]): RunMemory {
  const memory = new RunMemory(RUN);
  for (const event of events) memory.replay(event, changesOf(index, memory, event, event.at));
  return memory;
}

function openingOf(behaviours: World['behaviours'], node: TaskKey, view: RunView): Opening {
  const behaviour = behaviours.get(pathOf(node))!;
  const state = view.task(node);
  const output = behaviour.ifSkipped ? 'stand-in' : null;
  if (state?.status === 'opening' && state.skip !== undefined) return { type: 'skip', detail: state.skip, operands: {}, output };
  if (behaviour.skips) return { type: 'skip', detail: 'not wanted', operands: {}, output };
  if (!behaviour.items) return { type: 'run' };
  const items = Array.from({ length: behaviour.count }, (_, at) => at);
  const { window, maxFailures, warmsUp } = behaviour;
  return { type: 'expand', items, window, maxFailures, ...(warmsUp && { warmUp: { model: 'anthropic/claude', tokens: 5000 } }) };
}

function entryOf(behaviour: Behaviour, task: TaskKey): Entry {
  if (behaviour.body === 'group') return { type: 'inside' };
  const route = caseOf(behaviour, task);
  return route === undefined ? { type: 'skip', detail: 'no case' } : { type: 'inside', only: [taskKey(route) as never], route };
}

function turnOf(behaviour: Behaviour, unit: TaskKey, round: number, index: PlanIndex, view: RunView): Turn {
  if (round === 0) return { type: 'again', memory: 1 };
  const last = view.task(roundKey(unit, round));
  const end: Turn = { type: 'end', accepted: true, output: { json: `${unit} after ${round}` }, memory: round };
  if (last?.status === 'skipped') return round === 1 ? { type: 'skip', detail: 'its first round' } : end;
  const stage = last?.status === 'succeeded' ? (last.stage ?? 0) : 0;
  if (stage >= index.at(unit).node.stages.length || (stage > 0 && round > behaviour.rounds)) return end;
  if (round < behaviour.rounds) return { type: 'again', memory: round + 1 };
  return behaviour.exhausts ? { type: 'failed', failure: UNAVAILABLE } : end;
}

/** Every task of a run with its state. */
export function tasksOf(view: RunMemory): ReadonlyMap<TaskKey, TaskState> {
  return (view as unknown as { readonly tasks: ReadonlyMap<TaskKey, TaskState> }).tasks;
}
