import { itemKey, type RunId, type TaskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Store, TaskState } from '../contracts/store.ts';
import { roundKey } from './address.ts';
import { errorOf } from './failure-code.ts';
import { outputOf } from './output-of.ts';
import type { PlanIndex } from './plan-index.ts';
import type { Tally } from './tally.ts';

/** Reads settled nodes as templates and expressions see them: `nodes.<id>`. */
export function entryReader(index: PlanIndex, store: Store, tally: Tally, run: RunId): (key: TaskKey) => Promise<JsonObject> {
  return async (key) => {
    const state = await store.task(run, key);
    const { node } = index.at(key);
    const { cost, tier, model } = index.nodes.has(key) ? { ...tally.node(key), cost: tally.node(key).bill.cost } : tally.spent(key);
    const entry: Record<string, Json> = {
      output: outputOf(state),
      status: statusOf(state),
      error: errorIn(state),
      skip_reason: state?.status === 'skipped' ? state.detail : null,
      cost: toDollars(cost),
      tier,
      model,
    };
    if (node.foreach && state?.status !== 'skipped') {
      const fanOut = await store.items(run, key);
      const states = await store.itemStates(run, key, fanOut.items.length);
      const rounds = node.loop ? await Promise.all(states.map((one, at) => roundsOf(itemKey(key, at), one))) : undefined;
      entry.output = states.map(outputOf);
      lazily(entry, 'items', () =>
        states.map((one, at) => ({
          index: at,
          key: fanOut.keys?.[at] ?? itemKey(key, at),
          item: fanOut.items[at] ?? null,
          status: statusOf(one),
          output: outputOf(one),
          error: errorIn(one),
          cost: toDollars(tally.spent(itemKey(key, at)).cost),
          ...waysOf(one, node),
          ...(rounds && { iterations: rounds[at] ?? [] }),
        })),
      );
      return entry;
    }
    Object.assign(entry, waysOf(state, node));
    if (node.loop) entry.iterations = await roundsOf(key, state);
    return entry;
  };

  /** The rounds of a loop that has ended. */
  async function roundsOf(unit: TaskKey, state: TaskState | undefined): Promise<readonly Json[]> {
    const count = state?.status === 'succeeded' ? (state.rounds ?? 0) : 0;
    const { node } = index.at(unit);
    const memory = state?.status === 'succeeded' && isObject(state.memory) ? state.memory : {};
    const found: Json[] = [];
    for (let round = 1; round <= count; round += 1) {
      const key = roundKey(unit, round);
      const one = await store.task(run, key);
      const cost = toDollars(tally.spent(key).cost);
      const output = outputOf(one);
      if (node.loop?.type !== 'evaluate') found.push({ output, status: statusOf(one), cost });
      else {
        const { candidate = null, evaluation = null } = isObject(output) ? output : {};
        const score = isList(memory.scores) ? (memory.scores[round - 1] ?? null) : null;
        found.push({ output: candidate, evaluation, score, status: statusOf(one), cost });
      }
    }
    return found;
  }
}

/** How a node came to its output, where there are several ways. */
function waysOf(state: TaskState | undefined, { loop, stages }: PlanNode): JsonObject {
  const succeeded = state?.status === 'succeeded' ? state : undefined;
  const memory = isObject(succeeded?.memory) ? succeeded.memory : {};
  const route = state && 'route' in state ? state.route : undefined;
  return {
    ...((loop || stages.some((stage) => stage.name === 'escalated')) && { accepted: succeeded?.accepted ?? succeeded !== undefined }),
    ...(loop?.type === 'evaluate' && { score: memory.score ?? null }),
    ...(stages[0].body?.type === 'route' && { route: route ?? null }),
  };
}

function errorIn(state: TaskState | undefined): Json {
  const failure = state && 'failure' in state ? state.failure : state?.status === 'succeeded' ? state.recovered : undefined;
  return failure ? ({ ...errorOf(failure) } as unknown as JsonObject) : null;
}

function statusOf(state: TaskState | undefined): string {
  return state?.status ?? 'cancelled';
}

/** Few workflows look at single items: what they would see is made when they do. */
function lazily(entry: Record<string, Json>, name: string, make: () => readonly Json[]): void {
  let made: readonly Json[] | undefined;
  Object.defineProperty(entry, name, {
    enumerable: true,
    get: () => {
      made ??= make();
      return made;
    },
  });
}
