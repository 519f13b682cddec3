import type { Code } from '../contracts/diagnostic.ts';

/** What is wrong with one reference; `step` is the part of its path that is to blame. */
export interface Misread {
  readonly code: Code;
  readonly step: number;
  readonly message: string;
  readonly label: string;
  readonly because?: string;
  readonly help?: string;
  /** What to write instead of that step, when that is certain. */
  readonly replacement?: string;
}

/** A mistake in a reference. */
export function misread(code: Code, step: number, message: string, more: Omit<Misread, 'code' | 'step' | 'message'>): Misread {
  return { code, step, message, ...more };
}
