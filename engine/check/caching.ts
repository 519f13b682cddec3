import type { Report } from '../contracts/diagnostic.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { placeOfField } from '../lang/readings.ts';
import type { CheckInput } from './rule.ts';

/** Only answers that follow from their question are kept for others who ask it. */
export function checkCaching({ workflow, kinds }: CheckInput, report: Report): void {
  const reusable = new Set(kinds.filter((kind) => kind.reuse).map((kind) => kind.kind));
  for (const { node } of allNodes(workflow)) {
    if (!node.cache?.use || reusable.has(node.kind)) continue;
    report({
      code: 'DAG509',
      severity: 'error',
      message: `what "${authorsNode(workflow, node).id}" gives is never cached: it is of kind ${node.kind}`,
      at: workflow.document.spanOf(placeOfField(node, 'cache'), 'key'),
      because: `what comes of ${/^[aeiou]/.test(node.kind) ? 'an' : 'a'} ${node.kind} does not follow from its fields alone`,
      help: 'remove `cache`',
    });
  }
}
