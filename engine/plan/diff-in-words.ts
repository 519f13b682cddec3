import type { Json } from '../base/json.ts';
import { diffWords } from '../base/text-diff.ts';
import { fromDollars, renderUsd } from '../base/units.ts';
import type { CallPrice, FieldChange, NodeChange, NodeReuse, PriceChange, WorkflowDiff } from '../contracts/diff.ts';
import { inLine } from './describe.ts';

/** What a difference comes to, part by part: `2 breaking changes`, `1 node added`, `1 renamed`. Empty when nothing is different. */
export function diffCounts(diff: WorkflowDiff): readonly string[] {
  const { signature, nodes, edges, settings } = diff;
  const breaking = signature.filter((change) => change.breaking).length;
  const parts = [counted(breaking, 'breaking change')];
  const states = (['added', 'removed', 'renamed', 'changed'] as const).flatMap((state) => {
    const count = nodes.filter(({ change }) => change === state).length;
    return count === 0 ? [] : [{ count, state }];
  });
  parts.push(...states.map(({ count, state }, at) => (at === 0 ? `${counted(count, 'node')} ${state}` : `${count} ${state}`)));
  parts.push(counted(edges.length, 'edge'));
  // What has no better name.
  parts.push(counted(signature.length - breaking + settings.length, 'smaller change'));
  return parts.filter((part) => part !== '');
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A change of a value on a line: `3 → 5`, `5, new`, `was 3`; of a text how many words went and came. */
export function valueInWords({ holds, before, after }: FieldChange): string {
  if (holds === 'text') {
    const [gone, come] = wordsChanged(inText(before), inText(after));
    const counts = [come > 0 ? `+${come}` : '', gone > 0 ? `−${gone}` : ''].filter((part) => part !== '').join(' ');
    if (counts === '') return 'punctuation or blanks';
    return `${counts} ${come + gone === 1 ? 'word' : 'words'}${before === null ? ', new' : after === null ? ', gone' : ''}`;
  }
  if (before === null) return `${shown(after)}, new`;
  if (after === null) return `was ${shown(before)}`;
  return `${shown(before)} → ${shown(after)}`;
}

/** How many words went, and how many came. */
function wordsChanged(before: string, after: string): readonly [gone: number, come: number] {
  const pieces = diffWords(before, after);
  const count = (where: 'before' | 'after'): number =>
    pieces.filter((piece) => piece.in === where).reduce((sum, { text }) => sum + (text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0), 0);
  return [count('before'), count('after')];
}

const inText = (value: Json): string => (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

const shown = (value: Json): string => inLine(value);

/** How much of a node is as it was under its old name. */
export function likenessInWords({ similarity = 0 }: NodeChange): string {
  return similarity === 1 ? 'renamed, nothing else' : `renamed, ${Math.round(similarity * 100)}% alike`;
}

/** What follows for outputs that were made before. */
export function reuseInWords({ verdict, because }: NodeReuse): string {
  return because === '' ? VERDICTS[verdict] : `${VERDICTS[verdict]}: ${because}`;
}

/** What each verdict is called. */
export const VERDICTS: Readonly<Record<NodeReuse['verdict'], string>> = {
  again: 'done again',
  may_change: 'may change',
  new: 'new',
  cache: 'kept in the cache',
  kept: 'kept',
  never: 'always done again',
};

/** What a price is reckoned for. */
export const PRICED_CALL = '1,000 tokens in, 500 out';

/** The price of one call before and after: `$0.0140 → $0.0070`; a price that is not known is said to be unknown. */
export function priceInWords({ before, after, repeated }: PriceChange): string {
  const each = repeated ? ' each' : '';
  if (before === undefined) return `${costs(after)}${each}, new`;
  if (after === undefined) return `was ${costs(before)}${each}`;
  return `${costs(before)} → ${costs(after)}${each}`;
}

function costs(calls: readonly CallPrice[] = []): string {
  const texts = calls.map(({ call }) => (call === null ? 'unknown' : renderUsd(fromDollars(call))));
  return [...new Set(texts)].join(' or ');
}

/** The models before and after, without their providers where these are the same. */
export function modelsInWords({ before, after }: PriceChange): string {
  const names = (calls: readonly CallPrice[] | undefined): string => (calls ?? []).map(({ model }) => model).join(' or ');
  return [names(before), names(after)].filter((text) => text !== '').join(' → ');
}
