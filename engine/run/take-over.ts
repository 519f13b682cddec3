import type { Instant, NodeId, RunId, TaskKey, Usd } from '../base/ids.ts';
import { isList, type Json } from '../base/json.ts';
import type { Answerer, RunEvent, Value } from '../contracts/event.ts';
import type { Command, Decide, Entry, InEvent, Opening, Turn } from '../contracts/store.ts';
import { keysAround, nodeKeyOf } from './address.ts';
import { chained } from './chained.ts';
import { keyOf, type PlanIndex } from './plan-index.ts';

/** What came of a run's nodes and tasks, ready to be said again in another one of the same plan. */
export interface TakeOver {
  readonly openings: ReadonlyMap<TaskKey, Opening>;
  readonly outputs: ReadonlyMap<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>;
  /** How the attempts at nodes that hold others began: the case of a route, the inputs of a sub-workflow; those at which nothing was done. */
  readonly entries: ReadonlyMap<TaskKey, Entry>;
  /** What followed each round of a loop, from round 0. */
  readonly turns: ReadonlyMap<TaskKey, readonly Turn[]>;
  /** What the calls of a task, and of all that is inside of it, had cost; null when that is not known. */
  readonly costs: ReadonlyMap<TaskKey, Usd | null>;
  /** The model that answered last. */
  readonly answerers: ReadonlyMap<TaskKey, Answerer>;
}

/** The nodes that do not follow from `at`. */
export function nodesBeside(index: PlanIndex, at: NodeId): ReadonlySet<TaskKey> {
  const beside = new Set(index.nodes.keys());
  const left = [keyOf(at)];
  for (let key = left.pop(); key !== undefined; key = left.pop()) {
    if (!beside.delete(key)) continue;
    for (const dependent of index.nodes.get(key)?.dependents ?? []) left.push(dependent.key);
  }
  return beside;
}

/**
 * Folds a journal into what can be taken over of these outermost nodes: what succeeded, and what was skipped by its own conditions. Of one
 * that holds others the outcome is taken over, and not what is inside of it.
 */
export async function readTakeOver(events: AsyncIterable<RunEvent>, nodes: ReadonlySet<TaskKey>): Promise<TakeOver> {
  const openings = new Map<TaskKey, Opening>();
  const outputs = new Map<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>();
  const entries = new Map<TaskKey, Entry>();
  const turns = new Map<TaskKey, Turn[]>();
  const turn = (unit: TaskKey, next: Turn): void => void turns.set(unit, [...(turns.get(unit) ?? []), next]);
  const costs = new Map<TaskKey, Usd | null>();
  const answerers = new Map<TaskKey, Answerer>();
  for await (const event of events) {
    switch (event.type) {
      case 'node.opened':
        if (nodes.has(event.node)) openings.set(event.node, { type: 'run', operands: event.operands });
        break;
      case 'node.expanded': {
        if (!nodes.has(event.node)) break;
        const { window, maxFailures, keys } = event;
        openings.set(event.node, { type: 'expand', items: listIn(event.items), window, maxFailures, ...(keys && { keys }) });
        break;
      }
      case 'node.skipped':
        // One that had failed is tried again.
        if (nodes.has(event.node) && event.reason !== 'failed') {
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
      case 'attempt.succeeded':
        if (nodes.has(nodeKeyOf(event.task))) outputs.set(event.task, event);
        break;
      case 'attempt.entered': {
        const { task, route, operands, inputs } = event;
        if (!nodes.has(nodeKeyOf(task))) break;
        entries.set(task, {
          type: 'inside',
          only: [],
          ...(route !== undefined && { route }),
          ...(operands && { operands }),
          ...(inputs && { inputs }),
        });
        break;
      }
      case 'attempt.skipped': {
        const { task, detail, route, operands, failure } = event;
        if (!nodes.has(nodeKeyOf(task)) || failure) break;
        entries.set(task, { type: 'skip', detail, ...(route !== undefined && { route }), ...(operands && { operands }) });
        break;
      }
      case 'loop.turned':
        if (nodes.has(nodeKeyOf(event.task))) turn(event.task, { type: 'again', memory: event.memory });
        break;
      case 'loop.ended': {
        const { task, accepted, output, memory } = event;
        if (nodes.has(nodeKeyOf(task))) turn(task, { type: 'end', accepted, output, memory });
        break;
      }
      case 'loop.skipped':
        if (nodes.has(nodeKeyOf(event.task))) turn(event.task, { type: 'skip', detail: event.detail });
        break;
      default:
    }
  }
  return { openings, outputs, entries, turns, costs, answerers };
}

/**
 * How a run starts that begins with what another one has: everything taken over is settled in its first step, and what is
 * left is handed to whoever goes on with the run.
 */
export function startWith(index: PlanIndex, from: RunId, taken: TakeOver, at: Instant): Decide {
  return chained(index, [], (command) => answerOf(command, from, taken, at));
}

function answerOf(command: Command, from: RunId, taken: TakeOver, at: Instant): readonly InEvent[] {
  if (command.type === 'open') {
    const opening = taken.openings.get(command.node) ?? (taken.outputs.has(command.node) ? ({ type: 'run' } as const) : undefined);
    return opening ? [{ type: 'opened', node: command.node, opening, at }] : [];
  }
  if (command.type === 'turn') {
    const { task, round } = command;
    const turn = taken.turns.get(task)?.[round];
    return turn ? [{ type: 'turned', task, round, turn, at }] : [];
  }
  if (command.type === 'enter') {
    const { task, attempt } = command;
    const entry = taken.entries.get(task);
    // One that was begun, and came to nothing, begins anew.
    return entry && (entry.type === 'skip' || taken.outputs.has(task)) ? [{ type: 'entered', task, attempt, entry, at }] : [];
  }
  if (command.type !== 'call' && command.type !== 'leave') return [];
  const { task, attempt } = command;
  const made = taken.outputs.get(task);
  if (!made) return [];
  const { output, contentKey, reused } = made;
  const cost = taken.costs.get(task);
  const by = taken.answerers.get(task);
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
        // It was the highest tier's, and not good enough: so it is again.
        ...(made.accepted === false && { unsatisfied: 'the answer that was taken over is not good enough' }),
        ...(contentKey !== undefined && { contentKey }),
        reused: reused ?? { from: 'run', run: from, task, saved: cost === undefined ? (0 as Usd) : cost, ...(by && { by }) },
      },
    },
  ];
}

function listIn(value: Value): readonly Json[] {
  const json = 'json' in value ? value.json : undefined;
  return isList(json) ? json : [];
}
