import type { JsonSchema } from '../base/json.ts';

type Optional<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/** The schema of one of our own object types: the compiler sees to it that every field is described, and that the optional ones are. */
export function objectOf<T>(
  properties: { readonly [K in keyof Required<T>]: JsonSchema },
  optional: Readonly<Record<Optional<T>, true>>,
): JsonSchema {
  const fields = properties as Readonly<Record<string, JsonSchema>>;
  return {
    type: 'object',
    properties: fields,
    required: Object.keys(fields).filter((name) => !Object.hasOwn(optional, name)),
    additionalProperties: false,
  };
}

/** The members of a union of texts, none forgotten. */
export function oneOf<T extends string>(members: Readonly<Record<T, true>>): JsonSchema {
  return { enum: Object.keys(members) };
}

/** A text, and what it says. */
export function text(description: string): JsonSchema {
  return { type: 'string', description };
}
