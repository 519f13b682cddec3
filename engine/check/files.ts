import { isList, type Json, type JsonObject } from '../base/json.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { FilesAround, Path } from '../contracts/source.ts';
import type { NodeDecl, SubWorkflowDecl, Workflow } from '../contracts/workflow.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { allNodes, hasOwnSpec } from '../lang/frames.ts';
import { placeOfField } from '../lang/readings.ts';
import type { CheckInput } from './rule.ts';
import { firstUses } from './writers.ts';

/** The fields of a node's kind, or of its fallback, or of a tool, and where each of them stands. */
interface Fields {
  readonly kind: string;
  readonly spec: JsonObject;
  placeOf(field: string): Path;
}

/** What is written out of the paths that nodes reach lies in the workspace. */
export function checkPaths({ workflow, files }: CheckInput, report: Report): void {
  if (files === undefined) return;
  const { document } = workflow;
  for (const fields of allFields(workflow)) {
    for (const { text, path, reads } of pathsOf(fields)) {
      const refusal = reads ? files.refusalToRead(text) : files.refusal(text);
      if (refusal === undefined) continue;
      report({
        code: 'DAG141',
        severity: 'error',
        message: refusal,
        at: document.spanWithin(path, 0, text.length),
        because: 'nodes reach the files of the workspace, and no others',
        help: 'the workspace is the folder with dagrun.config.yml, .git or package.json, upward from this file',
      });
    }
  }
}

/**
 * Modules, programs and folders that are written out are there, where nothing that could have written them comes before. Other files that
 * are named are looked at with what comes before them here.
 */
export function checkFilesThere({ workflow, kinds, files, named }: CheckInput, report: Report): void {
  if (files !== undefined && !named) checkFile(workflow, kinds, files, new Set(), report);
}

function checkFile(workflow: Workflow, kinds: readonly NodeKind[], files: FilesAround, seen: Set<Workflow>, report: Report): void {
  if (seen.has(workflow)) return;
  seen.add(workflow);
  const { uses, tools } = firstUses(workflow, kinds);
  const enter = (child: Workflow | undefined, file: Json | undefined): void => {
    if (child !== undefined && typeof file === 'string') checkFile(child, kinds, files.around(file), seen, report);
  };
  for (const { node, of } of uses) {
    checkFields(workflow, fieldsOf(node, of), files, report);
    const body: NodeDecl['body'] = of === 'node' ? node.body : node.onError.action === 'fallback' ? node.onError.body : undefined;
    if (body?.type === 'workflow') enter((body satisfies SubWorkflowDecl).workflow, body.file);
  }
  for (const tool of tools) {
    if (tool.type === 'workflow') enter(tool.workflow, tool.spec.workflow);
    else if (tool.type !== 'mcp') {
      checkFields(workflow, { kind: tool.type, spec: tool.spec, placeOf: (field) => [...tool.at, field] }, files, report);
    }
  }
}

function checkFields(workflow: Workflow, { kind, spec, placeOf }: Fields, files: FilesAround, report: Report): void {
  const { document } = workflow;
  const tell = (written: string, path: Path, message: string, more: Pick<Diagnostic, 'because' | 'help'>, instead?: string): void => {
    const at = document.spanWithin(path, 0, written.length);
    report({
      code: 'DAG139',
      severity: 'error',
      message,
      at,
      ...more,
      ...(instead !== undefined && { fix: { at, replacement: instead } }),
    });
  };
  const absent = (written: string, path: Path, base: string, what: string): void => {
    const near = nearestPath(written, base, files);
    const help = near === undefined ? 'paths start at the folder of the file that names them' : `did you mean "${near}"?`;
    const because = 'nothing that comes before could write it';
    tell(written, path, `there is no ${what} "${written}"`, { because, help: base === '' || near !== undefined ? help : NEAR_CWD }, near);
  };
  if (kind === 'script' && typeof spec.script === 'string') {
    const [file = ''] = spec.script.split('#');
    const standing = files.whatIs(file);
    if (standing === 'file' || standing === 'program' || files.refusal(file) !== undefined) return;
    absent(file, placeOf('script'), '', 'file');
  }
  if (kind !== 'command') return;
  const cwd = spec.cwd ?? '.';
  if (typeof cwd !== 'string' || isComputed(cwd) || files.refusal(cwd) !== undefined) return;
  const folder = files.whatIs(cwd);
  if (folder !== 'folder') {
    if (folder !== undefined) tell(cwd, placeOf('cwd'), `"${cwd}" is no folder`, {});
    else absent(cwd, placeOf('cwd'), '', 'folder');
    return;
  }
  const [program] = isList(spec.argv) ? spec.argv : [];
  // What has no folder in its name is looked for on the PATH.
  if (typeof program !== 'string' || isComputed(program) || !program.includes('/') || program.startsWith('/')) return;
  const place = [...placeOf('argv'), 0];
  const standing = files.whatIs(joined(cwd, program));
  if (standing === undefined) absent(program, place, cwd === '.' ? '' : cwd, 'program');
  else if (standing !== 'program')
    tell(program, place, `"${program}" may not be executed`, standing === 'file' ? { help: `\`chmod +x ${program}\` lets it` } : {});
}

const NEAR_CWD = 'the name of a program with a folder in it starts at `cwd`';

/** Paths that are written out: those whose files are only read, and others. */
function pathsOf({ kind, spec, placeOf }: Fields): readonly { readonly text: string; readonly path: Path; readonly reads: boolean }[] {
  const written = (value: Json | undefined, path: Path, reads = false): ReturnType<typeof pathsOf> =>
    typeof value === 'string' && value.trim() !== '' && !isComputed(value) ? [{ text: value, path, reads }] : [];
  switch (kind) {
    case 'write':
      return written(spec.path, placeOf('path'));
    case 'command':
      return written(spec.cwd, placeOf('cwd'));
    case 'script':
      return typeof spec.script === 'string' ? written(spec.script.split('#')[0], placeOf('script')) : [];
    default:
      return isList(spec.attach) ? spec.attach.flatMap((one, index) => written(one, [...placeOf('attach'), index], true)) : [];
  }
}

function isComputed(text: string): boolean {
  return text.includes('{{');
}

function allFields(workflow: Workflow): readonly Fields[] {
  const nodes = allNodes(workflow).flatMap(({ node }) => [
    ...(hasOwnSpec(node) ? [fieldsOf(node, 'node')] : []),
    ...(node.onError.action === 'fallback' ? [fieldsOf(node, 'fallback')] : []),
  ]);
  const tools = [...workflow.tools.values()].flatMap((tool): Fields[] =>
    tool.type === 'mcp' ? [] : [{ kind: tool.type, spec: tool.spec, placeOf: (field) => [...tool.at, field] }],
  );
  return [...nodes, ...tools];
}

function fieldsOf(node: NodeDecl, of: 'node' | 'fallback'): Fields {
  const { onError } = node;
  if (of === 'node' || onError.action !== 'fallback')
    return { kind: node.kind, spec: node.spec, placeOf: (field) => placeOfField(node, field) };
  // What a fallback takes over from its node stands there.
  return { kind: onError.kind, spec: onError.spec, placeOf: (field) => placeOfField(onError, field) };
}

/** The path that was probably meant, each step of it that is not there replaced by what is there and looks like it. */
function nearestPath(path: string, base: string, files: FilesAround): string | undefined {
  let found = path.startsWith('/') ? '/' : '';
  for (const step of path.split('/')) {
    if (step === '') continue;
    const inside = found === '' || found.endsWith('/') ? found : `${found}/`;
    const folder = joined(base, found === '' ? '.' : found);
    const name = step === '..' || step === '.' || files.list(folder).includes(step) ? step : suggest(step, files.list(folder));
    if (name === undefined) return undefined;
    found = `${inside}${name}`;
  }
  return found === path ? undefined : found;
}

function joined(folder: string, path: string): string {
  return folder === '' || folder === '.' || path.startsWith('/') ? path : `${folder.replace(/\/$/, '')}/${path}`;
}
