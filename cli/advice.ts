import type { ResultError } from '../engine/index.ts';

/** Kinds that ask no model: what helps there is not in a prompt. */
const WITHOUT_MODEL: ReadonlySet<string> = new Set(['set', 'script', 'command', 'http', 'tool', 'write', 'approval', 'wait', 'signal']);

/**
 * What usually helps against a kind of failure; the failure's own message says what happened. `kind` is that of the node it began in.
 * undefined where the message says it all.
 */
export function adviceFor(error: ResultError, kind?: string): string | undefined {
  return kind !== undefined && WITHOUT_MODEL.has(kind) ? adviceForWork(error) : adviceForModels(error);
}

function adviceForWork(error: ResultError): string | undefined {
  switch (error.type) {
    case 'refused':
    case 'bad_request':
    case 'file_unreadable':
    case 'unauthorized':
    case 'check_failed':
      return undefined;
    case 'rate_limited':
      return 'lower `concurrency`, or let `retry` try it again later';
    case 'unavailable':
      return 'run it again, or let `retry` do so';
    case 'output_invalid':
      return 'let `output` say what it gives, or mend what it gives';
    case 'timed_out':
      return 'raise its `timeout`';
    default:
      return adviceForModels(error);
  }
}

function adviceForModels(error: ResultError): string | undefined {
  switch (error.type) {
    case 'refused':
      return 'rephrase the prompt, or say with `on_error` how to go on without an answer';
    case 'bad_request':
      return 'check the name of the model and what it takes: `dagrun models`';
    case 'file_unreadable':
      return 'paths of `attach` start at the folder of the workflow file';
    case 'expression_failed':
      return 'guard what may be missing: `coalesce(…)` in expressions, the helper `default` in templates';
    case 'rate_limited':
      return 'lower `concurrency`, or list a second model in the tier, so that there is one to fall back to';
    case 'unavailable':
      return 'run it again; a second model in the tier would have been tried in its place';
    case 'unauthorized':
      return 'set the key and run again, or add --offline to run without one; `dagrun doctor` shows what is set';
    case 'context_too_long':
      return 'pass less text, or use a model with a larger window (`dagrun models`)';
    case 'output_invalid':
      return 'say in the prompt what the schema wants, allow in the schema what the model answers, or use a higher tier';
    case 'check_failed':
      return 'say in the prompt what the check wants, or use a higher tier';
    case 'timed_out':
      return error.node === undefined ? 'raise `limits.timeout`' : 'raise its `timeout`, or ask for a shorter answer';
    case 'budget_exceeded':
      return 'raise `limits.max_cost`, or put nodes on a cheaper tier';
    case 'items_failed':
      return 'allow some failures with `foreach.max_failures`, or keep going without them with `on_error: skip`';
    case 'bug':
      return 'this is a mistake of dagrun, not of your workflow: please report it with the workflow that shows it';
    default:
      return undefined;
  }
}
