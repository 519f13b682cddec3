import { positionAt } from '../base/position.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Edge, EdgeReason } from '../contracts/plan.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { edgesIn, edgesOf } from '../lang/edges.ts';
import { allNodes, standingOf } from '../lang/frames.ts';
import { type Facts, guardOf, NO_FACTS } from '../lang/guards.ts';
import { joinedReads } from '../lang/joins.ts';
import { type FieldReading, nodeRead, readingsOf } from '../lang/readings.ts';
import { factsWhenRun, factsWhenTaken, isBareUse, isUse } from '../lang/uses.ts';

/** Why the nodes of a workflow wait for each other: every edge, and each field that makes it. */
export interface EdgesExplained {
  readonly workflow: string;
  /** As it was named when it was loaded. */
  readonly file: string;
  /** Depth first, in document order; those inside others by their path, `review/draft`. */
  readonly nodes: readonly NodeExplained[];
  readonly outputs: readonly OutputExplained[];
}

export interface NodeExplained {
  readonly node: string;
  readonly kind: string;
  /** From 1. */
  readonly line: number;
  /** Siblings in document order, then what stands around the node it is in. */
  readonly waits_for: readonly EdgeExplained[];
}

export interface EdgeExplained {
  readonly node: string;
  /** True when the node runs even if this one was skipped. */
  readonly optional: boolean;
  /** True of a node outside of the one that holds the reader, which waits for it. */
  readonly outer: boolean;
  readonly because: readonly ReadExplained[];
}

export interface OutputExplained {
  readonly output: string;
  readonly line: number;
  readonly because: readonly (ReadExplained & { readonly node: string })[];
}

/**
 * `needs`: written by hand. `uses`: reads the value, and is skipped when there is none. `guarded`: reads it where it is there.
 * `asks`: reads how the node fared, or whether there is a value.
 */
export interface ReadExplained {
  readonly field: string;
  readonly line: number;
  readonly reads?: string;
  readonly how: 'needs' | 'uses' | 'guarded' | 'asks';
  /** `coalesce`, `optional`, `default`, the path whose test guards it, or what else makes certain that it is there. */
  readonly guarded_by?: string;
}

/** Explains the edges of a workflow in which no mistake was found. */
export function explainEdges(workflow: Workflow, kinds: readonly NodeKind[]): EdgesExplained {
  const { document } = workflow;
  const readings = readingsOf(workflow, kinds);
  const joined = joinedReads(workflow, kinds, readings);
  const reads = new Map<string, Read>();
  for (const reading of readings) for (const reference of reading.references) keep(reading, reference);
  const edges = edgesOf(workflow, kinds);
  return {
    workflow: workflow.name,
    file: document.file.name,
    nodes: allNodes(workflow).map(({ node, frame, path }) => ({
      node: path,
      kind: node.kind,
      line: lineAt(document.spanOf(node.path, 'key').start),
      waits_for: [
        ...(edges.get(node) ?? []).map((edge) => explained(node, edge, false)),
        ...(edgesIn(workflow, kinds, frame).outer.get(node) ?? []).map((read) => explained(node, read, true)),
      ],
    })),
    outputs: [...workflow.outputs.values()].map((output) => ({
      output: output.name,
      line: lineAt(document.spanOf(output.path, 'key').start),
      because: readings
        .filter((reading) => reading.node === undefined && reading.path.join() === output.value.path.join())
        .flatMap(({ references, ...reading }) => references.flatMap((reference) => outputRead({ references, ...reading }, reference))),
    })),
  };

  function keep(reading: FieldReading, reference: Reference): void {
    const key = keyOf(reference.at, readText(reference));
    const before = reads.get(key);
    const read = { line: lineOf(reference), ...howOf(reading.node, reading.field, reference) };
    if (before === undefined || WEIGHT[read.how] > WEIGHT[before.how]) reads.set(key, read);
  }

  function howOf(node: NodeDecl | undefined, field: string, reference: Reference): Omit<Read, 'line'> {
    if (!isUse(reference)) return { how: 'asks' };
    if (joined.has(reference)) return { how: 'guarded', guarded_by: 'one of them always runs' };
    if (reference.guardedBy !== undefined) return { how: 'guarded', guarded_by: reference.guardedBy };
    if (node === undefined) return { how: 'uses' };
    const own = isBareUse(reference, field, factsWhenRun(node)) ? undefined : guardOf(reference.path, factsWhenRun(node));
    const condition = own ?? guardOf(reference.path, factsAround(node));
    return condition === undefined ? { how: 'uses' } : { how: 'guarded', guarded_by: `condition: ${condition}` };
  }

  /** What is there because the nodes around this one run, and because its case was taken. */
  function factsAround(node: NodeDecl): Facts {
    const { parent } = standingOf(workflow, node).frame;
    return parent === undefined ? NO_FACTS : [...factsAround(parent), ...factsWhenRun(parent), ...factsWhenTaken(parent, node)];
  }

  function outputRead(reading: FieldReading, reference: Reference): readonly (ReadExplained & { readonly node: string })[] {
    const node = nodeRead(reference);
    if (node === undefined) return [];
    return [{ node, field: 'value', line: lineOf(reference), reads: readText(reference), ...howOf(undefined, reading.field, reference) }];
  }

  function explained(node: NodeDecl, { from, optional, reasons }: Edge, outer: boolean): EdgeExplained {
    return { node: from, optional, outer, because: reasons.map((reason) => because(node, reason)) };
  }

  function because(node: NodeDecl, { because: why, path, text }: EdgeReason): ReadExplained {
    if (why === 'needs') return { field: 'needs', line: lineAt(document.spanOf(path).start), how: 'needs' };
    const field = fieldOf(path, node);
    const read = text === undefined ? undefined : reads.get(keyOf(path, text));
    return { field, ...(text !== undefined && { reads: text }), ...(read ?? { line: lineAt(document.spanOf(path).start), how: 'uses' }) };
  }

  function lineOf({ at, start, end }: Reference): number {
    return lineAt(document.spanWithin(at, start, end).start);
  }

  function lineAt(offset: number): number {
    return positionAt(document.file, offset).line;
  }
}

/** A field as its author knows it: its path below the node, without the parts of a long form. */
function fieldOf(path: Path, node: NodeDecl): string {
  const inside = node.path.every((step, index) => step === path[index]);
  const names = (inside ? path.slice(node.path.length) : path).filter((step) => typeof step === 'string' && step !== 'when');
  return names[0] === 'foreach' && names[1] === 'items' ? 'foreach' : names.join('.');
}

type Read = Pick<ReadExplained, 'line' | 'how' | 'guarded_by'>;

/** Of several reads of the same in one field the one that weighs most is told. */
const WEIGHT = { asks: 0, guarded: 1, uses: 2, needs: 3 } as const;

const keyOf = (path: Path, text: string): string => `${path.join('.')} ${text}`;

/** As an edge's reason has it. */
function readText({ text, path }: Reference): string {
  return text.startsWith('nodes') ? text : path.join('.').replaceAll('.[]', '[]');
}
