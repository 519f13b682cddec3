import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ModelFacts } from '../contracts/provider.ts';
import type { FilesAround } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import type { FieldReading } from '../lang/readings.ts';

/** What a rule may look at. */
export interface CheckInput {
  readonly workflow: Workflow;
  readonly kinds: readonly NodeKind[];
  /** Every template and expression of the file with what it reads, in document order; the same list for all rules. */
  readonly references: readonly FieldReading[];
  /** What is known of the models; without it nothing is said about them. */
  readonly models?: ModelFacts;
  /** The names of the secrets that are configured; without it nothing is said about which there are. */
  readonly secrets?: readonly string[];
  /** The files around it; without them nothing is said about which there are. */
  readonly files?: FilesAround;
  /** It is read because another file names it, whose nodes may do something before. */
  readonly named?: true;
}

/** Reports what is wrong with a workflow's meaning in one respect, and never throws. */
export type Rule = (input: CheckInput, report: Report) => void;
