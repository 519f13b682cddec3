import type { Json } from '../base/json.ts';
import type { Message, ModelReply, ModelRequest, ToolCall } from '../contracts/provider.ts';
import { KEEP, marksIn } from './anthropic-marks.ts';
import { argumentsAgain, callsOf, carriedFor, offeredTools } from './tool-calls.ts';
import { type WireNames, wireNames } from './tool-names.ts';

/** Parts of a message, as the Messages API writes them. */
type Content = string | readonly object[];
type Param = { readonly role: 'user' | 'assistant'; readonly content: Content };
/** Of an answer: a text, thinking, or a call. */
interface Block {
  readonly type: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
}

/** The tools of a request as the Messages API takes them; nothing when it has none. */
export function toolFields(request: ModelRequest): object {
  const tools = offeredTools(request);
  if (tools === undefined) return {};
  const marked = marksIn(request, -1).length > 0;
  return {
    tools: tools.map(({ input, ...tool }, index) => ({
      ...tool,
      input_schema: { ...input, type: 'object' },
      ...(marked && index === tools.length - 1 && KEEP),
    })),
    // Never a forced choice: models that always think refuse that.
    ...(request.toolChoice === 'none' && { tool_choice: { type: 'none' } }),
  };
}

/** The messages of a conversation but the system's: what came of the calls of one turn is one message of the user. */
export function conversationOf(
  request: ModelRequest,
  provider: string,
  contentOf: (message: Message, marks: readonly number[]) => Content,
): readonly Param[] {
  const names = wireNames(request);
  const params: Param[] = [];
  let results: object[] | undefined;
  for (const [index, message] of request.messages.entries()) {
    if (message.role === 'system') continue;
    const marks = marksIn(request, index);
    if (message.role === 'tool') {
      if (results === undefined) {
        results = [];
        params.push({ role: 'user', content: results });
      }
      results.push({ ...resultOf(message), ...(marks.length > 0 && KEEP) });
      continue;
    }
    results = undefined;
    if (message.role === 'assistant' && message.toolCalls)
      params.push({ role: 'assistant', content: partsOf(message, message.toolCalls, `${provider}/${request.model}`, names) });
    else params.push({ role: message.role, content: contentOf(message, marks) });
  }
  return params;
}

function resultOf({ text, callId = '', isError, attachments = [] }: Message): object {
  // An empty text is refused.
  const said = text === '' ? '(nothing)' : text;
  const images = attachments.map(({ mediaType, data }) => ({ type: 'image', source: { type: 'base64', media_type: mediaType, data } }));
  return {
    type: 'tool_result',
    tool_use_id: callId,
    content: images.length === 0 ? said : [{ type: 'text', text: said }, ...images],
    ...(isError && { is_error: true }),
  };
}

function partsOf(message: Message, calls: readonly ToolCall[], candidate: string, names: WireNames): readonly object[] {
  const carried = carriedFor(message, candidate);
  if (carried) return carried;
  return [
    ...(message.text.trim() === '' ? [] : [{ type: 'text', text: message.text }]),
    ...calls.map(({ id, tool, args }) => ({
      type: 'tool_use',
      id,
      name: names.toWire(tool),
      input: argumentsAgain(args),
    })),
  ];
}

/** The calls in an answer. Signed thinking before them has to come back as it is, and is carried along. */
export function callsIn(content: readonly Block[], request: ModelRequest): Pick<ModelReply, 'toolCalls' | 'carry'> {
  const calls = callsOf(
    content.flatMap((block) => (block?.type === 'tool_use' ? [{ id: block.id, name: String(block.name), args: block.input }] : [])),
    request,
  );
  if (!calls.toolCalls) return {};
  const thinks = content.some((block) => block?.type === 'thinking' || block?.type === 'redacted_thinking');
  return { ...calls, ...(thinks && { carry: content as unknown as Json }) };
}
