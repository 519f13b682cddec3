import { Failed } from '../contracts/failure.ts';

/** Throws the failure of an expression or template that cannot be evaluated on the values of this run. */
export function fail(message: string): never {
  throw new Failed({ type: 'expression_failed', message });
}

/** A value was needed where none is: a field that is absent, or null. `coalesce` and `optional` take the next best then. */
export class Missing extends Failed {
  constructor(message: string) {
    super({ type: 'expression_failed', message });
  }
}

/** Throws that a value is not there. */
export function failMissing(message: string): never {
  throw new Missing(message);
}
