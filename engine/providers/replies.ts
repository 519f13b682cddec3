import { millis, type Usd } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { fromDollars, parseDuration } from '../base/units.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { Failure } from '../contracts/failure.ts';
import type { Wake } from '../contracts/node-kind.ts';
import type { ModelReply, RequestOrigin, Tier, Usage } from '../contracts/provider.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { compileValidator } from '../lang/validate.ts';
import { cutText } from '../source/cut-text.ts';
import { type FAILURES, repliesSchema } from './replies-schema.ts';
import { withoutMistakes } from './without-mistakes.ts';

/** Who answers or sends where an entry does not say. */
export const UNNAMED = 'replies';

export type ReplyFailure = (typeof FAILURES)[number];

/** A failure as it is staged; without a message it gets one that says where it is from. */
export interface StagedFailure {
  /** Null of what is no model call, and fails in its own words: `message`. */
  readonly type: ReplyFailure | null;
  readonly message?: string;
  /** The fields that failures of this type have besides. */
  readonly details: Partial<Failure>;
  readonly mayHaveCharged: boolean;
  readonly schemaRefused: boolean;
}

/** What the outside world says to one request. */
export type Reply = {
  readonly usage?: Usage;
  readonly stop?: ModelReply['stop'];
  readonly billed?: { readonly model?: string; readonly cost: Usd | null; readonly baseline: Usd | null };
  /** Tools the model wants called before it answers. */
  readonly toolCalls?: readonly { readonly tool: string; readonly args: Json }[];
} & Given;

/** What stands in for a node that calls no model. */
export type Given = { readonly json: Json } | { readonly text: string } | { readonly fail: StagedFailure };

/** What stands in for a tool; for calls with these arguments only, when it has any. */
export interface ToolStub {
  readonly args?: Json;
  readonly given: Given;
}

/** Entries of one file or scenario, in the order they were written. */
export interface Staged {
  readonly replies: readonly Entry<Reply>[];
  readonly stubs: readonly Entry<Given>[];
  /** Of tools; `node` is the name of the tool. */
  readonly toolStubs: readonly Entry<ToolStub>[];
  readonly answers: readonly Entry<Wake>[];
  readonly waits: readonly Entry<Wake>[];
}

export interface Entry<T> {
  /** Where it is written. */
  readonly path: Path;
  readonly gives: T;
  readonly node: string;
  /** Of the innermost fan-out, or of all around it, outermost first. */
  readonly item: number | readonly number[] | undefined;
  /** Of the innermost loop, or of all around it, outermost first. */
  readonly iteration: number | readonly number[] | undefined;
  readonly attempt: number | undefined;
  readonly tier: Tier | undefined;
  readonly call: RequestOrigin['call'] | RequestOrigin['role'] | undefined;
  /** How often it may be used. */
  readonly times: number;
  left: number;
  used: boolean;
  /** It was sent back to be mended, and no other entry is there to answer that: what took its place was made up. */
  replaced?: true;
}

/**
 * The entries of a replies file, or undefined when it has mistakes, which are reported (DAG721 shape, DAG722 unknown node, DAG723 no answer or
 * several). `nodes` are the places of the workflow's nodes.
 */
export function parseRepliesFile(document: Document, nodes: readonly string[], report: Report): Staged | undefined {
  let mistakes = 0;
  const counted: Report = (diagnostic) => {
    mistakes += 1;
    report(diagnostic);
  };
  const say = (path: Path, message: string, more: { part?: 'key'; help?: string } = {}): void => {
    const { part = 'value', ...details } = more;
    counted({ code: 'DAG721', severity: 'error', message, at: document.spanOf(path, part), ...details });
  };
  const problems = compileValidator(repliesSchema)(document.value);
  for (const { path, keyword, params, schema, message } of problems) {
    if (keyword !== 'additionalProperties' || typeof params.key !== 'string') {
      say(path, message);
      continue;
    }
    const cut = cutText(document, [...path, params.key]);
    if (cut) {
      counted(cut);
      continue;
    }
    const help = adviceOn(params.key, Object.keys(isObject(schema.properties) ? schema.properties : {}));
    const where = path.length === 0 ? 'a replies file' : typeof path.at(-1) === 'string' ? `\`${path.at(-1)}\`` : 'an entry';
    say([...path, params.key], `"${params.key}" is not a key of ${where}`, { part: 'key', ...(help && { help }) });
  }
  const { value, isTouched } = withoutMistakes(document.value, problems);
  const staged = readStaged({ document, path: [], value, isTouched }, nodes, counted);
  return mistakes > 0 ? undefined : staged;
}

/** An object that has lists of entries. */
export interface EntriesIn {
  readonly document: Document;
  /** Where it stands. */
  readonly path: Path;
  /** Its shape was checked, and what was wrong left out. */
  readonly value: Json;
  /** Whether something at a path, or below it, was left out. */
  isTouched?(path: Path): boolean;
}

/**
 * The entries of `replies`, `stubs`, `answers` and `waits` that are for something there is. Others are mistakes, which are reported, and so are
 * answers that give nothing or several things (DAG722, DAG723).
 */
export function readStaged({ document, path, value, isTouched }: EntriesIn, nodes: readonly string[], report: Report): Staged {
  const say = (code: Code, at: Path, message: string, more: { label?: string; help?: string } = {}): void =>
    report({ code, severity: 'error', message, at: document.spanOf(at), ...more });
  const entries = <T>(list: string, name: string, read: (raw: JsonObject) => T): Entry<T>[] => {
    const raw = isObject(value) ? value[list] : undefined;
    return (isList(raw) ? raw : []).flatMap((one, order) => {
      if (!isObject(one) || typeof one[name] !== 'string') return [];
      const at = [...path, list, order];
      const node = one[name];
      // What it gives may be in what was left out.
      if ((list === 'replies' || list === 'stubs') && !isTouched?.(at)) checkGiven(one, at, say);
      if (name === 'tool') {
        if (one.node !== undefined)
          say('DAG723', at, 'an entry stands in for a node or for a tool, not for both', { help: 'keep one of them' });
      } else if (!nodes.includes(node)) {
        sayUnknown(node, nodes, (message, more) => say('DAG722', [...at, name], message, more));
        return [];
      }
      return [entryOf(one, at, node, read(one))];
    });
  };
  return {
    replies: entries('replies', 'node', replyOf),
    stubs: entries('stubs', 'node', givenOf),
    toolStubs: entries('stubs', 'tool', (raw) => ({ ...(raw.args !== undefined && { args: raw.args }), given: givenOf(raw) })),
    answers: entries('answers', 'gate', answerOf),
    waits: entries('waits', 'node', wakeOf),
  };
}

function sayUnknown(node: string, nodes: readonly string[], say: (message: string, more: { label: string; help?: string }) => void): void {
  const inside = nodes.filter((one) => one.startsWith(`${node}/`));
  if (inside.length > 0) {
    const names = inside.map((one) => `"${one}"`).join(', ');
    const help = inside.length === 1 ? `did you mean ${names}?` : `name one of ${names}`;
    say(`"${node}" itself does nothing`, { label: 'what is inside of it does', help });
    return;
  }
  const near = suggest(node, nodes);
  say(`"${node}" is not a node of the workflow`, {
    label: 'no node has this id',
    ...(near !== undefined && { help: `did you mean "${near}"?` }),
  });
}

function checkGiven(raw: JsonObject, at: Path, say: (code: Code, at: Path, message: string, more: { help?: string }) => void): void {
  const given = ['json', 'text', 'fail'].filter((key) => raw[key] !== undefined);
  // What a model says while it wants tools called is of no weight, and may be left out.
  if (given.length === 1 || (given.length === 0 && raw.tool_calls !== undefined)) return;
  const found = given.length === 0 ? 'none' : given.join(' and ');
  say('DAG723', at, `an entry gives one of json, text, fail; this one gives ${found}`, {
    help: given.length === 0 ? 'add `json:`, `text:` or `fail:`' : 'keep one of them, and write another entry for the other',
  });
}

function entryOf<T>(raw: JsonObject, path: Path, node: string, gives: T): Entry<T> {
  const times = raw.times === 'any' ? Infinity : typeof raw.times === 'number' ? raw.times : 1;
  return {
    path,
    gives,
    node,
    item: numbersIn(raw.item),
    iteration: numbersIn(raw.iteration),
    attempt: typeof raw.attempt === 'number' ? raw.attempt : undefined,
    tier: raw.tier as Tier | undefined,
    call: raw.call as Entry<T>['call'],
    times,
    left: times,
    used: false,
  };
}

function numbersIn(value: Json | undefined): number | readonly number[] | undefined {
  if (typeof value === 'number') return value;
  return isList(value) ? value.map(Number) : undefined;
}

function replyOf(raw: JsonObject): Reply {
  const { usage, stop, billed, tool_calls } = raw;
  const calls = isList(tool_calls) ? tool_calls.filter(isObject) : [];
  return {
    ...(calls.length > 0 && { toolCalls: calls.map(({ tool, args }) => ({ tool: String(tool), args: args ?? {} })) }),
    ...(isObject(usage) && { usage: usageOf(usage) }),
    ...(typeof stop === 'string' && { stop: stop as ModelReply['stop'] }),
    ...(isObject(billed) && {
      billed: {
        ...(typeof billed.model === 'string' && { model: billed.model }),
        cost: dollars(billed.cost),
        baseline: dollars(billed.baseline),
      },
    }),
    ...(calls.length > 0 && raw.text === undefined && raw.fail === undefined ? { text: '' } : givenOf(raw)),
  };
}

function givenOf(raw: JsonObject): Given {
  if (raw.fail !== undefined) return { fail: failureOf(raw.fail) };
  return typeof raw.text === 'string' ? { text: raw.text } : { json: raw.json ?? null };
}

function answerOf(raw: JsonObject): Wake {
  const reason = typeof raw.reason === 'string' ? raw.reason : null;
  return { type: 'answered', approved: raw.approved === true, by: personOf(raw), reason, form: raw.form ?? null };
}

function wakeOf(raw: JsonObject): Wake {
  if (raw.over === 'due' || raw.over === 'deadline_passed') return { type: raw.over };
  return { type: 'signalled', payload: raw.payload ?? null, by: personOf(raw) };
}

const personOf = ({ by }: JsonObject): string => (typeof by === 'string' ? by : UNNAMED);

function failureOf(raw: Json): StagedFailure {
  if (!isObject(raw)) return { type: raw as ReplyFailure, details: {}, mayHaveCharged: false, schemaRefused: false };
  const duration = (value: Json | undefined): number | undefined => (typeof value === 'string' ? parseDuration(value) : undefined);
  const retryAfter = duration(raw.retry_after);
  const after = duration(raw.after);
  const details: Partial<Record<string, Json>> = {
    ...(retryAfter !== undefined && { retryAfter }),
    ...(after !== undefined && { after }),
    ...(typeof raw.status === 'number' && { status: raw.status }),
    ...(typeof raw.variable === 'string' && { variable: raw.variable }),
  };
  return {
    type: (raw.type ?? null) as ReplyFailure | null,
    ...(typeof raw.message === 'string' && { message: raw.message }),
    details: details as Partial<Failure>,
    mayHaveCharged: raw.charged === 'unknown',
    schemaRefused: raw.schema_refused === true,
  };
}

/** A staged failure as it is thrown; `where` says for whom, when it has no message of its own. */
export function failureFrom(staged: StagedFailure, where: string): Failure {
  if (staged.type === null) return { type: 'task_failed', message: staged.message ?? '' };
  const message = staged.message ?? `the replies file says so: ${staged.type} for ${where}`;
  const failure = { type: staged.type, message, ...(staged.type === 'timed_out' && { after: millis(0) }), ...staged.details };
  return failure as Failure;
}

const dollars = (value: Json | undefined): Usd | null => (typeof value === 'number' ? fromDollars(value) : null);

function usageOf(raw: JsonObject): Usage {
  const count = (key: string): number => (typeof raw[key] === 'number' ? raw[key] : 0);
  return { input: count('input'), output: count('output'), cacheRead: count('cache_read'), cacheWrite: count('cache_write') };
}
