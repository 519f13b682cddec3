import type { NodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { fromDollars, parseDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Tier } from '../contracts/provider.ts';
import type { Document, Path, SourceHost } from '../contracts/source.ts';
import type { ServerTool } from '../contracts/tool.ts';
import type { InputDecl, Limits, NodeDecl, OutputDecl, Workflow } from '../contracts/workflow.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { misfits } from '../lang/misfit.ts';
import { type Texts, withTextFiles } from '../source/text-files.ts';
import { outputEntry } from './common-fields.ts';
import { explainProblems, kindForAuthors, type Place } from './explain.ts';
import { type NameProblem, nameProblem, spellingProblem } from './names.ts';
import type { NodeContext, OpenedWorkflow } from './node-context.ts';
import { parseNode } from './parse-node.ts';
import { promptFiles } from './prompt-file.ts';
import { fileSchema } from './schema.ts';
import { type SchemaLibrary, schemaLibrary } from './schema-library.ts';
import { outputOfTool, parseTools } from './tools.ts';

/** What parsing needs to know beside the file. */
export interface ParseContext {
  /** The first is the kind of a node that names none. */
  readonly kinds: readonly NodeKind[];
  readonly host: SourceHost;
  /** What `dagrun.lock` says an MCP server offers; undefined when it has no entry. */
  locked?(server: string): readonly ServerTool[] | undefined;
  /** Another workflow file, its path relative to the folder of this one. Without it, nothing is known of other files. */
  open?(path: string): OpenedWorkflow;
}

/**
 * The workflow a document declares. Every mistake of shape is reported; a part with a mistake is left out (of nodes and inputs
 * the names are kept in `broken`), so that the rest can be checked all the same. Undefined when there is nothing to go on with.
 */
export function parseWorkflow(written: Document, context: ParseContext, tell: Report): Workflow | undefined {
  const texts = withTextFiles(written);
  const { document } = texts;
  const { value } = document;
  const report = once(tell);
  if (!isObject(value)) {
    const message = value === null ? 'the file is empty' : `a workflow is a map of fields; this is ${kindForAuthors(value)}`;
    report({
      code: 'DAG119',
      severity: 'error',
      message,
      at: document.spanOf([]),
      help: 'begin with `dagrun: 1`, `name: my-workflow` and `nodes:`',
    });
    return undefined;
  }
  const wrong = reportShape(document, value, context, report);
  return workflowOf({ document, texts, value, context, report, wrong, library: schemaLibrary(document, context.host, report) });
}

/** A file on its way to a workflow. */
interface FileReading {
  readonly document: Document;
  /** Where its texts stand. */
  readonly texts: Texts;
  readonly value: JsonObject;
  readonly context: ParseContext;
  readonly report: Report;
  /** Sections in which something is wrong. */
  readonly wrong: ReadonlySet<string>;
  readonly library: SchemaLibrary;
}

function workflowOf(file: FileReading): Workflow | undefined {
  const { name, description } = file.value;
  const constants = file.value.constants ?? misspelt(file, 'constants');
  const broken = { nodes: new Set<string>(), inputs: new Set<string>(), tools: new Set<string>() };
  const inputs = inputsOf(file, broken.inputs);
  for (const section of ['inputs', 'tools'] as const) for (const one of Object.keys(misspelt(file, section))) broken[section].add(one);
  const tools = parseTools(sectionOf(file, 'tools'), broken.tools, {
    ...file,
    ...file.context,
    expand: (path) => file.library.expand(path),
  });
  const nodes = nodesOf(file, broken.nodes, tools);
  if (file.wrong.has('nodes') || file.value.nodes === undefined) return undefined;
  return {
    document: file.document,
    name: typeof name === 'string' ? name : 'unnamed',
    ...(typeof description === 'string' && { description }),
    inputs,
    constants: isObject(constants) ? constants : {},
    schemas: file.library.schemas,
    tiers: tiersOf(file),
    limits: limitsOf(file),
    tools,
    nodes,
    outputs: outputsOf(file),
    partials: partialsOf(file.context.host),
    broken,
  };
}

/** Reports what is wrong with the sections of a file; gives the names of those in which something is. */
function reportShape(document: Document, value: JsonObject, { kinds }: ParseContext, report: Report): ReadonlySet<string> {
  const problems = misfits(value, fileSchema(kinds));
  const place: Place = { document, path: [], what: 'a workflow', subject: 'the file', kinds };
  for (const diagnostic of explainProblems(problems, place)) report(diagnostic);
  return new Set(problems.flatMap(({ path }) => (path[0] === undefined ? [] : [String(path[0])])));
}

function placeOf(file: FileReading, path: Path, what: string, subject: string): Place {
  return { document: file.document, path, what, subject, kinds: file.context.kinds };
}

/** A section that is a map, or an empty map. */
function sectionOf(file: FileReading, name: string): JsonObject {
  const section = file.value[name];
  return isObject(section) ? section : {};
}

/** What stands under a name that was taken for a mistake in writing that of a section, which is not there; else an empty map. */
function misspelt({ value, context }: FileReading, name: string): JsonObject {
  if (value[name] !== undefined) return {};
  const { properties } = fileSchema(context.kinds);
  const sections = isObject(properties) ? Object.keys(properties) : [];
  const near = Object.keys(value).find((key) => !sections.includes(key) && suggest(key, sections) === name);
  const section = near === undefined ? undefined : value[near];
  return isObject(section) ? section : {};
}

/** Whether a name may be used; reports what is wrong with it otherwise. */
function isName(file: FileReading, path: Path, problem: NameProblem | undefined): boolean {
  if (problem !== undefined) file.report({ severity: 'error', at: file.document.spanOf(path, 'key'), ...problem });
  return problem === undefined;
}

function inputsOf(file: FileReading, broken: Set<string>): ReadonlyMap<string, InputDecl> {
  const inputs = new Map<string, InputDecl>();
  for (const [name, value] of Object.entries(sectionOf(file, 'inputs'))) {
    const path = ['inputs', name];
    const named = isName(file, path, nameProblem(name, 'the name of an input'));
    const schema = file.library.expand(path, ['default']);
    if (!named || schema === undefined) {
      broken.add(name);
      continue;
    }
    const { description, default: standard } = isObject(value) ? value : {};
    inputs.set(name, {
      name,
      path,
      schema,
      ...(typeof description === 'string' && { description }),
      ...(standard !== undefined && { default: standard }),
    });
  }
  return inputs;
}

function nodesOf(file: FileReading, broken: Set<string>, tools: Workflow['tools']): ReadonlyMap<NodeId, NodeDecl> {
  const { defaults } = file.value;
  const nodesIn = (section: Json, path: Path): ReadonlyMap<NodeId, NodeDecl> => {
    const nodes = new Map<NodeId, NodeDecl>();
    for (const [id, value] of Object.entries(isObject(section) ? section : {})) {
      const named = isName(file, [...path, id], nameProblem(id, 'the id of a node'));
      const node = parseNode(id, value, [...path, id], context);
      if (named && node !== undefined) nodes.set(node.id, node);
      else broken.add(id);
    }
    return nodes;
  };
  const readPrompt = promptFiles(file.context.host, file.document.file.name);
  const context: NodeContext = {
    document: file.document,
    kinds: file.context.kinds,
    defaults: isObject(defaults) && !file.wrong.has('defaults') ? defaults : {},
    library: file.library,
    report: file.report,
    nodesIn,
    promptFile(path, place) {
      const read = readPrompt(path);
      if (!('problem' in read)) file.texts.put(place, read);
      return read;
    },
    toolOutput: (name) => outputOfTool(tools, name),
    ...(file.context.open && { open: file.context.open }),
  };
  return nodesIn(file.value.nodes ?? null, ['nodes']);
}

/** What several cases of a node share is read for each of them, and what is wrong with it told once. */
function once(report: Report): Report {
  const told = new Set<string>();
  return (diagnostic) => {
    const { code, at, message } = diagnostic;
    const key = `${code} ${at.file.name} ${at.start} ${at.end} ${message}`;
    if (told.has(key)) return;
    told.add(key);
    report(diagnostic);
  };
}

function tiersOf(file: FileReading): Workflow['tiers'] {
  if (file.wrong.has('tiers')) return {};
  const tiers: Partial<Record<Tier, readonly string[]>> = {};
  for (const [tier, models] of Object.entries(sectionOf(file, 'tiers'))) {
    if (isList(models)) tiers[tier as Tier] = models.filter((model) => typeof model === 'string');
  }
  return tiers;
}

function limitsOf(file: FileReading): Limits {
  if (file.wrong.has('limits')) return { onFailure: 'stop' };
  const { max_cost, timeout, concurrency, on_failure } = sectionOf(file, 'limits');
  const time = typeof timeout === 'string' ? parseDuration(timeout) : undefined;
  return {
    ...(typeof max_cost === 'number' && { maxCost: fromDollars(max_cost) }),
    ...(time !== undefined && { timeout: time }),
    ...(typeof concurrency === 'number' && { concurrency }),
    onFailure: on_failure === 'finish_branches' ? 'finish_branches' : 'stop',
  };
}

function outputsOf(file: FileReading): ReadonlyMap<string, OutputDecl> {
  const outputs = new Map<string, OutputDecl>();
  for (const [name, value] of Object.entries(sectionOf(file, 'outputs'))) {
    const path = ['outputs', name];
    if (!isName(file, path, spellingProblem(name, 'the name of an output'))) continue;
    const problems = misfits(value, outputEntry);
    const found = explainProblems(problems, { ...placeOf(file, path, 'an output', `output "${name}"`), inside: 'outputs' });
    // A structure is an output too, but only where `value` says that it is one.
    const structure = isObject(value) && !Object.hasOwn(value, 'value') && found.every((diagnostic) => diagnostic.fix === undefined);
    if (structure) {
      const message = `output "${name}" has no "value"`;
      const help = 'a structure is written `{ value: { … } }`';
      file.report({ code: 'DAG121', severity: 'error', message, at: file.document.spanOf(path, 'key'), help });
    } else for (const diagnostic of found) file.report(diagnostic);
    const schema =
      isObject(value) && value.schema !== undefined && problems.length === 0 ? file.library.expand([...path, 'schema']) : undefined;
    if (problems.length > 0 || (isObject(value) && value.schema !== undefined && schema === undefined)) continue;
    const long = isObject(value) ? value : undefined;
    outputs.set(name, {
      name,
      path,
      value: long === undefined ? { source: value, path } : { source: long.value ?? null, path: [...path, 'value'] },
      ...(typeof long?.description === 'string' && { description: long.description }),
      ...(schema !== undefined && { schema }),
    });
  }
  return outputs;
}

/** Endings of partials; of two files with one name, the one whose ending stands first here. */
const PARTIAL = /^(.+)\.(hbs|md|txt)$/;
const ENDINGS = ['txt', 'md', 'hbs'];

function partialsOf(host: SourceHost): ReadonlyMap<string, string> {
  const partials = new Map<string, string>();
  const files = host.list('partials').flatMap((file) => {
    const match = PARTIAL.exec(file);
    return match === null ? [] : [{ file, name: match[1] ?? '', rank: ENDINGS.indexOf(match[2] ?? '') }];
  });
  for (const { file, name } of files.sort((a, b) => a.rank - b.rank || (a.file < b.file ? -1 : 1))) {
    const text = host.read(`partials/${file}`);
    if (text !== undefined) partials.set(name, text);
  }
  return partials;
}
