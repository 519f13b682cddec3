import type { Millis, NodeId, PlanDigest, Usd } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { FailureType } from './failure.ts';
import type { Tier } from './provider.ts';
import type { Path } from './source.ts';
import type { PlanTools } from './tool.ts';
import type { CacheDecl, Retry } from './workflow.ts';

/** What will run: plain JSON, complete in itself. A run keeps the plan it started with. */
export interface Plan {
  readonly version: 1;
  /** sha256 of the canonical JSON of everything below but `file` and `origin`s. */
  readonly digest: PlanDigest;
  readonly workflow: string;
  readonly description?: string;
  /** The workflow's file as it was named when loaded; for messages. */
  readonly file: string;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly constants: JsonObject;
  readonly tiers: Readonly<Partial<Record<Tier, readonly string[]>>>;
  readonly limits: PlanLimits;
  readonly partials: Readonly<Record<string, string>>;
  /** Topological; ties in document order. */
  readonly nodes: readonly PlanNode[];
  readonly outputs: Readonly<Record<string, PlanOutput>>;
  /** Absent when no node can call any. */
  readonly tools?: PlanTools;
}

export interface PlanInput {
  readonly schema: JsonSchema;
  readonly description?: string;
  readonly default?: Json;
}

export interface PlanLimits {
  readonly maxCost?: Usd;
  readonly timeout?: Millis;
  readonly concurrency: number;
  readonly onFailure: 'stop' | 'finish_branches';
}

export interface PlanNode {
  readonly id: NodeId;
  /** The kind of the first stage. */
  readonly kind: string;
  readonly description?: string;
  /** One edge per node waited for, in document order of the sources. */
  readonly after: readonly Edge[];
  /** Members of `needs: { any_of }`: the node is skipped when all of them were. */
  readonly anyOf?: readonly NodeId[];
  /** The number of nodes on the longest way from here to the end: what is urgent when slots are few. */
  readonly height: number;
  readonly skipIf?: { readonly when: Json; readonly negate: boolean; readonly reason?: string };
  readonly ifSkipped?: { readonly value: Json };
  readonly foreach?: PlanForeach;
  /** Rounds of the node, or of each of its items. */
  readonly loop?: PlanLoop;
  /** What part of its author's node it is, where it is not one itself: it has no place of its own in paths, replies and results. */
  readonly part?: NodePart;
  /** Names its fields can read beside those of its frame. */
  readonly binds?: Readonly<Record<string, Bind>>;
  /** Tried one after the other, each with its own retries: the node itself, then its fallback. Never empty. */
  readonly stages: readonly [Stage, ...Stage[]];
  readonly onError: { readonly action: 'fail' | 'skip' } | { readonly action: 'value'; readonly value: Json };
  readonly cache?: CacheDecl;
  /** What one task gives before `result`; `{}` is anything. */
  readonly output: JsonSchema;
  readonly check: readonly { readonly that: Json; readonly message?: string }[];
  readonly result?: Json;
  readonly origin: { readonly path: Path };
}

export interface PlanForeach {
  readonly items: Json;
  /** In place of `items`: so many, each its number from 1. */
  readonly times?: number | string;
  readonly as: string;
  readonly where?: Json;
  readonly key?: Json;
  /** A number, or an expression over `inputs`. */
  readonly concurrency?: number | string;
  readonly maxFailures?: number | string | { readonly percent: number };
}

/** The parts of an `evaluate` (generate, revise, evaluate) and of a `best_of` (candidate, judge); the loop of an `evaluate` that is inside something else. */
export type NodePart = 'generate' | 'revise' | 'evaluate' | 'candidate' | 'judge' | 'loop';

/** Where a name's value comes from: the output of the first of these nodes that was not skipped, or a field of the round before. */
export type Bind = { readonly from: readonly NodeId[] } | { readonly previous: string };

export type PlanLoop =
  | {
      readonly type: 'repeat';
      readonly until?: Json;
      /** A number, or an expression over `inputs`. */
      readonly max: number | string;
      readonly carry: Readonly<Record<string, { readonly first: Json; readonly next: Json }>>;
      readonly as?: string;
      readonly onExhausted: 'accept' | 'fail';
    }
  /** A round gives `{ candidate, evaluation }`, the node the candidate that is kept, adapted by its `result`. */
  | {
      readonly type: 'evaluate';
      readonly acceptIf: Json;
      readonly score?: Json;
      readonly max: number | string;
      readonly keep: 'best' | 'last';
      readonly stuck?: number | string;
      readonly onExhausted: 'accept' | 'fail';
    };

/** Nodes inside a node: doing the node is doing them. What each type gives is said in run/body.ts. */
export type PlanBody = { readonly nodes: readonly PlanNode[] } & (
  | { readonly type: 'group' }
  /** The nodes are the cases, by name; one without a node is a skip. */
  | { readonly type: 'route'; readonly by?: Json; readonly cases: readonly { readonly name: string; readonly when?: Json }[] }
  | { readonly type: 'evaluate' }
  /** Gives what its only node gives. */
  | { readonly type: 'single' }
  | { readonly type: 'best_of'; readonly n: number | string; readonly pick: 'vote' | 'judge'; readonly by?: Json }
  | ({ readonly type: 'workflow' } & SubPlan)
);

/** What a sub-workflow has of its own. */
export interface SubPlan {
  readonly workflow: string;
  /** As it is named in messages. */
  readonly file: string;
  /** Its folder, relative to that of the run's workflow: where its paths start. */
  readonly folder: string;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly constants: JsonObject;
  readonly partials: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, PlanOutput>>;
  readonly limits: Partial<PlanLimits>;
  /** Absent when no node of it can call any. */
  readonly tools?: PlanTools;
}

/** One way of doing a node's work. */
export interface Stage {
  readonly name: 'own' | 'escalated' | 'fallback';
  readonly kind: string;
  /** It holds nodes, and doing them is doing it. */
  readonly body?: PlanBody;
  /** Of an answer, which it sees as `output`: where this holds, the next stage is asked. */
  readonly escalateWhen?: Json;
  /** Not yet rendered. */
  readonly spec: JsonObject;
  readonly retry: Retry;
  readonly timeout?: Millis;
  /** Doing it twice may do harm: in doubt after a crash it is not repeated unasked. */
  readonly idempotent?: false;
  /** Failures that lead to this stage; all of them when absent. */
  readonly on?: readonly FailureType[];
}

export interface Edge {
  readonly from: NodeId;
  /** True when every read is guarded: the node waits for `from` to end, and runs even when it was skipped. */
  readonly optional: boolean;
  readonly reasons: readonly EdgeReason[];
}

export interface EdgeReason {
  readonly because: 'needs' | 'reference';
  /** The field that makes the edge. */
  readonly path: Path;
  /** For a reference: what is read (`nodes.scan.output.findings`). */
  readonly text?: string;
}

export interface PlanOutput {
  readonly value: Json;
  readonly description?: string;
  readonly schema?: JsonSchema;
}
