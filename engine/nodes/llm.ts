import type { JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ModelWant, Tier } from '../contracts/provider.ts';
import { attachedTo, type Conversation, conversationOf } from './conversation.ts';

interface LlmSpec extends Conversation {
  readonly tier?: Tier;
  readonly model?: string;
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly stop?: readonly string[];
}

/** What a node asks for when neither it nor the file's `defaults` name a tier or a model. */
const DEFAULT_TIER: Tier = 'capable';

export const llm: NodeKind<LlmSpec> = {
  kind: 'llm',
  summary: 'One model call: text, or JSON that fits `output`.',
  schema: {
    type: 'object',
    properties: {
      tier: {
        enum: ['cheap', 'capable', 'premium'],
        'x-holds': 'literal',
        description: 'How good the model has to be; configuration says which models that means. Default: capable.',
      },
      model: {
        type: 'string',
        pattern: '^[^/\\s]+/\\S+$',
        'x-holds': 'literal',
        description: 'One model by name, `provider/model`, instead of a tier.',
      },
      system: { type: 'string', 'x-holds': 'template', description: 'The system prompt.' },
      prompt: { type: 'string', minLength: 1, 'x-holds': 'template', description: 'What the model is asked.' },
      attach: {
        type: 'array',
        items: { type: 'string', 'x-holds': 'template' },
        'x-holds': 'template',
        'x-reaches': 'a path',
        description:
          'Files put before the prompt: texts, images (PNG, JPEG, GIF, WebP) and PDFs, by path or pattern (`docs/*.md`); paths start at the folder of this file.',
      },
      temperature: { type: 'number', minimum: 0, maximum: 2, 'x-holds': 'literal', description: 'Randomness; not every model takes it.' },
      max_tokens: { type: 'integer', minimum: 1, 'x-holds': 'literal', description: 'The longest answer, in tokens. Default: 16384.' },
      stop: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        maxItems: 4,
        'x-holds': 'literal',
        description: 'Texts at which the model stops.',
      },
    },
    required: ['prompt'],
    additionalProperties: false,
  },
  example: 'tier: cheap\nprompt: Summarize in one sentence. {{inputs.text}}\n',
  callsModel: true,
  output: () => ({ type: 'string' }),
  wants: (spec) => [wantOf(spec)],
  reuse: {
    version: 1,
    reads: (spec, ctx) => attachedTo(spec, ctx),
    deterministic: (spec) => spec.temperature === 0,
  },

  async execute(spec, ctx) {
    const answer = await ctx.ask({
      ...wantOf(spec),
      messages: await conversationOf(spec, ctx),
      ...(spec.max_tokens !== undefined && { maxOutputTokens: spec.max_tokens }),
      ...(spec.temperature !== undefined && { temperature: spec.temperature }),
      ...(spec.stop !== undefined && { stop: spec.stop }),
      ...(ctx.outputSchema !== undefined && !isPlainText(ctx.outputSchema) && { outputSchema: ctx.outputSchema }),
    });
    return answer.output;
  },
};

function wantOf(spec: Pick<LlmSpec, 'tier' | 'model'>): ModelWant {
  return spec.model === undefined ? { tier: spec.tier ?? DEFAULT_TIER } : { model: spec.model };
}

/** `type: string` without an enum is what a model gives anyway: it is not asked for as JSON. */
function isPlainText(schema: JsonSchema): boolean {
  return schema.type === 'string' && schema.enum === undefined && schema.const === undefined;
}
