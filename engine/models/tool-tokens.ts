import type { Json } from '../base/json.ts';
import type { Message, ToolSignature } from '../contracts/provider.ts';
import type { ModelInfo } from './catalog.ts';
import type { CountTokens } from './tokens.ts';

/** What providers add to a request that has tools, once: 350 to 550 tokens for Claude, by Anthropic's table; others less. */
const WITH_TOOLS = 550;

/** The tools of a node are the same for every turn and item: they are counted once for each tokenizer. */
const counted = new WeakMap<readonly ToolSignature[], Map<ModelInfo | undefined, number>>();

/** An estimate of the tokens that tools add to a prompt: what they are, and the calls that were made of them. */
export function countTools(
  count: CountTokens,
  model: ModelInfo | undefined,
  tools: readonly ToolSignature[] | undefined,
  messages: readonly Message[],
): number {
  if (!tools || tools.length === 0) return 0;
  const known = counted.get(tools) ?? new Map<ModelInfo | undefined, number>();
  counted.set(tools, known);
  let total = known.get(model);
  if (total === undefined) {
    total = WITH_TOOLS + count(JSON.stringify(tools), model);
    known.set(model, total);
  }
  for (const { toolCalls, carry } of messages) {
    if (toolCalls) total += count(JSON.stringify(toolCalls), model);
    if (carry) total += countCarried(carry.content, (text) => count(text, model));
  }
  return total;
}

/** Fields whose text is sealed: base64 of what was thought, of which no tokenizer knows how long it is. */
const SEALED: ReadonlySet<string> = new Set(['encrypted_content', 'signature', 'data']);
/** Letters of a seal for one token at least: four bytes of text, a third more as base64. */
const LETTERS_PER_TOKEN = 4;

function countCarried(content: Json, count: (text: string) => number): number {
  let sealed = 0;
  const open = JSON.stringify(content, (key, value: unknown) => {
    if (!SEALED.has(key) || typeof value !== 'string') return value;
    sealed += value.length;
    return '';
  });
  return count(open) + Math.ceil(sealed / LETTERS_PER_TOKEN);
}
