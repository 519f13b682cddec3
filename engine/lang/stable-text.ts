import type { Reference } from '../contracts/reference.ts';
import type { TemplatePart } from '../contracts/template.ts';

/** Whether what is read is another in each of some calls. */
export type Varies = (reference: Reference) => boolean;

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The first place of a text where something is read that varies; undefined when it is the same in every call. */
export function firstVarying(references: readonly Reference[], varies: Varies): Reference | undefined {
  let first: Reference | undefined;
  for (const reference of references) if ((!first || reference.start < first.start) && varies(reference)) first = reference;
  return first;
}

/**
 * The parts a template begins with that print the same text in every call: all of them, or those before the first that reads what
 * varies, and of a block whose condition does not vary what stands before it in its branches. Rendered, they are what the whole
 * template begins with.
 */
export function stableParts(parts: readonly TemplatePart[], references: readonly Reference[], varies: Varies): readonly TemplatePart[] {
  const varying = references.filter(varies);
  return varying.length === 0 ? parts : beforeVarying(parts, varying);
}

/** Whatever a part reads is read inside of it: names of blocks stand for paths that are written there. */
function beforeVarying(parts: readonly TemplatePart[], varying: readonly Stretch[]): readonly TemplatePart[] {
  const within = ({ start, end }: Stretch): boolean => varying.some((one) => one.start >= start && one.end <= end);
  const at = parts.findIndex(within);
  const first = parts[at];
  if (first === undefined) return parts;
  const before = parts.slice(0, at);
  if (first.type === 'if' && !within(first.test))
    // biome-ignore lint/suspicious/noThenProperty: a tree is never awaited.
    return [...before, { ...first, then: beforeVarying(first.then, varying), otherwise: beforeVarying(first.otherwise, varying) }];
  if (first.type === 'with' && !within(first.of))
    return [...before, { ...first, body: beforeVarying(first.body, varying), otherwise: beforeVarying(first.otherwise, varying) }];
  return before;
}
