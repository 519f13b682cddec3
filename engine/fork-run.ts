import { systemClock } from './base/clock.ts';
import { canonicalText, type JsonObject } from './base/json.ts';
import type { LoadedWorkflow, ResumeOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { Plan, PlanNode } from './contracts/plan.ts';
import type { Document } from './contracts/source.ts';
import { DagrunError } from './errors.ts';
import { documentAt, filed, placeIn, withStore } from './filed-runs.ts';
import { completeInputs } from './inputs.ts';
import { newOwner } from './owner.ts';
import { placesDoneAgain } from './run/done-again.ts';
import { type IndexedNode, indexPlan } from './run/plan-index.ts';
import { readPastTasks, startWith } from './run/take-over.ts';
import { newRunId } from './run-id.ts';

export interface ForkOptions extends ResumeOptions {
  /** The node from which on everything is done again: `scan`, or `scan/draft` inside another. */
  readonly at: string;
  /** Inputs in place of those of the first run; given as values. */
  readonly set?: JsonObject;
  readonly by?: string;
}

export interface Forked {
  readonly run: string;
  readonly plan: Plan;
  readonly document: Document;
  /** Places of nodes whose outcome was taken over; of those inside others where the one around them is done again in part. */
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
    const index = indexPlan(plan);
    const at = placeIn(index, options.at);
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
    const again = placesDoneAgain(index, { run: record.id, refresh: [at] });
    const past = await readPastTasks(index, store.journal.read(record.id));

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
    const { decide, taken } = startWith(index, record.id, past, again, now);
    await store.advance(id, start, decide);
    const settled: IndexedNode[] = [];
    for (const node of index.nodes.values()) {
      const status = (await store.task(id, node.key))?.status;
      if (status === 'succeeded' || status === 'skipped') settled.push(node);
    }
    const holding = new Set<IndexedNode>();
    for (const node of again) for (let around = node.parent; around; around = around.parent) holding.add(around);
    for (const node of taken) if (node.parent && holding.has(node.parent) && !holding.has(node)) settled.push(node);
    await store.runs.release(id, owner, 'running', now);
    const before = started.inputs;
    const changed = Object.keys(inputs).filter((name) => canonicalText(inputs[name] ?? null) !== canonicalText(before[name] ?? null));
    const outdated = settled.filter(({ node }) => changed.some((name) => readsInput(node, name)));
    const places = (nodes: readonly IndexedNode[]): readonly string[] => [...new Set(nodes.map(({ place }) => place))];
    return { run: id, plan, document, taken: places(settled), outdated: places(outdated) };
  });
}

function readsInput(node: PlanNode, name: string): boolean {
  return new RegExp(`\\binputs\\.${name.replace(/\W/g, '\\$&')}\\b`).test(JSON.stringify(node));
}
