import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from './config.ts';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { LoadedWorkflow, Surroundings, WorkflowSummary } from './contracts/engine.ts';
import type { Plan } from './contracts/plan.ts';
import type { ModelFacts } from './contracts/provider.ts';
import type { SourceFile, SourceTree } from './contracts/source.ts';
import type { Workflow } from './contracts/workflow.ts';
import { sortDiagnostics } from './diagnostics/render.ts';
import { DagrunError, WorkflowInvalid } from './errors.ts';
import { findFile, findFiles } from './gallery.ts';
import { modelFacts } from './model-assembly.ts';
import { kinds } from './nodes/registry.ts';
import { buildPlan } from './plan/build.ts';
import { readWorkflowFile } from './read-workflow.ts';
import { diskTree, rootsOf } from './workspace.ts';

/** A workflow read, checked and planned. Throws WorkflowInvalid with every mistake of the file, or DagrunError when it cannot be read. */
export async function loadWorkflow(file: string, around: Surroundings = {}): Promise<LoadedWorkflow> {
  const { path, workflow, plan, warnings } = planFile(onDisk(file, around), around);
  return {
    name: workflow.name,
    ...(workflow.description !== undefined && { description: workflow.description }),
    file: path,
    plan,
    document: workflow.document,
    warnings,
  };
}

/** A workflow file, and the tree it is part of. */
export interface WorkflowFile {
  /** Absolute. */
  readonly path: string;
  readonly source: SourceFile;
  readonly tree: SourceTree;
}

/** A workflow without mistakes, and what will run. */
export interface PlannedFile {
  readonly path: string;
  readonly workflow: Workflow;
  readonly plan: Plan;
  readonly warnings: readonly Diagnostic[];
}

/** Reads, checks and plans a file, wherever it stands. Throws WorkflowInvalid with every mistake. */
export function planFile(file: WorkflowFile, around: Surroundings): PlannedFile {
  const { path, source, workflow, diagnostics } = readWorkflow(file, around);
  if (!workflow || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) throw new WorkflowInvalid(source.name, diagnostics);
  return { path, workflow, plan: buildPlan(workflow, kinds), warnings: diagnostics };
}

/** A file of the disk. Throws DagrunError when it cannot be read. */
export function onDisk(file: string, around: Surroundings): WorkflowFile {
  const cwd = resolve(around.cwd ?? '.');
  const path = resolve(cwd, file);
  const tree = diskTree(cwd);
  return { path, source: { name: tree.nameOf(path), text: textOf(path, file) }, tree };
}

/** Every mistake and warning of a workflow file, in the order of the text; none when it is valid. Throws DagrunError when it cannot be read. */
export async function checkWorkflow(file: string, around: Surroundings = {}): Promise<readonly Diagnostic[]> {
  return readWorkflow(onDisk(file, around), around).diagnostics;
}

/** The workflows of the project and of the gallery that ships with dagrun. */
export async function listWorkflows(around: Surroundings = {}): Promise<readonly WorkflowSummary[]> {
  const found = findFiles(around.cwd ?? '.').map((one) => ({ ...one, ...readWorkflow(onDisk(one.file, around), around) }));
  return found.map(({ name, file, builtin, workflow, diagnostics }): WorkflowSummary => {
    const parents = found.filter(({ children }) => children.includes(resolve(file)));
    return {
      name: workflow?.name ?? name,
      ...(workflow?.description !== undefined && { description: workflow.description }),
      file,
      builtin,
      nodes: workflow?.nodes.size ?? 0,
      runBy: parents.map((parent) => parent.file),
      mistakes: diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length,
    };
  });
}

/** The absolute file of a workflow given by path or name. Throws DagrunError with a suggestion when there is none. */
export async function findWorkflow(nameOrFile: string, around: Surroundings = {}): Promise<string> {
  return findFile(nameOrFile, resolve(around.cwd ?? '.'));
}

interface Read {
  /** Absolute. */
  readonly path: string;
  readonly source: SourceFile;
  readonly workflow: Workflow | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly children: readonly string[];
}

function readWorkflow({ path, source, tree }: WorkflowFile, around: Surroundings): Read {
  const { roots, ...facts } = configured(path, around);
  const { workflow, diagnostics, children } = readWorkflowFile(path, source, tree, facts, roots);
  return { path, source, workflow, diagnostics: sortDiagnostics(diagnostics), children };
}

/**
 * What is known of models and secrets, and the folders whose files nodes may reach; only the catalog when the configuration itself has
 * mistakes, which are told by whatever needs it.
 */
function configured(
  workflowFile: string,
  around: Surroundings,
): { readonly models: ModelFacts; readonly secrets?: readonly string[]; readonly roots?: readonly string[] } {
  try {
    const config = loadConfig({ ...around, cwd: resolve(around.cwd ?? '.'), workflowFile });
    // Without a file nothing is configured yet: which secrets there will be is told before a run.
    return {
      models: modelFacts(config),
      ...(config.file !== undefined && { secrets: [...config.secrets.keys()] }),
      roots: rootsOf(workflowFile, around.cwd ?? '.', config),
    };
  } catch (error) {
    if (error instanceof DagrunError) return { models: modelFacts(undefined) };
    throw error;
  }
}

function textOf(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT'
        ? `there is no file ${file}`
        : code === 'EISDIR'
          ? `${file} is a folder, not a workflow file`
          : `${file} cannot be read (${String(code)})`;
    throw new DagrunError(why, { exitCode: 2 });
  }
}
