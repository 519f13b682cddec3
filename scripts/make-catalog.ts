/**
 * Makes engine/models/catalog.json from a collection of model facts: `tsx scripts/make-catalog.ts <facts.json>`.
 * Only what the engine uses is kept, one model per line, so that a change of a price is one line of a diff.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Prices {
  readonly input: number | null;
  readonly output: number | null;
  readonly cache_read: number | null;
  readonly cache_write_5m: number | null;
}

interface Facts {
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly price_per_mtok: Prices;
  readonly price_tiers: readonly (Prices & { readonly input_tokens_above: number })[];
  readonly batch: { readonly input: number; readonly output: number; readonly source: string } | null;
  readonly context_window: number | null;
  readonly max_input_tokens: number | null;
  readonly max_output_tokens: number | null;
  readonly supports: Readonly<Record<string, boolean | null>>;
  readonly status: string | null;
  readonly deprecation_date: string | null;
  readonly seen_in: readonly string[];
  readonly tokenizer?: string;
  readonly retired: boolean;
}

interface Collection {
  readonly generated: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly suggested_tiers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly models: readonly Facts[];
}

const [input] = process.argv.slice(2);
if (input === undefined) throw new Error('usage: tsx scripts/make-catalog.ts <facts.json>');
const collection = JSON.parse(readFileSync(input, 'utf8')) as Collection;

const known = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

/** Sources write 0 both for "free" and for "not listed": neither is a price to count on. */
function prices(from: Prices): object | undefined {
  if (!from.input || !from.output) return undefined;
  return { input: from.input, output: from.output, cacheRead: known(from.cache_read), cacheWrite: known(from.cache_write_5m) };
}

/**
 * How a model is told how much to reason, where that is known; the first pattern that fits counts. From the vendors' guides, read
 * in November 2026: Anthropic's to thinking and to each model, OpenAI's to reasoning and to each model.
 */
const REASONING: readonly (readonly [RegExp, string])[] = [
  [/^anthropic\/claude-(haiku|sonnet|opus)-4-5/, 'budget'],
  [/^anthropic\/claude-(fable-|opus-5-5)/, 'always'],
  [/^anthropic\/claude-sonnet-5-5/, 'between_tools'],
  [/^anthropic\/claude-/, 'effort'],
  [/^openai\/gpt-(5\.[12456]|6)(?!.*-pro)/, 'effort'],
  [/^openai\/(o\d|gpt-5(\.3-codex)?)(?!.*-pro|\.\d+$|-chat)/, 'always'],
];

/**
 * What these take of tools over Chat Completions: GPT-6 Astra and 6.1 Sol none; nothing is said of 6.1 Terra, which is therefore asked; the others
 * since 5.4 only while they do not reason. Over Responses all of them take tools, reasoning or not.
 * (OpenAI's deployment checklist.)
 */
const CHAT_TOOLS: readonly (readonly [RegExp, false | 'without_reasoning'])[] = [
  [/^openai\/gpt-6(-astra|\.1-sol)/, false],
  [/^openai\/gpt-(5\.[456]|6)(?!.*-pro)/, 'without_reasoning'],
];

const ruleFor = <T>(rules: readonly (readonly [RegExp, T])[], { provider, id }: Facts): T | undefined =>
  rules.find(([pattern]) => pattern.test(`${provider}/${id}`))?.[1];

/** Anthropic's and OpenAI's models read a PDF as text and as images of its pages: those do that see. */
function pdf({ provider, supports }: Facts): boolean | undefined {
  return provider === 'anthropic' || provider === 'openai' ? known(supports.vision) : known(supports.pdf);
}

function row(facts: Facts): string {
  const flag = (name: string): boolean | undefined => known(facts.supports[name]);
  return JSON.stringify({
    provider: facts.provider,
    id: facts.id,
    name: facts.name,
    price: prices(facts.price_per_mtok),
    above:
      facts.price_tiers.length > 0 ? facts.price_tiers.map((tier) => ({ tokens: tier.input_tokens_above, ...prices(tier) })) : undefined,
    batch: facts.batch ? { input: facts.batch.input, output: facts.batch.output } : undefined,
    window: known(facts.context_window),
    maxInput: known(facts.max_input_tokens),
    maxOutput: known(facts.max_output_tokens),
    structured: flag('structured_output'),
    temperature: flag('temperature'),
    tools: flag('tools'),
    chatTools: flag('tools') === false ? undefined : ruleFor(CHAT_TOOLS, facts),
    vision: flag('vision'),
    pdf: pdf(facts),
    reasoning: flag('reasoning') === false ? false : (ruleFor(REASONING, facts) ?? flag('reasoning')),
    tokenizer: facts.tokenizer,
    status: known(facts.status),
    shutdown: known(facts.deprecation_date),
    retired: facts.retired || undefined,
    // The first source is where the prices are from; the others agree or fill gaps.
    sources: facts.seen_in,
    read: collection.generated,
  });
}

const tiers = Object.fromEntries(
  ['cheap', 'capable', 'premium'].map((tier) => [
    tier,
    Object.entries(collection.suggested_tiers).map(([provider, models]) => `${provider}/${models[tier]}`),
  ]),
);

const text = [
  '{',
  `"read": ${JSON.stringify(collection.generated)},`,
  '"unit": "US dollars per million tokens",',
  `"sources": ${JSON.stringify(collection.sources, null, 2)},`,
  `"tiers": ${JSON.stringify(tiers)},`,
  '"models": [',
  collection.models.map(row).join(',\n'),
  ']',
  '}',
  '',
].join('\n');
writeFileSync(new URL('../engine/models/catalog.json', import.meta.url), text);
