import type { JsonSchema } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { type FieldReading, placeOfField } from '../lang/readings.ts';
import { spanOfStep } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** Bounds are known before a run, and none is above a bound of the whole run. */
export function checkLimits({ workflow, references }: CheckInput, report: Report): void {
  for (const reading of references) if (reading.place === 'bound') checkBound(workflow, reading, report);
  for (const { node } of allNodes(workflow)) {
    const { id } = authorsNode(workflow, node);
    const { concurrency } = node.foreach ?? {};
    const most = workflow.limits.concurrency;
    if (concurrency && 'value' in concurrency && most !== undefined && concurrency.value > most) {
      report({
        code: 'DAG313',
        severity: 'warning',
        message: `"${id}" lets ${concurrency.value} items run at once, the whole run only ${most} calls`,
        at: workflow.document.spanOf([...node.path, 'foreach', 'concurrency']),
        label: `never more than ${most}`,
        related: [{ at: workflow.document.spanOf(['limits', 'concurrency']), label: 'the limit of the run' }],
        help: 'raise `limits.concurrency`, or leave this one out',
      });
    }
    const { timeout } = workflow.limits;
    if (node.timeout !== undefined && timeout !== undefined && node.timeout > timeout) {
      report({
        code: 'DAG313',
        severity: 'warning',
        message: `"${id}" may try for ${renderDuration(node.timeout)}, the whole run only for ${renderDuration(timeout)}`,
        at: workflow.document.spanOf(placeOfField(node, 'timeout')),
        label: 'longer than the run may last',
        related: [{ at: workflow.document.spanOf(['limits', 'timeout']), label: 'the limit of the run' }],
        help: 'raise `limits.timeout`, or shorten this one',
      });
    }
  }
}

function checkBound(workflow: Workflow, reading: FieldReading, report: Report): void {
  const { field, references } = reading;
  for (const reference of references) {
    const [root, name] = reference.path;
    if (root !== 'inputs') {
      report({
        code: 'DAG310',
        severity: 'error',
        message: `\`${field}\` reads "${reference.text}", which is not known before the run`,
        at: spanOfStep(workflow.document, reference, 0),
        label: 'only inputs are known',
        because: 'a bound has to be known before the run, so that its cost has one',
        help: 'write a number, or read an input that has a `maximum`',
      });
      continue;
    }
    const input = workflow.inputs.get(name ?? '');
    if (!input || hasMaximum(input.schema)) continue;
    report({
      code: 'DAG311',
      severity: 'error',
      message: `\`${field}\` follows the input "${input.name}", which has no \`maximum\``,
      at: spanOfStep(workflow.document, reference, 1),
      label: 'could be any number',
      related: [{ at: workflow.document.spanOf(input.path, 'key'), label: 'declared here' }],
      because: 'a bound has to be known before the run, so that its cost has one',
      help: `add \`maximum\` to the input "${input.name}"`,
    });
  }
}

function hasMaximum(schema: JsonSchema): boolean {
  return [schema.maximum, schema.exclusiveMaximum].some((value) => typeof value === 'number') || 'enum' in schema || 'const' in schema;
}
