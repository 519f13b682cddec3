import type { Instant, RunId, TaskKey, Usd } from '../base/ids.ts';
import { isList, type Json } from '../base/json.ts';
import type { Answerer, RunEvent, Value } from '../contracts/event.ts';
import type { Command, Decide, Entry, InEvent, Opening, Turn } from '../contracts/store.ts';
import { frameAround, frameOf, keysAround, roundOf, taskOfFrame } from './address.ts';
import { chained } from './chained.ts';
import { type DoneAgain, isDoneAgain } from './done-again.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';

/** What came of the nodes and tasks of a run, by their keys there. */
export interface PastTasks {
  readonly openings: ReadonlyMap<TaskKey, Opening>;
  readonly outputs: ReadonlyMap<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>;
  /** How the last attempts at nodes that hold others began: the case of a route, the inputs of a sub-workflow; those at which nothing was done. */
  readonly entries: ReadonlyMap<TaskKey, { readonly entry: Entry; readonly attempt: number; readonly stage: number }>;
  /** What followed each round of a loop, from round 0. */
  readonly turns: ReadonlyMap<TaskKey, readonly Turn[]>;
  /** What the calls of a task, and of all that is inside of it, had cost; null when that is not known. */
  readonly costs: ReadonlyMap<TaskKey, Usd | null>;
  /** The model that answered last. */
  readonly answerers: ReadonlyMap<TaskKey, Answerer>;
}

/** Folds a journal into what can be taken over from it: what succeeded, and what was skipped by its own conditions. */
export async function readPastTasks(index: PlanIndex, events: AsyncIterable<RunEvent>): Promise<PastTasks> {
  const openings = new Map<TaskKey, Opening>();
  const outputs = new Map<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>();
  const entries = new Map<TaskKey, { entry: Entry; attempt: number; stage: number }>();
  const stages = new Map<TaskKey, number>();
  const turns = new Map<TaskKey, Turn[]>();
  /** What followed a round; without one, the last. A loop that began anew has forgotten what followed the later ones. */
  const turn = (unit: TaskKey, next: Turn, round?: number): void => {
    const before = turns.get(unit) ?? [];
    turns.set(unit, [...before.slice(0, round), next]);
  };
  const costs = new Map<TaskKey, Usd | null>();
  const answerers = new Map<TaskKey, Answerer>();
  for await (const event of events) {
    switch (event.type) {
      case 'node.opened':
        openings.set(event.node, { type: 'run', operands: event.operands });
        break;
      case 'node.expanded': {
        const { window, maxFailures, keys } = event;
        openings.set(event.node, { type: 'expand', items: listIn(event.items), window, maxFailures, ...(keys && { keys }) });
        break;
      }
      case 'node.skipped':
        // One that had failed is tried again.
        if (event.reason !== 'failed') {
          const { detail, operands = {}, output } = event;
          openings.set(event.node, { type: 'skip', detail, operands, output });
        }
        break;
      case 'model.called': {
        const { cost, provider, model, tier, status } = event.call;
        for (const key of keysAround(event.task)) {
          const before = costs.get(key);
          costs.set(key, cost === null || before === null ? null : (((before ?? 0) + cost) as Usd));
          if (status === 'succeeded') answerers.set(key, { provider, model, ...(tier && { tier }) });
        }
        break;
      }
      case 'attempt.scheduled':
        if (index.at(event.task).bodies[event.stage]) stages.set(event.task, event.stage);
        break;
      case 'attempt.succeeded':
        outputs.set(event.task, event);
        break;
      case 'attempt.entered': {
        const { task, attempt, only, route, operands, inputs } = event;
        const entry: Entry = {
          type: 'inside',
          ...(only && { only }),
          ...(route !== undefined && { route }),
          ...(operands && { operands }),
          ...(inputs && { inputs }),
        };
        entries.set(task, { entry, attempt, stage: stages.get(task) ?? 0 });
        break;
      }
      case 'attempt.skipped': {
        const { task, attempt, detail, route, operands, failure } = event;
        if (failure) break;
        const entry: Entry = { type: 'skip', detail, ...(route !== undefined && { route }), ...(operands && { operands }) };
        entries.set(task, { entry, attempt, stage: 0 });
        break;
      }
      case 'loop.turned':
        turn(event.task, { type: 'again', memory: event.memory }, event.round - 1);
        break;
      case 'loop.ended': {
        const { task, accepted, output, memory, rounds } = event;
        turn(task, { type: 'end', accepted, output, memory, rounds });
        break;
      }
      case 'loop.skipped':
        turn(event.task, { type: 'skip', detail: event.detail });
        break;
      default:
    }
  }
  return { openings, outputs, entries, turns, costs, answerers };
}

/** A run that begins with what another one of the same plan has. */
export interface TakeOver {
  /** Everything taken over is settled in its first step, and what is left is handed to whoever goes on with the run. */
  readonly decide: Decide;
  /** The nodes of which something was taken over, once it was decided. */
  readonly taken: ReadonlySet<IndexedNode>;
}

/**
 * How a run starts that has all of another one but what is done again. Bodies are entered as they were, and what is inside of them is
 * taken over task by task; of a loop in which something is done again only the first round is as it was.
 */
export function startWith(index: PlanIndex, from: RunId, past: PastTasks, again: DoneAgain, at: Instant): TakeOver {
  const taken = new Set<IndexedNode>();
  const holding = new Set<IndexedNode>();
  for (const node of again) for (let around = node.parent; around; around = around.parent) holding.add(around);
  const twins = twinsIn(index, past, holding);
  const answer = (command: Command): readonly InEvent[] => {
    const key = command.type === 'open' ? command.node : 'task' in command ? command.task : undefined;
    const old = key === undefined || isDoneAgain(index, again, key) ? undefined : twins(key);
    if (key === undefined || old === undefined) return [];
    const answered = answerOf(command, { from, past, old, isHolding: holding.has(index.at(key)), at });
    if (answered.length > 0) taken.add(index.at(key));
    return answered;
  };
  return { decide: chained(index, [], answer), taken };
}

/** Finds the key that a task of the new run had in the old one; undefined for what is not as it was. */
function twinsIn(index: PlanIndex, { entries }: PastTasks, holding: ReadonlySet<IndexedNode>): (key: TaskKey) => TaskKey | undefined {
  const frames = new Map<string, string | undefined>([['', '']]);
  const frameOfTwin = (frame: string): string | undefined => {
    if (frames.has(frame)) return frames.get(frame);
    const task = taskOfFrame(frame);
    const old = task && frame === frameOf(task, 1, 0) ? twin(task) : undefined;
    const entered = old && entries.get(old);
    const found = old && entered?.stage === 0 ? frameOf(old, entered.attempt, 0) : undefined;
    frames.set(frame, found);
    return found;
  };
  const twin = (key: TaskKey): TaskKey | undefined => {
    // What is done again in one round may change all that come after.
    if ((roundOf(key)?.round ?? 1) > 1 && holding.has(index.at(key))) return undefined;
    const frame = frameAround(key);
    const around = frameOfTwin(frame);
    return around === undefined ? undefined : ((around + key.slice(frame.length)) as TaskKey);
  };
  return twin;
}

interface Answering {
  readonly from: RunId;
  readonly past: PastTasks;
  /** The key in the old run. */
  readonly old: TaskKey;
  /** Something inside of it is done again. */
  readonly isHolding: boolean;
  readonly at: Instant;
}

function answerOf(command: Command, { from, past, old, isHolding, at }: Answering): readonly InEvent[] {
  const made = past.outputs.get(old);
  const entered = past.entries.get(old);
  switch (command.type) {
    case 'open': {
      const opening = past.openings.get(old) ?? (made ? ({ type: 'run' } as const) : undefined);
      return opening ? [{ type: 'opened', node: command.node, opening, at }] : [];
    }
    case 'turn': {
      const { task, round } = command;
      const turn = isHolding && round > 0 ? undefined : past.turns.get(old)?.[round];
      return turn ? [{ type: 'turned', task, round, turn, at }] : [];
    }
    case 'enter': {
      const { task, attempt } = command;
      const isAsItWas = entered?.stage === 0 && (entered.entry.type === 'skip' || !made || made.attempt === entered.attempt);
      // Something else gave its output in the end: that is taken over, and nothing of what is inside.
      const instead: Entry | undefined = made && !isHolding ? { type: 'inside', only: [] } : undefined;
      const entry = isAsItWas ? entered.entry : instead;
      return entry ? [{ type: 'entered', task, attempt, entry, at }] : [];
    }
    case 'call':
    case 'leave': {
      if (!made || isHolding) return [];
      const { task, attempt } = command;
      const { output, contentKey, reused, recovered, carried, accepted, votes } = made;
      const cost = past.costs.get(old);
      const by = past.answerers.get(old);
      // What is inside of it counts for itself.
      const isWhole = command.type === 'call' || !(entered?.stage === 0 && made.attempt === entered.attempt);
      return [
        ...(command.type === 'call' ? [{ type: 'started' as const, task, attempt, at }] : []),
        {
          type: 'done',
          task,
          attempt,
          startedAt: at,
          at,
          roll: 0,
          outcome: {
            type: 'output',
            output,
            ...(accepted === false && { unsatisfied: 'the answer that was taken over is not good enough' }),
            ...(contentKey !== undefined && { contentKey }),
            ...(recovered && { recovered }),
            ...(carried && { carried }),
            ...(votes && { votes }),
            ...(isWhole && {
              reused: reused ?? { from: 'run', run: from, task: old, saved: cost === undefined ? (0 as Usd) : cost, ...(by && { by }) },
            }),
          },
        },
      ];
    }
    default:
      return [];
  }
}

function listIn(value: Value): readonly Json[] {
  const json = 'json' in value ? value.json : undefined;
  return isList(json) ? json : [];
}
