import { invariant } from '../base/assert.ts';
import { nanoUsd, type RunId } from '../base/ids.ts';
import type { RunEvent } from '../contracts/event.ts';
import { type InboxMessage, type NewRun, type RunRecord, type Store, StoreFailed } from '../contracts/store.ts';
import { createMemoryCache } from './memory-cache.ts';
import { RunMemory } from './run-memory.ts';

/** A store that lives as long as its process: for tests, and for runs nobody wants to resume. */
export function openMemoryStore(): Store {
  const runs = new Map<RunId, Kept>();
  const keptOf = (id: RunId): Kept => {
    const kept = runs.get(id);
    if (!kept) throw new StoreFailed('unknown_run', `there is no run ${id}`, '`dagrun runs list` shows the runs there are');
    return kept;
  };
  let posted = 0;
  return {
    async create(run) {
      invariant(!runs.has(run.id), `run ${run.id} exists`);
      runs.set(run.id, { run, memory: new RunMemory(run.id), events: [], inbox: [], record: recordOf(run) });
    },
    async advance(id, event, decide) {
      const kept = keptOf(id);
      const advanced = kept.memory.advance(event, decide);
      for (const one of advanced.events) {
        kept.events.push(one);
        if (one.type === 'model.called' && one.call.cost !== null) {
          kept.record = { ...kept.record, cost: nanoUsd(kept.record.cost + one.call.cost) };
        }
      }
      return advanced;
    },
    load: async (id) => void keptOf(id),
    view: (id) => keptOf(id).memory,
    state: async (id) => keptOf(id).memory.run,
    task: async (id, key) => keptOf(id).memory.task(key),
    itemStates: async (id, node, count) => keptOf(id).memory.itemStates(node, count),
    items: async (id, node) => keptOf(id).memory.items(node),
    unsettledTasks: async (id) => keptOf(id).memory.unsettledTasks(),
    paidCalls: async (id, task) => keptOf(id).memory.paidCalls(task),
    toolCalls: async (id, task) => keptOf(id).memory.toolCalls(task),
    journal: {
      async *read(id, after = 0) {
        yield* keptOf(id).events.slice(after);
      },
    },
    runs: {
      async list({ workflow, status, limit = Number.POSITIVE_INFINITY } = {}) {
        const all = [...runs.values()].map((kept) => kept.record).reverse();
        return all.filter((run) => (!workflow || run.workflow === workflow) && (!status || run.status === status)).slice(0, limit);
      },
      find: async (id) => runs.get(id)?.record,
      plan: async (id) => runs.get(id)?.run.plan,
      async claim(id, owner, at, deadBefore, from) {
        const kept = keptOf(id);
        const { owner: other, beatAt } = kept.record;
        const dead = beatAt !== null && beatAt < deadBefore && (from === undefined || other === from);
        if (other !== null && other !== owner && !dead) return false;
        kept.record = { ...kept.record, owner, beatAt: at, status: 'running', endedAt: null };
        return true;
      },
      async beat(id, owner, at) {
        const kept = keptOf(id);
        if (kept.record.owner !== owner) return false;
        kept.record = { ...kept.record, beatAt: at };
        return true;
      },
      async release(id, owner, status, at) {
        const kept = keptOf(id);
        if (kept.record.owner !== owner) return;
        const ended = status !== 'running' && status !== 'waiting';
        kept.record = { ...kept.record, owner: null, status, endedAt: ended ? at : null };
      },
      async size(ids) {
        return ids.reduce((sum, id) => sum + (runs.has(id) ? JSON.stringify(keptOf(id).events).length : 0), 0);
      },
      async remove(ids) {
        for (const id of ids) runs.delete(id);
      },
    },
    inbox: {
      async post(id, message, at) {
        posted += 1;
        keptOf(id).inbox.push({ id: posted, at, message });
      },
      read: async (id) => [...keptOf(id).inbox],
      async done(id, upTo) {
        const kept = keptOf(id);
        kept.inbox = kept.inbox.filter((one) => one.id > upTo);
      },
    },
    cache: createMemoryCache(),
    async close() {
      runs.clear();
    },
  };
}

interface Kept {
  readonly run: NewRun;
  readonly memory: RunMemory;
  readonly events: RunEvent[];
  inbox: { readonly id: number; readonly at: NewRun['at']; readonly message: InboxMessage }[];
  record: RunRecord;
}

function recordOf(run: NewRun): RunRecord {
  return {
    id: run.id,
    workflow: run.plan.workflow,
    file: run.file,
    digest: run.plan.digest,
    parent: run.parent ?? null,
    status: 'running',
    startedAt: run.at,
    endedAt: null,
    cost: nanoUsd(0),
    owner: null,
    beatAt: null,
  };
}
