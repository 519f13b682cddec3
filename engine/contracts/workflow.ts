import type { Millis, NodeId, Usd } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { FailureType } from './failure.ts';
import type { Tier } from './provider.ts';
import type { Document, Path } from './source.ts';
import type { ToolDecl } from './tool.ts';

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
  /** What models and `tool` nodes may call, in document order. */
  readonly tools: ReadonlyMap<string, ToolDecl>;
  /** The outermost nodes, in document order; those inside others are in their `body`. */
  readonly nodes: ReadonlyMap<NodeId, NodeDecl>;
  readonly outputs: ReadonlyMap<string, OutputDecl>;
  /** Texts of `partials/<name>.hbs` (or `.md`, `.txt`) beside the file, by name. */
  readonly partials: ReadonlyMap<string, string>;
  /** Names that stand in the file but whose shape is wrong: they exist, and nothing else is known of them, so nothing else is said of them. */
  readonly broken: { readonly nodes: ReadonlySet<string>; readonly inputs: ReadonlySet<string>; readonly tools?: ReadonlySet<string> };
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
  /** What it does instead of one task of its kind: it holds nodes, and its work is theirs. */
  readonly body?: BodyDecl;
  /** Rounds of the node, or of each of its items. */
  readonly repeat?: RepeatDecl;
  /** Of a model call: which tiers follow its own when that is not good enough. */
  readonly escalate?: EscalateDecl;
  /**
   * The kind's own fields as written, valid against the kind's schema, defaults of the file filled in, not yet rendered. Fields that
   * the nodes of a body hold are not in it.
   */
  readonly spec: JsonObject;
  /** Where those of its fields stand that are not written below `path`: in `defaults`, or in the node around it. */
  readonly places?: Readonly<Record<string, Path>>;
}

/**
 * Nodes inside a node. Each is a whole `NodeDecl`, whose path is where its fields stand (those that it shares with the node around it
 * stand there), so that whatever goes through nodes goes through these as well (`innerNodes` in lang/frames.ts).
 */
export type BodyDecl = GroupDecl | RouteDecl | EvaluateDecl | BestOfDecl | SubWorkflowDecl;

/** `kind: group`: what it gives is `result` over its nodes, or an object of their outputs. */
export interface GroupDecl {
  readonly type: 'group';
  readonly path: Path;
  readonly nodes: ReadonlyMap<NodeId, NodeDecl>;
}

/** One of several ways, chosen when its sources have settled; for each item anew. */
export interface RouteDecl {
  readonly type: 'route';
  readonly path: Path;
  /** What decides, by a case's name; absent where the cases have conditions. */
  readonly by?: Expression;
  readonly cases: readonly CaseDecl[];
}

export interface CaseDecl {
  /** As written; `default`; in a list of conditions `case_1`, and `default` for the one that has none. */
  readonly name: string;
  /** Of the case's fields. */
  readonly path: Path;
  /** Absent for `default`, and where `by` decides. */
  readonly when?: Expression;
  /** The node as this case makes it, its id the name of the case; absent for `skip`. */
  readonly node?: NodeDecl;
}

/** Candidates are made and judged until one is good enough. */
export interface EvaluateDecl {
  readonly type: 'evaluate';
  readonly path: Path;
  /** Makes the first candidate, and each one when there is no `revise`: the node's own call, with its `retry`, `escalate`, `output`, `check`. */
  readonly generate: NodeDecl;
  /** Makes all candidates but the first; sees `candidate` and `evaluation` of the round before. */
  readonly revise?: NodeDecl;
  /** Sees `candidate`; what it gives is `evaluation`. */
  readonly judge: NodeDecl;
  /** Sees `evaluation` and `candidate`. */
  readonly acceptIf: Expression;
  /** How good a candidate is; `evaluation.score` where that is a number and nothing else is said. */
  readonly score?: Expression;
  readonly maxIterations: Bound;
  readonly keep: 'best' | 'last';
  /** So many rounds without a better score are enough. */
  readonly stopWhenStuck?: Bound;
  readonly onExhausted: 'accept' | 'fail' | 'escalate';
}

/** Several answers to the same question, of which one is kept. */
export interface BestOfDecl {
  readonly type: 'best_of';
  readonly path: Path;
  readonly candidate: NodeDecl;
  readonly n: Bound;
  readonly pick: 'vote' | 'judge';
  /** What is voted on; sees `output`. The whole output when absent. */
  readonly by?: Expression;
  /** Sees `candidates`; gives `{ best }`, from 1. */
  readonly judge?: NodeDecl;
}

/** `kind: workflow`: another file. */
export interface SubWorkflowDecl {
  readonly type: 'workflow';
  readonly path: Path;
  /** As written. */
  readonly file: string;
  /** Absent when it cannot be read or has mistakes, which are told. */
  readonly workflow?: Workflow;
}

export interface RepeatDecl {
  readonly path: Path;
  /** The last round is the first after which this holds; sees the round's nodes and, as `output`, what it gave. */
  readonly until?: Expression;
  /** At most so many rounds; exactly so many without `until` (`times`). */
  readonly max: Bound;
  readonly carry: ReadonlyMap<string, CarryDecl>;
  /** The name under which the loop is read: `attempt.previous`. */
  readonly as?: string;
  readonly onExhausted: 'accept' | 'fail';
}

/** A value that goes through the rounds of a loop. */
export interface CarryDecl {
  readonly path: Path;
  readonly first: Expression;
  /** Sees what `until` sees, and `carry`. */
  readonly next: Expression;
}

export interface EscalateDecl {
  readonly path: Path;
  /** The highest tier. */
  readonly to: Tier;
  /** Failures that lead to the next tier. */
  readonly on: readonly FailureType[];
  /** An answer for which this holds is not good enough; sees `output`. */
  readonly when?: Expression;
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
      /** As of a node: where those of its fields stand that are not written below `path`. */
      readonly places?: Readonly<Record<string, Path>>;
      /** Of a fallback to another file. */
      readonly body?: SubWorkflowDecl;
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
