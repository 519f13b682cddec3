import type { JsonObject } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { ReportField } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, hasOwnSpec } from '../lang/frames.ts';
import { placeOfField } from '../lang/readings.ts';
import type { CheckInput } from './rule.ts';

/** What only the kind of a node can say of its fields, of those of its fallback too. */
export function checkKinds({ workflow, kinds }: CheckInput, report: Report): void {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const ask = (node: NodeDecl, name: string, spec: JsonObject, base: Path): void => {
    byName.get(name)?.check?.(spec, reportAt(workflow, base, node, report), node);
  };
  for (const { node } of allNodes(workflow)) {
    if (!hasOwnSpec(node)) continue;
    ask(node, node.kind, node.spec, node.path);
    if (node.onError.action === 'fallback') ask(node, node.onError.kind, node.onError.spec, node.onError.path);
  }
}

function reportAt(workflow: Workflow, base: Path, node: NodeDecl, report: Report): ReportField {
  const { document } = workflow;
  return (code, path, message, more = {}) => {
    // A fallback takes over what it does not replace.
    const [field, ...below] = path;
    const shared = field === undefined ? node.path : [...placeOfField(node, String(field)), ...below];
    const where = [[...base, ...path], shared].find((full) => isWritten(workflow, full)) ?? base;
    const part = path.length === 0 || where === base || code === 'DAG121' || code === 'DAG124' ? 'key' : 'value';
    report({ code, severity: 'error', message, at: document.spanOf(where, part), ...more });
  };
}

function isWritten({ document }: Workflow, path: Path): boolean {
  let at: unknown = document.value;
  for (const step of path) at = isObject(at as never) || Array.isArray(at) ? (at as Record<string | number, unknown>)[step] : undefined;
  return at !== undefined;
}
