import { isList, type Json, type JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';

/**
 * What a program or a server said, as the author's `output` wants it: a schema of texts takes it as it is, any other as JSON. Without a
 * schema it is JSON when it is an object or a list, else text. Throws Failed (output_invalid). `from` names where it came from.
 */
export function dataIn(text: string, schema: JsonSchema | undefined, from: string): Json {
  if (schema === undefined) return /^\s*[[{]/.test(text) ? (parsed(text) ?? text) : text;
  if (holdsText(schema)) return text;
  const value = parsed(text);
  if (value !== undefined) return value;
  const said = text.trim() === '' ? 'it is empty' : `it begins with ${JSON.stringify(text.trim().slice(0, 40))}`;
  throw new Failed({
    type: 'output_invalid',
    message: `${from} is not JSON, which its \`output\` wants: ${said}`,
    problems: ['it is not JSON; `output: { type: string }` takes text as it is'],
  });
}

/** A value as a text for a program to read: texts as they are, anything else as JSON. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function holdsText({ type, enum: values, const: only }: JsonSchema): boolean {
  if (typeof type === 'string') return type === 'string';
  return type === undefined && (typeof only === 'string' || (isList(values) && values.every((value) => typeof value === 'string')));
}
