import type { Json } from '../base/json.ts';
import type { FirstDifference } from './first-difference.ts';
import type { Difference } from './why-again.ts';

/** Values are shown as far as they tell them apart. */
const SHOWN = 60;
/** So much of what both begin with is shown before the place where they part. */
const BEFORE = 12;

/** Why a task was done again, as the rest of a sentence that begins with its node: `prompt, line 3: "…" is now "…"`. */
export function differenceInWords(difference: Difference): string {
  switch (difference.type) {
    case 'refreshed':
      return 'was to be done again';
    case 'never_reused':
      return `is done anew in every run, as is every ${difference.kind}`;
    case 'kind':
      return `was of kind ${difference.before} and is of kind ${difference.after}`;
    case 'new_node':
      return 'is new';
    case 'new_round':
      return `the earlier run had only ${difference.before === 1 ? '1 round' : `${difference.before} rounds`}`;
    case 'not_begun':
      return 'the earlier run did not come to it';
    case 'new_item':
      return 'the item is new';
    case 'not_succeeded':
      return `did not succeed before: ${difference.status}`;
    case 'field':
      if (difference.reads !== undefined) return `${difference.field} reads ${difference.reads}: ${change(difference)}`;
      return `${placeOf(difference.field, difference)}: ${change(difference)}`;
    case 'output':
    case 'check':
    case 'result':
    case 'escalate.when':
      return `${placeOf(difference.type, difference)}: ${change(difference)}`;
    case 'value':
      return `its checks or its result read ${difference.reads}: ${change(difference)}`;
    case 'models':
      return `the models were ${difference.before.join(', ')} and are ${difference.after.join(', ')}`;
    case 'file':
      return `the text of ${difference.files.length === 1 ? 'the file it attaches' : 'a file it attaches'} has changed: ${difference.files.join(', ')}`;
    case 'code':
      return 'dagrun works otherwise than the version that made the earlier output';
  }
}

function placeOf(field: string, { path, line }: FirstDifference): string {
  const inside = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return line === undefined ? `${field}${inside}` : `${field}${inside}, line ${line}`;
}

function change({ before, after }: FirstDifference): string {
  if (before === null) return `${shown(after, 0)} is new`;
  if (after === null) return `${shown(before, 0)} is gone`;
  const from = typeof before === 'string' && typeof after === 'string' ? partingOf(before, after) : 0;
  return `${shown(before, from)} is now ${shown(after, from)}`;
}

/** Where long texts are to be cut so that the difference is seen. */
function partingOf(before: string, after: string): number {
  if (before.length <= SHOWN && after.length <= SHOWN) return 0;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return at <= SHOWN - BEFORE * 2 ? 0 : at - BEFORE;
}

function shown(value: Json, from: number): string {
  if (typeof value !== 'string') {
    const text = JSON.stringify(value);
    return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;
  }
  const rest = value.slice(from);
  const text = rest.length <= SHOWN ? rest : `${rest.slice(0, SHOWN - 1)}…`;
  return `"${from > 0 ? '…' : ''}${text.replace(/\s+/g, ' ')}"`;
}
