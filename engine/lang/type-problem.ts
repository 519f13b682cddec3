import type { Code } from '../contracts/diagnostic.ts';

/** Something wrong with the types in an expression or a template. `start` and `end` are UTF-16 offsets in its text. */
export interface TypeProblem {
  readonly code: Code;
  readonly severity: 'error' | 'warning';
  /** A headline, without a full stop. */
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly label?: string;
  readonly because?: string;
  readonly help?: string;
  /** A name that does not exist, and the names that do: for "did you mean". */
  readonly name?: string;
  readonly candidates?: readonly string[];
}

/** A stretch of a text. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export type Complain = (
  code: Code,
  at: Stretch,
  message: string,
  more?: Partial<Pick<TypeProblem, 'severity' | 'label' | 'because' | 'help' | 'name' | 'candidates'>>,
) => void;

/** What collects problems: the list so far, and how to add to it. */
export function collector(): { readonly problems: readonly TypeProblem[]; readonly complain: Complain } {
  const problems: TypeProblem[] = [];
  const complain: Complain = (code, at, message, more = {}) => {
    if (problems.some((known) => known.code === code && known.start === at.start && known.end === at.end)) return;
    problems.push({ code, severity: 'error', message, start: at.start, end: at.end, ...more });
  };
  return { problems, complain };
}
