import type { CodeEntries } from '../code-entry.ts';

/** DAG9xx: bugs of dagrun. */
export const BUG_CODES: CodeEntries = {
  DAG901: {
    title: 'A bug of dagrun',
    explanation:
      'Something happened that dagrun holds to be impossible. It is not the fault of your workflow. Please tell us, with the command and the file that led to it.',
  },
};
