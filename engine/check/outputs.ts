import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { type Misfit, whyNotAssignable } from '../lang/assignable.ts';
import { allNodes, authorsNode, isNamed, standingOf } from '../lang/frames.ts';
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
  for (const { node } of allNodes(workflow)) {
    checkDeclared(workflow, types, node, report);
    checkFallback(workflow, types, byName, node, report);
  }
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
  const of =
    node.body?.type === 'group'
      ? 'an object of what its nodes give'
      : node.body?.type === 'workflow'
        ? 'the outputs of the file'
        : 'what its kind gives';
  report({
    code: 'DAG414',
    severity: 'error',
    message: `what "${id}" gives${inCase(workflow, node)} does not fit its \`output\`${placeIn(why)}`,
    at: document.spanOf(path, 'key'),
    label: why.message,
    because: `an \`output\` here is about ${of}: ${printShape(given)}`,
    help:
      node.result === undefined
        ? 'leave `output` out: what it gives is known; or change it'
        : 'leave `output` out: it is about what is there before `result`',
  });
}

/** What a fallback does gives what its node has to give, where that is known. What it computes is looked at with the expression that does. */
function checkFallback(
  workflow: Workflow,
  types: WorkflowTypes,
  kinds: ReadonlyMap<string, NodeKind>,
  node: NodeDecl,
  report: Report,
): void {
  const { onError } = node;
  if (onError.action !== 'fallback') return;
  const kind = kinds.get(onError.kind);
  // A model is asked for what is wanted.
  if (kind === undefined || kind.callsModel || kind.outputField !== undefined) return;
  const wanted = wantedOfFallback(kinds, node);
  const given = types.insteadOf(node);
  const why = wanted && whyNotAssignable(given, shapeOf(wanted.schema));
  if (wanted === undefined || why === undefined) return;
  const { document } = workflow;
  report({
    code: 'DAG414',
    severity: 'error',
    message: `what the fallback of "${authorsNode(workflow, node).id}" gives${inCase(workflow, node)} does not fit its output${placeIn(why)}`,
    at: onError.body === undefined ? document.spanOf([...onError.path, 'kind']) : document.spanOf(placeOfField(onError, 'workflow')),
    label: why.message,
    related: [{ at: document.spanOf(wanted.path, 'key'), label: wanted.label }],
    because: `whichever way its work is done, a node gives the same: ${printShape(shapeOf(wanted.schema))}`,
    help: 'let the fallback give that, or use `on_error: { value: … }`',
  });
}

/** What a fallback has to give as well: what is declared of its node, or what its kind gives when nothing is. */
function wantedOfFallback(kinds: ReadonlyMap<string, NodeKind>, node: NodeDecl): Wanted | undefined {
  const { body } = node;
  // What goes through rounds, or through another tier, is not looked at again.
  const own = body?.type === 'evaluate' ? (node.repeat || body.onExhausted === 'escalate' ? undefined : body.generate) : node;
  if (own === undefined) return undefined;
  if (own.output !== undefined) return { schema: own.output, path: placeOfField(own, 'output'), label: 'declared here' };
  if (own.body !== undefined) return undefined;
  const schema = kinds.get(own.kind)?.output(own.spec);
  return schema && { schema, path: node.path, label: `without an \`output\`, it gives ${printShape(shapeOf(schema))}` };
}

/** Where in what is given something does not fit, to be put behind a sentence. */
function placeIn({ path }: Misfit): string {
  return path.length === 0 ? '' : ` at \`${path.join('.').replaceAll('.[]', '[]')}\``;
}

/** Of a case, or of a part of one: which it is, as the author calls the node around it. */
function inCase(workflow: Workflow, node: NodeDecl): string {
  const { frame } = standingOf(workflow, node);
  if (frame.parent === undefined || isNamed({ frame })) return '';
  return frame.type === 'route' ? ` in the case "${node.id}"` : inCase(workflow, frame.parent);
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
    message: `what ${readerOf(reading)} gives${node === undefined ? '' : inCase(workflow, node)} when it ${when} is not like what it gives otherwise`,
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
  readonly label: string;
}

function declared(workflow: Workflow, kinds: ReadonlyMap<string, NodeKind>, reading: FieldReading): Wanted | undefined {
  const { node, field, place } = reading;
  if (node === undefined) {
    const output = place === 'file' ? workflow.outputs.get(field) : undefined;
    return output?.schema === undefined ? undefined : { schema: output.schema, path: [...output.path, 'schema'], label: 'declared here' };
  }
  const { onError } = node;
  const instead = onError.action === 'fallback' && isFallback(reading);
  if (kinds.get(instead ? onError.kind : node.kind)?.outputField !== field) return undefined;
  if (instead) return wantedOfFallback(kinds, node);
  return node.output && { schema: node.output, path: placeOfField(node, 'output'), label: 'declared here' };
}

function isFallback({ node, path }: FieldReading): boolean {
  return node?.onError.action === 'fallback' && node.onError.path.every((step, at) => step === path[at]);
}

function diagnostic(workflow: Workflow, reading: FieldReading, wanted: Wanted, why: Misfit): Parameters<Report>[0] {
  const { document } = workflow;
  // The part of a structure that does not fit is written in the file; the part of an expression is not.
  const inner = [...reading.path, ...why.path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))];
  const at = document.spanOf(typeof reading.source === 'object' ? inner : reading.path, 'value');
  return {
    code: 'DAG414',
    severity: 'error',
    message: `${isFallback(reading) ? 'the fallback of ' : ''}${readerOf(reading)} does not fit its schema${reading.node ? inCase(workflow, reading.node) : ''}${placeIn(why)}`,
    at,
    label: why.message,
    related: [{ at: document.spanOf(wanted.path, 'key'), label: wanted.label }],
    help: 'change the value, or what is declared',
  };
}
