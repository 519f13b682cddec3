import type { NodeId } from '../base/ids.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Path, Span } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { nearestNode, nodeExists } from './known-nodes.ts';
import type { CheckInput } from './rule.ts';

/** What stands under `needs` exists, stands there once, and is not the node itself. */
export function checkNeeds({ workflow }: CheckInput, report: Report): void {
  for (const node of workflow.nodes.values()) checkNeedsOf(workflow, node, report);
}

function checkNeedsOf(workflow: Workflow, node: NodeDecl, report: Report): void {
  const seen = new Map<NodeId, Path>();
  const anyOf = node.needs.filter((need) => need.anyOf);
  for (const need of node.needs) {
    const at = placeOf(workflow, need.path);
    const before = seen.get(need.from);
    if (need.from === node.id) {
      report({
        code: 'DAG207',
        severity: 'error',
        message: `"${node.id}" needs itself`,
        at,
        label: 'it would wait for ever',
        help: 'take it out of `needs`',
      });
    } else if (!nodeExists(workflow, need.from)) {
      report({
        code: 'DAG202',
        severity: 'error',
        message: `"${node.id}" needs "${need.from}", which is not a node`,
        at,
        label: 'no node has this id',
        ...nearestNode(workflow, need.from, node),
      });
    } else if (before) {
      report({
        code: 'DAG303',
        severity: 'warning',
        message: `"${node.id}" names "${need.from}" twice under \`needs\``,
        at,
        label: 'already named',
        related: [{ at: placeOf(workflow, before), label: 'here' }],
        help: 'keep the one that says what you mean: plain, `optional`, or in `any_of`',
      });
    }
    if (!before) seen.set(need.from, need.path);
  }
  const [only] = anyOf;
  const namedOnce = (id: NodeId): boolean => node.needs.filter((need) => need.from === id).length === 1;
  if (only && anyOf.length === 1 && nodeExists(workflow, only.from) && namedOnce(only.from)) {
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
function placeOf({ document }: Workflow, path: Path): Span {
  return document.spanOf(path, typeof path.at(-1) === 'string' ? 'key' : 'value');
}
