import { invariant } from '../base/assert.ts';
import type { TaskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { TaskState, Turn } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { roundKey } from './address.ts';
import type { CompiledLoop, CompiledNode } from './compile-node.ts';
import { failed, inField } from './in-field.ts';
import { outputOf } from './output-of.ts';
import type { Scopes } from './scope.ts';

/** Where in a run a loop is, after its round (0: before the first). */
export interface LoopPlace {
  readonly unit: TaskKey;
  readonly round: number;
  readonly node: CompiledNode;
  readonly scopes: Scopes;
  state(key: TaskKey): TaskState | undefined;
}

/** What follows a round of a loop. Throws Failed. */
export function turnLoop(place: LoopPlace): Turn {
  const { unit, round, node, scopes, state } = place;
  const { loop } = node;
  invariant(loop, `${unit} has no loop`);
  if (round === 0) return begin(loop, scopes.ofTask(unit));
  const key = roundKey(unit, round);
  const last = state(key);
  const looping = state(unit);
  const memory = looping?.status === 'looping' && isObject(looping.memory) ? looping.memory : {};
  // A round that is skipped ends the loop early, with what the round before gave.
  if (last?.status === 'skipped') {
    if (round === 1) return { type: 'skip', detail: last.detail };
    return end(place, loop, memory, round - 1, false);
  }
  const stage = last?.status === 'succeeded' ? (last.stage ?? 0) : 0;
  const stages = node.node.stages.length;
  // What stands in for the node's own work is not worked on any further.
  const isOver = !(round <= Number(memory.max));
  if (stage >= stages || (stage > 0 && (loop.loop.type === 'evaluate' || isOver))) {
    const rounds = loop.loop.type === 'evaluate' || isOver ? round - 1 : round;
    return { type: 'end', accepted: false, output: { json: outputOf(last) }, memory, rounds };
  }
  return loop.loop.type === 'evaluate' ? judged(place, loop, memory) : repeated(place, loop, memory, key, outputOf(last));
}

function begin(loop: CompiledLoop, scope: Scope): Turn {
  const field = loop.loop.type === 'evaluate' ? 'evaluate.max_iterations' : loop.until === undefined ? 'repeat.times' : 'repeat.max';
  const max = Math.floor(Number(inField(field, () => loop.max(scope))));
  if (!(max >= 1)) throw failed(field, `\`${field}\` gives ${max}; it must be 1 or more`);
  if (loop.loop.type === 'evaluate') return { type: 'again', memory: { max, scores: [], best: null, since: 0 } };
  return { type: 'again', memory: { max, carry: evaluateAll(loop.first, 'first', scope) } };
}

function repeated(place: LoopPlace, loop: CompiledLoop, memory: JsonObject, key: TaskKey, output: Json): Turn {
  invariant(loop.loop.type === 'repeat', 'a loop is an evaluate or a repeat');
  const { round, scopes } = place;
  const scope = { ...scopes.ofInside(key), output };
  const last = place.state(key);
  const carry = last?.status === 'succeeded' && last.carried ? last.carried : (memory.carry ?? {});
  const next = { ...memory, carry };
  const { onExhausted } = loop.loop;
  const { until } = loop;
  const holds = until ? inField('repeat.until', () => until(afterRound(place.node, scope, carry as JsonObject))) : false;
  if (typeof holds !== 'boolean') throw failed('repeat.until', `\`until\` gives ${JSON.stringify(holds)}, not true or false`);
  if (holds) return end(place, loop, next, round, true);
  if (round < Number(memory.max)) return { type: 'again', memory: next };
  if (!until) return end(place, loop, next, round, true);
  return onExhausted === 'fail' ? exhausted(`\`until\` does not hold after ${rounds(round)}`, next) : end(place, loop, next, round, false);
}

function judged(place: LoopPlace, loop: CompiledLoop, memory: JsonObject): Turn {
  invariant(loop.loop.type === 'evaluate' && loop.acceptIf, 'a loop is an evaluate or a repeat');
  const { unit, round, scopes, state } = place;
  const key = roundKey(unit, round);
  const given = outputOf(state(key));
  const scope = { ...scopes.ofTask(key), ...(isObject(given) ? given : {}) };
  const { acceptIf, score: scoreOf } = loop;
  const accepted = inField('evaluate.accept_if', () => acceptIf(scope));
  if (typeof accepted !== 'boolean')
    throw failed('evaluate.accept_if', `\`accept_if\` gives ${JSON.stringify(accepted)}, not true or false`);
  const evaluation = isObject(given) && isObject(given.evaluation ?? null) ? (given.evaluation as JsonObject) : {};
  const score = scoreOf ? inField('evaluate.score', () => scoreOf(scope)) : (evaluation.score ?? null);
  const scores = [...(isList(memory.scores) ? memory.scores : []), typeof score === 'number' ? score : null];
  const before = isObject(memory.best ?? null) ? (memory.best as JsonObject) : undefined;
  // Without scores the later one counts as the better one; of equal scores the earlier one stays.
  const better = !before || typeof score !== 'number' || typeof before.score !== 'number' || score > before.score;
  const best = better ? { round, score: typeof score === 'number' ? score : null } : (before as JsonObject);
  const since = better ? 0 : Number(memory.since ?? 0) + 1;
  const next = { ...memory, scores, best, since };
  if (accepted) return end(place, loop, next, round, true);
  const stuck = loop.stuck ? Number(inField('evaluate.stop_when_stuck', () => loop.stuck?.(scope) ?? 0)) : Number.POSITIVE_INFINITY;
  const isStuck = since >= stuck;
  if (round < Number(memory.max) && !isStuck) return { type: 'again', memory: next };
  if (loop.loop.onExhausted === 'fail') {
    return exhausted(isStuck ? `no better candidate in ${rounds(since)}` : `no candidate was accepted in ${rounds(round)}`, next);
  }
  return end(place, loop, next, loop.loop.keep === 'best' ? Number(best.round) : round, false);
}

/** The loop ends with what a round gave. */
function end(place: LoopPlace, loop: CompiledLoop, memory: JsonObject, kept: number, accepted: boolean): Turn {
  const { unit, node, scopes, state } = place;
  const key = roundKey(unit, kept);
  const given = outputOf(state(key));
  if (loop.loop.type === 'repeat') return { type: 'end', accepted, output: { json: given }, memory };
  const { candidate = null } = isObject(given) ? given : {};
  const { result } = node;
  const scope = result ? { ...scopes.ofTask(key), output: candidate } : {};
  const output = result ? inField('result', () => result(scope)) : candidate;
  const score = isList(memory.scores) ? (memory.scores[kept - 1] ?? null) : null;
  return { type: 'end', accepted, output: { json: output }, memory: { ...memory, kept, score } };
}

function exhausted(message: string, memory: JsonObject): Turn {
  return { type: 'failed', failure: { type: 'not_accepted', message }, memory };
}

function rounds(count: number): string {
  return count === 1 ? '1 round' : `${count} rounds`;
}

/** What is seen after a round: what it hands on is there already. */
export function afterRound({ loop }: CompiledNode, scope: Scope, carry: JsonObject): Scope {
  const as = loop?.loop.type === 'repeat' ? loop.loop.as : undefined;
  const named = as === undefined ? null : ((scope as JsonObject)[as] ?? null);
  return { ...scope, carry, ...(as !== undefined && isObject(named) && { [as]: { ...named, carry } }) };
}

/** What goes into the next round: each value made from those of this one. Throws Failed. */
export function fold(loop: CompiledLoop, scope: Scope): JsonObject {
  return evaluateAll(loop.next, 'next', scope);
}

function evaluateAll(all: CompiledLoop['first'], which: 'first' | 'next', scope: Scope): JsonObject {
  const values: Record<string, Json> = {};
  for (const [name, evaluate] of Object.entries(all)) values[name] = inField(`repeat.carry.${name}.${which}`, () => evaluate(scope));
  return values;
}
