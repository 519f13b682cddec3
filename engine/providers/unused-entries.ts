import { positionAt } from '../base/position.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Document } from '../contracts/source.ts';
import type { Entry, Staged } from './replies.ts';

/** The lists of entries, and what one of each is called. */
export const ENTRIES: Readonly<Record<keyof Staged, string>> = {
  replies: 'reply',
  stubs: 'stub',
  toolStubs: 'stub',
  answers: 'answer',
  waits: 'end of waiting',
};

/** More entries than these are counted. */
const MOST_SHOWN = 10;

/** The entries of a replies file that nobody has used, in the order of the file, as one warning (DAG748); undefined when all were. */
export function unusedEntries(staged: Staged, document: Document): Diagnostic | undefined {
  const unused = Object.entries(ENTRIES)
    .flatMap(([list, word]) =>
      staged[list as keyof Staged].flatMap((entry) => (entry.used ? [] : [{ entry, word, at: document.spanOf(entry.path) }])),
    )
    .sort((one, other) => one.at.start - other.at.start);
  const [first] = unused;
  if (!first) return undefined;
  const { name } = document.file;
  const lines = unused
    .slice(0, MOST_SHOWN)
    .map(({ entry, word, at }) => `${name}:${positionAt(document.file, at.start).line} ${word} for "${entry.node}"${whichOf(entry)}`);
  const rest = unused.length - lines.length;
  return {
    code: 'DAG748',
    severity: 'warning',
    message:
      unused.length === 1
        ? `this ${first.word} for "${first.entry.node}" was never used`
        : `${unused.length} entries of ${name} were never used`,
    at: first.at,
    label: 'not used',
    ...(unused.length > 1 && { details: rest > 0 ? [...lines, `and ${rest} more`] : lines }),
    help: 'see `item`, `iteration`, `attempt` and `tier`, whether another entry comes first, and whether the node runs',
  };
}

/** What an entry asks for besides its node. */
function whichOf({ item, iteration, attempt, tier, call }: Entry<unknown>): string {
  const said = Object.entries({ item, iteration, attempt, tier, call }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`],
  );
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}
