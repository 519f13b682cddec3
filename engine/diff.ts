import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JsonSchema } from './base/json.ts';
import { toDollars } from './base/units.ts';
import { type Config, loadConfig } from './config.ts';
import type { CallPrice, WorkflowDiff } from './contracts/diff.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { PlanNode } from './contracts/plan.ts';
import type { Workflow } from './contracts/workflow.ts';
import { DagrunError } from './errors.ts';
import { readingsOf } from './lang/readings.ts';
import { schemaOf } from './lang/schema-shape.ts';
import { typesOf } from './lang/scope-shape.ts';
import { settledLiterals } from './lang/value-shape.ts';
import { findWorkflow, onDisk, type PlannedFile, planFile, type WorkflowFile } from './load.ts';
import { findModel, priceOf, suggestedTiers } from './models/catalog.ts';
import { kinds } from './nodes/registry.ts';
import { type ComparedPlan, comparePlans } from './plan/compare-plans.ts';
import { atHead, atRevision, checkedOut, parseRevision } from './revision.ts';

/**
 * What is different between two workflows; nothing is run. Each is a file, a name, or `<revision>:<path>` as git has it. Without a second one,
 * the first is compared with itself: a file with how it was in the last commit, a revision's with how it is now.
 *
 * Models are what tiers mean in the configuration of today, on both sides. Throws WorkflowInvalid with the mistakes of the first side that has
 * any, or DagrunError.
 */
export async function diffWorkflows(first: string, second: string | undefined, around: Surroundings = {}): Promise<WorkflowDiff> {
  const [before, after] = await sidesOf(first, second, around);
  const [a, b] = [planFile(before, around), planFile(after, around)];
  return comparePlans(sideOf(a, before, around), sideOf(b, after, around), kinds);
}

async function sidesOf(first: string, second: string | undefined, around: Surroundings): Promise<readonly [WorkflowFile, WorkflowFile]> {
  if (second !== undefined) return [await find(first, around), await find(second, around)];
  const revision = revisionIn(first, around);
  if (revision !== undefined) {
    const before = atRevision(revision, around);
    const file = checkedOut(revision, around);
    if (!existsSync(file))
      throw new DagrunError(`there is no file ${revision.path} any more`, { exitCode: 2, help: 'say what to compare it with' });
    return [before, onDisk(file, around)];
  }
  const file = await findWorkflow(first, around);
  return [atHead(file, around), onDisk(file, around)];
}

async function find(name: string, around: Surroundings): Promise<WorkflowFile> {
  const revision = revisionIn(name, around);
  return revision === undefined ? onDisk(await findWorkflow(name, around), around) : atRevision(revision, around);
}

/** A file that is there is what is meant, whatever is in its name. */
function revisionIn(name: string, around: Surroundings): ReturnType<typeof parseRevision> {
  return existsSync(resolve(around.cwd ?? '.', name)) ? undefined : parseRevision(name);
}

function sideOf({ workflow, plan, path }: PlannedFile, { source }: WorkflowFile, around: Surroundings): ComparedPlan {
  const tiers = { ...tiersAround(path, around), ...plan.tiers };
  return { plan, file: source.name, outputs: outputsOf(workflow), callsOf: (node) => callsOf(node, tiers) };
}

/** The schema of each output: as declared, else as it follows from what is computed. */
function outputsOf(workflow: Workflow): ReadonlyMap<string, JsonSchema> {
  const types = typesOf(workflow, kinds);
  const found = new Map<string, JsonSchema>();
  for (const reading of readingsOf(workflow, kinds)) {
    if (reading.node !== undefined || reading.place !== 'file') continue;
    const declared = workflow.outputs.get(reading.field)?.schema;
    found.set(reading.field, declared ?? schemaOf(settledLiterals(types.inferred(reading).shape)));
  }
  return found;
}

/** The tiers of the configuration; those of the catalog when it has mistakes, which are told by whatever needs it. */
function tiersAround(workflowFile: string, around: Surroundings): Config['tiers'] {
  try {
    return loadConfig({ ...around, cwd: resolve(around.cwd ?? '.'), workflowFile }).tiers;
  } catch (error) {
    if (error instanceof DagrunError) return suggestedTiers;
    throw error;
  }
}

/** What a call of middling size is reckoned with: a page and a half in, half a page out. */
const CALL = { input: 1000, output: 500, cacheRead: 0, cacheWrite: 0 } as const;

function callsOf(node: PlanNode, tiers: Config['tiers']): readonly CallPrice[] {
  const wants = node.stages.flatMap((stage) =>
    'body' in stage || stage.name === 'fallback' ? [] : (kinds.find(({ kind }) => kind === stage.kind)?.wants?.(stage.spec) ?? []),
  );
  const models = wants.map((want) => ('model' in want ? want.model : tiers[want.tier][0])).filter((model) => model !== undefined);
  return [...new Set(models)].map((model): CallPrice => {
    const info = findModel(model);
    const call = priceOf(info, CALL);
    return {
      model,
      input: info?.price?.input ?? null,
      output: info?.price?.output ?? null,
      call: call === null ? null : toDollars(call),
    };
  });
}
