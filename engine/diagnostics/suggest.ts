import { distance } from 'fastest-levenshtein';

/** Lists longer than this are not printed. */
const MAX_LISTED = 8;

/**
 * The candidate that was probably meant: the nearest name within a third of the length, at most three edits; ties go to the
 * first. Two letters changed about count as one edit; differences of case, `-` and `_` as none.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    const edits = editsBetween(name, candidate);
    // Of a name of one or two letters, one edit makes any other.
    if (edits >= least || edits >= candidate.length || (name.length < 3 && edits > 0)) continue;
    best = candidate;
    least = edits;
  }
  return best;
}

/** One line of help for a name that does not exist: the nearest one, else the list when it is short, else undefined. */
export function adviceOn(name: string, candidates: Iterable<string>): string | undefined {
  const list = [...candidates];
  const near = suggest(name, list);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (list.length === 0 || list.length > MAX_LISTED) return undefined;
  const quoted = list.map((candidate) => `"${candidate}"`);
  return list.length === 1 ? `there is only ${quoted[0]}` : `there are ${quoted.slice(0, -1).join(', ')} and ${quoted[quoted.length - 1]}`;
}

function editsBetween(a: string, b: string): number {
  if (plain(a) === plain(b)) return 0;
  const edits = distance(a, b);
  return edits === 2 && a.length === b.length && swapped(a, b) ? 1 : edits;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Whether two neighbouring letters changed places. */
function swapped(a: string, b: string): boolean {
  const at = [...a].findIndex((char, index) => char !== b[index]);
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}
