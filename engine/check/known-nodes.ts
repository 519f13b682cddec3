import { positionAt } from '../base/position.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, type Frame, framesInSight, isNamed, nodeNamed, type Standing, standingOf } from '../lang/frames.ts';
import { listed, nearestOf } from './known-names.ts';

/** True for a node that can be named in a frame, also for one whose shape is wrong. */
export function nodeExists(workflow: Workflow, frame: Frame, id: string): boolean {
  return nodeNamed(frame, id) !== undefined || workflow.broken.nodes.has(id);
}

/** The help for an id that no node has: the nearest one with its line, what else has that name, or the list of the nodes when it is short. */
export function nearestNode(workflow: Workflow, frame: Frame, id: string, reader: NodeDecl | undefined): { readonly help?: string } {
  const ids = framesInSight(frame).flatMap(({ nodes }) => nodes.filter((node) => node !== reader && !isAround(workflow, node, reader)));
  // One whose shape is wrong is there, too.
  const nearest = nearestOf(id, [...ids.map((node) => node.id), ...workflow.broken.nodes]);
  if (nearest) {
    const decl = nodeNamed(frame, nearest.nearest)?.node;
    const where = decl
      ? ` It is defined at line ${positionAt(workflow.document.file, workflow.document.spanOf(decl.path, 'key').start).line}.`
      : '';
    return { help: `${nearest.help}${where}` };
  }
  if (workflow.inputs.has(id)) return { help: `"${id}" is an input: \`inputs.${id}\`` };
  if (ids.length === 0 || ids.length > 8) return {};
  return { help: `${ids.length === 1 ? 'the other node is' : 'the nodes are'} ${listed(ids.map((node) => node.id))}` };
}

/** True when `inner` is part of `node`. */
export function isAround(workflow: Workflow, node: NodeDecl, inner: NodeDecl | undefined): boolean {
  let at = inner;
  while (at !== undefined) {
    at = standingOf(workflow, at).frame.parent;
    if (at === node) return true;
  }
  return false;
}

/** A node of this id inside a group that cannot be looked into from elsewhere. */
export function hiddenNode(workflow: Workflow, id: string): Standing | undefined {
  return allNodes(workflow).find((standing) => standing.node.id === id && standing.frame.parent !== undefined && isNamed(standing));
}
