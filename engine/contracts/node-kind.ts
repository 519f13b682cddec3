import type { Instant, NodeId, TaskKey } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { Code } from './diagnostic.ts';
import type { Attachment, ModelAnswer, ModelAsk, ModelWant, PaidCall, Ruler } from './provider.ts';
import type { Path } from './source.ts';
import type { ToolBox } from './tool.ts';
import type { NodeDecl } from './workflow.ts';

/**
 * What sort of node: one file in `nodes/`, one line in `nodes/registry.ts`.
 * Its spec arrives rendered: templates printed, expressions evaluated. It touches the world through `ctx` only.
 */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds kinds of every spec; each kind's file knows its own.
export interface NodeKind<Spec = any> {
  readonly kind: string;
  /** One line: docs, CLI, editor hover. */
  readonly summary: string;
  /**
   * JSON Schema (draft-07 subset) of the kind's own fields, an object with `properties`, `required` and `additionalProperties: false`.
   * Every property carries a `description` and `x-holds: template | expression | literal`. `oneOf` and `dependencies` tell editors how the
   * fields go together; `check` says it in words.
   */
  readonly schema: JsonSchema;
  /** YAML of one node, its own fields only; checked by the tests, printed in the docs. */
  readonly example: string;
  /** True when the node calls a model: it takes the file's `defaults`, and 3 attempts instead of 1. */
  readonly callsModel: boolean;
  /** It neither writes files nor waits until somebody has, but for the tools it calls and the nodes inside it; when nothing is said, it may. */
  readonly leavesFiles?: true;
  /** What it asks models for, so that a run can make sure of it before it starts. */
  wants?(spec: JsonObject): readonly ModelWant[];
  /**
   * What a model is asked that has only what several tasks say in common, with the place where that ends as its only start; undefined
   * when they have nothing in common. The spec is rendered, fields that differ up to there. Throws Failed.
   */
  startOf?(spec: Spec, common: CommonText, ctx: Pick<TaskContext, 'readFiles'>): Promise<Omit<ModelAsk, 'origin'> | undefined>;
  /** The schema of its output when the author wrote none. */
  output(spec: JsonObject): JsonSchema;
  /** The expression field whose value is the output as it is: the output's type is then inferred from it. */
  readonly outputField?: string;
  /**
   * Present when its output follows from its rendered spec, so that one made before may stand for it: by an earlier run,
   * and by the cache. Without it, a node is always done again.
   */
  readonly reuse?: {
    /** Raised by a change of the kind's code that makes other outputs: older ones are then not used any more. */
    readonly version: number;
    /** What the output follows from besides the spec: texts of files. Throws Failed. */
    reads?(spec: Spec, ctx: Pick<TaskContext, 'readFiles'>): Promise<Json>;
    /** True when the same spec is meant to give the same output every time: the cache then answers without being asked to. */
    deterministic?(spec: Spec): boolean;
  };
  /** False when doing it twice may do harm: in doubt after a crash it is then not repeated unasked. `idempotent` of the node comes first. Default: true. */
  idempotent?(spec: JsonObject): boolean;
  /** True when it reaches a network: an offline run makes its output up. */
  readonly online?: boolean;
  /** Mistakes only this kind can see in its own fields, or in how they go with the rest of the node. */
  check?(spec: JsonObject, report: ReportField, node: NodeDecl): void;
  /** Its output, or `Parked` to wait for something without holding a worker. Throws Failed. */
  execute(spec: Spec, ctx: TaskContext): Promise<Json | Parked>;
  /** Its work is to wait, and holds nothing meanwhile: all items of a fan-out may do so at once. */
  readonly waits?: true;
  /** Goes on with a parked task, with the memo it left. Throws Failed. */
  wake?(spec: Spec, memo: Json, wake: Wake, ctx: TaskContext): Promise<Json | Parked>;
}

/** Reports a mistake. `path` starts at the own fields of the node; one that ends at a field that is missing stands for the whole. */
export type ReportField = (code: Code, path: Path, message: string, more?: { readonly label?: string; readonly help?: string }) => void;

/** What an executor returns to wait: the task holds nothing meanwhile, and the process may exit. */
export class Parked {
  readonly until: WakeCondition;
  /** What `wake` needs to go on; kept in the journal. */
  readonly memo: Json;
  readonly more: ParkedAs;
  constructor(until: WakeCondition, memo: Json = null, more: ParkedAs = {}) {
    this.until = until;
    this.memo = memo;
    this.more = more;
  }
}

/** What else is known of a task that waits. */
export interface ParkedAs {
  /** The memo holds what was paid for: it goes on from there, too, when its run has ended otherwise and gets another chance. */
  readonly lasting?: true;
  /** A yes makes the call of a tool with this digest again, which may have been made: whoever resumes the run may have said so beforehand. */
  readonly repeats?: string;
  /** That call was made inside of a tool: what else is known of the calls of the task is needed to go on. */
  readonly inside?: true;
}

/**
 * What a parked task waits for. With a `deadline`, it is woken then at the latest. A signal that was sent at `since` or later
 * counts even if it came before anybody waited for it.
 */
export type WakeCondition =
  | { readonly type: 'timer'; readonly at: Instant }
  | { readonly type: 'signal'; readonly name: string; readonly since: Instant; readonly deadline?: Instant }
  | { readonly type: 'approval'; readonly request: ApprovalRequest; readonly deadline?: Instant };

/** What a person is asked. */
export interface ApprovalRequest {
  readonly message: string;
  /** JSON Schema of what is filled in besides yes or no. */
  readonly form?: JsonSchema;
  /** Who may answer; anybody when empty. */
  readonly approvers: readonly string[];
  /** Whoever started the run may not answer. */
  readonly requireDifferentApprover: boolean;
}

/** Why a parked task goes on. */
export type Wake =
  | { readonly type: 'due' | 'deadline_passed' }
  | { readonly type: 'signalled'; readonly payload: Json; readonly by: string }
  | {
      readonly type: 'answered';
      readonly approved: boolean;
      readonly by: string;
      readonly reason: string | null;
      readonly form: Json;
      /** It was said beforehand, of all that may have been done. */
      readonly all?: true;
    };

/** What the workspace and the configuration let nodes touch. */
export interface Outside {
  /**
   * Where a path inside the workspace leads, symbolic links followed; there need not be anything yet. Relative paths start at the
   * workflow's folder. `name` is its path from there, the same on every machine. Throws Failed (file_unreadable) outside of it.
   */
  place(path: string): Promise<{ readonly name: string; readonly file: string }>;
  /** What a child process finds in its environment, beside what its node gives it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hosts in private networks that may be called: a name, `*.name`, an address or a network, each with or without `:port`. */
  readonly allowedHosts: readonly string[];
  /** The value of a secret. What the node gives, or fails of, is kept free of it. Throws Failed (unauthorized) when there is none. */
  secret(name: string): string;
}

/** A file of the workspace: a text, or what a model is shown as it is. `name` is its path from the workflow's folder, the same on every machine. */
export type WorkspaceFile = { readonly name: string } & ({ readonly text: string } | { readonly attachment: Attachment });

/** How much of what a task says several tasks say, all in the same words. */
export interface CommonText {
  /** Of each field that is not the same in all of them, by its path (`prompt`, `messages.0.content`): so many characters are. */
  readonly differs: ReadonlyMap<string, number>;
  /** As of a start of a request. */
  readonly calls: number;
  readonly atOnce: number;
}

/** All an executor may touch. */
export interface TaskContext {
  readonly node: NodeId;
  readonly task: TaskKey;
  readonly item?: number;
  /** From 1. */
  readonly attempt: number;
  /** Timeout or cancel. */
  readonly abort: AbortSignal;
  /** The schema the output must fit; undefined when the author wrote none. */
  readonly outputSchema: JsonSchema | undefined;
  /** What the node's checks find wrong with an output that fits its schema. */
  problemsOf(output: Json): readonly string[];
  /** What other tasks say as well, the most of them first: items of the fan-outs and rounds of the loops around. Absent when nobody minds. */
  common?(): readonly CommonText[];
  /** Calls a model; every call is journaled. Throws Failed. */
  ask(ask: Omit<ModelAsk, 'origin' | 'problemsOf'>): Promise<ModelAnswer>;
  /**
   * The same for a node of a workflow that is called as a tool: the path in `origin` starts there, and checks are its own. `tell` is told
   * of every call, also of those that were paid before.
   */
  askFor(ask: ModelAsk, tell: (paid: PaidCall) => Promise<void>): Promise<ModelAnswer>;
  /** What measures such an ask before it is made. Throws Failed. */
  ruler(ask: Omit<ModelAsk, 'origin' | 'problemsOf'>): Promise<Ruler>;
  /** The value at a path of what the node's fields can read (`nodes.scan.output.text`); null where there is none. */
  valueAt(path: string): Json;
  /** The spec rendered again, with other values at these paths. Throws Failed. */
  renderWith(values: ReadonlyMap<string, Json>): JsonObject;
  /**
   * The file at a path inside the workspace, or all that match a pattern (`docs/*.md`), sorted by name; relative paths start at the
   * workflow's folder. Throws Failed (file_unreadable), also when nothing matches.
   */
  readFiles(path: string): Promise<readonly WorkspaceFile[]>;
  /** The tools of the workflow; every call is journaled. */
  readonly tools?: ToolBox;
  /** What there is outside, beside models. */
  readonly outside: Outside;
  /** Sends a signal to one run, or to `all` that are under way; how many got it. Throws Failed when the run cannot get it. */
  send(name: string, payload: Json, to: string): Promise<number>;
  /** Says something of its work, for people; it is journaled. */
  log(text: string): Promise<void>;
  now(): Instant;
}
