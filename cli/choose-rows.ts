import type { NodeState, NodeView } from './node-view.ts';

/**
 * The nodes that get a line of their own, in plan order, each before those inside of it, and counts for those that get none. What is
 * inside gives way first, where nothing is going on; then whoever is at work or failed comes first, then what finished last, then
 * what comes next.
 */
export function chooseRows(nodes: readonly NodeView[], room: number): readonly (NodeView | string)[] {
  for (const isOpen of [() => true, isGoingOn]) {
    const rows = nodes.flatMap((node) => withInside(node, isOpen));
    if (rows.length <= room) return rows;
  }
  if (nodes.length <= room) return nodes;
  const kept = new Set<NodeView>();
  // Up to three counts (finished, at work, waiting) need a line each.
  const places = Math.max(1, room - 3);
  const keep = (candidates: readonly NodeView[]): void => {
    for (const node of candidates) if (kept.size < places) kept.add(node);
  };
  keep(nodes.filter((node) => node.state === 'failed'));
  keep(nodes.filter((node) => node.state === 'running' || node.state === 'retrying' || node.state === 'parked'));
  keep(
    nodes
      .filter((node) => isSettled(node.state) && node.startedAt !== undefined)
      .toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      .slice(0, Math.ceil((places - kept.size) / 2)),
  );
  keep(nodes.filter((node) => node.state === 'waiting'));
  keep(nodes.filter((node) => isSettled(node.state)));

  const rest = nodes.filter((node) => !kept.has(node));
  const count = (state: NodeState, word: string): string => {
    const number = rest.filter((node) => node.state === state).length;
    return number === 0 ? '' : `${number} ${word}`;
  };
  const before = [count('succeeded', 'done'), count('skipped', 'skipped'), count('cancelled', 'cancelled'), count('failed', 'failed')];
  const during = [
    count('running', 'running'),
    count('parked', 'waiting for somebody or a time'),
    count('retrying', 'waiting for their next try'),
  ];
  const after = [count('waiting', 'waiting')];
  const line = (parts: readonly string[]): readonly string[] => {
    const text = parts.filter((part) => part !== '').join(', ');
    return text === '' ? [] : [`… ${text}`];
  };
  return [...line(before), ...nodes.filter((node) => kept.has(node)), ...line(during), ...line(after)].slice(0, room);
}

function withInside(node: NodeView, isOpen: (node: NodeView) => boolean): readonly NodeView[] {
  if (!isOpen(node)) return [node];
  return [node, ...shownInside(node).flatMap((inner) => withInside(inner, isOpen))];
}

/** What there is to see inside a node: nothing before it has begun, and of the cases of a route those that were taken. */
export function shownInside(node: NodeView): readonly NodeView[] {
  if (node.startedAt === undefined) return [];
  const begun = node.inside.filter((inner) => inner.state !== 'waiting' || (!isSettled(node.state) && node.routes.size === 0));
  const [only] = begun;
  // The line of the route says all there is to say of its case.
  return node.routes.size === 1 && only?.inside.length === 0 ? [] : begun;
}

function isGoingOn({ state }: NodeView): boolean {
  return state === 'running' || state === 'parked' || state === 'retrying' || state === 'failed';
}

/** True for a node whose state will not change any more. */
export function isSettled(state: NodeState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'skipped' || state === 'cancelled';
}
