import type { Edge, Plan, PlanNode } from '../contracts/plan.ts';
import { caseLabel, casesOf, cut, edgesAmong, innerNodes, isDispensable, labelLines, tierOf } from './describe.ts';
import { TIER_COLOURS } from './tier-colours.ts';

/**
 * The plan in Graphviz's language: a fan-out has a double border, or a thick one where it is a cluster, a node that may be skipped a dashed one, an optional edge is dashed. A node
 * that holds others is a cluster of them, and the edges from a route to its cases bear their names.
 */
export function renderDot(plan: Plan): string {
  const holds = plan.nodes.some((node) => innerNodes(node).length > 0);
  const lines = [
    `digraph ${quote(plan.workflow)} {`,
    '  rankdir=TB;',
    ...(holds ? ['  compound=true;'] : []),
    '  node [shape=box, fontname="Helvetica", fontsize=11, fillcolor="#f4f4f4", color="#666666"];',
    '  edge [color="#666666", fontname="Helvetica", fontsize=10, fontcolor="#444444"];',
    ...(holds ? ['  graph [fontname="Helvetica", fontsize=11, fontcolor="#444444"];'] : []),
  ];
  const edges: string[] = [];

  const draw = (nodes: readonly PlanNode[], around: string, indent: string): void => {
    for (const node of nodes) {
      const name = around + node.id;
      const inside = innerNodes(node);
      if (inside.length === 0) {
        lines.push(`${indent}${quote(name)} [${attributesOf(node).join(', ')}];`);
        continue;
      }
      lines.push(`${indent}subgraph ${quote(`cluster_${name}`)} {`);
      lines.push(
        `${indent}  label=${quote(labelLines(node).join('\n'))}; style="${node.skipIf ? 'rounded,dashed' : 'rounded'}"; color="#999999";`,
      );
      // A cluster has one border at most.
      if (node.foreach) lines.push(`${indent}  penwidth=2;`);
      const cases = casesOf(node);
      if (cases) lines.push(`${indent}  ${quote(`${name}/`)} [shape=diamond, label="?"];`);
      draw(inside, `${name}/`, `${indent}  `);
      for (const one of cases ?? []) {
        const target = inside.find(({ id }) => id === one.name);
        if (!target) lines.push(`${indent}  ${quote(`${name}/${one.name}`)} [shape=plaintext, fontcolor="#444444", label="skip"];`);
        const to = target ? entryOf(target, `${name}/`) : `${name}/${one.name}`;
        const head = target && innerNodes(target).length > 0 ? `, lhead=${quote(`cluster_${name}/${target.id}`)}` : '';
        // Blanks keep the names of neighbours apart.
        edges.push(`  ${quote(`${name}/`)} -> ${quote(to)} [label=${quote(` ${cut(caseLabel(one), LONGEST_CASE)} `)}${head}];`);
      }
      lines.push(`${indent}}`);
    }
    for (const { node, edge } of edgesAmong(nodes)) {
      const source = nodes.find(({ id }) => id === edge.from);
      if (source) edges.push(edgeLine(source, node, edge, around));
    }
  };
  draw(plan.nodes, '', '  ');
  return `${[...lines, ...edges].join('\n')}\n}\n`;
}

/** A condition longer than this would push the boxes apart. */
const LONGEST_CASE = 32;

function attributesOf(node: PlanNode): readonly string[] {
  const colours = TIER_COLOURS[tierOf(node) ?? ''];
  return [
    `label=${quote(labelLines(node).join('\n'))}`,
    `style="${node.skipIf ? 'rounded,filled,dashed' : 'rounded,filled'}"`,
    ...(colours ? [`fillcolor="${colours.fill}"`, `color="${colours.line}"`] : []),
    ...(node.foreach ? ['peripheries=2'] : []),
  ];
}

/** An edge ends at the border of a cluster; Graphviz wants a node in it all the same. */
function edgeLine(from: PlanNode, to: PlanNode, edge: Edge, around: string): string {
  const attributes = [
    ...(isDispensable(to, edge) ? ['style=dashed'] : []),
    ...(innerNodes(from).length > 0 ? [`ltail=${quote(`cluster_${around}${from.id}`)}`] : []),
    ...(innerNodes(to).length > 0 ? [`lhead=${quote(`cluster_${around}${to.id}`)}`] : []),
  ];
  const [tail, head] = [exitOf(from, around), entryOf(to, around)];
  return `  ${quote(tail)} -> ${quote(head)}${attributes.length > 0 ? ` [${attributes.join(', ')}]` : ''};`;
}

function entryOf(node: PlanNode, around: string): string {
  const name = around + node.id;
  const [first] = innerNodes(node);
  if (first === undefined) return name;
  return casesOf(node) ? `${name}/` : entryOf(first, `${name}/`);
}

function exitOf(node: PlanNode, around: string): string {
  const last = innerNodes(node).at(-1);
  return last === undefined ? around + node.id : exitOf(last, `${around}${node.id}/`);
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
