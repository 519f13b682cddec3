import type { CodeEntries } from '../code-entry.ts';

/** DAG5xx: models and money. */
export const MODEL_CODES: CodeEntries = {};
