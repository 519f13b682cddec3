import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { Entry, Staged } from '../providers/replies.ts';
import { ENTRIES, replacedEntries } from '../providers/unused-entries.ts';
import type { Scenario } from './scenario.ts';

type ListName = keyof Staged;

const LISTS = Object.keys(ENTRIES) as readonly ListName[];

/**
 * What a scenario itself has staged, and what never came to be (DAG748): a fault or a failure that did not happen fails it, for it was to
 * show what happens then; the rest is a warning.
 */
export function judgeUnused(scenario: Scenario, document: Document): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { path, used, fault, node } of scenario.faults) {
    if (used || path[0] !== 'scenarios') continue;
    const message = `"${node}" was never ${fault}: it was not called so`;
    const help = 'a model that was not asked cannot fail; see `item`, `attempt`, and whether the node runs';
    found.push({ code: 'DAG748', severity: 'error', message, at: document.spanOf(path), label: 'did not happen', help });
  }
  for (const { staged, own } of scenario.staged) {
    if (!own) continue;
    for (const list of LISTS) for (const entry of staged[list]) found.push(...unusedEntry(entry, list, document));
    found.push(...replacedIn(scenario, staged, document));
  }
  return found;
}

/** Replies in whose place something was made up; what a fault has spoiled was not at fault. */
function replacedIn({ faults }: Scenario, staged: Staged, document: Document): readonly Diagnostic[] {
  const spoiled = new Set(faults.flatMap(({ used, node }) => (used ? [node] : [])));
  return replacedEntries({ ...staged, replies: staged.replies.filter(({ node }) => !spoiled.has(node)) }, document);
}

function unusedEntry(entry: Entry<unknown>, list: ListName, document: Document): readonly Diagnostic[] {
  const { path, used, node, times, left } = entry;
  const at = document.spanOf(path);
  const what = `this ${ENTRIES[list]} for "${node}"`;
  if (!used && isFailure(entry)) {
    const help = 'it was to show what happens when it fails: see `item`, `attempt`, and whether another entry comes first';
    return [{ code: 'DAG748', severity: 'error', message: `${what} fails, and was never used`, at, label: 'did not happen', help }];
  }
  if (!used) return [{ code: 'DAG748', severity: 'warning', message: `${what} was never used`, at, label: 'not used' }];
  if (left === 0 || left === Infinity) return [];
  const count = times - left === 1 ? 'once' : `${times - left} times`;
  const message = `${what} was used ${count}, and could have been ${times} times`;
  return [{ code: 'DAG748', severity: 'warning', message, at, label: 'not used up', help: '`times: any` is for as often as it is asked' }];
}

function isFailure({ gives }: Entry<unknown>): boolean {
  if (typeof gives !== 'object' || gives === null) return false;
  return 'fail' in gives || ('given' in gives && typeof gives.given === 'object' && gives.given !== null && 'fail' in gives.given);
}

/** What several scenarios share, of which each may leave something unused. */
export interface SharedUse {
  /** Notes what a scenario, whose run is over, has used. */
  note(scenario: Scenario): void;
  /** In whose place something was made up (DAG749), and what none of them has used (DAG748), each a warning where it is written. */
  unused(): readonly Diagnostic[];
}

export function createSharedUse(): SharedUse {
  const replaced = new Map<string, Diagnostic>();
  const seen = new Map<Document, Map<string, { readonly path: Path; readonly node: string; readonly list: ListName; used: boolean }>>();
  return {
    note(scenario) {
      for (const { staged, document, own } of scenario.staged) {
        if (own) continue;
        for (const told of replacedIn(scenario, staged, document)) replaced.set(`${told.at.file.name}:${told.at.start}`, told);
        const entries = seen.get(document) ?? new Map();
        seen.set(document, entries);
        for (const list of LISTS) {
          for (const { path, node, used } of staged[list]) {
            const known = entries.get(path.join('/'));
            if (known) known.used ||= used;
            else entries.set(path.join('/'), { path, node, list, used });
          }
        }
      }
    },
    unused: () => [
      ...replaced.values(),
      ...[...seen].flatMap(([document, entries]) =>
        [...entries.values()].flatMap(({ path, node, list, used }): Diagnostic[] => {
          if (used) return [];
          const message = `no scenario uses this ${ENTRIES[list]} for "${node}"`;
          return [{ code: 'DAG748', severity: 'warning', message, at: document.spanOf(path), label: 'not used' }];
        }),
      ),
    ],
  };
}
