import { isList, type Json } from '../base/json.ts';
import type { FanOutItems } from '../contracts/store.ts';
import { withoutAttempts } from '../run/address.ts';
import { placeBefore } from '../run/why-again.ts';
import type { NodeStory, RunStory } from './story.ts';

/** A node inside others, in one of its items and rounds, in both runs. */
export interface InnerPair {
  /** In the second run, where that has it. */
  readonly key: string;
  readonly pair: readonly [NodeStory | undefined, NodeStory | undefined];
}

/** By place, items and rounds; of several attempts around a node the last one counts. */
type Spots = ReadonlyMap<string, NodeStory>;

/**
 * What is inside the nodes of two runs, matched: items by their keys, else by what they are, rounds by their number. In the order in which
 * the second run came to them, then what only the first has. What is inside an item that only one of them went over is left out.
 */
export function pairsInside(a: RunStory, b: RunStory): readonly InnerPair[] {
  const [then, now] = [spotsOf(a), spotsOf(b)];
  const seen = new Set<NodeStory>();
  const found: InnerPair[] = [];
  for (const [spot, story] of now) {
    const twin = isInner(spot) ? twinOf(now, then, spot) : undefined;
    if (twin === undefined) continue;
    const other = then.get(twin);
    if (other) seen.add(other);
    found.push({ key: story.key, pair: [other, story] });
  }
  for (const [spot, story] of then) {
    if (!isInner(spot) || seen.has(story) || twinOf(then, now, spot) === undefined) continue;
    found.push({ key: story.key, pair: [story, undefined] });
  }
  return found;
}

function isInner(spot: string): boolean {
  return spot.includes('/');
}

function spotsOf(story: RunStory): Spots {
  const found = new Map<string, NodeStory>();
  for (const [key, node] of story.all) found.set(withoutAttempts(key), node);
  return found;
}

/** Where what is at a spot of one run would be in the other; undefined inside of an item that the other has not. */
function twinOf(from: Spots, to: Spots, spot: string): string | undefined {
  let own = '';
  let other = '';
  for (const part of spot.split('/')) {
    const [, id = part, item, rest = ''] = /^([^[#~]+)(?:\[(\d+)\])?(.*)$/.exec(part) ?? [];
    const slash = own === '' ? '' : '/';
    const [ownNode, otherNode] = [own + slash + id, other + slash + id];
    own = own + slash + part;
    if (item === undefined) {
      other = otherNode + rest;
      continue;
    }
    const [mine, its] = [itemsOf(from.get(ownNode)), itemsOf(to.get(otherNode))];
    const at = mine && its ? placeBefore(its, mine, Number(item)) : -1;
    if (at < 0) return undefined;
    other = `${otherNode}[${at}]${rest}`;
  }
  return other;
}

function itemsOf(story: NodeStory | undefined): FanOutItems | undefined {
  const fanOut = story?.fanOut;
  const items: Json = fanOut && 'json' in fanOut.items ? fanOut.items.json : null;
  return fanOut && isList(items) ? { items, ...(fanOut.keys && { keys: fanOut.keys }) } : undefined;
}
