import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import {
  anySchema,
  commonFields,
  commonWhen,
  DEFAULTED,
  defaultsCommon,
  fallbackFields,
  JUDGES,
  judgeFields,
  outputEntry,
  sections,
} from './common-fields.ts';
import { OF_THE_NODE } from './field-shapes.ts';
import { callPatterns, definitionInside, evaluateOptions, PATTERNS, routeShape } from './pattern-fields.ts';
import { TOOL_TYPES, toolEntry } from './tool-schema.ts';

/** A kind's own fields by name; nodes that call a model have those that say how often and of whom an answer is asked. */
export function ownFields(kind: NodeKind): JsonObject {
  return remembered(own, kind, () => ({
    ...(isObject(kind.schema.properties) ? kind.schema.properties : {}),
    ...(kind.callsModel && callPatterns),
  }));
}

/** The fields that say how the work of a node is done: those of its kind, and what every kind has besides. */
export function workFields(kind: NodeKind): JsonObject {
  return { ...ownFields(kind), ...Object.fromEntries(Object.entries(commonFields).filter(([name]) => !OF_THE_WHOLE.includes(name))) };
}

const OF_THE_WHOLE: readonly string[] = ['description', ...OF_THE_NODE];

/** The schema of a node of one kind: its own fields and those of every kind. */
export function nodeSchema(kind: NodeKind): JsonSchema {
  return remembered(nodeSchemas, kind, () => ({
    type: 'object',
    ...requiredOf(kind),
    additionalProperties: false,
    // Its own parser says what is wrong inside an `evaluate`.
    properties: { kind: kindField([kind]), ...ownFields(kind), ...(kind.callsModel && { evaluate: { type: 'object' } }), ...commonFields },
  }));
}

function requiredOf({ schema }: NodeKind): JsonObject {
  return { required: schema.required ?? [], ...(isObject(schema['x-instead']) && { 'x-instead': schema['x-instead'] }) };
}

/** The fields of a kind any of which will do where `field` is missing (`x-instead`). */
function insteadOf({ schema }: NodeKind, field: Json): readonly Json[] {
  const instead = isObject(schema['x-instead']) ? schema['x-instead'][String(field)] : undefined;
  return isList(instead) ? instead : [];
}

/** Fields that a kind cannot do without, and for which nothing stands. */
export function missingFields(kind: NodeKind, fields: JsonObject): readonly string[] {
  const required = isList(kind.schema.required) ? kind.schema.required.map(String) : [];
  return required.filter((field) => ![field, ...insteadOf(kind, field)].some((name) => Object.hasOwn(fields, String(name))));
}

/** The schema of what a node with a route has for itself: the rest is of its cases. */
export const routedSchema: JsonSchema = {
  type: 'object',
  properties: { ...Object.fromEntries(OF_THE_WHOLE.map((name) => [name, commonFields[name] ?? {}])), route: routeShape },
};

/** The schema of a judge of one kind, among the `options` of what asks it. */
export function judgeSchema(kind: NodeKind, options: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { accept_if } = options;
  return {
    type: 'object',
    ...requiredOf(kind),
    required: [...(accept_if === undefined ? [] : ['accept_if']), ...(isList(kind.schema.required) ? kind.schema.required : [])],
    additionalProperties: false,
    properties: { kind: kindField([kind]), ...callFields(kind), ...judgeFields, ...options },
  };
}

/** The schema of what `revise` may replace of a call. */
export function reviseSchema(kind: NodeKind): JsonSchema {
  return { type: 'object', additionalProperties: false, properties: callFields(kind) };
}

function callFields(kind: NodeKind): JsonObject {
  return Object.fromEntries(Object.entries(ownFields(kind)).filter(([name]) => !PATTERNS.includes(name)));
}

/** The schema of the fields a fallback to a kind may give; which are needed depends on what the node has already. */
export function fallbackSchema(kind: NodeKind): JsonSchema {
  return remembered(fallbackSchemas, kind, () => ({
    type: 'object',
    additionalProperties: false,
    properties: { kind: kindField([kind]), ...callFields(kind), ...fallbackFields },
  }));
}

const own = new WeakMap<NodeKind, JsonSchema>();
const nodeSchemas = new WeakMap<NodeKind, JsonSchema>();
const fallbackSchemas = new WeakMap<NodeKind, JsonSchema>();

/** Thousands of nodes share few kinds. */
function remembered(memory: WeakMap<NodeKind, JsonSchema>, kind: NodeKind, build: () => JsonSchema): JsonSchema {
  const schema = memory.get(kind) ?? build();
  memory.set(kind, schema);
  return schema;
}

/** The schema of a file without the inside of its inputs, schemas, nodes and outputs, which are examined one by one. */
export function fileSchema(kinds: readonly NodeKind[]): JsonSchema {
  const several: JsonSchema = { type: 'object' };
  return topLevel(kinds, { inputs: several, schemas: several, tools: several, nodes: { ...several, minProperties: 1 }, outputs: several });
}

/** The JSON Schema of workflow files for editors, draft-07. */
export function workflowSchema(kinds: readonly NodeKind[]): JsonSchema {
  const inner = (description: string, each: string): JsonSchema => ({
    type: 'object',
    'x-holds': 'literal',
    description,
    additionalProperties: { $ref: `#/definitions/${each}` },
  });
  const shared = Object.keys(commonFields).map((name) => [name, { $ref: `#/definitions/field_${name}` }]);
  const [standard] = kinds;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'dagrun workflow',
    description: 'A workflow of model calls: typed, checked before it runs, every cent accounted for.',
    ...topLevel(kinds, {
      inputs: inner('What a run is given: name → schema; `default` makes it optional.', 'schema'),
      schemas: inner('Schemas by name, read by `$ref: "#/schemas/<name>"`.', 'schema'),
      tools: inner('What models and `tool` nodes may call: name → a function, a command, a request, a workflow, or an MCP server.', 'tool'),
      nodes: { ...inner('The units of work: id → node. Reading the output of a node is waiting for it.', 'node'), minProperties: 1 },
      outputs: inner('What a run gives: name → expression.', 'output'),
    }),
    definitions: {
      schema: anySchema,
      output: withSchemas(outputEntry),
      ...insides(kinds),
      tool: withSchemas({ ...toolEntry(kinds), oneOf: TOOL_TYPES.map((type) => ({ required: [type] })) }),
      node: {
        type: 'object',
        properties: { kind: kindField(kinds) },
        // A node with a route has fields of the kinds of its cases.
        if: { required: ['route'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
        then: { $ref: '#/definitions/node_with_route' },
        else: {
          allOf: kinds.map((kind) => ({
            if:
              kind === standard
                ? { anyOf: [{ properties: { kind: { const: kind.kind } } }, { not: { required: ['kind'] } }] }
                : { required: ['kind'], properties: { kind: { const: kind.kind } } },
            // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
            then: { $ref: `#/definitions/node_${kind.kind}` },
          })),
        },
      },
      node_with_route: {
        type: 'object',
        additionalProperties: false,
        properties: {
          kind: kindField(kinds),
          ...(withSchemas(unionOf(kinds.map(ownFields))) as JsonObject),
          ...Object.fromEntries(shared),
        },
      },
      ...Object.fromEntries(
        kinds.map((kind) => [
          `node_${kind.kind}`,
          {
            type: 'object',
            description: kind.summary,
            // Of fields that stand for one another, `oneOf` says that one must be there.
            required: isList(kind.schema.required) ? kind.schema.required.filter((field) => insteadOf(kind, field).length === 0) : [],
            additionalProperties: false,
            properties: { kind: kindField([kind]), ...ownWithSchemas(kind), ...Object.fromEntries(shared) },
            ...together(kind),
          },
        ]),
      ),
      ...Object.fromEntries(Object.entries(commonFields).map(([name, field]) => [`field_${name}`, withSchemas(field)])),
    },
  };
}

/** How the fields of a kind go together, as far as a schema can say; the kind's own check says it in words. */
function together({ schema: { oneOf, dependencies } }: NodeKind): JsonObject {
  return { ...(oneOf !== undefined && { oneOf }), ...(dependencies !== undefined && { dependencies }) };
}

function ownWithSchemas(kind: NodeKind): JsonObject {
  return Object.fromEntries(Object.entries(ownFields(kind)).map(([name, field]) => [name, withSchemas(field)]));
}

/** Fields that hold a schema refer to what a schema may be, those that hold fields to what these are. */
function withSchemas(value: Json): Json {
  if (isList(value)) return value.map(withSchemas);
  if (!isObject(value)) return value;
  const { 'x-schema': holdsSchema, 'x-inside': held, ...rest } = value;
  const entries = Object.entries(rest).map(([key, inner]) => [key, withSchemas(inner)]);
  const inside = held === undefined ? undefined : definitionInside(held);
  const all = [...(holdsSchema === true ? [{ $ref: '#/definitions/schema' }] : []), ...(inside === undefined ? [] : [inside])];
  return { ...Object.fromEntries(entries), ...(all.length > 0 && { allOf: all }) };
}

/** What may stand in a case, a judge or a revision, for editors: which of it goes together depends on the kind. */
function insides(kinds: readonly NodeKind[]): JsonObject {
  const several = (fields: JsonObject): JsonObject => ({ type: 'object', additionalProperties: false, properties: withSchemas(fields) });
  const calling = kinds.filter((kind) => kind.callsModel);
  const call = Object.assign({}, ...calling.map(callFields)) as JsonObject;
  const kind = kindField(kinds);
  return {
    case: several({ when: commonWhen, kind, ...unionOf(kinds.map(workFields)), description: commonFields.description ?? {} }),
    judge: several({
      kind,
      ...unionOf([call, ...kinds.filter((one) => JUDGES.includes(one.kind)).map(callFields)]),
      ...judgeFields,
      ...evaluateOptions,
    }),
    call: several(call),
  };
}

/** Fields of several kinds; one that is not the same in all of them may be anything. */
function unionOf(all: readonly JsonObject[]): JsonObject {
  const found: Record<string, Json> = {};
  for (const one of all)
    for (const [name, field] of Object.entries(one)) {
      const known = found[name];
      const same = known === undefined || JSON.stringify(known) === JSON.stringify(field);
      const { description = '', 'x-holds': holds = 'literal' } = isObject(known) ? known : {};
      found[name] = same ? field : { 'x-holds': holds, description };
    }
  return found;
}

function topLevel(
  kinds: readonly NodeKind[],
  parts: Readonly<Record<'inputs' | 'schemas' | 'tools' | 'nodes' | 'outputs', JsonSchema>>,
): JsonSchema {
  const { dagrun, name, description, constants, tiers, limits } = sections;
  // The order is that of the docs, and of a file as people write it.
  const properties = {
    dagrun,
    name,
    description,
    inputs: parts.inputs,
    constants,
    schemas: parts.schemas,
    defaults: defaultsField(kinds),
    tiers,
    limits,
    tools: parts.tools,
    nodes: parts.nodes,
    outputs: parts.outputs,
  };
  return { type: 'object', required: ['dagrun', 'name', 'nodes'], additionalProperties: false, properties: properties as JsonObject };
}

function defaultsField(kinds: readonly NodeKind[]): JsonSchema {
  const calls = kinds.filter((kind) => kind.callsModel).map(ownFields);
  const own = DEFAULTED.flatMap((name) => {
    const field = calls.find((fields) => fields[name] !== undefined)?.[name];
    return field === undefined ? [] : [[name, field] as const];
  });
  return {
    type: 'object',
    'x-holds': 'literal',
    description: 'Fields of every node that calls a model, unless it has its own.',
    additionalProperties: false,
    properties: { ...Object.fromEntries(own), ...defaultsCommon },
  };
}

function kindField(kinds: readonly NodeKind[]): JsonSchema {
  const [first] = kinds;
  const description = kinds.length === 1 ? (first?.summary ?? '') : kinds.map((kind) => `${kind.kind}: ${kind.summary}`).join('\n');
  return { enum: kinds.map((kind) => kind.kind), 'x-holds': 'literal', description };
}
