import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { brief, type Difference, differences, rangeDifferences } from './match.ts';

/** How many calls are shown to whoever expected others. */
const MOST_SHOWN = 8;

/**
 * How the calls of tools are not as expected: a number of all, or by tool how often it was called, or with what. Of `calls` each has `tool`,
 * `args`, `failed` and `result`; fields of `args` that are not named may be anything.
 */
export function toolCallDifferences(expected: Json, calls: Json | undefined, path: Path): readonly Difference[] {
  const made = isList(calls) ? calls.filter(isObject) : [];
  if (!isObject(expected)) return told(rangeDifferences(expected, made.length, path, String), made);
  return Object.entries(expected).flatMap(([tool, wanted]) => {
    const own = made.filter((call) => call.tool === tool);
    const at = [...path, tool];
    if (isList(wanted)) return wanted.flatMap((one, index) => callDifferences(one, own, [...at, index]));
    return callDifferences(wanted, own, at);
  });
}

function callDifferences(expected: Json, calls: readonly JsonObject[], path: Path): readonly Difference[] {
  if (typeof expected === 'number') return told(timesDifferences(expected, calls.length, path), calls);
  if (!isObject(expected)) return [];
  const { times, ...like } = expected;
  if (Object.keys(like).length === 0) return told(timesDifferences(times ?? { min: 1 }, calls.length, [...path, 'times']), calls);
  const matching = calls.filter((call) => Object.entries(like).every(([field, value]) => differences(value, call[field]).length === 0));
  if (times !== undefined) return told(timesDifferences(times, matching.length, [...path, 'times'], ' so'), calls);
  if (matching.length > 0) return [];
  const [only] = calls;
  if (calls.length === 0) return [{ path, message: 'was never called', label: 'not called' }];
  // Of one call it can be said what is different about it.
  if (only && calls.length === 1)
    return Object.entries(like).flatMap(([field, value]) => differences(value, only[field], [...path, field]));
  return told([{ path, message: 'was never called so', label: `none of ${calls.length} calls` }], calls);
}

function timesDifferences(expected: Json, actual: number, path: Path, so = ''): readonly Difference[] {
  const said = actual === 0 ? `was never called${so}` : `was called${so} ${times(actual)}`;
  return rangeDifferences(expected, actual, path, times).map((one) => {
    const bound = one.path.at(-1);
    const wanted = isObject(expected) && (bound === 'min' || bound === 'max') ? Number(expected[bound]) : Number(expected);
    const least = bound === 'min' ? 'at least ' : bound === 'max' ? 'at most ' : '';
    return { ...one, message: `${said}; expected: ${least}${times(wanted)}`, label: times(actual) };
  });
}

function times(count: number): string {
  return count === 0 ? 'never' : count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/** With what was called. */
function told(all: readonly Difference[], calls: readonly JsonObject[]): readonly Difference[] {
  const details = calls
    .slice(0, MOST_SHOWN)
    .map(
      ({ tool, args, failed, result }) =>
        `called: ${String(tool)}(${brief(args ?? {}, 70)}) ${failed ? 'failed: ' : '→ '}${brief(result ?? null, 50)}`,
    );
  return details.length === 0 ? all : all.map((one) => ({ ...one, details }));
}
