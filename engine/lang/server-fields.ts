import type { JsonSchema } from '../base/json.ts';

/** A field that is taken as it is written. */
export const literal: (description: string, schema: JsonSchema) => JsonSchema = (description, schema) => ({
  ...schema,
  'x-holds': 'literal',
  description,
});
const duration: JsonSchema = {
  type: 'string',
  pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
  not: { type: 'string', pattern: '^[0.]+(ms|s|m|h|d)$' },
  'x-unit': 'duration',
};

/** Of a tool. */
export const approve: JsonSchema = literal('Whether a person is asked before each call. Default: false.', { type: 'boolean' });
/** Of a tool. */
export const timeout: JsonSchema = literal('The longest one call may take. Default: 60s.', duration);

/** How an MCP server is reached: what it is told holds templates over `inputs` and `constants`. */
export const serverFields: JsonSchema = {
  type: 'object',
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
