import { nanoUsd, type TaskKey, type Usd } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { Answerer } from '../contracts/event.ts';
import { Failed } from '../contracts/failure.ts';
import type { TaskContext } from '../contracts/node-kind.ts';
import type { CallBook, ModelCall } from '../contracts/provider.ts';
import type { TaskOutcome } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import type { CompiledNode, CompiledStage } from './compile-node.ts';
import { type ContentKeys, keyOfLadder } from './content-key.ts';
import type { ItemKeys } from './past-outputs.ts';
import type { Question, Recall } from './recall.ts';

/** One try, before anything is done for it. */
export interface Asked {
  readonly node: CompiledNode;
  readonly stage: CompiledStage;
  /** Which of the node's stages that is. */
  readonly stageIndex: number;
  /** Rendered. */
  readonly spec: JsonObject;
  readonly scope: Scope;
  readonly task: TaskKey;
  /** Which of several answers to the same question it is. */
  readonly nth: readonly number[];
  readonly keys?: ItemKeys;
  /** It was parked: it goes on, and is not looked for any more. */
  readonly woken: boolean;
  readonly book: CallBook;
  readonly readFiles: TaskContext['readFiles'];
  /** What the tools are that it can call. */
  readonly tools?: Json;
}

/** What a try is made with, so that the reuser sees what its output came from and what it cost. */
export type Tools = Pick<Asked, 'book' | 'readFiles'>;

/** Stands between a try and its work: takes over an output that was made before, and marks a new one with its content key. */
export interface Reuser {
  attempt(asked: Asked, make: (tools: Tools) => Promise<TaskOutcome>): Promise<TaskOutcome>;
}

export function createReuser(keys: ContentKeys, recall: Recall): Reuser {
  /** undefined for a way of working whose outputs are never taken over. */
  const keyOf = async (
    asked: Asked,
    stage: CompiledStage,
    spec: JsonObject,
    readFiles: Asked['readFiles'],
  ): Promise<string | undefined> => {
    const { reuse } = stage.kind;
    if (!reuse || stage.isValue) return undefined;
    const read = (await reuse.reads?.(spec, { readFiles })) ?? null;
    return keys.of(asked.node, stage, spec, asked.tools === undefined ? read : [read, asked.tools], asked.scope, asked.nth);
  };
  /** As `keyOf`; one that cannot even be asked has no key. */
  const keyOfOther = async (asked: Asked, index: number, readFiles: Asked['readFiles']): Promise<string | undefined> => {
    const stage = asked.node.stage(index);
    try {
      return await keyOf(asked, stage, stage.spec(asked.scope), readFiles);
    } catch (error) {
      if (error instanceof Failed) return undefined;
      throw error;
    }
  };
  /** The keys of the stages before, each of which has come to nothing: undefined when one of them cannot be told. What holds nodes has none. */
  const keysBefore = async (asked: Asked, readFiles: Asked['readFiles']): Promise<readonly string[] | undefined> => {
    const keys: string[] = [];
    for (let index = 0; index < asked.stageIndex; index += 1) {
      const key = asked.node.node.stages[index]?.body ? '' : await keyOfOther(asked, index, readFiles);
      if (key === undefined) return undefined;
      keys.push(key);
    }
    return keys;
  };
  /** The keys of what is made further up the ladder, as long as they can be told. */
  async function* keysAfter(asked: Asked, before: readonly string[], readFiles: Asked['readFiles']): AsyncGenerator<string> {
    const keys = [...before];
    for (let index = asked.stageIndex + 1; index < asked.node.node.stages.length; index += 1) {
      const key = asked.node.node.stages[index]?.body ? undefined : await keyOfOther(asked, index, readFiles);
      if (key === undefined) return;
      keys.push(key);
      yield keyOfLadder(keys);
    }
  }

  return {
    async attempt(asked, make) {
      const { node, stage, spec, task, keys } = asked;
      const readFiles = readOnce(asked.readFiles);
      const key = await keyOf(asked, stage, spec, readFiles);
      if (key === undefined) return make({ book: asked.book, readFiles });
      const before = asked.stageIndex === 0 ? [] : await keysBefore(asked, readFiles);
      const own = before && keyOfLadder([...before, key]);
      const question: Question = {
        node: node.node,
        task,
        ...(keys && { keys }),
        key,
        // What stands in for something else is no answer for whoever asks the same.
        standsIn: stage.stage.name === 'fallback',
        deterministic: stage.kind.reuse?.deterministic?.(spec) ?? false,
        async *pastKeys() {
          if (before === undefined || own === undefined) return;
          yield own;
          yield* keysAfter(asked, [...before, key], readFiles);
        },
      };
      try {
        const found = asked.woken ? undefined : await recall.find(question);
        if (found) return { type: 'output', ...found };
        const { book, spent } = counting(asked.book);
        const outcome = await make({ book, readFiles });
        if (outcome.type === 'output' && outcome.unsatisfied === undefined && 'json' in outcome.output) {
          await recall.made(question, outcome.output.json, spent.cost, spent.by);
        }
        return marked(outcome, own);
      } finally {
        recall.ended(question);
      }
    },
  };
}

function marked(outcome: TaskOutcome, contentKey: string | undefined): TaskOutcome {
  return outcome.type === 'output' && contentKey !== undefined ? { ...outcome, contentKey } : outcome;
}

/** A file is what it was when it was first read, for the key as for the prompt. */
function readOnce(readFiles: Asked['readFiles']): Asked['readFiles'] {
  const texts = new Map<string, ReturnType<Asked['readFiles']>>();
  return (path) => {
    const known = texts.get(path);
    if (known) return known;
    const text = readFiles(path);
    texts.set(path, text);
    return text;
  };
}

interface Spent {
  /** null: not known. */
  cost: Usd | null;
  /** Who answered last. */
  by: Answerer | undefined;
}

function counting(book: CallBook): { readonly book: CallBook; readonly spent: Spent } {
  const spent: Spent = { cost: nanoUsd(0), by: undefined };
  const add = ({ cost, provider, model, tier, status }: ModelCall): void => {
    spent.cost = cost === null || spent.cost === null ? null : nanoUsd(spent.cost + cost);
    if (status === 'succeeded') spent.by = { provider, model, ...(tier && { tier }) };
  };
  return {
    spent,
    book: {
      paid(request) {
        const before = book.paid(request);
        if (before) add(before.call);
        return before;
      },
      record(call, request, reply) {
        add(call);
        return book.record(call, request, reply);
      },
      ...(book.tools && { tools: book.tools }),
    },
  };
}
