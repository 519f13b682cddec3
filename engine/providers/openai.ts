import type OpenAI from 'openai';
import type { Message, ModelReply, ModelRequest, Provider, ProviderSettings, Usage } from '../contracts/provider.ts';
import { type AttachmentLimits, checkAttachments } from './attachment-limits.ts';
import { type CallInfo, failedFrom, malformed } from './failures.ts';
import { callsIn, conversationOf, toolFields } from './openai-tools.ts';
import { type CountTokens, countOr0, isCount } from './token-count.ts';
import { type Delivery, openTransport, patienceFor } from './transport.ts';
import { openAiStrict, toDialect } from './wire-schema.ts';

const BASE_URL = 'https://api.openai.com/v1';

/** Counts tokens, for servers that do not report them; what is attached counts nothing where it does not say how. */
export type TokenCounter = () => Promise<CountTokens>;

/** OpenAI's Chat Completions, through its official SDK; with a base URL, every server that speaks the same (Ollama, llama.cpp, vLLM, …). */
export async function openOpenAi(
  { id, apiKey, baseUrl = BASE_URL, variable }: ProviderSettings,
  tokenCounter: TokenCounter,
): Promise<Provider> {
  const { OpenAI: Client } = await import('openai');
  const transport = openTransport();
  const compatible = baseUrl !== BASE_URL;
  const client = new Client({
    // The SDK will not start without a key; where there is none, the header is taken away again.
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    baseURL: baseUrl,
    // The engine retries; the SDK would sleep as long as `retry-after` says, without a cap.
    maxRetries: 0,
    fetch: transport.fetch,
    logLevel: 'off',
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
  });

  return {
    id,
    simulated: false,
    async complete(request, abort) {
      const info: CallInfo = { provider: id, baseUrl, request, abort, compatible, ...(variable && { variable }) };
      const delivery: Delivery = { abort, patience: patienceFor(request.maxOutputTokens) };
      try {
        if (!compatible) checkAttachments(request.messages, LIMITS, id);
        const completion = await client.post<OpenAI.ChatCompletion>('/chat/completions', {
          body: bodyOf(request, compatible),
          fetchOptions: delivery as object,
          timeout: delivery.patience,
        });
        return await readCompletion(completion, info, tokenCounter);
      } catch (error) {
        throw failedFrom(error, info);
      }
    },
    close: transport.close,
  };
}

function bodyOf(request: ModelRequest, compatible: boolean): object {
  const { model, maxOutputTokens, temperature, stop, outputSchema } = request;
  return {
    model,
    messages: conversationOf(request, contentOf),
    ...toolFields(request),
    // Reasoning models of OpenAI take only the newer name, most other servers only the older.
    ...(compatible ? { max_tokens: maxOutputTokens } : { max_completion_tokens: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stop }),
    ...effortOf(request),
    ...(outputSchema && { response_format: { type: 'json_schema', json_schema: formatOf(outputSchema) } }),
  };
}

/** Images and documents before the text that is about them; an image is told apart by its name before it. */
function contentOf({ text, attachments = [] }: Message): string | readonly OpenAI.ChatCompletionContentPart[] {
  if (attachments.length === 0) return text;
  return [
    ...attachments.flatMap(({ type, name, data, mediaType }): readonly OpenAI.ChatCompletionContentPart[] => {
      const url = `data:${mediaType};base64,${data}`;
      if (type === 'document') return [{ type: 'file', file: { filename: name, file_data: url } }];
      return [
        { type: 'text', text: `${name}:` },
        { type: 'image_url', image_url: { url } },
      ];
    }),
    { type: 'text', text },
  ];
}

/** Older models cannot be told not to think: for them, a little is the least. */
function effortOf({ reasoning, reasoningBy }: ModelRequest): object {
  if (reasoning === undefined) return {};
  return { reasoning_effort: reasoning === 'none' && reasoningBy === 'always' ? 'low' : reasoning };
}

/** What OpenAI itself takes: documents of 50 MB, 1,500 images, 512 MB in all. (OpenAI's guides to file inputs and images.) Others say it themselves. */
const LIMITS: AttachmentLimits = { documents: 50_000_000, images: 1_500, all: 512_000_000 };

/** Strict where OpenAI's dialect can say it; otherwise the model is shown the schema as it is, and the answer is checked. */
function formatOf(schema: NonNullable<ModelRequest['outputSchema']>): object {
  const strict = toDialect(schema, openAiStrict);
  return strict ? { name: 'answer', strict: true, schema: strict } : { name: 'answer', strict: false, schema };
}

const STOPS: Readonly<Record<string, ModelReply['stop']>> = { stop: 'end', length: 'length', content_filter: 'refused' };

async function readCompletion(
  completion: Partial<OpenAI.ChatCompletion> | string | null,
  info: CallInfo,
  tokenCounter: TokenCounter,
): Promise<ModelReply> {
  if (typeof completion !== 'object' || completion === null) throw malformed(info);
  const { message, finish_reason } = completion.choices?.[0] ?? {};
  if (typeof message !== 'object' || message === null) throw malformed(info);
  const text = textOf(message.content);
  const usage = usageOf(completion.usage) ?? (await counted(info.request, text, tokenCounter));
  // Some servers say "stop" although they cut the answer off.
  const cutOff = usage.output >= info.request.maxOutputTokens && info.compatible;
  const stop = message.refusal ? 'refused' : cutOff ? 'length' : (STOPS[finish_reason ?? ''] ?? 'other');
  // Some servers say "stop" although they want tools called.
  const calls = stop === 'refused' || stop === 'length' ? {} : callsIn(message, info.request);
  return {
    text: message.refusal || text,
    ...calls,
    stop: calls.toolCalls ? 'tool_calls' : stop,
    usage,
    model: completion.model ?? info.request.model,
    ...requestIdOf(completion),
  };
}

/** A text, or, from some servers, a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown }) => (typeof part?.text === 'string' ? part.text : '')).join('');
}

function usageOf(usage: OpenAI.CompletionUsage | undefined | null): Usage | undefined {
  if (!isCount(usage?.prompt_tokens) || !isCount(usage.completion_tokens)) return undefined;
  const details = usage.prompt_tokens_details;
  return {
    // OpenAI's input has the cached tokens in it already.
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
    cacheRead: countOr0(details?.cached_tokens),
    cacheWrite: countOr0(details?.cache_write_tokens),
  };
}

async function counted({ messages }: ModelRequest, text: string, tokenCounter: TokenCounter): Promise<Usage> {
  const count = await tokenCounter();
  const sizes = messages.flatMap((message) => [
    count(message.text) + 4,
    ...(message.attachments ?? []).map((one) => count.attachment?.(one) ?? 0),
  ]);
  const input = sizes.reduce((sum, size) => sum + size, 3);
  return { input, output: count(text), cacheRead: 0, cacheWrite: 0 };
}

function requestIdOf(completion: object): { readonly requestId?: string } {
  const id = (completion as { readonly _request_id?: unknown })._request_id;
  return typeof id === 'string' ? { requestId: id } : {};
}
