import type { JsonSchema } from '../base/json.ts';
import type { Votes } from '../contracts/event.ts';
import type { FailureType } from '../contracts/failure.ts';
import type { Tier } from '../contracts/provider.ts';
import type { CostReport, ItemResult, NodeResult, PromptCacheUse, ResultError, Reused, RunResult, Tokens } from '../contracts/result.ts';
import { objectOf, oneOf, text } from '../lang/described.ts';

const count = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description });
const dollars = (description: string): JsonSchema => ({ type: 'number', description });
const maybeDollars = (description: string): JsonSchema => ({ type: ['number', 'null'], description });
const milliseconds = (description: string): JsonSchema => ({ type: 'number', minimum: 0, description });

/** What a node or a run may fail of. */
export const failureTypes: JsonSchema = oneOf<FailureType>({
  rate_limited: true,
  unavailable: true,
  unauthorized: true,
  context_too_long: true,
  refused: true,
  bad_request: true,
  output_invalid: true,
  check_failed: true,
  timed_out: true,
  budget_exceeded: true,
  expression_failed: true,
  file_unreadable: true,
  file_unwritable: true,
  task_failed: true,
  in_doubt: true,
  items_failed: true,
  node_failed: true,
  not_accepted: true,
  tool_failed: true,
  cancelled: true,
  bug: true,
});

const error = objectOf<ResultError>(
  {
    type: failureTypes,
    code: text('`dagrun explain <code>` says more.'),
    message: text('What went wrong.'),
    node: text('The node that failed the run, when one did.'),
    problems: { type: 'array', items: { type: 'string' }, description: 'What was wrong with the last answer.' },
    cause: { $ref: '#/definitions/error', description: 'What failed inside the node.' },
  },
  { node: true, problems: true, cause: true },
);

const nodeStatus = oneOf<NodeResult['status']>({ succeeded: true, failed: true, skipped: true, cancelled: true, waiting: true });

const votes = {
  description: 'Of a `best_of` that votes; over all items and rounds.',
  ...objectOf<Votes>(
    {
      agreed: count('Candidates whose vote is that of the one which was kept.'),
      of: count('Candidates that voted: those that did not fail.'),
    },
    {},
  ),
};

const item = objectOf<ItemResult>(
  {
    index: count('From 0, in the order of the list.'),
    key: text('The value of `foreach.key`.'),
    status: nodeStatus,
    error: { $ref: '#/definitions/error' },
    cost: dollars('Known cost of all its calls, in US dollars.'),
    unpricedCalls: count('Calls whose cost is not known.'),
    votes,
  },
  { key: true, error: true, votes: true },
);

const tokens = objectOf<Tokens>(
  {
    input: count('Read by the model, cached ones included.'),
    output: count('Written by the model.'),
    cacheRead: count('Part of `input` that was read from a prompt cache.'),
    cacheWrite: count('Part of `input` that was written to a prompt cache.'),
  },
  {},
);

const reused = {
  description: 'Outputs that were made before, and for which nothing was called: they are in no other figure of the bill.',
  ...objectOf<Reused>(
    {
      fromRun: count('From the run that this one goes on from.'),
      fromCache: count('From the cache.'),
      saved: dollars('What their calls had cost, in US dollars, as far as that is known.'),
    },
    {},
  ),
};

const node = objectOf<NodeResult>(
  {
    id: text('As in the file.'),
    kind: text('What it did: `llm`, `set`, …'),
    status: nodeStatus,
    tier: oneOf<Tier>({ cheap: true, capable: true, premium: true }),
    tiers: {
      type: 'array',
      items: oneOf<Tier>({ cheap: true, capable: true, premium: true }),
      description: 'In place of `tier` when several answered, items for example: from the cheapest up.',
    },
    model: text('The model that answered.'),
    models: {
      type: 'array',
      items: { type: 'string' },
      description: 'In place of `model` when several answered, in the order of their tiers.',
    },
    provider: text('Who served it.'),
    providers: { type: 'array', items: { type: 'string' }, description: 'In place of `provider` when there were several.' },
    attempts: count('Tries started, over all items.'),
    cost: dollars('Known cost of all its calls, failed ones included, in US dollars.'),
    unpricedCalls: count('Calls whose cost is not known.'),
    tokens: { $ref: '#/definitions/tokens' },
    durationMs: milliseconds('From its first start to its end.'),
    skipReason: text('Why it was skipped.'),
    error: { $ref: '#/definitions/error' },
    recovered: { type: 'boolean', description: 'True when `on_error` gave a value in its place; `error` says for what.' },
    output: { description: 'What it gave.' },
    reused: { $ref: '#/definitions/reused' },
    items: { type: 'array', items: { $ref: '#/definitions/item' }, description: 'Of a fan-out, in the order of the list.' },
    nodes: {
      type: 'array',
      items: { $ref: '#/definitions/node' },
      description: 'Of a node that holds others: these, each over all items and rounds around it.',
    },
    runs: count('Of a node inside another: how often it has begun.'),
    route: text('The case of the route that was taken.'),
    rounds: count('Rounds of its loop; of a fan-out, over all items.'),
    accepted: { type: 'boolean', description: 'False when a loop came to its last round, or the last answer was not good enough.' },
    score: { type: 'number', description: 'Of the candidate that was kept.' },
    votes,
  },
  {
    tier: true,
    model: true,
    provider: true,
    tiers: true,
    models: true,
    providers: true,
    skipReason: true,
    error: true,
    recovered: true,
    output: true,
    reused: true,
    items: true,
    nodes: true,
    runs: true,
    route: true,
    rounds: true,
    accepted: true,
    score: true,
    votes: true,
  },
);

const cost = objectOf<CostReport>(
  {
    currency: { const: 'USD' },
    total: dollars('Everything that was paid for, as far as prices are known.'),
    baseline: maybeDollars('The same tokens, all on the premium tier, skipped nodes left out; null when no premium price is known.'),
    savings: maybeDollars('`baseline` less `total`.'),
    savingsPercent: maybeDollars('`savings` as a share of `baseline`, from 0 to 100.'),
    unpricedCalls: count('Calls whose cost is not known, and is not in `total`.'),
    reused: { $ref: '#/definitions/reused' },
    promptCache: {
      description: 'Present when providers kept beginnings of prompts, or answered from what they had kept.',
      ...objectOf<PromptCacheUse>(
        {
          read: count('Tokens that were read from what they keep.'),
          written: count('Tokens that were written there.'),
          saved: dollars('What the same calls had cost more without; below zero when more was written than was read.'),
        },
        {},
      ),
    },
  },
  { promptCache: true },
);

/** The JSON Schema (draft-07) of what `dagrun run --json` prints. */
export const resultSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun run result',
  description: 'What a run came to. Money in US dollars, durations in milliseconds.',
  ...objectOf<RunResult>(
    {
      schemaVersion: { const: 1 },
      run: text('The id of the run.'),
      workflow: text('The name of the workflow.'),
      status: oneOf<RunResult['status']>({ succeeded: true, failed: true, cancelled: true, waiting: true }),
      outputs: { type: 'object', description: 'Empty unless the run succeeded.' },
      error: { $ref: '#/definitions/error' },
      nodes: { type: 'array', items: { $ref: '#/definitions/node' }, description: 'In the order of the plan.' },
      cost: { $ref: '#/definitions/cost' },
      simulated: { type: 'boolean', description: 'True when at least one answer came from no real model.' },
      durationMs: milliseconds('From the start of the run to its end.'),
    },
    { error: true },
  ),
  definitions: { error, node, item, tokens, cost, reused },
};
