import type Anthropic from '@anthropic-ai/sdk';
import type { Attachment, Message, ModelReply, ModelRequest, Provider, ProviderSettings } from '../contracts/provider.ts';
import { blocksOf, markedLast, marksIn } from './anthropic-marks.ts';
import { thinkingOf } from './anthropic-thinking.ts';
import { callsIn, conversationOf, toolFields } from './anthropic-tools.ts';
import { type AttachmentLimits, checkAttachments } from './attachment-limits.ts';
import { type CallInfo, failedFrom, malformed } from './failures.ts';
import { countOr0, isCount } from './token-count.ts';
import { type Delivery, openTransport, patienceFor } from './transport.ts';
import { anthropicOutput, toDialect } from './wire-schema.ts';

const BASE_URL = 'https://api.anthropic.com';
/** The version of the API that still takes `temperature`; the SDK's own refuses it. Models that refuse it do so in both. */
const VERSION_WITH_TEMPERATURE = '2023-06-01';

/** Anthropic's Messages API, through its official SDK. */
export async function openAnthropic({ id, apiKey, baseUrl = BASE_URL, variable }: ProviderSettings): Promise<Provider> {
  const { Anthropic: Client } = await import('@anthropic-ai/sdk');
  const transport = openTransport();
  const client = new Client({
    // Without any key the SDK would look for credentials in the user's files; where there is none, the header is taken away again.
    apiKey: apiKey ?? 'none',
    authToken: null,
    baseURL: baseUrl,
    // The engine retries; the SDK would sleep as long as `retry-after` says, without a cap.
    maxRetries: 0,
    fetch: transport.fetch,
    openTelemetry: false,
    logLevel: 'off',
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
  });

  return {
    id,
    simulated: false,
    toolImages: true,
    takesSchema: (schema) => toDialect(schema, anthropicOutput) !== undefined,
    async complete(request, abort) {
      const info: CallInfo = { provider: id, baseUrl, request, abort, compatible: baseUrl !== BASE_URL, ...(variable && { variable }) };
      const delivery: Delivery = { abort, patience: patienceFor(request.maxOutputTokens) };
      try {
        checkAttachments(request.messages, LIMITS, id);
        // Not `client.messages.create`: it prints warnings about old models to the console.
        const message = await client.post<Anthropic.Message>('/v1/messages', {
          body: bodyOf(request, id),
          fetchOptions: delivery as object,
          timeout: delivery.patience,
          ...(request.temperature !== undefined && { headers: { 'anthropic-version': VERSION_WITH_TEMPERATURE } }),
        });
        return readMessage(message, info);
      } catch (error) {
        throw failedFrom(error, info);
      }
    },
    close: transport.close,
  };
}

function bodyOf(request: ModelRequest, provider: string): object {
  const { model, maxOutputTokens, temperature, stop, outputSchema } = request;
  const format = outputSchema && toDialect(outputSchema, anthropicOutput);
  const { thinking, effort } = thinkingOf(request);
  return {
    model,
    max_tokens: maxOutputTokens,
    ...systemOf(request),
    messages: conversationOf(request, provider, contentOf),
    ...toolFields(request),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stop_sequences: stop }),
    ...(thinking && { thinking }),
    // Never a forced tool: models that always think refuse that.
    ...((format || effort) && {
      output_config: { ...(effort && { effort }), ...(format && { format: { type: 'json_schema', schema: format } }) },
    }),
  };
}

function systemOf({ messages, breakpoints }: ModelRequest): { readonly system?: Anthropic.MessageCreateParams['system'] } {
  const texts = messages.flatMap((message, index) => (message.role === 'system' ? [{ index, text: message.text }] : []));
  const [first] = texts;
  if (first === undefined) return {};
  const marks = marksIn({ breakpoints }, first.index);
  return { system: texts.length > 1 || marks.length === 0 ? texts.map(({ text }) => text).join('\n\n') : blocksOf(first.text, marks) };
}

/** Images and documents before the text that is about them; an image is told apart by its name before it. */
function contentOf({ text, attachments = [] }: Message, marks: readonly number[]): Anthropic.MessageParam['content'] {
  if (attachments.length === 0) return marks.length === 0 ? text : blocksOf(text, marks);
  return [...markedLast(attachmentBlocks(attachments), marks.includes(0)), ...blocksOf(text, marks)];
}

function attachmentBlocks(attachments: readonly Attachment[]): readonly Anthropic.ContentBlockParam[] {
  return attachments.flatMap(({ type, name, data, mediaType }): readonly Anthropic.ContentBlockParam[] =>
    type === 'document'
      ? [{ type: 'document', title: name, source: { type: 'base64', media_type: 'application/pdf', data } }]
      : [
          { type: 'text', text: `${name}:` },
          { type: 'image', source: { type: 'base64', media_type: mediaType as ImageType, data } },
        ],
  );
}

type ImageType = Anthropic.Base64ImageSource['media_type'];

/**
 * What the Messages API takes: images of 5 MiB as base64, of 8,000 pixels an edge, of 2,000 when there are more than 20; 600 images or
 * pages (100 where the window is 200,000 tokens, which it says itself); 32 MB in all. (Anthropic's guides to vision and PDFs.)
 */
const LIMITS: AttachmentLimits = {
  image: 5 * 1024 * 1024,
  edge: 8_000,
  edgeOfMany: { many: 20, edge: 2_000 },
  images: 600,
  pages: 600,
  all: 32_000_000,
};

const STOPS: Readonly<Record<string, ModelReply['stop']>> = {
  end_turn: 'end',
  tool_use: 'tool_calls',
  stop_sequence: 'end',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'refused',
};

function readMessage(message: Partial<Anthropic.Message> | string | null, info: CallInfo): ModelReply {
  if (typeof message !== 'object' || !Array.isArray(message?.content)) throw malformed(info);
  const { content, usage, stop_reason, model } = message;
  if (!isCount(usage?.input_tokens) || !isCount(usage.output_tokens)) throw malformed(info);
  const cacheRead = countOr0(usage.cache_read_input_tokens);
  const cacheWrite = countOr0(usage.cache_creation_input_tokens);
  return {
    // By type, not by place: thinking blocks stand before the text.
    text: content.map((block) => (block?.type === 'text' ? block.text : '')).join(''),
    ...(stop_reason === 'tool_use' && callsIn(content, info.request)),
    stop: STOPS[stop_reason ?? ''] ?? 'other',
    // Anthropic counts tokens read from and written to the cache beside the input, not in it.
    usage: { input: usage.input_tokens + cacheRead + cacheWrite, output: usage.output_tokens, cacheRead, cacheWrite },
    model: typeof model === 'string' && model !== '' ? model : info.request.model,
    ...requestIdOf(message),
  };
}

function requestIdOf(message: object): { readonly requestId?: string } {
  const id = (message as { readonly _request_id?: unknown })._request_id;
  return typeof id === 'string' ? { requestId: id } : {};
}
