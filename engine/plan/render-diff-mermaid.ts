import type { DiffGraph, Presence } from '../contracts/diff.ts';
import { escapeText, titleOf } from './render-mermaid.ts';

/** Green has come, red is gone, amber is not as it was; lines that are gone are dashed. Light enough for black text on any page. */
const COLOURS: Readonly<Record<Presence, string>> = {
  same: 'fill:#f6f8fa,stroke:#8c959f,color:#111',
  added: 'fill:#dafbe1,stroke:#1a7f37,color:#111,stroke-width:2px',
  removed: 'fill:#ffebe9,stroke:#cf222e,color:#111,stroke-dasharray:5 3',
  changed: 'fill:#fff8c5,stroke:#bf8700,color:#111,stroke-width:2px',
};

const LINES: Readonly<Record<Exclude<Presence, 'same'>, string>> = {
  added: 'stroke:#1a7f37,stroke-width:2px',
  removed: 'stroke:#cf222e,stroke-dasharray:5 3',
  changed: 'stroke:#bf8700,stroke-width:2px',
};

type GraphNode = DiffGraph['nodes'][number];

/** Both graphs in one picture. */
export function renderDiffMermaid({ nodes, edges }: DiffGraph): string {
  const lines = ['flowchart TD'];
  const draw = (inside: string | undefined, indent: string): void => {
    for (const node of nodes.filter((one) => one.inside === inside)) {
      if (nodes.some((one) => one.inside === node.node)) {
        lines.push(`${indent}subgraph ${nameOf(node.node)} ["${titleOf(labelOf(node))}"]`, `${indent}  direction TB`);
        draw(node.node, `${indent}  `);
        // Classes do nothing to a box around others.
        lines.push(`${indent}end`, `${indent}style ${nameOf(node.node)} ${COLOURS[node.state]}`);
      } else {
        const label = labelOf(node).map(escapeText).join('<br/>');
        const [open, close] = node.foreach ? ['[[', ']]'] : ['[', ']'];
        lines.push(`${indent}${nameOf(node.node)}${open}"${label}"${close}`);
      }
    }
  };
  draw(undefined, '  ');
  for (const { from, to, optional } of edges) lines.push(`  ${nameOf(from)} ${optional ? '-.->' : '-->'} ${nameOf(to)}`);
  for (const state of ['added', 'removed', 'changed'] as const) {
    const numbers = edges.flatMap((edge, index) => (edge.state === state ? [index] : []));
    if (numbers.length > 0) lines.push(`  linkStyle ${numbers.join(',')} ${LINES[state]}`);
  }
  for (const state of ['same', 'added', 'removed', 'changed'] as const) {
    const names = nodes
      .filter((node) => node.state === state && !nodes.some((one) => one.inside === node.node))
      .map(({ node }) => nameOf(node));
    if (names.length > 0) lines.push(`  classDef ${state} ${COLOURS[state]}`, `  class ${names.join(',')} ${state}`);
  }
  return `${lines.join('\n')}\n`;
}

function labelOf({ node, before, is, state }: GraphNode): readonly string[] {
  const name = node.slice(node.lastIndexOf('/') + 1);
  if (before !== undefined) return [name, is, `was ${before.slice(before.lastIndexOf('/') + 1)}`];
  return state === 'removed' ? [name, is, 'removed'] : state === 'added' ? [name, is, 'new'] : [name, is];
}

/** An address with a prefix, since `end`, `class` and others mean something to Mermaid; names hold no capitals. */
function nameOf(address: string): string {
  return `n_${address.replaceAll('/', 'IN')}`;
}
