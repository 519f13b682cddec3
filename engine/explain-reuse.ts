import { type NodeId, type RunId, runId } from './base/ids.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { Store } from './contracts/store.ts';
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
    if (!(await goesOn(store, runId(run)))) return undefined;
    const found = await compareRuns(store, runId(run), kinds);
    if (!found) return undefined;
    return { ...found, nodes: found.nodes.map((node) => ({ ...node, ...(node.because && { why: differenceInWords(node.because) }) })) };
  } finally {
    await store.close();
  }
}

/** Whether a node was done again, and why, in a sentence; undefined for a run that began anew. */
export async function explainReuseOf(run: string, node: NodeId, around: Surroundings = {}): Promise<string | undefined> {
  const report = await explainReuse(run, around);
  const found = report?.nodes.find((one) => one.node === node);
  if (!report || !found) return undefined;
  const { verdict, tasks, task, why = '' } = found;
  const all = tasks.fromRun + tasks.fromCache + tasks.again;
  switch (verdict) {
    case 'reused':
      return all === tasks.fromRun
        ? 'all that its output follows from is as it was'
        : `it was not done again: ${tasks.fromRun} of ${all} outputs are from ${report.before}, ${tasks.fromCache} from the cache`;
    case 'again': {
      const which = String(task) === String(node) ? '' : `${tasks.again} of ${all} items; ${task}: `;
      return `it was done again: compared with ${report.before}, ${which}${why}`;
    }
    case 'new':
      return `it is new: ${report.before} did not have it`;
    default:
      return undefined;
  }
}

async function goesOn(store: Store, run: RunId): Promise<boolean> {
  for await (const event of store.journal.read(run)) return event.type === 'run.started' && event.reuses !== undefined;
  return false;
}
