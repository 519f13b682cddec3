import type { Reference } from '../contracts/reference.ts';
import type { Document, Span } from '../contracts/source.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { type Frame, isNamed } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';

/** The nearest of the names with the help that says so, when one is near. */
export function nearestOf(name: string, names: readonly string[]): { readonly nearest: string; readonly help: string } | undefined {
  const nearest = suggest(name, names);
  return nearest === undefined ? undefined : { nearest, help: `did you mean "${nearest}"?` };
}

/** The help for a name that is none of these: the nearest of them, or their list when it is short, or nothing. */
export function didYouMean(name: string, names: readonly string[]): { readonly help?: string } {
  const help = adviceOn(name, names);
  return help === undefined ? {} : { help };
}

/** Names in quotes: `"a", "b" and "c"`. */
export function listed(names: readonly string[], joint: 'and' | 'or' = 'and'): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${joint} ${last}`;
}

/** Who reads, as a sentence's subject: of what a case or a part reads, the node it belongs to. */
export function readerOf(reading: FieldReading): string {
  const node = readingNode(reading);
  return node ? `"${node.id}"` : `the output "${reading.field}"`;
}

/** The author's node that a field belongs to, also when it is a case's or a part's; undefined for an output of the workflow. */
export function readingNode({ node, frame: from }: FieldReading): NodeDecl | undefined {
  let found = node;
  // The result of a group stands in the frame of its nodes.
  let frame: Frame | undefined = from.parent === node ? from.outer : from;
  while (frame?.parent !== undefined && !isNamed({ frame })) {
    found = frame.parent;
    frame = frame.outer;
  }
  return found;
}

/** The span of step `step` of what a reference reads (`scan` in `nodes.scan.output`); all of it when that step is not written there. */
export function spanOfStep(document: Document, reference: Reference, step: number): Span {
  const { text, start, end, at } = reference;
  let from = 0;
  for (const [index, name] of reference.path.entries()) {
    const found = text.length === end - start ? wholeWord(text, name, from) : -1;
    if (found === -1) break;
    if (index === step) return document.spanWithin(at, start + found, start + found + name.length);
    from = found + name.length;
  }
  return document.spanWithin(at, start, end);
}

function wholeWord(text: string, word: string, from: number): number {
  const isPart = (at: number): boolean => /\w/.test(text.charAt(at));
  for (let at = text.indexOf(word, from); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!isPart(at - 1) && !isPart(at + word.length)) return at;
  }
  return -1;
}
