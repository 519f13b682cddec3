import type { JsonSchema } from '../base/json.ts';
import type { Api, ModelReply, ModelRequest, ProviderSettings, Usage } from '../contracts/provider.ts';
import type { CallInfo } from './failures.ts';
import { type CountTokens, isCount } from './token-count.ts';
import { openAiStrict, toDialect } from './wire-schema.ts';

/** OpenAI's own address. */
export const OPENAI_URL = 'https://api.openai.com/v1';

/** Counts tokens, for servers that do not report them; what is attached counts nothing where it does not say how. */
export type TokenCounter = () => Promise<CountTokens>;

/** How one of OpenAI's APIs writes a request and an answer; address, key, errors and limits are the same for all. */
export interface OpenAiApi {
  /** Below the base URL. */
  readonly path: string;
  /** It takes images in what came of a call of a tool. */
  readonly toolImages?: true;
  bodyOf(request: ModelRequest, info: Pick<CallInfo, 'provider' | 'compatible'>): object;
  /** Throws Failed for an answer that cannot be read, or that tells of a failure. */
  read(answer: unknown, info: CallInfo, tokenCounter: TokenCounter): Promise<ModelReply>;
}

/** True for a server that is not OpenAI's own, which has addresses by region too. */
export function isCompatible(baseUrl: string): boolean {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return host !== 'api.openai.com' && !host.endsWith('.api.openai.com');
}

/** The API a server is asked over: OpenAI over the newer one, servers that resemble it over the one that all of them have. */
export function apiOf({ api, baseUrl = OPENAI_URL }: Pick<ProviderSettings, 'api' | 'baseUrl'>): Api {
  return api ?? (isCompatible(baseUrl) ? 'chat_completions' : 'responses');
}

/** How much a model thinks, by level; undefined: as it likes. Older models cannot be told not to think: for them, a little is the least. */
export function effortOf({ reasoning, reasoningBy }: ModelRequest): string | undefined {
  return reasoning === 'none' && reasoningBy === 'always' ? 'low' : reasoning;
}

/** Strict where OpenAI's dialect can say it; otherwise the model is shown the schema as it is, and the answer is checked. */
export function formatOf(schema: NonNullable<ModelRequest['outputSchema']>): object {
  const strict = toDialect(schema, openAiStrict);
  return strict ? { name: 'answer', strict: true, schema: strict } : { name: 'answer', strict: false, schema };
}

/** What a tool takes: an object that says of its properties that there are none, where there are none, which OpenAI insists on. */
export function parametersOf({ properties = {}, ...input }: JsonSchema): JsonSchema {
  return { ...input, type: 'object', properties };
}

/** What an answer used by its own word, or counted where it has none that can be read. */
export async function usageOf(
  said: { readonly [part in keyof Usage]: unknown },
  request: ModelRequest,
  text: string,
  tokenCounter: TokenCounter,
): Promise<Usage> {
  const { input, output } = said;
  if (!isCount(input) || !isCount(output)) return counted(request, text, tokenCounter);
  // OpenAI's input has the cached tokens in it already, and its output what was thought.
  return {
    input,
    output,
    cacheRead: isCount(said.cacheRead) ? said.cacheRead : 0,
    cacheWrite: isCount(said.cacheWrite) ? said.cacheWrite : 0,
  };
}

async function counted({ messages }: ModelRequest, text: string, tokenCounter: TokenCounter): Promise<Usage> {
  const count = await tokenCounter();
  const sizes = messages.flatMap((message) => [
    count(message.text) + 4,
    ...(message.attachments ?? []).map((one) => count.attachment?.(one) ?? 0),
  ]);
  const input = sizes.reduce((sum, size) => sum + size, 3);
  return { input, output: count(text), cacheRead: 0, cacheWrite: 0 };
}

/** The model that answered, which says more than the one that was asked where that is an alias; some servers do not say. */
export function modelOf({ model }: { readonly model?: unknown }, request: ModelRequest): string {
  return typeof model === 'string' && model !== '' ? model : request.model;
}

/** The id by which OpenAI finds a request again. */
export function requestIdOf(answer: object): { readonly requestId?: string } {
  const id = (answer as { readonly _request_id?: unknown })._request_id;
  return typeof id === 'string' ? { requestId: id } : {};
}
