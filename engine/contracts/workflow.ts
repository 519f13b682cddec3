import type { Millis, NodeId, Usd } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { FailureType } from './failure.ts';
import type { Tier } from './provider.ts';
import type { Document, Path } from './source.ts';

/** What the author wrote: the shape is right, the meaning is not checked yet. */
export interface Workflow {
  readonly document: Document;
  readonly name: string;
  readonly description?: string;
  readonly inputs: ReadonlyMap<string, InputDecl>;
  readonly constants: JsonObject;
  /** Expanded JSON Schemas by name; a reference between them is written `#/$defs/<name>` and each carries the `$defs` it needs. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** Candidates per tier, `provider/model`, as written in this file; configuration supplies the tiers left out. */
  readonly tiers: Readonly<Partial<Record<Tier, readonly string[]>>>;
  readonly limits: Limits;
  /** In document order. */
  readonly nodes: ReadonlyMap<NodeId, NodeDecl>;
  readonly outputs: ReadonlyMap<string, OutputDecl>;
  /** Texts of `partials/<name>.hbs` (or `.md`, `.txt`) beside the file, by name. */
  readonly partials: ReadonlyMap<string, string>;
  /** Names that stand in the file but whose shape is wrong: they exist, and nothing else is known of them, so nothing else is said of them. */
  readonly broken: { readonly nodes: ReadonlySet<string>; readonly inputs: ReadonlySet<string> };
}

export interface InputDecl {
  readonly name: string;
  readonly path: Path;
  /** Expanded and self-contained; without `default`. */
  readonly schema: JsonSchema;
  readonly description?: string;
  /** Present when the input is optional. */
  readonly default?: Json;
}

export interface Limits {
  /** The most a run may spend. */
  readonly maxCost?: Usd;
  readonly timeout?: Millis;
  /** Calls in flight. */
  readonly concurrency?: number;
  readonly onFailure: 'stop' | 'finish_branches';
}

/** CEL text, or a structure (map or list) whose texts are CEL, or a plain constant. */
export interface Expression {
  readonly source: Json;
  readonly path: Path;
}

/** A Handlebars template. */
export interface Template {
  readonly text: string;
  readonly path: Path;
}

export interface NodeDecl {
  readonly id: NodeId;
  /** A key of the node-kind registry. */
  readonly kind: string;
  readonly path: Path;
  readonly description?: string;
  /** Written by hand; references add more. */
  readonly needs: readonly Need[];
  readonly skipIf?: SkipDecl;
  readonly ifSkipped?: Expression;
  readonly foreach?: ForeachDecl;
  readonly retry: Retry;
  /** Of one try; parked time does not count. */
  readonly timeout?: Millis;
  readonly onError: OnErrorDecl;
  readonly cache?: CacheDecl;
  /** Whether doing it twice does no harm; when nothing is said, its kind decides. */
  readonly idempotent?: boolean;
  /** Expanded and self-contained; absent when the author wrote none (the kind's own default holds). */
  readonly output?: JsonSchema;
  readonly check: readonly CheckDecl[];
  readonly result?: Expression;
  /** The kind's own fields as written, valid against the kind's schema, defaults of the file filled in, not yet rendered. */
  readonly spec: JsonObject;
}

export interface Need {
  readonly from: NodeId;
  readonly path: Path;
  /** `x: optional`: waits for x to end, runs even when x was skipped. */
  readonly optional: boolean;
  /** Member of `any_of`: as optional, but the node is skipped when all members were skipped. */
  readonly anyOf: boolean;
}

export interface SkipDecl {
  readonly when: Expression;
  /** True when written as `run_if`: skipped when `when` is false. */
  readonly negate: boolean;
  readonly reason?: Template;
  readonly path: Path;
}

export interface ForeachDecl {
  readonly path: Path;
  readonly items: Expression;
  /** The name of one item inside the node's fields; `item` unless `as` was written. */
  readonly as: string;
  readonly where?: Expression;
  readonly key?: Expression;
  /** At most so many items in flight; a number, or an expression over `inputs`. */
  readonly concurrency?: Bound;
  readonly maxFailures?: Bound | { readonly percent: number };
}

/** A whole number, or an expression over `inputs` that gives one. */
export type Bound = { readonly value: number } | { readonly expression: Expression };

export interface Retry {
  readonly maxAttempts: number;
  readonly backoff: 'exponential' | 'constant';
  readonly initialDelay: Millis;
  readonly maxDelay: Millis;
  readonly retryOn: readonly FailureType[];
}

export type OnErrorDecl =
  | { readonly action: 'fail' | 'skip' }
  | { readonly action: 'value'; readonly value: Expression }
  /** `fields` replace the node's own for one more try; `spec` is the outcome of that replacement. */
  | {
      readonly action: 'fallback';
      readonly path: Path;
      readonly kind: string;
      readonly spec: JsonObject;
      readonly retry: Retry;
      readonly timeout?: Millis;
    };

/** Whether the cache may answer for a node; when nothing is said, its kind decides. */
export interface CacheDecl {
  readonly use: boolean;
  /** No older answers. */
  readonly ttl?: Millis;
}

export interface CheckDecl {
  readonly that: Expression;
  readonly message?: string;
  readonly path: Path;
}

export interface OutputDecl {
  readonly name: string;
  readonly path: Path;
  readonly value: Expression;
  readonly description?: string;
  readonly schema?: JsonSchema;
}
