import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';

/**
 * What providers accept of JSON Schema when they hold a model to it. What a dialect lacks is left out where an answer can
 * be checked for it afterwards (lengths, bounds), and told in the description; where it changes what the answer looks like
 * (open objects, `any`, conditions), the schema cannot be sent at all.
 */
export interface Dialect {
  /** Keywords that are sent as they are. */
  readonly keywords: ReadonlySet<string>;
  /** Formats that are sent. */
  readonly formats: ReadonlySet<string>;
  /** Every property must be required: optional ones are asked for as "or null". */
  readonly allRequired: boolean;
  /** Whether `enum` and `const` stand beside a `type` (which is then demanded), or alone. */
  readonly typedLiterals: boolean;
  readonly maxDepth: number;
}

const COMMON = ['type', 'enum', 'const', 'description'];
const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'];

/** Source: OpenAI's guide to structured outputs ("supported schemas"), strict mode. */
export const openAiStrict: Dialect = {
  keywords: new Set([
    ...COMMON,
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
    'pattern',
    'minItems',
    'maxItems',
  ]),
  formats: new Set(FORMATS),
  allRequired: true,
  typedLiterals: true,
  maxDepth: 10,
};

/** Source: the transformation in Anthropic's SDK (lib/transform-json-schema). */
export const anthropicOutput: Dialect = {
  keywords: new Set(COMMON),
  formats: new Set([...FORMATS, 'uri']),
  allRequired: false,
  typedLiterals: false,
  maxDepth: 64,
};

/** Keywords that say nothing about the answer's form. */
const ANNOTATIONS = new Set([
  'title',
  'default',
  'examples',
  '$schema',
  '$id',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
  'format',
]);
/** Keywords an answer is checked for when it has come. */
const CHECKED_LATER: Readonly<Record<string, string>> = {
  minLength: 'at least %s characters',
  maxLength: 'at most %s characters',
  pattern: 'matches %s',
  minimum: 'at least %s',
  maximum: 'at most %s',
  exclusiveMinimum: 'above %s',
  exclusiveMaximum: 'below %s',
  multipleOf: 'a multiple of %s',
  minItems: 'at least %s items',
  maxItems: 'at most %s items',
  uniqueItems: 'no item twice',
  minProperties: 'at least %s properties',
  maxProperties: 'at most %s properties',
};

const converted = new WeakMap<Dialect, WeakMap<JsonSchema, JsonSchema | 'impossible'>>();

/** A schema as a dialect takes it, or undefined when it cannot be said there. */
export function toDialect(schema: JsonSchema, dialect: Dialect): JsonSchema | undefined {
  let known = converted.get(dialect);
  if (known === undefined) {
    known = new WeakMap();
    converted.set(dialect, known);
  }
  let outcome = known.get(schema);
  if (outcome === undefined) {
    outcome = convert(schema, dialect, 0) ?? 'impossible';
    known.set(schema, outcome);
  }
  return outcome === 'impossible' ? undefined : outcome;
}

function convert(schema: Json, dialect: Dialect, depth: number): JsonObject | undefined {
  if (!isObject(schema) || depth > dialect.maxDepth) return undefined;
  // Nothing may stand beside a reference but, at the root, what it refers to.
  if (typeof schema.$ref === 'string' && schema.$defs === undefined) return { $ref: schema.$ref };
  const made: Record<string, Json> = {};
  const notes: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    switch (keyword) {
      case 'properties':
      case 'required':
      case 'additionalProperties':
        break;
      case '$defs': {
        if (!isObject(value)) return undefined;
        const defs = convertAll(value, dialect, depth);
        if (defs === undefined) return undefined;
        made.$defs = defs;
        break;
      }
      case 'items': {
        const items = convert(value, dialect, depth + 1);
        if (items === undefined) return undefined;
        made.items = items;
        break;
      }
      case 'anyOf':
      case 'oneOf': {
        if (!isList(value) || made.anyOf !== undefined) return undefined;
        const variants = value.map((variant) => convert(variant, dialect, depth));
        if (variants.some((variant) => variant === undefined)) return undefined;
        made.anyOf = variants as JsonObject[];
        break;
      }
      default:
        if (keyword === 'format' && typeof value === 'string' && dialect.formats.has(value)) made.format = value;
        else if (dialect.keywords.has(keyword)) made[keyword] = value;
        else if (CHECKED_LATER[keyword] !== undefined) notes.push(CHECKED_LATER[keyword].replace('%s', String(value)));
        else if (!ANNOTATIONS.has(keyword) && !keyword.startsWith('x-')) return undefined;
    }
  }
  if (schema.type === 'object' || schema.properties !== undefined) {
    const object = convertObject(schema, dialect, depth);
    if (object === undefined) return undefined;
    Object.assign(made, object);
  }
  if (schema.type === 'array' && made.items === undefined) return undefined;
  if (made.type === undefined && made.anyOf === undefined && made.enum === undefined && made.const === undefined) return undefined;
  if (made.enum !== undefined || made.const !== undefined) {
    const values = isList(made.enum) ? made.enum : [made.const ?? null];
    if (values.some((value) => typeof value === 'object' && value !== null)) return undefined;
    if (!dialect.typedLiterals) delete made.type;
    else made.type ??= typesOf(values);
  }
  if (notes.length > 0) made.description = [made.description, `(${notes.join(', ')})`].filter((part) => part !== undefined).join(' ');
  return made;
}

function typesOf(values: readonly Json[]): Json {
  const types = new Set(values.map((value) => (value === null ? 'null' : typeof value)));
  return types.size === 1 ? ([...types][0] ?? 'string') : [...types];
}

function convertObject(schema: JsonObject, dialect: Dialect, depth: number): JsonObject | undefined {
  // An open object cannot be asked for; one that does not say is closed here, as its other fields could not be read anyway.
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) return undefined;
  const properties = isObject(schema.properties) ? convertAll(schema.properties, dialect, depth + 1) : {};
  if (properties === undefined) return undefined;
  const required = isList(schema.required) ? schema.required : [];
  if (!dialect.allRequired) return { type: 'object', properties, required, additionalProperties: false };
  const all = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, required.includes(name) ? property : orNull(property as JsonObject)]),
  );
  return { type: 'object', properties: all, required: Object.keys(all), additionalProperties: false };
}

function convertAll(schemas: JsonObject, dialect: Dialect, depth: number): JsonObject | undefined {
  const made: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const one = convert(schema, dialect, depth);
    if (one === undefined) return undefined;
    made[name] = one;
  }
  return made;
}

function orNull(schema: JsonObject): JsonObject {
  const { description, ...rest } = schema;
  return { anyOf: [rest, { type: 'null' }], ...(description !== undefined && { description }) };
}
