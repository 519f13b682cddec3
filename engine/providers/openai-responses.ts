import { isObject, type Json } from '../base/json.ts';
import type { Message, ModelReply, ModelRequest } from '../contracts/provider.ts';
import { type CallInfo, failedWithin, malformed } from './failures.ts';
import { effortOf, formatOf, modelOf, type OpenAiApi, parametersOf, requestIdOf, type TokenCounter, usageOf } from './openai-api.ts';
import type { InputPart, Response } from './openai-sdk.ts';
import { argumentsAgain, argumentsOf, callsOf, carriedFor, offeredTools, resultText } from './tool-calls.ts';
import { wireNames } from './tool-names.ts';

/** Responses: what OpenAI asks people to use. Nothing is kept there: every request has the whole conversation in it. */
export const responses: OpenAiApi = { path: '/responses', toolImages: true, bodyOf, read };

/** The API refuses a shorter limit, although answers may be shorter. */
const LEAST_LIMIT = 16;

function bodyOf(request: ModelRequest, { provider }: Pick<CallInfo, 'provider'>): object {
  const { model, messages, maxOutputTokens, temperature, outputSchema } = request;
  const system = messages.filter(({ role }) => role === 'system').map(({ text }) => text);
  const effort = effortOf(request);
  return {
    model,
    store: false,
    ...(system.length > 0 && { instructions: system.join('\n\n') }),
    input: itemsOf(request, `${provider}/${model}`),
    ...toolsOf(request),
    max_output_tokens: Math.max(LEAST_LIMIT, maxOutputTokens),
    ...(temperature !== undefined && { temperature }),
    ...(effort !== undefined && { reasoning: { effort } }),
    ...(outputSchema && { text: { format: { type: 'json_schema', ...formatOf(outputSchema) } } }),
  };
}

function toolsOf(request: ModelRequest): object {
  const { toolChoice, thinks } = request;
  const tools = offeredTools(request);
  if (tools === undefined) return {};
  return {
    // Strict unless told otherwise, which not every schema of a tool can be.
    tools: tools.map(({ input, ...tool }) => ({ type: 'function', ...tool, parameters: parametersOf(input), strict: false })),
    ...(toolChoice !== undefined && toolChoice !== 'auto' && { tool_choice: toolChoice }),
    // What it thought before it called a tool is nowhere but in its answer. Models that do not think refuse the question.
    ...(thinks && { include: ['reasoning.encrypted_content'] }),
  };
}

/** The conversation but the system's part of it: messages, calls, and what came of them, one after the other. */
function itemsOf(request: ModelRequest, candidate: string): readonly object[] {
  const { toWire } = wireNames(request);
  return request.messages.flatMap((message): readonly object[] => {
    const { role, text, toolCalls, callId } = message;
    if (role === 'system') return [];
    if (role === 'tool') return [{ type: 'function_call_output', call_id: callId, output: resultOf(message) }];
    if (role !== 'assistant') return [{ role, content: contentOf(message) }];
    const carried = carriedFor(message, candidate);
    if (carried) return carried;
    return [
      ...(text === '' ? [] : [{ role, content: text }]),
      ...(toolCalls ?? []).map(({ id, tool, args }) => ({
        type: 'function_call',
        call_id: id,
        name: toWire(tool),
        arguments: JSON.stringify(argumentsAgain(args)),
      })),
    ];
  });
}

/** What came of a call: a text, and the images behind it that it names. */
function resultOf(message: Message): string | readonly InputPart[] {
  const { attachments = [] } = message;
  const text = resultText(message);
  if (attachments.length === 0) return text;
  const images = attachments.map(({ data, mediaType }): InputPart => imageOf(`data:${mediaType};base64,${data}`));
  return [{ type: 'input_text', text }, ...images];
}

function imageOf(url: string): InputPart {
  return { type: 'input_image', image_url: url, detail: 'auto' };
}

/** Images and documents before the text that is about them; an image is told apart by its name before it. */
function contentOf({ text, attachments = [] }: Message): string | readonly InputPart[] {
  if (attachments.length === 0) return text;
  return [
    ...attachments.flatMap(({ type, name, data, mediaType }): readonly InputPart[] => {
      const url = `data:${mediaType};base64,${data}`;
      if (type === 'document') return [{ type: 'input_file', filename: name, file_data: url }];
      return [{ type: 'input_text', text: `${name}:` }, imageOf(url)];
    }),
    { type: 'input_text', text },
  ];
}

/** Of a message. */
interface Part {
  readonly type?: string;
  readonly text?: unknown;
  readonly refusal?: unknown;
}

/** Of an answer: a message, what was thought, or a call; others are passed over. Servers that resemble OpenAI leave parts out. */
interface Item {
  readonly type?: string;
  readonly content?: unknown;
  /** Of a message: said on the way, or the answer. */
  readonly phase?: unknown;
  readonly encrypted_content?: unknown;
  readonly status?: unknown;
  readonly call_id?: unknown;
  readonly name?: unknown;
  readonly arguments?: unknown;
}

async function read(answer: unknown, info: CallInfo, tokenCounter: TokenCounter): Promise<ModelReply> {
  if (typeof answer !== 'object' || answer === null) throw malformed(info);
  const response = answer as Partial<Response>;
  if (response.status === 'failed' || response.error) throw failedWithin(response.error ?? {}, info);
  if (!Array.isArray(response.output) || !ENDED.includes(response.status ?? 'completed')) throw malformed(info);
  const { request } = info;
  const items = (response.output as readonly (Item | null)[]).filter((item) => typeof item === 'object' && item !== null);
  const { text, refusal } = saidIn(items);
  const { input_tokens, output_tokens, input_tokens_details: details } = response.usage ?? {};
  const said = { input: input_tokens, output: output_tokens, cacheRead: details?.cached_tokens, cacheWrite: details?.cache_write_tokens };
  const usage = await usageOf(said, request, text, tokenCounter);
  const reply = { usage, model: modelOf(response, request), ...requestIdOf(response) };
  if (refusal !== '') return { ...reply, text: refusal, stop: 'refused' };
  const shorter = upTo(request.stop, text);
  if (shorter !== undefined) return { ...reply, text: shorter, stop: 'end' };
  const stop = stopOf(response, usage.output, info);
  if (stop !== 'end') return { ...reply, text, stop };
  const calls = callsIn(items, request);
  return { ...reply, text, ...calls, stop: calls.toolCalls ? 'tool_calls' : 'end' };
}

/** Others are of requests that are worked on later, and of ones that were taken back; we make none of either. */
const ENDED: readonly string[] = ['completed', 'incomplete'];

function stopOf({ status, incomplete_details }: Partial<Response>, output: number, info: CallInfo): ModelReply['stop'] {
  if (status === 'incomplete') return incomplete_details?.reason === 'content_filter' ? 'refused' : 'length';
  // A limit below the least was raised; and some servers say that an answer is complete although they cut it off.
  const most = info.request.maxOutputTokens;
  return output > most || (output === most && info.compatible) ? 'length' : 'end';
}

/** What was said, without what was only said on the way where the answer is told apart; and a refusal, empty when there is none. */
function saidIn(items: readonly Item[]): { readonly text: string; readonly refusal: string } {
  const messages = items.filter(({ type }) => type === 'message');
  const final = messages.filter(({ phase }) => phase === 'final_answer');
  const parts = (final.length > 0 ? final : messages).flatMap(({ content }) =>
    Array.isArray(content) ? (content as (Part | null)[]) : [],
  );
  const joined = (type: string, of: (part: Part) => unknown): string =>
    parts
      .map((part) => (part?.type === type ? of(part) : ''))
      .filter((text) => typeof text === 'string')
      .join('');
  return { text: joined('output_text', ({ text }) => text), refusal: joined('refusal', ({ refusal }) => refusal) };
}

/** A text up to the first of the texts it was to stop at, which this API cannot be told; undefined when it has none of them. */
function upTo(stops: readonly string[] = [], text: string): string | undefined {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return ends.length === 0 ? undefined : text.slice(0, Math.min(...ends));
}

/** The calls in an answer, and all its items where they have to come back as they are: what was thought, and what was said on the way. */
function callsIn(items: readonly Item[], request: ModelRequest): Pick<ModelReply, 'toolCalls' | 'carry'> {
  const calls = callsOf(
    items.flatMap((item) =>
      item.type === 'function_call' && typeof item.name === 'string' ? [{ id: item.call_id, name: item.name, args: item.arguments }] : [],
    ),
    request,
  );
  if (!calls.toolCalls) return {};
  const thoughts = items.filter(({ type }) => type === 'reasoning');
  // A thought without what was thought, sealed or (at some servers) in the open, is only a name of what is kept there, and nothing is.
  const whole = thoughts.every(
    ({ encrypted_content, content }) =>
      (typeof encrypted_content === 'string' && encrypted_content !== '') || (Array.isArray(content) && content.length > 0),
  );
  const needed = thoughts.length > 0 || items.some(({ phase }) => typeof phase === 'string');
  return { ...calls, ...(whole && needed && { carry: items.map(asTakenBack) as unknown as Json }) };
}

/** An item as it is taken back: thoughts that are told to have ended are refused, and so are arguments that are no object. */
function asTakenBack(item: Item): Item {
  if (item.type === 'function_call') {
    const args = argumentsOf(item.arguments);
    return isObject(args) && typeof item.arguments === 'string' ? item : { ...item, arguments: JSON.stringify(argumentsAgain(args)) };
  }
  if (item.type !== 'reasoning') return item;
  const { status: _, ...thought } = item;
  return thought;
}
