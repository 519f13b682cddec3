import { type RunId, runId } from './base/ids.ts';
import type { Surroundings } from './contracts/engine.ts';
import { kinds } from './nodes/registry.ts';
import { openProjectStore } from './project-store.ts';
import { compareRuns, type NodeComparison } from './run/compare-runs.ts';
import { differenceInWords } from './run/difference-in-words.ts';

/** Why each node of a run that went on from an earlier one was done again, or was not. */
export interface ReuseReport {
  readonly run: RunId;
  /** The earlier run. */
  readonly before: RunId;
  /** In plan order, then those that are gone. `why`: the first difference, as the rest of a sentence. */
  readonly nodes: readonly (NodeComparison & { readonly why?: string })[];
}

/**
 * Why each node of a run was done again or not, compared with the run it went on from; undefined for a run that began anew, or when
 * one of the two is not kept any more. Throws StoreFailed.
 */
export async function explainReuse(run: string, around: Surroundings = {}): Promise<ReuseReport | undefined> {
  const store = await openProjectStore(around);
  try {
    const found = await compareRuns(store, runId(run), kinds);
    if (!found) return undefined;
    return { ...found, nodes: found.nodes.map((node) => ({ ...node, ...(node.because && { why: differenceInWords(node.because) }) })) };
  } finally {
    await store.close();
  }
}
