import type { Json, JsonObject } from '../base/json.ts';
import type { Votes } from './event.ts';
import type { FailureType } from './failure.ts';
import type { Tier } from './provider.ts';

/** What a run came to: printed by `run --json`, returned by `run()`. Money in dollars, durations in milliseconds. Schema: schemas/result.schema.json. */
export interface RunResult {
  readonly schemaVersion: 1;
  readonly run: string;
  readonly workflow: string;
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'waiting';
  /** Empty unless succeeded. */
  readonly outputs: JsonObject;
  readonly error?: ResultError;
  /** In plan order. */
  readonly nodes: readonly NodeResult[];
  readonly cost: CostReport;
  /** True when at least one answer came from no real model. */
  readonly simulated: boolean;
  readonly durationMs: number;
}

export interface ResultError {
  readonly type: FailureType;
  readonly code: string;
  readonly message: string;
  /** The node that failed the run, when one did. */
  readonly node?: string;
  readonly problems?: readonly string[];
  /** What failed inside the node. */
  readonly cause?: ResultError;
}

export interface NodeResult {
  readonly id: string;
  readonly kind: string;
  readonly status: 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'waiting';
  /** Who made its output, or was asked for it where nothing came of it: of several, all in the plural. Tiers from the cheapest up, models as they are listed in them. */
  readonly tier?: Tier;
  readonly tiers?: readonly Tier[];
  readonly model?: string;
  readonly models?: readonly string[];
  readonly provider?: string;
  readonly providers?: readonly string[];
  /** Tries started, over all items. */
  readonly attempts: number;
  /** Known cost of all its calls, failed ones included. */
  readonly cost: number;
  /** Calls whose cost is not known. */
  readonly unpricedCalls: number;
  readonly tokens: Tokens;
  /** From its first start to its end. */
  readonly durationMs: number;
  readonly skipReason?: string;
  readonly error?: ResultError;
  /** True when `on_error: { value }` stood in for it; `error` says for what. */
  readonly recovered?: boolean;
  readonly output?: Json;
  /** Present when outputs of it were taken over instead of being made again. */
  readonly reused?: Reused;
  readonly items?: readonly ItemResult[];
  /** Of a node that holds others: these, each over all items and rounds around it. */
  readonly nodes?: readonly NodeResult[];
  /** Of a node inside another: how often it has begun. */
  readonly runs?: number;
  /** The case taken. */
  readonly route?: string;
  /** Rounds made; of a fan-out, over all items. */
  readonly rounds?: number;
  /** False when a loop came to its last round, or the highest tier's answer was not good enough. */
  readonly accepted?: boolean;
  /** Of the candidate that was kept. */
  readonly score?: number;
  /** Of a `best_of` that votes; over all items and rounds. */
  readonly votes?: Votes;
}

/** Outputs that were made before, and for which nothing was called: they are in no other figure of the bill. */
export interface Reused {
  /** From the run that this one goes on from. */
  readonly fromRun: number;
  readonly fromCache: number;
  /** What their calls had cost, as far as that is known. */
  readonly saved: number;
}

export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export interface ItemResult {
  readonly index: number;
  readonly key?: string;
  readonly status: 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'waiting';
  readonly error?: ResultError;
  /** Known cost of its calls. */
  readonly cost: number;
  /** Calls whose cost is not known. */
  readonly unpricedCalls: number;
  readonly votes?: Votes;
}

export interface CostReport {
  readonly currency: 'USD';
  readonly total: number;
  /** The same tokens, all on the premium tier. Skipped nodes are not in it. Null when no premium price is known. */
  readonly baseline: number | null;
  readonly savings: number | null;
  readonly savingsPercent: number | null;
  readonly unpricedCalls: number;
  readonly reused: Reused;
  /** Present when providers kept beginnings of prompts, or answered from what they had kept. */
  readonly promptCache?: PromptCacheUse;
}

/** What was made of the caches that providers keep of prompts. */
export interface PromptCacheUse {
  /** Tokens that were read from them, and written to them. */
  readonly read: number;
  readonly written: number;
  /** What the same calls had cost more without, by their prices; below zero when more was written than was read. */
  readonly saved: number;
}
