import { systemClock } from './base/clock.ts';
import { type TaskKey, taskKey } from './base/ids.ts';
import { canonicalText, type JsonObject } from './base/json.ts';
import type { LoadedWorkflow, ResumeOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { Document } from './contracts/source.ts';
import { DagrunError } from './errors.ts';
import { documentAt, filed, nodeIn, withStore } from './filed-runs.ts';
import { completeInputs } from './inputs.ts';
import { newOwner } from './owner.ts';
import { indexPlan } from './run/plan-index.ts';
import { nodesBeside, readTakeOver, startWith } from './run/take-over.ts';
import { newRunId } from './run-id.ts';
export interface ForkOptions extends ResumeOptions {
  /** The node from which on everything is done again. */
  readonly at: string;
  /** Inputs in place of those of the first run; given as values. */
  readonly set?: JsonObject;
  readonly by?: string;
}

export interface Forked {
  readonly run: string;
  readonly plan: Plan;
  readonly document: Document;
  /** Nodes whose outcome was taken over. */
  readonly taken: readonly string[];
  /** Of these, the ones that read an input which is different now. */
  readonly outdated: readonly string[];
}

/**
 * Files a new run of the same plan that has all that does not follow from the node `at`, as it was in the old run, and paid
 * for. It is not driven yet: `resume` does. Throws DagrunError (exit code 2), InputsInvalid.
 */
export async function forkRun(run: string, options: ForkOptions): Promise<Forked> {
  return withStore(options, async (store) => {
    const { record, plan } = await filed(store, run);
    const at = nodeIn(plan, options.at);
    const index = indexPlan(plan);
    let started: Extract<RunEvent, { type: 'run.started' }> | undefined;
    for await (const event of store.journal.read(record.id)) {
      if (event.type !== 'run.started') continue;
      started = event;
      break;
    }
    if (!started) throw new DagrunError(`run ${record.id} ended before anything of it was kept`, { exitCode: 2 });
    const set = options.set ?? {};
    const document = documentAt(record.file, options);
    const workflow: LoadedWorkflow = { name: plan.workflow, file: record.file, plan, document, warnings: [] };
    const inputs = completeInputs(workflow, { ...started.inputs, ...set });
    const beside = nodesBeside(index, at);
    const taken = await readTakeOver(store.journal.read(record.id), beside);

    const id = newRunId();
    const now = systemClock.now();
    const owner = newOwner(id);
    await store.create({ id, plan, file: record.file, at: now, parent: record.id });
    await store.runs.claim(id, owner, now, now);
    const { simulated, replies, tiers } = started;
    const by = options.by ?? 'unknown';
    const start = {
      type: 'start',
      inputs,
      simulated,
      by,
      ...(replies !== undefined && { replies }),
      ...(tiers && { tiers }),
      at: now,
    } as const;
    await store.advance(id, start, startWith(index, record.id, taken, now));
    const settled: string[] = [];
    for (const key of beside) {
      const status = (await store.task(id, key))?.status;
      if (status === 'succeeded' || status === 'skipped') settled.push(key);
    }
    await store.runs.release(id, owner, 'running', now);
    const before = started.inputs;
    const changed = Object.keys(inputs).filter((name) => canonicalText(inputs[name] ?? null) !== canonicalText(before[name] ?? null));
    const outdated = settled.filter((key) => changed.some((name) => readsInput(plan, key, name)));
    return { run: id, plan, document, taken: settled, outdated };
  });
}

function readsInput(plan: Plan, key: TaskKey | string, name: string): boolean {
  const node = plan.nodes.find(({ id }) => taskKey(id) === key);
  return new RegExp(`\\binputs\\.${name.replace(/\W/g, '\\$&')}\\b`).test(JSON.stringify(node ?? null));
}
