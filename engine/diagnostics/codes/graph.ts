import type { CodeEntries } from '../code-entry.ts';

/** DAG3xx: cycles, branches, what is never reached. */
export const GRAPH_CODES: CodeEntries = {};
