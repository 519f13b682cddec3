import type { Instant, NodeId, RunId, TaskKey, Usd } from '../base/ids.ts';
import { isList, type Json } from '../base/json.ts';
import type { Answerer, RunEvent, Value } from '../contracts/event.ts';
import type { Command, Decide, InEvent, Opening } from '../contracts/store.ts';
import { chained } from './chained.ts';
import { itemOf, keyOf, type PlanIndex } from './plan-index.ts';

/** What came of a run's nodes and tasks, ready to be said again in another one of the same plan. */
export interface TakeOver {
  readonly openings: ReadonlyMap<TaskKey, Opening>;
  readonly outputs: ReadonlyMap<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>;
  /** What the calls of a task had cost; null when that is not known. */
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

/** Folds a journal into what can be taken over of these nodes: what succeeded, and what was skipped by its own conditions. */
export async function readTakeOver(events: AsyncIterable<RunEvent>, nodes: ReadonlySet<TaskKey>): Promise<TakeOver> {
  const openings = new Map<TaskKey, Opening>();
  const outputs = new Map<TaskKey, Extract<RunEvent, { type: 'attempt.succeeded' }>>();
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
        const before = costs.get(event.task);
        const { cost, provider, model, tier, status } = event.call;
        costs.set(event.task, cost === null || before === null ? null : (((before ?? 0) + cost) as Usd));
        if (status === 'succeeded') answerers.set(event.task, { provider, model, ...(tier && { tier }) });
        break;
      }
      case 'attempt.succeeded':
        if (nodes.has(itemOf(event.task)?.node ?? event.task)) outputs.set(event.task, event);
        break;
      default:
    }
  }
  return { openings, outputs, costs, answerers };
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
  if (command.type !== 'call') return [];
  const { task, attempt } = command;
  const made = taken.outputs.get(task);
  if (!made) return [];
  const { output, contentKey, reused } = made;
  const cost = taken.costs.get(task);
  const by = taken.answerers.get(task);
  return [
    { type: 'started', task, attempt, at },
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
