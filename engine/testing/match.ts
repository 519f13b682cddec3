import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { suggest } from '../diagnostics/suggest.ts';

/** Where a value is not what was expected. `path` starts at the expectation. */
export interface Difference {
  readonly path: Path;
  /** What is wrong, without the name of the thing: `is 3, not 4`. */
  readonly message: string;
  /** Under the caret. */
  readonly label: string;
  readonly details?: readonly string[];
  readonly help?: string;
}

const MOST_SHOWN = 60;

/**
 * How a value differs from what is expected of it. Of an object only the fields named are looked at; a list must have as many
 * elements; where the value is a text, `{ contains, lacks }` looks into it.
 */
export function differences(expected: Json, actual: Json | undefined, path: Path = []): readonly Difference[] {
  if (actual === undefined) return [{ path, message: 'is not there', label: 'not there' }];
  if (isObject(expected)) {
    if (typeof actual === 'string' && isTextMatch(expected)) return textDifferences(expected, actual, path);
    if (!isObject(actual)) return [unlike(expected, actual, path)];
    return Object.entries(expected).flatMap(([key, value]) => {
      if (Object.hasOwn(actual, key)) return differences(value, actual[key], [...path, key]);
      const near = suggest(key, Object.keys(actual));
      const help = near === undefined ? {} : { help: `did you mean "${near}"?` };
      return [{ path: [...path, key], message: 'is not there', label: 'no such field', ...help }];
    });
  }
  if (isList(expected)) {
    if (!isList(actual)) return [unlike(expected, actual, path)];
    if (expected.length !== actual.length) {
      const message = `has ${elements(actual.length)}, not ${expected.length}`;
      return [{ path, message, label: `got ${elements(actual.length)}`, details: actual.slice(0, 10).map((one) => `got: ${brief(one)}`) }];
    }
    return expected.flatMap((value, index) => differences(value, actual[index], [...path, index]));
  }
  return expected === actual ? [] : [unlike(expected, actual, path)];
}

/** What of a text is not as `{ contains, lacks }`, or the text itself, says. */
export function textDifferences(expected: Json, actual: string, path: Path): readonly Difference[] {
  if (!isObject(expected)) return differences(expected, actual, path);
  const found: Difference[] = [];
  for (const [at, text] of textsOf(expected.contains)) {
    if (actual.includes(text)) continue;
    const label = 'not in it';
    found.push({
      path: [...path, 'contains', ...at],
      message: `does not contain ${brief(text)}`,
      label,
      details: [`got: ${brief(actual, 200)}`],
    });
  }
  for (const [at, text] of textsOf(expected.lacks)) {
    const where = actual.indexOf(text);
    if (where < 0) continue;
    const around = actual.slice(Math.max(0, where - 40), where + text.length + 40);
    found.push({
      path: [...path, 'lacks', ...at],
      message: `contains ${brief(text)}`,
      label: 'in it',
      details: [`got: … ${brief(around, 200)} …`],
    });
  }
  return found;
}

/** What of a number is not as `{ min, max }`, or the number itself, says. `show` prints a number. */
export function rangeDifferences(expected: Json, actual: number, path: Path, show: (value: number) => string): readonly Difference[] {
  const label = `got ${show(actual)}`;
  if (typeof expected === 'number') {
    return expected === actual ? [] : [{ path, message: `is ${show(actual)}, not ${show(expected)}`, label }];
  }
  const { min, max } = isObject(expected) ? expected : {};
  if (typeof min === 'number' && actual < min) {
    return [{ path: [...path, 'min'], message: `is ${show(actual)}, less than ${show(min)}`, label }];
  }
  if (typeof max === 'number' && actual > max) {
    return [{ path: [...path, 'max'], message: `is ${show(actual)}, more than ${show(max)}`, label }];
  }
  return [];
}

/** The same of what was spent, of which `unpriced` calls are no part: what it was at most, nobody can say then. */
export function costDifferences(expected: Json, actual: number, unpriced: number, path: Path): readonly Difference[] {
  const atLeast = isObject(expected) && expected.max === undefined;
  if (unpriced === 0 || atLeast) return rangeDifferences(expected, actual, path, money);
  const calls = unpriced === 1 ? 'the price of 1 call is' : `the prices of ${unpriced} calls are`;
  return [{ path, message: `cannot be told: ${calls} not known`, label: `${money(actual)} and what these cost` }];
}

/** A text or a list of texts, each with where it stands. */
export function textsOf(value: Json | undefined): readonly (readonly [path: Path, text: string])[] {
  if (typeof value === 'string') return [[[], value]];
  return isList(value) ? value.flatMap((text, index) => (typeof text === 'string' ? [[[index], text] as const] : [])) : [];
}

/** A value in a few words. */
export function brief(value: Json, most: number = MOST_SHOWN): string {
  const text = JSON.stringify(value);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function isTextMatch(expected: JsonObject): boolean {
  const keys = Object.keys(expected);
  return keys.length > 0 && keys.every((key) => key === 'contains' || key === 'lacks');
}

function unlike(expected: Json, actual: Json, path: Path): Difference {
  const details = lineDetails(expected, actual);
  return {
    path,
    message: details.length > 0 ? 'is another text' : `is ${brief(actual, 30)}, not ${brief(expected, 30)}`,
    label: `got ${brief(actual)}`,
    ...(details.length > 0 && { details }),
  };
}

/** Of two long texts, the first line in which they differ. */
function lineDetails(expected: Json, actual: Json): readonly string[] {
  if (typeof expected !== 'string' || typeof actual !== 'string' || (expected.length < 30 && actual.length < 30)) return [];
  const [wanted, got] = [expected.split('\n'), actual.split('\n')];
  const line = wanted.findIndex((text, index) => text !== got[index]);
  const at = line < 0 ? wanted.length : line;
  const [one = '', other = ''] = [wanted[at], got[at]];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const from = Math.max(0, same - 20);
  const show = (text: string | undefined): string =>
    text === undefined ? 'nothing' : brief(`${from > 0 ? '…' : ''}${text.slice(from)}`, 100);
  return [`line ${at + 1}, from character ${same + 1} on:`, `  expected ${show(wanted[at])}`, `  got      ${show(got[at])}`];
}

function elements(count: number): string {
  return count === 1 ? '1 element' : `${count} elements`;
}

/** An amount of dollars, as small as it is. */
export function money(dollars: number): string {
  return `$${Number(dollars.toFixed(9))}`;
}
