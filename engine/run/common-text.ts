import { invariant } from '../base/assert.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { CommonText, NodeKind } from '../contracts/node-kind.ts';
import type { PlanNode, Stage } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Scope } from '../lang/evaluate.ts';
import { fieldsOf } from '../lang/notation.ts';
import { referencesInSource, referencesInTemplate } from '../lang/references.ts';
import { compileTemplate } from '../lang/render.ts';
import { scopeNames } from '../lang/scope-names.ts';
import { firstVarying, stableParts, type Varies } from '../lang/stable-text.ts';
import { parseTemplate } from '../lang/template.ts';
import type { IndexedNode } from './plan-index.ts';

/*
 * What the tasks of a node have in common, found out from its plan alone. A node inside fan-outs and loops is done many times over; the
 * tasks that differ in an inner one of these only have more in common than all of them. So there is one answer for each level, the
 * outermost first, and each is at least as long as the one before.
 */

/** A fan-out or a loop that a node stands in, or has itself. */
export interface Level {
  readonly type: 'items' | 'rounds';
  /** The node that has it. */
  readonly of: IndexedNode;
}

/** What the tasks of one level have in common. */
export interface CompiledCommon {
  readonly level: Level;
  readonly differs: readonly DifferingField[];
}

export interface DifferingField {
  readonly path: string;
  /** The part of it that does not differ, and the same rendered. */
  readonly same: readonly TemplatePart[];
  readonly start: (scope: Scope) => string;
  /** What is read first that differs, as written. */
  readonly first: string;
}

/** What the items and rounds around a node's stage have in common in what they ask: nothing for a node that stands in none. */
export function compileCommon(
  indexed: IndexedNode,
  stage: Pick<Stage, 'spec'>,
  kind: NodeKind,
  partials: Readonly<Record<string, string>>,
): readonly CompiledCommon[] {
  const { levels, names, depthOf } = standing(indexed);
  if (levels.length === 0) return NONE;
  const known = new Set([...scopeNames, ...names.keys()]);
  const texts = fieldsOf(kind.schema, stage.spec, []).map((field) => {
    const path = field.path.join('.');
    if (field.holds === 'expression') return { path, references: referencesInSource(field.source, []), parts: [] };
    const parsed = parseTemplate(field.text);
    invariant(parsed.ok, 'the template was checked');
    return { path, references: referencesInTemplate(parsed.tree, [], partials, known), parts: parsed.tree };
  });
  return levels.map((level, at) => {
    const varies: Varies = (reference) => depthOf(reference) > at;
    const differs = texts.flatMap(({ path, references, parts }) => {
      const first = firstVarying(references, varies);
      const same = stableParts(parts, references, varies);
      return first ? [{ path, same, start: compileTemplate(same, partials), first: first.text }] : [];
    });
    return { level, differs };
  });
}

const NONE: readonly CompiledCommon[] = [];

interface Standing {
  /** Outermost first. */
  readonly levels: readonly Level[];
  /** Names beside those of the language, each with the number of levels that it is inside of. */
  readonly names: ReadonlyMap<string, number>;
  /** How many of the levels what is read is inside of: in those it is another each time. */
  depthOf(reference: Reference): number;
}

function standing(indexed: IndexedNode): Standing {
  const chain: IndexedNode[] = [];
  for (let at: IndexedNode | undefined = indexed; at; at = at.parent) chain.unshift(at);
  const levels: Level[] = [];
  const names = new Map<string, number>();
  /** For each node of the chain: how many levels its frame is inside of. */
  const frames = new Map<IndexedNode, number>();
  for (const at of chain) {
    const { node } = at;
    frames.set(at, levels.length);
    // Another file begins with names of its own; what it is given may come from everything around.
    if (at.sub !== at.parent?.sub) {
      names.clear();
      names.set('inputs', levels.length);
    }
    for (const name of Object.keys(node.binds ?? {})) names.set(name, levels.length);
    if (node.foreach) {
      levels.push({ type: 'items', of: at });
      if (node.part === undefined) for (const name of [node.foreach.as, 'index']) names.set(name, levels.length);
    }
    if (node.loop) {
      levels.push({ type: 'rounds', of: at });
      for (const name of roundNames(node)) names.set(name, levels.length);
    }
  }
  const depthOf = ({ path }: Reference): number => {
    const [root = '', id] = path;
    if (root !== 'nodes') return names.get(root) ?? 0;
    let at: IndexedNode | undefined = indexed;
    while (at && !(at.named && [...at.siblings.keys()].some((sibling) => sibling === id))) at = at.parent;
    return at ? (frames.get(at) ?? 0) : levels.length;
  };
  return { levels, names, depthOf };
}

function roundNames({ loop }: PlanNode): readonly string[] {
  if (loop?.type !== 'repeat') return [];
  return ['iteration', 'previous', 'carry', ...(loop.as === undefined ? [] : [loop.as])];
}

/** How many tasks of a level there are, and how many of them begin before the first has ended. */
export interface LevelCount {
  readonly calls: number;
  readonly atOnce: number;
}

/**
 * What the tasks of each level have in common, outermost first, by the values that one of them sees. The counts of a level are those of
 * all its tasks, also where they are inside of inner levels.
 */
export function commonTexts(compiled: readonly CompiledCommon[], counts: readonly LevelCount[], scope: Scope): readonly CommonText[] {
  let calls = 1;
  let atOnce = 1;
  const found: CommonText[] = [];
  for (const [back, { differs }] of compiled.toReversed().entries()) {
    const count = counts[counts.length - 1 - back] ?? { calls: 1, atOnce: 1 };
    calls *= count.calls;
    atOnce = Math.min(calls, atOnce * count.atOnce);
    if (calls > 1) found.unshift({ differs: new Map(differs.map(({ path, start }) => [path, start(scope).length])), calls, atOnce });
  }
  return found;
}

/** A spec as far as the tasks of a level have it in common: rendered, fields that differ up to there. Throws Failed. */
export function commonSpec(
  { differs }: CompiledCommon,
  spec: JsonObject,
  kind: NodeKind,
  partials: Readonly<Record<string, string>>,
  scope: Scope,
): { readonly spec: JsonObject; readonly lengths: ReadonlyMap<string, number> } {
  const starts = new Map(differs.map(({ path, start }) => [path, start(scope)]));
  let rendered: Json = spec;
  for (const field of fieldsOf(kind.schema, spec, [])) {
    if (field.holds !== 'template') continue;
    const start = starts.get(field.path.join('.'));
    const parsed = start === undefined ? parseTemplate(field.text) : undefined;
    const text = parsed?.ok ? compileTemplate(parsed.tree, partials)(scope) : (start ?? '');
    rendered = withAt(rendered, field.path, text);
  }
  invariant(isObject(rendered), 'a spec is an object');
  return { spec: rendered, lengths: new Map([...starts].map(([path, start]) => [path, start.length])) };
}

function withAt(value: Json, [step, ...rest]: readonly (string | number)[], put: Json): Json {
  if (step === undefined) return put;
  if (isList(value)) return value.map((element, index) => (index === step ? withAt(element, rest, put) : element));
  if (isObject(value)) return { ...value, [step]: withAt(value[step] ?? null, rest, put) };
  return value;
}
