import { suggest } from '../diagnostics/suggest.ts';

const NEEDS = 'write `needs: [a, b]`; a node whose output is read is waited for without it';
const CONDITION = 'write `run_if`, or `skip_if` with the opposite condition';
const READS = 'a node reads what it needs: write `{{inputs.x}}` or `{{nodes.y.output}}` where it is used';
const INPUTS = 'write `inputs`';
const CONSTANTS = 'write `constants`; for what a run is given, `inputs`';
const ID = 'the id of a node is its key below `nodes`; for people, write `description`';
/** What to write for a thing that other tools call by many names. */
export const TOGETHER = 'nodes that do not read each other run at the same time without being told to';
const RETRY = 'write `retry: { max_attempts: 3 }`';
/** The same for one of several ways. */
export const ROUTE = 'write `route: { by: …, cases: { … } }`, or a list of cases with `when` each';
/** The same for rounds. */
export const ROUNDS = 'write `repeat: { until: …, max: 5 }`, or `repeat: { times: 3 }`';
/** The same for judging an answer. */
export const JUDGED = 'write `evaluate: { prompt: …, output: …, accept_if: … }`';
/** The same for several answers. */
export const SEVERAL = 'write `best_of: { n: 3 }`';
const FILE = 'write `kind: workflow` and `workflow: ./other.workflow.yml`';
const CONCURRENCY = 'write `limits: { concurrency: 8 }`, or `foreach: { items, concurrency }` in a node';

/** Fields that other tools have in a workflow or a node, and what to write here. */
const FOREIGN: Readonly<Record<string, string>> = {
  depends_on: NEEDS,
  dependencies: NEEDS,
  requires: NEEDS,
  after: NEEDS,
  when: CONDITION,
  if: CONDITION,
  condition: CONDITION,
  only_if: 'write `run_if`',
  unless: 'write `skip_if`',
  model_tier: 'write `tier`',
  type: 'write `kind`',
  uses: 'write `kind`',
  steps: 'write `nodes`',
  tasks: 'write `nodes`',
  jobs: 'write `nodes`',
  stages: 'write `nodes`',
  agents: 'write `nodes`',
  for_each: 'write `foreach`',
  with_items: 'write `foreach`',
  for: 'write `foreach`',
  loop: 'write `foreach` to go through a list, `repeat` for rounds',
  map: 'write `foreach`',
  switch: ROUTE,
  branch: ROUTE,
  branches: ROUTE,
  cases: ROUTE,
  conditions: ROUTE,
  router: ROUTE,
  routes: ROUTE,
  match: ROUTE,
  choices: ROUTE,
  while: ROUNDS,
  until: ROUNDS,
  iterate: ROUNDS,
  iterations: ROUNDS,
  rounds: ROUNDS,
  max_iterations: `${ROUNDS}; of an \`evaluate\` it is a field of its own`,
  max_rounds: ROUNDS,
  do_while: ROUNDS,
  judge: JUDGED,
  evaluator: JUDGED,
  critic: JUDGED,
  reflect: JUDGED,
  reflection: JUDGED,
  accept_if: JUDGED,
  revise: JUDGED,
  n: SEVERAL,
  samples: SEVERAL,
  votes: SEVERAL,
  vote: SEVERAL,
  consensus: SEVERAL,
  self_consistency: SEVERAL,
  escalation: 'write `escalate: { to: premium }`',
  upgrade_to: 'write `escalate: { to: premium }`',
  fallback_tier: 'write `escalate: { to: premium }`',
  fallback_model: 'write `on_error: { fallback: { model: … } }`; the models of a tier stand in for each other already',
  subworkflow: FILE,
  sub_workflow: FILE,
  call: FILE,
  subgraph: 'write `kind: group` and `nodes`',
  body: 'write `kind: group` and `nodes`',
  retries: RETRY,
  max_retries: RETRY,
  attempts: RETRY,
  on_failure: 'write `on_error`; for the whole run, `limits: { on_failure: … }`',
  catch: 'write `on_error`',
  fallback: 'write `on_error: { fallback: { … } }`',
  id: ID,
  name: ID,
  inputs: READS,
  input: READS,
  with: READS,
  user: 'write `prompt`',
  user_prompt: 'write `prompt`',
  question: 'write `prompt`',
  template: 'write `prompt`',
  message: 'write `prompt`',
  instructions: 'write `system`',
  system_prompt: 'write `system`',
  schema: 'write `output`',
  output_schema: 'write `output`',
  output_format: 'write `output`',
  response_format: 'write `output`',
  outputs: 'write `output` for the schema of what the node gives',
  files: 'write `attach`',
  expression: 'write `kind: set` and `value`',
  budget: 'write `limits: { max_cost: 2.00 }` at the top of the file',
  version: 'the version of the language is `dagrun: 1`',
  workflow: 'write `name` and `nodes` at the top of the file',
  vars: CONSTANTS,
  variables: CONSTANTS,
  env: 'workflows do not read the environment: write `inputs` or `constants`',
  params: INPUTS,
  parameters: INPUTS,
  args: INPUTS,
  max_cost: 'write `limits: { max_cost: 2.00 }`',
  concurrency: CONCURRENCY,
  max_concurrency: CONCURRENCY,
  parallel: TOGETHER,
  top_p: 'there is `temperature`',
  max_output_tokens: 'write `max_tokens`',
};

/** The same for the maps inside: by the field that holds the map, foreign name → name here. */
const FOREIGN_INSIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  foreach: {
    in: 'items',
    of: 'items',
    list: 'items',
    each: 'items',
    over: 'items',
    var: 'as',
    name: 'as',
    if: 'where',
    when: 'where',
    filter: 'where',
    parallel: 'concurrency',
    max_parallel: 'concurrency',
    max_concurrency: 'concurrency',
    batch_size: 'concurrency',
    id: 'key',
  },
  repeat: {
    while: 'write `until` with the opposite condition',
    when: 'until',
    if: 'until',
    condition: 'until',
    stop_if: 'until',
    stop_when: 'until',
    exit_when: 'until',
    break_if: 'until',
    max_iterations: 'max',
    max_rounds: 'max',
    max_times: 'max',
    max_attempts: 'max',
    limit: 'max',
    count: 'times',
    n: 'times',
    iterations: 'times',
    rounds: 'times',
    name: 'as',
    var: 'as',
    state: 'carry',
    accumulate: 'carry',
    accumulator: 'carry',
    fold: 'carry',
    vars: 'carry',
    on_max: 'on_exhausted',
    on_limit: 'on_exhausted',
    delay: 'put a node of kind `wait` into a group',
    body: 'write `kind: group` and `nodes` beside `repeat`',
    nodes: 'write `kind: group` and `nodes` beside `repeat`',
  },
  carry: { initial: 'first', init: 'first', start: 'first', from: 'first', value: 'first', update: 'next', each: 'next' },
  route: {
    on: 'by',
    switch: 'by',
    value: 'by',
    key: 'by',
    expression: 'by',
    field: 'by',
    when: 'write a list of `cases`, with `when` in each',
    branches: 'cases',
    routes: 'cases',
    options: 'cases',
    else: 'default',
    otherwise: 'default',
    fallback: 'default',
  },
  escalate: { tier: 'to', up_to: 'to', max: 'to', model: 'to', if: 'when', condition: 'when', on_error: 'on', retry_on: 'on' },
  evaluate: {
    judge: 'the fields of the judge stand in `evaluate` itself: `tier`, `prompt`, `output`',
    criteria: 'write `prompt`: it is what the judge is asked',
    rubric: 'write `prompt`: it is what the judge is asked',
    until: 'accept_if',
    accept: 'accept_if',
    accept_when: 'accept_if',
    pass_if: 'accept_if',
    when: 'accept_if',
    condition: 'accept_if',
    threshold: 'write `accept_if: evaluation.score >= 7`',
    min_score: 'write `accept_if: evaluation.score >= 7`',
    max: 'max_iterations',
    max_rounds: 'max_iterations',
    max_attempts: 'max_iterations',
    iterations: 'max_iterations',
    improve: 'revise',
    refine: 'revise',
    optimizer: 'revise',
    optimize: 'revise',
    patience: 'stop_when_stuck',
    on_failure: 'on_exhausted',
    on_error: 'on_exhausted',
  },
  revise: {
    output: 'all candidates have the `output` of the node',
    kind: 'all candidates are made by nodes of one kind',
  },
  best_of: {
    count: 'n',
    samples: 'n',
    candidates: 'n',
    times: 'n',
    choose: 'pick',
    select: 'pick',
    method: 'pick',
    strategy: 'pick',
    vote: 'pick',
    key: 'by',
    on: 'by',
    prompt: 'write `judge: { prompt: … }`',
  },
  skip_if: { if: 'when', condition: 'when', that: 'when', because: 'reason', message: 'reason' },
  run_if: { if: 'when', condition: 'when', that: 'when', because: 'reason', message: 'reason' },
  retry: {
    count: 'max_attempts',
    times: 'max_attempts',
    max: 'max_attempts',
    attempts: 'max_attempts',
    max_retries: 'max_attempts',
    delay: 'initial_delay',
    wait: 'initial_delay',
    on: 'retry_on',
    strategy: 'backoff',
  },
  check: { if: 'that', when: 'that', condition: 'that', assert: 'that', expression: 'that', error: 'message', reason: 'message' },
  outputs: { from: 'value', expression: 'value', type: 'schema' },
  on_error: { default: 'value', return: 'value', output: 'value' },
  limits: {
    budget: 'max_cost',
    cost: 'max_cost',
    max_usd: 'max_cost',
    max_concurrency: 'concurrency',
    parallel: 'concurrency',
    on_error: 'on_failure',
    max_duration: 'timeout',
  },
};

/** Which required field a foreign one takes the place of; it is then not missed as well. */
const PLACE_OF: Readonly<Record<string, string>> = {
  version: 'dagrun',
  expression: 'value',
};

/**
 * Help for a field that does not exist, in a workflow or a node, or `inside` a field that is a map: what is written instead
 * (`instead`, when that is another name for the same), or the nearest field there is.
 */
export function helpForField(
  name: string,
  fields: readonly string[],
  siblings: readonly string[],
  inside: string | undefined,
): { help?: string; instead?: string } {
  const free = fields.filter((field) => !siblings.includes(field));
  const near = suggest(name, free);
  if (near !== undefined) return { help: `did you mean "${near}"?`, instead: near };
  const foreign = foreignIn(inside, name);
  if (foreign !== undefined) {
    const other = /^write `(\w+)`$/.exec(foreign)?.[1];
    return { help: foreign, ...(other !== undefined && free.includes(other) && { instead: other }) };
  }
  const list = fields.filter((field) => field !== 'kind');
  return fields.length <= 8 && list.length > 0 ? { help: `its fields are ${list.map((field) => `"${field}"`).join(', ')}` } : {};
}

/** The required field whose place a field that does not exist takes: who wrote it has not forgotten that one. */
export function takesPlaceOf(name: string, inside: string | undefined): string | undefined {
  if (inside === undefined && Object.hasOwn(PLACE_OF, name)) return PLACE_OF[name];
  return /^write `(\w+)[`:]/.exec(foreignIn(inside, name) ?? '')?.[1];
}

function foreignIn(inside: string | undefined, name: string): string | undefined {
  if (inside === undefined || inside === 'defaults') return Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined;
  const table = Object.hasOwn(FOREIGN_INSIDE, inside) ? FOREIGN_INSIDE[inside] : undefined;
  const found = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  return found === undefined || found.includes(' ') ? found : `write \`${found}\``;
}
