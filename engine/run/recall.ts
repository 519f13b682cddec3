import type { Clock } from '../base/clock.ts';
import { instant, type RunId, type TaskKey, type Usd } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Cache } from '../contracts/cache.ts';
import type { Answerer, Reuse, RunReuse } from '../contracts/event.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { TaskOutcome } from '../contracts/store.ts';
import { isDoneAgain, placesDoneAgain } from './done-again.ts';
import type { ItemKeys, PastOutputs } from './past-outputs.ts';
import type { PlanIndex } from './plan-index.ts';

/** A task that is about to be done. */
export interface Question {
  readonly node: PlanNode;
  readonly task: TaskKey;
  readonly keys?: ItemKeys;
  /** The key of what is asked. */
  readonly key: string;
  /** It is asked in place of something that failed. */
  readonly standsIn: boolean;
  /** The content keys of outputs that are as good as an answer to it: made in this way, or further up the ladder since this way had failed. */
  pastKeys(): AsyncIterable<string>;
  /** Its kind means the same spec to give the same output. */
  readonly deterministic: boolean;
}

/** What an output is taken over with. */
export type Recalled = Pick<Extract<TaskOutcome, { readonly type: 'output' }>, 'output' | 'contentKey' | 'unsatisfied' | 'recovered'> & {
  readonly reused: Reuse;
};

/** What was made before: by the run that this one goes on from, and by any other through the cache. */
export interface Recall {
  /** The output, if it need not be made again. Whoever is told nothing makes it, and says when that has ended. */
  find(question: Question): Promise<Recalled | undefined>;
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
  const again = reuses ? placesDoneAgain(index, reuses) : undefined;
  /** Questions whose answer is on its way: who asks the same waits for it instead of paying twice. */
  const asked = new Map<string, { readonly over: Promise<void>; readonly end: () => void; readonly by: TaskKey }>();
  const usesCache = ({ node, deterministic, standsIn }: Question): boolean =>
    cache !== undefined && !standsIn && (node.cache ? node.cache.use : deterministic);

  const isAgain = ({ task }: Question): boolean => again !== undefined && isDoneAgain(index, again, task);

  const fromPast = async (question: Question): ReturnType<Recall['find']> => {
    if (!past || isAgain(question)) return undefined;
    for await (const contentKey of question.pastKeys()) {
      const found = past.take(question.task, contentKey, question.keys);
      if (!found) continue;
      const { output, cost, by, task, run: from, recovered, isAccepted } = found;
      return {
        output: { json: output },
        contentKey,
        reused: { from: 'run', run: from, task, saved: cost, ...(by && { by }) },
        ...(recovered && { recovered }),
        ...(!isAccepted && { unsatisfied: 'the answer that was taken over is not good enough' }),
      };
    }
    return undefined;
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
    if (isAgain(question)) return undefined;
    const at = clock.now();
    const ttl = node.cache?.ttl;
    // A cache that cannot be read costs money, but no run.
    const entry = await cache?.get(key, at, ttl === undefined ? undefined : instant(at - ttl)).catch(() => undefined);
    if (!entry) return undefined;
    const { output, by, cost } = entry;
    return {
      output: { json: output },
      contentKey: key,
      reused: { from: 'cache', run: entry.run, task: entry.task, saved: cost, ...(by && { by }) },
    };
  };

  return {
    async find(question) {
      return (await fromPast(question)) ?? (usesCache(question) ? fromCache(question) : undefined);
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
