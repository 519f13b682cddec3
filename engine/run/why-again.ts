import type { RunId, TaskKey } from '../base/ids.ts';
import { itemKey, taskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { PlanNode, Stage } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { FanOutItems, Store, TaskState } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { compileSpec, fieldsOf } from '../lang/notation.ts';
import { referencesInSource, referencesInTemplate } from '../lang/references.ts';
import { scopeNames } from '../lang/scope-names.ts';
import { parseTemplate } from '../lang/template.ts';
import { frameAround, itemOf, nodeKeyOf, pathOf, roundKey, roundOf, stageOfFrame, taskOfFrame, unitOf } from './address.ts';
import { type DoneAgain, isDoneAgain } from './done-again.ts';
import { type FirstDifference, firstDifference } from './first-difference.ts';
import type { PastRun } from './past-run.ts';
import type { IndexedNode } from './plan-index.ts';
import { valueAt } from './value-at.ts';

/** The first thing found that is not as it was, the weightiest first. */
export type Difference =
  | { readonly type: 'refreshed' }
  /** Its kind is always done again. */
  | { readonly type: 'never_reused'; readonly kind: string }
  | { readonly type: 'kind'; readonly before: string; readonly after: string }
  /** There was no such node there. */
  | { readonly type: 'new_node' }
  /** The list had no such item. */
  | { readonly type: 'new_item' }
  /** The loop had only so many rounds. */
  | { readonly type: 'new_round'; readonly before: number }
  /** What it is inside of did not come to it. */
  | { readonly type: 'not_begun' }
  | { readonly type: 'not_succeeded'; readonly status: string }
  /** A field reads otherwise: because its text was changed, or because `reads` has another value. */
  | ({ readonly type: 'field'; readonly field: string; readonly reads?: string } & FirstDifference)
  | ({ readonly type: 'output' | 'check' | 'result' | 'escalate.when' } & FirstDifference)
  /** A value that its checks, its `result` or its `escalate.when` read. */
  | ({ readonly type: 'value'; readonly reads: string } & FirstDifference)
  | { readonly type: 'models'; readonly before: readonly string[]; readonly after: readonly string[] }
  /** Everything that is kept of it is as it was: a file it attaches has changed, or dagrun itself. */
  | { readonly type: 'file'; readonly files: readonly string[] }
  | { readonly type: 'code' };

/** Two runs, of which the second went on from the first. */
export interface Sides {
  readonly store: Store;
  readonly before: PastRun;
  readonly after: PastRun;
  /** Places that were to be done again, and all nodes for which that holds. */
  readonly named: ReadonlySet<string>;
  readonly again: DoneAgain;
  readonly kinds: ReadonlyMap<string, NodeKind>;
}

/** Why a task of the second run, which holds no others, was done again. */
export function whyAgain(sides: Sides, task: TaskKey): Difference {
  const { before, after, kinds, named, again } = sides;
  const indexed = after.index.at(task);
  for (let at: IndexedNode | undefined = indexed; at; at = at.parent) if (named.has(at.place)) return { type: 'refreshed' };
  const old = before.index.find(pathOf(nodeKeyOf(task)));
  if (!old) return { type: 'new_node' };
  const [stage, oldStage] = [ownStage(indexed.node), ownStage(old.node)];
  const kind = kinds.get(stage.kind);
  if (oldStage.kind !== stage.kind) return { type: 'kind', before: oldStage.kind, after: stage.kind };
  if (!kind?.reuse) return { type: 'never_reused', kind: stage.kind };
  const twin = twinOf(sides, task);
  if (typeof twin !== 'string') return twin;
  const state = stateOf(sides, before.run, twin);
  if (state === undefined) return { type: 'not_begun' };

  const then: Asked = { run: before, indexed: old, stage: oldStage, scope: before.scopes.ofTask(twin) };
  const now: Asked = { run: after, indexed, stage, scope: after.scopes.ofTask(task) };
  const found = differenceOfSpecs(kind, then, now) ?? differenceOfModels(kind, then, now) ?? differenceOfRules(then, now);
  if (found) return found;
  if (state.status !== 'succeeded') return { type: 'not_succeeded', status: state.status };
  if (state.recovered) return { type: 'not_succeeded', status: 'failed' };
  if (isDoneAgain(after.index, again, task)) return { type: 'refreshed' };
  const { attach } = stage.spec;
  return isList(attach) ? { type: 'file', files: attach.map(String) } : { type: 'code' };
}

function stateOf({ store }: Sides, run: RunId, key: TaskKey): TaskState | undefined {
  return store.view(run).task(key);
}

/** The first way of doing a node that holds no others. */
function ownStage({ stages }: PlanNode): Stage {
  return stages.find(({ body }) => !body) ?? stages[0];
}

/** The key that a task had in the first run; what is new about it when it had none. */
function twinOf(sides: Sides, key: TaskKey): TaskKey | Difference {
  const { store, before, after } = sides;
  const frame = frameAround(key);
  const around = taskOfFrame(frame);
  let oldFrame: string | undefined = '';
  if (around !== undefined) {
    const twin = twinOf(sides, around);
    if (typeof twin !== 'string') return twin;
    oldFrame = before.history.frameIn(twin, stageOfFrame(frame));
    if (oldFrame === undefined) return { type: 'not_begun' };
  }
  const node = nodeKeyOf(key);
  const oldNode = taskKey(oldFrame + node.slice(frame.length));
  const item = itemOf(unitOf(key));
  let unit = oldNode;
  if (item) {
    const at = placeBefore(store.view(before.run).items(oldNode), store.view(after.run).items(node), item.index);
    if (at < 0) return { type: 'new_item' };
    unit = itemKey(oldNode, at);
  }
  const round = roundOf(key)?.round;
  if (round === undefined) return unit;
  const had = before.history.rounds(unit);
  return round > had && had > 0 ? { type: 'new_round', before: had } : roundKey(unit, round);
}

/**
 * Where an item was: by its key; without keys where an equal one was, else at its place if the one there has gone. -1 when it was
 * nowhere.
 */
export function placeBefore(then: FanOutItems, now: FanOutItems, index: number): number {
  const own = now.keys?.[index];
  if (own !== undefined && then.keys) return then.keys.indexOf(own);
  const item = now.items[index] ?? null;
  const isSame = (other: Json | undefined): boolean => other !== undefined && firstDifference(other, item) === undefined;
  if (isSame(then.items[index])) return index;
  const same = then.items.findIndex(isSame);
  if (same >= 0) return same;
  const there = then.items[index];
  const stays = there === undefined || now.items.some((other) => firstDifference(other, there) === undefined);
  return stays ? -1 : index;
}

interface Asked {
  readonly run: PastRun;
  readonly indexed: IndexedNode;
  readonly stage: Stage;
  readonly scope: Scope;
}

function differenceOfSpecs(kind: NodeKind, then: Asked, now: Asked): Difference | undefined {
  const [old, own] = [rendered(kind, then), rendered(kind, now)];
  const { properties } = kind.schema;
  for (const field of Object.keys(isObject(properties) ? properties : {})) {
    const found = firstDifference(old[field] ?? null, own[field] ?? null);
    if (!found) continue;
    const wasWritten = firstDifference(then.stage.spec[field] ?? null, now.stage.spec[field] ?? null) !== undefined;
    const reads = wasWritten ? undefined : changedRead(kind, field, then.scope, now);
    return { type: 'field', field, ...(reads !== undefined && { reads }), ...found };
  }
  return undefined;
}

/** What was asked, made once more; what cannot be made any more is shown as it was written. */
function rendered(kind: NodeKind, { run, indexed, stage, scope }: Asked): JsonObject {
  try {
    return compileSpec(kind.schema, stage.spec, (indexed.sub ?? run.plan).partials)(scope);
  } catch (error) {
    if (error instanceof Failed) return stage.spec;
    throw error;
  }
}

/** The first name in a field, as it is written there, whose value is not what it was. */
function changedRead(kind: NodeKind, field: string, then: Scope, { run, indexed, stage, scope }: Asked): string | undefined {
  const names = new Set<string>([...scopeNames, ...Object.keys(scope)]);
  const fields = fieldsOf(kind.schema, stage.spec, []).filter(({ path }) => path[0] === field);
  const references = fields.flatMap((one): readonly Reference[] => {
    if (one.holds === 'expression') return referencesInSource(one.source, one.path);
    const parsed = parseTemplate(one.text);
    return parsed.ok ? referencesInTemplate(parsed.tree, one.path, (indexed.sub ?? run.plan).partials, names) : [];
  });
  return references.find(({ path }) => firstDifference(valueAt(then, path), valueAt(scope, path)) !== undefined)?.text;
}

function differenceOfModels(kind: NodeKind, then: Asked, now: Asked): Difference | undefined {
  const modelsOf = ({ run: { started, plan }, stage }: Asked): readonly string[] | undefined => {
    const all = (kind.wants?.(stage.spec) ?? []).map((want) =>
      'model' in want ? [want.model] : (started.tiers?.[want.tier] ?? plan.tiers[want.tier]),
    );
    return all.every((names) => names !== undefined) ? all.flat() : undefined;
  };
  const [before, after] = [modelsOf(then), modelsOf(now)];
  return before && after && firstDifference(before, after) ? { type: 'models', before, after } : undefined;
}

/** What an output had to fit, and what was made of it. */
function differenceOfRules(then: Asked, now: Asked): Difference | undefined {
  const [old, { node }] = [then.indexed.node, now.indexed];
  for (const part of ['output', 'check', 'result'] as const) {
    const found = firstDifference((old[part] ?? null) as Json, (node[part] ?? null) as Json);
    if (found) return { type: part, ...found };
  }
  const when = firstDifference(then.stage.escalateWhen ?? null, now.stage.escalateWhen ?? null);
  if (when) return { type: 'escalate.when', ...when };
  const sources = [...node.check.map((check) => check.that), node.result ?? null, now.stage.escalateWhen ?? null];
  for (const { path, text } of referencesInSource(sources, []).filter((reference) => reference.path[0] !== 'output')) {
    const found = firstDifference(valueAt(then.scope, path), valueAt(now.scope, path));
    if (found) return { type: 'value', reads: text, ...found };
  }
  return undefined;
}
