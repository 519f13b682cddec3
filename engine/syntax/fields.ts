import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Code, Diagnostic } from '../contracts/diagnostic.ts';
import type { Document, Path } from '../contracts/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { schemaKeywords, schemaProblems, schemaTypes } from '../lang/schema-problems.ts';
import { kindForAuthors } from './explain.ts';
import { isType, parseShorthand } from './shorthand.ts';

/** What expanding a schema needs from whoever knows its surroundings. */
export interface Expansion {
  readonly document: Document;
  /** Reports a mistake, and remembers that there was one. */
  say(
    code: Code,
    path: Path,
    message: string,
    more?: Partial<Diagnostic> & { readonly part?: 'key' | 'value'; readonly within?: readonly [number, number] },
  ): void;
  /** What a reference becomes: `#/$defs/finding`; undefined when it leads nowhere (reported). */
  reference(ref: string, path: Path): string | undefined;
  /** False for a file of someone else, whose own annotations are let be. */
  readonly strict: boolean;
}

/** A schema without the shorthand `fields`, references rewritten; undefined when it is no schema at all. Every mistake is reported. */
export function expandSchema(expansion: Expansion, value: Json, path: Path): JsonSchema | boolean | undefined {
  reportProblems(expansion, value, path);
  return expand(expansion, value, path);
}

function expand(expansion: Expansion, value: Json, path: Path): JsonSchema | boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, 'fields')) return expandFields(expansion, value, path);
  const schema: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    if (key === '$ref') {
      const reference = typeof inner === 'string' ? expansion.reference(inner, at) : undefined;
      if (reference !== undefined) schema.$ref = reference;
    } else if (MAPS.has(key) && isObject(inner)) {
      schema[key] = Object.fromEntries(
        Object.entries(inner).map(([name, part]) => [name, isList(part) ? part : (expand(expansion, part, [...at, name]) ?? {})]),
      );
    } else if (LISTS.has(key) && isList(inner)) {
      schema[key] = inner.map((part, index) => expand(expansion, part, [...at, index]) ?? {});
    } else if (SINGLES.has(key) && (isObject(inner) || typeof inner === 'boolean')) {
      schema[key] = expand(expansion, inner, at) ?? {};
    } else schema[key] = inner;
  }
  return schema;
}

const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']);
const LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const SINGLES: ReadonlySet<string> = new Set(
  'items additionalItems additionalProperties propertyNames contains not if then else unevaluatedProperties unevaluatedItems contentSchema'.split(
    ' ',
  ),
);

/** Keywords that may stand beside `fields`; `type: object` says nothing new, and is let be. */
const BESIDE_FIELDS = ['fields', 'description', 'title', 'examples', 'default', '$schema', '$id', '$comment', 'deprecated'];

function expandFields(expansion: Expansion, value: JsonObject, path: Path): JsonSchema {
  const beside: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'fields' || (key === 'type' && inner === 'object')) continue;
    if (BESIDE_FIELDS.includes(key) || key.startsWith('x-')) beside[key] = inner;
    else {
      expansion.say('DAG131', [...path, key], `"${key}" cannot stand beside "fields"`, {
        part: 'key',
        because: '`fields` is a whole schema: an object with these fields and no others',
        help: 'put it into `fields` if it is a field, or write the schema with `type` and `properties`',
      });
    }
  }
  return { ...objectOf(expansion, value.fields ?? null, [...path, 'fields']), ...beside };
}

/** A closed object whose fields are all required unless their name ends with `?`. */
function objectOf(expansion: Expansion, fields: Json, path: Path): JsonSchema {
  if (!isObject(fields) || Object.keys(fields).length === 0) {
    const help = 'write `fields: { title: string, score: integer 1..10 }`';
    if (!isObject(fields))
      expansion.say('DAG131', path, `"fields" must be a map from names to types; this is ${kindForAuthors(fields)}`, { help });
    else expansion.say('DAG131', path, 'there are no fields here', { help });
    return { type: 'object' };
  }
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const at = [...path, key];
    const optional = key.endsWith('?');
    const name = optional ? key.slice(0, -1) : key;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      const instead = name.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/^[^A-Za-z_]+/g, '');
      expansion.say('DAG131', at, `"${key}" cannot be the name of a field: letters, digits and _ only`, {
        part: 'key',
        because: 'expressions and templates read it as `output.<name>`',
        help: instead === '' ? 'choose another name' : `write "${instead}"`,
      });
      continue;
    }
    if (Object.hasOwn(properties, name)) {
      expansion.say('DAG131', at, `"${name}" is there twice, with and without "?"`, { part: 'key', help: 'keep one of them' });
      continue;
    }
    properties[name] = typeOf(expansion, value, at);
    if (!optional) required.push(name);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The schema of one field: text, `[T]`, a map of fields, `{ $ref }`, `{ schema }`. */
function typeOf(expansion: Expansion, value: Json, path: Path): JsonSchema | boolean {
  if (typeof value === 'string') {
    const parsed = parseShorthand(value);
    if ('schema' in parsed) return parsed.schema;
    expansion.say('DAG131', path, parsed.problem, {
      within: [parsed.start, parsed.end],
      ...(parsed.help !== undefined && { help: parsed.help }),
    });
    return {};
  }
  if (isList(value)) {
    const [item] = value;
    if (value.length !== 1 || item === undefined) {
      const words = value.filter((part) => typeof part === 'string');
      const help =
        words.length > 1 && words.length === value.length && !words.some(isType)
          ? `if these are the allowed values, write ${words.join(' | ')}`
          : 'write [string], or [{ name: string }]';
      expansion.say('DAG131', path, 'a list has one part: the type of its items', { help });
      return { type: 'array' };
    }
    return { type: 'array', items: typeOf(expansion, item, [...path, 0]) };
  }
  if (!isObject(value)) {
    const word = typeof value === 'boolean' ? 'boolean' : 'integer';
    expansion.say('DAG131', path, value === null ? 'the type of the field is missing' : `${JSON.stringify(value)} is not a type`, {
      ...(value === null && { part: 'key' as const }),
      help:
        value === null
          ? 'write `string`, `number`, `integer`, `boolean`, `a | b`, or a list or map of these'
          : `write "${word}" for a field that holds such a value`,
    });
    return {};
  }
  if (Object.keys(value).length === 0) {
    expansion.say('DAG131', path, 'there are no fields here', { help: 'write `any` for a value of any form' });
    return {};
  }
  const others = Object.keys(value).filter((key) => key !== 'description');
  const [only = ''] = others;
  const description = typeof value.description === 'string' ? { description: value.description } : {};
  if (others.length === 1) {
    const inner = value[only];
    if (only === '$ref') return expand(expansion, value, path) ?? {};
    if (only === 'schema' && (isObject(inner) || typeof inner === 'boolean')) {
      const schema = expandSchema(expansion, inner, [...path, 'schema']) ?? {};
      return isObject(schema) ? { ...schema, ...description } : schema;
    }
    if (only === 'fields' && isObject(inner)) return { ...objectOf(expansion, inner, [...path, 'fields']), ...description };
  }
  if (looksLikeSchema(value)) {
    expansion.say('DAG131', path, 'inside `fields`, this is an object with fields of these names, not JSON Schema', {
      help: 'write { schema: { type: … } } for JSON Schema, or the shorthand: `string`, `integer 1..10`, `a | b`, `[string]`',
    });
    return {};
  }
  return objectOf(expansion, value, path);
}

/** `{ type: string }` inside `fields` is hardly ever an object with the one field `type`. */
function looksLikeSchema(value: JsonObject): boolean {
  const keys = Object.keys(value);
  if (!keys.every((key) => schemaKeywords.includes(key))) return false;
  const { type } = value;
  if (typeof type !== 'string' || !schemaTypes.includes(type)) return Object.hasOwn(value, 'enum') || Object.hasOwn(value, '$ref');
  return keys.length === 1 || keys.some((key) => typeof value[key] !== 'string' || 'problem' in parseShorthand(value[key]));
}

function reportProblems(expansion: Expansion, value: Json, path: Path): void {
  for (const problem of schemaProblems(value)) {
    const at = [...path, ...problem.path];
    const key = typeof problem.params.key === 'string' ? problem.params.key : undefined;
    if (problem.keyword === 'unknown' && key !== undefined) unknownKeyword(expansion, key, problem.schema, at);
    else if (problem.keyword === 'type') {
      const near = key === undefined ? undefined : (suggest(key, schemaTypes) ?? TYPE_SYNONYMS[key]);
      const help = near === undefined ? `there are ${schemaTypes.map((type) => `"${type}"`).join(', ')}` : `did you mean "${near}"?`;
      expansion.say('DAG132', at, key === undefined ? '"type" must be the name of a type' : `"${key}" is not a type of JSON Schema`, {
        help,
      });
    } else if (problem.keyword === 'schema') expansion.say('DAG132', at, problem.message, schemaHelp(expansion, at));
    else expansion.say('DAG132', at, problem.message, at[at.length - 1] === 'required' ? requiredHelp(expansion, at) : {});
  }
}

/** `required: true` of a field is how drafts before the fourth said it. */
function requiredHelp({ document }: Expansion, at: Path): Partial<Diagnostic> {
  const { file, start, end } = document.spanOf(at);
  const written = file.text.slice(start, end);
  if (!/^(true|false)$/.test(written)) return /^\w+$/.test(written) ? { help: `write [${written}]` } : {};
  if (at[0] === 'inputs' && at.length === 3)
    return { help: 'take it out: an input with a `default` is optional, every other one must be given' };
  return { help: 'list the names in the object that has the fields: `required: [name]`' };
}

const TYPE_SYNONYMS: Readonly<Record<string, string>> = {
  str: 'string',
  text: 'string',
  date: 'string',
  int: 'integer',
  float: 'number',
  double: 'number',
  bool: 'boolean',
  list: 'array',
  map: 'object',
  dict: 'object',
  nil: 'null',
  none: 'null',
};

function unknownKeyword(expansion: Expansion, key: string, schema: JsonSchema, at: Path): void {
  if (isObject(schema.schema) && expansion.strict) {
    // What stands around the schema is of the same mistake.
    if (key !== 'schema') return;
    const help = 'write what stands below "schema" in its place';
    expansion.say('DAG132', at, '"schema" is not a keyword of JSON Schema', { part: 'key', help });
    return;
  }
  const near = suggest(key, [...schemaKeywords, 'fields']);
  if (near !== undefined) {
    const span = expansion.document.spanOf(at, 'key');
    expansion.say('DAG132', at, `"${key}" is not a keyword of JSON Schema`, {
      part: 'key',
      help: `did you mean "${near}"?`,
      fix: { at: span, replacement: near },
    });
    return;
  }
  if (!expansion.strict) return;
  const meaningful = Object.keys(schema).some(
    (name) => !['description', 'title', 'default'].includes(name) && schemaKeywords.includes(name),
  );
  const first = Object.keys(schema).find((name) => !schemaKeywords.includes(name));
  // A map of fields without `fields` is one mistake, however many fields it has.
  if (!meaningful && first !== key) return;
  expansion.say('DAG132', at, `"${key}" is not a keyword of JSON Schema`, {
    part: 'key',
    help: meaningful
      ? 'remove it; annotations of your own begin with x-'
      : 'if these are the fields of an object, put them below `fields:`',
  });
}

function schemaHelp(expansion: Expansion, at: Path): Partial<Diagnostic> {
  const span = expansion.document.spanOf(at);
  const text = span.file.text.slice(span.start, span.end);
  if (schemaTypes.includes(text)) return { help: `write { type: ${text} }`, fix: { at: span, replacement: `{ type: ${text} }` } };
  const parsed = parseShorthand(text);
  if ('schema' in parsed && text.length < 60) return { help: `write { type: … }; the shorthand \`${text}\` stands below \`fields\` only` };
  return { help: 'write { type: string }, or { fields: { … } }' };
}
