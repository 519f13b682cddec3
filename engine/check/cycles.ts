import { findCycles } from '../base/graph.ts';
import type { NodeId } from '../base/ids.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { Span } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesOf, nodeGraphOf } from '../lang/edges.ts';
import { type Frame, framesOf, isNamed, nodeNamed, wayOut } from '../lang/frames.ts';
import { type FieldReading, nodeRead } from '../lang/readings.ts';
import { listed, spanOfStep } from './known-names.ts';
import type { CheckInput } from './rule.ts';

type Related = NonNullable<Diagnostic['related']>[number];

/** So many steps of a circle are shown: who sees these sees the rest. */
const SHOWN = 6;
/** Up to so many nodes a circle is told by name in the headline. */
const NAMED = 4;

/** Nothing waits for itself. One diagnostic for each knot of nodes: its shortest circle, from the node that stands first in the file. */
export function checkCycles(input: CheckInput, report: Report): void {
  for (const frame of framesOf(input.workflow)) if (isNamed({ frame })) checkFrame(frame, input, report);
}

function checkFrame(frame: Frame, { workflow, kinds, references }: CheckInput, report: Report): void {
  const cycles = findCycles(nodeGraphOf(workflow, kinds, frame));
  if (cycles.length === 0) return;
  const edges = edgesOf(workflow, kinds);
  const readings = byHolder(frame, workflow, references);
  for (const cycle of cycles) {
    // Against the edges: each waits for the next, which is how it is told.
    const [first, ...others] = cycle.map((index) => frame.nodes[index]).filter((node) => node !== undefined);
    if (first === undefined) continue;
    const circle = [first, ...others.reverse()];
    const waits = circle.map((node, index) => {
      const from = circle[(index + 1) % circle.length] ?? first;
      return { at: placeOf(node, from), label: `"${node.id}" waits for "${from.id}"` };
    });
    const [start, ...rest] = waits;
    if (!start) continue;
    report({
      code: 'DAG301',
      severity: 'error',
      message: headline(circle.map(({ id }) => id)),
      at: start.at,
      label: start.label,
      related: rest.length < SHOWN ? rest : abridged(rest),
      because: 'a node starts only when everything it reads has finished',
      help: 'let one of them start without the other: take out one of these reads',
    });
  }

  /** Where it is written that a node waits for another. */
  function placeOf(node: NodeDecl, from: NodeDecl): Span {
    const edge = edges.get(node)?.find((one) => one.from === from.id);
    for (const reading of readings.get(node) ?? []) {
      const reference = reading.references.find((one) => nodeRead(one) === from.id && nodeNamed(reading.frame, from.id)?.node === from);
      if (reference) return spanOfStep(workflow.document, reference, 1);
    }
    return workflow.document.spanOf(edge?.reasons[0]?.path ?? node.path);
  }
}

/** What is read in each node of a frame, and inside it. */
function byHolder(frame: Frame, workflow: Workflow, references: readonly FieldReading[]): ReadonlyMap<NodeDecl, readonly FieldReading[]> {
  const groups = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    const holder = reading.node && wayOut(workflow, reading.node, frame)?.at(-1);
    if (holder === undefined) continue;
    const group = groups.get(holder);
    if (group) group.push(reading);
    else groups.set(holder, [reading]);
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
