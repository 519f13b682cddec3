import { nanoUsd, type Usd } from '../base/ids.ts';
import type { JsonSchema } from '../base/json.ts';
import type { Message, Reasoning, ToolSignature } from '../contracts/provider.ts';
import type { Budget } from './budget.ts';
import { type ModelInfo, priceOf } from './catalog.ts';
import { countRequest, loadTokenCounter } from './tokens.ts';
import { countTools } from './tool-tokens.ts';

/** The longest answer asked for when the author does not say: enough for a long document, with room for thinking. */
const DEFAULT_MAX_OUTPUT = 16_384;
/** The same for a model of which nothing is known: small local models refuse more than their window holds. */
const DEFAULT_MAX_OUTPUT_UNKNOWN = 4_096;
/** A default is lowered so far to fit the money that is left, and not further. */
const LEAST_OUTPUT = 1_024;
/** Estimates of prompts were at most 1 % too low over recorded calls; money is set aside for 10 % more. */
const ESTIMATE_MARGIN = 1.1;

/** The longest answer asked of a model when the author does not say, in tokens. Thinking is part of it, and gets its room. */
export function defaultMaxOutput(info: ModelInfo | undefined, reasoning?: Reasoning): number {
  if (info === undefined) return DEFAULT_MAX_OUTPUT_UNKNOWN;
  return Math.min(
    reasoning === 'high' ? 2 * DEFAULT_MAX_OUTPUT : DEFAULT_MAX_OUTPUT,
    info.maxOutput ?? Infinity,
    Math.floor((info.window ?? Infinity) / 2),
  );
}

/** How far a default may be lowered when money is short, in tokens. */
export function leastOutput(byDefault: number): number {
  return Math.min(LEAST_OUTPUT, byDefault);
}

export interface WorstCase {
  /** The longest answer that is paid for, in tokens. */
  readonly most: number;
  settle(cost: Usd | null): void;
}

interface Want {
  readonly messages: readonly Message[];
  readonly schema: JsonSchema | undefined;
  readonly tools: readonly ToolSignature[] | undefined;
  readonly least: number;
  readonly most: number;
}

/**
 * Sets aside what a call can cost at most: its prompt, and an answer of `most` tokens or, where the money does not reach, of at
 * least `least`. Without a budget, or without a price to reckon with, nothing is set aside. Throws Failed (budget_exceeded).
 */
export async function reserve(budget: Budget | undefined, info: ModelInfo | undefined, want: Want, abort: AbortSignal): Promise<WorstCase> {
  if (budget === undefined || info?.price === undefined) return { most: want.most, settle: () => {} };
  const count = await loadTokenCounter();
  const { messages, schema, tools } = want;
  const tokens = countRequest(count, info, messages, schema) + countTools(count, info, tools, messages);
  const input = Math.ceil(tokens * ESTIMATE_MARGIN);
  // Some providers write every prompt to their cache, and charge more for that than for reading it.
  const costOf = (output: number, cacheWrite: number): number => priceOf(info, { input, output, cacheRead: 0, cacheWrite }) ?? 0;
  const prompt = Math.max(costOf(0, 0), costOf(0, input));
  const perToken = (costOf(want.most, 0) - costOf(0, 0)) / want.most;
  let most = want.most;
  const reservation = await budget.reserve((unspent) => {
    const affordable = Math.floor((unspent - prompt) / perToken);
    most = Math.min(want.most, Math.max(want.least, affordable));
    return nanoUsd(Math.ceil(prompt + most * perToken));
  }, abort);
  return { most, settle: (cost) => reservation.settle(cost) };
}
