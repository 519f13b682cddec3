import type { JsonObject, JsonSchema } from '../base/json.ts';
import { answerSchema, replySchema, stagedLists, stubSchema, waitSchema, wantedCall } from '../providers/replies-schema.ts';
import { failureTypes } from '../syntax/result-schema.ts';

const place: JsonObject = {
  node: { type: 'string', description: 'The node it happens to.' },
  item: { type: 'integer', minimum: 0, description: 'Of a fan-out, counted from 0; any when left out.' },
  attempt: { type: 'integer', minimum: 1, description: 'Counted from 1; any when left out.' },
};

/** What can be made to go wrong. */
export const FAULTS = ['rate_limited', 'timed_out', 'unavailable', 'refused', 'malformed', 'slow', 'tool_error'] as const;

const fault: JsonSchema = {
  type: 'object',
  properties: {
    ...place,
    fault: {
      enum: [...FAULTS],
      description:
        '`malformed`: an answer that is cut off and is no JSON. `slow`: the answer comes after `delay`. `tool_error`: a node that calls no model fails.',
    },
    delay: { type: 'string', description: 'How late a `slow` answer comes: `90s`. Default: 1h.' },
    retry_after: { type: 'string', description: 'How long a `rate_limited` provider asks to be left alone: `5s`.' },
    times: {
      anyOf: [{ type: 'integer', minimum: 1 }, { const: 'any' }],
      description: 'How often it happens. Default: 1.',
    },
  },
  required: ['node', 'fault'],
  additionalProperties: false,
};

const texts: JsonObject = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };

const holding: JsonObject = {
  type: 'object',
  properties: {
    contains: { ...texts, description: 'A text, or several, that must be in it.' },
    lacks: { ...texts, description: 'A text, or several, that must not be in it.' },
  },
  additionalProperties: false,
};

const text: JsonObject = { anyOf: [{ type: 'string' }, holding] };

const range: JsonObject = {
  anyOf: [
    { type: 'number' },
    { type: 'object', properties: { min: { type: 'number' }, max: { type: 'number' } }, additionalProperties: false },
  ],
};

/** How often, or with what, a tool is called. */
const toolCall: JsonObject = {
  type: 'object',
  properties: {
    times: { ...range, description: 'How often it is called so. Default: at least once.' },
    args: { type: 'object', description: 'Its arguments; those that are not named may be anything.' },
    failed: { type: 'boolean', description: 'Whether it fails.' },
    result: { description: 'What it gives; of a call that fails, why. `{ contains, lacks }` looks into a text.' },
  },
  minProperties: 1,
  additionalProperties: false,
};

const toolCalls: JsonObject = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    {
      type: 'object',
      additionalProperties: {
        anyOf: [{ type: 'integer', minimum: 0 }, toolCall, { type: 'array', minItems: 1, items: toolCall }],
      },
    },
  ],
  description:
    'Calls of tools: how many in all, or by tool how often (0: never), or `{ args, times, failed, result }`, or a list of those.',
};

const STATUSES = ['succeeded', 'failed', 'skipped', 'cancelled', 'waiting'];

const nodeFacts: JsonObject = {
  type: 'object',
  properties: {
    status: { enum: STATUSES },
    attempts: { ...range, description: 'Tries, over all items.' },
    model_calls: { ...range, description: 'Calls, repairs included.' },
    tool_calls: toolCalls,
    cost: { ...range, description: 'In dollars.' },
    tier: { enum: ['cheap', 'capable', 'premium'] },
    model: { type: 'string' },
    skip_reason: text,
    error: {
      anyOf: [
        { ...failureTypes, description: 'Its type: `rate_limited`, `check_failed`, …' },
        { type: 'object', properties: { type: failureTypes, message: text }, additionalProperties: false },
      ],
    },
    recovered: { type: 'boolean', description: 'Whether the value of `on_error` stood in for it.' },
    fallback: { type: 'boolean', description: 'Whether the fallback of `on_error` was taken.' },
    items: {
      anyOf: [
        { type: 'integer', minimum: 0, description: 'How many there were.' },
        { type: 'array', items: { enum: STATUSES }, description: 'What became of each.' },
      ],
    },
    route: { type: 'string', description: 'The case that was taken.' },
    iterations: { ...range, description: 'Rounds, over all items.' },
    score: { ...range, description: 'Of the candidate that was kept.' },
    accepted: { type: 'boolean', description: 'False when a loop came to its last round, or the highest tier was not good enough.' },
    output: { description: 'Its output; fields that are not named may be anything.' },
  },
  additionalProperties: false,
};

const node: JsonSchema = { anyOf: [{ enum: STATUSES }, nodeFacts] };

const assertion: JsonObject = {
  type: 'object',
  properties: { that: { type: 'string' }, message: { type: 'string' } },
  required: ['that'],
  additionalProperties: false,
};

const expect: JsonSchema = {
  type: 'object',
  properties: {
    status: { enum: ['succeeded', 'failed', 'cancelled', 'waiting'], description: 'How the run ends. Default: succeeded.' },
    error: {
      anyOf: [
        failureTypes,
        {
          type: 'object',
          properties: { type: failureTypes, node: { type: 'string' }, message: text },
          additionalProperties: false,
        },
      ],
      description: 'Why the run fails.',
    },
    outputs: {
      type: 'object',
      description: 'Outputs by name; fields that are not named may be anything. `{ contains, lacks }` looks into a text.',
    },
    nodes: {
      type: 'object',
      additionalProperties: node,
      description:
        'What became of the nodes, those inside others by their path (`review/draft`), one item or round of them by its number (`scan[0]`, `refine#2/draft`): a status, or more.',
    },
    model_calls: { ...range, description: 'How many model calls are made, or `{ min, max }`.' },
    tool_calls: toolCalls,
    cost: { ...range, description: 'What they would cost in dollars, or `{ min, max }`.' },
    prompts: {
      type: 'object',
      additionalProperties: holding,
      description: 'What was really asked: all that is sent, by node, or by one item or round of it (`scan[0]`, `refine#2/draft`).',
    },
    that: {
      type: 'array',
      items: {
        anyOf: [{ type: 'string' }, assertion],
      },
      description: 'CEL expressions over `run`, `outputs`, `nodes` and `inputs`; each must be true.',
    },
    snapshot: { type: 'boolean', description: 'Compare all outputs with those written down by `dagrun test --update`.' },
  },
  additionalProperties: false,
};

/** What a scenario may hold, and the file for all of them. */
const given: JsonObject = {
  inputs: { type: 'object', description: 'Inputs of the run.' },
  input_files: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Inputs that are the text of a file; paths start at the folder of this file.',
  },
  ...stagedLists,
  replies_file: { type: 'string', description: 'A replies file; its entries come after those written here.' },
  faults: { type: 'array', items: fault, description: 'What goes wrong, before any reply is looked for.' },
};

/** JSON Schema of a test file (draft-07). */
export const testSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun test',
  type: 'object',
  properties: {
    workflow: { type: 'string', description: 'The workflow that is tested; the path starts at the folder of this file.' },
    description: { type: 'string' },
    ...given,
    scenarios: {
      type: 'object',
      minProperties: 1,
      additionalProperties: {
        type: 'object',
        properties: {
          description: { type: 'string' },
          ...given,
          seed: { type: 'string', description: 'Another seed makes other automatic answers. Default: the name of the scenario.' },
          expect,
        },
        additionalProperties: false,
      },
      description: 'By name: what is given, and what is expected.',
    },
  },
  required: ['workflow', 'scenarios'],
  additionalProperties: false,
};

/** What messages call the object that a schema describes. */
export const namesOfShapes: ReadonlyMap<JsonSchema, string> = new Map<JsonSchema, string>([
  [testSchema, 'a test file'],
  [expect, '`expect`'],
  [fault, 'a fault'],
  [nodeFacts, 'an expected node'],
  [assertion, 'an assertion'],
  [toolCall, 'a call of a tool'],
  [wantedCall, 'a call of a tool'],
  [replySchema, 'a reply'],
  [stubSchema, 'a stub'],
  [answerSchema, 'an answer'],
  [waitSchema, 'an end of waiting'],
]);
