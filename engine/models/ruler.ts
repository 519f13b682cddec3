import { Failed } from '../contracts/failure.ts';
import type { ModelAsk, Ruler } from '../contracts/provider.ts';
import type { Candidate } from './candidates.ts';
import type { ModelInfo } from './catalog.ts';
import { type CountTokens, countRequest, cutTokens, loadTokenCounter } from './tokens.ts';
import { countTools } from './tool-tokens.ts';
import { defaultMaxOutput } from './worst-case.ts';

/** Measures what is to be asked, for whichever of the candidates will be asked: by the one that makes the most tokens of a text. */
export async function rulerFor(ask: Pick<ModelAsk, 'maxOutputTokens' | 'reasoning'>, candidates: readonly Candidate[]): Promise<Ruler> {
  const count = await loadTokenCounter();
  const sample = 'The quick brown fox jumps over the lazy dog. '.repeat(10);
  const infos = candidates.map(({ info }) => info);
  const strictest = infos.reduce((a, b) => (count(sample, b) > count(sample, a) ? b : a), infos[0]);
  const rooms = infos.flatMap((info) => roomOf(info, ask) ?? []);
  return {
    ...(rooms.length > 0 && { most: Math.min(...rooms) }),
    text: (text) => count(text, strictest),
    prompt: ({ messages, outputSchema, tools }) =>
      countRequest(count, strictest, messages, outputSchema) + countTools(count, strictest, tools, messages),
    cut: (text, tokens) => cutTokens(text, tokens, strictest),
  };
}

/** Tokens of the largest prompt that leaves room for the answer; undefined when nothing is known of the model's window. */
function roomOf(info: ModelInfo | undefined, ask: Pick<ModelAsk, 'maxOutputTokens' | 'reasoning'>): number | undefined {
  if (info?.window === undefined && info?.maxInput === undefined) return undefined;
  const answer = Math.min(ask.maxOutputTokens ?? defaultMaxOutput(info, ask.reasoning), info.maxOutput ?? Infinity);
  return Math.max(1, Math.min(info.maxInput ?? Infinity, (info.window ?? Infinity) - answer));
}

/** Estimates for Claude were at most 13 % too high over recorded messages, and OpenAI's are exact. */
const AT_LEAST = 0.87;

/** False for a prompt that is short enough whatever its tokens are: one has a byte at least, and a letter three at most. */
export function mayBeTooLong({ messages }: Pick<ModelAsk, 'messages'>, info: ModelInfo | undefined): boolean {
  return messages.reduce((sum, { text }) => sum + text.length * 3, 0) > mostOf(info);
}

function mostOf(info: ModelInfo | undefined): number {
  return Math.min(info?.maxInput ?? Infinity, info?.window ?? Infinity);
}

/**
 * Makes sure that a prompt is not certainly longer than a model reads: it would be refused, after it was sent. Throws Failed
 * (context_too_long).
 */
export async function refuseTooLong(ask: Pick<ModelAsk, 'messages'>, name: string, info: ModelInfo | undefined): Promise<void> {
  const most = mostOf(info);
  const count: CountTokens = await loadTokenCounter();
  const texts = ask.messages.reduce((sum, { text }) => sum + count(text, info), 0);
  const least = Math.floor(texts * (info?.provider === 'openai' ? 1 : AT_LEAST));
  if (least <= most) return;
  throw new Failed({
    type: 'context_too_long',
    message: `the prompt is too long for ${name}: at least ${inThousands(least)} tokens, of which it reads ${inThousands(most)}`,
  });
}

/** `12,345`. */
function inThousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
