import { invariant } from '../base/assert.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { compileExpression, type Scope } from './evaluate.ts';
import { parseExpression } from './expression.ts';

/**
 * A function that gives the value of what stands where an expression may stand: of a text, as an expression; of a map or a list,
 * the same map or list with its texts evaluated; of the rest, itself. The texts were checked: one that cannot be parsed is a bug.
 */
export function compileSource(source: Json): (scope: Scope) => Json {
  if (!hasText(source)) return () => source;
  if (typeof source === 'string') {
    const parsed = parseExpression(source);
    invariant(parsed.ok, `the expression ${JSON.stringify(source)} was checked`);
    return compileExpression(parsed.tree);
  }
  if (isList(source)) {
    const elements = source.map(compileSource);
    return (scope) => elements.map((element) => element(scope));
  }
  const entries = Object.entries(isObject(source) ? source : {}).map(([key, value]) => ({ key, value: compileSource(value) }));
  return (scope) => Object.fromEntries(entries.map(({ key, value }) => [key, value(scope)]));
}

/** The texts that are expressions in a source, and where they stand. */
export function expressionsIn(source: Json, path: Path): readonly { readonly text: string; readonly path: Path }[] {
  if (typeof source === 'string') return [{ text: source, path }];
  if (isList(source)) return source.flatMap((element, index) => expressionsIn(element, [...path, index]));
  if (isObject(source)) return Object.entries(source).flatMap(([key, value]) => expressionsIn(value, [...path, key]));
  return [];
}

function hasText(source: Json): boolean {
  if (isList(source)) return source.some(hasText);
  return isObject(source) ? Object.values(source).some(hasText) : typeof source === 'string';
}
