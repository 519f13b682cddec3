import type { Clock } from '../base/clock.ts';
import { instant, type RunId, type TaskKey, type Usd } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Cache } from '../contracts/cache.ts';
import type { Answerer, Reuse, RunReuse } from '../contracts/event.ts';
import type { PlanNode } from '../contracts/plan.ts';
import { nodeKeyOf, rootOf } from './address.ts';
import type { PastOutputs } from './past-outputs.ts';
import { keyOf, type PlanIndex } from './plan-index.ts';

/** A task that is about to be done. */
export interface Question {
  readonly node: PlanNode;
  readonly task: TaskKey;
  readonly item?: { readonly index: number; readonly key?: string };
  /** Its content key, were it done in its own way. */
  readonly key: string;
  /** Its content key, were its fallback needed; undefined when it has none. */
  fallbackKey(): Promise<string | undefined>;
  /** Its kind means the same spec to give the same output. */
  readonly deterministic: boolean;
}

/** What was made before: by the run that this one goes on from, and by any other through the cache. */
export interface Recall {
  /** The output, if it need not be made again. Whoever is told nothing makes it, and says when that has ended. */
  find(question: Question): Promise<{ readonly output: Json; readonly reused: Reuse; readonly contentKey: string } | undefined>;
  /** An output was made, by calls that cost this much (null: not known). */
  made(question: Question, output: Json, cost: Usd | null, by: Answerer | undefined): Promise<void>;
  /** It was tried, and has come to its end one way or the other. */
  ended(question: Question): void;
}

export interface RecallOptions {
  readonly run: RunId;
  readonly index: PlanIndex;
  readonly clock: Clock;
  readonly past?: PastOutputs;
  readonly reuses?: RunReuse;
  /** Absent: nothing is taken from the cache, and nothing kept in it. */
  readonly cache?: Cache;
}

export function createRecall({ run, index, clock, past, reuses, cache }: RecallOptions): Recall {
  const again = reuses ? nodesDoneAgain(index, reuses) : new Set<TaskKey>();
  /** Questions whose answer is on its way: who asks the same waits for it instead of paying twice. */
  const asked = new Map<string, { readonly over: Promise<void>; readonly end: () => void; readonly by: TaskKey }>();
  const usesCache = ({ node, deterministic }: Question): boolean => cache !== undefined && (node.cache ? node.cache.use : deterministic);

  const fromPast = async (question: Question): ReturnType<Recall['find']> => {
    const { key, item, node } = question;
    const at = nodeKeyOf(question.task);
    let contentKey = key;
    let found = past?.take(at, key, item);
    if (!found && past && node.stages.length > 1) {
      const other = await question.fallbackKey();
      found = other === undefined ? undefined : past.take(at, other, item);
      contentKey = other ?? key;
    }
    if (!found) return undefined;
    const { output, cost, by, task, run: from } = found;
    return { output, contentKey, reused: { from: 'run', run: from, task, saved: cost, ...(by && { by }) } };
  };

  const fromCache = async (question: Question): ReturnType<Recall['find']> => {
    const { key, node, task } = question;
    for (let other = asked.get(key); other; other = asked.get(key)) await other.over;
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    asked.set(key, { over, end, by: task });
    // One that is to be done again is kept, in the place of the one before.
    if (again.has(rootOf(task))) return undefined;
    const at = clock.now();
    const ttl = node.cache?.ttl;
    // A cache that cannot be read costs money, but no run.
    const entry = await cache?.get(key, at, ttl === undefined ? undefined : instant(at - ttl)).catch(() => undefined);
    if (!entry) return undefined;
    const { output, by, cost } = entry;
    return { output, contentKey: key, reused: { from: 'cache', run: entry.run, task: entry.task, saved: cost, ...(by && { by }) } };
  };

  return {
    async find(question) {
      const found = again.has(rootOf(question.task)) ? undefined : await fromPast(question);
      return found ?? (usesCache(question) ? fromCache(question) : undefined);
    },
    async made(question, output, cost, by) {
      if (!usesCache(question)) return;
      const { node, task, key } = question;
      const at = clock.now();
      const ttl = node.cache?.ttl;
      await cache?.put({
        key,
        output,
        run,
        task,
        workflow: index.plan.workflow,
        by: by ?? null,
        cost,
        at,
        expiresAt: ttl === undefined ? null : instant(at + ttl),
      });
    },
    ended({ key, task }) {
      const own = asked.get(key);
      if (own?.by !== task) return;
      asked.delete(key);
      own.end();
    },
  };
}

/** Those that were named, and all that waits for them. */
function nodesDoneAgain(index: PlanIndex, { refresh, only }: RunReuse): ReadonlySet<TaskKey> {
  const again = new Set<TaskKey>();
  const left = [...refresh, ...(only === undefined ? [] : [only])].map(keyOf);
  for (let key = left.pop(); key !== undefined; key = left.pop()) {
    if (again.has(key)) continue;
    again.add(key);
    for (const dependent of index.nodes.get(key)?.dependents ?? []) left.push(dependent.key);
  }
  return again;
}
