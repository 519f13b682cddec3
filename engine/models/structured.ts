import { jsonrepair } from 'jsonrepair';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Message } from '../contracts/provider.ts';
import { compileValidator } from '../lang/validate.ts';

/** The one property of the object that carries an answer which is no object itself. */
const ANSWER = 'answer';

/** One asked schema per schema, so that what is worked out for it is worked out once. */
const wrapped = new WeakMap<JsonSchema, JsonSchema>();

/** The schema to ask for: providers take objects only, so any other answer is asked for as `{ answer: … }`. */
export function schemaToAsk(schema: JsonSchema): JsonSchema {
  if (isObjectSchema(schema)) return schema;
  let asked = wrapped.get(schema);
  if (asked === undefined) {
    const { $defs, ...inner } = schema;
    asked = {
      type: 'object',
      properties: { [ANSWER]: inner },
      required: [ANSWER],
      additionalProperties: false,
      ...($defs !== undefined && { $defs }),
    };
    wrapped.set(schema, asked);
  }
  return asked;
}

function isObjectSchema(schema: JsonSchema): boolean {
  return schema.type === 'object' || (schema.type === undefined && schema.properties !== undefined);
}

/** What a model's text is as an answer. */
export type Reading = { readonly value: Json } | { readonly problems: readonly string[]; readonly of: 'output_invalid' | 'check_failed' };

/** Reads JSON that fits `schema` out of a model's text, and applies the node's own checks. */
export function readAnswer(text: string, schema: JsonSchema, problemsOf: (output: Json) => readonly string[]): Reading {
  const parsed = parseLoosely(text);
  if (parsed === undefined) return { problems: ['the answer is not JSON'], of: 'output_invalid' };
  const fitted = fitting(parsed, schema);
  if ('problems' in fitted) return fitted;
  const problems = problemsOf(fitted.value);
  return problems.length === 0 ? fitted : { problems, of: 'check_failed' };
}

function fitting(parsed: Json, schema: JsonSchema): Reading {
  const validate = compileValidator(schema);
  let value = parsed;
  let problems = validate(value);
  if (problems.length > 0 && !isObjectSchema(schema) && isObject(parsed) && parsed[ANSWER] !== undefined) {
    value = parsed[ANSWER];
    problems = validate(value);
  }
  if (problems.length > 0) {
    const trimmed = dropAbsent(value, schema, schema);
    const left = validate(trimmed);
    if (left.length === 0) return { value: trimmed };
  }
  return problems.length === 0 ? { value } : { problems: problems.map((problem) => problem.message), of: 'output_invalid' };
}

/**
 * The JSON in a model's text, or undefined when there is none: the text itself, the last fenced block, the outermost braces
 * or brackets; each as it stands, then mended (quotes, commas, comments). Mending alone would turn any prose into JSON, so only
 * text that starts and ends like an object or a list is mended.
 */
export function parseLoosely(text: string): Json | undefined {
  const candidates = [text.trim(), lastFence(text), outermost(text)].filter((candidate) => candidate !== undefined);
  for (const candidate of candidates) {
    const value = parse(candidate);
    if (value !== undefined) return value;
  }
  for (const candidate of candidates) {
    if (!/^[[{][\s\S]*[\]}]$/.test(candidate)) continue;
    try {
      return parse(jsonrepair(candidate));
    } catch {
      // Beyond mending: the next candidate may be better.
    }
  }
  return undefined;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function lastFence(text: string): string | undefined {
  return [...text.matchAll(/```[\w-]*[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/g)].at(-1)?.[1]?.trim();
}

function outermost(text: string): string | undefined {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  const end = text.lastIndexOf(text[start] === '{' ? '}' : ']');
  return end > start ? text.slice(start, end + 1) : undefined;
}

/**
 * A value without the nulls that stand for absent properties: a provider that demands every property makes the model write
 * null for those the author made optional.
 */
function dropAbsent(value: Json, schema: JsonSchema, root: JsonSchema): Json {
  const here = resolve(schema, root);
  if (isList(value)) {
    const items = here.items;
    return isObject(items) ? value.map((item) => dropAbsent(item, items, root)) : value;
  }
  if (!isObject(value) || !isObject(here.properties)) return value;
  const required: readonly Json[] = isList(here.required) ? here.required : [];
  const kept: Record<string, Json> = {};
  for (const [name, part] of Object.entries(value)) {
    const property = here.properties[name];
    if (part === null && property !== undefined && !required.includes(name)) continue;
    kept[name] = isObject(property) ? dropAbsent(part, property, root) : part;
  }
  return kept;
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonObject {
  const name = typeof schema.$ref === 'string' ? /^#\/\$defs\/(.+)$/.exec(schema.$ref)?.[1] : undefined;
  const target = name !== undefined && isObject(root.$defs) ? root.$defs[name] : undefined;
  return isObject(target) ? target : schema;
}

/** The messages with the schema written into the user's last one, for models that cannot be held to a schema. */
export function withSchemaInText(messages: readonly Message[], schema: JsonSchema): readonly Message[] {
  const index = messages.findLastIndex((message) => message.role === 'user');
  const last = messages[index];
  if (last === undefined) return messages;
  const text = `${last.text}\n\nAnswer with JSON only, without any other text. It must fit this JSON Schema:\n${JSON.stringify(schema)}`;
  return messages.with(index, { ...last, text });
}

/** The one question asked again: what is wrong with the answer, and what is wanted. Without a schema, the answer is a text. */
export function repairMessages(
  messages: readonly Message[],
  answer: string,
  problems: readonly string[],
  schema: JsonSchema | undefined,
): readonly Message[] {
  const wrong = problems.map((problem) => `- ${problem}`).join('\n');
  const wanted =
    schema === undefined
      ? 'Answer again, completely.'
      : `Answer again, completely, with JSON only. It must fit this JSON Schema:\n${JSON.stringify(schema)}`;
  return [
    ...messages,
    // An empty message of the assistant is refused by providers.
    { role: 'assistant', text: answer.trim() === '' ? '(no answer)' : answer },
    { role: 'user', text: `This answer cannot be used:\n${wrong}\n\n${wanted}` },
  ];
}
