import type { Surroundings } from './contracts/engine.ts';
import { onDisk, planFile } from './load.ts';
import { kinds } from './nodes/registry.ts';
import { type EdgesExplained, explainEdges as explain } from './plan/explain-edges.ts';

/**
 * Why the nodes of a workflow wait for each other, field by field. Throws WorkflowInvalid for a file with mistakes, and DagrunError for one
 * that cannot be read.
 */
export async function explainEdges(file: string, around: Surroundings = {}): Promise<EdgesExplained> {
  return explain(planFile(onDisk(file, around), around).workflow, kinds);
}
