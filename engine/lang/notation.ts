import { invariant } from '../base/assert.ts';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import type { Scope } from './evaluate.ts';
import { compileTemplate } from './render.ts';
import { compileSealed } from './sealed-text.ts';
import { compileSource } from './structure.ts';
import { parseTemplate } from './template.ts';
import { compileUrl } from './url-text.ts';

/** A part of a node's spec that holds a template or an expression. */
export type Field =
  | {
      readonly path: Path;
      readonly holds: 'template';
      readonly text: string;
      /** It may print secrets. */
      readonly sealed?: true;
    }
  | {
      readonly path: Path;
      readonly holds: 'expression';
      readonly source: Json;
      /** The schema its value has to fit. */
      readonly wanted?: JsonSchema;
    };

/**
 * How the templates of a field are read, besides by `x-holds`:
 * `x-typed` `true`: `{ cel: … }` and a text that is one `{{path}}` keep the type of the value; `path`: only the latter.
 * `x-wants`: the schema such a value has to fit. `x-secrets`: it may print secrets. `x-url`: it makes a URL.
 */
interface Reading {
  readonly typed: 'all' | 'path' | undefined;
  readonly wanted: JsonSchema | undefined;
  readonly sealed: boolean;
  readonly url: boolean;
}

function readingOf(schema: JsonSchema): Reading {
  const { 'x-typed': typed, 'x-wants': wanted } = schema;
  return {
    typed: typed === true ? 'all' : typed === 'path' ? 'path' : undefined,
    wanted: isObject(wanted) ? wanted : undefined,
    sealed: schema['x-secrets'] === true,
    url: schema['x-url'] === true,
  };
}

/**
 * The templates and expressions of a spec, by the `x-holds` of its kind's schema, in the order they are written: of the innermost schema
 * that says so, for what is literal as a whole may hold an expression in a part. `path` is where the spec stands.
 */
export function fieldsOf(schema: JsonSchema, spec: Json, path: Path): Field[] {
  const own = schemaOf(schema, spec);
  switch (own['x-holds']) {
    case 'expression':
      return [{ path, holds: 'expression', source: spec }];
    case 'template':
      return textsOf(spec, path, readingOf(own));
  }
  if (isList(spec)) return spec.flatMap((element, index) => fieldsOf(schemaOfElement(schema), element, [...path, index]));
  if (isObject(spec)) return Object.entries(spec).flatMap(([key, value]) => fieldsOf(schemaOfField(schema, key), value, [...path, key]));
  return [];
}

/** A function that gives a spec with its templates rendered and its expressions evaluated; it throws Failed. The texts were checked. */
export function compileSpec(
  schema: JsonSchema,
  spec: JsonObject,
  partials: Readonly<Record<string, string>>,
): (scope: Scope) => JsonObject {
  const render = compileField(schema, spec, partials);
  if (render === undefined) return () => spec;
  return (scope) => {
    const rendered = render(scope);
    invariant(isObject(rendered), 'a spec is an object');
    return rendered;
  };
}

type Render = (scope: Scope) => Json;

/** undefined where nothing in it changes. */
function compileField(schema: JsonSchema, value: Json, partials: Readonly<Record<string, string>>): Render | undefined {
  const own = schemaOf(schema, value);
  switch (own['x-holds']) {
    case 'expression':
      return compileSource(value);
    case 'template':
      return compileTexts(value, partials, readingOf(own));
  }
  return compileParts(value, (inner, key) =>
    compileField(typeof key === 'number' ? schemaOfElement(schema) : schemaOfField(schema, key), inner, partials),
  );
}

function compileTexts(value: Json, partials: Readonly<Record<string, string>>, reading: Reading): Render | undefined {
  const typed = typedSource(value, reading);
  if (typed) return compileSource(typed.source);
  if (typeof value !== 'string') return compileParts(value, (inner) => compileTexts(inner, partials, reading));
  if (!value.includes('{{')) return undefined;
  const parsed = parseTemplate(value);
  invariant(parsed.ok, `the template ${JSON.stringify(value.slice(0, 60))} was checked`);
  if (reading.sealed) return compileSealed(parsed.tree, partials);
  return reading.url ? compileUrl(parsed.tree, partials) : compileTemplate(parsed.tree, partials);
}

/** A list or map of which some parts are rendered and the others stay. */
function compileParts(value: Json, compile: (inner: Json, key: string | number) => Render | undefined): Render | undefined {
  if (isList(value)) {
    const elements = value.map((inner, index) => compile(inner, index));
    if (elements.every((one) => one === undefined)) return undefined;
    return (scope) =>
      value.map((inner, index) => {
        const render = elements[index];
        return render === undefined ? inner : render(scope);
      });
  }
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).map(([key, inner]) => ({ key, inner, render: compile(inner, key) }));
  if (entries.every(({ render }) => render === undefined)) return undefined;
  return (scope) => Object.fromEntries(entries.map(({ key, inner, render }) => [key, render === undefined ? inner : render(scope)]));
}

/**
 * The expression a value of a typed field stands for: `{ cel: <expression> }`, or a text that is exactly one `{{path}}`, which
 * keeps the type of what it reads. Its offsets are those of the text as written.
 */
function typedSource(value: Json, { typed }: Reading): { readonly source: string; readonly steps: Path } | undefined {
  if (typed === undefined) return undefined;
  if (isObject(value)) {
    const { cel } = value;
    return typed === 'all' && typeof cel === 'string' && Object.keys(value).length === 1 ? { source: cel, steps: ['cel'] } : undefined;
  }
  if (typeof value !== 'string' || !/^\s*\{\{\s*[a-z_]\w*(\.[a-z_]\w*)*\s*\}\}\s*$/i.test(value)) return undefined;
  return { source: value.replace(/[{}]/g, ' '), steps: [] };
}

function textsOf(value: Json, path: Path, reading: Reading): Field[] {
  const typed = typedSource(value, reading);
  if (typed)
    return [
      {
        path: [...path, ...typed.steps],
        holds: 'expression',
        source: typed.source,
        ...(reading.wanted && { wanted: reading.wanted }),
      },
    ];
  if (typeof value === 'string') return [{ path, holds: 'template', text: value, ...(reading.sealed && { sealed: true }) }];
  if (isList(value)) return value.flatMap((element, index) => textsOf(element, [...path, index], reading));
  if (isObject(value)) return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, [...path, key], reading));
  return [];
}

const NOTHING: JsonSchema = {};

function schemaOfField(schema: JsonSchema, name: string): JsonSchema {
  for (const one of alternatives(schema)) {
    const { properties, additionalProperties } = one;
    if (isObject(properties) && Object.hasOwn(properties, name) && isObject(properties[name])) return properties[name];
    if (isObject(additionalProperties)) return additionalProperties;
  }
  return NOTHING;
}

/** The schema of a text that may stand where something longer may: only the alternative says what it holds. */
function schemaOf(schema: JsonSchema, value: Json): JsonSchema {
  if (typeof value !== 'string' || schema['x-holds'] !== undefined) return schema;
  return alternatives(schema).find(({ type, 'x-holds': holds }) => type === 'string' && holds !== undefined) ?? schema;
}

function schemaOfElement(schema: JsonSchema): JsonSchema {
  for (const { items } of alternatives(schema)) if (isObject(items)) return items;
  return NOTHING;
}

/** A schema itself, then its `anyOf` and `oneOf`: a field may be written in a short and in a long form. */
function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const { anyOf, oneOf } = schema;
  return [schema, ...[anyOf, oneOf].flatMap((list) => (isList(list) ? list.filter(isObject).flatMap(alternatives) : []))];
}
