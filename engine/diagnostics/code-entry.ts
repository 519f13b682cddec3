/** What is said about one code: by `dagrun explain`, and in docs/reference/codes.md. */
export interface CodeEntry {
  /** What is wrong, in a few words, without a full stop. */
  readonly title: string;
  /** Two or three sentences: the rule, and why it is one. */
  readonly explanation: string;
  /** A complete workflow (or configuration) file that has exactly this mistake. */
  readonly wrong?: string;
  /** The same file, mended. */
  readonly right?: string;
}

/** The entries of one range of codes. */
export type CodeEntries = Readonly<Record<`DAG${number}`, CodeEntry>>;
