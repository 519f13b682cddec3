import type { Reference } from '../contracts/reference.ts';
import type { Expression, NodeDecl } from '../contracts/workflow.ts';
import { parseExpression } from './expression.ts';
import { type Facts, isGuarded, NO_FACTS } from './guards.ts';
import { factsOfCondition } from './references.ts';

/** True when a read needs the value: not a null test, and not of how the node fared. */
export function isUse({ use, path }: Reference): boolean {
  return use && (path[2] === undefined || path[2] === 'output');
}

/** True when a read of a node's output in this field is a use, and nothing guards it: neither a test beside it nor the reader's own condition. */
export function isBareUse(reference: Reference, field: string, whenRun: Facts): boolean {
  if (!isUse(reference) || reference.guarded) return false;
  return DECIDES_SKIPPING.has(field) || !isGuarded(reference.path, whenRun);
}

/**
 * True when a read at the beginning of a way out (`wayOut`) decides whether the node at its end is skipped, and not only whether
 * something inside it is: that one does its nodes or its case all the same.
 */
export function decidesForAll(way: readonly NodeDecl[]): boolean {
  return way.slice(1).every(({ body }) => body?.type !== 'group' && body?.type !== 'route');
}

/** Fields that are looked at when it is being decided that a node is skipped, or after that: its own condition does not shield them. */
const DECIDES_SKIPPING: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);

/** The paths that are there whenever a node runs, because its own condition skips it when they are null. */
export function factsWhenRun({ skipIf }: NodeDecl): Facts {
  return skipIf === undefined ? NO_FACTS : factsWhen(skipIf.when, skipIf.negate);
}

/** The paths that are there whenever a node does what is inside it: of a case, because its condition held and none before it did. */
export function factsWhenTaken({ body }: NodeDecl, inside: NodeDecl): Facts {
  if (body?.type !== 'route') return NO_FACTS;
  const at = body.cases.findIndex(({ node }) => node === inside);
  return body.cases.slice(0, at + 1).flatMap(({ when }, index) => (when === undefined ? [] : factsWhen(when, index === at)));
}

function factsWhen({ source }: Expression, outcome: boolean): Facts {
  const parsed = typeof source === 'string' ? parseExpression(source) : undefined;
  return parsed?.ok ? factsOfCondition(parsed.tree, outcome) : NO_FACTS;
}
