import type Anthropic from '@anthropic-ai/sdk';
import { isObject, type Json } from '../base/json.ts';
import type { Message, ModelReply, ModelRequest, ToolCall } from '../contracts/provider.ts';
import { type WireNames, wireNames } from './tool-names.ts';

/** The tools of a request as the Messages API takes them; nothing when it has none. */
export function toolFields(request: ModelRequest): Pick<Anthropic.MessageCreateParams, 'tools' | 'tool_choice'> {
  const { tools, toolChoice } = request;
  if (!tools || tools.length === 0) return {};
  const { toWire } = wireNames(request);
  return {
    tools: tools.map(({ name, description, input }) => ({
      name: toWire(name),
      ...(description !== '' && { description }),
      input_schema: { ...input, type: 'object' } as Anthropic.Tool.InputSchema,
    })),
    // Never a forced choice: models that always think refuse that.
    ...(toolChoice === 'none' && { tool_choice: { type: 'none' } }),
  };
}

/** The messages of a conversation but the system's: what came of the calls of one turn is one message of the user. */
export function conversationOf(
  request: ModelRequest,
  provider: string,
  contentOf: (message: Message) => Anthropic.MessageParam['content'],
): readonly Anthropic.MessageParam[] {
  const names = wireNames(request);
  const params: Anthropic.MessageParam[] = [];
  let results: Anthropic.ContentBlockParam[] | undefined;
  for (const message of request.messages) {
    if (message.role === 'system') continue;
    if (message.role === 'tool') {
      if (results === undefined) {
        results = [];
        params.push({ role: 'user', content: results });
      }
      results.push(resultOf(message));
      continue;
    }
    results = undefined;
    if (message.role === 'assistant' && message.toolCalls)
      params.push({ role: 'assistant', content: callsOf(message, message.toolCalls, `${provider}/${request.model}`, names) });
    else params.push({ role: message.role, content: contentOf(message) });
  }
  return params;
}

function resultOf({ text, callId = '', isError }: Message): Anthropic.ToolResultBlockParam {
  return {
    type: 'tool_result',
    tool_use_id: callId,
    // An empty text is refused.
    content: text === '' ? '(nothing)' : text,
    ...(isError && { is_error: true }),
  };
}

function callsOf({ text, carry }: Message, calls: readonly ToolCall[], candidate: string, names: WireNames): Anthropic.ContentBlockParam[] {
  if (carry?.of === candidate && Array.isArray(carry.content)) return carry.content as unknown as Anthropic.ContentBlockParam[];
  return [
    ...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]),
    ...calls.map(({ id, tool, args }) => ({
      type: 'tool_use' as const,
      id,
      name: names.toWire(tool),
      input: isObject(args) ? args : {},
    })),
  ];
}

/** The calls in an answer. Signed thinking before them has to come back as it is, and is carried along. */
export function callsIn(content: readonly Anthropic.ContentBlock[], request: ModelRequest): Pick<ModelReply, 'toolCalls' | 'carry'> {
  const { fromWire } = wireNames(request);
  const calls = content.flatMap((block) =>
    block?.type === 'tool_use' ? [{ id: block.id, tool: fromWire(block.name), args: (block.input ?? {}) as Json }] : [],
  );
  if (calls.length === 0) return {};
  const thinks = content.some((block) => block?.type === 'thinking' || block?.type === 'redacted_thinking');
  return { toolCalls: calls, ...(thinks && { carry: content as unknown as Json }) };
}
