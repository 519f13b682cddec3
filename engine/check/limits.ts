import { isObject, type JsonSchema } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { leastOf } from '../lang/least.ts';
import { type FieldReading, placeOfField } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { membersOf } from '../lang/shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { spanOfStep } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** Bounds are known before a run, none lets nothing happen, and none is above a bound of the whole run. */
export function checkLimits({ workflow, kinds, references }: CheckInput, report: Report): void {
  for (const reading of references) {
    if (reading.place !== 'bound') continue;
    if (checkBound(workflow, reading, report)) checkLeast(workflow, typesOf(workflow, kinds), reading, report);
  }
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

/** False when a bound is not one (reported). */
function checkBound({ document, inputs }: Workflow, { field, references }: FieldReading, report: Report): boolean {
  let isBound = true;
  for (const reference of references) {
    const [root, name] = reference.path;
    if (root !== 'inputs') {
      isBound = false;
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
    isBound = false;
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
  return isBound;
}

/** What is done at least once; other bounds are raised to 1 where they are less, or may be 0. */
const AT_LEAST_ONCE: ReadonlySet<string> = new Set(['repeat.times', 'repeat.max', 'evaluate.max_iterations', 'max_turns']);

function checkLeast({ document, inputs }: Workflow, types: WorkflowTypes, reading: FieldReading, report: Report): void {
  const { field, references, path } = reading;
  const { shape, texts, problems } = types.inferred(reading);
  const tree = texts[0]?.tree;
  if (!AT_LEAST_ONCE.has(field) || tree === undefined || problems.length > 0) return;
  if (membersOf(shape).some((one) => one.type !== 'number')) return;
  const least = leastOf(tree, types.scopeOf(reading));
  if (least === undefined || least >= 1) return;
  const [reference, ...others] = references;
  const input = others.length > 0 ? undefined : inputs.get(reference?.path[1] ?? '');
  const alone = reference !== undefined && input !== undefined && reference.text === texts[0]?.text.trim();
  const inside = alone && reference.path.length > 2 ? `\`${reference.path.slice(2).join('.')}\` of ` : '';
  report({
    code: 'DAG312',
    // The language asks for a `maximum` only: whoever says nothing of the other end may well mean what is sensible.
    severity: Number.isFinite(least) ? 'error' : 'warning',
    message: `\`${field}\` may be less than 1, and then the run fails`,
    at: alone ? spanOfStep(document, reference, 1) : document.spanOf(path, 'value'),
    label: Number.isFinite(least) ? `may be ${least}` : 'could be any number up to its maximum',
    ...(input !== undefined && { related: [{ at: document.spanOf(input.path, 'key'), label: 'declared here' }] }),
    because: 'what is done in rounds or turns is done at least once',
    help:
      alone && input !== undefined
        ? `give ${inside}the input "${input.name}" a \`minimum: 1\`; or skip the node: \`skip_if: ${reference.text} < 1\``
        : `keep it at 1 or more: \`max(1, ${texts[0]?.text.trim() ?? '…'})\``,
  });
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
