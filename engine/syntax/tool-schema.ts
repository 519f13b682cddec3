import type { Json, JsonSchema } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ToolType } from '../contracts/tool.ts';
import { approve, literal, serverFields, timeout } from '../lang/server-fields.ts';

/** What a tool can be made of, in the order in which the docs list it. */
export const TOOL_TYPES: readonly ToolType[] = ['script', 'command', 'http', 'workflow', 'mcp'];

/** The arguments of a tool that takes none. */
export const NO_ARGUMENTS: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

const entries = new WeakMap<readonly NodeKind[], JsonSchema>();

/** The schema of one entry of `tools`. Which fields exclude each other is told by who reads it. */
export function toolEntry(kinds: readonly NodeKind[]): JsonSchema {
  const known = entries.get(kinds);
  if (known !== undefined) return known;
  const schema: JsonSchema = {
    type: 'object',
    'x-holds': 'literal',
    description: 'What models and `tool` nodes may call.',
    additionalProperties: false,
    properties: {
      description: literal('What it does, and when it is of use; a model is told this.', { type: 'string' }),
      input: literal('The schema of its arguments, an object. Default: it takes none.', { type: 'object', 'x-schema': true }),
      script: fieldOf(kinds, 'script', 'script'),
      command: partOf(kinds, 'command'),
      http: partOf(kinds, 'http'),
      workflow: literal('Another workflow file; its inputs are the arguments, its outputs what it gives.', {
        type: 'string',
        minLength: 1,
      }),
      mcp: { ...serverFields, 'x-holds': 'literal' },
      idempotent: literal('Whether doing it twice does no harm. Default: as for a node that does the same.', { type: 'boolean' }),
      approve,
      timeout,
    },
  };
  entries.set(kinds, schema);
  return schema;
}

function ownFields(kinds: readonly NodeKind[], name: string): Readonly<Record<string, Json>> {
  const fields = kinds.find(({ kind }) => kind === name)?.schema.properties;
  return isObject(fields) ? fields : {};
}

function fieldOf(kinds: readonly NodeKind[], kind: string, field: string): Json {
  const schema = ownFields(kinds, kind)[field];
  return isObject(schema)
    ? { ...schema, description: 'A function of a module, `./tools/db.ts#search`; it is called with the arguments and `{ abort, log }`.' }
    : {};
}

/** The fields of a kind; what they are told is in `args`. */
function partOf(kinds: readonly NodeKind[], name: string): Json {
  const kind = kinds.find((one) => one.kind === name);
  const { properties = {}, required = [] } = kind?.schema ?? {};
  return {
    type: 'object',
    'x-holds': 'literal',
    description: `What a \`${name}\` node does; its templates read \`args\`.`,
    additionalProperties: false,
    properties,
    required,
  };
}
