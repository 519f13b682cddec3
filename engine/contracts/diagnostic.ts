import type { Span } from './source.ts';

export type Code = `DAG${number}`;

/** A mistake the author can fix. The terminal's text is rendered from this, and `--format json` prints it. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: 'error' | 'warning';
  /** The headline: what is wrong, in the author's words, without a full stop, at most 90 characters. */
  readonly message: string;
  readonly at: Span;
  /** Under the caret: what was expected, in a few words. */
  readonly label?: string;
  readonly related?: readonly { readonly at: Span; readonly label: string }[];
  /** What was seen, line by line: how the tries of a node ended. Shown under the frame. */
  readonly details?: readonly string[];
  /** The rule behind it. */
  readonly because?: string;
  /** One action that mends it. */
  readonly help?: string;
  /** A replacement that is certain to be right. */
  readonly fix?: { readonly at: Span; readonly replacement: string };
}

export type Report = (diagnostic: Diagnostic) => void;
