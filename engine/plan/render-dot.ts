import type { Plan } from '../contracts/plan.ts';
import { labelLines, tierOf } from './describe.ts';
import { TIER_COLOURS } from './tier-colours.ts';

/** The plan in Graphviz's language: a fan-out has a double border, a node that may be skipped a dashed one, an optional edge is dashed. */
export function renderDot(plan: Plan): string {
  const lines = [
    `digraph ${quote(plan.workflow)} {`,
    '  rankdir=TB;',
    '  node [shape=box, fontname="Helvetica", fontsize=11, fillcolor="#f4f4f4", color="#666666"];',
    '  edge [color="#666666"];',
  ];
  for (const node of plan.nodes) {
    const colours = TIER_COLOURS[tierOf(node) ?? ''];
    const attributes = [
      `label=${quote(labelLines(node).join('\n'))}`,
      `style="${node.skipIf ? 'rounded,filled,dashed' : 'rounded,filled'}"`,
      ...(colours ? [`fillcolor="${colours.fill}"`, `color="${colours.line}"`] : []),
      ...(node.foreach ? ['peripheries=2'] : []),
    ];
    lines.push(`  ${quote(node.id)} [${attributes.join(', ')}];`);
  }
  for (const node of plan.nodes) {
    for (const edge of node.after) lines.push(`  ${quote(edge.from)} -> ${quote(node.id)}${edge.optional ? ' [style=dashed]' : ''};`);
  }
  return `${lines.join('\n')}\n}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
