import { invariant } from '../base/assert.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Stage } from '../contracts/plan.ts';
import type { Tier } from '../contracts/provider.ts';
import type { NodeDecl } from '../contracts/workflow.ts';

export type Kinds = ReadonlyMap<string, NodeKind>;

/** From the cheapest to the best. */
const TIERS: readonly Tier[] = ['cheap', 'capable', 'premium'];
/** What a model call asks for that names nothing. */
const DEFAULT_TIER: Tier = 'capable';

export function kindOf(kinds: Kinds, name: string): NodeKind {
  const kind = kinds.get(name);
  invariant(kind, 'a node of an unknown kind was planned');
  return kind;
}

/** One way of doing a node's work, as its declaration says it. */
export function stageOf(
  name: Stage['name'],
  from: Pick<NodeDecl, 'kind' | 'spec' | 'retry' | 'timeout'>,
  { idempotent }: Pick<NodeDecl, 'idempotent'>,
  kinds: Kinds,
): Stage {
  return {
    name,
    kind: from.kind,
    spec: from.spec,
    retry: from.retry,
    ...(from.timeout !== undefined && { timeout: from.timeout }),
    ...(!(idempotent ?? kindOf(kinds, from.kind).idempotent?.(from.spec) ?? true) && { idempotent: false as const }),
  };
}

/** A node's own stage, and one for each tier that `escalate` goes up. */
export function callStages(decl: NodeDecl, kinds: Kinds): readonly [Stage, ...Stage[]] {
  const own = stageOf('own', decl, decl, kinds);
  const { escalate } = decl;
  if (!escalate) return [own];
  const when = escalate.when && { escalateWhen: escalate.when.source };
  const on = [...escalate.on, ...(escalate.when ? ['not_accepted' as const] : [])];
  const steps: Stage[] = [];
  let spec = decl.spec;
  while (lowestTier(spec) !== undefined && TIERS.indexOf(lowestTier(spec) ?? 'premium') < TIERS.indexOf(escalate.to)) {
    spec = oneTierUp(spec, escalate.to);
    steps.push({ ...own, name: 'escalated', spec, on, ...when });
  }
  return [{ ...own, ...when }, ...steps];
}

/** The spec of a call, one tier up, not above `highest`. */
export function oneTierUp(spec: JsonObject, highest: Tier = 'premium'): JsonObject {
  const up = (tier: Json | undefined): Json => {
    const at = TIERS.indexOf((tier ?? DEFAULT_TIER) as Tier);
    const limit = TIERS.indexOf(highest);
    return TIERS[at < limit ? at + 1 : at] ?? tier ?? DEFAULT_TIER;
  };
  const { tier } = spec;
  return { ...spec, tier: isList(tier) ? tier.map((one) => (isObject(one) ? { ...one, use: up(one.use) } : one)) : up(tier) };
}

/** The lowest tier a spec may ask for; undefined for one that names its model. */
function lowestTier({ tier, model }: JsonObject): Tier | undefined {
  if (model !== undefined) return undefined;
  const named = isList(tier) ? tier.map((one) => (isObject(one) ? one.use : undefined)) : [tier ?? DEFAULT_TIER];
  return TIERS.find((one) => named.includes(one));
}
