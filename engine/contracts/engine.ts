import type { Json, JsonObject } from '../base/json.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { RunEvent } from './event.ts';
import type { Plan } from './plan.ts';
import type { Tier } from './provider.ts';
import type { Document } from './source.ts';

/** Where the engine looks for things; every field has the process's own value as its default. */
export interface Surroundings {
  /** Relative paths given by the user start here. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A workflow that was read, checked and planned. */
export interface LoadedWorkflow {
  readonly name: string;
  readonly description?: string;
  /** Absolute. */
  readonly file: string;
  readonly plan: Plan;
  /** Where everything was written. */
  readonly document: Document;
  readonly warnings: readonly Diagnostic[];
}

export interface RunOptions extends Surroundings {
  readonly inputs?: JsonObject;
  /** Answers are made up, deterministically and fitting their schemas; no key is needed and nothing is spent. */
  readonly offline?: boolean;
  /** A replies file, relative to `cwd`; implies `offline`. */
  readonly replies?: string;
  /** Who starts the run; approvals can ask for somebody else. */
  readonly by?: string;
  /** First wish to stop: nothing new starts, what is in flight finishes. */
  readonly drain?: AbortSignal;
  /** Second wish: what is in flight is given up. */
  readonly abort?: AbortSignal;
  /** Called for every event in order, as it is journaled. */
  readonly onEvent?: (event: RunEvent) => void;
}

export interface WorkflowSummary {
  readonly name: string;
  readonly description?: string;
  /** Absolute. */
  readonly file: string;
  /** From the gallery that ships with dagrun. */
  readonly builtin: boolean;
  readonly nodes: number;
  /** How many mistakes it has; 0 when it is valid. */
  readonly mistakes: number;
}

export interface ModelSummary {
  /** `provider/model`. */
  readonly id: string;
  readonly name: string;
  /** Tiers that list it, in the present configuration. */
  readonly tiers: readonly Tier[];
  /** Dollars per million tokens; null when unknown. */
  readonly inputPrice: number | null;
  readonly outputPrice: number | null;
  readonly contextWindow: number | null;
  readonly maxOutput: number | null;
  readonly deprecated: boolean;
  /** Whether a key (or a base URL that needs none) is configured for its provider. */
  readonly usable: boolean;
}

/** One line of `dagrun doctor`. */
export interface Finding {
  readonly area: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly help?: string;
}

/** What `dagrun describe` shows of an input. */
export interface InputSummary {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: Json;
  readonly description?: string;
}
