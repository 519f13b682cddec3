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
