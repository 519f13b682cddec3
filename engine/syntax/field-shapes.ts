import type { JsonSchema } from '../base/json.ts';

/** A JSON Schema property: what a field may be, what it holds, and a line for people. */
export type Field = JsonSchema;

/** A field whose value is what is written. */
export const literal = (description: string, schema: JsonSchema): Field => ({ ...schema, 'x-holds': 'literal', description });

/** A field that holds a template. */
export const template = (description: string): Field => ({ type: 'string', 'x-holds': 'template', description });

/** A field that holds an expression; `schema` says in which forms it may be written. */
export const expression = (description: string, schema: JsonSchema = {}): Field => ({ ...schema, 'x-holds': 'expression', description });

/** `90s`, `250ms`, `1.5h`, `2d`. */
export const duration: JsonSchema = { type: 'string', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$', 'x-unit': 'duration' };

/** A duration of something that could not end before it begins. */
export const longer: JsonSchema = { ...duration, not: { type: 'string', pattern: '^[0.]+(ms|s|m|h|d)$' } };

/** A condition: CEL, or plainly true or false. */
export const condition: JsonSchema = { type: ['string', 'boolean'] };

/** A map with these fields and no others. */
export const fields = (required: readonly string[], properties: Readonly<Record<string, Field>>): JsonSchema => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
});

/** A bound: a number, or an expression over `inputs`. */
export const wholeNumber = (minimum: number): JsonSchema => ({ anyOf: [{ type: 'integer', minimum }, { type: 'string' }] });

/** A field that holds a schema; its inside is examined where schemas are expanded. */
export const aSchema: JsonSchema = { type: 'object', 'x-schema': true };

/** Tiers from the lowest to the highest. */
export const TIERS = ['cheap', 'capable', 'premium'] as const;

/** Failures a try may be repeated for; all of them unless `retry_on` says otherwise. */
export const RETRYABLE = ['rate_limited', 'unavailable', 'timed_out', 'output_invalid', 'check_failed', 'task_failed'] as const;

/** Fields of a node as a whole, whichever way its work is done: a case, a part or a fallback has none of its own. */
export const OF_THE_NODE: readonly string[] = ['needs', 'skip_if', 'run_if', 'if_skipped', 'foreach', 'repeat', 'route'];
