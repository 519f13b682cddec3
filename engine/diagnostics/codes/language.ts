import type { CodeEntries } from '../code-entry.ts';

/** DAG4xx: templates, expressions, shapes of values. */
export const LANGUAGE_CODES: CodeEntries = {};
