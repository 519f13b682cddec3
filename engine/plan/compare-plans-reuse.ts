import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { NodeChange, NodeReuse } from '../contracts/diff.ts';
import type { Plan, PlanNode, Stage } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import { fieldsOf } from '../lang/notation.ts';
import { referencesInSource, referencesInTemplate } from '../lang/references.ts';
import { scopeNames } from '../lang/scope-names.ts';
import { parseTemplate } from '../lang/template.ts';
import { isSame, type Kinds } from './compare-plans-fields.ts';
import type { Pair } from './compare-plans-match.ts';
import type { FileScope, Placed } from './compare-plans-walk.ts';

/** What is known of the two plans when their kept results are asked for. */
export interface Compared {
  readonly before: Plan;
  readonly after: Plan;
  /** Of the first plan, and of the second. */
  readonly placed: readonly [readonly Placed[], readonly Placed[]];
  readonly pairs: readonly Pair[];
  readonly nodes: readonly NodeChange[];
  readonly kinds: Kinds;
  /** Addresses of nodes whose models are others than before. */
  readonly otherModels: ReadonlySet<string>;
}

/** Fields that decide what a node's output is, yet are no part of the question it was asked. */
const AFTERWARDS = /^(?:skip_if|run_if|if_skipped|on_error|foreach|repeat|evaluate|best_of|route|workflow\.outputs|needs)\b/;
/** Those of them that decide what the nodes inside it read. */
const GIVEN_INSIDE = /^(?:foreach|repeat|evaluate)\b/;
/** Fields that neither the question nor the output follow from. */
const NO_MATTER =
  /^(?:description|reason|retry|timeout|idempotent|cache|escalate|on_error|skip_if|run_if|if_skipped|foreach|repeat|evaluate|best_of|route|workflow|needs|tier|model)\b/;

/**
 * For each node of the second plan, whether an output made by the first still stands for its own. It follows from the question as it is
 * rendered, and so from what the node reads: where that may be different, so may the output. Models count as what they stand for now.
 */
export function compareReuse(compared: Compared): readonly NodeReuse[] {
  const { placed, pairs, nodes, kinds } = compared;
  const changes = new Map(nodes.map((change) => [change.node, change]));
  const pairOf = new Map(pairs.map((pair) => [pair.after, pair]));
  const found: NodeReuse[] = [];
  const seen: Seen = { moved: new Map(), own: new Map() };
  const readings = readingsIn(compared);

  for (const one of placed[1]) {
    const { address, node } = one;
    const change = changes.get(address);
    const pair = pairOf.get(address);
    const asked =
      change?.fields.find(({ field }) => !NO_MATTER.test(field))?.field ?? (change && otherSchema(change) ? 'output' : undefined);
    const models = compared.otherModels.has(address) ? 'other models answer it' : undefined;
    const { certain, perhaps } = readings(one, seen);
    const again = asked !== undefined ? `its ${asked} changed` : (models ?? certain);
    const later = change?.fields.find(({ field }) => AFTERWARDS.test(field))?.field;
    const why = pair === undefined ? 'is new' : (again ?? perhaps ?? (later === undefined ? undefined : `its ${later} changed`));
    if (why !== undefined) {
      if (again !== undefined || perhaps !== undefined || (later !== undefined && GIVEN_INSIDE.test(later))) seen.own.set(address, why);
      for (const outer of [address, ...around(address)]) if (!seen.moved.has(outer)) seen.moved.set(outer, why);
    }
    // What holds nodes is not asked itself.
    if (node.stages[0].body === undefined) found.push({ node: address, ...verdictOf({ node, kinds, pair, again, perhaps }) });
  }
  return found;
}

interface Seen {
  /** Nodes whose output may be another, by address: why. */
  readonly moved: Map<string, string>;
  /** The same without those that only hold such nodes: what they give the nodes inside them may be another. */
  readonly own: Map<string, string>;
}

interface Facts {
  readonly node: PlanNode;
  readonly kinds: Kinds;
  readonly pair: Pair | undefined;
  readonly again: string | undefined;
  readonly perhaps: string | undefined;
}

function verdictOf({ node, kinds, pair, again, perhaps }: Facts): Omit<NodeReuse, 'node'> {
  if (pair === undefined) return { verdict: 'new', because: '' };
  if (kinds.get(node.kind)?.reuse === undefined) return { verdict: 'never', because: `\`${node.kind}\` is always done again` };
  if (again !== undefined) return { verdict: 'again', because: again };
  if (perhaps !== undefined) return { verdict: 'may_change', because: perhaps };
  if (pair.similarity === undefined) return { verdict: 'kept', because: '' };
  return { verdict: 'cache', because: `earlier runs know it as ${pair.before}` };
}

/** What is told to a model is part of the question, descriptions included. */
const otherSchema = (change: NodeChange): boolean => change.output.length > 0;

/** The addresses of the nodes around one, nearest first. */
function around(address: string): readonly string[] {
  const steps = address.split('/');
  return steps.slice(1).map((_, i) => steps.slice(0, steps.length - 1 - i).join('/'));
}

interface Moved {
  /** Another value for certain: a constant, a partial, a tool. */
  readonly certain: string | undefined;
  readonly perhaps: string | undefined;
}

/** What a node reads that is, or may be, another value. */
function readingsIn({ before, after, placed, pairs, kinds }: Compared): (one: Placed, seen: Seen) => Moved {
  const old = new Map(placed[0].map((one) => [one.address, one.file]));
  const fileBefore = new Map(pairs.map((pair) => [pair.after, old.get(pair.before)]));
  const tools = otherTools(before, after);
  return (one, seen) => {
    const then = fileBefore.get(one.address) ?? one.file;
    const references = readsOf(one.node, kinds, one.file.partials);
    return { certain: certainly(one, then, references, tools), perhaps: firstOf(references, ({ path }) => perhaps(path, one, then, seen)) };
  };
}

function firstOf<T, U>(items: readonly T[], find: (item: T) => U | undefined): U | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function certainly(
  { node, file }: Placed,
  then: FileScope,
  references: readonly Reference[],
  tools: readonly string[],
): string | undefined {
  const { spec } = node.stages[0];
  const partial = Object.keys(file.partials).find(
    (name) => then.partials[name] !== file.partials[name] && callsPartial(node, name, file.partials),
  );
  if (partial !== undefined) return `the partial ${partial} changed`;
  const isOther = (name: string | undefined): boolean => name !== undefined && !isSame(then.constants[name], file.constants[name]);
  const constant = references.find(({ path }) => path[0] === 'constants' && isOther(path[1]))?.path[1];
  if (constant !== undefined) return `the constant ${constant} changed`;
  const named = [spec.tool, ...(isList(spec.tools) ? spec.tools : [])].filter((name) => typeof name === 'string');
  const tool = tools.find((name) => named.some((one) => isMeant(name, one)));
  return tool === undefined ? undefined : `the tool ${tool} changed`;
}

/** Names that every node sees; any other stands for what the nodes around it, or beside it, give. */
const EVERYWHERE: ReadonlySet<string> = new Set(['constants', 'run', 'secrets', 'output']);

function perhaps(
  [root = '', name]: readonly string[],
  { address, inside, file }: Placed,
  then: FileScope,
  { moved, own }: Seen,
): string | undefined {
  if (EVERYWHERE.has(root)) return undefined;
  if (root === 'nodes') {
    // Its own frame, then those further out, up to the file's.
    const frames = [...around(address), ''].filter(
      (frame) => frame === file.root || frame.startsWith(file.root === '' ? '' : `${file.root}/`),
    );
    const source = frames.map((frame) => (frame === '' ? (name ?? '') : `${frame}/${name}`)).find((one) => moved.has(one));
    return source === undefined ? undefined : `it reads ${source}`;
  }
  if (root === 'inputs') {
    if (own.has(file.root)) return `${file.root} gives it other inputs`;
    const other = name !== undefined && !isSame(then.inputs[name]?.default, file.inputs[name]?.default);
    return other && file.inputs[name]?.default !== undefined ? `the default of inputs.${name} changed` : undefined;
  }
  const outer = around(address).find((one) => own.has(one));
  if (outer !== undefined) return `it reads ${root} of ${outer}`;
  const beside = [...moved.keys()].find((one) => one !== address && inside !== '' && around(one)[0] === inside);
  return beside === undefined ? undefined : `it reads what ${beside} gives`;
}

/** Tools, and servers of tools, that are not what they were. */
function otherTools(before: Plan, after: Plan): readonly string[] {
  const all = ({ tools }: Plan): JsonObject => ({ ...tools?.tools, ...tools?.servers }) as unknown as JsonObject;
  const [old, now] = [all(before), all(after)];
  return Object.keys(now).filter((name) => !isSame(old[name], now[name]));
}

/** True when a tool, or some of a server's, goes by a name or a pattern (`fs/*`). */
function isMeant(tool: string, by: string): boolean {
  return by === tool || by.startsWith(`${tool}/`) || (by.endsWith('/*') && tool.startsWith(by.slice(0, -1)));
}

/** True when a node's own fields call a partial, themselves or by another one. */
export function callsPartial(node: PlanNode, name: string, partials: Readonly<Record<string, string>>): boolean {
  return calls(JSON.stringify(node.stages.map(({ spec }) => spec)), name, partials);
}

function calls(text: string, name: string, partials: Readonly<Record<string, string>>, seen: Set<string> = new Set()): boolean {
  for (const [, called = ''] of text.matchAll(/\{\{~?#?>\s*\\?["']?([\w/.-]+)/g)) {
    if (called === name) return true;
    if (seen.has(called)) continue;
    seen.add(called);
    if (calls(partials[called] ?? '', name, partials, seen)) return true;
  }
  return false;
}

/** What the question and the checks of a node read; items of a fan-out are what its list reads. */
function readsOf(node: PlanNode, kinds: Kinds, partials: Readonly<Record<string, string>>): readonly Reference[] {
  const sources: Json[] = [...node.check.map(({ that }) => that), ...(node.result === undefined ? [] : [node.result])];
  if (node.foreach) sources.push(node.foreach.items, node.foreach.where ?? null);
  const names = new Set([...scopeNames, ...(node.foreach ? [node.foreach.as] : [])]);
  return [...sources.flatMap((source) => referencesInSource(source, [])), ...node.stages.flatMap((stage) => inStage(stage))];

  function inStage(stage: Stage): readonly Reference[] {
    const schema = kinds.get(stage.kind)?.schema;
    if (!isObject(schema)) return [];
    return fieldsOf(schema, stage.spec, []).flatMap((field) => {
      if (field.holds === 'expression') return referencesInSource(field.source, []);
      const parsed = parseTemplate(field.text);
      return parsed.ok ? referencesInTemplate(parsed.tree, [], partials, names) : [];
    });
  }
}
