import { nanoUsd, type TaskKey, type Usd } from './base/ids.ts';
import type { Json } from './base/json.ts';
import { toDollars } from './base/units.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { Tier } from './contracts/provider.ts';
import { findModel, priceOf, suggestedTiers } from './models/catalog.ts';
import { defaultMaxOutput } from './models/worst-case.ts';
import { isSettled, newStory, outputOf, tell } from './observe/run-story.ts';
import type { NodeStory, RunStory, TaskStory } from './observe/story.ts';
import { frameAround, frameOf, nodeKeyOf, taskAround } from './run/address.ts';
import { sourceKey } from './run/plan-index.ts';
import { goesOn } from './run/remembered.ts';

/** What a run had when its process ended. Money in dollars. */
export interface Past {
  readonly startedAt: string | null;
  /** Nodes that succeeded or were skipped, and need not be done again. */
  readonly kept: number;
  readonly nodes: number;
  /** Items of unfinished fan-outs that need not be done again. */
  readonly keptItems: number;
  /** Turns of unfinished conversations that call tools: these go on after them. */
  readonly keptTurns: number;
  readonly paid: number;
  readonly unpricedCalls: number;
  readonly inDoubt: readonly InDoubt[];
}

/** A call that may have been paid for, and has left no answer: it is made again. */
export interface InDoubt {
  readonly task: string;
  /** What it costs at most, as far as that can be told before it is made; null without a price. */
  readonly upTo: number | null;
}

/** Folds the journal of a run, event by event, into what it had. */
export function watchPast(plan: Plan): { add(event: RunEvent): void; past(): Past } {
  const story = newStory(plan);
  return { add: (event) => tell(story, event), past: () => pastOf(story) };
}

function pastOf(story: RunStory): Past {
  const nodes = [...story.nodes.values()];
  const open = nodes.filter((node) => !isSettled(node));
  const inFlight = [...story.all.values()]
    .filter((node) => !isSettled(node))
    .flatMap((node) =>
      [...node.tasks.values()]
        .filter((task) => isInDoubt(task) && isRepeated(node, task) && !holdsOthers(node, task))
        .map((task) => ({ node, task })),
    );
  return {
    startedAt: story.startedAt === null ? null : new Date(story.startedAt).toISOString(),
    kept: nodes.filter(({ status }) => status === 'succeeded' || status === 'skipped').length,
    nodes: nodes.length,
    keptItems: open.reduce(
      (sum, node) =>
        sum +
        [...node.tasks.values()].filter((task) => node.fanOut && !node.node.loop && task.status === 'succeeded').length +
        [...node.loops.values()].filter(({ outcome }) => node.fanOut && (outcome === 'accepted' || outcome === 'exhausted')).length,
      0,
    ),
    keptTurns: [...story.all.values()].reduce(
      (sum, node) => sum + [...node.tasks.values()].reduce((turns, task) => turns + turnsOf(story, task), 0),
      0,
    ),
    paid: toDollars(story.cost),
    unpricedCalls: story.unpricedCalls,
    inDoubt: inFlight.map(({ node, task }) => {
      const most = worstCase(story, node, task);
      return { task: task.task, upTo: most === null ? null : toDollars(most) };
    }),
  };
}

/** The turns of a task's conversation that are gone on from: of those that came to no end, since the last that was begun anew. */
function turnsOf(story: RunStory, { task, status, attempts }: TaskStory): number {
  if (status === 'succeeded' || status === 'skipped' || !isAround(story, task)) return 0;
  return attempts.reduce((turns, { outcome, failure, next, calls }) => {
    if (outcome === 'failed' && next?.type === 'give_up' && failure && !goesOn(failure)) return 0;
    return turns + calls.filter(({ reply }) => reply?.toolCalls).length;
  }, 0);
}

/** False for what was inside of an attempt that another one has followed. */
function isAround(story: RunStory, key: TaskKey): boolean {
  const task = taskAround(key);
  if (task === undefined) return true;
  const last = story.all.get(nodeKeyOf(task))?.tasks.get(task)?.attempts.at(-1);
  return last !== undefined && frameOf(task, last.attempt, last.stage) === frameAround(key) && isAround(story, task);
}

/** True for a try that was making a call of which nothing came back: what came back is in the journal. */
function isInDoubt({ status, attempts }: TaskStory): boolean {
  const last = attempts.at(-1);
  if (status !== 'running' || last?.outcome !== 'running' || last.startedAt === null) return false;
  const chain: typeof attempts = [last];
  for (let at = attempts.length - 2; attempts[at]?.outcome === 'interrupted'; at -= 1) chain.push(attempts[at] as typeof last);
  return !chain.some(({ calls }) => calls.some(({ reply }) => reply !== null));
}

/** What is inside of it is in flight, not the node itself. */
function holdsOthers({ node }: NodeStory, { attempts }: TaskStory): boolean {
  return node.stages[attempts.at(-1)?.stage ?? 0]?.body !== undefined;
}

/** False for what may do harm when it is done twice: about that somebody is asked. */
function isRepeated({ node }: NodeStory, { attempts }: TaskStory): boolean {
  return node.stages[attempts.at(-1)?.stage ?? 0]?.idempotent !== false;
}

/** Fewer characters than this stand in one token of ordinary text. */
const CHARACTERS_PER_TOKEN = 3;

/** A prompt of all it may read, and the longest answer. Files that are attached are not in it: they have not been read yet. */
function worstCase(story: RunStory, node: NodeStory, task: TaskStory): Usd | null {
  const spec = node.node.stages[task.attempts.at(-1)?.stage ?? 0]?.spec;
  if (spec === undefined || spec.prompt === undefined) return nanoUsd(0);
  const name = modelOf(story, spec);
  const info = name === undefined ? undefined : findModel(name);
  const before = [...node.tasks.values()].flatMap(({ attempts }) =>
    attempts.flatMap(({ calls }) => calls.map(({ call }) => call.usage.input)),
  );
  const reads = node.node.after
    .map((edge) => story.all.get(sourceKey(story.index, node.key, edge)))
    .map((source) => (source ? outputOf(source) : undefined));
  const texts: readonly Json[] = [spec, story.inputs, ...reads.map((value) => (value && 'json' in value ? value.json : null))];
  const estimate = texts.reduce<number>((sum, value) => sum + JSON.stringify(value).length, 0) / CHARACTERS_PER_TOKEN;
  const input = Math.ceil(before.length > 0 ? Math.max(...before) : estimate);
  const output = typeof spec.max_tokens === 'number' ? spec.max_tokens : defaultMaxOutput(info);
  return priceOf(info, { input, output, cacheRead: 0, cacheWrite: 0 });
}

/** The model that is asked first, `provider/model`. */
function modelOf(story: RunStory, spec: { readonly [key: string]: Json }): string | undefined {
  if (typeof spec.model === 'string') return spec.model;
  const tier = (typeof spec.tier === 'string' ? spec.tier : 'capable') as Tier;
  return (story.tiers ?? { ...suggestedTiers, ...story.plan.tiers })[tier][0];
}
