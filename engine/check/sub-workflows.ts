import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Path } from '../contracts/source.ts';
import type { InputDecl, NodeDecl, SubWorkflowDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { placeOfField } from '../lang/readings.ts';
import { listed, nearestOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** A sub-workflow is given the inputs that its file declares: all that have no default, and no others. */
export function checkSubWorkflows({ workflow }: CheckInput, report: Report): void {
  for (const { node } of allNodes(workflow)) {
    if (node.body?.type === 'workflow') checkInputs(workflow, node, node.body, node.spec, placeOfField(node, 'with'), report);
    const { onError } = node;
    if (onError.action !== 'fallback' || onError.body === undefined) continue;
    checkInputs(workflow, node, onError.body, onError.spec, [...onError.path, 'with'], report);
  }
}

function checkInputs(
  workflow: Workflow,
  node: NodeDecl,
  { file, path, workflow: child }: SubWorkflowDecl,
  spec: JsonObject,
  at: Path,
  report: Report,
): void {
  if (child === undefined) return;
  const given = spec.with === undefined ? {} : namesGiven(spec.with);
  if (given === undefined) return;
  const { id } = authorsNode(workflow, node);
  const { document } = workflow;
  const names = [...child.inputs.keys()];
  const misspelt = new Set<string>();
  for (const name of Object.keys(given)) {
    if (child.inputs.has(name) || child.broken.inputs.has(name)) continue;
    const near = nearestOf(
      name,
      names.filter((one) => !Object.hasOwn(given, one)),
    );
    if (near !== undefined) misspelt.add(near.nearest);
    const key = document.spanOf([...at, name], 'key');
    const none = names.length === 0 ? `${file} has no inputs` : `its inputs are ${listed(names)}`;
    report({
      code: 'DAG215',
      severity: 'error',
      message: `"${id}" gives ${file} "${name}", which is not an input of it`,
      at: key,
      label: 'not declared there',
      help: near?.help ?? none,
      ...(near !== undefined && { fix: { at: key, replacement: near.nearest } }),
    });
  }
  const missing = [...child.inputs.values()].filter((input) => isMissing(input, given) && !misspelt.has(input.name));
  if (missing.length === 0) return;
  const wanted = missing.map(({ name }) => name);
  report({
    code: 'DAG216',
    severity: 'error',
    message: `"${id}" does not give ${file} its input${missing.length === 1 ? '' : 's'} ${listed(wanted)}`,
    at: spec.with === undefined ? document.spanOf(path) : document.spanOf(at, 'key'),
    label: missing.length === 1 ? 'one is missing' : `${missing.length} are missing`,
    related: missing
      .slice(0, 3)
      .map((input) => ({ at: child.document.spanOf(input.path, 'key'), label: 'declared here, without a default' })),
    help: `add ${wanted.map((name) => `\`${name}: …\``).join(', ')} to \`with\``,
  });
}

/** What is written below `with` by name; undefined where that is the value of an expression. */
function namesGiven(value: Json): JsonObject | undefined {
  return isObject(value) && !(Object.keys(value).length === 1 && typeof value.cel === 'string') ? value : undefined;
}

function isMissing({ name, default: standard }: InputDecl, given: JsonObject): boolean {
  return standard === undefined && !Object.hasOwn(given, name);
}
