import type { JsonObject, JsonSchema } from '../base/json.ts';

/** Failures that can be staged by name: those a provider can give. */
export const FAILURES = ['rate_limited', 'unavailable', 'unauthorized', 'context_too_long', 'refused', 'bad_request', 'timed_out'] as const;

const where: JsonObject = {
  node: {
    type: 'string',
    description: 'The node that asks: its id, or its path through groups, cases and sub-workflows, `epics/build/code`.',
  },
  item: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'array', minItems: 1, items: { type: 'integer', minimum: 0 } },
    ],
    description:
      'Of a fan-out, counted from 0; of several around each other, the innermost, or a list, the outermost first. Any when left out.',
  },
  iteration: {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'array', minItems: 1, items: { type: 'integer', minimum: 1 } },
    ],
    description:
      'Of a loop, counted from 1; of several around each other, the innermost, or a list, the outermost first. Any when left out.',
  },
  attempt: { type: 'integer', minimum: 1, description: 'Counted from 1; any when left out.' },
};

const times: JsonObject = {
  anyOf: [{ type: 'integer', minimum: 1 }, { const: 'any' }],
  description: 'How often the entry is used. Default: 1.',
};

const failure: JsonObject = {
  type: 'object',
  properties: {
    type: { enum: [...FAILURES] },
    message: { type: 'string' },
    retry_after: { type: 'string', description: 'How long the provider asked to be left alone: `2s`.' },
    status: { type: 'integer', description: 'The HTTP status.' },
    after: { type: 'string', description: 'When the time was up: `90s`.' },
    variable: { type: 'string', description: 'The environment variable that holds the key.' },
    charged: { const: 'unknown', description: 'The provider may have charged for it.' },
    schema_refused: { const: true, description: 'It would not take the JSON Schema in the request.' },
  },
  required: ['type'],
  additionalProperties: false,
};

const fail: JsonObject = {
  anyOf: [{ enum: [...FAILURES] }, failure],
  description: 'What goes wrong instead of an answer.',
};

/** Of what is no model call: a tool, a program, a function. */
const failInOwnWords: JsonObject = {
  anyOf: [
    { enum: [...FAILURES] },
    {
      type: 'object',
      properties: {
        type: { enum: [...FAILURES], description: 'Left out: it fails in its own words, `message`.' },
        message: { type: 'string', description: 'What it says.' },
        retry_after: { type: 'string', description: 'How long it asked to be left alone: `2s`.' },
        status: { type: 'integer', description: 'The HTTP status.' },
        after: { type: 'string', description: 'When the time was up: `90s`.' },
        variable: { type: 'string', description: 'The environment variable that holds the key.' },
      },
      anyOf: [{ required: ['message'] }, { required: ['type'] }],
      additionalProperties: false,
    },
  ],
  description: 'What goes wrong instead: a failure by its name, or `{ message }`, the words it fails in.',
};

/** A call of a tool that a model wants made. */
export const wantedCall: JsonObject = {
  type: 'object',
  properties: {
    tool: { type: 'string', description: 'Its name, `search_db` or `fs/read_file`.' },
    args: { type: 'object', description: 'Its arguments. Default: none.' },
  },
  required: ['tool'],
  additionalProperties: false,
};

/** One answer to a model call. */
export const replySchema: JsonSchema = {
  type: 'object',
  properties: {
    ...where,
    tier: { enum: ['cheap', 'capable', 'premium'] },
    call: {
      enum: ['ask', 'repair', 'evaluate', 'revise', 'judge', 'summarize'],
      description:
        '`repair` is the question asked again when an answer did not fit; `evaluate` and `revise` are parts of an `evaluate`, `judge` is that of a `best_of`; `summarize` shortens what does not fit into the prompt. Left out, it is any of `ask`, `repair` and `revise`: what judges or summarizes is answered by an entry that says so.',
    },
    json: { description: 'The answer, as data.' },
    text: { type: 'string', description: 'The answer, as text.' },
    fail,
    tool_calls: {
      type: 'array',
      minItems: 1,
      items: wantedCall,
      description: 'Tools the model wants called before it answers; the next entry of the node says what comes after.',
    },
    stop: { enum: ['end', 'length', 'refused', 'other'], description: 'Why the model stopped. Default: end.' },
    usage: {
      type: 'object',
      properties: {
        input: { type: 'integer', minimum: 0 },
        output: { type: 'integer', minimum: 0 },
        cache_read: { type: 'integer', minimum: 0 },
        cache_write: { type: 'integer', minimum: 0 },
      },
      required: ['input', 'output'],
      additionalProperties: false,
      description: 'Tokens; counted when left out.',
    },
    billed: {
      type: 'object',
      properties: {
        model: { type: 'string', description: 'Who answered: `provider/model`. Default: the first of the tier.' },
        cost: { type: ['number', 'null'], description: 'Dollars; null when it was not known.' },
        baseline: { type: ['number', 'null'], description: 'What the same tokens cost on the premium tier.' },
      },
      required: ['cost', 'baseline'],
      additionalProperties: false,
      description: 'As recorded; reckoned from the present configuration when left out.',
    },
    times,
  },
  required: ['node'],
  additionalProperties: false,
};

/** What stands in for a node that calls no model. */
export const stubSchema: JsonSchema = {
  type: 'object',
  properties: {
    ...where,
    node: { type: 'string', description: 'A node that calls no model.' },
    tool: { type: 'string', description: 'In place of `node`: a tool, whoever calls it.' },
    args: { type: 'object', description: 'Of a tool: only for calls with these arguments.' },
    json: { description: 'Its output, as data, before `result`.' },
    text: { type: 'string', description: 'Its output, as text.' },
    fail: failInOwnWords,
    times,
  },
  anyOf: [{ required: ['node'] }, { required: ['tool'] }],
  additionalProperties: false,
};

/** What a person says at a gate. */
export const answerSchema: JsonSchema = {
  type: 'object',
  properties: {
    gate: { type: 'string', description: 'The node that waits for a person.' },
    item: where.item ?? {},
    iteration: where.iteration ?? {},
    approved: { type: 'boolean' },
    reason: { type: 'string' },
    form: { description: 'What is filled in besides yes or no.' },
    by: { type: 'string', description: 'Who answers. Default: somebody who may.' },
    times,
  },
  required: ['gate', 'approved'],
  additionalProperties: false,
};

/** Why a node that waits goes on. */
export const waitSchema: JsonSchema = {
  type: 'object',
  properties: {
    ...where,
    node: { type: 'string', description: 'The node that waits.' },
    payload: { description: 'The signal it waits for comes, with this.' },
    by: { type: 'string', description: 'Who sends it. Default: `replies`.' },
    over: { enum: ['due', 'deadline_passed'], description: 'The time it waits for has come, or nobody came in time.' },
    times,
  },
  required: ['node'],
  anyOf: [{ required: ['payload'] }, { required: ['over'] }],
  additionalProperties: false,
};

/** The lists a replies file may hold, which a test's scenario may hold too. */
export const stagedLists: JsonObject = {
  replies: {
    type: 'array',
    description: 'The first entry that fits a model call answers it, once unless `times` says otherwise.',
    items: replySchema,
  },
  stubs: { type: 'array', description: 'The same for nodes that call no model: their output.', items: stubSchema },
  answers: { type: 'array', description: 'What people say where the run waits for them.', items: answerSchema },
  waits: { type: 'array', description: 'How waiting ends: by a signal, or because time is over. Nobody waits.', items: waitSchema },
};

/** JSON Schema of a replies file (draft-07). */
export const repliesSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun replies',
  type: 'object',
  properties: stagedLists,
  minProperties: 1,
  additionalProperties: false,
};
