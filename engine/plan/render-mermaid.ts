import type { Plan, PlanNode } from '../contracts/plan.ts';
import { caseLabel, casesOf, cut, edgesAmong, innerNodes, isDispensable, labelLines, tierOf } from './describe.ts';
import { TIER_COLOURS } from './tier-colours.ts';

/**
 * The plan as a Mermaid flowchart: a fan-out has double sides, a node that may be skipped a dashed border, an optional edge is dotted. A node
 * that holds others is a box around them, and the edges from a route to its cases bear their names.
 */
export function renderMermaid(plan: Plan): string {
  const lines = ['flowchart TD'];
  const edges: string[] = [];

  const draw = (nodes: readonly PlanNode[], around: string, indent: string): void => {
    for (const node of nodes) {
      const name = nameOf(around, node.id);
      const inside = innerNodes(node);
      const classes = [tierOf(node) ?? 'plain', ...(node.skipIf ? ['conditional'] : [])];
      if (inside.length === 0) {
        const label = labelLines(node).map(escapeText).join('<br/>');
        const [open, close] = node.foreach ? ['[[', ']]'] : ['[', ']'];
        lines.push(`${indent}${name}${open}"${label}"${close}`);
      } else {
        lines.push(`${indent}subgraph ${name}["${titleOf(labelLines(node))}"]`, `${indent}  direction TB`);
        const start = `${name}__by`;
        const cases = casesOf(node);
        if (cases) lines.push(`${indent}  ${start}{"?"}`, `${indent}  class ${start} plain`);
        draw(inside, name, `${indent}  `);
        for (const one of cases ?? []) {
          const target = inside.find(({ id }) => id === one.name);
          const to = target ? nameOf(name, target.id) : nameOf(name, one.name);
          if (!target) lines.push(`${indent}  ${to}(["skip"])`, `${indent}  class ${to} plain`);
          edges.push(`  ${start} -->|"${escapeText(cut(caseLabel(one), LONGEST_CASE))}"| ${to}`);
        }
        // Classes do nothing to a box around others.
        lines.push(`${indent}end`, `${indent}style ${name} ${AROUND}${node.skipIf ? `,${DASHED}` : ''}`);
        continue;
      }
      lines.push(...classes.map((one) => `${indent}class ${name} ${one}`));
    }
    for (const { node, edge } of edgesAmong(nodes))
      edges.push(`  ${nameOf(around, edge.from)} ${isDispensable(node, edge) ? '-.->' : '-->'} ${nameOf(around, node.id)}`);
  };
  draw(plan.nodes, '', '  ');
  lines.push(...edges);
  const used = new Set(lines.flatMap((line) => /^ *class \S+ (\w+)$/.exec(line)?.[1] ?? []));
  for (const [name, { fill, line }] of Object.entries({ ...TIER_COLOURS, plain: PLAIN })) {
    if (used.has(name)) lines.push(`  classDef ${name} fill:${fill},stroke:${line},color:#111`);
  }
  if (used.has('conditional')) lines.push(`  classDef conditional ${DASHED}`);
  return `${lines.join('\n')}\n`;
}

/** What calls no model of a tier, and what holds others: Mermaid's own colours would say something that is not so. */
const PLAIN = { fill: '#f4f4f4', line: '#666666' };
const AROUND = 'fill:#fcfcfc,stroke:#999999,color:#111';
const DASHED = 'stroke-dasharray:5 3';

/** A title longer than this would be wider than what is below it. */
const LONGEST_TITLE = 72;

/** The title of a box around others, on one line: Mermaid draws what is inside over a second one. */
export function titleOf(lines: readonly string[]): string {
  return escapeText(cut(lines.join(' · '), LONGEST_TITLE));
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
