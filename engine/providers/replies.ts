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

/** Who answers or sends where an entry does not say. */
export const UNNAMED = 'replies';

export type ReplyFailure = (typeof FAILURES)[number];

/** A failure as it is staged; without a message it gets one that says where it is from. */
export interface StagedFailure {
  readonly type: ReplyFailure;
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
}

/**
 * The entries of a replies file, or undefined when it has mistakes, which are reported (DAG721 shape, DAG722 unknown node, DAG723 no answer or
 * several). `nodes` are the places of the workflow's nodes.
 */
export function parseRepliesFile(document: Document, nodes: readonly string[], report: Report): Staged | undefined {
  let mistakes = 0;
  const say = (path: Path, message: string, more: { part?: 'key'; help?: string } = {}): void => {
    mistakes += 1;
    const { part = 'value', ...details } = more;
    report({ code: 'DAG721', severity: 'error', message, at: document.spanOf(path, part), ...details });
  };
  for (const { path, keyword, params, schema, message } of compileValidator(repliesSchema)(document.value)) {
    if (keyword !== 'additionalProperties' || typeof params.key !== 'string') say(path, message);
    else {
      const cut = cutText(document, [...path, params.key]);
      if (cut) {
        mistakes += 1;
        report(cut);
        continue;
      }
      const help = adviceOn(params.key, Object.keys(isObject(schema.properties) ? schema.properties : {}));
      const where = path.length === 0 ? 'a replies file' : typeof path.at(-1) === 'string' ? `\`${path.at(-1)}\`` : 'an entry';
      say([...path, params.key], `"${params.key}" is not a key of ${where}`, { part: 'key', ...(help && { help }) });
    }
  }
  return mistakes > 0 ? undefined : readStaged(document, [], document.value, nodes, report);
}

/**
 * The entries of `replies`, `stubs`, `answers` and `waits` in an object whose shape was checked, or undefined when they have mistakes
 * (DAG722, DAG723). `path` is where the object stands.
 */
export function readStaged(document: Document, path: Path, value: Json, nodes: readonly string[], report: Report): Staged | undefined {
  let mistakes = 0;
  const say = (code: Code, at: Path, message: string, more: { label?: string; help?: string } = {}): void => {
    mistakes += 1;
    report({ code, severity: 'error', message, at: document.spanOf(at), ...more });
  };
  const entries = <T>(list: string, name: string, read: (raw: JsonObject) => T): Entry<T>[] => {
    const raw = isObject(value) ? value[list] : undefined;
    return (isList(raw) ? raw : []).flatMap((one, order) => {
      if (!isObject(one) || one[name] === undefined) return [];
      const at = [...path, list, order];
      const node = String(one[name]);
      if (name === 'tool') {
        if (one.node !== undefined)
          say('DAG723', at, 'an entry stands in for a node or for a tool, not for both', { help: 'keep one of them' });
      } else if (!nodes.includes(node)) {
        const inside = nodes.filter((one) => one.startsWith(`${node}/`));
        const near = inside.length === 0 ? suggest(node, nodes) : undefined;
        const help = near === undefined ? undefined : `did you mean "${near}"?`;
        say('DAG722', [...at, name], inside.length === 0 ? `"${node}" is not a node of the workflow` : `"${node}" itself does nothing`, {
          label: inside.length === 0 ? 'no node has this id' : 'what is inside of it does',
          ...(inside.length > 0 ? { help: `name one of ${inside.map((one) => `"${one}"`).join(', ')}` } : help && { help }),
        });
      }
      if (list === 'replies' || list === 'stubs') checkGiven(one, at, say);
      return [entryOf(one, at, node, read(one))];
    });
  };
  const staged = {
    replies: entries('replies', 'node', replyOf),
    stubs: entries('stubs', 'node', givenOf),
    toolStubs: entries('stubs', 'tool', (raw) => ({ ...(raw.args !== undefined && { args: raw.args }), given: givenOf(raw) })),
    answers: entries('answers', 'gate', answerOf),
    waits: entries('waits', 'node', wakeOf),
  };
  return mistakes > 0 ? undefined : staged;
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
    type: raw.type as ReplyFailure,
    ...(typeof raw.message === 'string' && { message: raw.message }),
    details: details as Partial<Failure>,
    mayHaveCharged: raw.charged === 'unknown',
    schemaRefused: raw.schema_refused === true,
  };
}

/** A staged failure as it is thrown; `where` says for whom, when it has no message of its own. */
export function failureFrom(staged: StagedFailure, where: string): Failure {
  const message = staged.message ?? `the replies file says so: ${staged.type} for ${where}`;
  const failure = { type: staged.type, message, ...(staged.type === 'timed_out' && { after: millis(0) }), ...staged.details };
  return failure as Failure;
}

const dollars = (value: Json | undefined): Usd | null => (typeof value === 'number' ? fromDollars(value) : null);

function usageOf(raw: JsonObject): Usage {
  const count = (key: string): number => (typeof raw[key] === 'number' ? raw[key] : 0);
  return { input: count('input'), output: count('output'), cacheRead: count('cache_read'), cacheWrite: count('cache_write') };
}
