import type { CodeEntries } from '../code-entry.ts';

/** DAG8xx: runs, one code per type of failure. */
export const RUN_CODES: CodeEntries = {
  DAG801: {
    title: 'the provider is rate limiting',
    explanation:
      'The provider answered 429. dagrun waits as long as the provider asks, up to a minute, slows down every node that uses it, and tries again; when all tries of `retry` are used up, the node fails. Lower `concurrency` of the provider in dagrun.config.yml, or add a second candidate to the tier.',
  },
  DAG802: {
    title: 'the provider gave no usable answer',
    explanation:
      'The connection was refused or dropped, the server answered with a 5xx status, or its answer was not JSON. dagrun tries the next candidate of the tier, then waits and tries again as `retry` says. A call whose answer was lost on the way may still have been charged: it is in the bill with an unknown cost.',
  },
  DAG803: {
    title: 'the provider refused the key',
    explanation:
      'The provider answered 401 or 403. Trying again would not help, so the run ends at once. Check the environment variable that holds the key (`dagrun doctor` names it) and that the key may use this model.',
  },
  DAG804: {
    title: 'the prompt is longer than the model can read',
    explanation:
      "The prompt with its attachments has more tokens than the model's context window. Pass on only the fields a node needs, shorten long values with `truncate`, fan out over parts, or choose a model with a larger window.",
  },
  DAG805: {
    title: 'the model declined to answer',
    explanation:
      'The model refused for reasons of its own. The same question gives the same refusal, so it is not asked again. Rephrase the prompt, or give the node an `on_error` that says what to do.',
  },
  DAG806: {
    title: 'the answer does not fit its schema',
    explanation:
      "The model's answer was not JSON of the node's `output`, and was not mended when it was asked once more with the validator's messages. Say in the prompt what the schema demands, add descriptions to the fields (`-- text`), loosen the schema, or use a higher tier.",
  },
  DAG807: {
    title: 'a check does not hold',
    explanation:
      'The output fits its schema, but a condition of `check` is false for it. A model is asked once more with the message of the check; then the tries of `retry` follow.',
  },
  DAG808: {
    title: 'it took too long',
    explanation:
      '`timeout` of a node is the time for one try; `limits.timeout` is the time for the whole run. A call that was given up may still have been charged: it is in the bill with an unknown cost.',
  },
  DAG809: {
    title: 'the budget is used up',
    explanation:
      'Before every call dagrun sets aside what it could cost at worst: the tokens of the prompt and the longest answer allowed. A call that does not fit into what is left of `limits.max_cost` is not made. Raise the limit, or lower `max_tokens`, so that the worst case is smaller.',
  },
  DAG810: {
    title: 'an expression or a template failed on the values of this run',
    explanation:
      'What was read is not there, or has another type than the expression needs. Declaring `output` schemas lets dagrun find such mistakes before the run; `coalesce(…)`, `has(…)` and the helper `default` deal with values that may be missing.',
  },
  DAG811: {
    title: 'a file cannot be read',
    explanation:
      'A path of `attach`, a `script` or a `cwd` names a file that does not exist, is not text, or lies outside the workspace. Paths start at the folder of the workflow file.',
  },
  DAG812: {
    title: 'too many items of a fan-out failed',
    explanation:
      'Without `max_failures` every item is tried, and one failure fails the node. `max_failures: 3` or `max_failures: 10%` lets it succeed with null in the place of the failed items; `on_error` says what to do for a single item.',
  },
  DAG813: {
    title: 'the run was stopped',
    explanation:
      'Somebody interrupted the run. What was in flight at the first interrupt was allowed to finish; what had not started did not start.',
  },
  DAG814: {
    title: 'the request is rejected',
    explanation:
      'The provider, or the server of an `http` node, answered 400, 404 or the like: the request itself is wrong, for example a model name it does not know or an address that is not there. A request that may not be made at all, to a private address that the configuration does not allow, ends the same way. Trying again would not help.',
  },
  DAG815: {
    title: 'a command or a script failed',
    explanation:
      'The command ended with an exit code that is not among `ok_exit_codes`, by a signal, or with more output than is kept; or the function of your own module threw. What it said last is in the message. It is tried again as `retry` says.',
  },
  DAG816: {
    title: 'nobody knows whether it was done',
    explanation:
      'The process of the run ended while this node was at work, and doing it twice may do harm: `idempotent` is false, or is so by default (for `command`, for `http` with POST or PATCH, for `write` with `mode: append`). Look whether it was done. `dagrun resume <run> --repeat-unsafe` does it again; so does a yes to the question the run asks.',
  },
  DAG817: {
    title: 'a file cannot be written',
    explanation:
      'The `path` of a `write` node lies outside the workspace, in `.git` or in `.dagrun`, names a folder, or the system refuses it. With `mode: create`, a file with another content stands there already.',
  },
  DAG818: {
    title: 'a node inside failed',
    explanation:
      'A node of a group or of a sub-workflow failed, and with it the node that holds it. `cause` of the error says what happened, and where. The node that holds it has a `retry` and an `on_error` of its own.',
  },
  DAG819: {
    title: 'no answer was good enough',
    explanation:
      'A loop came to its last round without its `until` (`on_exhausted: fail`), or no candidate of an `evaluate` was accepted. Without `revise`, that is a failure unless `on_exhausted: accept` is written. Raise the number of rounds, lower what is asked for, or use a higher tier.',
  },
  DAG820: {
    title: 'a tool failed',
    explanation:
      'A tool could not be reached, refused its arguments, took too long, or said that it failed. In a tool loop the model is told and may try something else; a `tool` node fails, and is tried again as `retry` says.',
  },
};
