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

/**
 * The entries of a replies file that nobody has used, in the order of the file, as one warning (DAG748); undefined when all were. Of nodes that
 * nothing was asked of, since they were skipped, say, there is nothing to tell: a file is for all the ways through its workflow.
 */
export function unusedEntries(staged: Staged, wasAsked: (node: string) => boolean, document: Document): Diagnostic | undefined {
  const unused = Object.entries(ENTRIES)
    .flatMap(([list, word]) =>
      staged[list as keyof Staged].flatMap((entry) =>
        entry.used || !wasAsked(entry.node) ? [] : [{ entry, word, at: document.spanOf(entry.path) }],
      ),
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
    help: 'see `item`, `iteration`, `attempt` and `tier`, and whether another entry comes first',
  };
}

/** Entries that were sent back to be mended, and in whose place something was made up, each with a warning (DAG749). */
export function replacedEntries(staged: Staged, document: Document): readonly Diagnostic[] {
  return staged.replies.flatMap((entry) =>
    entry.replaced
      ? [
          {
            code: 'DAG749',
            severity: 'warning',
            message: `this reply for "${entry.node}" does not pass, and an answer was made up in its place`,
            at: document.spanOf(entry.path),
            label: 'sent back to be mended',
            help: `see the \`output\` and the \`check\` of "${entry.node}"; a second reply is what it answers when it is asked to mend this one`,
          } as const,
        ]
      : [],
  );
}

/** What an entry asks for besides its node. */
function whichOf({ item, iteration, attempt, tier, call }: Entry<unknown>): string {
  const said = Object.entries({ item, iteration, attempt, tier, call }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`],
  );
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}
