import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { type Misfit, whyNotAssignable } from '../lang/assignable.ts';
import type { FieldReading } from '../lang/readings.ts';
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
  return { schema: node.output, path: [...node.path, 'output'] };
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
