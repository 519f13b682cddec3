import type { Code } from '../contracts/diagnostic.ts';
import type { Failure, FailureType } from '../contracts/failure.ts';
import type { ResultError } from '../contracts/result.ts';

/** The code of a failure; `dagrun explain` has a page for each. */
const CODES: Readonly<Record<FailureType, Code>> = {
  rate_limited: 'DAG801',
  unavailable: 'DAG802',
  unauthorized: 'DAG803',
  context_too_long: 'DAG804',
  refused: 'DAG805',
  output_invalid: 'DAG806',
  check_failed: 'DAG807',
  timed_out: 'DAG808',
  budget_exceeded: 'DAG809',
  expression_failed: 'DAG810',
  file_unreadable: 'DAG811',
  items_failed: 'DAG812',
  cancelled: 'DAG813',
  bad_request: 'DAG814',
  task_failed: 'DAG815',
  in_doubt: 'DAG816',
  file_unwritable: 'DAG817',
  node_failed: 'DAG818',
  not_accepted: 'DAG819',
  tool_failed: 'DAG820',
  bug: 'DAG901',
};

/** A failure as results show it. */
export function errorOf(failure: Failure, node?: string): ResultError {
  const problems = 'problems' in failure ? failure.problems : undefined;
  const inside = nodeFailure(failure);
  return {
    type: failure.type,
    code: CODES[failure.type],
    message: failure.message,
    ...(node !== undefined && { node }),
    ...(problems && { problems }),
    ...(inside && { cause: errorOf(inside.cause, inside.node) }),
  };
}

/** The failure of a node inside, in an item of the node where that has any. */
function nodeFailure(failure: Failure): Extract<Failure, { type: 'node_failed' }> | undefined {
  if (failure.type === 'node_failed') return failure;
  return failure.type === 'items_failed' ? nodeFailure(failure.first) : undefined;
}
