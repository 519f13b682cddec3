import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runId } from '../../engine/base/ids.ts';
import type { Json, JsonObject } from '../../engine/base/json.ts';
import { Failed, type Failure } from '../../engine/contracts/failure.ts';
import type { NodeKind, Wake, WakeCondition } from '../../engine/contracts/node-kind.ts';
import type { Provider } from '../../engine/contracts/provider.ts';
import type { ResultError } from '../../engine/contracts/result.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { runIn } from '../../engine/run-workflow.ts';
import { virtualClock } from '../../engine/testing/virtual-clock.ts';
import { type Random, randomFrom, randomValue } from '../support/random-value.ts';

/*
 * What validates does not fail on wiring: whatever the outside answers, as long as it fits the schemas, no template, no expression and no
 * reference fails. Every workflow of the project is run with random answers; `DAGRUN_WIRING_RUNS` says how often each (default 12).
 */

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['workflows', 'test/fixtures/ok', 'test/fixtures/expressive', 'test/fixtures/run', 'test/fixtures/plan'];
const RUNS = Number(process.env.DAGRUN_WIRING_RUNS ?? 12);

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.workflow.yml'))
    .map((name) => `${folder}/${name}`),
);

/** A provider that answers anything that fits. */
function anyAnswer(random: Random): Provider {
  return {
    id: 'offline',
    simulated: true,
    async complete({ model, outputSchema }) {
      const text = outputSchema
        ? JSON.stringify(randomValue(outputSchema, random))
        : String(randomValue({ type: 'string', minLength: 1 }, random));
      return { text, stop: 'end', usage: { input: 10, output: 10, cacheRead: 0, cacheWrite: 0 }, model };
    },
  };
}

/** Kinds that touch the outside give anything that fits. */
function anyOutside(random: Random): readonly NodeKind[] {
  return kinds.map((kind): NodeKind => {
    const inside = kind.callsModel || kind.wake !== undefined || kind.outputField !== undefined;
    if (inside || kind.kind === 'signal') return kind;
    const execute: NodeKind['execute'] = async (spec, ctx) => randomValue(ctx.outputSchema ?? kind.output(spec), random);
    return { ...kind, execute };
  });
}

function anyWake(random: Random): (task: string, attempt: number, until: WakeCondition) => Wake {
  return (_task, _attempt, until) => {
    if (until.type === 'timer') return { type: 'due' };
    if (until.type === 'signal') return { type: 'signalled', payload: 'a payload', by: 'ada' };
    const approved = random() < 0.6;
    const form = approved && until.request.form ? randomValue(until.request.form, random) : null;
    return { type: 'answered', approved, by: 'ada', reason: random() < 0.5 ? 'so it is' : null, form };
  };
}

function bottomOf(error: ResultError): ResultError {
  return error.cause ? bottomOf(error.cause) : error;
}

/** Values that no schema tells from others: what a text says, how long a list is. */
const OF_VALUES = /not a duration|is empty, and the URL|elements?, so none at|is an empty list|is not a time|nothing can be divided by it/;

/** Failures of the workflow itself, which no answer that fits may bring about. */
const OWN: ReadonlySet<Failure['type']> = new Set(['expression_failed', 'bug']);

describe.each(files)('%s', (file) => {
  test('does not fail on wiring', async () => {
    const workflow = await loadWorkflow(join(ROOT, file), { cwd: ROOT, env: {} });
    const wrong: string[] = [];
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const random = randomFrom(seed * 7919);
      const inputs: Record<string, Json> = {};
      for (const [name, { schema, default: fallback }] of Object.entries(workflow.plan.inputs)) {
        if (fallback !== undefined && random() < 0.4) continue;
        const value = randomValue(schema, random);
        if (compileValidator(schema)(value).length === 0) inputs[name] = value;
      }
      const clock = virtualClock(0);
      const stuck = new AbortController();
      let error: ResultError | undefined;
      const failures: ResultError[] = [];
      try {
        const running = runIn(
          {
            clock,
            random,
            id: runId(`run_${seed}`),
            offline: anyAnswer(random),
            kinds: anyOutside(random),
            alone: true,
            wakes: anyWake(random),
          },
          workflow,
          { cwd: ROOT, env: { DAGRUN_STORE: 'memory:' }, inputs: inputs as JsonObject, drain: stuck.signal },
        );
        await clock.runUntil(running, () => stuck.abort());
        const result = await running;
        error = result.error;
        for (const node of result.nodes) {
          if (node.error) failures.push(node.error);
          for (const item of node.items ?? []) if (item.error) failures.push(item.error);
        }
      } catch (thrown) {
        // Inputs that are required and could not be made up.
        if (thrown instanceof Error && thrown.name === 'InputsInvalid') continue;
        if (thrown instanceof Failed) error = { type: thrown.failure.type, code: 'DAG901', message: thrown.message };
        else throw thrown;
      }
      for (const one of [...failures, ...(error ? [error] : [])].map(bottomOf)) {
        if (OWN.has(one.type) && !OF_VALUES.test(one.message)) wrong.push(`seed ${seed}: ${one.type}: ${one.message.split('\n')[0]}`);
      }
    }
    expect([...new Set(wrong)].slice(0, 5)).toEqual([]);
  });
});
