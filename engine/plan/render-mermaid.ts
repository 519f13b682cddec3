import type { Plan, PlanNode } from '../contracts/plan.ts';
import { caseLabel, casesOf, cut, edgesAmong, innerNodes, labelLines, tierOf } from './describe.ts';
import { TIER_COLOURS } from './tier-colours.ts';

/**
 * The plan as a Mermaid flowchart: a fan-out has double sides, a node that may be skipped a dashed border, an optional edge is dotted. A node
 * that holds others is a box around them, and the edges from a route to its cases bear their names.
 */
export function renderMermaid(plan: Plan): string {
  const lines = ['flowchart TD'];
  const all: PlanNode[] = [];
  const edges: string[] = [];

  const draw = (nodes: readonly PlanNode[], around: string, indent: string): void => {
    for (const node of nodes) {
      all.push(node);
      const name = nameOf(around, node.id);
      const inside = innerNodes(node);
      const classes = [...(inside.length === 0 ? [tierOf(node)] : []), ...(node.skipIf ? ['conditional'] : [])].filter(
        (one) => one !== undefined,
      );
      const label = labelLines(node).map(escapeText).join('<br/>');
      if (inside.length === 0) {
        const [open, close] = node.foreach ? ['[[', ']]'] : ['[', ']'];
        lines.push(`${indent}${name}${open}"${label}"${close}`);
      } else {
        lines.push(`${indent}subgraph ${name}["${label}"]`);
        const start = `${name}__by`;
        const cases = casesOf(node);
        if (cases) lines.push(`${indent}  ${start}{"?"}`);
        draw(inside, name, `${indent}  `);
        for (const one of cases ?? []) {
          const target = inside.find(({ id }) => id === one.name);
          const to = target ? nameOf(name, target.id) : nameOf(name, one.name);
          if (!target) lines.push(`${indent}  ${to}(["skip"])`);
          edges.push(`  ${start} -->|"${escapeText(cut(caseLabel(one), LONGEST_CASE))}"| ${to}`);
        }
        lines.push(`${indent}end`);
      }
      lines.push(...classes.map((one) => `${indent}class ${name} ${one}`));
    }
    for (const { node, edge } of edgesAmong(nodes))
      edges.push(`  ${nameOf(around, edge.from)} ${edge.optional ? '-.->' : '-->'} ${nameOf(around, node.id)}`);
  };
  draw(plan.nodes, '', '  ');
  lines.push(...edges);
  const tiers = new Set(all.filter((node) => innerNodes(node).length === 0).map(tierOf));
  for (const [tier, { fill, line }] of Object.entries(TIER_COLOURS)) {
    if (tiers.has(tier)) lines.push(`  classDef ${tier} fill:${fill},stroke:${line},color:#111`);
  }
  if (all.some((node) => node.skipIf)) lines.push('  classDef conditional stroke-dasharray:5 3');
  return `${lines.join('\n')}\n`;
}

/** A condition longer than this would push the boxes apart. */
const LONGEST_CASE = 32;

/** An id with a prefix, behind the name of the node around it: `end`, `class`, `x` and others mean something to Mermaid. */
function nameOf(around: string, id: string): string {
  return around === '' ? `n_${id}` : `${around}__${id}`;
}

/** Text inside a quoted label: what Mermaid or HTML would read is written as a Mermaid entity code. */
export function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:…·↻↑_=()/+-]/gu, (character) => `#${character.codePointAt(0)};`);
}
