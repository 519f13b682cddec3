import { type NodeId, type TaskKey, taskKey } from '../base/ids.ts';

/*
 * A task's key is its address. From outside in, each step is the id of a node, its item, and its round, and what comes after a slash
 * happened inside it:
 *
 *   scan                        a node
 *   scan[3]                     its item 3
 *   refine#2                    its round 2
 *   scan[3]#2                   round 2 of item 3
 *   scan[3]#2/draft             a node inside that
 *   review~2.1/read             inside the second attempt of `review`, which was made in the node's stage 1
 *
 * The unit of a loop is what has rounds of its own: the node, or one of its items.
 */

/** The key of a node of the outermost frame. */
export function keyOf(id: NodeId): TaskKey {
  return taskKey(id);
}

/** A key, taken apart. */
interface Address {
  readonly item: { readonly node: TaskKey; readonly index: number } | undefined;
  readonly round: { readonly unit: TaskKey; readonly round: number } | undefined;
  readonly frame: string;
  readonly path: string;
}

/** Those asked for last: a step asks a dozen times for parts of the same few. */
const recent = new Map<string, Address>();
const RECENT = 1024;

function addressOf(key: TaskKey): Address {
  const known = recent.get(key);
  if (known) return known;
  if (recent.size >= RECENT) recent.clear();
  const address = { item: itemIn(key), round: roundIn(key), frame: key.slice(0, key.lastIndexOf('/') + 1), path: pathIn(key) };
  recent.set(key, address);
  return address;
}

function itemIn(key: TaskKey): Address['item'] {
  if (!key.endsWith(']')) return undefined;
  const open = key.lastIndexOf('[');
  return { node: taskKey(key.slice(0, open)), index: Number(key.slice(open + 1, -1)) };
}

function roundIn(key: TaskKey): Address['round'] {
  const at = key.lastIndexOf('#');
  if (at < 0 || key.indexOf('/', at) >= 0) return undefined;
  const round = Number(key.slice(at + 1));
  return Number.isInteger(round) ? { unit: taskKey(key.slice(0, at)), round } : undefined;
}

function pathIn(key: TaskKey): string {
  if (!/[[#~]/.test(key)) return key;
  return key.replace(/\[\d+\]|#\d+/g, '').replace(/~\d+\.(\d+)/g, (_, stage: string) => (stage === '0' ? '' : `~${stage}`));
}

/** The fan-out an item's key belongs to and its index, or undefined for a key that is no item's. */
export function itemOf(key: TaskKey): Address['item'] {
  return addressOf(key).item;
}

export function roundKey(unit: TaskKey, round: number): TaskKey {
  return taskKey(`${unit}#${round}`);
}

/** The unit a round belongs to and its number, or undefined for a key that is no round's. */
export function roundOf(key: TaskKey): Address['round'] {
  return addressOf(key).round;
}

/** The unit of a key: without its round. */
export function unitOf(key: TaskKey): TaskKey {
  return roundOf(key)?.unit ?? key;
}

/** The node of a key: without item and round. */
export function nodeKeyOf(key: TaskKey): TaskKey {
  const unit = unitOf(key);
  return itemOf(unit)?.node ?? unit;
}

/** What comes before the keys of the nodes inside an attempt. */
export function frameOf(task: TaskKey, attempt: number, stage: number): string {
  return attempt === 1 && stage === 0 ? `${task}/` : `${task}~${attempt}.${stage}/`;
}

/** The frame a key stands in: `''` for the outermost. */
export function frameAround(key: TaskKey): string {
  return addressOf(key).frame;
}

/** The task inside whose attempt a frame is; undefined for the outermost. */
export function taskOfFrame(frame: string): TaskKey | undefined {
  if (frame === '') return undefined;
  const mark = frame.lastIndexOf('~');
  const end = mark > frame.lastIndexOf('/', frame.length - 2) ? mark : frame.length - 1;
  return taskKey(frame.slice(0, end));
}

/** The stage of the attempt that a frame is inside of. */
export function stageOfFrame(frame: string): number {
  return Number(/~\d+\.(\d+)\/$/.exec(frame)?.[1] ?? 0);
}

/** The task inside which a key is; undefined in the outermost frame. */
export function taskAround(key: TaskKey): TaskKey | undefined {
  return taskOfFrame(frameAround(key));
}

/** The key of a node of a frame. */
export function keyIn(frame: string, id: NodeId): TaskKey {
  return taskKey(frame + id);
}

/** A key without the attempts around it, of which there is one that counts. `~1` marks those of another stage than the first. */
export function withoutAttempts(key: TaskKey): string {
  return key.includes('~') ? key.replace(/~\d+\.(\d+)/g, (_, stage: string) => (stage === '0' ? '' : `~${stage}`)) : key;
}

/** A key without items, rounds and attempts: where its node stands in the plan. `~1` marks a body of another stage than the first. */
export function pathOf(key: TaskKey): string {
  return addressOf(key).path;
}

/** The items and rounds on the way to a task, outermost first; those of the nodes at `without` (paths) left out. */
export function stepsOf(
  key: TaskKey,
  without: (path: string) => boolean = () => false,
): { readonly items: readonly number[]; readonly rounds: readonly number[] } {
  const items: number[] = [];
  const rounds: number[] = [];
  let at = '';
  for (const part of key.split('/')) {
    at = at === '' ? part : `${at}/${part}`;
    if (without(pathOf(taskKey(at)))) continue;
    const item = /\[(\d+)\]/.exec(part);
    const round = /#(\d+)/.exec(part);
    if (item) items.push(Number(item[1]));
    if (round) rounds.push(Number(round[1]));
  }
  return { items, rounds };
}

/** A key, and what it belongs to: its unit, its node, and the same of every task around it, from inside out. */
export function keysAround(key: TaskKey): readonly TaskKey[] {
  const found: TaskKey[] = [];
  for (let at: TaskKey | undefined = key; at !== undefined; at = taskAround(at)) {
    const unit = unitOf(at);
    const node = itemOf(unit)?.node ?? unit;
    found.push(at);
    if (unit !== at) found.push(unit);
    if (node !== unit) found.push(node);
  }
  return found;
}
