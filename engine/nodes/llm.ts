import type { JsonSchema } from '../base/json.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import type { Message, ModelWant, Tier } from '../contracts/provider.ts';

interface LlmSpec {
  readonly tier?: Tier;
  readonly model?: string;
  readonly system?: string;
  readonly prompt: string;
  readonly attach?: readonly string[];
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
        description: 'Text files put before the prompt; paths start at the folder of this file.',
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
    reads: async (spec, ctx) => (spec.attach === undefined ? null : attachments(spec.attach, ctx)),
    deterministic: (spec) => spec.temperature === 0,
  },

  async execute(spec, ctx) {
    const messages: Message[] = [];
    if (spec.system !== undefined) messages.push({ role: 'system', text: spec.system });
    messages.push({ role: 'user', text: `${await attachments(spec.attach ?? [], ctx)}${spec.prompt}` });
    const answer = await ctx.ask({
      ...wantOf(spec),
      messages,
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

/** Files in tags that carry their names, in the order given: models keep sources apart by them. */
async function attachments(paths: readonly string[], ctx: Pick<TaskContext, 'readText'>): Promise<string> {
  let text = '';
  for (const path of paths) {
    const file = await ctx.readText(path);
    text += `<file name="${file.name}">\n${file.text}${file.text.endsWith('\n') ? '' : '\n'}</file>\n\n`;
  }
  return text;
}

/** `type: string` without an enum is what a model gives anyway: it is not asked for as JSON. */
function isPlainText(schema: JsonSchema): boolean {
  return schema.type === 'string' && schema.enum === undefined && schema.const === undefined;
}
