import { RE2JS } from 're2js';

/** A compiled pattern. With a `problem` it is not one, and `test` is false for every text. */
export interface Regex {
  /** Whether the pattern is found anywhere in the text; time grows with the text's length only. */
  test(text: string): boolean;
  /** What is wrong with the pattern, in a few words. */
  readonly problem?: string;
}

/** More patterns than any workflow has; a pattern made of data must not fill the memory. */
const REMEMBERED = 500;
const known = new Map<string, Regex>();

/** A pattern (RE2 syntax: JavaScript's without look-around and back-references), ready to be tested. The answer is remembered. */
export function compileRegex(pattern: string): Regex {
  const done = known.get(pattern);
  if (done !== undefined) return done;
  const regex = build(pattern);
  if (known.size >= REMEMBERED) known.clear();
  known.set(pattern, regex);
  return regex;
}

function build(pattern: string): Regex {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return { test: (text) => compiled.test(text) };
  } catch {
    return { test: () => false, problem: problemOf(pattern) };
  }
}

function problemOf(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) return 'look-ahead and look-behind are not supported, so that no text can make matching slow';
  if (/\\[1-9]/.test(pattern)) return 'back-references are not supported, so that no text can make matching slow';
  if (/\{\d{4,}|\{\d*,\d{4,}/.test(pattern)) return 'a repeat count is at most 1000';
  try {
    new RegExp(pattern, 'u');
  } catch {
    return 'a bracket is left open, or a sign such as * + ? { stands where it cannot; write \\ before a sign that is meant as itself';
  }
  return 'part of it is not supported, so that no text can make matching slow';
}
