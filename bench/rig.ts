import { systemClock } from '../engine/base/clock.ts';
import { runId } from '../engine/base/ids.ts';
import type { Json, JsonObject } from '../engine/base/json.ts';
import type { Diagnostic } from '../engine/contracts/diagnostic.ts';
import type { NodeKind } from '../engine/contracts/node-kind.ts';
import type { Plan } from '../engine/contracts/plan.ts';
import type { ModelClient } from '../engine/contracts/provider.ts';
import type { Store } from '../engine/contracts/store.ts';
import { kinds } from '../engine/nodes/registry.ts';
import { buildPlan } from '../engine/plan/build.ts';
import { createKernel } from '../engine/run/kernel.ts';
import { createPerformer } from '../engine/run/perform.ts';
import { indexPlan } from '../engine/run/plan-index.ts';
import { createScopes } from '../engine/run/scope.ts';
import { createTally } from '../engine/run/tally.ts';
import { driveEmbedded } from '../engine/shells/embedded.ts';
import { parseDocument } from '../engine/source/document.ts';
import { openMemoryStore } from '../engine/store/memory.ts';
import { parseWorkflow } from '../engine/syntax/parse.ts';

/** Gives its `value` back, at once: what is left is the engine. */
export const instantKind: NodeKind<{ readonly value: Json }> = {
  kind: 'instant',
  summary: 'Gives a value back at once.',
  schema: {
    type: 'object',
    properties: { value: { 'x-holds': 'expression', description: 'The value.' } },
    required: ['value'],
    additionalProperties: false,
  },
  example: 'value: "1"',
  callsModel: false,
  output: () => ({}),
  execute: async (spec) => spec.value,
};

/** Gives its `value` back after `ms` milliseconds. */
export const sleepKind: NodeKind<{ readonly ms: number; readonly value: Json }> = {
  ...instantKind,
  kind: 'sleep',
  schema: {
    type: 'object',
    properties: {
      value: { 'x-holds': 'expression', description: 'The value.' },
      ms: { type: 'number', 'x-holds': 'literal', description: 'How long.' },
    },
    required: ['value', 'ms'],
    additionalProperties: false,
  },
  execute: (spec) => new Promise((resolve) => setTimeout(() => resolve(spec.value), spec.ms)),
};

export const benchKinds: readonly NodeKind[] = [...kinds, instantKind, sleepKind];

/** The plan of a workflow's text. */
export function planOf(text: string): Plan {
  const mistakes: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void mistakes.push(diagnostic);
  const document = parseDocument({ name: 'bench.workflow.yml', text }, report);
  const workflow = document && parseWorkflow(document, { kinds: benchKinds, host: { read: () => undefined, list: () => [] } }, report);
  if (!workflow || mistakes.length > 0) throw new Error(mistakes[0]?.message ?? 'no workflow');
  return buildPlan(workflow, benchKinds);
}

const NO_MODELS: ModelClient = {
  ask: () => Promise.reject(new Error('no model in this bench')),
  ruler: () => Promise.reject(new Error('nothing is measured in this bench')),
  close: async () => undefined,
};

/** Runs a plan as the engine does, in memory unless another store is given, and gives its outputs. The store is closed. */
export async function runPlan(
  plan: Plan,
  inputs: JsonObject = {},
  models: ModelClient = NO_MODELS,
  store: Store = openMemoryStore(),
): Promise<JsonObject> {
  const run = runId('run_bench');
  const index = indexPlan(plan);
  const tally = createTally(index);
  const at = systemClock.now();
  await store.create({ id: run, plan, file: 'bench.workflow.yml', at });
  await store.runs.claim(run, 'bench', at, at);
  const scopes = createScopes(index, store, tally, { id: run, startedAt: new Date(0).toISOString(), inputs });
  const performer = createPerformer(index, {
    run,
    store,
    kinds: benchKinds,
    models,
    scopes,
    clock: systemClock,
    send: () => Promise.reject(new Error('no signals in this bench')),
    readFiles: () => Promise.reject(new Error('no files in this bench')),
    outside: {
      place: () => Promise.reject(new Error('no files in this bench')),
      environment: {},
      allowedHosts: [],
      secret: () => {
        throw new Error('no secrets in this bench');
      },
    },
  });
  let outputs: JsonObject | null = null;
  await driveEmbedded(
    {
      run,
      store,
      owner: 'bench',
      wait: true,
      decide: createKernel(index),
      performer,
      limits: plan.limits,
      clock: systemClock,
      random: () => 0.5,
      onEvent: (event) => {
        tally.add(event);
        if (event.type !== 'run.finished') return;
        if (event.status !== 'succeeded') throw new Error(`the run ${event.status}: ${event.failure?.message}`);
        outputs = event.outputs;
      },
    },
    { type: 'start', inputs, simulated: false, by: 'bench', at },
  );
  await store.close();
  return outputs ?? {};
}
