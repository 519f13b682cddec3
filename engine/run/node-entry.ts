import { itemKey, nanoUsd, type RunId, type TaskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Store, TaskState } from '../contracts/store.ts';
import { frameOf, keyIn, roundKey } from './address.ts';
import { errorOf } from './failure-code.ts';
import { outputOf } from './output-of.ts';
import type { PlanIndex } from './plan-index.ts';
import type { Tally } from './tally.ts';

/** Reads settled nodes as templates and expressions see them: `nodes.<id>`. */
export function entryReader(index: PlanIndex, store: Store, tally: Tally, run: RunId): (key: TaskKey) => JsonObject {
  return (key) => {
    const state = store.view(run).task(key);
    const { node } = index.at(key);
    const { by } = tally.spent(key);
    const entry: Record<string, Json> = {
      output: outputOf(state),
      status: statusOf(state),
      error: errorIn(state),
      skip_reason: state?.status === 'skipped' ? state.detail : null,
      cost: costOf(key),
      tier: by?.tier ?? null,
      model: by?.model ?? null,
    };
    if (node.foreach && state?.status !== 'skipped') {
      const fanOut = store.view(run).items(key);
      const states = store.view(run).itemStates(key, fanOut.items.length);
      entry.output = states.map(outputOf);
      lazily(entry, 'items', () =>
        states.map((one, at) => ({
          index: at,
          key: fanOut.keys?.[at] ?? itemKey(key, at),
          item: fanOut.items[at] ?? null,
          status: statusOf(one),
          output: outputOf(one),
          error: errorIn(one),
          cost: costOf(itemKey(key, at)),
          ...waysAt(itemKey(key, at), one),
        })),
      );
      return entry;
    }
    return Object.assign(entry, waysAt(key, state));
  };

  /** What something has cost, in dollars, whichever run paid for it. */
  function costOf(key: TaskKey): number {
    const { cost, saved } = tally.spent(key);
    return toDollars(nanoUsd(cost + saved));
  }

  /** How a node or an item came to its output, where there are several ways. */
  function waysAt(unit: TaskKey, state: TaskState | undefined): JsonObject {
    const { node } = index.at(unit);
    if (node.loop === undefined) return { ...waysOf(state, node), ...partAt(unit, state) };
    const own = { ...waysOf(state, node), iterations: roundsOf(unit, state) };
    if (node.loop.type === 'evaluate') return own;
    // What the last round took and scored is what the node did; whether its rounds were enough, and which there were, it says itself.
    const count = state?.status === 'succeeded' ? (state.rounds ?? 1) : 0;
    let last = roundKey(unit, Math.max(count, 1));
    let round = count > 0 ? store.view(run).task(last) : undefined;
    // One that was skipped has ended them; the output is that of the one before.
    if (round?.status === 'skipped' && count > 1) {
      last = roundKey(unit, count - 1);
      round = store.view(run).task(last);
    }
    const route = round && 'route' in round && round.route !== undefined ? { route: round.route } : {};
    return { ...partAt(last, round), ...own, ...route };
  }

  /** The same of what is done inside: by the case that was taken, or by a loop that another tier, or rounds of its own, stand around. */
  function partAt(unit: TaskKey, state: TaskState | undefined): JsonObject {
    const { body } = index.at(unit).node.stages[0];
    if (body?.type !== 'single' && body?.type !== 'route') return {};
    const done = state?.status === 'succeeded' && state.inside !== undefined ? state : undefined;
    // What has not come to its end took no case to speak of: every case has what may be read.
    const only = body.nodes.find(({ id }) => id === done?.route) ?? body.nodes[0];
    if (only === undefined) return {};
    const inner = keyIn(frameOf(unit, done?.inside ?? 1, done?.stage ?? 0), only.id);
    const { route: _, ...ways } = waysAt(inner, done && store.view(run).task(inner));
    return ways;
  }

  /** The rounds of a loop that has ended. */
  function roundsOf(unit: TaskKey, state: TaskState | undefined): readonly Json[] {
    const count = state?.status === 'succeeded' ? (state.rounds ?? 0) : 0;
    const { node } = index.at(unit);
    const memory = state?.status === 'succeeded' && isObject(state.memory) ? state.memory : {};
    const found: Json[] = [];
    for (let round = 1; round <= count; round += 1) {
      const key = roundKey(unit, round);
      const one = store.view(run).task(key);
      const cost = costOf(key);
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
