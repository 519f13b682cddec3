import type { Json, JsonSchema } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ToolType } from '../contracts/tool.ts';

/** What a tool can be made of, in the order in which the docs list it. */
export const TOOL_TYPES: readonly ToolType[] = ['script', 'command', 'http', 'workflow', 'mcp'];

/** The arguments of a tool that takes none. */
export const NO_ARGUMENTS: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

const literal = (description: string, schema: JsonSchema): JsonSchema => ({ ...schema, 'x-holds': 'literal', description });
const duration: JsonSchema = {
  type: 'string',
  pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
  not: { type: 'string', pattern: '^[0.]+(ms|s|m|h|d)$' },
  'x-unit': 'duration',
};

const approve = literal('Whether a person is asked before each call. Default: false.', { type: 'boolean' });
const timeout = literal('The longest one call may take. Default: 60s.', duration);

/** How an MCP server is reached: what it is told holds templates over `inputs` and `constants`. */
export const serverSchema: JsonSchema = {
  type: 'object',
  'x-holds': 'literal',
  description: 'A server that speaks the Model Context Protocol; its tools are called `<name>/<tool>`.',
  additionalProperties: false,
  properties: {
    command: literal('The program that is the server; it speaks by stdin and stdout.', { type: 'string', minLength: 1 }),
    args: {
      type: 'array',
      items: { type: 'string', 'x-holds': 'template' },
      'x-holds': 'template',
      description: 'Its arguments, one text each.',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      'x-holds': 'template',
      'x-secrets': true,
      description: 'Its environment, beside PATH, HOME, LANG and TMPDIR. Secrets may stand here: `{{secrets.<name>}}`.',
    },
    cwd: literal('The folder it runs in, inside the workspace. Default: that of this file.', { type: 'string' }),
    url: {
      type: 'string',
      'x-holds': 'template',
      'x-url': true,
      description: 'The address of a server that runs already (streamable HTTP).',
    },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      'x-holds': 'template',
      'x-secrets': true,
      description: 'Headers of every request to it. Secrets may stand here: `{{secrets.<name>}}`.',
    },
    tools: literal('What holds for single tools of the server.', {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          approve,
          idempotent: literal('Whether doing it twice does no harm. Default: what the server says (`readOnlyHint`).', { type: 'boolean' }),
          timeout,
        },
      },
    }),
  },
};

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
      workflow: literal('Another workflow file; its inputs are the arguments, its outputs what it gives.', { type: 'string', minLength: 1 }),
      mcp: serverSchema,
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
    description: `What a \`${name}\` node does; its templates read \`args\`.`,
    additionalProperties: false,
    properties,
    required,
  };
}
