import type { JsonSchema } from './base/json.ts';
import { providerTypes } from './providers/registry.ts';

const candidates: JsonSchema = {
  type: 'array',
  items: { type: 'string', pattern: '^[^/\\s]+/\\S+$' },
  minItems: 1,
  description: 'Models as `provider/model`, preferred first: the first whose provider can be used answers, the rest stand in for it.',
};

/** The JSON Schema of dagrun.config.yml (draft-07). A key stands here when it does something. */
export const configSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun configuration',
  type: 'object',
  properties: {
    tiers: {
      type: 'object',
      description: 'Which models the tiers stand for. A tier that is left out keeps its built-in models; `dagrun models` lists them.',
      properties: { cheap: candidates, capable: candidates, premium: candidates },
      additionalProperties: false,
    },
    providers: {
      type: 'object',
      description:
        'Who serves the models, by the name used in `provider/model`. `anthropic` and `openai` need no entry when their keys are in the environment.',
      additionalProperties: {
        type: 'object',
        properties: {
          type: {
            enum: providerTypes.map(({ type }) => type),
            description: `The protocol it speaks. ${providerTypes.map(({ type, summary }) => `${type}: ${summary}`).join(' ')}`,
          },
          base_url: {
            type: 'string',
            pattern: '^(https?://|\\$\\{)',
            description: 'The address of another server that speaks the same protocol.',
          },
          api: {
            enum: [...new Set(providerTypes.flatMap(({ apis = [] }) => apis))],
            description:
              "Of `type: openai`: which of its APIs the server is asked over. Default: `responses` at OpenAI's own addresses, `chat_completions` elsewhere.",
          },
          api_key: { type: 'string', minLength: 1, description: `An environment variable that holds the key, \`\${NAME}\`.` },
          concurrency: {
            type: 'integer',
            minimum: 1,
            maximum: 10000,
            description: 'Calls in flight, at most, over all runs. Default: 16.',
          },
          requests_per_minute: { type: 'number', exclusiveMinimum: 0, description: 'Calls started within a minute, at most.' },
        },
        additionalProperties: false,
      },
    },
    secrets: {
      type: 'object',
      description: `What only \`headers\` and \`env\` of nodes may hold, by the name that \`{{secrets.<name>}}\` reads: \`github: "\${GH_TOKEN}"\`.`,
      propertyNames: { pattern: '^[a-z][a-z0-9_]*$' },
      additionalProperties: { type: 'string', minLength: 1, description: `An environment variable, \`\${NAME}\`.` },
    },
    http: {
      type: 'object',
      description: 'What `http` nodes may call.',
      properties: {
        allow: {
          type: 'array',
          items: { type: 'string', pattern: '^[^\\s/]+(/\\d{1,3})?$' },
          description:
            'Hosts on this machine and in private networks that may be called, each with or without a port: `localhost:8080`, `*.internal.example.com`, `10.0.0.0/8`. Without an entry only public addresses are.',
        },
      },
      additionalProperties: false,
    },
    cache: {
      type: 'object',
      description: 'Answers that later runs may use again.',
      properties: {
        max_size: {
          type: 'string',
          pattern: '^\\d+(\\.\\d+)?\\s*[kMG]?B$',
          description: 'How much is kept, as in `1GB`; the longest unused goes first. Default: 256MB.',
        },
      },
      additionalProperties: false,
    },
    runs: {
      type: 'object',
      description: 'What becomes of runs that have ended.',
      properties: {
        keep: {
          type: 'string',
          pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
          description: 'How long they are kept, as in `30d`; older ones are forgotten after a run. Without it, until `dagrun runs prune`.',
        },
      },
      additionalProperties: false,
    },
    store: {
      type: 'object',
      description: 'Where runs are kept.',
      properties: {
        url: {
          type: 'string',
          pattern: '^(file:.+|postgres(ql)?://.+|memory:|\\$\\{)',
          description: '`file:<path>` for SQLite (default: `file:.dagrun/dagrun.db`), `postgres://…`, or `memory:` to keep nothing.',
        },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};
