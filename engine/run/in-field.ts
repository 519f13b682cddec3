import { Failed } from '../contracts/failure.ts';

/** Runs an evaluation and says of a failure in which field it happened. */
export function inField<T>(field: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof Failed && error.failure.type === 'expression_failed' && error.failure.field === undefined) {
      throw new Failed({ ...error.failure, field, message: `\`${field}\`: ${error.failure.message}` }, { cause: error });
    }
    throw error;
  }
}

/** A value that a field cannot have. */
export function failed(field: string, message: string): Failed {
  return new Failed({ type: 'expression_failed', message, field });
}
