import { positionAt } from '../base/position.ts';
import type { Code, Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { SourceFile } from '../contracts/source.ts';
import { adviceOnSyntax } from './traps.ts';

/** From an offset to another, the second exclusive. */
export type Range = readonly [number, number];

/** What was said about one file so far, and what follows from it for the rest. */
export interface Account {
  readonly file: SourceFile;
  readonly report: Report;
  /** Lines about which something exact was said: what the parser stumbles over there is an echo. */
  readonly explained: Set<number>;
  /** The last quoted text of several lines: when the file breaks right behind it, its closing quote is missing. */
  open: { readonly start: number; readonly end: number } | undefined;
  /** True once something is unknown that other parts may depend on: the file is given up after this pass. */
  broken: boolean;
}

/** A place the YAML parser could not read; its words are not used. */
interface Stumble {
  readonly code: string;
  readonly pos: readonly [number, number];
}

/** Reports an error at a place of the file. */
export function say(account: Account, code: Code, range: Range, message: string, more: Partial<Diagnostic> = {}): void {
  // The parser points behind the last character when something is missing at the end.
  const [start, end] = range.map((offset) => Math.min(offset, account.file.text.length)) as [number, number];
  for (let line = positionAt(account.file, start).line; line <= positionAt(account.file, end).line; line += 1) account.explained.add(line);
  account.report({ code, severity: 'error', message, at: { file: account.file, start, end }, ...more });
}

/** Reports lines before the document that would change how it is read. */
export function reportDirectives(account: Account): void {
  let at = 0;
  for (const line of account.file.text.split('\n')) {
    if (line.startsWith('%')) {
      say(account, 'DAG106', [at, at + line.trimEnd().length], 'a line that starts with % is a YAML directive, and there are none here', {
        help: 'remove the line: a workflow is always YAML 1.2',
      });
    } else if (line.trim() !== '' && !line.startsWith('#') && line.trim() !== '\ufeff') return;
    at += line.length + 1;
  }
}

/** Reports what the parser could not read; true when the structure is in doubt. */
export function reportSyntax(account: Account, errors: readonly Stumble[]): boolean {
  const { file, open } = account;
  let broken = false;
  let tabs = false;
  for (const error of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const [start, end] = error.pos;
    const { line } = positionAt(file, start);
    if (error.code === 'MULTIPLE_DOCS') {
      say(account, 'DAG104', [start, Math.min(start + 3, end)], 'a second document begins here; a file holds one workflow', {
        help: 'put the other document into a file of its own, or remove the line ---',
      });
      continue;
    }
    if (account.explained.has(line)) continue;
    if (open !== undefined && start >= open.end - 1) {
      // A quote that is never closed was reported when it was read.
      if (open.end < file.text.length) {
        const quote = file.text[open.start] ?? '"';
        say(
          account,
          'DAG101',
          [open.start, open.start + 1],
          `the quote ${quote} that begins here ends only on line ${positionAt(file, open.end).line}`,
          {
            label: 'opened here',
            help: 'close it where the text ends',
          },
        );
      }
      return true;
    }
    const advice = adviceOnSyntax(file, error.code, start, end);
    // After a mistake that is not understood, everything below it is a guess; one line indented by a tab stands for all.
    if ((broken && advice.code === 'DAG101') || account.broken) break;
    broken = true;
    if (advice.code === 'DAG118' && tabs) continue;
    tabs ||= advice.code === 'DAG118';
    say(account, advice.code, advice.range, advice.message, advice.more);
    if (advice.code === 'DAG101') break;
  }
  return broken;
}
