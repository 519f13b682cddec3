import { type RunId, runId, type TaskKey, taskKey } from './base/ids.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { Store } from './contracts/store.ts';
import { kinds } from './nodes/registry.ts';
import { openProjectStore } from './project-store.ts';
import { compareRuns, compareTask, type NodeComparison } from './run/compare-runs.ts';
import { differenceInWords } from './run/difference-in-words.ts';

/** Why each node of a run that went on from an earlier one was done again, or was not. */
export interface ReuseReport {
  readonly run: RunId;
  /** The earlier run. */
  readonly before: RunId;
  /** The outermost in plan order, then those that are gone. */
  readonly nodes: readonly ReuseOfNode[];
}

/** `why`: the first difference, as the rest of a sentence. */
export interface ReuseOfNode extends Omit<NodeComparison, 'inside'> {
  readonly why?: string;
  readonly inside?: readonly ReuseOfNode[];
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
    return { ...found, nodes: found.nodes.map(inWords) };
  } finally {
    await store.close();
  }
}

function inWords({ inside, ...node }: NodeComparison): ReuseOfNode {
  return { ...node, ...(node.because && { why: differenceInWords(node.because) }), ...(inside && { inside: inside.map(inWords) }) };
}

/**
 * Whether a node (`scan/draft`), or one task of it (`scan[3]/draft`), was done again, and why, in a sentence; undefined for a run that began
 * anew, for what was not begun, and for a task that was taken over, which says so itself.
 */
export async function explainReuseOf(run: string, name: string, around: Surroundings = {}): Promise<string | undefined> {
  const report = await explainReuse(run, around);
  if (!report) return undefined;
  const found = nodeAt(report.nodes, name);
  return found ? ofNode(report.before, found) : ofTask(run, taskKey(name), around);
}

function nodeAt(nodes: readonly ReuseOfNode[], name: string): ReuseOfNode | undefined {
  for (const node of nodes) {
    const found = node.node === name ? node : nodeAt(node.inside ?? [], name);
    if (found) return found;
  }
  return undefined;
}

function ofNode(before: RunId, { node, verdict, tasks, task, why = '' }: ReuseOfNode): string | undefined {
  const all = tasks.fromRun + tasks.fromCache + tasks.again;
  switch (verdict) {
    case 'reused':
      return all === tasks.fromRun
        ? 'all that its output follows from is as it was'
        : `it was not done again: ${tasks.fromRun} of ${all} outputs are from ${before}, ${tasks.fromCache} from the cache`;
    case 'again': {
      const which = String(task) === node ? '' : `${tasks.again} of ${all} ${isItemOf(task, node) ? 'items' : 'tasks'}; ${task}: `;
      return `it was done again: compared with ${before}, ${which}${why}`;
    }
    case 'new':
      return `it is new: ${before} did not have it`;
    default:
      return undefined;
  }
}

async function ofTask(run: string, task: TaskKey, around: Surroundings): Promise<string | undefined> {
  const store = await openProjectStore(around);
  try {
    const found = await compareTask(store, runId(run), kinds, task);
    return found && `it was done again: compared with ${found.before}, ${differenceInWords(found.because)}`;
  } finally {
    await store.close();
  }
}

/** Whether a task is an item of a node of the outermost frame. */
export function isItemOf(task: TaskKey | undefined, node: string): boolean {
  return task?.startsWith(`${node}[`) === true && task.endsWith(']') && !task.includes('/');
}

async function goesOn(store: Store, run: RunId): Promise<boolean> {
  for await (const event of store.journal.read(run)) return event.type === 'run.started' && event.reuses !== undefined;
  return false;
}
