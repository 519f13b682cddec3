import { startWireServer, type WireServer } from './wire-server.ts';

/** What an answer says of its end, by the reason it stopped: `max_output_tokens` and `content_filter` are of incomplete ones. */
function endOf(stop: string): object {
  return stop === 'completed' ? { status: stop, incomplete_details: null } : { status: 'incomplete', incomplete_details: { reason: stop } };
}

/** A Response, as the API writes it. */
export function responseOf(output: readonly object[], more: object = {}): object {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    model: 'gpt',
    output,
    parallel_tool_calls: true,
    store: false,
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    },
    ...more,
  };
}

/** What was thought, sealed. */
export const thought = (id: string): object => ({ id, type: 'reasoning', summary: [], encrypted_content: `sealed-${id}` });

/** What was said. */
export const said = (text: string, more: object = {}): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  ...more,
});

/** A tool that is to be called. */
export const called = (id: string, name: string, args: unknown): object => ({
  id: `fc_${id}`,
  type: 'function_call',
  status: 'completed',
  call_id: id,
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
});

/** A server that speaks OpenAI's Responses API. Its base URL ends in `/v1`. */
export async function startResponsesServer(): Promise<WireServer> {
  const server = await startWireServer({
    answer: ({ text, stop = 'completed', usage, model }, { body }) =>
      responseOf([thought('rs_1'), said(text)], {
        ...endOf(stop),
        model: model ?? body.model,
        usage: usage ?? {
          input_tokens: 100,
          input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
          output_tokens: 20,
          output_tokens_details: { reasoning_tokens: 8 },
          total_tokens: 120,
        },
      }),
    error: ({ type, message }) => ({
      error: { message: message ?? 'it went wrong', type: 'invalid_request_error', param: null, code: type ?? null },
    }),
  });
  return { ...server, url: `${server.url}/v1` };
}
