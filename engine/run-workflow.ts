import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { type Clock, systemClock, systemRandom } from './base/clock.ts';
import type { RunId } from './base/ids.ts';
import type { Config } from './config.ts';
import { loadConfig } from './config.ts';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { LoadedWorkflow, RunOptions } from './contracts/engine.ts';
import type { RunEvent } from './contracts/event.ts';
import type { ModelWant, Provider } from './contracts/provider.ts';
import type { RunResult } from './contracts/result.ts';
import { DagrunError } from './errors.ts';
import { completeInputs } from './inputs.ts';
import { assembleModels, assembleOffline, requireProviders, tiersOf } from './model-assembly.ts';
import { kinds } from './nodes/registry.ts';
import { parseReplies, type Replies } from './providers/replies.ts';
import { createKernel } from './run/kernel.ts';
import { createPerformer } from './run/perform.ts';
import { indexPlan } from './run/plan-index.ts';
import { resultOf } from './run/result.ts';
import { createScopes } from './run/scope.ts';
import { createTally } from './run/tally.ts';
import { newRunId } from './run-id.ts';
import { driveEmbedded } from './shells/embedded.ts';
import { parseDocument } from './source/document.ts';
import { openMemoryStore } from './store/memory.ts';
import { createTextReader, workspaceOf } from './workspace.ts';

/**
 * Runs a workflow to its end and returns its result, whatever it is: a run that fails is a result, not an exception.
 * Throws DagrunError before anything has run: InputsInvalid, or exit code 3 when no provider can be used.
 */
export async function run(workflow: LoadedWorkflow, options: RunOptions = {}): Promise<RunResult> {
  return runIn({ clock: systemClock, random: systemRandom, id: newRunId() }, workflow, options);
}

/** What a run takes from outside that is different each time. */
export interface World {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  readonly id: RunId;
}

/** As `run`, with time, chance and the run's name given: the same world gives the same journal. */
export async function runIn({ clock, random, id }: World, workflow: LoadedWorkflow, options: RunOptions): Promise<RunResult> {
  const { plan } = workflow;
  const cwd = resolve(options.cwd ?? '.');
  const inputs = completeInputs(workflow, options.inputs ?? {});
  const config = loadConfig({ cwd, workflowFile: workflow.file, ...(options.env && { env: options.env }) });
  const tiers = tiersOf(config, plan.tiers);
  const offline = options.offline || options.replies !== undefined ? openOffline(workflow, options.replies, cwd) : undefined;
  if (!offline) requireProviders(config, tiers, wantsOf(workflow));

  const index = indexPlan(plan);
  const tally = createTally(index);
  const store = openMemoryStore();
  const startedAt = clock.now();
  const models = assembleModels(config, clock);
  try {
    await store.create({ id, plan, file: workflow.file, at: startedAt });
    const performer = createPerformer(index, {
      run: id,
      store,
      kinds,
      models: models.forRun({
        tiers,
        ...(plan.limits.maxCost !== undefined && { maxCost: plan.limits.maxCost }),
        ...(offline && { offline }),
      }),
      scopes: createScopes(index, store, tally, { id, startedAt: new Date(startedAt).toISOString(), inputs }),
      clock,
      readText: createTextReader(dirname(workflow.file), rootsOf(workflow, cwd, config)),
    });
    const tell = observer(options.onEvent);
    await driveEmbedded(
      {
        run: id,
        store,
        decide: createKernel(index),
        performer,
        limits: plan.limits,
        clock,
        random,
        ...(options.drain && { drain: options.drain }),
        ...(options.abort && { abort: options.abort }),
        onEvent(event) {
          tally.add(event);
          tell(event);
        },
      },
      { type: 'start', inputs, simulated: offline !== undefined, by: options.by ?? 'unknown', at: startedAt },
    );
    return resultOf(id, index, tally);
  } finally {
    await models.close();
    await store.close();
  }
}

/** What the nodes of a workflow ask models for. */
function wantsOf(workflow: LoadedWorkflow): readonly ModelWant[] {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  return workflow.plan.nodes.flatMap((node) => node.stages.flatMap((stage) => byName.get(stage.kind)?.wants?.(stage.spec) ?? []));
}

function openOffline(workflow: LoadedWorkflow, file: string | undefined, cwd: string): Provider {
  return assembleOffline(file === undefined ? undefined : readReplies(workflow, file, cwd));
}

function readReplies(workflow: LoadedWorkflow, file: string, cwd: string): Replies {
  const path = resolve(cwd, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new DagrunError(`the replies file ${file} cannot be read`, { exitCode: 2 });
  }
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const document = parseDocument({ name: relative(cwd, path), text }, report);
  const nodes = workflow.plan.nodes.map((node) => node.id);
  const replies = document && parseReplies(document, nodes, report);
  if (!replies || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    throw new DagrunError(`${file} has mistakes`, { exitCode: 2, diagnostics });
  }
  return replies;
}

/** Files may be read from the workspace of the workflow and from that of whoever runs it. */
function rootsOf(workflow: LoadedWorkflow, cwd: string, config: Config): readonly string[] {
  return [workspaceOf(dirname(workflow.file)), workspaceOf(cwd), ...(config.file === undefined ? [] : [dirname(config.file)])];
}

/** A listener that fails is told nothing more: a run that is being paid for does not end because somebody who watches it does. */
function observer(onEvent: RunOptions['onEvent']): (event: RunEvent) => void {
  let listening = onEvent !== undefined;
  return (event) => {
    if (!listening) return;
    try {
      onEvent?.(event);
    } catch (error) {
      listening = false;
      process.emitWarning(
        `onEvent failed and is not called again: ${error instanceof Error ? error.message : String(error)}`,
        'DagrunWarning',
      );
    }
  };
}
