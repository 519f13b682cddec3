import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import { anySchema, commonFields, DEFAULTED, defaultsCommon, fallbackFields, outputEntry, sections } from './common-fields.ts';
import { TOOL_TYPES, toolEntry } from './tool-schema.ts';

/** A kind's own fields by name. */
export function ownFields(kind: NodeKind): JsonObject {
  return isObject(kind.schema.properties) ? kind.schema.properties : {};
}

/** The schema of a node of one kind: its own fields and those of every kind. */
export function nodeSchema(kind: NodeKind): JsonSchema {
  return remembered(nodeSchemas, kind, () => ({
    type: 'object',
    required: kind.schema.required ?? [],
    additionalProperties: false,
    properties: { kind: kindField([kind]), ...ownFields(kind), ...commonFields },
  }));
}

/** The schema of the fields a fallback to a kind may give; which are needed depends on what the node has already. */
export function fallbackSchema(kind: NodeKind): JsonSchema {
  return remembered(fallbackSchemas, kind, () => ({
    type: 'object',
    additionalProperties: false,
    properties: { kind: kindField([kind]), ...ownFields(kind), ...fallbackFields },
  }));
}

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
      tool: withSchemas({ ...toolEntry(kinds), oneOf: TOOL_TYPES.map((type) => ({ required: [type] })) }),
      node: {
        type: 'object',
        properties: { kind: kindField(kinds) },
        allOf: kinds.map((kind) => ({
          if:
            kind === standard
              ? { anyOf: [{ properties: { kind: { const: kind.kind } } }, { not: { required: ['kind'] } }] }
              : { required: ['kind'], properties: { kind: { const: kind.kind } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
          then: { $ref: `#/definitions/node_${kind.kind}` },
        })),
      },
      ...Object.fromEntries(
        kinds.map((kind) => [
          `node_${kind.kind}`,
          {
            type: 'object',
            description: kind.summary,
            required: kind.schema.required ?? [],
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

/** Fields that hold a schema refer to what a schema may be. */
function withSchemas(value: Json): Json {
  if (isList(value)) return value.map(withSchemas);
  if (!isObject(value)) return value;
  const { 'x-schema': holdsSchema, ...rest } = value;
  const entries = Object.entries(rest).map(([key, inner]) => [key, withSchemas(inner)]);
  return { ...Object.fromEntries(entries), ...(holdsSchema === true && { allOf: [{ $ref: '#/definitions/schema' }] }) };
}

function topLevel(kinds: readonly NodeKind[], parts: Readonly<Record<'inputs' | 'schemas' | 'tools' | 'nodes' | 'outputs', JsonSchema>>): JsonSchema {
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
