import type { Message, ModelReply, ModelRequest } from '../contracts/provider.ts';
import { type CallInfo, failedWithin, malformed } from './failures.ts';
import { effortOf, formatOf, modelOf, type OpenAiApi, parametersOf, requestIdOf, type TokenCounter, usageOf } from './openai-api.ts';
import type { Completion, CompletionPart } from './openai-sdk.ts';
import { argumentsAgain, callsOf, offeredTools, resultText } from './tool-calls.ts';
import { wireNames } from './tool-names.ts';

/** Chat Completions: what OpenAI's models were first asked over, and what every server that resembles OpenAI speaks. */
export const chatCompletions: OpenAiApi = { path: '/chat/completions', bodyOf, read };

function bodyOf(request: ModelRequest, { compatible }: Pick<CallInfo, 'compatible'>): object {
  const { model, maxOutputTokens, temperature, stop, outputSchema } = request;
  const effort = effortOf(request);
  return {
    model,
    messages: messagesOf(request),
    ...toolsOf(request),
    // Reasoning models of OpenAI take only the newer name, most other servers only the older.
    ...(compatible ? { max_tokens: maxOutputTokens } : { max_completion_tokens: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stop }),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...(outputSchema && { response_format: { type: 'json_schema', json_schema: formatOf(outputSchema) } }),
  };
}

function toolsOf(request: ModelRequest): object {
  const { toolChoice } = request;
  const tools = offeredTools(request);
  if (tools === undefined) return {};
  return {
    tools: tools.map(({ input, ...tool }) => ({ type: 'function', function: { ...tool, parameters: parametersOf(input) } })),
    ...(toolChoice !== undefined && toolChoice !== 'auto' && { tool_choice: toolChoice }),
  };
}

function messagesOf(request: ModelRequest): readonly object[] {
  const { toWire } = wireNames(request);
  return request.messages.map((message): object => {
    const { role, text, toolCalls, callId } = message;
    if (role === 'tool') return { role, tool_call_id: callId, content: resultText(message) };
    if (role !== 'assistant' || !toolCalls) return { role, content: contentOf(message) };
    return {
      role,
      content: text === '' ? null : text,
      tool_calls: toolCalls.map(({ id, tool, args }) => ({
        id,
        type: 'function',
        function: { name: toWire(tool), arguments: JSON.stringify(argumentsAgain(args)) },
      })),
    };
  });
}

/** Images and documents before the text that is about them; an image is told apart by its name before it. */
function contentOf({ text, attachments = [] }: Message): string | readonly CompletionPart[] {
  if (attachments.length === 0) return text;
  return [
    ...attachments.flatMap(({ type, name, data, mediaType }): readonly CompletionPart[] => {
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

const STOPS: Readonly<Record<string, ModelReply['stop']>> = { stop: 'end', length: 'length', content_filter: 'refused' };

async function read(answer: unknown, info: CallInfo, tokenCounter: TokenCounter): Promise<ModelReply> {
  if (typeof answer !== 'object' || answer === null) throw malformed(info);
  const completion = answer as Partial<Completion> & { readonly error?: object | string | null };
  const { message, finish_reason } = completion.choices?.[0] ?? {};
  if (typeof message !== 'object' || message === null) throw completion.error ? failedWithin(completion.error, info) : malformed(info);
  const text = textOf(message.content);
  const { prompt_tokens, completion_tokens, prompt_tokens_details: details } = completion.usage ?? {};
  const said = {
    input: prompt_tokens,
    output: completion_tokens,
    cacheRead: details?.cached_tokens,
    cacheWrite: details?.cache_write_tokens,
  };
  const usage = await usageOf(said, info.request, text, tokenCounter);
  // Some servers say "stop" although they cut the answer off.
  const cutOff = usage.output >= info.request.maxOutputTokens && info.compatible;
  const refusal = textOf(message.refusal);
  const stop = message.refusal ? 'refused' : cutOff ? 'length' : (STOPS[finish_reason ?? ''] ?? 'other');
  // Some servers say "stop" although they want tools called.
  const calls = stop === 'refused' || stop === 'length' ? {} : callsIn(message.tool_calls, info.request);
  return {
    text: refusal || text,
    ...calls,
    stop: calls.toolCalls ? 'tool_calls' : stop,
    usage,
    model: modelOf(completion, info.request),
    ...requestIdOf(completion),
  };
}

/** A call in the parts that servers agree on. */
interface Call {
  readonly id?: unknown;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown };
}

function callsIn(said: unknown, request: ModelRequest): Pick<ModelReply, 'toolCalls'> {
  const calls = (Array.isArray(said) ? said : []).flatMap((call: Call | null) => {
    const name = call?.function?.name;
    return call?.type === 'custom' || typeof name !== 'string' ? [] : [{ id: call?.id, name, args: call?.function?.arguments }];
  });
  return callsOf(calls, request);
}

/** A text, or, from some servers, a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown } | null) => (typeof part?.text === 'string' ? part.text : '')).join('');
}
