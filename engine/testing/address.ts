import type { TaskKey } from '../base/ids.ts';
import type { PlanNode } from '../contracts/plan.ts';
import { type Place, placesByName } from '../run/places.ts';
import type { PlanIndex } from '../run/plan-index.ts';

/**
 * A node as a test names it, which may be in one item and one round of what is around it: `scan`, `scan/read`, `scan[3]#2/read`. Items count
 * from 0, rounds from 1.
 */
export type Address = readonly Step[];

export interface Step {
  readonly id: string;
  readonly item?: number;
  /** Of rounds around rounds, the outer ones first. */
  readonly rounds: readonly number[];
}

/** The address that a text is; every text is one. */
export function parseAddress(text: string): Address {
  return text.split('/').map((part) => {
    const [, id = part, marks = ''] = /^(.*?)((?:\[\d+\]|#\d+)*)$/.exec(part) ?? [];
    const item = /\[(\d+)\]/.exec(marks)?.[1];
    const rounds = [...marks.matchAll(/#(\d+)/g)].map(([, round]) => Number(round));
    return { id, rounds, ...(item !== undefined && { item: Number(item) }) };
  });
}

/** Where the node of an address stands in the workflow: `scan/read`. */
export function placeIn(address: Address): string {
  return address.map(({ id }) => id).join('/');
}

export function renderAddress(address: Address): string {
  return address
    .map(({ id, item, rounds }) => `${id}${item === undefined ? '' : `[${item}]`}${rounds.map((round) => `#${round}`).join('')}`)
    .join('/');
}

/** True for an address that means one item or one round, and not all of them. */
export function isOfOne(address: Address): boolean {
  return address.some(({ item, rounds }) => item !== undefined || rounds.length > 0);
}

/** The address of a task. The parts of an `evaluate` or a `best_of` are with their node; the candidates are not told apart. */
export function addressOf(index: PlanIndex, task: TaskKey): Address {
  const steps: { id: string; item?: number; rounds: number[] }[] = [];
  let at = '';
  for (const part of task.split('/')) {
    at = at === '' ? part : `${at}/${part}`;
    const { node } = index.at(at as TaskKey);
    const item = /\[(\d+)\]/.exec(part)?.[1];
    const round = /#(\d+)/.exec(part)?.[1];
    const last = steps.at(-1);
    const step = node.part === undefined || !last ? { id: node.id, rounds: [] } : last;
    if (step !== last) steps.push(step);
    if (item !== undefined && node.part === undefined) step.item = Number(item);
    if (round !== undefined) step.rounds.push(Number(round));
  }
  return steps;
}

/** Whether what is at `actual` is meant by `said`, whose items and rounds may be left out. */
export function isMeant(said: Address, actual: Address): boolean {
  return said.length === actual.length && said.every((step, at) => isMeantStep(step, actual[at]));
}

function isMeantStep({ id, item, rounds }: Step, actual: Step | undefined): boolean {
  return actual?.id === id && (item === undefined || item === actual.item) && rounds.every((round, at) => round === actual.rounds[at]);
}

/** What the places of a workflow are made of, for checking what a test says of them. */
export interface Places {
  find(place: string): Place | undefined;
  /** Of all nodes. */
  readonly names: readonly string[];
}

export function placesIn(index: PlanIndex): Places {
  const all = placesByName(index);
  return { find: (place) => all.get(place), names: [...all.keys()] };
}

/** How often a node is done in one of what is around it: once for each of its items, and in rounds. */
export function shapeOf({ nodes, parts }: Place): { readonly items: boolean; readonly loops: number } {
  const isLoop = ({ node }: { readonly node: PlanNode }): boolean => node.loop !== undefined;
  const own = parts.filter(({ place }) => place === nodes[0].place);
  return {
    items: nodes.some(({ node }) => node.foreach !== undefined),
    loops: Math.max(...nodes.map((one) => (isLoop(one) ? 1 : 0))) + (own.some(isLoop) ? 1 : 0),
  };
}

/**
 * What an address that means one item or one round leaves open, as the address it could be: `scan[0]/read` of `scan/read`. Undefined
 * when it means one thing. The last step may leave its own items and rounds open.
 */
export function madeWhole(address: Address, places: Places): Address | undefined {
  let changed = false;
  const whole = address.map((step, at): Step => {
    const place = places.find(placeIn(address.slice(0, at + 1)));
    if (!place) return step;
    const { items, loops } = shapeOf(place);
    const needsItem = items && step.item === undefined && (at < address.length - 1 || step.rounds.length > 0);
    const needsRounds = at < address.length - 1 && step.rounds.length < loops;
    if (!needsItem && !needsRounds) return step;
    changed = true;
    return {
      id: step.id,
      rounds: needsRounds ? [...step.rounds, ...Array.from({ length: loops - step.rounds.length }, () => 1)] : step.rounds,
      ...(items && { item: step.item ?? 0 }),
    };
  });
  return changed ? whole : undefined;
}
