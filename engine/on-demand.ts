import type { LoadedWorkflow, ResumeOptions, RunOptions } from './contracts/engine.ts';
import type { RunResult } from './contracts/result.ts';

/*
 * What runs is loaded when something is run: looking at a workflow needs neither the store nor the models.
 */

/**
 * Runs a workflow to its end and returns its result, whatever it is: a run that fails is a result, not an exception.
 * Throws DagrunError before anything has run: InputsInvalid, or exit code 3 when no provider can be used; StoreFailed when the
 * run cannot be kept.
 */
export async function run(workflow: LoadedWorkflow, options: RunOptions = {}): Promise<RunResult> {
  return (await import('./run-workflow.ts')).run(workflow, options);
}

/**
 * Goes on with a run that was interrupted, waits, failed or was cancelled, on the plan it started with: what succeeded stays, and
 * what was paid is not paid again. A run that has succeeded gives its result. Throws DagrunError (exit code 2) for a run that
 * another process drives, StoreFailed for one that is not there.
 */
export async function resume(runId: string, options: ResumeOptions = {}): Promise<RunResult> {
  return (await import('./run-workflow.ts')).resume(runId, options);
}
