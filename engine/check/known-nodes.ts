import { nodeId } from '../base/ids.ts';
import { positionAt } from '../base/position.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { listed, nearestOf } from './known-names.ts';

/** True for a node of the file, also for one whose shape is wrong. */
export function nodeExists(workflow: Workflow, id: string): boolean {
  return workflow.nodes.has(nodeId(id)) || workflow.broken.nodes.has(id);
}

/** The help for an id that no node has: the nearest one with its line, what else has that name, or the list of a short file's nodes. */
export function nearestNode(workflow: Workflow, id: string, reader: NodeDecl | undefined): { readonly help?: string } {
  const ids = [...workflow.nodes.keys()].filter((other) => other !== reader?.id);
  const nearest = nearestOf(id, ids);
  if (nearest) {
    const decl = workflow.nodes.get(nodeId(nearest.nearest));
    const where = decl
      ? ` It is defined at line ${positionAt(workflow.document.file, workflow.document.spanOf(decl.path, 'key').start).line}.`
      : '';
    return { help: `${nearest.help}${where}` };
  }
  if (workflow.inputs.has(id)) return { help: `"${id}" is an input: \`inputs.${id}\`` };
  if (ids.length === 0 || ids.length > 8) return {};
  return { help: `${ids.length === 1 ? 'the other node is' : 'the nodes are'} ${listed(ids)}` };
}
