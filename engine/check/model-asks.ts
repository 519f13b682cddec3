import { isList, isObject, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ModelFact, ModelFacts, Tier } from '../contracts/provider.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, hasOwnSpec } from '../lang/frames.ts';

/** Every call to a model that a workflow makes, in the order of its nodes, those of their fallbacks too. */
export function asksOf(workflow: Workflow, kinds: readonly NodeKind[]): readonly Ask[] {
  const calling = new Set(kinds.filter(({ callsModel }) => callsModel).map(({ kind }) => kind));
  const asks: Ask[] = [];
  for (const { node } of allNodes(workflow)) {
    const { places, escalate } = node;
    const next = escalate === undefined ? [] : tiersUpTo(escalate.to, node.spec);
    if (calling.has(node.kind) && hasOwnSpec(node)) asks.push({ node, spec: node.spec, path: node.path, next, ...(places && { places }) });
    if (node.onError.action !== 'fallback' || !calling.has(node.onError.kind)) continue;
    asks.push({ node, spec: node.onError.spec, path: node.onError.path, below: node.path });
  }
  return asks;
}

/** The fields of one call to a model, and where they stand. */
export interface Ask {
  readonly node: NodeDecl;
  readonly spec: JsonObject;
  readonly path: Path;
  /** Of a fallback: the node whose fields it takes over. */
  readonly below?: Path;
  /** Where fields stand that it shares with the node around it, or has from `defaults`. */
  readonly places?: Readonly<Record<string, Path>>;
  /** Tiers that are asked when its own is not good enough. */
  readonly next?: readonly Tier[];
}

/** Models that cannot do what one field asks of them: `defaults` ask it of many nodes, which is told once. */
export interface Refused {
  readonly path: Path;
  /** By name. */
  readonly models: Map<string, Candidate>;
  /** True when a call has no candidate that can. */
  none: boolean;
}

/** A model, `provider/model`, and what is known of it. */
export interface Candidate {
  readonly name: string;
  readonly fact: ModelFact | undefined;
}

/** Where a field of a call is written: in the node or its fallback, else in `defaults`. */
export function placeOf(field: string, { path, below, places }: Ask, { document }: Workflow): Path {
  const shared = places !== undefined && Object.hasOwn(places, field) ? places[field] : undefined;
  if (shared !== undefined) return shared;
  for (const parent of below === undefined ? [path] : [path, below]) {
    const own = document.spanOf([...parent, field]);
    const outer = document.spanOf(parent);
    if (own.start !== outer.start || own.end !== outer.end) return [...parent, field];
  }
  return ['defaults', field];
}

/** Adds to what is known of a field the models of one call that cannot do it; of calls for which none can, only these are told. */
export function collect(
  known: Map<string, Refused>,
  ask: Ask,
  field: string,
  candidates: readonly Candidate[],
  unable: readonly Candidate[],
  workflow: Workflow,
): void {
  if (ask.spec[field] === undefined || unable.length === 0) return;
  const path = placeOf(field, ask, workflow);
  const none = unable.length === candidates.length;
  const key = path.join('/');
  const before = known.get(key);
  if (before?.none === true && !none) return;
  const refused = before === undefined || (none && !before.none) ? { path, models: new Map<string, Candidate>(), none } : before;
  for (const candidate of unable) refused.models.set(candidate.name, candidate);
  known.set(key, refused);
}

/** The models a call may be made to, those of the tiers above too where it may come to them. */
export function candidatesOf({ spec, next = [] }: Ask, workflow: Workflow, models: ModelFacts): readonly Candidate[] {
  const tiers = [...tiersOf(spec), ...next];
  const names = typeof spec.model === 'string' ? [spec.model] : tiers.flatMap((tier) => workflow.tiers[tier] ?? models.tiers[tier] ?? []);
  return [...new Set(names)].map((name) => ({ name, fact: models.find(name) }));
}

/** The tiers that a call may begin with. */
function tiersOf({ tier }: JsonObject): readonly Tier[] {
  const names = isList(tier) ? tier.map((choice) => (isObject(choice) ? choice.use : undefined)) : [tier ?? 'capable'];
  return TIERS.filter((one) => names.includes(one));
}

const TIERS: readonly Tier[] = ['cheap', 'capable', 'premium'];

/** The tiers above those that a call may begin with, up to one of them. */
function tiersUpTo(top: Tier, spec: JsonObject): readonly Tier[] {
  const [lowest = 'capable'] = tiersOf(spec);
  return TIERS.slice(TIERS.indexOf(lowest) + 1, TIERS.indexOf(top) + 1);
}

/** Names in quotes, joined by commas and `and`. */
export function listOf(candidates: readonly { readonly name: string }[]): string {
  const names = candidates.map(({ name }) => `"${name}"`);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
