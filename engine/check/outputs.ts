import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { type Misfit, whyNotAssignable } from '../lang/assignable.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { type FieldReading, placeOfField } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { listOf, type Shape, withoutNull } from '../lang/shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { widened } from '../lang/value-shape.ts';
import { readerOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/**
 * What is declared to be given is what is computed: outputs of the workflow with a `schema`, and nodes whose `output` is computed.
 * What stands in for an output is like it.
 */
export function checkOutputs({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  const byName = new Map<string, NodeKind>(kinds.map((kind) => [kind.kind, kind]));
  for (const { node } of allNodes(workflow)) checkDeclared(workflow, types, node, report);
  for (const reading of references) {
    const wanted = declared(workflow, byName, reading);
    const instead = wanted === undefined ? standsFor(types, reading) : undefined;
    if (wanted === undefined && instead === undefined) continue;
    const { shape, texts, problems } = types.inferred(reading);
    if (problems.some((problem) => problem.severity === 'error') || texts.some((text) => text.syntax !== undefined)) continue;
    if (wanted !== undefined) {
      const why = whyNotAssignable(shape, shapeOf(wanted.schema));
      if (why !== undefined) report(diagnostic(workflow, reading, wanted, why));
    } else if (instead !== undefined) {
      // Null says on purpose that there is nothing; a value outside an enum or a range says so too.
      const why = whyNotAssignable(withoutNull(shape), widened(instead));
      if (why !== undefined) report(standInDiagnostic(workflow, reading, shape, instead, why));
    }
  }
}

/** What a node does gives what is declared of it, where that is known: a group, another file, a kind whose output has one form. */
function checkDeclared(workflow: Workflow, types: WorkflowTypes, node: NodeDecl, report: Report): void {
  if (node.output === undefined) return;
  const given = types.workOf(node);
  const why = whyNotAssignable(given, shapeOf(node.output));
  if (why === undefined) return;
  const { document } = workflow;
  const { id } = authorsNode(workflow, node);
  const path = placeOfField(node, 'output');
  const where = why.path.length === 0 ? '' : ` at \`${why.path.join('.').replaceAll('.[]', '[]')}\``;
  const of =
    node.body?.type === 'group'
      ? 'an object of what its nodes give'
      : node.body?.type === 'workflow'
        ? 'the outputs of the file'
        : 'what its kind gives';
  report({
    code: 'DAG414',
    severity: 'error',
    message: `what "${id}" gives does not fit its \`output\`${where}`,
    at: document.spanOf(path, 'key'),
    label: why.message,
    because: `an \`output\` here is about ${of}: ${printShape(given)}`,
    help:
      node.result === undefined
        ? 'leave `output` out: what it gives is known; or change it'
        : 'leave `output` out: it is about what is there before `result`',
  });
}

/** What a value stands for that is given when a node was skipped, or has failed; undefined for other fields. */
function standsFor(types: WorkflowTypes, { node, field, holds, path }: FieldReading): Shape | undefined {
  if (node === undefined || holds !== 'expression') return undefined;
  const one = types.madeBy(node);
  if (field === 'if_skipped') return node.foreach === undefined ? one : listOf(one);
  return field === 'on_error' && !path.includes('fallback') ? one : undefined;
}

function standInDiagnostic(workflow: Workflow, reading: FieldReading, shape: Shape, instead: Shape, why: Misfit): Parameters<Report>[0] {
  const { document } = workflow;
  const { node, field } = reading;
  const inner = [...reading.path, ...why.path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))];
  const when = field === 'if_skipped' ? 'is skipped' : 'has failed';
  return {
    code: 'DAG419',
    severity: 'warning',
    message: `what "${node?.id}" gives when it ${when} is not like what it gives otherwise`,
    at: document.spanOf(typeof reading.source === 'object' ? inner : reading.path, 'value'),
    label: why.path.length === 0 ? printShape(shape) : why.message,
    related: [{ at: document.spanOf([...(node?.path ?? []), 'output'], 'key'), label: `otherwise ${printShape(instead)}` }],
    because: 'whoever reads it has to tell the two apart',
    help: 'give it the same fields and types, or null, which readers can ask for',
  };
}

interface Wanted {
  readonly schema: Parameters<typeof shapeOf>[0];
  readonly path: Path;
}

function declared(workflow: Workflow, kinds: ReadonlyMap<string, NodeKind>, reading: FieldReading): Wanted | undefined {
  const { node, field, place } = reading;
  if (node === undefined) {
    const output = place === 'file' ? workflow.outputs.get(field) : undefined;
    return output?.schema === undefined ? undefined : { schema: output.schema, path: [...output.path, 'schema'] };
  }
  const kind = kinds.get(reading.path.includes('on_error') && node.onError.action === 'fallback' ? node.onError.kind : node.kind);
  if (node.output === undefined || kind?.outputField !== field) return undefined;
  return { schema: node.output, path: placeOfField(node, 'output') };
}

function diagnostic(workflow: Workflow, reading: FieldReading, wanted: Wanted, why: Misfit): Parameters<Report>[0] {
  const { document } = workflow;
  // The part of a structure that does not fit is written in the file; the part of an expression is not.
  const inner = [...reading.path, ...why.path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))];
  const at = document.spanOf(typeof reading.source === 'object' ? inner : reading.path, 'value');
  const where = why.path.length === 0 ? '' : ` at \`${why.path.join('.').replaceAll('.[]', '[]')}\``;
  return {
    code: 'DAG414',
    severity: 'error',
    message: `${readerOf(reading)} does not fit its schema${where}`,
    at,
    label: why.message,
    related: [{ at: document.spanOf(wanted.path, 'key'), label: 'declared here' }],
    help: 'change the value, or what is declared',
  };
}
