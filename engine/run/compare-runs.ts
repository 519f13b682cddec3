import { itemKey, type NodeId, type RunId, type TaskKey } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { Reuse, RunEvent } from '../contracts/event.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { FanOutItems, Store } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { compileSpec, fieldsOf } from '../lang/notation.ts';
import { referencesInSource, referencesInTemplate } from '../lang/references.ts';
import { scopeNames } from '../lang/scope-names.ts';
import { parseTemplate } from '../lang/template.ts';
import { type FirstDifference, firstDifference } from './first-difference.ts';
import { openPastRun, type PastRun } from './past-run.ts';
import { itemOf, keyOf } from './plan-index.ts';
import { valueAt } from './value-at.ts';

/** Why each node of a run was done, or was not. */
export interface RunComparison {
  readonly run: RunId;
  /** What it is compared with: the run it went on from. */
  readonly before: RunId;
  /** In plan order, then those that are gone. */
  readonly nodes: readonly NodeComparison[];
}

export interface NodeComparison {
  readonly node: NodeId;
  /**
   * `reused`: nothing of it was done again. `again`: at least one task was, and `because` says why the first of them.
   * `new`, `gone`: the other run does not have it. `not_run`: skipped, or the run ended before.
   */
  readonly verdict: 'reused' | 'again' | 'new' | 'gone' | 'not_run';
  /** Its tasks; more than one for a fan-out. */
  readonly tasks: { readonly fromRun: number; readonly fromCache: number; readonly again: number };
  /** What the reused ones had cost, in dollars. */
  readonly saved: number;
  /** The first task that was done again. */
  readonly task?: TaskKey;
  readonly because?: Difference;
}

/** The first thing found that is not as it was, the weightiest first. */
export type Difference =
  | { readonly type: 'refreshed' }
  /** Its kind is always done again. */
  | { readonly type: 'never_reused'; readonly kind: string }
  | { readonly type: 'kind'; readonly before: string; readonly after: string }
  /** The list had no such item. */
  | { readonly type: 'new_item' }
  | { readonly type: 'not_succeeded'; readonly status: string }
  /** A field reads otherwise: because its text was changed, or because `reads` has another value. */
  | ({ readonly type: 'field'; readonly field: string; readonly reads?: string } & FirstDifference)
  | ({ readonly type: 'output' | 'check' | 'result' } & FirstDifference)
  /** A value that its checks or its `result` read. */
  | ({ readonly type: 'value'; readonly reads: string } & FirstDifference)
  | { readonly type: 'models'; readonly before: readonly string[]; readonly after: readonly string[] }
  /** Everything that is kept of it is as it was: a file it attaches has changed, or dagrun itself. */
  | { readonly type: 'file'; readonly files: readonly string[] }
  | { readonly type: 'code' };

/** Compares a run with the one it went on from; undefined when one of them is not there, or when it began anew. */
export async function compareRuns(store: Store, run: RunId, kinds: readonly NodeKind[]): Promise<RunComparison | undefined> {
  const done = new Map<NodeId, Done>();
  const after = await openPastRun(store, run, (event) => count(done, event));
  const reuses = after?.started.reuses;
  const before = reuses && (await openPastRun(store, reuses.run));
  if (!after || !reuses || !before) return undefined;
  const refreshed = new Set<string>([...reuses.refresh, ...(reuses.only ? [reuses.only] : [])]);
  const sides: Sides = { store, before, after, refreshed, kinds: new Map(kinds.map((kind) => [kind.kind, kind])) };

  const nodes: NodeComparison[] = [];
  for (const { node } of after.index.nodes.values()) nodes.push(await compareNode(sides, node, done.get(node.id) ?? nothingDone()));
  const gone = reuses.only ? [] : before.plan.nodes.filter((node) => !after.index.nodes.has(keyOf(node.id)));
  for (const { id } of gone) nodes.push({ node: id, verdict: 'gone', tasks: { fromRun: 0, fromCache: 0, again: 0 }, saved: 0 });
  return { run, before: before.run, nodes };
}

interface Sides {
  readonly store: Store;
  readonly before: PastRun;
  readonly after: PastRun;
  readonly refreshed: ReadonlySet<string>;
  readonly kinds: ReadonlyMap<string, NodeKind>;
}

interface Done {
  readonly reused: Map<TaskKey, Reuse>;
  /** Tasks that were begun, in that order. */
  readonly begun: Set<TaskKey>;
}

const nothingDone = (): Done => ({ reused: new Map(), begun: new Set() });

function count(done: Map<NodeId, Done>, event: RunEvent): void {
  if (event.type !== 'attempt.started' && event.type !== 'attempt.succeeded') return;
  const node = (itemOf(event.task)?.node ?? event.task) as string as NodeId;
  const one = done.get(node) ?? nothingDone();
  done.set(node, one);
  if (event.type === 'attempt.started') one.begun.add(event.task);
  else if (event.reused) one.reused.set(event.task, event.reused);
}

async function compareNode(sides: Sides, node: PlanNode, { reused, begun }: Done): Promise<NodeComparison> {
  const all = [...reused.values()];
  const fromRun = all.filter(({ from }) => from === 'run').length;
  const again = [...begun].filter((task) => !reused.has(task));
  const figures = {
    node: node.id,
    tasks: { fromRun, fromCache: all.length - fromRun, again: again.length },
    saved: toDollars(all.reduce((sum, { saved }) => sum + (saved ?? 0), 0) as Parameters<typeof toDollars>[0]),
  };
  const old = sides.before.index.nodes.get(keyOf(node.id))?.node;
  const [task] = again;
  if (task === undefined) return { ...figures, verdict: all.length > 0 ? 'reused' : 'not_run' };
  if (!old) return { ...figures, verdict: 'new' };
  return { ...figures, verdict: 'again', task, because: await differenceOf(sides, old, node, task) };
}

async function differenceOf(sides: Sides, old: PlanNode, node: PlanNode, task: TaskKey): Promise<Difference> {
  const { before, after, kinds, refreshed, store } = sides;
  const kind = kinds.get(node.kind);
  if (refreshed.has(node.id)) return { type: 'refreshed' };
  if (old.kind !== node.kind) return { type: 'kind', before: old.kind, after: node.kind };
  if (!kind?.reuse) return { type: 'never_reused', kind: node.kind };

  const item = itemOf(task);
  const place = item && (await placesOf(sides, old, item.index));
  if (item && !place) return { type: 'new_item' };
  const oldTask = item && place ? itemKey(keyOf(node.id), place.before) : keyOf(node.id);
  const state = await store.task(before.run, oldTask);
  const then = await scopeOf(before, old, place?.old);
  const now = await scopeOf(after, node, place?.now);

  const inSpec = differenceOfSpecs(kind, { plan: before, node: old, scope: then }, { plan: after, node, scope: now });
  if (inSpec) return inSpec;
  const models = differenceOfModels(kind, sides, old, node);
  if (models) return models;
  for (const part of ['output', 'check', 'result'] as const) {
    const found = firstDifference((old[part] ?? null) as Json, (node[part] ?? null) as Json);
    if (found) return { type: part, ...found };
  }
  const reads = referencesInSource([...node.check.map((check) => check.that), node.result ?? null], []);
  for (const { path, text } of reads.filter((reference) => reference.path[0] !== 'output')) {
    const found = firstDifference(valueAt(then, path), valueAt(now, path));
    if (found) return { type: 'value', reads: text, ...found };
  }
  if (state?.status !== 'succeeded') return { type: 'not_succeeded', status: state?.status ?? 'not run' };
  if (state.recovered) return { type: 'not_succeeded', status: 'failed' };
  if (followsRefreshed(sides, node)) return { type: 'refreshed' };
  const { attach } = node.stages[0].spec;
  return isList(attach) ? { type: 'file', files: attach.map(String) } : { type: 'code' };
}

/** True for a node that waits, also by others, for one that was to be done again. */
function followsRefreshed({ after, refreshed }: Sides, node: PlanNode): boolean {
  if (refreshed.size === 0) return false;
  const seen = new Set<NodeId>();
  const left = [node.id];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (refreshed.has(id)) return true;
    for (const edge of after.index.nodes.get(keyOf(id))?.node.after ?? []) left.push(edge.from);
  }
  return false;
}

/** An item of now and the one it is compared with; undefined when it is new. */
async function placesOf(
  { store, before, after }: Sides,
  old: PlanNode,
  index: number,
): Promise<{ readonly before: number; readonly old: ItemAt; readonly now: ItemAt } | undefined> {
  const key = keyOf(old.id);
  const [then, now] = [await store.items(before.run, key), await store.items(after.run, key)];
  const at = placeBefore(then, now, index);
  const item = then.items[at];
  if (item === undefined) return undefined;
  return { before: at, old: { item, index: at }, now: { item: now.items[index] ?? null, index } };
}

/**
 * Where an item was: by its key; without keys where an equal one was, else at its place if the one there has gone. -1 when it was
 * nowhere.
 */
function placeBefore(then: FanOutItems, now: FanOutItems, index: number): number {
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

interface ItemAt {
  readonly item: Json;
  readonly index: number;
}

async function scopeOf({ scopes }: PastRun, node: PlanNode, at: ItemAt | undefined): Promise<Scope> {
  const scope = scopes.ofNode(keyOf(node.id));
  return node.foreach && at ? { ...scope, [node.foreach.as]: at.item, index: at.index } : scope;
}

interface Asked {
  readonly plan: PastRun;
  readonly node: PlanNode;
  readonly scope: Scope;
}

function differenceOfSpecs(kind: NodeKind, then: Asked, now: Asked): Difference | undefined {
  const [old, own] = [rendered(kind, then), rendered(kind, now)];
  const { properties } = kind.schema;
  for (const field of Object.keys(isObject(properties) ? properties : {})) {
    const found = firstDifference(old[field] ?? null, own[field] ?? null);
    if (!found) continue;
    const source = now.node.stages[0].spec[field] ?? null;
    const wasWritten = firstDifference(then.node.stages[0].spec[field] ?? null, source) !== undefined;
    const reads = wasWritten ? undefined : changedRead(kind, field, then.scope, now);
    return { type: 'field', field, ...(reads !== undefined && { reads }), ...found };
  }
  return undefined;
}

/** What was asked, made once more; what cannot be made any more is shown as it was written. */
function rendered(kind: NodeKind, { plan, node, scope }: Asked): JsonObject {
  const { spec } = node.stages[0];
  try {
    return compileSpec(kind.schema, spec, plan.plan.partials)(scope);
  } catch (error) {
    if (error instanceof Failed) return spec;
    throw error;
  }
}

/** The first name in a field, as it is written there, whose value is not what it was. */
function changedRead(kind: NodeKind, field: string, then: Scope, { plan, node, scope }: Asked): string | undefined {
  const names = new Set([...scopeNames, ...(node.foreach ? [node.foreach.as] : [])]);
  const fields = fieldsOf(kind.schema, node.stages[0].spec, []).filter(({ path }) => path[0] === field);
  const references = fields.flatMap((one): readonly Reference[] => {
    if (one.holds === 'expression') return referencesInSource(one.source, one.path);
    const parsed = parseTemplate(one.text);
    return parsed.ok ? referencesInTemplate(parsed.tree, one.path, plan.plan.partials, names) : [];
  });
  return references.find(({ path }) => firstDifference(valueAt(then, path), valueAt(scope, path)) !== undefined)?.text;
}

function differenceOfModels(kind: NodeKind, { before, after }: Sides, old: PlanNode, node: PlanNode): Difference | undefined {
  const modelsOf = ({ started, plan }: PastRun, { stages }: PlanNode): readonly string[] | undefined => {
    const all = (kind.wants?.(stages[0].spec) ?? []).map((want) =>
      'model' in want ? [want.model] : (started.tiers?.[want.tier] ?? plan.tiers[want.tier]),
    );
    return all.every((names) => names !== undefined) ? all.flat() : undefined;
  };
  const [then, now] = [modelsOf(before, old), modelsOf(after, node)];
  return then && now && firstDifference(then, now) ? { type: 'models', before: then, after: now } : undefined;
}
