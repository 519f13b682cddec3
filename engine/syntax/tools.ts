import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { OwnToolDecl, ServerDecl, ServerTool, ToolDecl, ToolRules, ToolType } from '../contracts/tool.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { misfits } from '../lang/misfit.ts';
import { serverIn } from '../lang/tool-names.ts';
import { explainProblems, kindForAuthors } from './explain.ts';
import { nameProblem } from './names.ts';
import type { NodeContext } from './node-context.ts';
import { subWorkflowOf } from './sub-workflow.ts';
import { NO_ARGUMENTS, TOOL_TYPES, toolEntry } from './tool-schema.ts';

/** What the tools of one file have in common. */
export interface ToolsContext {
  readonly document: Document;
  readonly kinds: readonly NodeKind[];
  readonly report: Report;
  /** The schema at a path, expanded; undefined when it has a mistake (reported). */
  expand(path: Path): JsonSchema | undefined;
  /** Another workflow file; absent where files cannot be opened. */
  readonly open?: NodeContext['open'];
  /** What `dagrun.lock` says a server offers; undefined when it has no entry. */
  locked?(server: string): readonly ServerTool[] | undefined;
}

/** The tools a file declares. One with a mistake (reported) is left out, and its name added to `broken`. */
export function parseTools(section: JsonObject, broken: Set<string>, context: ToolsContext): ReadonlyMap<string, ToolDecl> {
  const tools = new Map<string, ToolDecl>();
  for (const [name, value] of Object.entries(section)) {
    const tool = parseTool(name, value, context);
    if (tool === undefined) broken.add(name);
    else tools.set(name, tool);
  }
  return tools;
}

function parseTool(name: string, value: Json, context: ToolsContext): ToolDecl | undefined {
  const { document, kinds, report, expand, locked } = context;
  const path = ['tools', name];
  let sound = true;
  const say = (code: Code, at: Path, message: string, help: string, part: 'key' | 'value' = 'key', because?: string): void => {
    sound = false;
    report({ code, severity: 'error', message, at: document.spanOf(at, part), ...(because !== undefined && { because }), help });
  };
  const problem = nameProblem(name, 'the name of a tool');
  if (problem !== undefined) {
    sound = false;
    report({ severity: 'error', at: document.spanOf(path, 'key'), ...problem });
  }
  if (!isObject(value)) {
    say('DAG122', path, `tool "${name}" must be a map of fields; it is ${kindForAuthors(value)}`, `write ${EXAMPLE}`);
    return undefined;
  }
  const subject = `tool "${name}"`;
  for (const diagnostic of explainProblems(misfits(value, toolEntry(kinds)), { document, path, what: 'a tool', subject, kinds })) {
    sound = false;
    report(diagnostic);
  }
  const types = TOOL_TYPES.filter((type) => Object.hasOwn(value, type));
  const [type, other] = types;
  if (type === undefined) {
    // What is misspelt was told, and says what is missing.
    if (sound) say('DAG121', path, `nothing says what ${subject} does`, `give it one of ${TOOL_TYPES.join(', ')}: ${EXAMPLE}`);
    return undefined;
  }
  if (other !== undefined)
    say('DAG124', [...path, other], `"${type}" and "${other}" exclude each other`, 'a tool does one thing: keep one');
  const { description } = value;
  const base = { name, path, ...(typeof description === 'string' && { description }) };
  const timeout = typeof value.timeout === 'string' ? parseDuration(value.timeout) : undefined;
  const common = { ...base, ...(timeout !== undefined && { timeout }) };

  if (type === 'mcp') {
    for (const field of ['input', 'idempotent', 'approve']) {
      if (value[field] === undefined) continue;
      const help =
        field === 'input'
          ? 'remove it'
          : `say it of single tools: \`mcp: { …, tools: { <name>: { ${field}: ${String(value[field])} } } }\``;
      say('DAG124', [...path, field], `"${field}" cannot be said of a server as a whole`, help, 'key', 'a server has tools of its own');
    }
    const at = [...path, 'mcp'];
    const { tools, ...spec } = isObject(value.mcp) ? value.mcp : {};
    checkServer(spec, at, subject, say);
    if (!sound) return undefined;
    const identity = identityOf(spec);
    const offers = locked?.(identity);
    const server: ServerDecl = { ...common, type, spec, at, identity, rules: rulesOf(tools, [...at, 'tools']) };
    return offers === undefined ? server : { ...server, offers };
  }

  const written = value[type];
  const input = value.input === undefined ? NO_ARGUMENTS : isObject(value.input) ? expand([...path, 'input']) : undefined;
  if (type === 'workflow' && value.input !== undefined)
    say('DAG124', [...path, 'input'], '"input" is what the workflow declares under `inputs`', 'remove it');
  else if (input !== undefined && input.type !== 'object' && input.properties === undefined && input.$ref === undefined)
    say(
      'DAG123',
      [...path, 'input'],
      `the arguments of ${subject} must be an object`,
      'write `input: { fields: { query: string } }`',
      'value',
    );
  if (!sound || input === undefined || written === undefined) return undefined;
  const child = type === 'workflow' ? workflowOf(written, [...path, type], context) : undefined;
  const tool: OwnToolDecl = {
    ...(child?.description !== undefined && { description: child.description }),
    ...common,
    type,
    ...(child && { workflow: child }),
    // Of a file that cannot be read, nothing is known: every argument is right.
    input: child ? inputsOf(child) : type === 'workflow' ? { type: 'object' } : input,
    spec: specOf(type, written),
    at: isObject(written) ? [...path, type] : path,
    ...(typeof value.idempotent === 'boolean' && { idempotent: value.idempotent }),
    approve: value.approve === true,
  };
  return tool;
}

function workflowOf(file: Json, path: Path, { document, report, open }: ToolsContext): Workflow | undefined {
  const context = { document, report, ...(open && { open }) };
  return subWorkflowOf(file, path, context, { wrong: report })?.workflow;
}

/** The inputs of a workflow as the arguments of a tool. */
function inputsOf({ inputs }: Workflow): JsonSchema {
  const all = [...inputs.values()];
  const defs = Object.assign({}, ...all.map(({ schema }) => schema.$defs ?? {})) as JsonObject;
  const properties = all.map(({ name, schema: { $defs: _, ...schema }, description }) => [
    name,
    { ...schema, ...(description !== undefined && { description }) },
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as JsonObject,
    required: all.filter((input) => input.default === undefined).map(({ name }) => name),
    additionalProperties: false,
    ...(Object.keys(defs).length > 0 && { $defs: defs }),
  };
}

/** The schema of what a tool gives, when that is known: a server may say it. */
export function outputOfTool(tools: ReadonlyMap<string, ToolDecl>, name: string): JsonSchema | undefined {
  const tool = tools.get(serverIn(name) ?? name);
  if (tool?.type !== 'mcp') return undefined;
  return tool.offers?.find((offer) => `${tool.name}/${offer.name}` === name)?.output;
}

const EXAMPLE = '`{ script: ./tools/db.ts#search, description: …, input: { fields: { query: string } } }`';

/** A function gets the arguments as they are. */
function specOf(type: Exclude<ToolType, 'mcp'>, written: Json): JsonObject {
  if (type === 'script') return { script: written, with: '{{args}}' };
  return isObject(written) ? written : { [type]: written };
}

/** Fields of a server that is started, and of one that is called. */
const OF_A_PROGRAM = ['args', 'env', 'cwd'];
const OF_AN_ADDRESS = ['headers'];

function checkServer(
  spec: JsonObject,
  at: Path,
  subject: string,
  say: (code: Code, at: Path, message: string, help: string) => void,
): void {
  const { command, url } = spec;
  if (command === undefined && url === undefined)
    say('DAG121', at, `nothing says where the server of ${subject} is`, 'give it a `command` with `args`, or a `url`');
  if (command !== undefined && url !== undefined)
    say('DAG124', [...at, 'url'], '"command" and "url" exclude each other', 'a server is started, or it runs already: keep one');
  if (command !== undefined && url !== undefined) return;
  for (const field of url === undefined ? OF_AN_ADDRESS : OF_A_PROGRAM)
    if (spec[field] !== undefined)
      say('DAG124', [...at, field], `"${field}" does not go with "${url === undefined ? 'command' : 'url'}"`, 'remove it');
}

/** A server as people recognise it: its command line, or its address. What is not known before a run stands there as written. */
function identityOf({ command, args, cwd, url }: JsonObject): string {
  if (typeof url === 'string') return url;
  const words = [command, ...(isList(args) ? args : [])].map(String);
  const line = words.map((word) => (/^[^\s"]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
  return typeof cwd === 'string' ? `${line} (in ${cwd})` : line;
}

function rulesOf(tools: Json | undefined, at: Path): ReadonlyMap<string, ToolRules> {
  const rules = new Map<string, ToolRules>();
  for (const [name, value] of Object.entries(isObject(tools) ? tools : {})) {
    const { approve, idempotent, timeout } = isObject(value) ? value : {};
    const time = typeof timeout === 'string' ? parseDuration(timeout) : undefined;
    rules.set(name, {
      path: [...at, name],
      ...(typeof approve === 'boolean' && { approve }),
      ...(typeof idempotent === 'boolean' && { idempotent }),
      ...(time !== undefined && { timeout: time }),
    });
  }
  return rules;
}
