import { basename, dirname, join, resolve } from 'node:path';
import { checkWorkflow as check } from './check/check.ts';
import type { CheckInput } from './check/rule.ts';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { SourceFile, SourceTree } from './contracts/source.ts';
import type { Workflow } from './contracts/workflow.ts';
import { suggest } from './diagnostics/suggest.ts';
import { filesAround } from './files-around.ts';
import { LOCK_NAME, type Lock, parseLock } from './lock-file.ts';
import { kinds } from './nodes/registry.ts';
import { parseDocument } from './source/document.ts';
import type { OpenedWorkflow } from './syntax/node-context.ts';
import { parseWorkflow } from './syntax/parse.ts';
import { isWithin, realPath, sourceHost, workspaceOf } from './workspace.ts';

/** What is known of what lies around a workflow. */
export type CheckFacts = Omit<CheckInput, 'workflow' | 'kinds' | 'references' | 'files' | 'named'>;

/** A workflow file that was read and checked. */
export interface ReadFile {
  /** As far as it can be told. */
  readonly workflow: Workflow | undefined;
  /** What is wrong with it, and what is wrong with the files it names. */
  readonly diagnostics: readonly Diagnostic[];
  /** The workflow files that it names, and those that these name: absolute. */
  readonly children: readonly string[];
}

/**
 * Reads and checks the workflow file at `path` (absolute) of a tree, with the workflow files it names, each of them once. `roots` are the
 * folders whose files nodes may reach; without them nothing is said about which files there are.
 */
export function readWorkflowFile(
  path: string,
  source: SourceFile,
  tree: SourceTree,
  facts: CheckFacts,
  roots?: readonly string[],
): ReadFile {
  const top = workspaceOf(dirname(path));
  const root = realPath(top);
  /** Read when the first server asks for it. */
  let lock: Lock | undefined;
  const locked = (server: string): ReturnType<Lock['get']> => {
    lock ??= parseLock(tree.read(join(top, LOCK_NAME)));
    return lock.get(server);
  };
  const opened = new Map<string, OpenedWorkflow>();
  /** The files that are being read, each named by the one before. */
  const open: { readonly path: string; readonly name: string }[] = [];
  const diagnostics: Diagnostic[] = [];
  const ofOthers: Diagnostic[] = [];
  const { workflow } = read(path, source, (diagnostic) => diagnostics.push(diagnostic));
  return { workflow, diagnostics: [...diagnostics, ...ofOthers], children: [...opened.keys()] };

  function read(
    at: string,
    file: SourceFile,
    tell: (diagnostic: Diagnostic) => void,
  ): { workflow: Workflow | undefined; mistakes: number } {
    const own: Diagnostic[] = [];
    open.push({ path: at, name: file.name });
    const document = parseDocument(file, (diagnostic) => own.push(diagnostic));
    const context = { kinds, host: sourceHost(dirname(at), tree, root), open: (name: string) => openFrom(dirname(at), name), locked };
    const parsed = document && parseWorkflow(document, context, (diagnostic) => own.push(diagnostic));
    open.pop();
    const isError = ({ severity }: Diagnostic): boolean => severity === 'error';
    const files = roots && filesAround(dirname(at), tree, roots);
    const known = { ...facts, ...(files && { files }), ...(at !== path && { named: true as const }) };
    if (parsed) own.push(...check({ workflow: parsed, kinds, ...known }, !own.some(isError)));
    for (const diagnostic of own) tell(diagnostic);
    return { workflow: parsed, mistakes: own.filter(isError).length };
  }

  function openFrom(folder: string, name: string): OpenedWorkflow {
    const at = resolve(folder, name);
    if (!isWithin(realPath(at), [root])) return { state: 'outside' };
    const circle = open.findIndex((one) => one.path === at);
    if (circle >= 0) return { state: 'circle', files: open.slice(circle).map((one) => one.name) };
    const known = opened.get(at) ?? openAt(at, name);
    opened.set(at, known);
    return known;
  }

  function openAt(at: string, name: string): OpenedWorkflow {
    const text = tree.read(at);
    if (text === undefined) {
      const near = suggest(
        basename(at),
        tree.list(dirname(at)).filter((one) => /\.ya?ml$/.test(one)),
      );
      return { state: 'missing', ...(near !== undefined && { near: name.slice(0, -basename(at).length) + near }) };
    }
    // Advice on a file is for whoever works on that file.
    const { workflow: found, mistakes } = read(at, { name: tree.nameOf(at), text }, (diagnostic) => {
      if (diagnostic.severity === 'error') ofOthers.push(diagnostic);
    });
    return found === undefined || mistakes > 0
      ? { state: 'mistaken', mistakes: Math.max(mistakes, 1) }
      : { state: 'sound', workflow: found };
  }
}
