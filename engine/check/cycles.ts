import { findCycles } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { Span } from '../contracts/source.ts';
import { edgesOf, nodeGraphOf } from '../lang/edges.ts';
import { type FieldReading, nodeRead } from '../lang/readings.ts';
import { listed, spanOfStep } from './known-names.ts';
import type { CheckInput } from './rule.ts';

type Related = NonNullable<Diagnostic['related']>[number];

/** So many steps of a circle are shown: who sees these sees the rest. */
const SHOWN = 6;
/** Up to so many nodes a circle is told by name in the headline. */
const NAMED = 4;

/** Nothing waits for itself. One diagnostic for each knot of nodes: its shortest circle, from the node that stands first in the file. */
export function checkCycles({ workflow, kinds, references }: CheckInput, report: Report): void {
  const edges = edgesOf(workflow, kinds);
  const ids = [...workflow.nodes.keys()];
  const cycles = findCycles(nodeGraphOf(workflow, kinds));
  if (cycles.length === 0) return;
  const readings = byNode(references);
  for (const cycle of cycles) {
    // Against the edges: each waits for the next, which is how it is told.
    const [first, ...others] = cycle.map((index) => ids[index]).filter((id) => id !== undefined);
    if (first === undefined) continue;
    const circle = [first, ...others.reverse()];
    const waits = circle.map((id, index) => {
      const from = circle[(index + 1) % circle.length] ?? first;
      return { at: placeOf(id, from), label: `"${id}" waits for "${from}"` };
    });
    const [start, ...rest] = waits;
    if (!start) continue;
    report({
      code: 'DAG301',
      severity: 'error',
      message: headline(circle),
      at: start.at,
      label: start.label,
      related: rest.length < SHOWN ? rest : abridged(rest),
      because: 'a node starts only when everything it reads has finished',
      help: 'let one of them start without the other: take out one of these reads',
    });
  }

  /** Where it is written that `id` waits for `from`. */
  function placeOf(id: NodeId, from: NodeId): Span {
    const edge = edges.get(id)?.find((one) => one.from === from);
    for (const reading of readings.get(id) ?? []) {
      const reference = reading.references.find((one) => nodeRead(one) === from);
      if (reference) return spanOfStep(workflow.document, reference, 1);
    }
    return workflow.document.spanOf(edge?.reasons[0]?.path ?? ['nodes', id]);
  }
}

/** The readings of nodes, by node. */
function byNode(references: readonly FieldReading[]): ReadonlyMap<NodeId, readonly FieldReading[]> {
  const groups = new Map<NodeId, FieldReading[]>();
  for (const reading of references) {
    if (!reading.node) continue;
    const group = groups.get(reading.node.id);
    if (group) group.push(reading);
    else groups.set(reading.node.id, [reading]);
  }
  return groups;
}

/** The first and the last steps of a long circle. */
function abridged(steps: readonly Related[]): readonly Related[] {
  return [
    ...steps.slice(0, SHOWN - 3),
    ...steps.slice(SHOWN - 3, SHOWN - 2).map((step) => ({ ...step, label: `${step.label}, and so on` })),
    ...steps.slice(-1),
  ];
}

function headline(circle: readonly NodeId[]): string {
  if (circle.length === 2) return `${listed(circle)} wait for each other`;
  if (circle.length <= NAMED) return `${listed(circle)} wait for each other in a circle`;
  return `"${circle[0]}" waits for itself through ${circle.length - 1} other nodes`;
}
