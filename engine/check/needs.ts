import type { NodeId } from '../base/ids.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Path, Span } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { allNodes, type Frame, nodeNamed, type Standing } from '../lang/frames.ts';
import { hiddenNode, isAround, nearestNode, nodeExists } from './known-nodes.ts';
import type { CheckInput } from './rule.ts';

/** What stands under `needs` exists, stands there once, and is not the node itself. */
export function checkNeeds({ workflow }: CheckInput, report: Report): void {
  for (const standing of allNodes(workflow)) checkNeedsOf(workflow, standing, report);
}

function checkNeedsOf(workflow: Workflow, { node, frame }: Standing, report: Report): void {
  const seen = new Map<NodeId, Span>();
  const anyOf = node.needs.filter((need) => need.anyOf);
  for (const need of node.needs) {
    const at = placeOf(workflow, need.path, need.from);
    const before = seen.get(need.from);
    const source = nodeNamed(frame, need.from)?.node;
    if (source === node) {
      report({
        code: 'DAG207',
        severity: 'error',
        message: `"${node.id}" needs itself`,
        at,
        label: 'it would wait for ever',
        help: 'take it out of `needs`',
      });
    } else if (source !== undefined && isAround(workflow, source, node)) {
      report({
        code: 'DAG207',
        severity: 'error',
        message: `"${node.id}" needs "${need.from}", and is part of it`,
        at,
        label: 'it would wait for ever',
        help: 'take it out of `needs`: nothing inside begins before the node around it does',
      });
    } else if (!nodeExists(workflow, frame, need.from) && hiddenNode(workflow, need.from) !== undefined) {
      const group = hiddenNode(workflow, need.from)?.frame.parent;
      report({
        code: 'DAG214',
        severity: 'error',
        message: `"${node.id}" needs "${need.from}", which is inside "${group?.id}"`,
        at,
        label: 'outside, only the group can be named',
        help: `write \`${group?.id}\``,
      });
    } else if (!nodeExists(workflow, frame, need.from)) {
      report({
        code: 'DAG202',
        severity: 'error',
        message: `"${node.id}" needs "${need.from}", which is not a node`,
        at,
        label: 'no node has this id',
        ...(idsIn(workflow, frame, need.from) ?? nearestNode(workflow, frame, need.from, node)),
      });
    } else if (before) {
      report({
        code: 'DAG303',
        severity: 'warning',
        message: `"${node.id}" names "${need.from}" twice under \`needs\``,
        at,
        label: 'already named',
        related: [{ at: before, label: 'here' }],
        help: 'keep the one that says what you mean: plain, `optional`, or in `any_of`',
      });
    }
    if (!before) seen.set(need.from, at);
  }
  const [only] = anyOf;
  const namedOnce = (id: NodeId): boolean => node.needs.filter((need) => need.from === id).length === 1;
  if (only && anyOf.length === 1 && nodeExists(workflow, frame, only.from) && namedOnce(only.from)) {
    report({
      code: 'DAG303',
      severity: 'warning',
      message: `the \`any_of\` of "${node.id}" has one node only`,
      at: workflow.document.spanOf(only.path),
      label: 'any of one is that one',
      help: `write \`needs: [${only.from}]\`, which says the same`,
    });
  }
}

/** Where a need is written: `needs: { a: optional }` has the id as its key. */
function placeOf({ document }: Workflow, path: Path, id: NodeId): Span {
  return document.spanOf(path, path.at(-1) === id ? 'key' : 'value');
}

/** Help where the nodes are named, but not as ids: `a, b`, `nodes.a`, `nodes.a.output`. */
function idsIn(workflow: Workflow, frame: Frame, written: string): { readonly help: string } | undefined {
  const ids = written.split(/\s*,\s*|\s+/).map((part) => /^(?:nodes\.)?([a-z][a-z0-9_]*)(?:\.output.*)?$/.exec(part)?.[1] ?? '');
  if (!ids.every((id) => nodeExists(workflow, frame, id))) return undefined;
  return { help: ids.length === 1 ? `write \`${ids[0]}\`` : `write \`[${ids.join(', ')}]\`` };
}
