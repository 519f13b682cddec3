import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Scope } from '../lang/evaluate.ts';

/** The value of a path as far as it is known before the run: up to an element of a list. null where there is none. */
export function valueAt(scope: Scope, path: readonly string[]): Json {
  let value: Json | undefined = scope as JsonObject;
  for (const step of path) {
    if (step === '[]') break;
    if (!isObject(value) || !Object.hasOwn(value, step)) return null;
    value = value[step];
  }
  return value ?? null;
}

/** The scope with another value at a path; as it is where the path leads nowhere. */
export function withValueAt(scope: Scope, path: readonly string[], value: Json): Scope {
  const [step, ...rest] = path;
  const below = step === undefined ? undefined : scope[step];
  if (step === undefined || below === undefined) return scope;
  if (rest.length === 0) return { ...scope, [step]: value };
  return isObject(below) ? { ...scope, [step]: withValueAt(below, rest, value) as JsonObject } : scope;
}
