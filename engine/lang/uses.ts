import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
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

/** Fields that are looked at when it is being decided that a node is skipped, or after that: its own condition does not shield them. */
const DECIDES_SKIPPING: ReadonlySet<string> = new Set(['skip_if', 'run_if', 'reason', 'if_skipped']);

/** The paths that are there whenever a node runs, because its own condition skips it when they are null. */
export function factsWhenRun({ skipIf }: NodeDecl): Facts {
  if (typeof skipIf?.when.source !== 'string') return NO_FACTS;
  const parsed = parseExpression(skipIf.when.source);
  return parsed.ok ? factsOfCondition(parsed.tree, skipIf.negate) : NO_FACTS;
}
