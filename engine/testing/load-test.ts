import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { LoadedWorkflow, Surroundings } from '../contracts/engine.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { DagrunError, WorkflowInvalid } from '../errors.ts';
import { compileValidator, type Problem } from '../lang/validate.ts';
import { loadWorkflow } from '../load.ts';
import { parseRepliesFile } from '../providers/replies.ts';
import { type Sound, withoutMistakes } from '../providers/without-mistakes.ts';
import { answerablePlaces } from '../run/tool-places.ts';
import { cutText } from '../source/cut-text.ts';
import { parseDocument } from '../source/document.ts';
import { checkTest } from './check-test.ts';
import { ownOf, scenarioNames, type TestFile } from './scenario.ts';
import { withStubbedServers } from './stubbed-servers.ts';
import { namesOfShapes, testSchema } from './test-schema.ts';

/** A test file that was read; with mistakes it cannot be run. */
export interface LoadedTest {
  /** Absolute. */
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Absent when there are mistakes. */
  readonly ready?: { readonly test: TestFile; readonly workflow: LoadedWorkflow };
  /** Every file it is made of, absolute. */
  readonly involved: readonly string[];
}

/** Reads a test file and all it names, and checks it against its workflow (DAG741 to DAG745). Throws DagrunError when it cannot be read itself. */
export async function loadTest(file: string, around: Surroundings): Promise<LoadedTest> {
  const cwd = resolve(around.cwd ?? '.');
  const path = resolve(cwd, file);
  const involved = [path];
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const isWrong = (): boolean => diagnostics.some(({ severity }) => severity === 'error');

  const text = textOf(path);
  if (text === undefined) throw new DagrunError(`the test file ${file} cannot be read`, { exitCode: 2 });
  const document = parseDocument({ name: relative(cwd, path) || path, text }, report);
  if (!document || isWrong()) return { file: path, diagnostics, involved };
  const sound = checkShape(document, report);
  const { value } = sound;
  if (!isObject(value)) return { file: path, diagnostics, involved };
  const files = readNamedFiles({ document, value, folder: dirname(path), cwd }, involved, report);
  const read = async (named: string): Promise<LoadedWorkflow> =>
    withStubbedServers(await loadWorkflow(named, around), stubbedTools(value, files.replies), around);
  const workflow = typeof value.workflow === 'string' ? await loadTested(document, path, read, involved, report) : undefined;
  if (!workflow) return { file: path, diagnostics, involved };
  const test = { file: path, document, value, ...files };
  const nodes = answerablePlaces(workflow.plan);
  for (const replies of files.replies.values()) parseRepliesFile(replies, nodes, report);
  checkTest(test, workflow.plan, report, sound);
  return { file: path, diagnostics, involved, ...(!isWrong() && { ready: { test, workflow } }) };
}

/** Reports what has the wrong shape (DAG741); the rest can be checked all the same. */
function checkShape(document: Document, report: Report): Sound {
  const problems = compileValidator(testSchema)(document.value);
  for (const problem of problems) {
    const { path, keyword, params, schema, message } = problem;
    if (isMeantBy(problem, problems)) continue;
    if (keyword !== 'additionalProperties' || typeof params.key !== 'string') {
      const word = valueAt(document.value, path);
      const words = isList(params.enum) ? params.enum.filter((one) => typeof one === 'string') : [];
      const near = typeof word === 'string' ? suggest(word, words) : undefined;
      const isUnnamed = path.length === 1 && path[0] === 'scenarios' && isList(word);
      const help =
        near !== undefined ? `did you mean "${near}"?` : isUnnamed ? 'each has its name for a key: `two items: { … }`' : undefined;
      report({ code: 'DAG741', severity: 'error', message, at: document.spanOf(path), ...(help !== undefined && { help }) });
      continue;
    }
    const cut = cutText(document, [...path, params.key]);
    if (cut) {
      report(cut);
      continue;
    }
    const help = adviceOn(params.key, Object.keys(isObject(schema.properties) ? schema.properties : {}));
    const where = namesOfShapes.get(schema) ?? (path.length === 2 && path[0] === 'scenarios' ? 'a scenario' : nameOf(path));
    const at = document.spanOf([...path, params.key], 'key');
    report({ code: 'DAG741', severity: 'error', message: `"${params.key}" is not a key of ${where}`, at, ...(help && { help }) });
  }
  return withoutMistakes(document.value, problems);
}

/** Whether what is missing is there under another name, which is told. */
function isMeantBy({ keyword, params, path }: Problem, others: readonly Problem[]): boolean {
  if (keyword !== 'required') return false;
  return others.some(
    (other) =>
      other.keyword === 'additionalProperties' &&
      other.path.length === path.length &&
      path.every((step, at) => other.path[at] === step) &&
      suggest(String(other.params.key), [String(params.key)]) !== undefined,
  );
}

function valueAt(value: Json, path: Path): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) found = isList(found) ? found[Number(step)] : isObject(found) ? found[step] : undefined;
  return found;
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  return last === undefined ? 'a test file' : typeof last === 'number' ? 'this entry' : `\`${last}\``;
}

async function loadTested(
  document: Document,
  file: string,
  read: (workflow: string) => Promise<LoadedWorkflow>,
  involved: string[],
  report: Report,
): Promise<LoadedWorkflow | undefined> {
  const named = isObject(document.value) ? String(document.value.workflow) : '';
  const path = resolve(dirname(file), named);
  involved.push(path);
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof DagrunError)) throw error;
    const at = document.spanOf(['workflow']);
    if (error instanceof WorkflowInvalid) {
      for (const one of error.diagnostics) if (one.severity === 'error') report(one);
      report({ code: 'DAG743', severity: 'error', message: 'the workflow has mistakes', at, label: 'cannot be run' });
    } else {
      const help = 'the path starts at the folder of this file';
      report({ code: 'DAG743', severity: 'error', message: `there is no workflow "${named}"`, at, label: 'no such file', help });
    }
    return undefined;
  }
}

interface Here {
  readonly document: Document;
  readonly value: JsonObject;
  readonly folder: string;
  readonly cwd: string;
}

/** The texts of input files, and replies files, wherever they are named. */
function readNamedFiles(here: Here, involved: string[], report: Report): Pick<TestFile, 'texts' | 'replies'> {
  const texts = new Map<string, string>();
  const replies = new Map<string, Document>();
  const read = (named: Json, at: Path): { readonly path: string; readonly text: string } | undefined => {
    const path = resolve(here.folder, String(named));
    involved.push(path);
    const text = textOf(path);
    if (text !== undefined) return { path, text };
    const help = 'the path starts at the folder of this file';
    const message = `the file "${String(named)}" cannot be read`;
    report({ code: 'DAG743', severity: 'error', message, at: here.document.spanOf(at), label: 'no such file', help });
    return undefined;
  };
  const visit = (value: JsonObject, path: Path): void => {
    if (isObject(value.input_files)) {
      for (const [name, named] of Object.entries(value.input_files)) {
        const found = read(named, [...path, 'input_files', name]);
        if (found) texts.set(String(named), found.text);
      }
    }
    if (typeof value.replies_file !== 'string') return;
    const found = read(value.replies_file, [...path, 'replies_file']);
    const document = found && parseDocument({ name: relative(here.cwd, found.path) || found.path, text: found.text }, report);
    if (document) replies.set(value.replies_file, document);
  };
  visit(here.value, []);
  for (const name of scenarioNames(here)) visit(ownOf(here, name), ['scenarios', name]);
  return { texts, replies };
}

/** The tools that anything given stands in for. */
function stubbedTools(value: JsonObject, replies: TestFile['replies']): readonly string[] {
  const scenarios = scenarioNames({ value }).map((name) => ownOf({ value }, name));
  return [value, ...scenarios, ...[...replies.values()].map((file) => file.value)].flatMap((given) =>
    isObject(given) && isList(given.stubs)
      ? given.stubs.flatMap((stub) => (isObject(stub) && typeof stub.tool === 'string' ? [stub.tool] : []))
      : [],
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The scenarios that were asked for, in the order of the file. Throws DagrunError for a name that no file has. */
export function chosenScenarios(tests: readonly LoadedTest[], wanted: readonly string[]): (name: string) => boolean {
  if (wanted.length === 0) return () => true;
  const names = tests.flatMap(({ ready }) => (ready ? scenarioNames(ready.test) : []));
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const near = suggest(name, names);
    throw new DagrunError(`there is no scenario "${name}"`, {
      exitCode: 2,
      ...(near !== undefined && { help: `did you mean "${near}"?` }),
    });
  }
  return (name) => wanted.includes(name);
}
