import type { Api, Provider, ProviderSettings } from '../contracts/provider.ts';
import { type AttachmentLimits, checkAttachments } from './attachment-limits.ts';
import { type CallInfo, failedFrom } from './failures.ts';
import { apiOf, isCompatible, OPENAI_URL, type OpenAiApi, type TokenCounter } from './openai-api.ts';
import { chatCompletions } from './openai-chat.ts';
import { responses } from './openai-responses.ts';
import { loadClient } from './openai-sdk.ts';
import { promptCacheKey } from './prompt-cache-key.ts';
import { type Delivery, openTransport, patienceFor } from './transport.ts';

const APIS: Readonly<Record<Api, OpenAiApi>> = { responses, chat_completions: chatCompletions };

/** OpenAI through its official SDK; with a base URL, every server that speaks one of its APIs (Ollama, llama.cpp, vLLM, …). */
export async function openOpenAi(settings: ProviderSettings, tokenCounter: TokenCounter): Promise<Provider> {
  const { id, apiKey, baseUrl = OPENAI_URL, variable } = settings;
  const transport = openTransport();
  const post = await loadClient(baseUrl, apiKey, transport);
  const compatible = isCompatible(baseUrl);
  const api = APIS[apiOf(settings)];

  return {
    id,
    simulated: false,
    ...(api.toolImages && { toolImages: api.toolImages }),
    async complete(request, abort) {
      const info: CallInfo = { provider: id, baseUrl, request, abort, compatible, ...(variable && { variable }) };
      const delivery: Delivery = { abort, patience: patienceFor(request.maxOutputTokens) };
      try {
        if (!compatible) checkAttachments(request.messages, LIMITS, id);
        const body = { ...api.bodyOf(request, info), ...(!compatible && promptCacheKey(request)) };
        const answer = await post(api.path, body, delivery);
        return await api.read(answer, info, tokenCounter);
      } catch (error) {
        throw failedFrom(error, info);
      }
    },
    close: transport.close,
  };
}

/** What OpenAI itself takes: documents of 50 MB, 1,500 images, 512 MB in all. (OpenAI's guides to file inputs and images.) Others say it themselves. */
const LIMITS: AttachmentLimits = { documents: 50_000_000, images: 1_500, all: 512_000_000 };
