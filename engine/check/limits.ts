import { isObject, type JsonSchema } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { type FieldReading, placeOfField } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { printShape } from '../lang/shape-text.ts';
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

const BECAUSE = 'a bound has to be known before the run, so that its cost has one';

function checkBound({ document, inputs }: Workflow, { field, references }: FieldReading, report: Report): void {
  for (const reference of references) {
    const [root, name] = reference.path;
    if (root !== 'inputs') {
      const known = root === 'constants';
      report({
        code: 'DAG310',
        severity: 'error',
        message: `\`${field}\` reads "${reference.text}", which is ${known ? 'not an input' : 'not known before the run'}`,
        at: spanOfStep(document, reference, 0),
        label: known ? 'a bound is a number, or follows inputs' : 'only inputs are known',
        ...(!known && { because: BECAUSE }),
        help: `write ${known ? 'the' : 'a'} number, or read an input that has a \`maximum\``,
      });
      continue;
    }
    const input = inputs.get(name ?? '');
    if (!input) continue;
    const schema = within(input.schema, reference.path.slice(2));
    if (hasMaximum(schema)) continue;
    // Of a list or a text there is no `maximum` to be given.
    const isNumber = ['integer', 'number', undefined].some((type) => schema.type === type);
    report({
      code: 'DAG311',
      severity: 'error',
      message: `\`${field}\` follows the input "${input.name}", which ${isNumber ? 'has no `maximum`' : 'is not a number'}`,
      at: spanOfStep(document, reference, 1),
      label: isNumber ? 'could be any number' : printShape(shapeOf(schema)),
      related: [{ at: document.spanOf(input.path, 'key'), label: 'declared here' }],
      because: BECAUSE,
      help: isNumber
        ? `add \`maximum\` to ${reference.path.length > 2 ? `\`${reference.path.slice(2).join('.')}\` of ` : ''}the input "${input.name}"`
        : 'write a number, or read an input of type integer that has a `maximum`',
    });
  }
}

/** What is declared of a field of an input, as far as it is. */
function within(schema: JsonSchema, path: readonly string[]): JsonSchema {
  let found = schema;
  for (const step of path) {
    const { properties } = found;
    const inner = isObject(properties) && Object.hasOwn(properties, step) ? properties[step] : undefined;
    if (!isObject(inner)) return found;
    found = inner;
  }
  return found;
}

function hasMaximum(schema: JsonSchema): boolean {
  return [schema.maximum, schema.exclusiveMaximum].some((value) => typeof value === 'number') || 'enum' in schema || 'const' in schema;
}
