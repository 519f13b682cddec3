import type { CodeEntries } from '../code-entry.ts';

/** DAG7xx: configuration and command line. */
export const CONFIGURATION_CODES: CodeEntries = {};
