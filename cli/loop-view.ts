import { type TaskKey, unitOf } from '../engine/index.ts';
import type { LoopView } from './node-view.ts';
import type { RunView } from './run-view.ts';
import { plannedAt } from './whose-event.ts';

/** A loop before its first round. */
export function loopBefore(view: RunView, task: TaskKey): LoopView {
  const max = boundIn(view, plannedAt(view, unitOf(task))?.node.loop?.max);
  return { rounds: 0, max, accepted: undefined, score: undefined, scores: [] };
}

/** A bound as a number: as it was written, or as the input that it names says. */
export function boundIn({ inputs }: RunView, bound: unknown): number | undefined {
  const [, input] = typeof bound === 'string' ? (/^inputs\.(\w+)$/.exec(bound) ?? []) : [];
  const value = input === undefined ? bound : inputs[input];
  return typeof value === 'number' ? value : undefined;
}

/** Whether what comes is no round of the loop, but stands in for one that came to its last: by its `on_error`. */
export function standsIn({ round, memory }: { readonly round: number; readonly memory: unknown }): boolean {
  const max = (memory as { readonly max?: unknown } | null)?.max;
  return typeof max === 'number' && round > max;
}

/** What the rounds that are over scored, by the memory of a loop. */
export function scoresIn(memory: unknown): readonly number[] {
  const scores = (memory as { readonly scores?: unknown } | null)?.scores;
  return Array.isArray(scores) ? scores.filter((score): score is number => typeof score === 'number') : [];
}

/** What the candidate that is kept scored; undefined where nothing is scored. */
export function scoreIn(memory: unknown): number | undefined {
  const score = (memory as { readonly score?: unknown } | null)?.score;
  return typeof score === 'number' ? score : undefined;
}
