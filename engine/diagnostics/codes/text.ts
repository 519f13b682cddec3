import type { CodeEntries } from '../code-entry.ts';

/** DAG1xx: text and shape. */
export const TEXT_CODES: CodeEntries = {};
