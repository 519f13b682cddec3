import type { Report } from '../contracts/diagnostic.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesIn } from '../lang/edges.ts';
import { authorsNode, nodeNamed, standingOf } from '../lang/frames.ts';
import { isGuarded } from '../lang/guards.ts';
import { type FieldReading, nodeRead } from '../lang/readings.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { fieldOf, isAny, mayBeNull, type Shape } from '../lang/shape.ts';
import { factsWhenRun, isUse } from '../lang/uses.ts';
import type { CheckInput } from './rule.ts';

interface Use {
  readonly reading: FieldReading;
  readonly reference: Reference;
}

/**
 * A guard that does nothing, because the same node also uses the value without one and is skipped together with its source.
 * Unguarded reads where nobody can be skipped (`outputs`, `result`) are mistakes of type, and told there.
 */
export function checkSkips({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  const { document } = workflow;
  for (const [node, readings] of byNode(workflow, references)) {
    const guarded = new Map<NodeDecl, Use>();
    const unguarded = new Map<NodeDecl, Use>();
    for (const reading of readings) {
      for (const reference of reading.references) {
        const id = nodeRead(reference);
        const from = id === undefined ? undefined : nodeNamed(reading.frame, id)?.node;
        if (from === undefined || from === node || !isUse(reference) || !types.mayGoMissing(from)) continue;
        // Where the node's own condition is the guard there is nothing to say.
        if (reading.node !== undefined && isGuarded(reference.path, factsWhenRun(reading.node))) continue;
        if (reference.guarded && mayBeMissingAnyway(types.seenOf(from), reference.path.slice(3))) continue;
        const uses = reference.guarded ? guarded : unguarded;
        if (!uses.has(from)) uses.set(from, { reading, reference });
      }
    }
    const { edges, outer } = edgesIn(workflow, kinds, standingOf(workflow, node).frame);
    for (const [from, { reference, reading }] of unguarded) {
      const other = guarded.get(from);
      // With an optional edge the node runs in any case: the read without a guard is one that needs none.
      const edge = edges.get(node)?.find((one) => one.from === from.id) ?? outer.get(node)?.find((one) => one.node === from);
      if (other === undefined || edge === undefined || edge.optional) continue;
      report({
        code: 'DAG415',
        severity: 'warning',
        message: `"${authorsNode(workflow, node).id}" is skipped with "${from.id}" all the same: this read of it has no guard`,
        at: document.spanWithin(reference.at, reference.start, reference.end),
        label: `in \`${reading.field}\`, without a guard`,
        related: [
          { at: document.spanWithin(other.reference.at, other.reference.start, other.reference.end), label: 'guarded here, to no effect' },
        ],
        because: 'a node that uses what was skipped is skipped too; one use without a guard is enough',
        help: 'guard this one as well, or none',
      });
    }
  }
}

/** True when a guard on what these steps lead to may be there for another reason than a skip: it is missing or null at times. */
function mayBeMissingAnyway(output: Shape, steps: readonly string[]): boolean {
  let shape = output;
  for (const step of steps) {
    const found = fieldOf(shape, step);
    if (mayBeNull(shape) || found.found !== 'always') return true;
    shape = found.shape;
  }
  return mayBeNull(shape) || isAny(shape);
}

/** The readings of each node that can be skipped by itself, those of its parts included. */
function byNode(workflow: Workflow, references: readonly FieldReading[]): ReadonlyMap<NodeDecl, readonly FieldReading[]> {
  const found = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    let { node } = reading;
    for (let parent = node && standingOf(workflow, node).frame.parent; parent !== undefined; ) {
      if (parent.body?.type !== 'evaluate' && parent.body?.type !== 'best_of') break;
      node = parent;
      parent = standingOf(workflow, parent).frame.parent;
    }
    if (node === undefined) continue;
    const known = found.get(node);
    if (known === undefined) found.set(node, [reading]);
    else known.push(reading);
  }
  return found;
}
