import type { CodeEntries } from '../code-entry.ts';

/** DAG2xx: names. */
export const NAME_CODES: CodeEntries = {};
