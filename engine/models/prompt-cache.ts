import { nanoUsd, type Usd } from '../base/ids.ts';
import type { Breakpoint, CommonStart, Message, ModelAsk, ToolSignature, Usage, WarmUp } from '../contracts/provider.ts';
import { attachmentTokens } from './attachment-tokens.ts';
import type { Candidate } from './candidates.ts';
import { type ModelInfo, priceOf } from './catalog.ts';
import { type CountTokens, loadTokenCounter } from './tokens.ts';
import { countTools } from './tool-tokens.ts';

/**
 * The shortest beginning of a prompt that is kept, in tokens; the first pattern that fits counts. Sources: Anthropic's page on prompt
 * caching (Claude up to 5), as quoted in iii-hq/workers#1202, and OpenAI's; read 2026-11-20.
 */
const LEAST_KEPT: readonly (readonly [RegExp, number])[] = [
  [/^anthropic\/claude-(opus-5|fable-5|mythos-5)(-20\d{6})?$/, 512],
  [/^anthropic\/claude-(opus-4-5|opus-4-6|haiku-4-5)(?!\d)/, 4096],
  [/^anthropic\/claude-opus-4-7(?!\d)/, 2048],
  [/^anthropic\/claude-(opus-4-8|opus-4-1|sonnet-5|sonnet-4-\d)(-20\d{6})?$/, 1024],
  [/^openai\//, 1024],
];
/**
 * Of models whose makers do not say: most of the others keep so much. What is marked and shorter than what is kept costs what it costs
 * without a mark; only waiting for it would be in vain.
 */
const LEAST_KEPT_UNKNOWN = 1024;
/** The most that any of them wants: what is as long is kept by those as well of which it is not known. */
const SURELY_KEPT = 4096;

/** The marks that a request may have. Source: Anthropic's page on prompt caching, read 2026-11-20. */
const MOST_MARKS = 4;

/** Dollars. Less than a tenth of a cent is not worth waiting for an answer. */
const WORTH_WAITING = 0.001;

/** Tokens of the shortest beginning that a model keeps; `surely`: of one of which that is not known, as many as are certainly enough. */
function leastKept({ provider, id }: Pick<ModelInfo, 'provider' | 'id'>, surely = false): number {
  const name = `${provider}/${id}`;
  return LEAST_KEPT.find(([pattern]) => pattern.test(name))?.[1] ?? (surely ? SURELY_KEPT : LEAST_KEPT_UNKNOWN);
}

/**
 * Where a request to a candidate is marked: the ends of what it has in common with others, as far as they are long enough to be kept, and
 * cost less with all who have them when they are.
 */
export async function breakpointsOf(
  { starts = [] }: Pick<ModelAsk, 'starts'>,
  { info }: Pick<Candidate, 'info'>,
  messages: readonly Message[],
  tools: readonly ToolSignature[] | undefined,
): Promise<readonly Breakpoint[]> {
  const price = info?.price;
  if (!price || price.cacheRead === undefined || starts.length === 0) return [];
  const { input, cacheRead, cacheWrite = input } = price;
  const pays = ({ calls, atOnce }: CommonStart): boolean => atOnce * cacheWrite + (calls - atOnce) * cacheRead < calls * input;
  const found: Breakpoint[] = [];
  for (const start of starts.filter(pays)) {
    const { message, at } = start;
    if (found.some((one) => one.message === message && one.at === at)) continue;
    if (isWithinLetter(messages[message]?.text ?? '', at)) continue;
    if ((await tokensUpTo(start, info, messages, tools)) >= leastKept(info)) found.push({ message, at });
  }
  return found.toSorted((a, b) => a.message - b.message || a.at - b.at).slice(-MOST_MARKS);
}

/** Whether it pays that one ask of many is answered before the others are made, and what of. */
export async function warmUpOf(ask: ModelAsk, { info, name }: Candidate): Promise<WarmUp | undefined> {
  const start = ask.starts?.at(-1);
  if (!start || !info?.price) return undefined;
  const { input, cacheRead, cacheWrite } = info.price;
  const { calls, atOnce } = start;
  if (cacheRead === undefined || cacheWrite === undefined || calls < 2 || atOnce < 2) return undefined;
  const tokens = await tokensUpTo(start, info, ask.messages, ask.tools);
  if (tokens < leastKept(info, true)) return undefined;
  const cost = (all: number, wrote: number): number =>
    Math.min(all * input, wrote * cacheWrite + (all - wrote) * cacheRead) * (tokens / 1_000_000);
  return cost(calls, Math.min(calls, atOnce)) - cost(calls, 1) >= WORTH_WAITING ? { model: name, tokens } : undefined;
}

/** What a call had cost more without any cache; undefined where none was used, or the model has no price. */
export function savedByCache(info: ModelInfo | undefined, usage: Usage): Usd | undefined {
  if (usage.cacheRead === 0 && usage.cacheWrite === 0) return undefined;
  const cost = priceOf(info, usage);
  const plain = priceOf(info, { ...usage, cacheRead: 0, cacheWrite: 0 });
  return cost === null || plain === null ? undefined : nanoUsd(plain - cost);
}

/** An estimate of what a model reads up to a place: tools, messages, what is attached to them. */
async function tokensUpTo(
  { message, at }: Breakpoint,
  info: ModelInfo | undefined,
  messages: readonly Message[],
  tools: readonly ToolSignature[] | undefined,
): Promise<number> {
  const count = await loadTokenCounter();
  let tokens = countTools(count, info, tools, messages.slice(0, Math.max(0, message + 1)));
  for (const [index, { text, attachments = [] }] of messages.slice(0, message + 1).entries()) {
    for (const one of attachments) tokens += attachmentTokens(one, info);
    tokens += countOnce(count, index < message ? text : text.slice(0, at), info);
  }
  return tokens;
}

/** The same beginnings are counted for every item of a fan-out: the last of them are remembered. */
const counted = new Map<string, number>();
const REMEMBERED = 64;
/** Short texts are counted sooner than looked up. */
const LONG = 2_000;

function countOnce(count: CountTokens, text: string, info: ModelInfo | undefined): number {
  if (text.length < LONG) return count(text, info);
  const key = `${info?.provider}/${info?.tokenizer}/${text}`;
  const known = counted.get(key);
  if (known !== undefined) return known;
  const tokens = count(text, info);
  const [oldest] = counted.keys();
  if (counted.size >= REMEMBERED && oldest !== undefined) counted.delete(oldest);
  counted.set(key, tokens);
  return tokens;
}

/** Between the halves of a letter that JavaScript writes as two. */
function isWithinLetter(text: string, at: number): boolean {
  return /[\uD800-\uDBFF]/.test(text[at - 1] ?? '') && /[\uDC00-\uDFFF]/.test(text[at] ?? '');
}
