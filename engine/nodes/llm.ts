import type { Json, JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import type { ModelWant, Reasoning, Tier } from '../contracts/provider.ts';
import { startsOf } from './common-start.ts';
import { attachedText, attachedTo, type Conversation, checkMessages, conversationOf, messagesField } from './conversation.ts';
import { type ContextFields, checkContext, contextField, fitted } from './fit-context.ts';
import { converse, converseOn, type FirstAsk, type ToolFields, toolFields } from './tool-loop.ts';

interface LlmSpec extends Conversation, ToolFields {
  readonly tier?: Tier | readonly { readonly when?: Json; readonly use: Tier }[];
  readonly model?: string;
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly reasoning?: Reasoning;
  readonly stop?: readonly string[];
  readonly context?: ContextFields;
}

const TIERS: readonly Tier[] = ['cheap', 'capable', 'premium'];

/** What a node asks for when neither it nor the file's `defaults` name a tier or a model. */
const DEFAULT_TIER: Tier = 'capable';

export const llm: NodeKind<LlmSpec> = {
  kind: 'llm',
  summary: 'One model call: text, or JSON that fits `output`.',
  schema: {
    type: 'object',
    properties: {
      tier: {
        anyOf: [
          { type: 'string', enum: TIERS },
          {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['use'],
              additionalProperties: false,
              properties: {
                when: { type: ['string', 'boolean'], 'x-holds': 'expression', description: 'The tier is used when this is true.' },
                use: { enum: TIERS, 'x-holds': 'literal', description: 'The tier.' },
              },
            },
          },
        ],
        'x-holds': 'literal',
        description:
          'How good the model has to be; configuration says which models that means. By data: a list `[{ when, use }, { use }]`, of which the first true one counts. Default: capable.',
      },
      model: {
        type: 'string',
        pattern: '^[^/\\s]+/\\S+$',
        'x-holds': 'literal',
        description: 'One model by name, `provider/model`, instead of a tier.',
      },
      system: { type: 'string', 'x-holds': 'template', description: 'The system prompt.' },
      prompt: { type: 'string', minLength: 1, 'x-holds': 'template', description: 'What the model is asked.' },
      prompt_file: {
        type: 'string',
        minLength: 1,
        'x-holds': 'literal',
        description:
          'A file with the prompt, a template as `prompt` is: `./prompts/review.md`; its path starts at the folder of this file.',
      },
      messages: messagesField,
      attach: {
        type: 'array',
        items: { type: 'string', 'x-holds': 'template' },
        'x-holds': 'template',
        'x-typed': 'path',
        'x-reaches': 'a path',
        'x-wants': {
          title: 'a path, or a list of paths',
          description: 'make paths of it in a node `kind: set`; when it may be missing, an empty list instead: `coalesce(…, [])`',
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
        },
        description:
          'Files put before the prompt: texts, images (PNG, JPEG, GIF, WebP) and PDFs, by path or pattern (`docs/*.md`); paths start at the folder of this file. A text that is exactly one `{{path}}` to a list attaches all of it.',
      },
      context: contextField,
      ...toolFields,
      temperature: { type: 'number', minimum: 0, maximum: 2, 'x-holds': 'literal', description: 'Randomness; not every model takes it.' },
      max_tokens: {
        type: 'integer',
        minimum: 1,
        'x-holds': 'literal',
        description: 'The longest answer, in tokens, thinking included. Default: 16384; 32768 with `reasoning: high`.',
      },
      reasoning: {
        enum: ['none', 'low', 'medium', 'high'],
        'x-holds': 'literal',
        description: 'How much the model thinks before it answers; thinking is billed as output. Default: as its maker has it.',
      },
      stop: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        maxItems: 4,
        'x-holds': 'literal',
        description: 'Texts at which the model stops.',
      },
    },
    required: ['prompt'],
    // Whichever of them says what is asked.
    'x-instead': { prompt: ['prompt_file', 'messages'] },
    oneOf: [{ required: ['prompt'] }, { required: ['prompt_file'] }, { required: ['messages'] }],
    additionalProperties: false,
  },
  example: 'tier: cheap\nprompt: Summarize in one sentence. {{inputs.text}}\n',
  callsModel: true,
  leavesFiles: true,
  output: () => ({ type: 'string' }),
  check(spec, report) {
    checkMessages(spec, report);
    checkContext(spec, report);
  },
  wants: (spec) => wantsOf(spec as Pick<LlmSpec, 'tier' | 'model' | 'context'>),
  async startOf(spec, common, ctx) {
    // Which tier is asked, where that depends on data, is known when it is asked; so is how a prompt is made shorter.
    if (Array.isArray(spec.tier) || spec.context !== undefined) return undefined;
    const messages = await conversationOf(spec, ctx);
    const starts = await startsOf(spec, messages, [common], ctx);
    return starts.length === 0 ? undefined : { ...wantOf(spec), messages, starts };
  },
  reuse: {
    version: 1,
    reads: (spec, ctx) => attachedTo(spec, ctx),
    // What tools give is of the day.
    deterministic: (spec) => spec.temperature === 0 && spec.tools === undefined,
  },

  async execute(spec, ctx) {
    const ask = await fitted(
      spec,
      ctx,
      (shrunk, texts) => firstAsk(shrunk, ctx, texts, shrunk === spec),
      () => attachedText(spec, ctx),
    );
    return spec.tools ? converse(spec, ask, ctx) : (await ctx.ask(ask)).output;
  },

  async wake(spec, memo, wake, ctx) {
    return converseOn(spec, await firstAsk(spec, ctx), memo, wake, ctx);
  },
};

/**
 * What the model is asked first; without tools it is all it is asked. `whole`: nothing of the spec was made shorter, so that what tasks
 * have in common stands in it as they have it. Throws Failed.
 */
async function firstAsk(spec: LlmSpec, ctx: TaskContext, texts?: string, whole = true): Promise<FirstAsk> {
  const messages = await conversationOf(spec, ctx, texts);
  const starts = whole && texts === undefined && ctx.common ? await startsOf(spec, messages, ctx.common(), ctx) : [];
  return {
    ...wantOf(spec),
    messages,
    ...(starts.length > 0 && { starts }),
    ...(spec.max_tokens !== undefined && { maxOutputTokens: spec.max_tokens }),
    ...(spec.temperature !== undefined && { temperature: spec.temperature }),
    ...(spec.reasoning !== undefined && { reasoning: spec.reasoning }),
    ...(spec.stop !== undefined && { stop: spec.stop }),
    ...(ctx.outputSchema !== undefined && !isPlainText(ctx.outputSchema) && { outputSchema: ctx.outputSchema }),
  };
}

/** All that a spec may ask for, whatever its conditions give. */
function wantsOf({ tier = DEFAULT_TIER, model, context }: Pick<LlmSpec, 'tier' | 'model' | 'context'>): readonly ModelWant[] {
  const shortening: readonly ModelWant[] = context?.on_overflow === 'summarize' ? [{ tier: 'cheap' }] : [];
  if (model !== undefined) return [{ model }, ...shortening];
  return [...(typeof tier === 'string' ? [{ tier }] : tier.map(({ use }) => ({ tier: use }))), ...shortening];
}

/** What a rendered spec asks for. Throws Failed (expression_failed) where a condition is neither true nor false. */
function wantOf({ tier = DEFAULT_TIER, model }: Pick<LlmSpec, 'tier' | 'model'>): ModelWant {
  if (model !== undefined) return { model };
  if (typeof tier === 'string') return { tier };
  for (const [index, { when = true, use }] of tier.entries()) {
    if (when === true) return { tier: use };
    if (when === false) continue;
    const field = `tier[${index}].when`;
    throw new Failed({ type: 'expression_failed', field, message: `\`${field}\` is neither true nor false` });
  }
  return { tier: DEFAULT_TIER };
}

/** `type: string` without an enum is what a model gives anyway: it is not asked for as JSON. */
function isPlainText(schema: JsonSchema): boolean {
  return schema.type === 'string' && schema.enum === undefined && schema.const === undefined;
}
