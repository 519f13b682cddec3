import type { ExpressionFunction } from './function.ts';
import { listFunctions } from './list-functions.ts';
import { textFunctions } from './text-functions.ts';
import { valueFunctions } from './value-functions.ts';

/** Every function by name, in the order of the docs. */
export const functions: ReadonlyMap<string, ExpressionFunction> = new Map(
  [...valueFunctions, ...textFunctions, ...listFunctions].map((one) => [one.name, one]),
);

/** Every function of the language but the macros, `has`, `coalesce` and `optional`, which are trees of their own. */
export const functionNames: readonly string[] = [...functions.keys()];
