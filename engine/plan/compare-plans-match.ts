import { isList, isObject, type Json } from '../base/json.ts';
import { likeness } from '../base/text-diff.ts';
import type { PlanNode } from '../contracts/plan.ts';
import { type Entries, entriesOf, type Kinds } from './compare-plans-fields.ts';
import { innerNodes } from './compare-plans-walk.ts';

/** A node of the first plan and the same one in the second, by address. */
export interface Pair {
  readonly before: string;
  readonly after: string;
  /** From 0 to 1; absent where the name tells. */
  readonly similarity?: number;
}

/**
 * Two nodes of one kind, one gone and one new, are one that was renamed when they are at least so much alike: three parts the words they are
 * made of (twice those they share, over all), one part the neighbours they share. With the same neighbours a prompt may be half rewritten;
 * with none in common four words of five must be the same. Of the gallery's 62 nodes two pairs share more than half of their words.
 */
const LEAST_SIMILARITY = 0.6;

/** More pairs than this are not compared word by word: only equal nodes count as renamed then. */
const MOST_PAIRS = 10_000;

interface Frame {
  readonly nodes: readonly PlanNode[];
  readonly addressOf: (node: PlanNode) => string;
}

/** Which nodes of two plans are the same, nodes inside nodes included: by name, else by what they are. */
export function matchNodes(before: readonly PlanNode[], after: readonly PlanNode[], kinds: Kinds): readonly Pair[] {
  const pairs: Pair[] = [];
  const matchFrame = (a: Frame, b: Frame): void => {
    for (const { one, other, similarity } of matchOne(a.nodes, b.nodes, kinds)) {
      const [from, to] = [a.addressOf(one), b.addressOf(other)];
      pairs.push({ before: from, after: to, ...(similarity !== undefined && { similarity }) });
      const [inner, others] = [innerNodes(one, from), innerNodes(other, to)];
      if (inner.length > 0 && others.length > 0) matchFrame(frameOf(inner), frameOf(others));
    }
  };
  matchFrame({ nodes: before, addressOf: (node) => node.id }, { nodes: after, addressOf: (node) => node.id });
  return pairs;
}

function frameOf(inner: ReturnType<typeof innerNodes>): Frame {
  const addresses = new Map(inner.map(({ node, address }) => [node, address]));
  return { nodes: inner.map(({ node }) => node), addressOf: (node) => addresses.get(node) ?? node.id };
}

interface Match {
  readonly one: PlanNode;
  readonly other: PlanNode;
  readonly similarity?: number;
}

function matchOne(before: readonly PlanNode[], after: readonly PlanNode[], kinds: Kinds): readonly Match[] {
  const byId = new Map(after.map((node) => [node.id, node]));
  const named = before.flatMap((one): readonly Match[] => {
    const other = byId.get(one.id);
    return other === undefined ? [] : [{ one, other }];
  });
  const known = new Set(named.map(({ one }) => one.id));
  const [gone, come] = [before.filter(({ id }) => !known.has(id)), after.filter(({ id }) => !known.has(id))];
  if (gone.length === 0 || come.length === 0) return named;

  const words = new Map([...gone, ...come].map((node) => [node, wordsOf(node, entriesOf(node, kinds))]));
  const around = new Map([...neighbours(before), ...neighbours(after)]);
  const candidates = gone.flatMap((one) =>
    come.flatMap((other): readonly (Match & { readonly similarity: number })[] => {
      if (one.kind !== other.kind) return [];
      const [a, b] = [words.get(one) ?? '', words.get(other) ?? ''];
      if (gone.length * come.length > MOST_PAIRS && a !== b) return [];
      const similarity = 0.75 * likeness(a, b) + 0.25 * overlap(around.get(one), around.get(other), known);
      return similarity < LEAST_SIMILARITY
        ? []
        : [{ one, other, similarity: a === b ? 1 : Math.min(0.99, Math.round(similarity * 100) / 100) }];
    }),
  );
  const taken = new Set<PlanNode>();
  const renamed = candidates
    .sort((a, b) => b.similarity - a.similarity)
    .filter(({ one, other }) => {
      if (taken.has(one) || taken.has(other)) return false;
      taken.add(one).add(other);
      return true;
    });
  return [...named, ...renamed];
}

/** Who a node waits for, and who waits for it. */
function neighbours(nodes: readonly PlanNode[]): ReadonlyMap<PlanNode, ReadonlySet<string>> {
  const found = new Map(nodes.map((node) => [node, new Set<string>(node.after.map(({ from }) => `< ${from}`))]));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) {
    for (const { from } of node.after) {
      const source = byId.get(from);
      if (source) found.get(source)?.add(`> ${node.id}`);
    }
  }
  return found;
}

/** The share of neighbours two nodes have in common, of those that are in both plans; 1 when neither has any. */
function overlap(a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set(), known: ReadonlySet<string>): number {
  const inBoth = (names: ReadonlySet<string>): readonly string[] => [...names].filter((name) => known.has(name.slice(2)));
  const [one, other] = [inBoth(a), inBoth(b)];
  const all = new Set([...one, ...other]);
  return all.size === 0 ? 1 : one.filter((name) => b.has(name)).length / all.size;
}

/** All that is written on a node and inside it, but for names; the names of its output's fields as well. */
function wordsOf(node: PlanNode, entries: Entries): string {
  const texts = [...entries]
    .filter(([field]) => !field.startsWith('retry.') && field !== 'kind')
    .map(([, { value }]) => JSON.stringify(value));
  const inner = innerNodes(node, '').map((one) => JSON.stringify(one.node.stages[0].spec));
  return [...texts, ...fieldNames(node.output), ...inner].join('\n').replaceAll('\\n', ' ');
}

function fieldNames(schema: Json): readonly string[] {
  if (isList(schema)) return schema.flatMap(fieldNames);
  if (!isObject(schema)) return [];
  const own = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  return [...own, ...Object.values(schema).flatMap(fieldNames)];
}

/** A value of the first plan with its nodes called by their names in the second, so that a new name is no change of those that read it. */
export function withNewNames(value: Json, names: ReadonlyMap<string, string>): Json {
  if (names.size === 0) return value;
  if (typeof value === 'string')
    return value.replace(/\bnodes\.([a-z][a-z0-9_]*)/g, (all, id: string) => (names.has(id) ? `nodes.${names.get(id)}` : all));
  if (isList(value)) return value.map((one) => withNewNames(one, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withNewNames(inner, names)]));
}

/** Nodes that a node of the first plan can read and that are called otherwise now: their names before and after. */
export function newNames(pairs: readonly Pair[], readBy: string): ReadonlyMap<string, string> {
  const seen = pairs.filter(({ before, similarity }) => similarity !== undefined && readBy.startsWith(frameAround(before)));
  return new Map(seen.map(({ before, after }) => [lastStep(before), lastStep(after)]));
}

const frameAround = (address: string): string => address.slice(0, address.lastIndexOf('/') + 1);
const lastStep = (address: string): string => address.slice(address.lastIndexOf('/') + 1);
