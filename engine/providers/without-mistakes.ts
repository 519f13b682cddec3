import { isList, isObject, type Json } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import type { Problem } from '../lang/validate.ts';

/** What is left of a value of which a schema was not kept, and where it was not. */
export interface Sound {
  /** With null in place of what does not fit, so that all else stays where it is; without keys that nobody knows. */
  readonly value: Json;
  /** Whether something at a path, or below it, was wrong. */
  isTouched(path: Path): boolean;
  /** Whether the object at a path has a key that nobody knows: it may be one of those that are missing. */
  hasUnknownKey(path: Path): boolean;
}

/** Leaves out what does not fit, so that the rest can be checked all the same. */
export function withoutMistakes(value: Json, problems: readonly Problem[]): Sound {
  let left = value;
  for (const { path, keyword, params } of problems) {
    if (keyword === 'additionalProperties' && typeof params.key === 'string') left = without(left, [...path, params.key], 'key');
    // What lacks something still has the rest.
    else if (keyword !== 'required' && keyword !== 'minProperties') left = without(left, path, 'value');
  }
  return {
    value: left,
    isTouched: (path) => problems.some((one) => path.every((step, at) => one.path[at] === step)),
    hasUnknownKey: (path) =>
      problems.some(
        (one) =>
          one.keyword === 'additionalProperties' && one.path.length === path.length && path.every((step, at) => one.path[at] === step),
      ),
  };
}

function without(value: Json, path: Path, what: 'key' | 'value'): Json {
  const [step, ...rest] = path;
  if (step === undefined) return null;
  if (isList(value)) return value.map((one, at) => (at === step ? without(one, rest, what) : one));
  if (!isObject(value) || value[step] === undefined) return value;
  if (rest.length > 0 || what === 'value') return { ...value, [step]: without(value[step], rest, what) };
  const { [step]: _, ...others } = value;
  return others;
}
