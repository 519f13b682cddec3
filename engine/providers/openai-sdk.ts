import type OpenAI from 'openai';
import type { Delivery, Transport } from './transport.ts';

export type Completion = OpenAI.ChatCompletion;
export type CompletionPart = OpenAI.ChatCompletionContentPart;
export type Response = OpenAI.Responses.Response;
export type InputPart = OpenAI.Responses.ResponseInputContent;

/** Posts a body to a path below the base URL: the answer's JSON. Throws what the SDK throws. */
export type Post = (path: string, body: object, delivery: Delivery) => Promise<unknown>;

/** OpenAI's official SDK, loaded when it is first needed, without all that the engine does itself. */
export async function loadClient(baseUrl: string, apiKey: string | undefined, { fetch }: Transport): Promise<Post> {
  const { OpenAI: Client } = await import('openai');
  const client = new Client({
    // The SDK will not start without a key; where there is none, the header is taken away again.
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    baseURL: baseUrl,
    // The engine retries; the SDK would sleep as long as `retry-after` says, without a cap.
    maxRetries: 0,
    fetch,
    logLevel: 'off',
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
  });
  return (path, body, delivery) => client.post<unknown>(path, { body, fetchOptions: delivery as object, timeout: delivery.patience });
}
