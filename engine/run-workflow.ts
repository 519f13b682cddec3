import { dirname, resolve } from 'node:path';
import { type Clock, systemClock, systemRandom } from './base/clock.ts';
import { type Instant, type Millis, millis, type RunId, runId, type TaskKey } from './base/ids.ts';
import type { JsonObject } from './base/json.ts';
import { type Config, loadConfig } from './config.ts';
import type { LoadedWorkflow, ResumeOptions, RunOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { NodeKind, Wake, WakeCondition } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import type { Provider } from './contracts/provider.ts';
import type { RunResult } from './contracts/result.ts';
import { type InEvent, type RunRecord, type Store, StoreFailed } from './contracts/store.ts';
import { type Earlier, findEarlier, inputsOf, openEarlier, planOfOnly, reuseWanted } from './earlier-run.ts';
import { DagrunError } from './errors.ts';
import { completeInputs } from './inputs.ts';
import { listenerOf, warningListenerOf } from './listener.ts';
import { assembleModels, assembleOffline, requireProviders, tiersOf } from './model-assembly.ts';
import { kinds } from './nodes/registry.ts';
import { driverName } from './observe/run-list.ts';
import { createOutside, requireSecrets } from './outside.ts';
import { deadBefore, dismissOwner, newOwner } from './owner.ts';
import { openProjectStore } from './project-store.ts';
import type { Replies } from './providers/reply-search.ts';
import { createFileReader } from './read-files.ts';
import { readReplies, type WrittenReplies } from './replies-file.ts';
import { forgetOldRuns } from './retention.ts';
import { createContentKeys } from './run/content-key.ts';
import { createKernel } from './run/kernel.ts';
import { limitsAround } from './run/limits-around.ts';
import { createPerformer } from './run/perform.ts';
import { indexPlan } from './run/plan-index.ts';
import { createRecall } from './run/recall.ts';
import { resultOf } from './run/result.ts';
import { createReuser, type Reuser } from './run/reuse.ts';
import { createScopes } from './run/scope.ts';
import { sendSignal } from './run/send-signal.ts';
import { createTally, type Tally } from './run/tally.ts';
import { newRunId } from './run-id.ts';
import { withServerTools } from './server-tools.ts';
import { driveEmbedded } from './shells/embedded.ts';
import { standIn, stayHome, type ToolStandIn, toolsAtHome, wakesIn } from './stand-ins.ts';
import { openTools, type RunTools } from './tool-assembly.ts';
import { wantsIn } from './whole-plan.ts';
import { rootsOf } from './workspace.ts';

/**
 * Runs a workflow to its end and returns its result, whatever it is: a run that fails is a result, not an exception.
 * Throws DagrunError before anything has run: InputsInvalid, or exit code 3 when no provider can be used; StoreFailed when the
 * run cannot be kept.
 */
export async function run(workflow: LoadedWorkflow, options: RunOptions = {}): Promise<RunResult> {
  const asksNobody = options.offline === true || options.replies !== undefined;
  const { workflow: known } = asksNobody ? { workflow } : await withServerTools(workflow, options);
  return runIn({ clock: systemClock, random: systemRandom, id: newRunId() }, known, options);
}

/** What a run takes from outside that is different each time. */
export interface World {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  readonly id: RunId;
  /** Answers in place of all providers. */
  readonly offline?: Provider;
  /** Kinds in place of the registry's. */
  readonly kinds?: readonly NodeKind[];
  /** In place of tools, and the kinds whose work those do that are called all the same. */
  readonly tools?: ToolStandIn;
  readonly toolKinds?: readonly NodeKind[];
  /** In place of the registry's, the kinds of a workflow that is called as a tool; `place` is what its nodes are below. */
  childKinds?(plan: Plan, place: string): readonly NodeKind[];
  /** Nobody else can reach the run: it says to nobody that it lives, and looks for no wishes. */
  readonly alone?: boolean;
  /** Why a parked task goes on at once; undefined when it has to wait. */
  wakes?(task: TaskKey, attempt: number, until: WakeCondition): Wake | undefined;
  /** In place of the project's; it stays open. */
  readonly store?: Store;
}

/** As `run`, with time, chance and the run's name given: the same world gives the same journal. */
export async function runIn(world: World, workflow: LoadedWorkflow, options: RunOptions): Promise<RunResult> {
  const reuses = reuseWanted(options, workflow.plan);
  const plan = reuses?.only === undefined ? workflow.plan : planOfOnly(workflow.plan, reuses.only);
  const { clock, id } = world;
  const given = options.inputs ?? {};
  if (!reuses) completeInputs(workflow, given);
  const cwd = resolve(options.cwd ?? '.');
  const replies = options.replies === undefined ? undefined : resolve(cwd, options.replies);
  const written = replies === undefined ? undefined : readReplies(workflow.plan, replies, cwd);
  const offline = world.offline ?? (options.offline || written ? assembleOffline(written) : undefined);
  const config = configOf(workflow.file, options);
  if (!offline) {
    requireProviders(config, tiersOf(config, plan.tiers), wantsIn(plan, kinds));
    requireSecrets(config, plan, kinds);
  }

  const store = world.store ?? (await openProjectStore(options));
  let tools: RunTools | undefined;
  try {
    const simulated = offline !== undefined;
    const before = reuses && (await findEarlier(store, reuses.run, simulated));
    const inputs = completeInputs(workflow, before ? { ...inputsOf(before, plan), ...given } : given);
    const earlier = reuses && (await openEarlier(store, reuses, workflow.plan));
    const at = clock.now();
    const homely = standingIn(world, offline !== undefined, written, plan, options.by ?? 'unknown');
    tools = await toolsOf({ world: homely, plan, file: workflow.file, config, inputs, startedAt: at }, options);
    const owner = newOwner(id);
    await store.create({ id, plan, file: workflow.file, at, ...(reuses && { parent: reuses.run }) });
    await store.runs.claim(id, owner, at, at);
    const first: InEvent = {
      type: 'start',
      inputs,
      simulated,
      by: options.by ?? 'unknown',
      tiers: tiersOf(config, plan.tiers),
      ...(reuses && { reuses }),
      ...(replies !== undefined && { replies }),
      at,
    };
    const cache = options.cache !== false && !written && !world.offline;
    const drive = {
      world: homely,
      store,
      tools,
      owner,
      plan,
      file: workflow.file,
      config,
      offline,
      inputs,
      startedAt: at,
      written,
    };
    return await driveToEnd({ ...drive, cache, ...(earlier && { earlier }), tally: createTally(indexPlan(plan)), first }, options);
  } finally {
    await tools?.close();
    if (!world.store) await store.close();
  }
}

/**
 * Goes on with a run that was interrupted, waits, failed or was cancelled, on the plan it started with: what succeeded stays, and
 * what was paid is not paid again. A run that has succeeded gives its result. Throws DagrunError (exit code 2) for a run that
 * another process drives, StoreFailed for one that is not there.
 */
export async function resume(run: string, options: ResumeOptions = {}): Promise<RunResult> {
  const id = runId(run);
  const clock = systemClock;
  const store = await openProjectStore(options);
  try {
    const record = await store.runs.find(id);
    const plan = await store.runs.plan(id);
    if (!record || !plan) throw new StoreFailed('unknown_run', `there is no run ${id}`, '`dagrun runs list` shows the runs there are');
    const owner = newOwner(newRunId());
    const now = clock.now();
    const over = record.status === 'succeeded';
    // Before its journal is read: what another process writes until then would be missed.
    if (!over && !(await store.runs.claim(id, owner, now, deadBefore(record.owner, now), record.owner ?? undefined))) {
      throw new DagrunError(`run ${id} is driven by ${driverName(record.owner ?? 'another process')}`, {
        exitCode: 2,
        help: '`dagrun runs show` tells how it goes on; `dagrun runs cancel` asks it to stop',
      });
    }
    return await goOn({ id, store, record, plan, owner, now, over }, options);
  } finally {
    await store.close();
  }
}

interface Claimed {
  readonly id: RunId;
  readonly store: Store;
  readonly record: RunRecord;
  readonly plan: Plan;
  readonly owner: string;
  readonly now: Instant;
  /** It has succeeded, and was not claimed. */
  readonly over: boolean;
}

async function goOn({ id, store, record, plan, owner, now, over }: Claimed, options: ResumeOptions): Promise<RunResult> {
  let leftAs: Pick<RunRecord, 'status' | 'endedAt'> = record;
  let tools: RunTools | undefined;
  try {
    const index = indexPlan(plan);
    const tally = createTally(index);
    const past: RunEvent[] = [];
    for await (const event of store.journal.read(id)) {
      tally.add(event);
      past.push(event);
      options.onPast?.(event);
    }
    const started = past.find((event) => event.type === 'run.started');
    if (!started) {
      leftAs = { status: 'cancelled', endedAt: now };
      throw new DagrunError(`run ${id} ended before anything of it was kept`, { exitCode: 2, help: 'start it again with `dagrun run`' });
    }
    if (over) return resultOf(id, index, tally);
    await store.load(id);
    const state = await store.state(id);
    if (state.status === 'succeeded') {
      // Its process ended after the last event, before it could file the run as over.
      leftAs = { status: 'succeeded', endedAt: past.at(-1)?.at ?? now };
      return resultOf(id, index, tally);
    }

    const cwd = resolve(options.cwd ?? '.');
    const replies = options.replies === undefined ? started.replies : resolve(cwd, options.replies);
    const written = started.simulated && replies !== undefined ? readReplies(plan, replies, cwd, past) : undefined;
    const offline = started.simulated ? assembleOffline(written) : undefined;
    const config = configOf(record.file, options);
    if (!offline) {
      requireProviders(config, tiersOf(config, plan.tiers), wantsIn(plan, kinds));
      requireSecrets(config, plan, kinds);
    }
    const { repeatUnsafe = false } = options;
    const first: InEvent =
      state.status === 'failed' || state.status === 'cancelled'
        ? { type: 'reopen', repeatUnsafe, at: now }
        : { type: 'resume', tasks: await store.unsettledTasks(id), repeatUnsafe, asleep: silenceOf(record, now), at: now };
    const world = standingIn({ clock: systemClock, random: systemRandom, id }, offline !== undefined, written, plan, started.by);
    const { inputs, at: startedAt } = started;
    tools = await toolsOf({ world, plan, file: record.file, config, inputs, startedAt }, options);
    const drive = { world, store, owner, plan, file: record.file, config, offline, inputs, startedAt, tools, written };
    const earlier = started.reuses && (await openEarlier(store, started.reuses, plan));
    leftAs = { status: 'running', endedAt: null };
    return await driveToEnd({ ...drive, cache: !written, ...(earlier && { earlier }), tally, first }, options);
  } finally {
    await tools?.close();
    // Nobody's any more, in whatever way this ended; after a good end it is so already.
    if (!over) await store.runs.release(id, owner, leftAs.status, leftAs.endedAt ?? now).catch(() => undefined);
    dismissOwner(owner);
  }
}

/** How long nobody has driven a run. */
function silenceOf({ beatAt }: RunRecord, now: Instant): Millis {
  return millis(beatAt === null ? 0 : Math.max(0, now - beatAt));
}

/** The world of a run that asks nobody, with what a replies file says in place of nodes and people. */
function standingIn(world: World, offline: boolean, replies: Replies | undefined, plan: Plan, startedBy: string): World {
  if (!offline || world.kinds) return world;
  const home = { ...world, kinds: stayHome(kinds, plan), tools: toolsAtHome(kinds, replies) };
  if (replies === undefined) return home;
  return {
    ...home,
    kinds: standIn(home.kinds, replies, plan),
    childKinds: (child, place) => standIn(stayHome(kinds, child), replies, child, place),
    wakes: wakesIn(replies, plan, startedBy),
  };
}

/** The tools of a run, opened. Throws DagrunError (exit code 3). */
function toolsOf(
  drive: Pick<Drive, 'world' | 'plan' | 'file' | 'config' | 'inputs' | 'startedAt'>,
  options: RunOptions | ResumeOptions,
): Promise<RunTools | undefined> {
  const { world, plan, file, config, inputs, startedAt } = drive;
  return openTools({
    plan,
    kinds: world.toolKinds ?? kinds,
    outside: createOutside(file, rootsOf(file, options.cwd ?? '.', config), config),
    clock: world.clock,
    random: world.random,
    scope: { inputs, run: { id: world.id, started_at: new Date(startedAt).toISOString(), workflow: plan.workflow } },
    ...(world.tools && { standIn: world.tools }),
    ...(world.childKinds && { childKinds: world.childKinds }),
  });
}

interface Drive {
  readonly world: World;
  readonly store: Store;
  readonly owner: string;
  readonly plan: Plan;
  readonly file: string;
  readonly config: Config;
  readonly offline: Provider | undefined;
  readonly tools: RunTools | undefined;
  readonly inputs: JsonObject;
  readonly startedAt: RunEvent['at'];
  readonly tally: Tally;
  readonly first: InEvent;
  readonly earlier?: Earlier;
  /** Whether the cache is used. */
  readonly cache: boolean;
  readonly written: WrittenReplies | undefined;
}

async function driveToEnd(drive: Drive, options: RunOptions | ResumeOptions): Promise<RunResult> {
  const { store, plan, config, offline, tally, owner } = drive;
  const { clock, random, id } = drive.world;
  const index = indexPlan(plan);
  const models = assembleModels(config, clock);
  const tell = listenerOf(options.onEvent);
  const halt = new AbortController();
  const tiers = tiersOf(config, plan.tiers);
  const startedAt = new Date(drive.startedAt).toISOString();
  const roots = rootsOf(drive.file, options.cwd ?? '.', config);
  try {
    const performer = createPerformer(index, {
      run: id,
      store,
      kinds: drive.world.kinds ?? kinds,
      models: models.forRun({
        tiers,
        halt: halt.signal,
        ...(plan.limits.maxCost !== undefined && { maxCost: plan.limits.maxCost, spent: tally.run.bill.cost }),
        moneyAround: (task) =>
          limitsAround(index, task).flatMap(({ task: key, limits: { maxCost } }) =>
            maxCost === undefined ? [] : [{ of: key, maxCost, spent: tally.spent(key).cost }],
          ),
        ...(offline && { offline }),
      }),
      scopes: createScopes(index, store, tally, { id, startedAt, inputs: drive.inputs }, drive.earlier?.nodes),
      reuser: reuserOf(drive, tiers),
      clock,
      send: async (name, payload, to) => (await sendSignal(store, { name, payload, to, by: id, at: clock.now() })).length,
      readFiles: createFileReader(dirname(drive.file), roots),
      outside: createOutside(drive.file, roots, config),
      ...(drive.tools && { toolBox: drive.tools.open }),
    });
    const outcome = await driveEmbedded(
      {
        run: id,
        store,
        owner,
        decide: createKernel(index),
        performer,
        limits: plan.limits,
        framesAround: (task) =>
          limitsAround(index, task).flatMap(({ frame, limits: { concurrency } }) =>
            concurrency === undefined ? [] : [{ frame, concurrency }],
          ),
        clock,
        random,
        wait: options.wait ?? true,
        alone: drive.world.alone ?? false,
        ...(drive.world.wakes && { wakes: drive.world.wakes }),
        ...(options.drain && { drain: options.drain }),
        ...(options.abort && { abort: options.abort }),
        onEvent(event) {
          tally.add(event);
          if (event.type === 'run.failing' || event.type === 'run.cancel_requested') halt.abort();
          tell(event);
        },
      },
      drive.first,
    );
    const result = resultOf(id, index, tally);
    // What was taken over was not asked for, and whoever goes on with the run may ask for the rest.
    const { fromRun, fromCache } = result.cost.reused;
    const isWhole = (result.status === 'succeeded' || result.status === 'failed') && fromRun + fromCache === 0;
    for (const remark of isWhole ? (drive.written?.remarks() ?? []) : []) warningListenerOf(options.onWarning)(remark);
    await store.runs.release(id, owner, outcome === 'waiting' ? 'waiting' : result.status, clock.now());
    if (!drive.world.alone) await forgetOldRuns(store, config.keepRuns, clock.now(), id);
    return result;
  } catch (error) {
    // Nobody drives it any more. When not even that can be kept, the next one sees that this process is dead.
    await store.runs.release(id, owner, 'running', clock.now()).catch(() => undefined);
    throw error instanceof StoreFailed ? error.during(id) : error;
  } finally {
    dismissOwner(owner);
    await models.close();
  }
}

/** What keeps a task from being done again: the earlier run that this one goes on from, and the cache. */
function reuserOf({ world, store, plan, offline, earlier, cache }: Drive, tiers: Config['tiers']): Reuser {
  const keys = createContentKeys({
    candidatesOf: (want) => ('model' in want ? [want.model] : tiers[want.tier]),
    simulated: offline !== undefined,
  });
  const recall = createRecall({
    run: world.id,
    index: indexPlan(plan),
    clock: world.clock,
    ...(earlier && { reuses: earlier.reuses }),
    ...(earlier?.outputs && { past: earlier.outputs }),
    ...(cache && { cache: store.cache }),
  });
  return createReuser(keys, recall);
}

function configOf(workflowFile: string, options: RunOptions | ResumeOptions): Config {
  return loadConfig({ cwd: resolve(options.cwd ?? '.'), workflowFile, ...(options.env && { env: options.env }) });
}
