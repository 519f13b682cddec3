import type { Json, JsonSchema } from '../base/json.ts';
import { condition, expression, type Field, fields, literal, RETRYABLE, TIERS, wholeNumber } from './field-shapes.ts';

/*
 * `x-inside` tells editors what else may stand in a map: `nodes` of a workflow, the fields of a `case`, of a `judge`, or of a `call`. What
 * is wrong in there is told where these are read.
 */

const inside = (what: 'nodes' | 'case' | 'judge' | 'call', schema: JsonSchema = { type: 'object' }): JsonSchema => ({
  ...schema,
  'x-inside': what,
});

/** Rounds of a node; how its fields go together is said where it is read. */
export const repeat: Field = literal('Rounds of the node: until a condition holds, or a number of times.', {
  ...fields([], {
    until: expression('The round after which this holds is the last; sees `output`, `iteration`, `previous`, `carry`.', condition),
    times: expression('Exactly so many rounds.', wholeNumber(1)),
    max: expression('At most so many rounds.', wholeNumber(1)),
    carry: literal('Values that go through the rounds: name → `{ first, next }`; read as `carry.<name>`.', {
      type: 'object',
      minProperties: 1,
      additionalProperties: fields(['first', 'next'], {
        first: expression('What it is in the first round.'),
        next: expression('What it is in the next round; sees what `until` sees.'),
      }),
    }),
    as: literal('A name for the loop, for nodes in a loop of their own: `attempt.previous`.', { type: 'string' }),
    on_exhausted: literal('What to do when `until` still does not hold after `max` rounds. Default: accept.', { enum: ['accept', 'fail'] }),
  }),
});

const aCase: JsonSchema = { anyOf: [{ enum: ['skip'] }, inside('case')] };

/** One of several ways; how its fields go together is said where it is read. */
export const route: Field = literal('One of several ways to do the node; a case replaces fields of the node.', {
  ...fields(['cases'], {
    by: expression('What decides: an enum, a boolean, or an integer with an enum.', { type: 'string' }),
    cases: literal('Value → fields, or `skip`; or a list of fields with `when` each, of which the first true one is taken.', {
      anyOf: [
        { type: 'object', minProperties: 1, additionalProperties: aCase },
        { type: 'array', minItems: 1, items: inside('case') },
      ],
    }),
    default: literal('Fields, or `skip`, when no case is taken.', aCase),
  }),
});

/** The same without its cases, which are examined one by one. */
export const routeShape: JsonSchema = fields(['cases'], {
  by: { type: 'string' },
  cases: {
    anyOf: [
      { type: 'object', minProperties: 1 },
      { type: 'array', minItems: 1 },
    ],
  },
  default: {},
});

/** Options of `evaluate`; what else stands in it are the fields of its judge. */
export const evaluateOptions: Readonly<Record<string, Field>> = {
  accept_if: expression('True when a candidate is good enough; sees `evaluation` and `candidate`.', condition),
  score: expression('How good a candidate is, a number. Default: `evaluation.score`.', { type: ['string', 'number'] }),
  max_iterations: expression('At most so many candidates. Default: 3.', wholeNumber(1)),
  revise: {
    'x-holds': 'template',
    description:
      'How all candidates but the first are made: a prompt, or a map of fields of the call. It sees `candidate` and `evaluation`. Without it, the same question is asked again.',
    anyOf: [{ type: 'string', minLength: 1 }, inside('call', { type: 'object', minProperties: 1 })],
  },
  keep: literal('Which candidate is given in the end. Default: the best, where there is a score.', { enum: ['best', 'last'] }),
  stop_when_stuck: expression('So many candidates without a better score are enough.', wholeNumber(1)),
  on_exhausted: literal('What to do when none was accepted. Default: accept the one kept if there is `revise`, else fail.', {
    enum: ['accept', 'fail', 'escalate'],
  }),
};

/** Fields of nodes that call a model, which say how often and of whom an answer is asked. */
export const callPatterns: Readonly<Record<string, Field>> = {
  evaluate: literal('Judge each answer, and ask again until one is good enough: fields of the judge, and what is done with what it says.', {
    ...inside('judge'),
    properties: evaluateOptions,
    required: ['accept_if'],
  }),
  escalate: literal('Ask the next tier when the answer is not good enough.', {
    ...fields(['to'], {
      to: literal('The highest tier that is asked.', { enum: TIERS }),
      on: literal('Failures after which the next tier is asked. Default: output_invalid, check_failed.', {
        type: 'array',
        minItems: 1,
        items: { enum: RETRYABLE },
      }),
      when: expression('True when an answer is not good enough; sees `output`.', condition),
    }),
  }),
  best_of: literal('Ask several times, and keep one answer.', {
    ...fields(['n'], {
      n: expression('How often.', wholeNumber(2)),
      pick: literal('How one is chosen: the most frequent, or by a judge. Default: vote.', { enum: ['vote', 'judge'] }),
      by: expression('What is voted on; sees `output`. Default: the whole output.', { type: 'string' }),
      judge: literal('Fields of a call that sees `candidates`, and gives `{ best }`: the number of one, from 1.', inside('judge')),
    }),
  }),
};

/** The names of these fields. */
export const PATTERNS: readonly string[] = Object.keys(callPatterns);

/** What `x-inside` means to editors. */
export function definitionInside(what: Json): Json | undefined {
  if (what === 'nodes') return { additionalProperties: { $ref: '#/definitions/node' }, minProperties: 1 };
  return typeof what === 'string' ? { $ref: `#/definitions/${what}` } : undefined;
}
