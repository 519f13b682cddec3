import type { TaskKey } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { CommonText, NodeKind, TaskContext } from '../contracts/node-kind.ts';
import type { ModelAsk, ModelClient, PromptCaches, WarmUp } from '../contracts/provider.ts';
import type { Opening, TaskState } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { itemOf, taskAround, unitOf } from './address.ts';
import { type CompiledCommon, commonSpec, commonTexts, compileCommon, type LevelCount } from './common-text.ts';
import type { IndexedNode, PlanIndex } from './plan-index.ts';
import { signaturesOf } from './task-tools.ts';
import { readerIn } from './where.ts';

/** What the tasks of a run have in common in what they ask models. */
export interface Commons {
  /** What the other tasks of the fan-outs and loops around a task say as well, by the values that it sees; most tasks first. */
  ofTask(task: TaskKey, stage: number, scope: Scope): readonly CommonText[];
  /** How a fan-out opens: one item of it goes first where that pays. */
  expand(key: TaskKey, opening: Expansion, scope: Scope): Promise<Expansion>;
}

type Expansion = Extract<Opening, { readonly type: 'expand' }>;

interface Around {
  readonly kinds: ReadonlyMap<string, NodeKind>;
  readonly models: ModelClient;
  state(key: TaskKey): TaskState | undefined;
  readFiles: TaskContext['readFiles'];
}

/** undefined where it is of no use to know. */
export function createCommons(index: PlanIndex, { kinds, models: { prompts }, state, readFiles }: Around): Commons | undefined {
  if (!prompts) return undefined;
  const compiled = new Map<IndexedNode, Map<number, readonly CompiledCommon[]>>();
  const commonsOf = (indexed: IndexedNode, stage: number): readonly CompiledCommon[] => {
    const known = compiled.get(indexed) ?? new Map<number, readonly CompiledCommon[]>();
    compiled.set(indexed, known);
    const found = known.get(stage) ?? compileStage(indexed, stage);
    known.set(stage, found);
    return found;
  };
  const compileStage = (indexed: IndexedNode, at: number): readonly CompiledCommon[] => {
    const stage = indexed.node.stages[at];
    const kind = stage && kinds.get(stage.kind);
    if (!stage || !kind || stage.body) return [];
    return compileCommon(indexed, stage, kind, (indexed.sub ?? index.plan).partials);
  };

  return {
    ofTask(task, stage, scope) {
      const levels = commonsOf(index.at(task), stage);
      if (levels.length === 0) return [];
      const keys = keysByNode(index, task);
      const counts = levels.map(({ level: { type, of } }) => countOf(type, of, index.at(task), keys.get(of)));
      return commonTexts(levels, counts, scope);
    },

    async expand(key, opening, scope) {
      const warmUp = await warmUpOf(prompts, key, opening, scope);
      return warmUp ? { ...opening, warmUp } : opening;
    },
  };

  async function warmUpOf(caches: PromptCaches, key: TaskKey, { items, window }: Expansion, scope: Scope): Promise<WarmUp | undefined> {
    const indexed = index.at(key);
    const asking = firstToAsk(indexed);
    const [stage] = asking?.node.stages ?? [];
    const kind = stage && kinds.get(stage.kind);
    if (items.length < 2 || window < 2 || !asking || !stage || !kind?.startOf) return undefined;
    const common = commonsOf(asking, 0).find(({ level }) => level.of === indexed && level.type === 'items');
    if (!common) return undefined;
    const { partials, tools } = asking.sub ?? index.plan;
    try {
      const { spec, lengths } = commonSpec(common, stage.spec, kind, partials, scope);
      const text = { differs: lengths, calls: items.length, atOnce: Math.min(window, items.length) };
      const ask = await kind.startOf(spec, text, { readFiles: readerIn(asking.folder, readFiles) });
      if (!ask) return undefined;
      const origin: ModelAsk['origin'] = { node: asking.place, task: key, attempt: 1 };
      return await caches.warmUp({ ...ask, ...signaturesOf(spec, tools), origin });
    } catch (error) {
      // Whatever is wrong, each item finds it out for itself.
      if (error instanceof Failed) return undefined;
      throw error;
    }
  }

  function countOf(type: 'items' | 'rounds', of: IndexedNode, asking: IndexedNode, keys: Keys | undefined): LevelCount {
    if (type === 'items') {
      const fanOut = keys && state(keys.node);
      if (fanOut?.status !== 'expanded') return ONE;
      const { count, window, warmUp } = fanOut;
      return { calls: count, atOnce: warmUp ? 1 : Math.min(count, window) };
    }
    const loop = keys && state(keys.unit);
    const max = loop?.status === 'looping' && isObject(loop.memory) ? loop.memory.max : undefined;
    // How many there will be is not known; a second one is likely where there may be one.
    const rounds = typeof max === 'number' ? max : 2;
    const { part } = asking.node;
    const revised = [...asking.siblings.values()].some(({ node }) => node.part === 'revise');
    if (asking.parent === of && part === 'generate' && revised) return ONE;
    return { calls: asking.parent === of && part === 'revise' ? rounds - 1 : rounds, atOnce: 1 };
  }
}

const ONE: LevelCount = { calls: 1, atOnce: 1 };

interface Keys {
  readonly unit: TaskKey;
  readonly node: TaskKey;
}

/** The keys of a task and of those around it, by their nodes. */
function keysByNode(index: PlanIndex, key: TaskKey): ReadonlyMap<IndexedNode, Keys> {
  const keys = new Map<IndexedNode, Keys>();
  for (let task: TaskKey | undefined = key; task !== undefined; task = taskAround(task)) {
    const unit = unitOf(task);
    keys.set(index.at(task), { unit, node: itemOf(unit)?.node ?? unit });
  }
  return keys;
}

/** What asks a model first when an item of a node begins: the node itself, or what makes the first candidate. */
function firstToAsk(indexed: IndexedNode): IndexedNode | undefined {
  const { body } = indexed.node.stages[0];
  if (!body) return indexed;
  if (body.type !== 'evaluate' && body.type !== 'single') return undefined;
  const [inside] = indexed.bodies;
  const first = [...(inside?.nodes.values() ?? [])].find(({ node }) => node.part === 'generate' || node.part === 'loop');
  return first && firstToAsk(first);
}
