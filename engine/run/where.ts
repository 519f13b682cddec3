import { isAbsolute } from 'node:path';
import type { TaskKey } from '../base/ids.ts';
import type { TaskContext } from '../contracts/node-kind.ts';
import type { NodePart } from '../contracts/plan.ts';
import type { RequestOrigin } from '../contracts/provider.ts';
import type { PlanTools } from '../contracts/tool.ts';
import { itemOf, stepsOf } from './address.ts';
import type { PlanIndex } from './plan-index.ts';

/** Where a task stands, as its author and whoever answers for a model see it. */
export interface Where {
  /** Ids on the way to its node, without the parts of an `evaluate` or a `best_of`. */
  readonly place: string;
  /** Of the innermost fan-out around it. */
  readonly item?: number;
  readonly origin: Omit<RequestOrigin, 'call' | 'tier' | 'task' | 'attempt'>;
  /** Which of several answers to the same question it is: the rounds around it, and the number of a candidate. */
  readonly nth: readonly number[];
  /** What its workflow has. */
  readonly tools?: PlanTools;
  readonly partials: Readonly<Record<string, string>>;
  /** Where paths in its file start, from the folder of the run's workflow. */
  readonly folder: string;
}

/** The part of an `evaluate` or a `best_of` that a request is for, as replies files call it. */
const ROLES: Readonly<Partial<Record<NodePart, RequestOrigin['role']>>> = { revise: 'revise', evaluate: 'evaluate', judge: 'judge' };

export function whereIs(index: PlanIndex, task: TaskKey): Where {
  const { place, folder, node, sub } = index.at(task);
  const { tools, partials } = sub ?? index.plan;
  const file = { folder, partials, ...(tools && { tools }) };
  if (!/[#/]/.test(task)) {
    const item = itemOf(task)?.index;
    const which = item === undefined ? {} : { item };
    return { place, ...file, ...which, origin: { node: place, ...which }, nth: NONE };
  }
  const isCandidate = (path: string): boolean => index.find(path)?.node.part === 'candidate';
  const { items, rounds } = stepsOf(task, isCandidate);
  const item = items.at(-1);
  const role = node.part && ROLES[node.part];
  const candidate = stepsOf(task, (path) => !isCandidate(path)).items;
  return {
    place,
    ...file,
    ...(item !== undefined && { item }),
    origin: {
      node: place,
      ...(item !== undefined && { item }),
      ...(items.length > 1 && { items }),
      ...(rounds.length > 0 && { iterations: rounds }),
      ...(role && { role }),
    },
    nth: [...rounds, ...candidate],
  };
}

const NONE: readonly number[] = [];

/** A path of a file in `folder`, from the folder of the run's workflow. */
export function pathIn(folder: string, path: string): string {
  return folder === '' || isAbsolute(path) ? path : `${folder}/${path}`;
}

/** Reads files whose paths start at `folder`. */
export function readerIn(folder: string, readFiles: TaskContext['readFiles']): TaskContext['readFiles'] {
  return folder === '' ? readFiles : (path) => readFiles(pathIn(folder, path));
}
