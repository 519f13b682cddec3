import type { Report } from '../../engine/contracts/diagnostic.ts';
import type { SourceHost } from '../../engine/contracts/source.ts';
import type { Workflow } from '../../engine/contracts/workflow.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { parseDocument } from '../../engine/source/document.ts';
import { parseWorkflow } from '../../engine/syntax/parse.ts';

const NO_FILES: SourceHost = { read: () => undefined, list: () => [] };

/** The workflow of a text; what is wrong with its shape is reported, or thrown when nobody listens. */
export function workflowOf(text: string, options: { name?: string; report?: Report; host?: SourceHost } = {}): Workflow {
  const report: Report =
    options.report ??
    ((diagnostic) => {
      throw new Error(diagnostic.message);
    });
  const document = parseDocument({ name: options.name ?? 'test.workflow.yml', text }, report);
  const workflow = document && parseWorkflow(document, { kinds, host: options.host ?? NO_FILES }, report);
  if (!workflow) throw new Error('the text is no workflow');
  return workflow;
}
