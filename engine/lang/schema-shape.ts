import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import { isList, isObject } from '../base/json.ts';
import {
  ANY,
  BOOLEAN,
  elementOf,
  type Field,
  INTEGER,
  listOf,
  NEVER,
  NULL,
  NUMBER,
  type ObjectShape,
  type Shape,
  STRING,
  union,
} from './shape.ts';
import { shapeOfValue } from './value-shape.ts';

const known = new WeakMap<JsonSchema, Shape>();

/**
 * What is known of a value that fits a JSON Schema (2020-12, self-contained: `$ref` within the schema only).
 *
 * Where a schema says more than a shape can (conditions, negations), the shape allows more: nothing right is ever refused.
 * The answer is remembered per schema object.
 */
export function shapeOf(schema: JsonSchema): Shape {
  const done = known.get(schema);
  if (done !== undefined) return done;
  const shape = read(schema);
  known.set(schema, shape);
  return shape;
}

/** A schema that refers to itself inside alternatives could unfold for ever: past this many parts the rest is any value. */
const MOST_PARTS = 20_000;
const MOST_DEPTH = 60;

/** One reading of one schema; `root` is what its `$ref`s point into. */
function read(root: JsonSchema): Shape {
  const targets = new Map<string, Shape | 'being read'>();
  let parts = 0;
  return shapeOfPart(root, 0);

  function shapeOfPart(schema: Json | undefined, depth: number): Shape {
    if (schema === false) return NEVER;
    if (!isObject(schema) || ++parts > MOST_PARTS || depth > MOST_DEPTH) return ANY;
    const plain = withConditionsLoosened(schema);
    if (typeof plain.$ref === 'string') {
      const rest = without(plain, '$ref');
      if (!saysAnything(rest)) return targetOf(plain.$ref);
      const target = find(plain.$ref);
      return target === undefined ? shapeOfPart(rest, depth + 1) : shapeOfPart(merge(target, rest), depth + 1);
    }
    if (isList(plain.allOf)) {
      const rest = without(plain, 'allOf');
      const only = plain.allOf.length === 1 && !saysAnything(rest) ? plain.allOf[0] : undefined;
      return shapeOfPart(only ?? plain.allOf.reduce<Json>((sum, one) => merged(sum, one), rest), depth + 1);
    }
    for (const word of ['anyOf', 'oneOf'] as const) {
      const branches = plain[word];
      if (!isList(branches)) continue;
      const rest = without(plain, word);
      return union(...branches.map((branch) => shapeOfPart(saysAnything(rest) ? merged(rest, branch) : branch, depth + 1)));
    }
    return plainShape(plain, depth);
  }

  /** The shape a `$ref` leads to; a reference when that is still being read. */
  function targetOf(pointer: string): Shape {
    const done = targets.get(pointer);
    if (done === 'being read') {
      const name = pointer.split('/').at(-1) || 'this schema';
      return {
        type: 'ref',
        name,
        target: () => {
          const shape = targets.get(pointer);
          return shape === undefined || shape === 'being read' ? ANY : shape;
        },
      };
    }
    if (done !== undefined) return done;
    const schema = find(pointer);
    if (schema === undefined) return ANY;
    targets.set(pointer, 'being read');
    const shape = shapeOfPart(schema, 0);
    targets.set(pointer, shape);
    return shape;
  }

  function find(pointer: string): Json | undefined {
    if (pointer === '#') return root;
    if (!pointer.startsWith('#/')) return undefined;
    let at: Json | undefined = root;
    for (const raw of pointer.slice(2).split('/')) {
      const step = unescaped(raw);
      if (isList(at)) at = at[Number(step)];
      else if (isObject(at) && Object.hasOwn(at, step)) at = at[step];
      else return undefined;
    }
    return at;
  }

  /** Two schemas that both hold, as one. */
  function merged(a: Json, b: Json): Json {
    return merge(flat(a), flat(b));
  }

  function flat(schema: Json): Json {
    let flat = schema;
    for (let steps = 0; isObject(flat) && typeof flat.$ref === 'string' && steps < 10; steps++) {
      const target = find(flat.$ref);
      flat = target === undefined ? without(flat, '$ref') : merge(target, without(flat, '$ref'));
    }
    return isObject(flat) ? withConditionsLoosened(flat) : flat;
  }

  function plainShape(schema: JsonSchema, depth: number): Shape {
    const types = typesOf(schema);
    const values = valuesOf(schema);
    if (values !== undefined) {
      const fitting = types === undefined ? values : values.filter((value) => types.some((type) => isOfType(value, type)));
      return union(...fitting.map(shapeOfValue));
    }
    return types === undefined ? ANY : union(...types.map((type) => shapeOfType(type, schema, depth)));
  }

  function shapeOfType(type: string, schema: JsonSchema, depth: number): Shape {
    switch (type) {
      case 'null':
        return NULL;
      case 'boolean':
        return BOOLEAN;
      case 'string':
        return isFormed(schema) ? { type: 'string', formed: true } : STRING;
      case 'integer':
      case 'number':
        return numberOf(schema, type === 'integer');
      case 'array':
        return listShape(schema, depth);
      case 'object':
        return objectShape(schema, depth);
      default:
        return ANY;
    }
  }

  function listShape(schema: JsonSchema, depth: number): Shape {
    // Until 2019 a list under `items` was what `prefixItems` is now.
    const prefix = isList(schema.prefixItems) ? schema.prefixItems : isList(schema.items) ? schema.items : undefined;
    const rest = isList(schema.items) ? schema.additionalItems : schema.items;
    const element = shapeOfPart(rest, depth + 1);
    if (prefix === undefined) return listOf(element);
    return { type: 'list', element, tuple: prefix.map((one) => shapeOfPart(one, depth + 1)) };
  }

  function objectShape(schema: JsonSchema, depth: number): ObjectShape {
    const properties = isObject(schema.properties) ? schema.properties : {};
    const required = new Set(isList(schema.required) ? schema.required : []);
    const fields = new Map<string, Field>();
    for (const [name, property] of Object.entries(properties)) {
      if (property !== false) fields.set(name, { shape: shapeOfPart(property, depth + 1), required: required.has(name) });
    }
    for (const name of required) {
      if (typeof name === 'string' && !Object.hasOwn(properties, name)) fields.set(name, { shape: ANY, required: true });
    }
    const others = schema.additionalProperties ?? schema.unevaluatedProperties;
    const patterns = isObject(schema.patternProperties) ? Object.values(schema.patternProperties) : [];
    const rest: Shape[] = patterns.map((pattern) => shapeOfPart(pattern, depth + 1));
    if (others === undefined ? fields.size === 0 || patterns.length > 0 : others !== false) rest.push(shapeOfPart(others, depth + 1));
    return {
      type: 'object',
      fields,
      exact: others === false && patterns.length === 0,
      ...(rest.length > 0 && { rest: union(...rest) }),
    };
  }
}

/** Formats that leave no room for anything else to be said. */
const FORMS: ReadonlySet<Json | undefined> = new Set(['date', 'time', 'date-time', 'duration', 'uuid', 'ipv4', 'ipv6']);

const isFormed = ({ pattern, format }: JsonSchema): boolean => typeof pattern === 'string' || FORMS.has(format);

function numberOf(schema: JsonSchema, integer: boolean): Shape {
  // Of whole numbers the bound itself is out, and the next one is in.
  const above = integer && typeof schema.exclusiveMinimum === 'number' ? Math.floor(schema.exclusiveMinimum) + 1 : schema.exclusiveMinimum;
  const below = integer && typeof schema.exclusiveMaximum === 'number' ? Math.ceil(schema.exclusiveMaximum) - 1 : schema.exclusiveMaximum;
  const min = largest(schema.minimum, above);
  const max = smallest(schema.maximum, below);
  if (min === undefined && max === undefined) return integer ? INTEGER : NUMBER;
  return { type: 'number', integer, ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

const largest = (...values: readonly (Json | undefined)[]): number | undefined => {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === 0 ? undefined : Math.max(...numbers);
};

const smallest = (...values: readonly (Json | undefined)[]): number | undefined => {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === 0 ? undefined : Math.min(...numbers);
};

/** The JSON types a schema without alternatives allows; undefined when it does not say. */
function typesOf(schema: JsonSchema): readonly string[] | undefined {
  const written = isList(schema.type) ? schema.type.map(String) : typeof schema.type === 'string' ? [schema.type] : undefined;
  if (written !== undefined) return schema.nullable === true && !written.includes('null') ? [...written, 'null'] : written;
  if (isObject(schema.properties) || isList(schema.required)) return ['object'];
  if (schema.items !== undefined || isList(schema.prefixItems)) return ['array'];
  if (isObject(schema.additionalProperties)) return ['object'];
  return undefined;
}

function valuesOf(schema: JsonSchema): readonly Json[] | undefined {
  if (schema.const !== undefined) return [schema.const];
  return isList(schema.enum) ? schema.enum : undefined;
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return isList(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** Words that say nothing about the type of a value. */
const REMARKS: ReadonlySet<string> = new Set([
  '$schema', '$id', '$comment', '$defs', 'definitions', '$anchor', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly',
  'writeOnly', 'format', 'pattern', 'minLength', 'maxLength', 'not', 'uniqueItems', 'minItems', 'maxItems', 'contains', 'minContains',
  'maxContains', 'minProperties', 'maxProperties', 'propertyNames', 'dependentRequired', 'multipleOf', 'contentMediaType',
  'contentEncoding', 'contentSchema', 'discriminator',
]); // biome-ignore format: one word list

function saysAnything(schema: JsonObject): boolean {
  return Object.keys(schema).some((word) => !REMARKS.has(word) && !word.startsWith('x-'));
}

function without(schema: JsonObject, ...words: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([word]) => !words.includes(word)));
}

/**
 * A schema with `if`, `then`, `else` and `dependentSchemas` replaced by what holds whichever way they go:
 * the properties they speak of may be there.
 */
function withConditionsLoosened(schema: JsonObject): JsonObject {
  const dependent = isObject(schema.dependentSchemas) ? Object.values(schema.dependentSchemas) : [];
  const conditions = [schema.if, schema.then, schema.else, ...dependent].filter((one) => isObject(one));
  if (conditions.length === 0) return schema;
  const own = isObject(schema.properties) ? schema.properties : {};
  const possible = conditions.flatMap((one) => possibleProperties(one));
  return {
    ...without(schema, 'if', 'then', 'else', 'dependentSchemas'),
    ...(possible.length > 0 && { properties: { ...Object.fromEntries(possible.map((name) => [name, true])), ...own } }),
  };
}

function possibleProperties(schema: JsonObject): readonly string[] {
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  const required = isList(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [];
  const deeper = ['allOf', 'anyOf', 'oneOf'].flatMap((word) => (isList(schema[word]) ? schema[word] : []));
  const inner = [...deeper, schema.then, schema.else].filter((one) => isObject(one));
  return [...names, ...required, ...inner.flatMap((one) => possibleProperties(one))];
}

/** One schema for two that both hold; where they cannot be told as one, it allows more. */
function merge(a: Json, b: Json): Json {
  if (a === false || b === false) return false;
  if (!isObject(a)) return b;
  if (!isObject(b)) return a;
  const both: Record<string, Json> = { ...a, ...b };
  const types = intersectTypes(typesOf(a), typesOf(b));
  if (types !== undefined) both.type = types;
  delete both.nullable;
  const values = intersectValues(valuesOf(a), valuesOf(b));
  delete both.const;
  if (values !== undefined) both.enum = values;
  if (isObject(a.properties) && isObject(b.properties)) both.properties = mergeProperties(a.properties, b.properties);
  if (isList(a.required) && isList(b.required)) both.required = [...new Set([...a.required, ...b.required])];
  if (isObject(a.patternProperties) && isObject(b.patternProperties)) {
    both.patternProperties = { ...a.patternProperties, ...b.patternProperties };
  }
  for (const word of ['items', 'additionalProperties'] as const) {
    const [first, second] = [a[word], b[word]];
    if (first === undefined || second === undefined) continue;
    if (first === false || second === false) both[word] = false;
    else if (isObject(first) && isObject(second)) both[word] = { allOf: [first, second] };
    else if (isObject(first)) both[word] = first;
  }
  for (const word of ['minimum', 'exclusiveMinimum'] as const) setNumber(both, word, largest(a[word], b[word]));
  for (const word of ['maximum', 'exclusiveMaximum'] as const) setNumber(both, word, smallest(a[word], b[word]));
  if (isList(a.allOf) && isList(b.allOf)) both.allOf = [...a.allOf, ...b.allOf];
  // Two sets of alternatives at once: only one of them is followed, so fields of the other may be there too.
  if (['anyOf', 'oneOf'].some((word) => isList(a[word]) && isList(b[word]))) {
    if (both.additionalProperties === undefined) both.additionalProperties = true;
  }
  return both;
}

function setNumber(schema: Record<string, Json>, word: string, value: number | undefined): void {
  if (value !== undefined) schema[word] = value;
}

function mergeProperties(a: JsonObject, b: JsonObject): JsonObject {
  const all: Record<string, Json> = { ...a };
  for (const [name, schema] of Object.entries(b)) {
    const first = Object.hasOwn(a, name) ? a[name] : undefined;
    all[name] = first === undefined || first === true ? schema : schema === true ? first : { allOf: [first, schema] };
  }
  return all;
}

function intersectTypes(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const fits = (type: string, others: readonly string[]): boolean =>
    others.includes(type) || (type === 'integer' && others.includes('number'));
  return [...new Set([...a.filter((type) => fits(type, b)), ...b.filter((type) => fits(type, a))])];
}

function intersectValues(a: readonly Json[] | undefined, b: readonly Json[] | undefined): readonly Json[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const texts = new Set(b.map((value) => JSON.stringify(value)));
  return a.filter((value) => texts.has(JSON.stringify(value)));
}

function unescaped(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // Not percent-encoded after all: taken as it stands.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A JSON Schema that every value of this shape fits; a recursive part allows anything. */
export function schemaOf(shape: Shape): JsonSchema {
  switch (shape.type) {
    case 'any':
    case 'ref':
      return {};
    case 'never':
      return { not: {} };
    case 'null':
      return { type: 'null' };
    case 'boolean':
      return { type: 'boolean', ...(shape.value !== undefined && { const: shape.value }) };
    case 'number':
      return {
        type: shape.integer ? 'integer' : 'number',
        ...(shape.values !== undefined && { enum: shape.values }),
        ...(shape.min !== undefined && { minimum: shape.min }),
        ...(shape.max !== undefined && { maximum: shape.max }),
      };
    case 'string':
      return { type: 'string', ...(shape.values !== undefined && { enum: shape.values }) };
    case 'list': {
      const element = elementOf(shape);
      return { type: 'array', ...(element.type !== 'any' && { items: element.type === 'never' ? false : schemaOf(element) }) };
    }
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries([...shape.fields].map(([name, field]) => [name, schemaOf(field.shape)])),
        required: [...shape.fields].filter(([, field]) => field.required).map(([name]) => name),
        ...(shape.rest !== undefined && { additionalProperties: schemaOf(shape.rest) }),
        ...(shape.exact && { additionalProperties: false }),
      };
    case 'union':
      return { anyOf: shape.of.map(schemaOf) };
  }
}
