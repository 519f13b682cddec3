import type { Millis } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { ApprovalRequest, TaskContext } from './node-kind.ts';
import type { Plan } from './plan.ts';
import type { Attachment, ToolSignature } from './provider.ts';
import type { Path } from './source.ts';
import type { Workflow } from './workflow.ts';

/** What a tool is made of: kinds of nodes, one of whose work it does, or a server that offers several. */
export type ToolType = 'script' | 'command' | 'http' | 'workflow' | 'mcp';

/** An entry of `tools`, as the author wrote it. */
export type ToolDecl = OwnToolDecl | ServerDecl;

interface ToolDeclBase {
  /** The key below `tools`. */
  readonly name: string;
  readonly path: Path;
  readonly description?: string;
}

/** A tool that does what a node of some kind does, with `args`. */
export interface OwnToolDecl extends ToolDeclBase {
  readonly type: Exclude<ToolType, 'mcp'>;
  /** What its arguments must fit: an object, expanded and self-contained. */
  readonly input: JsonSchema;
  /** Of a tool that is a workflow; absent when its file cannot be read or has mistakes, which are told. */
  readonly workflow?: Workflow;
  /** The fields of its kind, as written. */
  readonly spec: JsonObject;
  /** Where the fields stand. */
  readonly at: Path;
  /** Whether doing it twice does no harm; when nothing is said, its kind decides. */
  readonly idempotent?: boolean;
  readonly approve: boolean;
  readonly timeout?: Millis;
}

/** An MCP server: its tools are called `<name>/<tool>`. */
export interface ServerDecl extends ToolDeclBase {
  readonly type: 'mcp';
  /** How it is reached, as written. */
  readonly spec: JsonObject;
  readonly at: Path;
  /** What it is called in `dagrun.lock`. */
  readonly identity: string;
  /** What the workflow says of single tools. */
  readonly rules: ReadonlyMap<string, ToolRules>;
  /** What `dagrun.lock` says it offers, by name; absent when it has no entry. */
  readonly offers?: readonly ServerTool[];
  readonly timeout?: Millis;
}

export interface ToolRules {
  readonly path: Path;
  readonly approve?: boolean;
  readonly idempotent?: boolean;
  readonly timeout?: Millis;
}

/** A tool as a server describes it: what a lock file keeps. */
export interface ServerTool {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema;
  readonly output?: JsonSchema;
  /** It says that it changes nothing. */
  readonly readOnly?: true;
}

/** A tool that nodes of a plan can call; by its whole name, `search_db` or `fs/read_file`. */
export interface PlanTool {
  readonly description: string;
  readonly input: JsonSchema;
  /** What it gives, when that is known. */
  readonly output?: JsonSchema;
  readonly does: PlanToolWork;
  /** Of one call. */
  readonly timeout: Millis;
  /** Doing it twice may do harm. */
  readonly idempotent?: false;
  /** Somebody is asked before it is called. */
  readonly approve?: true;
}

export type PlanToolWork =
  /** What a node of this kind does; the spec is not yet rendered, and sees `args`. */
  | { readonly type: 'kind'; readonly kind: string; readonly spec: JsonObject }
  /** A run of its own, whose calls are those of the task that calls it; its paths start at `folder`, from that of the file that names it. */
  | { readonly type: 'workflow'; readonly plan: Plan; readonly folder: string }
  | { readonly type: 'mcp'; readonly server: string; readonly tool: string };

/** An MCP server of a plan. */
export interface PlanServer {
  /** Not yet rendered. */
  readonly spec: JsonObject;
  /** What it is called in `dagrun.lock`. */
  readonly identity: string;
  /** The tools that nodes can call, as they were when the workflow was planned; absent when they were not known. */
  readonly offers?: readonly ServerTool[];
}

/** The tools of a workflow, as far as its nodes can call them. */
export interface PlanTools {
  readonly tools: Readonly<Record<string, PlanTool>>;
  readonly servers: Readonly<Record<string, PlanServer>>;
}

/** A tool as a model is offered it. */
export interface OfferedTool extends ToolSignature {
  readonly approve: boolean;
}

/** One call of a tool. */
export interface ToolUse {
  /** Its whole name. */
  readonly tool: string;
  readonly args: Json;
  /** The turn of the conversation, from 1, and the model's name for the call; absent for a node that is one call. */
  readonly turn?: number;
  readonly id?: string;
}

/** What came of a call. */
export type ToolOutcome =
  /** `images` are what its text only names. */
  | { readonly status: 'succeeded'; readonly output: Json; readonly images?: readonly Attachment[] }
  /** The tool's own words, or why it could not be called. */
  | { readonly status: 'failed'; readonly message: string }
  /**
   * It was broken off, and doing it twice may do harm; `request` is its digest. `inside`: it is a call that was made in doing this one, and
   * this is what is asked about it.
   */
  | { readonly status: 'in_doubt'; readonly request: string; readonly inside?: ApprovalRequest };

/** The tools of a task. */
export interface ToolBox {
  /** The tools that these names and patterns (`fs/*`) mean, in the order written, none twice. */
  offered(names: readonly string[]): readonly OfferedTool[];
  /**
   * Calls a tool once, or answers from what was journaled of the same call. What the tool fails of is an outcome; Failed is thrown only
   * when the whole task is given up.
   */
  call(use: ToolUse): Promise<ToolOutcome>;
}

/** Whose tools a task has: those of its workflow. */
export interface ToolsOf {
  readonly plan: PlanTools;
  readonly partials: Readonly<Record<string, string>>;
  /** What its templates read besides `args`: `inputs`, `constants`, `run`. */
  readonly scope: JsonObject;
  /** Where the paths of the workflow start, from the folder of the run's. */
  readonly folder: string;
}

/** Gives a task its tools; without a book nothing is journaled. */
export type OpenToolBox = (of: ToolsOf, ctx: TaskContext, book: ToolBook | undefined) => ToolBox;

/** A call of a tool as it is journaled. */
export interface ToolCalled {
  readonly tool: string;
  readonly args: Json;
  readonly turn?: number;
  readonly id?: string;
  /** Digest of the call: of the tool, its arguments, and its place in the conversation. */
  readonly request: string;
  /** `begun` is journaled before a call that may do harm when it is made twice. */
  readonly status: 'begun' | 'succeeded' | 'failed';
  /** What it gave; of a failure what went wrong. */
  readonly result: Json;
  readonly images?: readonly Attachment[];
  readonly latency: Millis;
}

/** The tool calls of one attempt: what makes sure that none is made twice. */
export interface ToolBook {
  /**
   * What is journaled of the same call of an attempt that goes on, once: its end, or that it was begun. Nothing of what was before it
   * waited: a yes to making a call again is for one call, and when that is interrupted as well, it is asked again.
   */
  made(request: string): ToolCalled | undefined;
  /** Commits what is known of a call; resolves once it outlives the process. */
  record(called: ToolCalled): Promise<void>;
}
