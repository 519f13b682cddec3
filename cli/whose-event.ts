import { type IndexedNode, pathOf, type TaskKey, unitOf } from '../engine/index.ts';
import type { NodeView } from './node-view.ts';
import type { RunView } from './run-view.ts';

/** The node that a task or a node's key belongs to: that of a part is the node that it is a part of. */
export function nodeOf(view: RunView, key: string): NodeView | undefined {
  return view.byPlace.get(plannedAt(view, key)?.place ?? key);
}

/** The same, undefined for a part. */
export function ownNode(view: RunView, key: string): NodeView | undefined {
  return isOwn(view, key) ? nodeOf(view, key) : undefined;
}

/** How the node of a key is planned; undefined where only some of a plan is shown. */
export function plannedAt(view: RunView, key: string): IndexedNode | undefined {
  return view.index.find(pathOf(key as TaskKey));
}

/** False for a part. */
export function isOwn(view: RunView, key: string): boolean {
  return plannedAt(view, key)?.node.part === undefined;
}

/** What part of its author's node it is, if it is not one itself. */
export function partOf(view: RunView, key: string): IndexedNode['node']['part'] {
  return plannedAt(view, key)?.node.part;
}

/** Whether the call is about what another one answered. */
export function judges(view: RunView, key: string): boolean {
  const part = partOf(view, key);
  return part === 'evaluate' || part === 'judge';
}

/** The nodes whose output it makes, or is a part of, from inside out: not those that it only judges. */
export function madeBy(view: RunView, key: string): readonly NodeView[] {
  const found = new Set<NodeView>();
  for (let at = plannedAt(view, key); at; at = at.parent) {
    if (at.node.part === 'evaluate' || at.node.part === 'judge') break;
    const node = view.byPlace.get(at.place);
    if (node) found.add(node);
  }
  return [...found];
}

/** Whether doing it is doing the nodes inside. */
export function holdsOthers(view: RunView, key: string): boolean {
  return plannedAt(view, key)?.bodies[0] !== undefined;
}

/** The loop that a node is known by: its own, or that of an `evaluate` which stands inside something else. */
export function isLoopShown(view: RunView, unit: string): boolean {
  const planned = plannedAt(view, unitOf(unit as TaskKey));
  if (planned?.node.part === undefined) return true;
  return planned.node.part === 'loop' && planned.parent?.node.loop === undefined;
}

/** Whether a tool of a task is a workflow of its own. */
export function isWorkflow(view: RunView, key: string, tool: string): boolean {
  const tools = plannedAt(view, key)?.sub?.tools ?? view.index.plan.tools;
  return tools?.tools[tool]?.does.type === 'workflow';
}
