import { topologicalOrder } from '../base/graph.ts';
import type { Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeDecl, RouteDecl, Workflow } from '../contracts/workflow.ts';
import { nodeGraphOf } from '../lang/edges.ts';
import { allNodes, type Frame, framesOf } from '../lang/frames.ts';
import { readingsOfNode } from '../lang/readings.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { isAny, membersOf, type Shape } from '../lang/shape.ts';
import { printShape } from '../lang/shape-text.ts';
import { valuesIn } from '../lang/shape-values.ts';
import { valueOfCase } from '../lang/taken.ts';
import { didYouMean, listed, nearestOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** The cases of a route are the values that decide: all of them, unless there is a `default`, and no others. */
export function checkRoutes({ workflow, kinds }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  // Nothing is known of what follows from a node whose shape is wrong, or from nodes that wait for each other.
  const isOrdered = (frame: Frame): boolean => topologicalOrder(nodeGraphOf(workflow, kinds, frame)).length === frame.nodes.length;
  const known = workflow.broken.nodes.size === 0 && framesOf(workflow).every(isOrdered);
  for (const { node } of allNodes(workflow)) {
    const { body } = node;
    if (body?.type !== 'route' || body.by === undefined) continue;
    const reading = readingsOfNode(workflow, kinds, node).find(({ field }) => field === 'route.by');
    if (reading === undefined) continue;
    const { shape, texts, problems } = types.inferred(reading);
    if (problems.length === 0 && texts.every((text) => text.syntax === undefined)) checkCases(workflow, node, body, shape, known, report);
  }
}

function checkCases({ document }: Workflow, node: NodeDecl, route: RouteDecl, by: Shape, known: boolean, report: Report): void {
  const at = document.spanOf([...route.path, 'by'], 'value');
  const standard = route.cases.some(({ name }) => name === 'default');
  const values = valuesIn(by);
  if (values === undefined) {
    if (isAny(by) && !known) return;
    if (standard && (isAny(by) || membersOf(by).every((one) => one.type === 'string' || one.type === 'number' || isDecisive(one)))) return;
    report({
      code: 'DAG332',
      severity: 'error',
      message: `what decides the route of "${node.id}" may be more than its cases`,
      at,
      label: printShape(by),
      because: 'every value there can be has a case, so that no run ends for want of one',
      help: 'let it be an enum, a boolean, or an integer with an enum; or add a `default`',
    });
    return;
  }
  const named = route.cases.filter(({ name }) => name !== 'default');
  const missing = new Set(values.map(nameOf).filter((value) => !named.some(({ name }) => name === value)));
  for (const { name, path } of named) {
    if (values.includes(valueOfCase(name, by))) continue;
    const meant = nearestOf(name, [...missing]);
    report({
      code: 'DAG331',
      severity: 'error',
      message: `"${name}" is never what decides the route of "${node.id}"`,
      at: document.spanOf(path, 'key'),
      label: 'no value leads to this case',
      related: [{ at, label: printShape(by) }],
      ...didYouMean(name, [...missing]),
    });
    // One that is misspelt is not missing besides.
    if (meant !== undefined) missing.delete(meant.nearest);
  }
  if (!standard && missing.size > 0) reportMissing([...missing]);

  function reportMissing(missing: readonly string[]): void {
    report({
      code: 'DAG330',
      severity: 'error',
      message: `the route of "${node.id}" has no case for ${missing.length > MOST_LISTED ? `${missing.length} values` : listed(missing, 'and')}`,
      at: document.spanOf([...route.path, 'cases'], 'key'),
      label: missing.length > MOST_LISTED ? `no ${listed(missing.slice(0, MOST_LISTED))}, and others` : 'incomplete',
      related: [{ at, label: printShape(by) }],
      because: 'every value there can be has a case, so that no run ends for want of one',
      help: `add ${missing.length === 1 ? `\`${keyOf(missing[0] ?? '')}: …\`` : 'them'}, or a \`default\`; \`skip\` is a case that does nothing`,
    });
  }
}

/** As it is written in YAML: names of numbers, of true and false, and of null need quotes. */
const keyOf = (name: string): string => (/^[a-z][\w-]*$/i.test(name) && !/^(true|false|null)$/.test(name) ? name : `"${name}"`);

/** A longer list would not fit a headline. */
const MOST_LISTED = 4;

const nameOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const isDecisive = (one: Shape): boolean => one.type === 'boolean' || one.type === 'null' || one.type === 'never';
