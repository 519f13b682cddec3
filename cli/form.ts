import type { Json, JsonObject, JsonSchema } from '../engine/index.ts';
import { UsageError } from './command.ts';

/** One thing to fill in. */
export interface FormField {
  readonly name: string;
  readonly required: boolean;
  /** `tonight | tomorrow`, `integer`, `text`. */
  readonly type: string;
  readonly description?: string;
  readonly default?: Json;
}

/** The fields of a form, in the order they are written. */
export function formFields(form: JsonSchema): readonly FormField[] {
  const required = Array.isArray(form.required) ? form.required : [];
  return Object.entries(asObject(form.properties)).map(([name, value]) => {
    const field = asObject(value);
    return {
      name,
      required: required.includes(name) && field.default === undefined,
      type: typeOf(field),
      ...(typeof field.description === 'string' && { description: field.description }),
      ...(field.default !== undefined && { default: field.default }),
    };
  });
}

/** What was given with `--form`: one JSON document, or one `key=value` per field, read as the field wants it. Throws UsageError. */
export function parseForm(given: readonly string[], form: JsonSchema | undefined): Json | undefined {
  const [first] = given;
  if (first === undefined) return undefined;
  if (given.length === 1 && !/^[\w-]+=/.test(first)) return parseJson(first);
  const filled: Record<string, Json> = {};
  for (const pair of given) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`"${pair}" is no key=value`, 'write --form window=tonight, or --form \'{"window": "tonight"}\'');
    filled[pair.slice(0, at)] = readField(form, pair.slice(0, at), pair.slice(at + 1));
  }
  return filled;
}

/** A text as the field of a form wants it; whether it fits is said by whoever takes the answer. */
export function readField(form: JsonSchema | undefined, name: string, text: string): Json {
  const { type, enum: choices } = asObject(asObject(form?.properties)[name]);
  const types = [type].flat();
  if (types.includes('string') || (Array.isArray(choices) && choices.includes(text))) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new UsageError('--form is not JSON', 'write --form window=tonight, or --form \'{"window": "tonight"}\'');
  }
}

function typeOf({ type, enum: choices }: JsonObject): string {
  if (Array.isArray(choices)) return choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice))).join(' | ');
  if (type === 'string') return 'text';
  return typeof type === 'string' ? type : 'anything';
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
