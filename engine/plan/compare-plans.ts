import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { CallPrice, DiffGraph, EdgeChange, FieldChange, NodeChange, Presence, PriceChange, WorkflowDiff } from '../contracts/diff.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, Plan, PlanNode } from '../contracts/plan.ts';
import { compareSchemas } from '../lang/compare-schemas.ts';
import { compareEntries, compareValues, type Entries, entriesOf, isSame, type Kinds, snake } from './compare-plans-fields.ts';
import { matchNodes, newNames, type Pair, withNewNames } from './compare-plans-match.ts';
import { callsPartial, compareReuse } from './compare-plans-reuse.ts';
import { compareSignatures, type Signature } from './compare-plans-signature.ts';
import { type Placed, placedNodes } from './compare-plans-walk.ts';
import { kindAndTier, whyWaits } from './describe.ts';

/** One side of a comparison. */
export interface ComparedPlan extends Signature {
  /** As the user named it. */
  readonly file: string;
  /** What one call of a node costs, for each tier or model it may ask; none when it asks no model. */
  readonly callsOf: (node: PlanNode) => readonly CallPrice[];
}

/** What is different between two plans. */
export function comparePlans(before: ComparedPlan, after: ComparedPlan, kindList: readonly NodeKind[]): WorkflowDiff {
  const kinds = new Map(kindList.map((kind) => [kind.kind, kind]));
  const pairs = matchNodes(before.plan.nodes, after.plan.nodes, kinds);
  const sides: Sides = { kinds, pairs, before: placedNodes(before.plan), after: placedNodes(after.plan) };
  const nodes = nodeChanges(sides);
  const edges = edgeChanges(sides);
  const signature = compareSignatures(before, after, newNames(pairs, ''));
  const prices = priceChanges(sides, before, after);
  const otherModels = new Set(
    together(sides).flatMap(({ a, b }) => (a && b && !isSame(modelsOf(before, a), modelsOf(after, b)) ? [b.address] : [])),
  );
  return {
    schemaVersion: 1,
    before: { workflow: before.plan.workflow, file: before.file, digest: before.plan.digest },
    after: { workflow: after.plan.workflow, file: after.file, digest: after.plan.digest },
    same: before.plan.digest === after.plan.digest,
    breaking: signature.some((change) => change.breaking),
    signature,
    nodes,
    edges,
    settings: settingChanges(sides, before.plan, after.plan),
    reuse: compareReuse({ before: before.plan, after: after.plan, placed: [sides.before, sides.after], pairs, nodes, kinds, otherModels }),
    prices,
    graph: graphOf(sides, nodes, edges),
  };
}

interface Sides {
  readonly kinds: Kinds;
  readonly pairs: readonly Pair[];
  readonly before: readonly Placed[];
  readonly after: readonly Placed[];
}

interface Both {
  readonly a: Placed | undefined;
  readonly b: Placed | undefined;
  readonly pair: Pair | undefined;
}

/** Nodes of both sides, those that are one together: in the order of the second, then those that are gone. */
function together({ pairs, before, after }: Sides): readonly Both[] {
  const byAfter = new Map(pairs.map((pair) => [pair.after, pair]));
  const old = new Map(before.map((one) => [one.address, one]));
  const known = new Set(pairs.map((pair) => pair.before));
  return [
    ...after.map((b): Both => {
      const pair = byAfter.get(b.address);
      return { a: pair && old.get(pair.before), b, pair };
    }),
    ...before.filter(({ address }) => !known.has(address)).map((a): Both => ({ a, b: undefined, pair: undefined })),
  ];
}

function nodeChanges(sides: Sides): readonly NodeChange[] {
  const { kinds, pairs } = sides;
  return together(sides).flatMap(({ a, b, pair }): readonly NodeChange[] => {
    if (!a || !b || !pair) {
      const one = b ?? a;
      if (!one) return [];
      return [{ node: one.address, change: b ? 'added' : 'removed', is: kindAndTier(one.node), fields: [], output: [] }];
    }
    const names = newNames(pairs, a.address);
    const fields = compareEntries(renamedIn(entriesOf(a.node, kinds), names), entriesOf(b.node, kinds));
    const output = compareSchemas(a.node.output, b.node.output);
    const { similarity } = pair;
    if (similarity === undefined && fields.length === 0 && output.length === 0) return [];
    return [
      {
        node: b.address,
        change: similarity === undefined ? 'changed' : 'renamed',
        ...(similarity !== undefined && { before: a.address, similarity }),
        is: kindAndTier(b.node),
        fields,
        output,
      },
    ];
  });
}

function renamedIn(entries: Entries, names: ReadonlyMap<string, string>): Entries {
  return new Map([...entries].map(([field, entry]) => [field, { ...entry, value: withNewNames(entry.value, names) }]));
}

/** Edges by their ends, as the second plan calls them. */
function edgesIn(
  placed: readonly Placed[],
  nameOf: (address: string) => string,
): ReadonlyMap<string, { from: string; to: string; edge: Edge }> {
  const found = new Map<string, { from: string; to: string; edge: Edge }>();
  const addresses = new Set(placed.map(({ address }) => address));
  for (const { address, inside, node } of placed) {
    // Beside it, wherever that is: also below `on_error`.
    const frame = address.slice(0, address.length - node.id.length);
    for (const edge of node.after) {
      // What stands further out is waited for by the node around this one.
      if (!addresses.has(`${frame}${edge.from}`)) continue;
      const from = nameOf(`${frame}${edge.from}`);
      const to = nameOf(inside === '' ? node.id : address);
      found.set(`${from} ${to}`, { from, to, edge });
    }
  }
  return found;
}

function bothEdges({ pairs, before, after }: Sides): readonly [ReturnType<typeof edgesIn>, ReturnType<typeof edgesIn>] {
  const names = new Map(pairs.map((pair) => [pair.before, pair.after]));
  return [edgesIn(before, (address) => names.get(address) ?? address), edgesIn(after, (address) => address)];
}

function edgeChanges(sides: Sides): readonly EdgeChange[] {
  const [old, now] = bothEdges(sides);
  const changes: EdgeChange[] = [];
  for (const [key, { from, to, edge }] of now) {
    const was = old.get(key)?.edge;
    if (was === undefined) changes.push({ from, to, change: 'added', why: whyWaits(edge) });
    else if (was.optional !== edge.optional)
      changes.push({ from, to, change: edge.optional ? 'optional' : 'required', why: whyWaits(edge) });
  }
  for (const [key, { from, to, edge }] of old) if (!now.has(key)) changes.push({ from, to, change: 'removed', why: whyWaits(edge) });
  return changes;
}

/** Parts of a plan that are told as nodes, as the signature, or not at all. */
const NO_SETTINGS: ReadonlySet<string> = new Set(['version', 'digest', 'workflow', 'file', 'inputs', 'outputs', 'nodes']);

function settingChanges(sides: Sides, before: Plan, after: Plan): readonly FieldChange[] {
  const [a, b] = (
    [
      [before, sides.before],
      [after, sides.after],
    ] as const
  ).map(([plan, placed]) => ({ ...plan, partials: partialsUsed(placed) }) as unknown as JsonObject);
  const names = Object.keys({ ...a, ...b }).filter((name) => !NO_SETTINGS.has(name));
  return names.flatMap((name) =>
    compareValues(name, inFile(name, a?.[name]), inFile(name, b?.[name]), name === 'partials' || name === 'description' ? 'text' : 'value'),
  );
}

/** The partials of the workflow's own file that some node calls: others lie beside it. */
function partialsUsed(placed: readonly Placed[]): Readonly<Record<string, string>> {
  const own = placed.filter(({ file }) => file.root === '');
  return Object.fromEntries(
    Object.entries(own[0]?.file.partials ?? {}).filter(([name]) => own.some(({ node, file }) => callsPartial(node, name, file.partials))),
  );
}

/** Limits and tools as they are written: dollars, seconds, a tool by its name. */
function inFile(name: string, value: Json | undefined): Json | undefined {
  if (name === 'tools' && isObject(value)) return { ...(value.tools as JsonObject), ...(value.servers as JsonObject) };
  if (name !== 'limits' || !isObject(value)) return value;
  const units: Readonly<Record<string, number>> = { maxCost: 1e9, timeout: 1000 };
  return Object.fromEntries(
    Object.entries(value).map(([field, one]) => {
      const unit = units[field];
      return [snake(field), unit !== undefined && typeof one === 'number' ? one / unit : one];
    }),
  );
}

const modelsOf = ({ callsOf }: ComparedPlan, { node }: Placed): readonly string[] => callsOf(node).map(({ model }) => model);

function priceChanges(sides: Sides, before: ComparedPlan, after: ComparedPlan): readonly PriceChange[] {
  return together(sides).flatMap(({ a, b }): readonly PriceChange[] => {
    const [old, now] = [a && before.callsOf(a.node), b && after.callsOf(b.node)].map((calls) => (calls?.length ? calls : undefined));
    if (isSame((old ?? null) as unknown as Json, (now ?? null) as unknown as Json)) return [];
    const node = (b ?? a)?.address ?? '';
    return [{ node, repeated: (b ?? a)?.repeated ?? false, ...(old && { before: old }), ...(now && { after: now }) }];
  });
}

function graphOf(sides: Sides, changes: readonly NodeChange[], edges: readonly EdgeChange[]): DiffGraph {
  const changed = new Map(changes.map((change) => [change.node, change]));
  const names = new Map(sides.pairs.map((pair) => [pair.before, pair.after]));
  const nodes = together(sides).flatMap(({ a, b }): DiffGraph['nodes'] => {
    const one = b ?? a;
    if (!one) return [];
    const change = changed.get(one.address);
    const inside = b ? one.inside : (names.get(one.inside) ?? one.inside);
    const state: Presence = !a ? 'added' : !b ? 'removed' : change ? 'changed' : 'same';
    return [
      {
        node: one.address,
        ...(inside !== '' && { inside }),
        ...(change?.before !== undefined && { before: change.before }),
        is: kindAndTier(one.node),
        state,
        foreach: one.node.foreach !== undefined,
        conditional: one.node.skipIf !== undefined,
      },
    ];
  });
  const [old, now] = bothEdges(sides);
  const states = new Map(edges.map(({ from, to, change }) => [`${from} ${to}`, change]));
  const all = new Map([...now, ...[...old].filter(([key]) => !now.has(key))]);
  return {
    nodes,
    edges: [...all].map(([key, { from, to, edge }]) => {
      const change = states.get(key);
      const state: Presence = change === undefined ? 'same' : change === 'added' || change === 'removed' ? change : 'changed';
      return { from, to, optional: edge.optional, state };
    }),
  };
}
