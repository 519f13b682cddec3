import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { checkWorkflow as check } from './check/check.ts';
import { loadConfig } from './config.ts';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { LoadedWorkflow, Surroundings, WorkflowSummary } from './contracts/engine.ts';
import type { ModelFacts } from './contracts/provider.ts';
import type { Document, SourceFile } from './contracts/source.ts';
import type { Workflow } from './contracts/workflow.ts';
import { sortDiagnostics } from './diagnostics/render.ts';
import { DagrunError, WorkflowInvalid } from './errors.ts';
import { findFile, findFiles } from './gallery.ts';
import { modelFacts } from './model-assembly.ts';
import { kinds } from './nodes/registry.ts';
import { buildPlan } from './plan/build.ts';
import { parseDocument } from './source/document.ts';
import { parseWorkflow } from './syntax/parse.ts';
import { sourceHost } from './workspace.ts';

/** A workflow read, checked and planned. Throws WorkflowInvalid with every mistake of the file, or DagrunError when it cannot be read. */
export async function loadWorkflow(file: string, around: Surroundings = {}): Promise<LoadedWorkflow> {
  const read = readWorkflow(file, around);
  if (!read.workflow || read.diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    throw new WorkflowInvalid(read.source.name, read.diagnostics);
  }
  const { workflow } = read;
  return {
    name: workflow.name,
    ...(workflow.description !== undefined && { description: workflow.description }),
    file: read.path,
    plan: buildPlan(workflow, kinds),
    document: workflow.document,
    warnings: read.diagnostics,
  };
}

/** Every mistake and warning of a workflow file, in the order of the text; none when it is valid. Throws DagrunError when it cannot be read. */
export async function checkWorkflow(file: string, around: Surroundings = {}): Promise<readonly Diagnostic[]> {
  return readWorkflow(file, around).diagnostics;
}

/** The workflows of the project and of the gallery that ships with dagrun. */
export async function listWorkflows(around: Surroundings = {}): Promise<readonly WorkflowSummary[]> {
  return findFiles(around.cwd ?? '.').map(({ name, file, builtin }): WorkflowSummary => {
    const { workflow, diagnostics } = readWorkflow(file, around);
    return {
      name: workflow?.name ?? name,
      ...(workflow?.description !== undefined && { description: workflow.description }),
      file,
      builtin,
      nodes: workflow?.nodes.size ?? 0,
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
}

function readWorkflow(file: string, around: Surroundings): Read {
  const cwd = resolve(around.cwd ?? '.');
  const path = resolve(cwd, file);
  const source: SourceFile = { name: relative(cwd, path) || path, text: textOf(path, file) };
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const document: Document | undefined = parseDocument(source, report);
  const workflow = document && parseWorkflow(document, { kinds, host: sourceHost(dirname(path)) }, report);
  if (workflow) {
    const sound = !diagnostics.some((diagnostic) => diagnostic.severity === 'error');
    diagnostics.push(...check({ workflow, kinds, ...configured(path, cwd, around) }, sound));
  }
  return { path, source, workflow, diagnostics: sortDiagnostics(diagnostics) };
}

/** What is known of models and secrets; only the catalog when the configuration itself has mistakes, which are told by whatever needs it. */
function configured(workflowFile: string, cwd: string, around: Surroundings): { models: ModelFacts; secrets?: readonly string[] } {
  try {
    const config = loadConfig({ ...around, cwd, workflowFile });
    // Without a file nothing is configured yet: which secrets there will be is told before a run.
    return { models: modelFacts(config), ...(config.file !== undefined && { secrets: [...config.secrets.keys()] }) };
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
