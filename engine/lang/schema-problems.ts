import { isList, isObject, type Json, type JsonSchema } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { kindInWords } from './in-words.ts';
import type { Problem } from './misfit.ts';
import { compileRegex } from './regex.ts';

type Holds =
  | 'any'
  | 'text'
  | 'pattern'
  | 'boolean'
  | 'number'
  | 'positive'
  | 'count'
  | 'type'
  | 'list'
  | 'texts'
  | 'schema'
  | 'items'
  | 'schemas'
  | 'map of schemas'
  | 'dependencies';

/** Keywords of JSON Schema (2020-12, and what draft-07 and OpenAPI add), and what each holds. */
const KEYWORDS: Readonly<Record<string, Holds>> = {
  type: 'type',
  description: 'text',
  title: 'text',
  default: 'any',
  enum: 'list',
  const: 'any',
  properties: 'map of schemas',
  required: 'texts',
  additionalProperties: 'schema',
  items: 'items',
  format: 'text',
  pattern: 'pattern',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'positive',
  minLength: 'count',
  maxLength: 'count',
  minItems: 'count',
  maxItems: 'count',
  uniqueItems: 'boolean',
  minProperties: 'count',
  maxProperties: 'count',
  anyOf: 'schemas',
  oneOf: 'schemas',
  allOf: 'schemas',
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: 'schema',
  else: 'schema',
  $ref: 'text',
  $defs: 'map of schemas',
  definitions: 'map of schemas',
  prefixItems: 'schemas',
  additionalItems: 'schema',
  contains: 'schema',
  minContains: 'count',
  maxContains: 'count',
  propertyNames: 'schema',
  patternProperties: 'map of schemas',
  dependentRequired: 'dependencies',
  dependentSchemas: 'map of schemas',
  dependencies: 'dependencies',
  unevaluatedProperties: 'schema',
  unevaluatedItems: 'schema',
  contentEncoding: 'text',
  contentMediaType: 'text',
  contentSchema: 'schema',
  examples: 'list',
  example: 'any',
  deprecated: 'boolean',
  readOnly: 'boolean',
  writeOnly: 'boolean',
  nullable: 'boolean',
  $schema: 'text',
  $id: 'text',
  $anchor: 'text',
  $dynamicRef: 'text',
  $dynamicAnchor: 'text',
  $vocabulary: 'any',
  $comment: 'text',
};

/** Every keyword a schema may have, the usual ones first. */
export const schemaKeywords: readonly string[] = Object.keys(KEYWORDS);

/** The types of JSON Schema. */
export const schemaTypes: readonly string[] = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

/**
 * What is wrong with a schema itself; empty when it is sound. A part with the shorthand `fields`, and where references lead,
 * is left to whoever expands them. Keywords that begin with `x-` are annotations.
 */
export function schemaProblems(schema: Json): readonly Problem[] {
  const problems: Problem[] = [];
  examine(schema, [], problems);
  return problems;
}

function examine(schema: Json, path: Path, problems: Problem[]): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) {
    problems.push({ path, keyword: 'schema', params: {}, schema: {}, message: `a schema must be a map; this is ${kindInWords(schema)}` });
    return;
  }
  if (Object.hasOwn(schema, 'fields')) return;
  for (const [key, value] of Object.entries(schema)) {
    const holds = Object.hasOwn(KEYWORDS, key) ? KEYWORDS[key] : undefined;
    if (holds === undefined) {
      if (!key.startsWith('x-')) add(problems, schema, [...path, key], 'unknown', { key }, `"${key}" is not a keyword of JSON Schema`);
    } else examineKeyword(schema, key, value, holds, [...path, key], problems);
  }
  examineTogether(schema, path, problems);
}

function examineKeyword(schema: JsonSchema, key: string, value: Json, holds: Holds, path: Path, problems: Problem[]): void {
  const wrong = (expected: string): void =>
    add(problems, schema, path, 'value', { key }, `"${key}" must be ${expected}; this is ${kindInWords(value)}`);
  switch (holds) {
    case 'any':
      return;
    case 'text':
      if (typeof value !== 'string') wrong('text');
      return;
    case 'pattern': {
      const problem = typeof value === 'string' ? compileRegex(value).problem : undefined;
      if (typeof value !== 'string') wrong('text');
      else if (problem !== undefined) add(problems, schema, path, 'pattern', { key }, `"${value}" is not a pattern: ${problem}`);
      return;
    }
    case 'boolean':
      if (typeof value !== 'boolean') wrong('true or false');
      return;
    case 'number':
      if (typeof value !== 'number') wrong('a number');
      return;
    case 'positive':
      if (typeof value !== 'number' || value <= 0) wrong('a number above 0');
      return;
    case 'count':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) wrong('a whole number, 0 or more');
      return;
    case 'type':
      for (const [index, type] of (isList(value) ? value : [value]).entries()) {
        if (typeof type === 'string' && schemaTypes.includes(type)) continue;
        const at = isList(value) ? [...path, index] : path;
        const names = schemaTypes.map((name) => `"${name}"`).join(', ');
        add(
          problems,
          schema,
          at,
          'type',
          typeof type === 'string' ? { key: type } : {},
          `"type" must be one of ${names}; this is ${kindInWords(type)}`,
        );
      }
      return;
    case 'list':
      if (!isList(value)) wrong('a list');
      else if (value.length === 0 && key === 'enum')
        add(problems, schema, path, 'value', { key }, '"enum" allows nothing: its list is empty');
      return;
    case 'texts':
      if (!isTexts(value)) wrong('a list of names');
      return;
    case 'schema':
      examine(value, path, problems);
      return;
    case 'items':
    case 'schemas':
      if (isList(value)) for (const [index, part] of value.entries()) examine(part, [...path, index], problems);
      else if (holds === 'items') examine(value, path, problems);
      else wrong('a list of schemas');
      return;
    case 'map of schemas':
      if (isObject(value)) for (const [name, part] of Object.entries(value)) examine(part, [...path, name], problems);
      else wrong('a map from names to schemas');
      return;
    case 'dependencies':
      if (!isObject(value)) wrong('a map');
      else for (const [name, part] of Object.entries(value)) if (!isTexts(part)) examine(part, [...path, name], problems);
  }
}

/** What only shows when keywords are seen together. */
function examineTogether(schema: JsonSchema, path: Path, problems: Problem[]): void {
  for (const [low, high] of [
    ['minimum', 'maximum'],
    ['minLength', 'maxLength'],
    ['minItems', 'maxItems'],
    ['minProperties', 'maxProperties'],
  ] as const) {
    const [from, to] = [schema[low], schema[high]];
    if (typeof from === 'number' && typeof to === 'number' && from > to) {
      add(problems, schema, [...path, high], 'value', { key: high }, `nothing can fit: "${low}" is ${from}, and "${high}" is ${to}`);
    }
  }
  const { properties, required, additionalProperties, patternProperties } = schema;
  if (!isObject(properties) || !isTexts(required) || additionalProperties !== false || patternProperties !== undefined) return;
  for (const [index, name] of required.entries()) {
    if (Object.hasOwn(properties, name)) continue;
    add(
      problems,
      schema,
      [...path, 'required', index],
      'required',
      { key: name },
      `nothing can fit: "${name}" is required, and not among the properties`,
    );
  }
}

function add(problems: Problem[], schema: JsonSchema, path: Path, keyword: string, params: Problem['params'], message: string): void {
  problems.push({ path, keyword, params, schema, message });
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return isList(value) && value.every((item) => typeof item === 'string');
}
