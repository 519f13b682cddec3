import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
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
  /** An earlier run: what would be asked again in the same words is taken from it, and so are inputs that are not given. */
  readonly from?: string;
  /** With `from`: nodes that are done again all the same, and with them all that follows. */
  readonly refresh?: readonly string[];
  /** With `from`: only this node is done, on what the earlier run gave it to read. */
  readonly only?: string;
  /** False: nothing is taken from the cache, and nothing kept in it. Default: true; a replies file goes without it. */
  readonly cache?: boolean;
  /** Who starts the run; approvals can ask for somebody else. */
  readonly by?: string;
  /** False: return with status `waiting` as soon as the run only waits for somebody or for a time. Default: true. */
  readonly wait?: boolean;
  /** First wish to stop: nothing new starts, what is in flight finishes. */
  readonly drain?: AbortSignal;
  /** Second wish: what is in flight is given up. */
  readonly abort?: AbortSignal;
  /** Called for every event in order, as it is journaled. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Called at the end of a run that asks nobody, with what of its replies file was never used. */
  readonly onWarning?: (warning: Diagnostic) => void;
}

/** How an earlier run goes on. */
export interface ResumeOptions extends Surroundings {
  /** Another replies file than the one it began with. */
  readonly replies?: string;
  /** What was at work when its process ended is done again unasked, also where doing it twice may do harm. Default: false. */
  readonly repeatUnsafe?: boolean;
  readonly wait?: boolean;
  readonly drain?: AbortSignal;
  readonly abort?: AbortSignal;
  /** Called for every event that was journaled before, in order, before anything happens. */
  readonly onPast?: (event: RunEvent) => void;
  readonly onEvent?: (event: RunEvent) => void;
  /** Called at the end of a run that asks nobody, with what of its replies file was never used. */
  readonly onWarning?: (warning: Diagnostic) => void;
}

/** A question of a run that waits for a person. */
export interface OpenGate {
  readonly run: string;
  readonly workflow: string;
  /** The node that asks; of a fan-out with the index of its item, `sign_off[2]`. */
  readonly gate: string;
  readonly message: string;
  /** JSON Schema of what is filled in with a yes. */
  readonly form?: JsonSchema;
  /** Who may answer; anybody when empty. */
  readonly approvers: readonly string[];
  /** Whoever started the run may not answer. */
  readonly requireDifferentApprover: boolean;
  readonly startedBy: string | null;
  /** ISO 8601, UTC. */
  readonly askedAt: string;
  /** When it is too late; null for never. */
  readonly expiresAt: string | null;
  /** True while a process drives the run: it takes an answer at once. */
  readonly driven: boolean;
  /** An answer that was posted and that nobody has taken yet. */
  readonly posted: { readonly approved: boolean; readonly by: string } | null;
}

/** A person's answer to a gate. */
export interface GateAnswer {
  readonly approved: boolean;
  readonly by: string;
  readonly reason?: string;
  /** What was filled in. */
  readonly form?: Json;
}

/** What the cache holds, and what it was good for. Money in dollars. */
export interface CacheSummary {
  readonly entries: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Hits among all questions, from 0 to 1; null when there were none. */
  readonly hitRate: number | null;
  /** What the hits had cost when they were made, as far as that is known. */
  readonly saved: number;
  /** Sorted by name; hits and savings are those of the entries that are still there. */
  readonly workflows: readonly {
    readonly workflow: string;
    readonly entries: number;
    readonly bytes: number;
    readonly hits: number;
    readonly saved: number;
  }[];
}

export interface WorkflowSummary {
  readonly name: string;
  readonly description?: string;
  /** Absolute. */
  readonly file: string;
  /** From the gallery that ships with dagrun. */
  readonly builtin: boolean;
  /** The outermost. */
  readonly nodes: number;
  /** Files of the workflows among these that run it as a part of theirs: absolute. */
  readonly runBy: readonly string[];
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

/** A tool that a workflow declares. */
export interface ToolSummary {
  /** As nodes call it; `<server>/*` for a server that was never asked what it has. */
  readonly name: string;
  /** What it is made of: `script`, `command`, `http`, `workflow`, or the server's command line or address. */
  readonly from: string;
  readonly description: string;
  /** What it takes, in words; absent when that is not known. */
  readonly arguments?: string;
  readonly input?: JsonSchema;
  /** A person is asked before each call. */
  readonly approve: boolean;
  /** Doing it twice does no harm. */
  readonly idempotent: boolean;
}

/** What an MCP server said it offers, against what was known. */
export interface ServerUpdate {
  readonly server: string;
  /** Its command line, or its address. */
  readonly identity: string;
  readonly tools: number;
  /** Nothing was known of it. */
  readonly isNew: boolean;
  readonly changes: readonly { readonly tool: string; readonly what: 'added' | 'removed' | 'changed' }[];
}
