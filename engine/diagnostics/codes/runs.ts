import type { CodeEntries } from '../code-entry.ts';

/** DAG8xx: runs, one code per type of failure. */
export const RUN_CODES: CodeEntries = {};
