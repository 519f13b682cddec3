import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { RequestOrigin, Tier, Usage } from '../contracts/provider.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { compileValidator } from '../lang/validate.ts';

/** Failures that a replies file can stage: those a provider can give. */
const FAILURES = ['rate_limited', 'unavailable', 'unauthorized', 'context_too_long', 'refused', 'bad_request', 'timed_out'] as const;
export type ReplyFailure = (typeof FAILURES)[number];

/** What the outside world says to one request. */
export type Reply = { readonly usage?: Usage } & ({ readonly json: Json } | { readonly text: string } | { readonly fail: ReplyFailure });

/** The outside world written down: answers to model calls, each given as often as it says. */
export interface Replies {
  /** The first entry that fits a request and is not used up, which this uses; undefined when there is none. */
  take(origin: RequestOrigin): Reply | undefined;
}

/** JSON Schema of a replies file (draft-07). */
export const repliesSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun replies',
  type: 'object',
  properties: {
    replies: {
      type: 'array',
      description: 'The first entry that fits a model call answers it, once unless `times` says otherwise.',
      items: {
        type: 'object',
        properties: {
          node: { type: 'string', description: 'The node that asks.' },
          item: { type: 'integer', minimum: 0, description: 'Of a fan-out, counted from 0; any when left out.' },
          attempt: { type: 'integer', minimum: 1, description: 'Counted from 1; any when left out.' },
          tier: { enum: ['cheap', 'capable', 'premium'] },
          call: { enum: ['ask', 'repair'], description: '`repair` is the question asked again when an answer did not fit.' },
          json: { description: 'The answer, as data.' },
          text: { type: 'string', description: 'The answer, as text.' },
          fail: { enum: [...FAILURES], description: 'What goes wrong instead of an answer.' },
          usage: {
            type: 'object',
            properties: {
              input: { type: 'integer', minimum: 0 },
              output: { type: 'integer', minimum: 0 },
              cache_read: { type: 'integer', minimum: 0 },
              cache_write: { type: 'integer', minimum: 0 },
            },
            required: ['input', 'output'],
            additionalProperties: false,
            description: 'Tokens; counted when left out.',
          },
          times: {
            anyOf: [{ type: 'integer', minimum: 1 }, { const: 'any' }],
            description: 'How often the entry answers. Default: 1.',
          },
        },
        required: ['node'],
        additionalProperties: false,
      },
    },
  },
  required: ['replies'],
  additionalProperties: false,
};

interface Entry {
  /** Its place in the file: the first that fits wins. */
  readonly order: number;
  readonly reply: Reply;
  readonly item: number | undefined;
  readonly attempt: number | undefined;
  readonly tier: Tier | undefined;
  readonly call: RequestOrigin['call'] | undefined;
  left: number;
}

/**
 * The replies of a file, or undefined when it has mistakes, which are reported (DAG721 shape, DAG722 unknown node, DAG723 no
 * answer or several). `nodes` are the ids of the workflow's nodes.
 */
export function parseReplies(document: Document, nodes: readonly string[], report: Report): Replies | undefined {
  let mistakes = 0;
  const say = (code: Code, path: Path, message: string, more: { part?: 'key'; label?: string; help?: string } = {}): void => {
    mistakes += 1;
    const { part = 'value', ...details } = more;
    report({ code, severity: 'error', message, at: document.spanOf(path, part), ...details });
  };
  for (const { path, keyword, params, schema, message } of compileValidator(repliesSchema)(document.value)) {
    if (keyword !== 'additionalProperties' || typeof params.key !== 'string') say('DAG721', path, message);
    else {
      const help = adviceOn(params.key, Object.keys(isObject(schema.properties) ? schema.properties : {}));
      const where = path.length === 0 ? 'a replies file' : path.at(-1) === 'usage' ? '`usage`' : 'an entry';
      say('DAG721', [...path, params.key], `"${params.key}" is not a key of ${where}`, { part: 'key', ...(help && { help }) });
    }
  }
  if (mistakes > 0 || !isObject(document.value) || !isList(document.value.replies)) return undefined;

  const entries = new Map<string, Entry[]>();
  for (const [order, raw] of document.value.replies.entries()) {
    if (!isObject(raw) || typeof raw.node !== 'string') continue;
    const path: Path = ['replies', order];
    if (!nodes.includes(raw.node)) {
      const near = suggest(raw.node, nodes);
      say('DAG722', [...path, 'node'], `"${raw.node}" is not a node of the workflow`, {
        label: 'no node has this id',
        ...(near !== undefined && { help: `did you mean "${near}"?` }),
      });
    }
    const answers = ['json', 'text', 'fail'].filter((key) => raw[key] !== undefined);
    if (answers.length !== 1)
      say(
        'DAG723',
        path,
        `an entry gives one of json, text, fail; this one gives ${answers.length === 0 ? 'none' : answers.join(' and ')}`,
        {
          help: answers.length === 0 ? 'add `json:`, `text:` or `fail:`' : 'keep one of them, and write another entry for the other',
        },
      );
    const list = entries.get(raw.node) ?? [];
    list.push(entryOf(raw, order));
    entries.set(raw.node, list);
  }
  return mistakes > 0 ? undefined : createReplies(entries);
}

function entryOf(raw: JsonObject, order: number): Entry {
  const usage = isObject(raw.usage) ? { usage: usageOf(raw.usage) } : {};
  const reply =
    raw.fail !== undefined
      ? { ...usage, fail: raw.fail as ReplyFailure }
      : typeof raw.text === 'string'
        ? { ...usage, text: raw.text }
        : { ...usage, json: raw.json ?? null };
  return {
    order,
    reply,
    item: typeof raw.item === 'number' ? raw.item : undefined,
    attempt: typeof raw.attempt === 'number' ? raw.attempt : undefined,
    tier: raw.tier as Tier | undefined,
    call: raw.call as RequestOrigin['call'] | undefined,
    left: raw.times === 'any' ? Infinity : typeof raw.times === 'number' ? raw.times : 1,
  };
}

function usageOf(raw: JsonObject): Usage {
  const count = (key: string): number => (typeof raw[key] === 'number' ? raw[key] : 0);
  return { input: count('input'), output: count('output'), cacheRead: count('cache_read'), cacheWrite: count('cache_write') };
}

/** Entries are kept by item, so that a recording of a wide fan-out is not searched from its start for every item. */
function createReplies(entries: ReadonlyMap<string, readonly Entry[]>): Replies {
  const index = new Map<string, Map<number | undefined, Entry[]>>();
  for (const [node, list] of entries) {
    const byItem = new Map<number | undefined, Entry[]>();
    for (const entry of list) {
      const same = byItem.get(entry.item);
      if (same) same.push(entry);
      else byItem.set(entry.item, [entry]);
    }
    index.set(node, byItem);
  }
  const firstOf = (list: Entry[] | undefined, origin: RequestOrigin): Entry | undefined => {
    while (list?.[0]?.left === 0) list.shift();
    return list?.find(
      (entry) =>
        entry.left > 0 &&
        (entry.attempt ?? origin.attempt) === origin.attempt &&
        (entry.tier ?? origin.tier) === origin.tier &&
        (entry.call ?? origin.call) === origin.call,
    );
  };
  return {
    take(origin) {
      const byItem = index.get(origin.node);
      const general = firstOf(byItem?.get(undefined), origin);
      const own = origin.item === undefined ? undefined : firstOf(byItem?.get(origin.item), origin);
      const entry = general && own ? (own.order < general.order ? own : general) : (own ?? general);
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.reply;
    },
  };
}
