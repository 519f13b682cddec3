import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { NodeResult, ResultError } from '../contracts/result.ts';
import { type Address, isOfOne, renderAddress } from './address.ts';
import { type Difference, differences, money, rangeDifferences, textDifferences } from './match.ts';
import { seenAt } from './seen-nodes.ts';
import { toolCallDifferences } from './tool-calls.ts';

/** What a test may expect of a node, or of one item or round of it. */
interface Facts {
  readonly status: string;
  readonly attempts: number;
  readonly modelCalls: number;
  readonly cost: number;
  readonly toolCalls: Json;
  readonly skipReason: string | null;
  readonly error: Pick<ResultError, 'type' | 'message' | 'node'> | null;
  readonly recovered: boolean;
  readonly fallback: boolean;
  readonly tier: string | null;
  readonly model: string | null;
  readonly route: string | null;
  readonly rounds: number;
  readonly score: number | null;
  readonly accepted: boolean | null;
  /** What can be said of one thing only: of each there is, with where it is. */
  readonly each: readonly { readonly address: Address; readonly output: Json; readonly items: readonly Json[] | undefined }[];
}

/**
 * How a node is not as expected. `all` are the outermost nodes as `readNodes` gives them, `result` is the node over all items and rounds. An
 * address of one item or round is looked for among them.
 */
export function nodeDifferences(
  address: Address,
  result: NodeResult,
  all: Readonly<Record<string, Json>>,
  expected: Json,
): readonly Difference[] {
  const found = seenAt(all, address);
  const [only] = found;
  if (isOfOne(address) && !only) return [{ path: [], message: 'was never come to', label: 'there is no such item or round' }];
  const each = found.map((one) => ({ address: one.address, output: one.node.output ?? null, items: itemsOf(one.node) }));
  const facts: Facts =
    isOfOne(address) && only
      ? factsOf(only.node, each)
      : {
          ...factsOfResult(
            result,
            found.map(({ node }) => node),
          ),
          each,
        };
  if (typeof expected === 'string') return withReason(differences(expected, facts.status), facts);
  if (!isObject(expected)) return [];
  return Object.entries(expected).flatMap(([field, wanted]) => fieldDifferences(field, wanted, facts));
}

function itemsOf({ items }: JsonObject): readonly Json[] | undefined {
  return isList(items) ? items.map((item) => (isObject(item) ? (item.status ?? null) : null)) : undefined;
}

function factsOf(node: JsonObject, each: Facts['each']): Facts {
  const { error, score, accepted, iterations } = node;
  const number = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
  const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
  return {
    status: text(node.status) ?? '',
    attempts: number(node.attempts),
    modelCalls: number(node.model_calls),
    cost: number(node.cost),
    toolCalls: node.tool_calls ?? [],
    skipReason: text(node.skip_reason),
    error: isObject(error) ? (error as unknown as ResultError) : null,
    recovered: node.recovered === true,
    fallback: node.fallback === true,
    tier: text(node.tier),
    model: text(node.model),
    route: text(node.route),
    rounds: isList(iterations) ? iterations.length : 0,
    score: typeof score === 'number' ? score : null,
    accepted: typeof accepted === 'boolean' ? accepted : null,
    each,
  };
}

function factsOfResult(result: NodeResult, found: readonly JsonObject[]): Omit<Facts, 'each'> {
  const calls = found.flatMap((node) => (isList(node.tool_calls) ? node.tool_calls : []));
  return {
    status: result.status,
    attempts: result.attempts,
    modelCalls: found.reduce((sum, node) => sum + Number(node.model_calls ?? 0), 0),
    cost: result.cost,
    toolCalls: calls,
    skipReason: result.skipReason ?? null,
    error: result.error ?? null,
    recovered: result.recovered ?? false,
    fallback: found.some((node) => node.fallback === true),
    tier: result.tier ?? null,
    model: result.model ?? null,
    route: result.route ?? null,
    rounds: result.rounds ?? 0,
    score: result.score ?? null,
    accepted: result.accepted ?? null,
  };
}

function fieldDifferences(field: string, wanted: Json, facts: Facts): readonly Difference[] {
  const at = [field];
  switch (field) {
    case 'status':
      return withReason(differences(wanted, facts.status, at), facts);
    case 'attempts':
      return rangeDifferences(wanted, facts.attempts, at, String);
    case 'model_calls':
      return rangeDifferences(wanted, facts.modelCalls, at, String);
    case 'tool_calls':
      return toolCallDifferences(wanted, facts.toolCalls, at);
    case 'cost':
      return rangeDifferences(wanted, facts.cost, at, money);
    case 'iterations':
      return rangeDifferences(wanted, facts.rounds, at, String);
    case 'skip_reason':
      return facts.skipReason === null ? notThere(field, `it ${facts.status}`) : textDifferences(wanted, facts.skipReason, at);
    case 'error':
      return facts.error === null ? notThere(field, 'it has no error') : inError(wanted, facts.error, at);
    case 'score':
      return facts.score === null ? notThere(field, 'it has no score') : rangeDifferences(wanted, facts.score, at, String);
    case 'output':
      return ofOne(field, facts, (one) => differences(wanted, one.output, at));
    case 'items':
      return ofOne(field, facts, ({ items }) => differences(wanted, typeof wanted === 'number' ? items?.length : items && [...items], at));
    default:
      return differences(wanted, facts[field as 'recovered' | 'fallback' | 'accepted' | 'tier' | 'model' | 'route'], at);
  }
}

/** What each has of its own: where there are several, it has to be said which is meant. */
function ofOne(field: string, { each }: Facts, judge: (one: Facts['each'][number]) => readonly Difference[]): readonly Difference[] {
  const [first, ...others] = each;
  if (!first) return notThere(field, 'it was never come to');
  if (others.length === 0) return judge(first);
  const message = `is another each time: it was done ${each.length} times`;
  return [{ path: [field], message, label: 'of which?', help: `name one: \`${renderAddress(first.address)}\`` }];
}

function inError(wanted: Json, error: NonNullable<Facts['error']>, path: readonly string[]): readonly Difference[] {
  return errorDifferences(wanted, error).map((one) => ({ ...one, path: [...path, ...one.path] }));
}

/** How an error is not as expected: of another type, or in its `type`, `node` or `message`. */
export function errorDifferences(
  expected: Json,
  { type, message, node }: Pick<ResultError, 'type' | 'message' | 'node'>,
): readonly Difference[] {
  if (typeof expected === 'string') return differences(expected, type);
  if (!isObject(expected)) return [];
  return [
    ...(expected.type === undefined ? [] : differences(expected.type, type, ['type'])),
    ...(expected.node === undefined ? [] : differences(expected.node, node, ['node'])),
    ...(expected.message === undefined ? [] : textDifferences(expected.message, message, ['message'])),
  ];
}

const notThere = (field: string, label: string): Difference[] => [{ path: [field], message: 'is not there', label }];

/** Why a node has the status it has. */
function withReason(all: readonly Difference[], { status, skipReason, error }: Facts): readonly Difference[] {
  const why = skipReason ?? error?.message;
  return why === undefined ? all : all.map((one) => ({ ...one, details: [`${status}: ${why}`] }));
}
