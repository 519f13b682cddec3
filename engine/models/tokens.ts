import { invariant } from '../base/assert.ts';
import type { Message } from '../contracts/provider.ts';
import { attachmentTokens } from './attachment-tokens.ts';
import type { ModelInfo } from './catalog.ts';

/** Counts the tokens of a text, as near as that is possible without asking the provider. */
export type CountTokens = (text: string, model?: ModelInfo) => number;

let counter: Promise<CountTokens> | undefined;
/** Cuts a text after so many o200k tokens; there once the tables are loaded. */
let cutAt: ((text: string, tokens: number) => string) | undefined;

/** The counter of tokens; its tables (2 MB) are loaded when it is first needed. */
export function loadTokenCounter(): Promise<CountTokens> {
  counter ??= import('gpt-tokenizer/encoding/o200k_base').then(({ countTokens, encode, decode }) => {
    // Without this, "<|endoftext|>" in somebody's text would be an exception.
    const options = { disallowedSpecial: new Set<string>() };
    cutAt = (text, tokens) => {
      const all = partsOf(text).flatMap((part) => encode(part, options));
      return all.length <= tokens ? text : sharedStart(text, decode(all.slice(0, tokens)));
    };
    const countParts = (text: string): number => partsOf(text).reduce((sum, part) => sum + countTokens(part, options), 0);
    return (text, model) => Math.ceil(countParts(text) * factorOf(model));
  });
  return counter;
}

/** So many letters, signs or blanks in a row are no word of any language. */
const STRETCH = /[\p{L}\p{M}]{200}|[^\s\p{L}\p{N}]{200}|\s{200}/gu;

/**
 * A text in parts that are counted by themselves. The time for a word grows with the square of its length: 100,000 dashes would hold
 * the process up for half a minute. Stretches are parted, which may make a token more for each part; other texts are one part.
 */
function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (const stretch of text.matchAll(STRETCH)) {
    const end = stretch.index + stretch[0].length;
    parts.push(text.slice(from, end));
    from = end;
  }
  return [...parts, text.slice(from)];
}

/** What two texts begin with. A letter may be several tokens: what half of one decodes to is not in the text. */
function sharedStart(text: string, other: string): string {
  let end = 0;
  while (end < other.length && text[end] === other[end]) end += 1;
  const isHalf = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '');
  return text.slice(0, isHalf ? end - 1 : end);
}

/** The beginning of a text, of at most so many of a model's tokens, cut between two of them. The counter was loaded. */
export function cutTokens(text: string, tokens: number, model: ModelInfo | undefined): string {
  invariant(cutAt, 'the tables are loaded');
  return cutAt(text, Math.max(0, Math.floor(tokens / factorOf(model))));
}

/**
 * How many of a model's tokens one o200k token makes. OpenAI's own: 1, exact. Claude's tokenizers are not public:
 * against recorded answers, Claude up to 4.6 took 1.12–1.14 times as many (1.06–1.26 a message), Claude 4.7 and later
 * 1.38–1.47 times; 1.15 and 1.45 gave a median of +6 %, from −1 % to +13 %. Other makers: as Claude's older one.
 */
function factorOf(model: ModelInfo | undefined): number {
  if (model === undefined || model.provider === 'openai') return 1;
  return model.tokenizer === 'claude-4.7+' ? 1.45 : 1.15;
}

/** What a request adds to the texts of its messages: 3, and 4 for each message (OpenAI, 33 of 39 recorded requests exactly; Claude about 7). */
const PER_REQUEST = 7;
const PER_MESSAGE = 4;

/** A schema is the same for every item of a fan-out: it is counted once. */
const counted = new WeakMap<object, number>();

/** An estimate of the prompt's tokens: messages with what is attached to them, and the schema the answer has to fit. */
export function countRequest(count: CountTokens, model: ModelInfo | undefined, messages: readonly Message[], schema?: object): number {
  let total = PER_REQUEST;
  for (const message of messages) {
    total += count(message.text, model) + PER_MESSAGE;
    for (const attachment of message.attachments ?? []) total += attachmentTokens(attachment, model);
  }
  if (schema === undefined) return total;
  let own = counted.get(schema);
  if (own === undefined) {
    own = count(JSON.stringify(schema));
    counted.set(schema, own);
  }
  return total + Math.ceil(own * factorOf(model));
}
