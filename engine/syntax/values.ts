import type { Millis } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Path } from '../contracts/source.ts';
import type { Bound, Expression } from '../contracts/workflow.ts';

/** An expression as it is written. */
export function expression(source: Json, path: Path): Expression {
  return { source, path };
}

/** A bound as it is written: a number, or an expression. */
export function bound(value: Json, path: Path): Bound {
  return typeof value === 'number' ? { value } : { expression: expression(value, path) };
}

/** A duration as it is written; undefined when there is none. */
export function durationOf(value: Json | undefined): Millis | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}
