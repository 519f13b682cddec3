import { startWireServer, type WireServer } from './wire-server.ts';

const ERRORS: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

/** A server that speaks Anthropic's Messages API. */
export function startAnthropicServer(): Promise<WireServer> {
  return startWireServer({
    answer: ({ text, stop = 'end_turn', usage, model }, { body }) => ({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: model ?? body.model,
      content: [
        { type: 'thinking', thinking: 'Let me see.', signature: 'c2ln' },
        ...(text === '' ? [] : [{ type: 'text', text, citations: null }]),
      ],
      stop_reason: stop,
      stop_sequence: null,
      usage: usage ?? { input_tokens: 100, output_tokens: 20, cache_creation_input_tokens: null, cache_read_input_tokens: null },
    }),
    error: ({ error, type, message }) => ({
      type: 'error',
      error: { type: type ?? ERRORS[error] ?? 'api_error', message: message ?? 'it went wrong' },
      request_id: 'req_1',
    }),
  });
}
