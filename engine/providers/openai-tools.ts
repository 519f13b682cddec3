import { isObject, type Json } from '../base/json.ts';
import type { Message, ModelReply, ModelRequest } from '../contracts/provider.ts';
import { wireNames } from './tool-names.ts';

/** A call as Chat Completions writes it, in the parts that servers agree on. */
interface WireCall {
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown };
}

/** The tools of a request as Chat Completions takes them; nothing when it has none. */
export function toolFields(request: ModelRequest): object {
  const { tools, toolChoice } = request;
  if (!tools || tools.length === 0) return {};
  const { toWire } = wireNames(request);
  return {
    tools: tools.map(({ name, description, input }) => ({
      type: 'function',
      function: { name: toWire(name), ...(description !== '' && { description }), parameters: input },
    })),
    ...(toolChoice !== undefined && toolChoice !== 'auto' && { tool_choice: toolChoice }),
  };
}

/** The messages of a conversation. */
export function conversationOf(request: ModelRequest, contentOf: (message: Message) => string | readonly object[]): readonly object[] {
  const { toWire } = wireNames(request);
  return request.messages.map((message): object => {
    const { role, text, toolCalls, callId, isError } = message;
    if (role === 'tool') return { role, tool_call_id: callId, content: isError ? `Error: ${text}` : text };
    if (role !== 'assistant' || !toolCalls) return { role, content: contentOf(message) };
    return {
      role,
      content: text === '' ? null : text,
      tool_calls: toolCalls.map(({ id, tool, args }) => ({
        id,
        type: 'function',
        // Servers that only resemble OpenAI's parse it, and answer 500 when it is no object.
        function: { name: toWire(tool), arguments: JSON.stringify(isObject(args) ? args : {}) },
      })),
    };
  });
}

/** The calls in an answer. Arguments that are no JSON stay a text, which fits no tool, so that the model is told. */
export function callsIn(
  message: { readonly tool_calls?: readonly WireCall[] | null },
  request: ModelRequest,
): Pick<ModelReply, 'toolCalls'> {
  const { fromWire } = wireNames(request);
  const calls = (Array.isArray(message.tool_calls) ? message.tool_calls : []).flatMap((call, index) =>
    call?.type === 'custom' || typeof call?.function?.name !== 'string'
      ? []
      : [{ id: call.id || `call_${index + 1}`, tool: fromWire(call.function.name), args: argumentsOf(call.function.arguments) }],
  );
  return calls.length === 0 ? {} : { toolCalls: calls };
}

function argumentsOf(text: unknown): Json {
  // Some servers give an object, or nothing for a tool without arguments.
  if (isObject(text)) return text;
  if (typeof text !== 'string' || text.trim() === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
