import type { Path } from './source.ts';

/** One read of a name in scope: by an expression or a template. */
export interface Reference {
  /** `['nodes', 'scan', 'output', 'findings']`; stops where a step is not known before the run. `'[]'` stands for an element. */
  readonly path: readonly string[];
  /** As written. */
  readonly text: string;
  /** The field it stands in, and where in that field's text. */
  readonly at: Path;
  readonly start: number;
  readonly end: number;
  /** False for a null test (`nodes.x.output == null`), which reads whether there is a value, not the value. */
  readonly use: boolean;
  /** True where a null test dominates it, so that it may be missing. */
  readonly guarded: boolean;
  /** What guards it: the function or helper it is given to, or the path that was found to be there. */
  readonly guardedBy?: string;
  /** The partial it stands in, and the names that this is given by the one that calls it. */
  readonly partial?: { readonly name: string; readonly given: readonly string[] };
}
