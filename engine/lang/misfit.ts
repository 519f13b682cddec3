import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { alternatives, count, kindInWords, named, quote, shown, typeInWords } from './in-words.ts';
import { compileRegex } from './regex.ts';

/** One way in which a value does not fit its schema. */
export interface Problem {
  /** The part of the value it is about; for a missing or an unknown field, the object that should or should not have it. */
  readonly path: Path;
  /** The JSON Schema keyword that is not met. */
  readonly keyword: string;
  /** What the keyword says; for `required` and `additionalProperties` the field as `key`; for `anyOf` all `type`s and `enum` values that would do. */
  readonly params: JsonObject;
  /** The schema that holds the keyword. */
  readonly schema: JsonSchema;
  /** In plain words, naming the field: `"severity" must be one of "low", "high"; got "medium"`. */
  readonly message: string;
}

/** Whether a text is of a named format; undefined when the format is not known. */
export type FormatTest = (format: string, text: string) => boolean | undefined;

const MAX_DEPTH = 200;

/**
 * Why a value does not fit a schema; empty when it does. Of several alternatives (`anyOf`, `oneOf`) only the one that was
 * most likely meant is spoken of, so that one mistake gives one problem.
 *
 * `unevaluatedProperties`, `unevaluatedItems`, `$dynamicRef` and references out of the schema are not looked at.
 */
export function misfits(value: Json, schema: JsonSchema, isFormat: FormatTest = () => undefined): readonly Problem[] {
  const search: Search = { root: schema, isFormat, found: [], depth: 0 };
  visit(search, value, schema, []);
  return search.found;
}

interface Search {
  readonly root: JsonSchema;
  readonly isFormat: FormatTest;
  readonly found: Problem[];
  depth: number;
}

function visit(search: Search, value: Json, schema: Json | undefined, path: Path): void {
  if (schema === false) {
    add(search, {}, 'false', path, {}, `${named(path)} must not be there`);
    return;
  }
  if (!isObject(schema) || search.depth > MAX_DEPTH) return;
  search.depth += 1;
  if (typeof schema.$ref === 'string') visit(search, value, resolve(search.root, schema.$ref), path);
  if (fitsType(search, value, schema, path)) {
    checkChoice(search, value, schema, path);
    if (typeof value === 'string') checkText(search, value, schema, path);
    else if (typeof value === 'number') checkNumber(search, value, schema, path);
    else if (isList(value)) checkList(search, value, schema, path);
    else if (isObject(value)) checkObject(search, value, schema, path);
  }
  checkCombined(search, value, schema, path);
  search.depth -= 1;
}

function add(search: Search, schema: JsonSchema, keyword: string, path: Path, params: JsonObject, message: string): void {
  search.found.push({ path, keyword, params, schema, message });
}

function fitsType(search: Search, value: Json, schema: JsonSchema, path: Path): boolean {
  const types = typesOf(schema);
  if (types.length === 0 || types.some((type) => isOfType(value, type))) return true;
  const message = `${named(path)} must be ${alternatives(types.map(typeInWords))}; got ${kindInWords(value)}`;
  add(search, schema, 'type', path, { type: types }, message);
  return false;
}

function checkChoice(search: Search, value: Json, schema: JsonSchema, path: Path): void {
  if (schema.const !== undefined && !same(value, schema.const)) {
    add(search, schema, 'const', path, { const: schema.const }, `${named(path)} must be ${shown(schema.const)}; got ${shown(value)}`);
  }
  const choices = schema.enum;
  if (isList(choices) && !choices.some((choice) => same(value, choice))) {
    const message = `${named(path)} must be one of ${choices.map(shown).join(', ')}; got ${shown(value)}`;
    add(search, schema, 'enum', path, { enum: choices }, message);
  }
}

function checkText(search: Search, value: string, schema: JsonSchema, path: Path): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (typeof minLength === 'number' || typeof maxLength === 'number') {
    let length = 0;
    for (const _ of value) length += 1;
    if (typeof minLength === 'number' && length < minLength) {
      const message =
        value === ''
          ? `${named(path)} must not be empty`
          : `${named(path)} must have at least ${count(minLength, 'character')}; it has ${length}`;
      add(search, schema, 'minLength', path, { minLength }, message);
    }
    if (typeof maxLength === 'number' && length > maxLength) {
      add(
        search,
        schema,
        'maxLength',
        path,
        { maxLength },
        `${named(path)} must have at most ${count(maxLength, 'character')}; it has ${length}`,
      );
    }
  }
  if (typeof pattern === 'string') {
    const regex = compileRegex(pattern);
    if (regex.problem === undefined && !regex.test(value)) {
      add(search, schema, 'pattern', path, { pattern }, `${named(path)} must match the pattern ${pattern}; got ${shown(value)}`);
    }
  }
  if (typeof format === 'string' && search.isFormat(format, value) === false) {
    add(search, schema, 'format', path, { format }, `${named(path)} must be of the format "${format}"; got ${shown(value)}`);
  }
}

function checkNumber(search: Search, value: number, schema: JsonSchema, path: Path): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const bound = (keyword: string, limit: number, words: string): void =>
    add(search, schema, keyword, path, { [keyword]: limit }, `${named(path)} must be ${words} ${limit}; got ${shown(value)}`);
  if (typeof minimum === 'number' && value < minimum) bound('minimum', minimum, 'at least');
  if (typeof maximum === 'number' && value > maximum) bound('maximum', maximum, 'at most');
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) bound('exclusiveMinimum', exclusiveMinimum, 'more than');
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) bound('exclusiveMaximum', exclusiveMaximum, 'less than');
  if (typeof multipleOf === 'number' && !isMultiple(value, multipleOf)) bound('multipleOf', multipleOf, 'a multiple of');
}

/** True also for 0.3 and 0.1, whose quotient is not quite 3 in binary fractions. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

function checkList(search: Search, value: readonly Json[], schema: JsonSchema, path: Path): void {
  const { minItems, maxItems, uniqueItems, prefixItems, items, additionalItems, contains, minContains, maxContains } = schema;
  if (typeof minItems === 'number' && value.length < minItems) {
    const message =
      value.length === 0
        ? `${named(path)} must not be empty`
        : `${named(path)} must have at least ${count(minItems, 'item')}; it has ${value.length}`;
    add(search, schema, 'minItems', path, { minItems }, message);
  }
  if (typeof maxItems === 'number' && value.length > maxItems) {
    add(
      search,
      schema,
      'maxItems',
      path,
      { maxItems },
      `${named(path)} must have at most ${count(maxItems, 'item')}; it has ${value.length}`,
    );
  }
  if (uniqueItems === true) {
    const first = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const text = sortedText(item);
      if (first.has(text)) {
        add(search, schema, 'uniqueItems', [...path, index], { item: index }, `${named([...path, index])} repeats item ${first.get(text)}`);
        break;
      }
      first.set(text, index);
    }
  }
  // `items` as a list is how drafts before 2020-12 wrote `prefixItems`.
  const heads = isList(prefixItems) ? prefixItems : isList(items) ? items : [];
  const rest = isList(items) ? additionalItems : items;
  for (const [index, item] of value.entries()) visit(search, item, index < heads.length ? heads[index] : rest, [...path, index]);
  if (contains !== undefined) {
    const matching = value.filter((item) => fits(search, item, contains)).length;
    const least = typeof minContains === 'number' ? minContains : 1;
    if (matching < least) add(search, schema, 'contains', path, { minContains: least }, `${named(path)} lacks an item it must contain`);
    if (typeof maxContains === 'number' && matching > maxContains) {
      add(search, schema, 'maxContains', path, { maxContains }, `${named(path)} has too many items of a kind: at most ${maxContains}`);
    }
  }
}

function checkObject(search: Search, value: JsonObject, schema: JsonSchema, path: Path): void {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const patterns = isObject(schema.patternProperties) ? Object.entries(schema.patternProperties) : [];
  for (const key of isList(schema.required) ? schema.required : []) {
    // `x-instead`: fields that will do where this one is missing.
    const instead = isObject(schema['x-instead']) ? schema['x-instead'][String(key)] : undefined;
    if (isList(instead) && instead.some((other) => Object.hasOwn(value, String(other)))) continue;
    if (typeof key === 'string' && !Object.hasOwn(value, key)) {
      add(search, schema, 'required', path, { key }, `${named([...path, key])} is missing`);
    }
  }
  for (const [key, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key);
    if (known) visit(search, inner, properties[key], [...path, key]);
    let matched = known;
    for (const [pattern, sub] of patterns) {
      if (!compileRegex(pattern).test(key)) continue;
      matched = true;
      visit(search, inner, sub, [...path, key]);
    }
    if (matched || schema.additionalProperties === undefined || schema.additionalProperties === true) {
      // Allowed, and nothing more is said about it.
    } else if (schema.additionalProperties === false) {
      const names = Object.keys(properties);
      const message = `${named([...path, key])} must not be there${names.length > 0 ? `; the fields are ${names.map(quote).join(', ')}` : ''}`;
      add(search, schema, 'additionalProperties', path, { key }, message);
    } else visit(search, inner, schema.additionalProperties, [...path, key]);
    if (schema.propertyNames !== undefined && !fits(search, key, schema.propertyNames)) {
      add(search, schema, 'propertyNames', path, { key }, `${named([...path, key])} is not an allowed name of a field`);
    }
  }
  checkSize(search, value, schema, path);
  checkDependent(search, value, schema, path);
}

function checkSize(search: Search, value: JsonObject, schema: JsonSchema, path: Path): void {
  const size = Object.keys(value).length;
  const { minProperties, maxProperties } = schema;
  if (typeof minProperties === 'number' && size < minProperties) {
    const message =
      size === 0
        ? `${named(path)} must not be empty`
        : `${named(path)} must have at least ${count(minProperties, 'field')}; it has ${size}`;
    add(search, schema, 'minProperties', path, { minProperties }, message);
  }
  if (typeof maxProperties === 'number' && size > maxProperties) {
    add(
      search,
      schema,
      'maxProperties',
      path,
      { maxProperties },
      `${named(path)} must have at most ${count(maxProperties, 'field')}; it has ${size}`,
    );
  }
}

function checkDependent(search: Search, value: JsonObject, schema: JsonSchema, path: Path): void {
  for (const keyword of ['dependentRequired', 'dependencies', 'dependentSchemas'] as const) {
    const table = schema[keyword];
    if (!isObject(table)) continue;
    for (const [key, then] of Object.entries(table)) {
      if (!Object.hasOwn(value, key)) continue;
      if (!isList(then)) visit(search, value, then, path);
      else {
        for (const other of then) {
          if (typeof other !== 'string' || Object.hasOwn(value, other)) continue;
          add(search, schema, keyword, path, { key: other, because: key }, `${named([...path, other])} is missing: ${quote(key)} needs it`);
        }
      }
    }
  }
}

function checkCombined(search: Search, value: Json, schema: JsonSchema, path: Path): void {
  if (isList(schema.allOf)) for (const part of schema.allOf) visit(search, value, part, path);
  if (isList(schema.anyOf)) checkAlternatives(search, value, schema, 'anyOf', schema.anyOf, path);
  if (isList(schema.oneOf)) checkAlternatives(search, value, schema, 'oneOf', schema.oneOf, path);
  if (schema.not !== undefined && fits(search, value, schema.not)) {
    add(search, schema, 'not', path, {}, `${named(path)} is of a form that is not allowed; got ${shown(value)}`);
  }
  if (schema.if !== undefined) visit(search, value, fits(search, value, schema.if) ? schema.then : schema.else, path);
}

function checkAlternatives(
  search: Search,
  value: Json,
  schema: JsonSchema,
  keyword: 'anyOf' | 'oneOf',
  branches: readonly Json[],
  path: Path,
): void {
  const tried = branches.map((branch) => problemsIn(search, value, branch, path));
  const fitting = tried.filter((problems) => problems.length === 0).length;
  if (fitting === 1 || (fitting > 1 && keyword === 'anyOf')) return;
  if (fitting > 1) {
    add(search, schema, 'oneOf', path, { fitting }, `${named(path)} fits ${fitting} of its alternatives, and must fit exactly one`);
    return;
  }
  // What was meant is an alternative of the value's own type, and the one with the least to mend.
  const here = (problem: Problem): boolean =>
    problem.path.length === path.length &&
    (['type', 'const', 'false'].includes(problem.keyword) || (problem.keyword === 'enum' && problem.schema.type === undefined));
  const likely = tried.filter((problems) => !problems.some(here)).sort((a, b) => weight(a) - weight(b))[0];
  if (likely !== undefined) {
    search.found.push(...likely);
    return;
  }
  const causes = tried.flatMap((problems) => problems.filter(here).slice(0, 1));
  const expected = [...new Set(causes.map(expectation))];
  const message = `${named(path)} must be ${alternatives(expected)}; got ${isObject(value) || isList(value) ? kindInWords(value) : shown(value)}`;
  const types = causes.flatMap(({ params }) => (isList(params.type) ? params.type : []));
  const choices = causes.flatMap(({ params }) => (isList(params.enum) ? params.enum : params.const === undefined ? [] : [params.const]));
  add(search, schema, keyword, path, { type: [...new Set(types)], enum: choices }, message);
}

/** A wrong tag (`kind: other`) weighs more than a field to mend: it says that another alternative was meant. */
function weight(problems: readonly Problem[]): number {
  return problems.reduce((sum, problem) => sum + (problem.keyword === 'const' ? 10 : 1), 0);
}

/** What a problem says was expected: `text`, `one of "a", "b"`. */
function expectation(problem: Problem): string {
  const { type, enum: choices, const: constant } = problem.params;
  if (isList(type)) return alternatives(type.map((name) => typeInWords(String(name))));
  if (isList(choices)) return choices.map(shown).join(', ');
  return constant === undefined ? 'something else' : shown(constant);
}

function problemsIn(search: Search, value: Json, schema: Json | undefined, path: Path): readonly Problem[] {
  const inner: Search = { root: search.root, isFormat: search.isFormat, found: [], depth: search.depth };
  visit(inner, value, schema, path);
  return inner.found;
}

function fits(search: Search, value: Json, schema: Json | undefined): boolean {
  return problemsIn(search, value, schema, []).length === 0;
}

/** The part of a schema a local reference (`#/$defs/x`, `#`) points at; undefined when there is none. */
export function resolve(root: JsonSchema, reference: string): Json | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const key = decodeStep(step);
    if (isObject(at)) at = Object.hasOwn(at, key) ? at[key] : undefined;
    else if (isList(at)) at = at[Number(key)];
    else return undefined;
  }
  return at;
}

function decodeStep(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // A stray % is taken as itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

function typesOf(schema: JsonSchema): readonly string[] {
  const types =
    typeof schema.type === 'string' ? [schema.type] : isList(schema.type) ? schema.type.filter((type) => typeof type === 'string') : [];
  return types.length > 0 && schema.nullable === true ? [...types, 'null'] : types;
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'object':
      return isObject(value);
    case 'array':
      return isList(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

function same(a: Json, b: Json): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && sortedText(a) === sortedText(b));
}

/** Equal values give equal text. */
function sortedText(value: Json): string {
  return JSON.stringify(value, (_, inner: Json) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
