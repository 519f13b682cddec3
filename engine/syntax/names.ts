import { suggest } from '../diagnostics/suggest.ts';
import { blockNames, helperNames } from '../lang/helpers.ts';

/** What ids, names of inputs and `as` names look like. */
const PATTERN = /^[a-z][a-z0-9_]*$/;

/** Names that fields can read, now or in a later version of the language; a name of one's own would hide them. */
const SCOPE = [
  'inputs',
  'constants',
  'run',
  'nodes',
  'item',
  'index',
  'iteration',
  'previous',
  'carry',
  'candidate',
  'evaluation',
  'output',
  'args',
  'secrets',
  'any_of',
];

/** Keywords of CEL, and the words it keeps for itself. */
const CEL = (
  'true false null in as break const continue else for function if import let loop package namespace return var void while ' +
  'has all exists exists_one map filter'
).split(' ');

/** What is wrong with a name. */
export interface NameProblem {
  readonly code: 'DAG129' | 'DAG130';
  readonly message: string;
  readonly because?: string;
  readonly help: string;
}

/** What is wrong with an id, the name of an input or an `as` name; undefined when it is right. */
export function nameProblem(name: string, what: string): NameProblem | undefined {
  const owner = reservedBy(name);
  if (owner === undefined) return spellingProblem(name, what);
  return {
    code: 'DAG130',
    message: `"${name}" cannot be ${what}: it is ${owner}`,
    help: `choose another name, such as "${name}_value" or "the_${name}"`,
  };
}

/** What is wrong with the spelling of a name which nothing can hide: that of an output. */
export function spellingProblem(name: string, what: string): NameProblem | undefined {
  if (PATTERN.test(name)) return undefined;
  const instead = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_')
    .replaceAll(/_+$/g, '');
  // A name that loses letters on the way would not be recognised.
  const usable = /^[A-Za-z][\w -]*$/.test(name) && reservedBy(instead) === undefined;
  return {
    code: 'DAG129',
    message: `"${name}" cannot be ${what}`,
    because: 'names are made of small letters, digits and _, and begin with a letter, so that expressions can read them',
    help: usable ? `call it "${instead}"` : 'choose another name',
  };
}

function reservedBy(name: string): string | undefined {
  if (SCOPE.includes(name)) return 'a word of the language';
  if (CEL.includes(name)) return 'a word of expressions';
  return helperNames.includes(name) || blockNames.includes(name) ? 'a helper of templates' : undefined;
}

/** Fields that other tools have, and what to write here. */
const FOREIGN: Readonly<Record<string, string>> = {
  depends_on: 'write `needs: [a, b]`; a node whose output is read is waited for without it',
  dependencies: 'write `needs: [a, b]`; a node whose output is read is waited for without it',
  requires: 'write `needs: [a, b]`; a node whose output is read is waited for without it',
  after: 'write `needs: [a, b]`; a node whose output is read is waited for without it',
  when: 'write `run_if`, or `skip_if` with the opposite condition',
  if: 'write `run_if`, or `skip_if` with the opposite condition',
  condition: 'write `run_if`, or `skip_if` with the opposite condition',
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
  loop: 'write `foreach` to go through a list',
  map: 'write `foreach`',
  retries: 'write `retry: { max_attempts: 3 }`',
  max_retries: 'write `retry: { max_attempts: 3 }`',
  attempts: 'write `retry: { max_attempts: 3 }`',
  on_failure: 'write `on_error`; for the whole run, `limits: { on_failure: … }`',
  catch: 'write `on_error`',
  fallback: 'write `on_error: { fallback: { … } }`',
  id: 'the id of a node is its key below `nodes`',
  name: 'the id of a node is its key below `nodes`; for people, write `description`',
  inputs: 'a node reads what it needs: write `{{inputs.x}}` or `{{nodes.y.output}}` where it is used',
  input: 'a node reads what it needs: write `{{inputs.x}}` or `{{nodes.y.output}}` where it is used',
  with: 'a node reads what it needs: write `{{inputs.x}}` or `{{nodes.y.output}}` where it is used',
  user: 'write `prompt`',
  user_prompt: 'write `prompt`',
  template: 'write `prompt`',
  message: 'write `prompt`',
  messages: 'write `system` and `prompt`',
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
  vars: 'write `constants`; for what a run is given, `inputs`',
  variables: 'write `constants`; for what a run is given, `inputs`',
  env: 'workflows do not read the environment: write `inputs` or `constants`',
  params: 'write `inputs`',
  parameters: 'write `inputs`',
  args: 'write `inputs`',
  max_cost: 'write `limits: { max_cost: 2.00 }`',
  concurrency: 'write `limits: { concurrency: 8 }`, or `foreach: { items, concurrency }` in a node',
  max_concurrency: 'write `limits: { concurrency: 8 }`, or `foreach: { items, concurrency }` in a node',
  parallel: 'nodes that do not read each other run at the same time without being told to',
  top_p: 'there is `temperature`',
  max_output_tokens: 'write `max_tokens`',
};

/** Help for a field that does not exist: what is written instead, or the nearest field there is. */
export function helpForField(name: string, fields: readonly string[], siblings: readonly string[]): { help?: string; instead?: string } {
  const free = fields.filter((field) => !siblings.includes(field));
  const near = suggest(name, free);
  if (near !== undefined) return { help: `did you mean "${near}"?`, instead: near };
  const foreign = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined;
  if (foreign !== undefined) return { help: foreign };
  const list = fields.filter((field) => field !== 'kind');
  return fields.length <= 8 && list.length > 0 ? { help: `its fields are ${list.map((field) => `"${field}"`).join(', ')}` } : {};
}
