import type { Plan } from '../contracts/plan.ts';
import { labelLines, tierOf } from './describe.ts';
import { TIER_COLOURS } from './tier-colours.ts';

/** The plan as a Mermaid flowchart: a fan-out has double sides, a node that may be skipped a dashed border, an optional edge is dotted. */
export function renderMermaid(plan: Plan): string {
  const lines = ['flowchart TD'];
  for (const node of plan.nodes) {
    const [open, close] = node.foreach ? ['[[', ']]'] : ['[', ']'];
    const classes = [tierOf(node), ...(node.skipIf ? ['conditional'] : [])].filter((name) => name !== undefined);
    const label = labelLines(node).map(escapeText).join('<br/>');
    lines.push(`  ${nameOf(node.id)}${open}"${label}"${close}`);
    if (classes.length > 0) lines.push(...classes.map((name) => `  class ${nameOf(node.id)} ${name}`));
  }
  for (const node of plan.nodes) {
    for (const edge of node.after) lines.push(`  ${nameOf(edge.from)} ${edge.optional ? '-.->' : '-->'} ${nameOf(node.id)}`);
  }
  const tiers = new Set(plan.nodes.map(tierOf));
  for (const [tier, { fill, line }] of Object.entries(TIER_COLOURS)) {
    if (tiers.has(tier)) lines.push(`  classDef ${tier} fill:${fill},stroke:${line},color:#111`);
  }
  if (plan.nodes.some((node) => node.skipIf)) lines.push('  classDef conditional stroke-dasharray:5 3');
  return `${lines.join('\n')}\n`;
}

/** An id with a prefix: `end`, `class`, `x` and others mean something to Mermaid. */
function nameOf(id: string): string {
  return `n_${id}`;
}

/** Text inside a quoted label: what Mermaid or HTML would read is written as a Mermaid entity code. */
export function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:…·_=()/+-]/gu, (character) => `#${character.codePointAt(0)};`);
}
