import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { whyNotAssignable } from '../lang/assignable.ts';
import { allNodes, authorsNode, hasOwnSpec } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { type Field, listOf, mayBeNull, type Shape, STRING, union } from '../lang/shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { serverIn } from '../lang/tool-names.ts';
import { shapeOfValue, widened } from '../lang/value-shape.ts';
import { didYouMean, listed, nearestOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** A node that calls one tool gives it the arguments that its schema wants. */
export function checkToolArguments({ workflow, kinds, references }: CheckInput, report: Report): void {
  for (const { node } of allNodes(workflow)) {
    if (hasOwnSpec(node)) check(node, node.spec, node.path);
    if (node.onError.action === 'fallback') check(node, node.onError.spec, node.onError.path);
  }

  function check(node: NodeDecl, { tool, with: given = {} }: JsonObject, base: Path): void {
    const schema = typeof tool === 'string' ? inputOf(workflow, tool) : undefined;
    if (schema === undefined || !isObject(given)) return;
    const wanted = shapeOf(schema);
    if (wanted.type !== 'object') return;
    const at = node.places?.with ?? [...base, 'with'];
    const { document } = workflow;
    const required = [...wanted.fields].filter(([, field]) => field.required).map(([name]) => name);
    const others = Object.keys(given).filter((name) => !wanted.fields.has(name));
    // One that is misspelt is told there.
    const misspelt = others.map((name) => nearestOf(name, [...wanted.fields.keys()])?.nearest);
    const missing = required.filter((name) => !Object.hasOwn(given, name) && !misspelt.includes(name));
    if (missing.length > 0) {
      const written = Object.keys(given).length > 0;
      report({
        code: 'DAG532',
        severity: 'error',
        message: `"${String(tool)}" wants ${listed(missing)}, which "${authorsNode(workflow, node).id}" does not give`,
        at: written ? document.spanOf(at, 'key') : document.spanOf(node.places?.tool ?? [...base, 'tool']),
        label: missing.length === 1 ? 'an argument is missing' : 'arguments are missing',
        help: `${written ? 'add' : 'write'} \`${written ? '' : 'with: { '}${missing.map((name) => `${name}: …`).join(', ')}${written ? '' : ' }'}\``,
      });
    }
    for (const [name, value] of Object.entries(given)) {
      const field = wanted.fields.get(name);
      if (field === undefined) {
        if (wanted.rest !== undefined) continue;
        report({
          code: 'DAG532',
          severity: 'error',
          message: `"${String(tool)}" takes no argument "${name}"`,
          at: document.spanOf([...at, name], 'key'),
          label: 'not among its arguments',
          ...didYouMean(name, [...wanted.fields.keys()]),
        });
        continue;
      }
      const shape = shapeAt(node, value, [...at, name]);
      const misfit = whyNotAssignable(shape, field.shape);
      if (misfit === undefined) continue;
      const inside = misfit.path.length === 0 ? '' : ` (at ${misfit.path.join('.')})`;
      report({
        code: 'DAG532',
        severity: 'error',
        message: `"${String(tool)}" takes another "${name}" than this`,
        at: document.spanOf([...at, name]),
        label: `${misfit.message}${inside}`,
        help: helpFor(shape, field),
      });
    }
  }

  /** What a value of a typed field gives. */
  function shapeAt(node: NodeDecl, value: Json, path: Path): Shape {
    const reading = readingAt(node, path) ?? readingAt(node, [...path, 'cel']);
    if (reading?.holds === 'expression') return typesOf(workflow, kinds).inferred(reading).shape;
    if (reading !== undefined && reading.template !== undefined) return STRING;
    if (isList(value)) return listOf(union(...value.map((one, index) => shapeAt(node, one, [...path, index]))));
    if (!isObject(value)) return shapeOfValue(value);
    const fields = Object.entries(value).map(([key, inner]): [string, Field] => [
      key,
      { shape: shapeAt(node, inner, [...path, key]), required: true },
    ]);
    return { type: 'object', fields: new Map(fields), exact: true };
  }

  function readingAt(node: NodeDecl, path: Path): FieldReading | undefined {
    return references.find(
      (reading) =>
        reading.node === node && reading.path.length === path.length && reading.path.every((step, index) => step === path[index]),
    );
  }
}

function helpFor(shape: Shape, { shape: wanted }: Field): string {
  if (mayBeNull(shape) && !mayBeNull(wanted)) return 'say what to do when it is missing: `{ cel: coalesce(…, …) }`';
  return `it takes ${printShape(widened(wanted))}; a text that is exactly one \`{{path}}\` keeps the type of the value`;
}

/** What a tool's arguments must fit, as far as it is known. */
function inputOf(workflow: Workflow, name: string): JsonSchema | undefined {
  const tool = workflow.tools.get(serverIn(name) ?? name);
  if (tool === undefined) return undefined;
  if (tool.type === 'mcp') return tool.offers?.find((offer) => `${tool.name}/${offer.name}` === name)?.input;
  return tool.input;
}
