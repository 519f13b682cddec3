import type { Json } from '../base/json.ts';
import { membersOf, type Shape } from './shape.ts';

/** Every value of a shape, when they are few. What a skip leaves does not count: whoever reads it is skipped with it. */
export function valuesIn(shape: Shape): readonly Json[] | undefined {
  const values: Json[] = [];
  for (const one of membersOf(shape)) {
    if (one.type === 'boolean') values.push(...(one.value === undefined ? [true, false] : [one.value]));
    else if ((one.type === 'string' || one.type === 'number') && one.values !== undefined) values.push(...one.values);
    else if (one.type === 'null') values.push(...(one.skipped === undefined ? [null] : []));
    else return undefined;
  }
  return values;
}
