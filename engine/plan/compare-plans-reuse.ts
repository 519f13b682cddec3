import { isObject, type Json } from '../base/json.ts';
import type { NodeChange, NodeReuse, WorkflowDiff } from '../contracts/diff.ts';
import type { Plan, PlanNode, Stage } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import { fieldsOf } from '../lang/notation.ts';
import { referencesInSource, referencesInTemplate } from '../lang/references.ts';
import { scopeNames } from '../lang/scope-names.ts';
import { parseTemplate } from '../lang/template.ts';
import { isSame, type Kinds } from './compare-plans-fields.ts';
import type { Pair } from './compare-plans-match.ts';
import { bodyOf, type Placed } from './compare-plans-walk.ts';

/** What is known of the two plans when their kept results are asked for. */
export interface Compared {
  readonly before: Plan;
  readonly after: Plan;
  readonly placed: readonly Placed[];
  readonly pairs: readonly Pair[];
  readonly nodes: readonly NodeChange[];
  readonly signature: WorkflowDiff['signature'];
  readonly kinds: Kinds;
  /** Addresses of nodes whose models are others than before. */
  readonly otherModels: ReadonlySet<string>;
}

/** Fields that decide what a node's output is, yet are no part of the question it was asked. */
const AFTERWARDS = /^(?:skip_if|run_if|if_skipped|on_error|foreach|repeat|needs)\b/;
/** Fields that neither the question nor the output follow from. */
const NO_MATTER =
  /^(?:description|reason|retry|timeout|idempotent|cache|escalate|on_error|skip_if|run_if|if_skipped|foreach|repeat|needs|tier|model)\b/;

/**
 * For each node of the second plan, whether an output made by the first still stands for its own. It follows from the question as it is
 * rendered, and so from what the node reads: where that may be different, so may the output. Models count as what they stand for now.
 */
export function compareReuse(compared: Compared): readonly NodeReuse[] {
  const { placed, pairs, nodes, kinds } = compared;
  const changes = new Map(nodes.map((change) => [change.node, change]));
  const pairOf = new Map(pairs.map((pair) => [pair.after, pair]));
  const found = new Map<string, NodeReuse>();
  /** Nodes whose output may be another, by address: why. */
  const moved = new Map<string, string>();
  const readings = readingsIn(compared);

  for (const one of placed) {
    const { address, node } = one;
    const change = changes.get(address);
    const pair = pairOf.get(address);
    const holds = bodyOf(node.stages[0]) !== undefined;
    const asked =
      change?.fields.find(({ field }) => !NO_MATTER.test(field))?.field ?? (change && otherSchema(change) ? 'output' : undefined);
    const models = compared.otherModels.has(address) ? 'other models answer it' : undefined;
    const { certain, perhaps } = readings(one, moved);
    const again = asked !== undefined ? `its ${asked} changed` : (models ?? certain);
    if (pair === undefined) moved.set(address, 'is new');
    else if (again !== undefined) moved.set(address, again);
    else if (perhaps !== undefined) moved.set(address, perhaps);
    const later = change?.fields.find(({ field }) => AFTERWARDS.test(field))?.field;
    if (!moved.has(address) && later !== undefined) moved.set(address, `its ${later} changed`);
    if (moved.has(address)) for (const outer of enclosing(address)) if (!moved.has(outer)) moved.set(outer, `${address} may be different`);
    // What holds nodes is not asked itself.
    if (holds) continue;
    found.set(address, { node: address, ...verdictOf({ node, kinds, pair, again, perhaps }) });
  }
  return [...found.values()];
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
function enclosing(address: string): readonly string[] {
  const steps = address.split('/');
  return steps.slice(1).map((_, i) => steps.slice(0, steps.length - 1 - i).join('/'));
}

interface Moved {
  /** Another value for certain: a constant, a partial. */
  readonly certain: string | undefined;
  readonly perhaps: string | undefined;
}

/** What a node reads that is, or may be, another value. */
function readingsIn({ before, after, signature, kinds }: Compared): (one: Placed, moved: ReadonlyMap<string, string>) => Moved {
  const inputs = new Set(signature.filter(({ of, change }) => of === 'input' && change === 'default').map(({ name }) => name));
  const isOther = (name: string): boolean => !isSame(before.constants[name], after.constants[name]);
  const partials = Object.keys(after.partials).filter((name) => before.partials[name] !== after.partials[name]);
  return ({ address, node, inside }, moved) => {
    const references = readsOf(node, kinds, after.partials);
    const texts = JSON.stringify(node.stages[0].spec);
    const partial = partials.find((name) => calls(texts, name, after.partials));
    const constant = references.find(({ path }) => path[0] === 'constants' && path[1] !== undefined && isOther(path[1]))?.path[1];
    const certain =
      partial !== undefined ? `the partial ${partial} changed` : constant !== undefined ? `the constant ${constant} changed` : undefined;
    for (const { path } of references) {
      const [root, name] = path;
      if (name === undefined) continue;
      const source = root === 'nodes' ? addressFrom(name, inside, moved) : undefined;
      if (source !== undefined) return { certain, perhaps: `it reads ${source}` };
      if (root === 'inputs' && inputs.has(name)) return { certain, perhaps: `the default of inputs.${name} changed` };
    }
    return { certain, perhaps: byNeighbours(references, address, inside, moved) };
  };
}

/** A node as it is seen from inside a frame, when it has moved: a sibling, or one further out. */
function addressFrom(name: string, inside: string, moved: ReadonlyMap<string, string>): string | undefined {
  const frames =
    inside === ''
      ? ['']
      : [
          `${inside}/`,
          ...enclosing(`${inside}/x`)
            .slice(1)
            .map((one) => `${one}/`),
          '',
        ];
  return frames.map((frame) => `${frame}${name}`).find((address) => moved.has(address));
}

/** Names that stand for what other nodes of the same body gave: the candidate, its evaluation, the round before. */
function byNeighbours(
  references: readonly Reference[],
  address: string,
  inside: string,
  moved: ReadonlyMap<string, string>,
): string | undefined {
  if (inside === '' || references.every(({ path }) => ['inputs', 'constants', 'nodes', 'run', 'secrets'].includes(path[0] ?? '')))
    return undefined;
  const other = [...moved.keys()].find(
    (one) => one !== address && one.startsWith(`${inside}/`) && !one.slice(inside.length + 1).includes('/'),
  );
  return other === undefined ? undefined : `it reads what ${other} gives`;
}

/** True when a text calls a partial, itself or by another one. */
function calls(text: string, name: string, partials: Readonly<Record<string, string>>, seen = new Set<string>()): boolean {
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
