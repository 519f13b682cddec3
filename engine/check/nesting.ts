import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { Span } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode, isNamed, type Local, nodeNamed, type Standing } from '../lang/frames.ts';
import type { CheckInput } from './rule.ts';

/** No id, item or loop inside a node has the name of one around it: both can be read there, and one would be taken for the other. */
export function checkNesting({ workflow }: CheckInput, report: Report): void {
  for (const standing of allNodes(workflow)) {
    checkId(workflow, standing, report);
    const { foreach, repeat } = standing.node;
    if (foreach !== undefined) {
      const at = workflow.document.spanOf([...foreach.path, 'as']);
      checkName(workflow, foreach.as, at, standing, standing.around, report);
    }
    if (repeat?.as !== undefined) {
      checkName(workflow, repeat.as, workflow.document.spanOf([...repeat.path, 'as']), standing, standing.perItem, report);
    }
  }
}

function checkId({ document }: Workflow, { node, frame }: Standing, report: Report): void {
  const other = isNamed({ frame }) && frame.outer !== undefined ? nodeNamed(frame.outer, node.id)?.node : undefined;
  if (other === undefined) return;
  report({
    code: 'DAG212',
    severity: 'error',
    message: `inside "${frame.parent?.id}" there is another node "${node.id}"`,
    at: document.spanOf(node.path, 'key'),
    label: 'the same id',
    related: [{ at: document.spanOf(other.path, 'key'), label: 'this one can be read there as well' }],
    help: 'give one of them another id',
  });
}

function checkName(
  workflow: Workflow,
  name: string,
  at: Span,
  { node }: Standing,
  around: ReadonlyMap<string, Local>,
  report: Report,
): void {
  const other = around.get(name);
  if (other === undefined || (other.type !== 'item' && other.type !== 'loop')) return;
  const inner = authorsNode(workflow, node);
  const outer = authorsNode(workflow, other.of);
  const both = inner === outer ? `"${inner.id}" calls two things "${name}"` : `"${inner.id}" and "${outer.id}" both have a name "${name}"`;
  const items = name === 'item';
  report({
    code: 'DAG213',
    severity: 'error',
    message: items ? `the items of "${inner.id}" and of "${outer.id}" are both called "item"` : both,
    at,
    label: 'one of them could not be read here',
    related: related(workflow, other, outer),
    help: items ? 'name them: `foreach: { items: …, as: page }`' : 'give one of them another name',
  });
}

function related({ document }: Workflow, { type, of }: Local, outer: NodeDecl): NonNullable<Diagnostic['related']> {
  const path = type === 'loop' ? of.repeat?.path : of.foreach?.path;
  return path === undefined ? [] : [{ at: document.spanOf(path, 'key'), label: `the name that "${outer.id}" gives` }];
}
