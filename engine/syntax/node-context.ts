import type { NodeId } from '../base/ids.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { kindForAuthors } from './explain.ts';
import { foreignKind } from './foreign-kinds.ts';
import type { PromptFile } from './prompt-file.ts';
import type { SchemaLibrary } from './schema-library.ts';

/** What the nodes of one file have in common. */
export interface NodeContext {
  readonly document: Document;
  /** The first is the kind of a node that names none. */
  readonly kinds: readonly NodeKind[];
  /** `defaults` of the file, their shape checked. */
  readonly defaults: JsonObject;
  readonly library: SchemaLibrary;
  readonly report: Report;
  /** The nodes of a group: its map `nodes`, and where that stands. */
  nodesIn(section: Json, path: Path): ReadonlyMap<NodeId, NodeDecl>;
  /** The text of a prompt file, whose path stands at `place`: from then on, places in it are told as places of that file. */
  promptFile(path: string, place: Path): PromptFile;
  /** The schema of what a tool gives, when that is known. */
  toolOutput(name: string): JsonSchema | undefined;
  /** Another workflow file, its path relative to the folder of this one; absent where files cannot be opened. */
  open?(path: string): OpenedWorkflow;
}

/** What became of opening a workflow file that another one names. */
export type OpenedWorkflow =
  | { readonly state: 'sound'; readonly workflow: Workflow }
  /** What is wrong with it was reported with the file itself. */
  | { readonly state: 'mistaken'; readonly mistakes: number }
  /** It is being opened already: the files on the way back to it, itself first. */
  | { readonly state: 'circle'; readonly files: readonly string[] }
  /** `near` is the file that was probably meant. */
  | { readonly state: 'missing'; readonly near?: string }
  | { readonly state: 'outside' };

/** Reports what is wrong with a part of a file, and remembers whether it was an error. */
export interface Verdict {
  readonly wrong: Report;
  /** Something is wrong that was reported elsewhere. */
  fail(): void;
  sound(): boolean;
}

/** The verdict on a part of a file, which is sound until something is wrong. */
export function verdictOn(report: Report): Verdict {
  let sound = true;
  return {
    wrong(diagnostic) {
      if (diagnostic.severity === 'error') sound = false;
      report(diagnostic);
    },
    fail() {
      sound = false;
    },
    sound: () => sound,
  };
}

/** An error of shape. */
export function mistake(code: Diagnostic['code'], at: Diagnostic['at'], message: string, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code, severity: 'error', message, at, ...more };
}

/** The kind that fields name, among `kinds`, or `standard` when they name none; undefined when there is none of that name (reported). */
export function kindOf(
  fields: JsonObject,
  path: Path,
  { document }: Pick<NodeContext, 'document'>,
  kinds: readonly NodeKind[],
  standard: NodeKind | undefined,
  wrong: Report,
): NodeKind | undefined {
  if (fields.kind === undefined) return standard;
  const found = kinds.find((kind) => kind.kind === fields.kind);
  if (found !== undefined) return found;
  const at = document.spanOf([...path, 'kind']);
  const names = kinds.map((kind) => kind.kind);
  const name = typeof fields.kind === 'string' ? fields.kind : undefined;
  const near = name === undefined ? undefined : suggest(name, names);
  const help = name === undefined ? undefined : near === undefined ? (foreignKind(name) ?? adviceOn(name, names)) : adviceOn(name, names);
  wrong(
    mistake(
      'DAG125',
      at,
      name === undefined ? `"kind" must be the name of a kind; it is ${kindForAuthors(fields.kind)}` : `there is no kind "${name}"`,
      { ...(help !== undefined && { help }), ...(near !== undefined && { fix: { at, replacement: near } }) },
    ),
  );
  return undefined;
}
