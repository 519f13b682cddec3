import type { NodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { fromDollars, parseDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Tier } from '../contracts/provider.ts';
import type { Document, Path, SourceHost } from '../contracts/source.ts';
import type { InputDecl, Limits, NodeDecl, OutputDecl, Workflow } from '../contracts/workflow.ts';
import { misfits } from '../lang/misfit.ts';
import { outputEntry } from './common-fields.ts';
import { explainProblem, kindForAuthors, type Place } from './explain.ts';
import { nameProblem } from './names.ts';
import { type NodeContext, parseNode } from './parse-node.ts';
import { fileSchema } from './schema.ts';
import { type SchemaLibrary, schemaLibrary } from './schema-library.ts';

/** What parsing needs to know beside the file. */
export interface ParseContext {
  /** The first is the kind of a node that names none. */
  readonly kinds: readonly NodeKind[];
  readonly host: SourceHost;
}

/**
 * The workflow a document declares. Every mistake of shape is reported; a part with a mistake is left out (of nodes and inputs
 * the names are kept in `broken`), so that the rest can be checked all the same. Undefined when there is nothing to go on with.
 */
export function parseWorkflow(document: Document, context: ParseContext, report: Report): Workflow | undefined {
  const { value } = document;
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
  return new FileParser(document, value, context, report).parse();
}

/** One file on its way to a workflow. */
class FileParser {
  readonly #document: Document;
  readonly #value: JsonObject;
  readonly #context: ParseContext;
  readonly #report: Report;
  /** Sections in which something is wrong. */
  readonly #wrong = new Set<string>();
  readonly #library: SchemaLibrary;

  constructor(document: Document, value: JsonObject, context: ParseContext, report: Report) {
    this.#document = document;
    this.#value = value;
    this.#context = context;
    this.#report = report;
    this.#checkFile();
    this.#library = schemaLibrary(document, context.host, report);
  }

  parse(): Workflow | undefined {
    const { name, description, constants } = this.#value;
    const broken = { nodes: new Set<string>(), inputs: new Set<string>() };
    const inputs = this.#inputs(broken.inputs);
    const nodes = this.#nodes(broken.nodes);
    if (this.#wrong.has('nodes') || this.#value.nodes === undefined) return undefined;
    return {
      document: this.#document,
      name: typeof name === 'string' ? name : 'unnamed',
      ...(typeof description === 'string' && { description }),
      inputs,
      constants: isObject(constants) ? constants : {},
      schemas: this.#library.schemas,
      tiers: this.#tiers(),
      limits: this.#limits(),
      nodes,
      outputs: this.#outputs(),
      partials: partialsOf(this.#context.host),
      broken,
    };
  }

  #checkFile(): void {
    const place = this.#place([], 'a workflow', 'the file');
    for (const problem of misfits(this.#value, fileSchema(this.#context.kinds))) {
      if (problem.path[0] !== undefined) this.#wrong.add(String(problem.path[0]));
      this.#report(explainProblem(problem, place));
    }
  }

  #place(path: Path, what: string, subject: string): Place {
    return { document: this.#document, path, what, subject, kinds: this.#context.kinds };
  }

  /** A section that is a map, or an empty map. */
  #section(name: string): JsonObject {
    const section = this.#value[name];
    return isObject(section) ? section : {};
  }

  /** Whether a name may be used; says what is wrong with it otherwise. */
  #isName(path: Path, name: string, what: string): boolean {
    const problem = nameProblem(name, what);
    if (problem === undefined) return true;
    const at = this.#document.spanOf(path, 'key');
    const { code, message, help } = problem;
    this.#report({ code, severity: 'error', message, at, help });
    return false;
  }

  #inputs(broken: Set<string>): ReadonlyMap<string, InputDecl> {
    const inputs = new Map<string, InputDecl>();
    for (const [name, value] of Object.entries(this.#section('inputs'))) {
      const path = ['inputs', name];
      const named = this.#isName(path, name, 'the name of an input');
      const schema = this.#library.expand(path, ['default']);
      if (!named || schema === undefined || !this.#fitsDefault(value, schema, path)) {
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

  #fitsDefault(value: Json, schema: JsonSchema, path: Path): boolean {
    if (!isObject(value) || value.default === undefined) return true;
    const problems = misfits(value.default, schema);
    for (const problem of problems) {
      const message = problem.message.replace(/^the value/, 'the default');
      this.#report({
        code: 'DAG134',
        severity: 'error',
        message: message.startsWith('"') ? `in the default, ${message}` : message,
        at: this.#document.spanOf([...path, 'default', ...problem.path]),
        help: 'change the default or the schema, so that they fit',
      });
    }
    return problems.length === 0;
  }

  #nodes(broken: Set<string>): ReadonlyMap<NodeId, NodeDecl> {
    const nodes = new Map<NodeId, NodeDecl>();
    const { defaults } = this.#value;
    const context: NodeContext = {
      document: this.#document,
      kinds: this.#context.kinds,
      defaults: isObject(defaults) && !this.#wrong.has('defaults') ? defaults : {},
      library: this.#library,
      report: this.#report,
    };
    for (const [id, value] of Object.entries(this.#section('nodes'))) {
      const named = this.#isName(['nodes', id], id, 'the id of a node');
      const node = parseNode(id, value, context);
      if (named && node !== undefined) nodes.set(node.id, node);
      else broken.add(id);
    }
    return nodes;
  }

  #tiers(): Workflow['tiers'] {
    if (this.#wrong.has('tiers')) return {};
    const tiers: Partial<Record<Tier, readonly string[]>> = {};
    for (const [tier, models] of Object.entries(this.#section('tiers'))) {
      if (isList(models)) tiers[tier as Tier] = models.filter((model) => typeof model === 'string');
    }
    return tiers;
  }

  #limits(): Limits {
    if (this.#wrong.has('limits')) return { onFailure: 'stop' };
    const { max_cost, timeout, concurrency, on_failure } = this.#section('limits');
    const time = typeof timeout === 'string' ? parseDuration(timeout) : undefined;
    return {
      ...(typeof max_cost === 'number' && { maxCost: fromDollars(max_cost) }),
      ...(time !== undefined && { timeout: time }),
      ...(typeof concurrency === 'number' && { concurrency }),
      onFailure: on_failure === 'finish_branches' ? 'finish_branches' : 'stop',
    };
  }

  #outputs(): ReadonlyMap<string, OutputDecl> {
    const outputs = new Map<string, OutputDecl>();
    for (const [name, value] of Object.entries(this.#section('outputs'))) {
      const path = ['outputs', name];
      if (!this.#isName(path, name, 'the name of an output')) continue;
      const problems = misfits(value, outputEntry);
      const place = this.#place(path, 'an output', `output "${name}"`);
      for (const problem of problems) {
        const found = explainProblem(problem, place);
        // A structure is an output too, but only where `value` says that it is one.
        const structure = isObject(value) && !Object.hasOwn(value, 'value') && problem.path.length === 0;
        this.#report(structure ? { ...found, help: 'a structure is written `{ value: { … } }`' } : found);
        if (structure) break;
      }
      const schema =
        isObject(value) && value.schema !== undefined && problems.length === 0 ? this.#library.expand([...path, 'schema']) : undefined;
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
