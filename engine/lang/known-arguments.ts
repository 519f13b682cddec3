import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { membersOf, type Shape } from './shape.ts';
import type { Env } from './type-env.ts';
import { spellsNumber } from './values.ts';

/** What a function or helper takes of one argument beyond its type. */
export interface Taken {
  readonly at: number;
  readonly takes: (value: Json) => boolean;
  /** The same for people: `a whole number`. */
  readonly words: string;
  /** All there are, when they are few. */
  readonly values?: readonly string[];
}

const WHOLE = { takes: (value: Json): boolean => Number.isInteger(value), words: 'a whole number' };
const ORDER = {
  takes: (value: Json): boolean => value === 'asc' || value === 'desc',
  words: '"asc" or "desc"',
  values: ['asc', 'desc'],
};
const SPELLED = { takes: (value: Json): boolean => typeof value !== 'string' || spellsNumber(value), words: 'text that spells a number' };

/** A whole number from `least` to `most`. */
export function wholeWithin(least: number, most?: number): Pick<Taken, 'takes' | 'words'> {
  const takes = (value: Json): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && (most === undefined || value <= most);
  return { takes, words: `a whole number from ${least}${most === undefined ? '' : ` to ${most}`}` };
}

/** What functions take of values that are known before the run. */
export const takenByFunctions: Readonly<Record<string, readonly Taken[]>> = {
  sort: [{ at: 1, ...ORDER }],
  sort_by: [{ at: 2, ...ORDER }],
  slice: [
    { at: 1, ...WHOLE },
    { at: 2, ...WHOLE },
  ],
  round: [{ at: 1, ...wholeWithin(0, 15) }],
  int: [{ at: 0, ...SPELLED }],
  double: [{ at: 0, ...SPELLED }],
  bool: [{ at: 0, takes: (value) => typeof value === 'boolean' || value === 'true' || value === 'false', words: '"true" or "false"' }],
};

/** Complains of an argument all values of which are known, when one of them is not taken: every run that has it would fail. True when it has. */
export function checkKnown(name: string, { at, takes, words, values }: Taken, arg: Expr | undefined, shape: Shape, env: Env): boolean {
  if (arg === undefined) return false;
  const known = knownValues(shape);
  const wrong = known?.find((value) => !takes(value));
  if (known === undefined || wrong === undefined) return false;
  const said = JSON.stringify(wrong);
  env.complain('DAG409', arg, `\`${name}\` takes ${words}, and this ${known.length === 1 ? 'is' : 'may be'} ${said}`, {
    label: at === 0 || known.length > 1 ? `${said} is not taken` : 'not taken',
    ...(values !== undefined && typeof wrong === 'string' && { name: wrong, candidates: values }),
  });
  return true;
}

/** Every value there can be; undefined when there are others, or none. */
function knownValues(shape: Shape): readonly Json[] | undefined {
  const found: Json[] = [];
  for (const one of membersOf(shape)) {
    if ((one.type === 'string' || one.type === 'number') && one.values !== undefined) found.push(...one.values);
    else return undefined;
  }
  return found.length === 0 ? undefined : found;
}

/** Complains of a division by what is always 0. */
export function checkDivisor(tree: Expr & { op: 'binary' }, right: Shape, env: Env): void {
  const known = knownValues(right);
  if ((tree.operator !== '/' && tree.operator !== '%') || known === undefined || !known.includes(0)) return;
  env.complain('DAG409', tree.right, `this ${known.length === 1 ? 'is' : 'may be'} 0, and nothing can be divided by it`, {
    label: known.length === 1 ? '0' : `one of ${known.join(', ')}`,
  });
}
