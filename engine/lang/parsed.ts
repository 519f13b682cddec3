/** The tree of a text, or what is wrong with that text. */
export type Parsed<T> = { readonly ok: true; readonly tree: T } | { readonly ok: false; readonly problem: SyntaxProblem };

/** Why an expression or a template cannot be read. `start` and `end` are UTF-16 offsets in its text. */
export interface SyntaxProblem {
  /** In the author's words, without a full stop. */
  readonly message: string;
  readonly start: number;
  readonly end: number;
  /** One action that mends it. */
  readonly help?: string;
  /** A name that does not exist, and the names that do: for "did you mean". */
  readonly name?: string;
  readonly candidates?: readonly string[];
}

/** Thrown while a tree is built, caught by the parser that builds it: never seen outside `lang/`. */
export class Mistake extends Error {
  readonly problem: SyntaxProblem;
  constructor(problem: SyntaxProblem) {
    super(problem.message);
    this.problem = problem;
  }
}
