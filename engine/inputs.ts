import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from './base/json.ts';
import type { Code, Diagnostic } from './contracts/diagnostic.ts';
import type { InputSummary, LoadedWorkflow, Surroundings } from './contracts/engine.ts';
import type { Plan } from './contracts/plan.ts';
import type { Document, SourceFile, Span } from './contracts/source.ts';
import { suggest } from './diagnostics/suggest.ts';
import { InputsInvalid } from './errors.ts';
import { compileValidator } from './lang/validate.ts';
import { parseDocument } from './source/document.ts';

/** Inputs as the command line takes them. */
export interface GivenInputs {
  /** `key=value`, `key=@file`; a key may be repeated for a list. */
  readonly pairs?: readonly string[];
  /** A JSON (or YAML) document with several inputs; `name` is what messages call it. */
  readonly document?: SourceFile;
}

/**
 * The inputs a user typed, as values. Texts become what the input's schema asks for; paths (`format: path`) become relative
 * to the workflow's folder. Throws InputsInvalid for what cannot be read; whether the values fit is for `completeInputs`.
 */
export function parseInputs(workflow: LoadedWorkflow, given: GivenInputs, around: Surroundings = {}): JsonObject {
  const cwd = around.cwd ?? '.';
  const diagnostics: Diagnostic[] = [];
  const values: Record<string, Json> = {};
  if (given.document) {
    const document = parseDocument(given.document, (diagnostic) => diagnostics.push(diagnostic));
    if (document && !isObject(document.value)) {
      diagnostics.push(mistake('DAG733', 'the inputs must be a JSON object, one field per input', document.spanOf([])));
    } else if (document) {
      Object.assign(values, document.value);
    }
  }

  const repeated = new Map<string, { value: string; file: SourceFile }[]>();
  for (const pair of given.pairs ?? []) {
    const file: SourceFile = { name: '-i', text: pair };
    const cut = pair.indexOf('=');
    if (cut < 1) {
      const more = { help: 'write `-i name=value`, or `-i name=@file` for the text of a file' };
      diagnostics.push(mistake('DAG735', `"${pair}" is not of the form name=value`, whole(file), more));
      continue;
    }
    const name = pair.slice(0, cut).trim();
    const known = repeated.get(name) ?? [];
    known.push({ value: pair.slice(cut + 1), file });
    repeated.set(name, known);
  }
  for (const [name, entries] of repeated) {
    const schema = workflow.plan.inputs[name]?.schema ?? {};
    const texts: { text: string; file: SourceFile; start: number }[] = [];
    for (const { value, file } of entries) {
      const start = file.text.length - value.length;
      if (!value.startsWith('@')) texts.push({ text: value, file, start });
      else {
        try {
          texts.push({ text: readFileSync(resolve(cwd, value.slice(1)), 'utf8'), file, start });
        } catch {
          diagnostics.push(mistake('DAG734', `the file "${value.slice(1)}" cannot be read`, span(file, start + 1, file.text.length)));
        }
      }
    }
    const problem = (message: string, at: { file: SourceFile; start: number }): void =>
      void diagnostics.push(mistake('DAG733', message, span(at.file, at.start, at.file.text.length)));
    const value = typedValue(name, texts, schema, problem);
    if (value === undefined) continue;
    values[name] = value;
    for (const path of pathsIn(value, schema)) {
      if (existsSync(resolve(cwd, path))) continue;
      const at = texts.find(({ text }) => text.includes(path)) ?? texts[0];
      if (at) diagnostics.push(mistake('DAG734', `there is no file "${path}"`, span(at.file, at.start, at.file.text.length)));
    }
  }
  if (diagnostics.length > 0) throw new InputsInvalid(workflow.name, diagnostics);

  for (const [name, value] of Object.entries(values)) {
    const schema = workflow.plan.inputs[name]?.schema;
    if (schema) values[name] = fromHere(value, schema, cwd, dirname(workflow.file));
  }
  return values;
}

/** The inputs a run starts with: those given, checked, and the defaults of the others. Throws InputsInvalid with all mistakes. */
export function completeInputs(workflow: LoadedWorkflow, given: JsonObject): JsonObject {
  const diagnostics: Diagnostic[] = [];
  const { plan, document } = workflow;
  const names = Object.keys(plan.inputs);
  const shown = shownInputs(given);
  const complete: Record<string, Json> = {};
  for (const name of Object.keys(given)) {
    if (plan.inputs[name]) continue;
    const near = suggest(name, names);
    const help =
      near !== undefined
        ? `did you mean "${near}"?`
        : names.length > 0
          ? `it has ${names.map((one) => `"${one}"`).join(', ')}`
          : 'it has none';
    diagnostics.push(mistake('DAG731', `"${name}" is not an input of ${plan.workflow}`, shown.spanOf([name], 'key'), { help }));
  }
  for (const [name, input] of Object.entries(plan.inputs)) {
    const value = given[name] ?? input.default;
    if (value === undefined) {
      const help = `give it with \`-i ${name}=…\`, or \`-i ${name}=@file\` for the text of a file`;
      diagnostics.push(
        mistake('DAG732', `the input "${name}" is missing`, document.spanOf(['inputs', name], 'key'), {
          label: describe(input.schema),
          help,
        }),
      );
      continue;
    }
    complete[name] = value;
    if (given[name] === undefined) continue;
    for (const problem of compileValidator(input.schema)(value)) {
      // Told of the value alone; the reader thinks of the input.
      const message = problem.message.replace(/^the value\b/, `"${name}"`).replace(/^"\[/, `"${name}[`);
      diagnostics.push(mistake('DAG733', message, shown.spanOf([name, ...problem.path])));
    }
  }
  if (diagnostics.length > 0) throw new InputsInvalid(workflow.name, diagnostics);
  return complete;
}

/** The inputs of a workflow, for people. */
export function describeInputs(plan: Plan): readonly InputSummary[] {
  return Object.entries(plan.inputs).map(([name, input]) => ({
    name,
    type: describe(input.schema),
    required: input.default === undefined,
    ...(input.default !== undefined && { default: input.default }),
    ...(input.description !== undefined && { description: input.description }),
  }));
}

function typedValue(
  name: string,
  texts: readonly { text: string; file: SourceFile; start: number }[],
  schema: JsonSchema,
  problem: (message: string, at: { file: SourceFile; start: number }) => void,
): Json | undefined {
  const [first] = texts;
  if (!first) return undefined;
  if (schema.type === 'array' && !(texts.length === 1 && first.text.trimStart().startsWith('['))) {
    const items = isObject(schema.items) ? schema.items : {};
    const values = texts.map((text) => scalarOf(text.text, items));
    const wrong = values.indexOf(undefined);
    const at = texts[wrong];
    if (at) problem(`"${at.text}" is not ${describe(items)}`, at);
    return at ? undefined : (values as readonly Json[]);
  }
  if (texts.length > 1) {
    problem(`the input "${name}" takes one value, and is given ${texts.length} times`, texts[1] ?? first);
    return undefined;
  }
  const value = scalarOf(first.text, schema);
  if (value === undefined) problem(`the input "${name}" is ${describe(schema)}, and this is not`, first);
  return value;
}

/** A typed text as the schema wants it: left alone for a string, else JSON. undefined when it is neither. */
function scalarOf(text: string, schema: JsonSchema): Json | undefined {
  const types = typesOf(schema);
  if (types.includes('string') && types.length === 1) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return types.length === 0 || types.includes('string') ? text : undefined;
  }
}

function typesOf(schema: JsonSchema): readonly Json[] {
  if (isList(schema.type)) return schema.type;
  if (schema.type !== undefined) return [schema.type];
  return isList(schema.enum) && schema.enum.every((value) => typeof value === 'string') ? ['string'] : [];
}

/** Paths typed by the user start where the user is; inside the workflow they start at its folder, on every machine alike. */
function fromHere(value: Json, schema: JsonSchema, cwd: string, folder: string): Json {
  if (typeof value === 'string' && schema.format === 'path') {
    return (relative(folder, isAbsolute(value) ? value : resolve(cwd, value)) || '.').split(sep).join('/');
  }
  const { items } = schema;
  return isList(value) && isObject(items) ? value.map((item) => fromHere(item, items, cwd, folder)) : value;
}

/** The paths in a value, as they were typed. */
function pathsIn(value: Json, schema: JsonSchema): readonly string[] {
  if (typeof value === 'string') return schema.format === 'path' ? [value] : [];
  const { items } = schema;
  return isList(value) && isObject(items) ? value.flatMap((item) => pathsIn(item, items)) : [];
}

function describe(schema: JsonSchema): string {
  if (isList(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array') return isObject(schema.items) ? `a list of ${describe(schema.items)}` : 'a list';
  if (schema.type === 'string' && schema.format === 'path') return 'path';
  return typesOf(schema).join(' or ') || 'any';
}

/** The given values as a document of their own, so that a mistake in them can be pointed at. */
function shownInputs(given: JsonObject): Document {
  const document = parseDocument({ name: 'inputs', text: JSON.stringify(given, null, 2) }, () => {});
  if (!document) throw new Error('inputs are JSON, and JSON is YAML');
  return document;
}

function whole(file: SourceFile): Span {
  return span(file, 0, file.text.length);
}

function span(file: SourceFile, start: number, end: number): Span {
  return { file, start, end };
}

function mistake(code: Code, message: string, at: Span, more: { label?: string; help?: string } = {}): Diagnostic {
  return { code, severity: 'error', message, at, ...more };
}
