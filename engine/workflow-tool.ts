import type { Clock } from './base/clock.ts';
import { type RunId, runId, type TaskKey, taskKey } from './base/ids.ts';
import type { Json, JsonObject } from './base/json.ts';
import { Failed, type Failure } from './contracts/failure.ts';
import type { NodeKind, TaskContext } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import type { ModelAsk, ModelClient, MoneyLimit } from './contracts/provider.ts';
import type { Store } from './contracts/store.ts';
import type { OpenToolBox, PlanToolWork, ToolBook, ToolOutcome } from './contracts/tool.ts';
import { createKernel } from './run/kernel.ts';
import { limitsAround } from './run/limits-around.ts';
import { createPerformer } from './run/perform.ts';
import { indexPlan, type PlanIndex } from './run/plan-index.ts';
import { createScopes } from './run/scope.ts';
import { createTally, type Tally } from './run/tally.ts';
import { placeInTool } from './run/tool-places.ts';
import { pathIn, readerIn } from './run/where.ts';
import { driveEmbedded } from './shells/embedded.ts';
import { openMemoryStore } from './store/memory.ts';

/** What a workflow that is called as a tool runs with, besides what the task has that calls it. */
export interface WorkflowToolOptions {
  /** `place`: what its nodes are below, as replies name them. */
  kindsFor(plan: Plan, place: string): readonly NodeKind[];
  readonly clock: Clock;
  random(): number;
  /** The tools of the run. */
  tools(): OpenToolBox;
}

/** Runs a workflow that is the tool `name`. */
export type RunWorkflow = (
  name: string,
  work: Extract<PlanToolWork, { readonly type: 'workflow' }>,
  args: JsonObject,
  ctx: TaskContext,
  book: ToolBook | undefined,
) => Promise<ToolOutcome>;

/**
 * Runs a workflow inside a task: what it asks models and tools is asked, billed and journaled as the task's own, so that after a crash the
 * task does it again and nothing is paid twice. It is kept nowhere else, and can wait for nobody: where a call it made is in doubt, the task
 * asks.
 */
export function createWorkflowRunner({ kindsFor, clock, random, tools }: WorkflowToolOptions): RunWorkflow {
  let called = 0;
  return async (name, { plan, folder }, args, ctx, book) => {
    called += 1;
    const id = runId(`${ctx.task}/${name}~${called}`);
    const store = openMemoryStore();
    const at = clock.now();
    const inputs = { ...defaultsOf(plan.inputs), ...args };
    await store.create({ id, plan, file: plan.file, at });
    const index = indexPlan(plan);
    const tally = createTally(index);
    const models: ModelClient = {
      async ask(ask, own) {
        const within = moneyAround(taskKey(id), index, tally, ask);
        try {
          return await ctx.askFor({ ...ask, origin: { ...ask.origin, node: `${name}/${ask.origin.node}` }, within }, (paid) =>
            own.record(paid.call, paid.request, paid.reply),
          );
        } catch (error) {
          const seen = error instanceof Failed ? seenInside(id, ask, error.failure) : undefined;
          throw seen ? new Failed(seen) : error;
        }
      },
      ruler: (ask) => ctx.ruler(ask),
      close: () => Promise.resolve(),
    };
    const inTool = (place: string): TaskContext['node'] => placeInTool(ctx.node, name, place);
    const performer = createPerformer(index, {
      run: id,
      store,
      kinds: kindsFor(plan, placeInTool(ctx.node, name, '').slice(0, -1)),
      models,
      scopes: createScopes(index, store, tally, { id, startedAt: new Date(at).toISOString(), inputs }),
      clock,
      send: ctx.send,
      readFiles: readerIn(folder, ctx.readFiles),
      outside: { ...ctx.outside, place: (path) => ctx.outside.place(pathIn(folder, path)) },
      toolBox: (of, inner) =>
        tools()(
          { ...of, folder: [folder, of.folder].filter((part) => part !== '').join('/') },
          { ...inner, node: inTool(inner.node) },
          book,
        ),
    });
    const ended = await driveEmbedded(
      {
        run: id,
        store,
        owner: id,
        decide: createKernel(index),
        performer,
        limits: plan.limits,
        clock,
        random,
        wait: false,
        alone: true,
        abort: ctx.abort,
        onEvent: (event) => tally.add(event),
      },
      { type: 'start', inputs, simulated: false, by: ctx.task, at },
    );
    if (ended === 'waiting') {
      const doubt = await doubtIn(store, id);
      if (doubt) return doubt;
      throw new Failed({ type: 'task_failed', message: `${plan.file} waits for something, which a tool cannot` });
    }
    const { failure, status } = await store.state(id);
    if (failure) throw new Failed({ type: 'node_failed', message: messageOf(failure), node: failure.node ?? '', cause: failure.failure });
    if (status !== 'succeeded') throw new Failed({ type: 'cancelled', message: 'it was stopped' });
    let outputs: JsonObject = {};
    for await (const event of store.journal.read(id)) if (event.type === 'run.finished') outputs = event.outputs ?? {};
    return { status: 'succeeded', output: outputs };
  };
}

/** The limits of money that a call of the workflow has to keep to: those of its sub-workflows, its own, and what was said already. */
function moneyAround(run: TaskKey, index: PlanIndex, tally: Tally, { origin, within = [] }: ModelAsk): readonly MoneyLimit[] {
  const { maxCost } = index.plan.limits;
  return [
    ...within,
    ...limitsAround(index, origin.task).flatMap(({ task, limits }) =>
      limits.maxCost === undefined ? [] : [{ of: taskKey(`${run}/${task}`), maxCost: limits.maxCost, spent: tally.spent(task).cost }],
    ),
    ...(maxCost === undefined ? [] : [{ of: run, maxCost, spent: tally.run.bill.cost }]),
  ];
}

/**
 * A limit of money that was reached, as those inside know it: by its task there, or as that of the whole run, which all limits around it are
 * for them. undefined for what they know as it is.
 */
function seenInside(run: RunId, { within = [] }: ModelAsk, failure: Failure): Failure | undefined {
  if (failure.type !== 'budget_exceeded' || within.some(({ of }) => of === failure.of)) return undefined;
  const { of, ...spent } = failure;
  return of?.startsWith(`${run}/`) ? { ...spent, of: taskKey(of.slice(run.length + 1)) } : spent;
}

/** What is let through that waits is a call that may have been made, before it was broken off. */
async function doubtIn(store: Store, id: RunId): Promise<ToolOutcome | undefined> {
  const { parked } = await store.state(id);
  for (const key of parked) {
    const task = await store.task(id, key);
    if (task?.status === 'parked' && task.until.type === 'approval' && task.repeats !== undefined)
      return { status: 'in_doubt', request: task.repeats, inside: task.until.request };
  }
  return undefined;
}

function messageOf({ node, failure }: { readonly node: string | null; readonly failure: { readonly message: string } }): string {
  return node === null ? failure.message : `its node "${node}" failed: ${failure.message}`;
}

function defaultsOf(inputs: Readonly<Record<string, { readonly default?: Json }>>): JsonObject {
  return Object.fromEntries(Object.entries(inputs).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])));
}
