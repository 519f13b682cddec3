import type { JsonSchema } from '../base/json.ts';
import {
  aSchema,
  condition,
  duration,
  expression,
  type Field,
  fields,
  literal,
  longer,
  RETRYABLE,
  TIERS,
  template,
  wholeNumber,
} from './field-shapes.ts';
import { repeat, route } from './pattern-fields.ts';

const retry = literal('How often a try is repeated, for which failures, and how long to wait in between.', {
  ...fields([], {
    max_attempts: literal('Tries in all. Default: 3 for nodes that call a model, otherwise 1.', {
      type: 'integer',
      minimum: 1,
      maximum: 100,
    }),
    backoff: literal('Whether the wait doubles each time. Default: exponential.', { enum: ['exponential', 'constant'] }),
    initial_delay: literal('The first wait. Default: 1s.', duration),
    max_delay: literal('The longest wait. Default: 30s.', duration),
    retry_on: literal('Failures that are worth another try. Default: all of these.', {
      type: 'array',
      minItems: 1,
      items: { enum: RETRYABLE },
    }),
  }),
});

const timeout = literal('The longest one try may take: `90s`, `5m`.', longer);

const ids: JsonSchema = { type: 'array', minItems: 1, items: { type: 'string' } };
const needsMap: JsonSchema = {
  type: 'object',
  minProperties: 1,
  properties: { any_of: { ...ids, description: 'At least one of these must not be skipped.', 'x-holds': 'literal' } },
  additionalProperties: { enum: ['required', 'optional'] },
};

/** A skip condition: the expression, or the expression with a reason. */
const skip = (description: string): Field =>
  expression(description, {
    anyOf: [
      condition,
      fields(['when'], {
        when: expression('The condition.', condition),
        reason: template('Why, for whoever reads the result.'),
      }),
    ],
  });

/** Any JSON Schema, or the shorthand `fields`, as editors are told. */
export const anySchema: JsonSchema = {
  type: 'object',
  description: 'JSON Schema (2020-12), or the shorthand `fields`.',
  properties: {
    fields: {
      type: 'object',
      description: 'Shorthand: name → type. `name?` may be missing. `string`, `integer 1..10`, `a | b`, `[string]`, … -- description',
    },
    type: {
      anyOf: [
        { enum: ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'] },
        { type: 'array', items: { enum: ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'] } },
      ],
    },
    $ref: { type: 'string', description: '`#/schemas/<name>`, or a JSON or YAML file.' },
  },
};

/** Fields of every kind of node, in the order in which the docs list them. */
export const commonFields: Readonly<Record<string, Field>> = {
  description: literal('What the node is for.', { type: 'string' }),
  needs: literal('Nodes to wait for without reading them: `[a, b]`, `{ a: optional }`, `{ any_of: [a, b] }`.', {
    anyOf: [{ type: 'string' }, { type: 'array', items: { anyOf: [{ type: 'string' }, needsMap] } }, needsMap],
  }),
  skip_if: skip('The node is skipped when this is true.'),
  run_if: skip('The node is skipped when this is false.'),
  if_skipped: expression('The output of the node when it is skipped; its readers then need no guard.'),
  foreach: expression('One task per item of a list; the output is the list of their outputs.', {
    anyOf: [
      { type: ['string', 'array'] },
      fields(['items'], {
        items: expression('The list.', { type: ['string', 'array'] }),
        as: literal('The name of one item in the fields of the node. Default: item.', { type: 'string' }),
        where: expression('Only items for which this is true.', condition),
        concurrency: expression('At most so many items at the same time.', wholeNumber(1)),
        max_failures: expression('So many items may fail: `3`, `10%`.', wholeNumber(0)),
        key: expression('What tells items apart.', { type: 'string' }),
      }),
    ],
  }),
  repeat,
  route,
  retry,
  timeout,
  on_error: {
    'x-holds': 'literal',
    description: 'What to do when every try has failed. Default: fail.',
    anyOf: [
      { enum: ['fail', 'skip'] },
      {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
        properties: {
          value: expression('The output to go on with.'),
          fallback: literal('Fields that replace those of the node for another round of tries.', { type: 'object', minProperties: 1 }),
        },
      },
    ],
  },
  cache: literal(
    'Whether an earlier answer to the same question may be used, whichever run it is from: `true`, `false`, `{ ttl: 7d }`. Default: true at temperature 0, otherwise false.',
    { anyOf: [{ type: 'boolean' }, fields(['ttl'], { ttl: literal('Only answers younger than this: `12h`, `7d`.', duration) })] },
  ),
  idempotent: literal(
    'Whether doing it twice does no harm. When it is false, and the process ends while the node is at work, it is not repeated unasked. Default: false for `command`, for `http` other than GET, HEAD, PUT, DELETE, and for `write` with `mode: append`; otherwise true.',
    { type: 'boolean' },
  ),
  check: literal('What must hold for the output.', {
    type: 'array',
    items: fields(['that'], {
      that: expression('True when the output is right; sees `output`.', condition),
      message: literal('What is wrong when it is not; a model is told this.', { type: 'string' }),
    }),
  }),
  output: literal('The schema of the output.', aSchema),
  result: expression('What the node gives, made from `output`.'),
};

/** Fields of a fallback beside those of its kind. */
export const fallbackFields: Readonly<Record<string, Field>> = { retry, timeout };

/** The condition of a case in a list. */
export const commonWhen: Field = expression('The case is taken when this is true, and none before it was.', condition);

/** Fields of a judge beside those of its kind. */
export const judgeFields: Readonly<Record<string, Field>> = {
  retry,
  timeout,
  output: commonFields.output ?? {},
  check: commonFields.check ?? {},
  result: commonFields.result ?? {},
  cache: commonFields.cache ?? {},
  idempotent: commonFields.idempotent ?? {},
};

/** Kinds of which a judge may be. */
export const JUDGES: readonly string[] = ['llm', 'command', 'script', 'workflow'];

/** Fields of a model call that `defaults` may set for the whole file; what they may be is said by the kinds. */
export const DEFAULTED = ['tier', 'model', 'system', 'temperature', 'max_tokens'] as const;

const model: JsonSchema = { type: 'string', pattern: '^[^/\\s]+/\\S+$' };
const candidates = literal('Models in order of preference, `provider/model`; the first that can be used is used.', {
  type: 'array',
  minItems: 1,
  items: model,
});

/** Sections of a file whose shape does not depend on the kinds. */
export const sections: Readonly<Record<string, Field>> = {
  dagrun: literal('The version of the language: 1.', { const: 1 }),
  name: literal('The name of the workflow: small letters, digits and hyphens.', { type: 'string', pattern: '^[a-z0-9-]+$' }),
  description: literal('What the workflow is for.', { type: 'string' }),
  constants: literal('Values that expressions and templates read as `constants.<name>`.', { type: 'object' }),
  tiers: literal('Models per tier; configuration supplies the tiers left out.', {
    type: 'object',
    additionalProperties: false,
    properties: { cheap: candidates, capable: candidates, premium: candidates },
  }),
  limits: literal('Bounds of a whole run.', {
    ...fields([], {
      max_cost: literal('The most a run may spend, in US dollars.', { type: 'number', exclusiveMinimum: 0 }),
      timeout: literal('The longest a run may take.', longer),
      concurrency: literal('Model calls in flight at the same time.', { type: 'integer', minimum: 1 }),
      on_failure: literal('Whether branches that do not depend on a failed node still go on. Default: stop.', {
        enum: ['stop', 'finish_branches'],
      }),
    }),
  }),
};

/** One entry of `outputs`. */
export const outputEntry: JsonSchema = {
  'x-holds': 'expression',
  description: 'An expression, or `{ value, description, schema }`.',
  anyOf: [
    { type: ['string', 'number', 'boolean', 'array', 'null'] },
    fields(['value'], {
      value: expression('The value.'),
      description: literal('What it is.', { type: 'string' }),
      schema: literal('What it must fit.', aSchema),
    }),
  ],
};

/** Defaults of model calls that every kind of call has. */
export const defaultsCommon: Readonly<Record<string, Field>> = {
  tier: literal('How good the models have to be; configuration says which models that means. Default: capable.', { enum: TIERS }),
  timeout,
  retry,
};
