import type { Millis, TaskKey, Usd } from '../base/ids.ts';
import type { Json, JsonSchema } from '../base/json.ts';
import type { Failure } from './failure.ts';
import type { ToolBook } from './tool.ts';

export type Tier = 'cheap' | 'capable' | 'premium';

/** A wire protocol with a key: what turns one request into one reply, once. It never retries. */
export interface Provider {
  /** The name used in `provider/model`. */
  readonly id: string;
  /** True when no real model answers; shown wherever its answers show. */
  readonly simulated: boolean;
  /** Whether the provider can hold a model to this schema; where it cannot, the schema is put into the prompt. Absent: any schema. */
  takesSchema?(schema: JsonSchema): boolean;
  /** It takes images in what came of a call of a tool; others are told of them in the text. */
  readonly toolImages?: true;
  /** Of a recording: the models, `provider/model`, that were asked in this attempt, in order; they stand for the tier's candidates. */
  replays?(origin: Omit<RequestOrigin, 'call' | 'tier'>): readonly string[];
  /** Throws Failed. When the provider may have charged for a call that gave no usable answer, `mayHaveCharged` is true on the error. */
  complete(request: ModelRequest, abort: AbortSignal): Promise<ModelReply>;
  close?(): Promise<void>;
}

/** The APIs of a protocol that has several: OpenAI's two. */
export type Api = 'responses' | 'chat_completions';

/** What a provider is opened with. */
export interface ProviderSettings {
  /** The name used in `provider/model`. */
  readonly id: string;
  /** A key of the provider registry: the wire protocol. */
  readonly type: string;
  readonly apiKey?: string;
  /** Another address that speaks the same protocol. */
  readonly baseUrl?: string;
  /** Which of its protocol's APIs it is asked over; absent: as its address suggests. */
  readonly api?: Api;
  /** The environment variable the key is from; for messages. */
  readonly variable?: string;
}

export interface ModelRequest {
  /** The provider's own name for it. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly maxOutputTokens: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
  /** The answer must be JSON of this schema; self-contained. */
  readonly outputSchema?: JsonSchema;
  readonly tools?: readonly ToolSignature[];
  readonly toolChoice?: ToolChoice;
  readonly reasoning?: Reasoning;
  /** How this model is told `reasoning`; absent when that is not known. */
  readonly reasoningBy?: ReasoningControl;
  /** Whether this model can think; absent when that is not known. */
  readonly thinks?: boolean;
  /** Ends of what other requests begin with as well, in order: worth keeping, where a provider can be told so. */
  readonly breakpoints?: readonly Breakpoint[];
  /** Who asks: for replies files and logs; never sent. */
  readonly origin: RequestOrigin;
}

/**
 * A place in a request: behind so many characters (UTF-16) of a message's text. At 0, what is attached to that message stands before it.
 * In no message (-1): behind the tools, which are told first.
 */
export interface Breakpoint {
  readonly message: number;
  readonly at: number;
}

/** A beginning that several requests have in common, up to a place. */
export interface CommonStart extends Breakpoint {
  /** How many requests begin so, this one among them, as far as that is known before. */
  readonly calls: number;
  /** How many of them are made before the first has been answered: what one has left in a cache, they do not find. */
  readonly atOnce: number;
}

export interface RequestOrigin {
  /** Path of node ids through groups, cases and sub-workflows: `epics/build/code`. */
  readonly node: string;
  readonly task: TaskKey;
  /** From 0, of the innermost fan-out; absent outside of any. */
  readonly item?: number;
  /** Of all fan-outs around it, outermost first, when there are several. */
  readonly items?: readonly number[];
  /** From 1. */
  readonly attempt: number;
  readonly tier?: Tier;
  /** From 1, of the loops around it, outermost first; absent outside of loops. */
  readonly iterations?: readonly number[];
  /** What part of an `evaluate` or `best_of` it is; absent for the node's own call. */
  readonly role?: 'revise' | 'evaluate' | 'judge';
  /** It is asked by a node of a workflow that is called as a tool: `task` and `attempt` are those of the task that calls it. */
  readonly inTool?: true;
  /** `repair` is the one question asked again with the validator's messages; `summarize` shortens a value that does not fit into the prompt. */
  readonly call: 'ask' | 'repair' | 'summarize';
}

export interface ModelReply {
  readonly text: string;
  readonly toolCalls?: readonly ToolCall[];
  /** What its provider wants back unchanged when the conversation goes on: signed thinking. */
  readonly carry?: Json;
  readonly stop: 'end' | 'length' | 'tool_calls' | 'refused' | 'other';
  readonly usage: Usage;
  /** The model that answered, by the provider's word. */
  readonly model: string;
  readonly requestId?: string;
  /** Of a recording: what the call was billed at. */
  readonly billed?: { readonly cost: Usd | null; readonly baseline: Usd | null };
}

/** Tokens. `cacheRead` and `cacheWrite` are parts of `input`, never on top of it. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** One message of a conversation. `tool` carries what came of a call of the assistant's message before. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  /** Of a user: images and documents, before the text. Of a tool: images, behind it. */
  readonly attachments?: readonly Attachment[];
  /** Of an assistant: tools it wants called. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of an assistant: `carry` of its reply, and the candidate, `provider/model`, that alone can read it. */
  readonly carry?: { readonly of: string; readonly content: Json };
  /** Of a tool: the call that is answered. */
  readonly callId?: string;
  /** Of a tool: the call failed, and `text` says why. */
  readonly isError?: boolean;
}

/** A file that is not text, as a provider takes it. */
export interface Attachment {
  readonly type: 'image' | 'document';
  /** `image/png`, `application/pdf`. */
  readonly mediaType: string;
  /** Path from the workflow's folder. */
  readonly name: string;
  /** Base64. */
  readonly data: string;
  /** Of an image. */
  readonly pixels?: { readonly width: number; readonly height: number };
  /** Of a document, when it can be told. */
  readonly pages?: number;
}

/** A model wants a tool called. */
export interface ToolCall {
  readonly id: string;
  readonly tool: string;
  readonly args: Json;
}

/** A tool as a model is told of it. */
export interface ToolSignature {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema;
}

export type ToolChoice = 'auto' | 'required' | 'none';

/** How much a model thinks before it answers. */
export type Reasoning = 'none' | 'low' | 'medium' | 'high';

/**
 * How a model is told: `effort` by level, also not at all; `always` by level, never not at all; `between_tools` by level, at the
 * least between tools only; `budget` by a number of tokens.
 */
export type ReasoningControl = 'effort' | 'always' | 'between_tools' | 'budget';

/** A tier, or one model by name, `provider/model`. */
export type ModelWant = { readonly tier: Tier } | { readonly model: string };

/** What a node asks of a model. It names a tier or a model, never a provider's protocol. */
export interface ModelAsk {
  readonly tier?: Tier;
  /** `provider/model`; overrides the tier's candidates. */
  readonly model?: string;
  readonly messages: readonly Message[];
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
  /** Present when the answer must be JSON. */
  readonly outputSchema?: JsonSchema;
  readonly tools?: readonly ToolSignature[];
  readonly toolChoice?: ToolChoice;
  readonly reasoning?: Reasoning;
  /** What other asks begin with as well, the longest last. */
  readonly starts?: readonly CommonStart[];
  /** Absent for the node's own question. */
  readonly purpose?: 'summarize';
  readonly origin: Omit<RequestOrigin, 'call' | 'tier'>;
  /** Limits of money that hold for it besides those of the run and of the sub-workflows around its task. */
  readonly within?: readonly MoneyLimit[];
  /** What is wrong with a parsed answer beyond its schema (the node's checks); asked about once, like a schema error. */
  readonly problemsOf?: (output: Json) => readonly string[];
}

/** A limit of the money that a part of a run may cost, known by the name `of`; so much was spent before the first call that it is told for. */
export interface MoneyLimit {
  readonly of: TaskKey;
  readonly maxCost: Usd;
  readonly spent: Usd;
}

export interface ModelAnswer {
  /** The text, or the parsed and validated JSON when a schema was given; the text so far when tools are to be called. */
  readonly output: Json;
  /** The model wants these called before it goes on; absent when it has answered. */
  readonly toolCalls?: readonly ToolCall[];
  readonly carry?: Message['carry'];
  readonly model: string;
  readonly provider: string;
  /** Present when a tier was asked for. */
  readonly tier?: Tier;
}

/** What a check may know about models: the configuration and the catalog, as far as they say. */
export interface ModelFacts {
  /** Candidates per tier where the workflow names none. */
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  /** Names of the providers that are set up. */
  readonly providers: readonly string[];
  /** What is known of `provider/model`; undefined when nothing is. */
  find(name: string): ModelFact | undefined;
  /** Models of a provider, by their names there; empty when the catalog does not list that provider. */
  modelsOf(provider: string): readonly string[];
}

/** A field that is absent is not known. */
export interface ModelFact {
  /** Absent: its calls cannot be priced. */
  readonly price?: object;
  /** Tokens of prompt and answer together. */
  readonly window?: number;
  readonly maxOutput?: number;
  /** False: a request with a temperature is refused. */
  readonly temperature?: boolean;
  /** How it is told how much to think; false: it does not think, true: it does, and how it is told is not known. */
  readonly reasoning?: boolean | ReasoningControl;
  /** Whether it takes tools; `without_reasoning`: only while it does not think. */
  readonly tools?: boolean | 'without_reasoning';
  /** The same over Chat Completions, for models that take fewer there. */
  readonly chatTools?: false | 'without_reasoning';
  /** Whether it takes images. */
  readonly vision?: boolean;
  /** Whether it takes PDFs. */
  readonly pdf?: boolean;
  /** Whether its provider holds it to a JSON Schema. */
  readonly structured?: boolean;
  /** False: it is not told where to stop; its answer is cut there, and what it wrote beyond is paid. */
  readonly stop?: boolean;
  /** Which API it is asked over, where its provider has several. */
  readonly api?: Api;
  /** The day it is shut down, `2027-01-14`. */
  readonly shutdown?: string;
  /** It is shut down already. */
  readonly retired?: boolean;
}

/** Measures prompts in tokens, as near as that is possible without asking a provider; the same every time. */
export interface Ruler {
  /** The largest prompt that every candidate takes with its answer; absent when that is not known. */
  readonly most?: number;
  text(text: string): number;
  /** Of a whole request. */
  prompt(ask: Pick<ModelAsk, 'messages' | 'outputSchema' | 'tools'>): number;
  /** The beginning of a text, of at most so many tokens, cut between two of them. */
  cut(text: string, tokens: number): string;
}

/** The only road to a provider: chooses, limits, calls, repairs, meters. */
export interface ModelClient {
  /** What measures an ask before it is made, for the candidates it has. Throws Failed when it has none. */
  ruler(ask: ModelAsk): Promise<Ruler>;
  /**
   * Throws Failed. Every call made, failed ones included, is in `book` before anything is done with its answer. `pause` is called
   * when a call begins to wait for its turn, and what it gives when the wait is over: waiting is no part of a try's time.
   */
  ask(ask: ModelAsk, book: CallBook, abort: AbortSignal, pause?: () => () => void): Promise<ModelAnswer>;
  /** Whether what requests have in common is of any use: absent where nobody is asked, or nobody can be told of it. */
  readonly prompts?: PromptCaches;
  close(): Promise<void>;
}

/** What providers keep of the beginnings of prompts. */
export interface PromptCaches {
  /**
   * Whether one of the asks that begin as this one should be answered before the others are made: undefined when what they have in
   * common (the last of `starts`) is too short to be kept, or too little would be saved. Throws Failed when nobody can be asked.
   */
  warmUp(ask: ModelAsk): Promise<WarmUp | undefined>;
}

/** One item goes first, so that the others find in a cache what all of them begin with. */
export interface WarmUp {
  /** `provider/model`. */
  readonly model: string;
  /** Of what they have in common, about. */
  readonly tokens: number;
}

/** The calls of one attempt: what makes sure that none is paid twice. */
export interface CallBook {
  /** The same call in an attempt that was interrupted, once: what came of it counts, also that it failed, and nothing is called. */
  paid(request: string): PaidCall | undefined;
  /** Commits a call; resolves once it outlives the process. `reply` is null for a call that failed. */
  record(call: ModelCall, request: string, reply: ModelReply | null): Promise<void>;
  /** The tool calls of the same attempt. */
  readonly tools?: ToolBook;
}

/** A call that was made, with what came back. */
export interface PaidCall {
  readonly call: ModelCall;
  /** Digest of what was asked. */
  readonly request: string;
  /** null: it failed, and `call.failure` says of what. */
  readonly reply: ModelReply | null;
}

/** A node of a workflow that is called as a tool, as replies name it. */
export type AskedInTool = Pick<RequestOrigin, 'node' | 'item' | 'items' | 'iterations' | 'role'>;

/** One call to a provider, as it is billed. */
export interface ModelCall {
  readonly provider: string;
  readonly model: string;
  readonly tier?: Tier;
  readonly call: RequestOrigin['call'];
  /** The node that asked, of a workflow that was called as a tool. */
  readonly asked?: AskedInTool;
  readonly status: 'succeeded' | 'failed';
  readonly failure?: Failure;
  /** Zero for a call that was refused before it was worked on. */
  readonly usage: Usage;
  /** null: not known (no price in the catalog, or an answer lost on the way). Never shown as 0. */
  readonly cost: Usd | null;
  /** What the same tokens cost on the premium tier; null when that is not known. */
  readonly baseline: Usd | null;
  /**
   * What the call had cost more if nothing of its prompt had been read from or written to a cache; below zero when it wrote more than it
   * read. Absent when it did neither, or has no price.
   */
  readonly cacheSaved?: Usd;
  readonly latency: Millis;
  readonly simulated: boolean;
}
