import { canonicalText, type Json } from '../base/json.ts';
import type { Wake, WakeCondition } from '../contracts/node-kind.ts';
import type { RequestOrigin } from '../contracts/provider.ts';
import type { Entry, Given, Reply, Staged, ToolStub } from './replies.ts';

type Place = Pick<RequestOrigin, 'node' | 'item' | 'items' | 'iterations' | 'attempt'>;

/** The outside world written down: each entry is used as often as it says. */
export interface Replies {
  /** The first entry that fits a request and is not used up, which this uses; undefined when there is none. */
  take(origin: RequestOrigin): Reply | undefined;
  /** The models a recording says were asked in this attempt, in order; empty when it does not say. */
  modelsOf(origin: Place): readonly string[];
  /** The same for a node that calls no model. */
  stub(place: Place): Given | undefined;
  /** What a tool gives to these arguments in place of being called. */
  toolStub(tool: string, args: Json): Given | undefined;
  /** Why a node that waits goes on at once; undefined when it has to wait. */
  wake(place: Place, until: WakeCondition): Wake | undefined;
  /** Whether anything was asked of a place, or of a tool. */
  wasAsked(node: string): boolean;
  /** The same of one that has been woken so before. */
  woken(place: Place, wake: Wake): void;
}

/** What all entries together say; those of the first list come first. */
export function createReplies(lists: readonly Staged[]): Replies {
  const asked = new Set<string>();
  const searchOf = <T>(listOf: (staged: Staged) => readonly Entry<T>[]): Search<T> => createSearch(lists.flatMap(listOf), asked);
  const replies = searchOf((list) => list.replies);
  const stubs = searchOf((list) => list.stubs);
  const answers = searchOf((list) => list.answers);
  const waits = searchOf((list) => list.waits);
  const toolStubs = lists.flatMap((list) => list.toolStubs);
  return {
    take: (origin) => replies.take(origin),
    modelsOf(place) {
      const models = replies.all(place).flatMap(({ gives }) => gives.billed?.model ?? []);
      return [...new Set(models)];
    },
    stub: (place) => stubs.take(place),
    wasAsked: (node) => asked.has(node),
    toolStub(tool, args) {
      asked.add(tool);
      const isMeant = ({ node, gives, left }: Entry<ToolStub>): boolean =>
        left > 0 && node === tool && (gives.args === undefined || canonicalText(gives.args) === canonicalText(args));
      const found = toolStubs.find(isMeant);
      if (found === undefined) return undefined;
      found.left -= 1;
      found.used = true;
      return found.gives.given;
    },
    wake: (place, until) => (until.type === 'approval' ? answers.take(place) : undefined) ?? waits.take(place),
    woken: (place, wake) => void (wake.type === 'answered' ? answers : waits).take(place),
  };
}

interface Search<T> {
  take(origin: Place & Partial<RequestOrigin>): T | undefined;
  all(origin: Place): readonly Entry<T>[];
}

const isJudging = (call: string | undefined): boolean => call === 'evaluate' || call === 'judge';

/** Whether an entry answers this kind of question: any, when it does not say. Where entries are `forJudge`, no other answers the judge. */
function isAsked({ call: said }: Pick<Entry<unknown>, 'call'>, { call, role }: Partial<RequestOrigin>, forJudge: boolean): boolean {
  if (call === 'summarize') return said === 'summarize';
  if (said === undefined) return !(forJudge && isJudging(role));
  return said === (role ?? call);
}

/** Whether an entry means this item and this round; where it says nothing, it means all. */
function isAt({ item, iteration }: Pick<Entry<unknown>, 'item' | 'iteration'>, origin: Place): boolean {
  const { items = origin.item === undefined ? [] : [origin.item], iterations = [] } = origin;
  const same = (said: number | readonly number[] | undefined, is: readonly number[]): boolean =>
    said === undefined ||
    (typeof said === 'number' ? is.at(-1) === said : said.length === is.length && said.every((one, at) => one === is[at]));
  return same(item, items) && same(iteration, iterations);
}

/**
 * Entries are kept by item, so that a recording of a wide fan-out is not searched from its start for every item. Each node that something
 * is asked of is added to `asked`.
 */
function createSearch<T>(entries: readonly Entry<T>[], asked: Set<string>): Search<T> {
  type Ordered = { readonly entry: Entry<T>; readonly order: number };
  const index = new Map<string, Map<number | undefined, Ordered[]>>();
  for (const [order, entry] of entries.entries()) {
    const byItem = index.get(entry.node) ?? new Map<number | undefined, Ordered[]>();
    index.set(entry.node, byItem);
    const item = typeof entry.item === 'number' ? entry.item : undefined;
    const same = byItem.get(item);
    if (same) same.push({ entry, order });
    else byItem.set(item, [{ entry, order }]);
  }
  const judged = new Set(entries.flatMap(({ node, call }) => (isJudging(call) ? [node] : [])));
  const fits = ({ entry }: Ordered, origin: Place & Partial<RequestOrigin>): boolean =>
    entry.left > 0 &&
    (entry.attempt ?? origin.attempt) === origin.attempt &&
    (entry.tier ?? origin.tier) === origin.tier &&
    isAsked(entry, origin, judged.has(origin.node)) &&
    isAt(entry, origin);
  const firstOf = (list: Ordered[] | undefined, origin: Place & Partial<RequestOrigin>): Ordered | undefined => {
    while (list?.[0]?.entry.left === 0) list.shift();
    return list?.find((one) => fits(one, origin));
  };
  /** The entry that each try of a task, or part of it, was given last. */
  const given = new Map<string, Entry<T>>();
  return {
    take(origin) {
      asked.add(origin.node);
      const askedBy = `${origin.task}~${origin.attempt} ${origin.role} ${origin.node}`;
      const byItem = index.get(origin.node);
      const general = firstOf(byItem?.get(undefined), origin);
      const own = origin.item === undefined ? undefined : firstOf(byItem?.get(origin.item), origin);
      const found = general && own ? (own.order < general.order ? own : general) : (own ?? general);
      const before = given.get(askedBy);
      if (found === undefined) {
        if (before && origin.call === 'repair') before.replaced = true;
        return undefined;
      }
      given.set(askedBy, found.entry);
      found.entry.left -= 1;
      found.entry.used = true;
      return found.entry.gives;
    },
    all(place) {
      const { node, item, attempt } = place;
      const byItem = index.get(node);
      const both = [...(byItem?.get(undefined) ?? []), ...(item === undefined ? [] : (byItem?.get(item) ?? []))];
      return both
        .filter(({ entry }) => entry.left > 0 && (entry.attempt ?? attempt) === attempt && isAt(entry, place))
        .sort((a, b) => a.order - b.order)
        .map(({ entry }) => entry);
    },
  };
}
