import { Failed } from '../contracts/failure.ts';

/** Throws the failure of an expression or template that cannot be evaluated on the values of this run. */
export function fail(message: string): never {
  throw new Failed({ type: 'expression_failed', message });
}
