import { startWireServer, type WireServer } from './wire-server.ts';

/** A server that speaks OpenAI's Chat Completions API. Its base URL ends in `/v1`. */
export async function startOpenAiServer(): Promise<WireServer> {
  const server = await startWireServer({
    answer: ({ text, stop = 'stop', usage, model }, { body }) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: model ?? body.model,
      choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: stop }],
      usage: usage ?? {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    }),
    error: ({ type, message }) => ({
      error: { message: message ?? 'it went wrong', type: 'invalid_request_error', param: null, code: type ?? null },
    }),
  });
  return { ...server, url: `${server.url}/v1` };
}
