import { isObject, type Json } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { ToolDecl } from '../contracts/tool.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { type Field, fieldsOf } from './notation.ts';
import type { Parsed } from './parsed.ts';
import { referencesInSource, referencesInTemplate } from './references.ts';
import { serverFields } from './server-fields.ts';
import { parseTemplate } from './template.ts';

/** A template or expression of a tool's definition, and what it reads. */
export interface ToolReading {
  readonly tool: ToolDecl;
  readonly field: string;
  readonly path: Path;
  readonly holds: 'template' | 'expression';
  readonly source: Json;
  readonly template?: Parsed<readonly TemplatePart[]>;
  /** It may print secrets. */
  readonly sealed?: true;
  readonly references: readonly Reference[];
}

/** What the definition of a tool can begin a path with; a server is started before anything is called, and has no `args`. */
export function toolNames({ type }: ToolDecl): readonly string[] {
  return [...(type === 'mcp' ? [] : ['args']), 'inputs', 'constants', 'run'];
}

const readings = new WeakMap<Workflow, readonly ToolReading[]>();

/** Every template and expression of the tools of a workflow, in document order. */
export function toolReadingsOf(workflow: Workflow, kinds: readonly NodeKind[]): readonly ToolReading[] {
  const known = readings.get(workflow);
  if (known) return known;
  const partials = Object.fromEntries(workflow.partials);
  const found = [...workflow.tools.values()].flatMap((tool) => readTool(tool));
  readings.set(workflow, found);
  return found;

  function readTool(tool: ToolDecl): readonly ToolReading[] {
    // The arguments of a function are given by us.
    if (tool.type === 'script' || tool.type === 'workflow') return [];
    const schema = tool.type === 'mcp' ? serverFields : kinds.find(({ kind }) => kind === tool.type)?.schema;
    if (schema === undefined) return [];
    const names = new Set([...toolNames(tool), 'secrets']);
    return Object.entries(tool.spec).flatMap(([name, value]) =>
      fieldsOf(schema, { [name]: value }, tool.at).map((field) => ({ tool, field: name, ...readField(field, names) })),
    );
  }

  function readField(field: Field, names: ReadonlySet<string>): Omit<ToolReading, 'tool' | 'field'> {
    const { path } = field;
    if (field.holds === 'expression')
      return { path, holds: field.holds, source: field.source, references: referencesInSource(field.source, path) };
    const template = field.text.includes('{{') ? parseTemplate(field.text) : undefined;
    return {
      path,
      holds: field.holds,
      source: field.text,
      ...(template && { template }),
      ...(field.sealed && { sealed: field.sealed }),
      references: template?.ok ? referencesInTemplate(template.tree, path, partials, names) : [],
    };
  }
}

/** The names of the tools that nodes of a workflow can call, as far as they are known. */
export function callableTools(workflow: Workflow): readonly string[] {
  return [...workflow.tools.values()].flatMap((tool) =>
    tool.type === 'mcp' ? (tool.offers ?? []).map(({ name }) => `${tool.name}/${name}`) : [tool.name],
  );
}

/** The tools that a node's fields name, as written: of a model call those of its list, of a call of one tool that one. */
export function toolsWanted(spec: Json): readonly string[] {
  if (!isObject(spec)) return [];
  const { tools, tool } = spec;
  const listed = Array.isArray(tools) ? tools.filter((one) => typeof one === 'string') : [];
  return typeof tool === 'string' ? [...listed, tool] : listed;
}
