import { nanoUsd, type Usd } from '../base/ids.ts';
import type { Api, ReasoningControl, Tier, Usage } from '../contracts/provider.ts';
import file from './catalog.json' with { type: 'json' };

/** Dollars per million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
  /** Reading from the provider's prompt cache; the input price when the provider names no other. */
  readonly cacheRead?: number;
  /** Writing to the prompt cache for five minutes; the input price when the provider names no other. */
  readonly cacheWrite?: number;
}

/** What is known of a model. A field that is absent is not known. */
export interface ModelInfo {
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly price?: Prices;
  /** Prices of a whole call whose prompt has more than `tokens` tokens; ascending. */
  readonly above?: readonly (Prices & { readonly tokens: number })[];
  readonly batch?: { readonly input: number; readonly output: number };
  /** Tokens of prompt and answer together. */
  readonly window?: number;
  /** Tokens of the prompt alone, when that is limited further. */
  readonly maxInput?: number;
  readonly maxOutput?: number;
  /** Whether the provider holds the model to a JSON Schema. */
  readonly structured?: boolean;
  /** False: a request with a temperature is refused. */
  readonly temperature?: boolean;
  /** Whether it takes tools; `without_reasoning`: only while it does not think. */
  readonly tools?: boolean | 'without_reasoning';
  /** The same over Chat Completions, for models that take fewer there. */
  readonly chatTools?: false | 'without_reasoning';
  /** False: it is not told where to stop. */
  readonly stop?: boolean;
  /** Which API it is asked over, where its provider has several. */
  readonly api?: Api;
  readonly vision?: boolean;
  readonly pdf?: boolean;
  /** How it is told how much to think; false: it does not think, true: it does, and how it is told is not known. */
  readonly reasoning?: boolean | ReasoningControl;
  readonly tokenizer?: string;
  readonly status?: string;
  /** The day it is or was shut down, `2027-01-14`. */
  readonly shutdown?: string;
  /** Shut down on the day the catalog was read. */
  readonly retired?: boolean;
  /** Keys of the catalog's list of sources; prices are from the first. */
  readonly sources: readonly string[];
  /** The day the row was made. */
  readonly read: string;
}

const catalog = file as unknown as {
  readonly read: string;
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  readonly models: readonly ModelInfo[];
};

/** All models known, in the catalog's order. */
export const knownModels: readonly ModelInfo[] = catalog.models;

/** Candidates per tier when neither the workflow nor the configuration names any, `provider/model`, preferred first. */
export const suggestedTiers: Readonly<Record<Tier, readonly string[]>> = catalog.tiers;

/** The name of a candidate in its two parts: the text before and after the first slash. */
export function splitModel(name: string): { readonly provider: string; readonly model: string } {
  const slash = name.indexOf('/');
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
}

const byName: ReadonlyMap<string, ModelInfo> = new Map(catalog.models.map((model) => [`${model.provider}/${model.id}`, model]));

/** Versions of a model are named by date: `claude-opus-4-5-20251101`, `gpt-4o-2024-11-20`, `…-latest`. */
const VERSION = /-(?:20\d{6}|20\d\d-\d\d-\d\d|latest)$/;

const byFamily: ReadonlyMap<string, ModelInfo> = new Map(
  catalog.models.filter((model) => VERSION.test(model.id)).map((model) => [`${model.provider}/${model.id.replace(VERSION, '')}`, model]),
);

/** What is known of `provider/model`: by its own name, or by that of the model it is a dated version of. */
export function findModel(name: string): ModelInfo | undefined {
  const family = name.replace(VERSION, '');
  return byName.get(name) ?? byName.get(family) ?? byFamily.get(family);
}

/** One row per row and API, so that what is worked out for it is worked out once. */
const overApi: Readonly<Record<Api, WeakMap<ModelInfo, ModelInfo>>> = { responses: new WeakMap(), chat_completions: new WeakMap() };

/**
 * What is known of a model when it is asked over one of its provider's APIs: OpenAI's newer one has tools for all models, and texts
 * to stop at for none.
 */
export function askedOver(model: ModelInfo | undefined, api: Api | undefined): ModelInfo | undefined {
  if (model === undefined || api === undefined) return model;
  let known = overApi[api].get(model);
  if (known === undefined) {
    known = {
      ...model,
      api,
      ...(api === 'responses' ? { stop: false } : model.chatTools !== undefined && { tools: model.chatTools }),
    };
    overApi[api].set(model, known);
  }
  return known;
}

/**
 * The cost of one model call, in integer nano-dollars, rounded once (half up); null when the model's price is not known.
 *
 * `usage.cacheRead` and `usage.cacheWrite` are parts of `usage.input`: they are taken out of it and priced at their own rates.
 * A prompt above a price step is priced at that step as a whole, its answer too.
 *
 * Source: catalog.json, dollars per million tokens; each row names its sources and the day it was read.
 */
export function priceOf(model: ModelInfo | undefined, usage: Usage): Usd | null {
  if (model?.price === undefined) return null;
  const prices = model.above?.findLast((step) => usage.input > step.tokens) ?? model.price;
  const plain = Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite);
  const pico =
    plain * picoPerToken(prices.input) +
    usage.cacheRead * picoPerToken(prices.cacheRead ?? prices.input) +
    usage.cacheWrite * picoPerToken(prices.cacheWrite ?? prices.input) +
    usage.output * picoPerToken(prices.output);
  return nanoUsd(Math.floor((pico + 500) / 1000));
}

/** A dollar per million tokens is 10⁶ pico-dollars per token; whole, as no price has more than six digits after the point. */
function picoPerToken(price: number): number {
  return Math.round(price * 1e6);
}
