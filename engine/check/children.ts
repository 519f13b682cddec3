import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, SubWorkflowDecl } from '../contracts/workflow.ts';
import { whyNotAssignable } from '../lang/assignable.ts';
import { allNodes, authorsNode, hasOwnSpec } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { type Field, listOf, NEVER, type Shape, STRING, union } from '../lang/shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { shapeOfValue } from '../lang/value-shape.ts';
import type { CheckInput } from './rule.ts';

/** What a sub-workflow is given is what its inputs take. Which inputs there are is told by those who check names. */
export function checkChildren({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  const { document } = workflow;
  for (const { node } of allNodes(workflow)) {
    if (node.body?.type === 'workflow' && hasOwnSpec(node)) check(node, node.body, node.spec.with ?? {}, false);
    const { onError } = node;
    if (onError.action === 'fallback' && onError.body !== undefined) check(node, onError.body, onError.spec.with ?? {}, true);
  }

  function check(node: NodeDecl, { workflow: child }: SubWorkflowDecl, given: Json, fallback: boolean): void {
    if (child === undefined || !isObject(given)) return;
    const own = references.filter((one) => one.node === node && one.field === 'with' && one.path.includes('on_error') === fallback);
    const base = placeOfWith(node, fallback);
    for (const [name, value] of Object.entries(given)) {
      const input = child.inputs.get(name);
      if (input === undefined) continue;
      const path = [...base, name];
      const shape = shapeOfTyped(types, own, value, path);
      const why = shape === undefined ? undefined : whyNotAssignable(shape, shapeOf(input.schema));
      if (shape === undefined || why === undefined) continue;
      report({
        code: 'DAG333',
        severity: 'error',
        message: `what "${authorsNode(workflow, node).id}" gives for "${name}" is not what that input takes`,
        at: document.spanOf([...path, ...why.path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))], 'value'),
        label: why.path.length === 0 ? printShape(shape) : why.message,
        related: [{ at: child.document.spanOf(input.path, 'key'), label: `it takes ${printShape(shapeOf(input.schema))}` }],
        help: 'change what is given, or what the input takes; a text that is exactly one `{{path}}` keeps its type',
      });
    }
  }
}

/** Where a node, or its fallback, says what the workflow or tool that it calls is given. */
export function placeOfWith({ path, places, onError }: NodeDecl, fallback: boolean): Path {
  if (!fallback || onError.action !== 'fallback') return places?.with ?? [...path, 'with'];
  return onError.places?.with ?? [...onError.path, 'with'];
}

/** What a value of a typed field gives; undefined where that cannot be told because of another mistake. */
function shapeOfTyped(types: WorkflowTypes, own: readonly FieldReading[], value: Json, path: Path): Shape | undefined {
  const reading = own.find((one) => isAt(one.path, path)) ?? own.find((one) => isAt(one.path, [...path, 'cel']));
  if (reading?.holds === 'expression') {
    const { shape, problems, texts } = types.inferred(reading);
    return problems.some(({ severity }) => severity === 'error') || texts.some(({ syntax }) => syntax !== undefined) ? undefined : shape;
  }
  if (reading?.template !== undefined) return STRING;
  if (isList(value)) {
    const items = value.map((one, index) => shapeOfTyped(types, own, one, [...path, index]));
    return items.some((one) => one === undefined) ? undefined : listOf(union(...items.map((one) => one ?? NEVER)));
  }
  if (!isObject(value)) return shapeOfValue(value);
  const fields: [string, Field][] = [];
  for (const [name, inner] of Object.entries(value)) {
    const shape = shapeOfTyped(types, own, inner, [...path, name]);
    if (shape === undefined) return undefined;
    fields.push([name, { shape, required: true }]);
  }
  return { type: 'object', fields: new Map(fields), exact: true };
}

const isAt = (a: Path, b: Path): boolean => a.length === b.length && a.every((step, index) => step === b[index]);
