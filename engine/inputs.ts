import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from './base/json.ts';
import type { Code, Diagnostic, Report } from './contracts/diagnostic.ts';
import type { InputSummary, LoadedWorkflow, Surroundings } from './contracts/engine.ts';
import type { Plan } from './contracts/plan.ts';
import type { Document, Path, SourceFile, Span } from './contracts/source.ts';
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
  // A map: a name such as `__proto__` would be lost in an object.
  const values = new Map<string, Json>();
  if (given.document) {
    const read = readDocument(given.document, (diagnostic) => diagnostics.push(diagnostic));
    if (read && isObject(read.value)) for (const [name, value] of Object.entries(read.value)) values.set(name, value);
    else if (read) diagnostics.push(mistake('DAG733', 'the inputs must be a JSON object, one field per input', read.at));
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
    const schema = inputOf(workflow.plan, name)?.schema ?? {};
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
    values.set(name, value);
    for (const path of pathsIn(value, schema)) {
      if (existsSync(resolve(cwd, path))) continue;
      const at = texts.find(({ text }) => text.includes(path)) ?? texts[0];
      if (at) diagnostics.push(mistake('DAG734', `there is no file "${path}"`, span(at.file, at.start, at.file.text.length)));
    }
  }
  if (diagnostics.length > 0) throw new InputsInvalid(workflow.name, diagnostics);

  for (const [name, value] of values) {
    const schema = inputOf(workflow.plan, name)?.schema;
    if (schema) values.set(name, fromHere(value, schema, cwd, dirname(workflow.file)));
  }
  return Object.fromEntries(values);
}

/** Data longer than this is read by the platform's own parser: places in the text are for what people write. */
const LONG_DOCUMENT = 100_000;

/** The value of a document of inputs, and where it stands; undefined when it has mistakes, which are reported. */
function readDocument(file: SourceFile, report: Report): { readonly value: Json; readonly at: Span } | undefined {
  if (file.text.length > LONG_DOCUMENT) {
    try {
      return { value: JSON.parse(file.text.replace(/^\uFEFF/, '')) as Json, at: span(file, 0, 1) };
    } catch {
      // The document's own reader says what is wrong with it.
    }
  }
  const document = parseDocument(file, report);
  return document && { value: document.value, at: document.spanOf([]) };
}

function inputOf(plan: Plan, name: string): Plan['inputs'][string] | undefined {
  return Object.hasOwn(plan.inputs, name) ? plan.inputs[name] : undefined;
}

/** The inputs a run starts with: those given, checked, and the defaults of the others. Throws InputsInvalid with all mistakes. */
export function completeInputs(workflow: LoadedWorkflow, given: JsonObject): JsonObject {
  const diagnostics: Diagnostic[] = [];
  const { plan, document } = workflow;
  const names = Object.keys(plan.inputs);
  const shownAt = shownInputs(given);
  const complete: Record<string, Json> = {};
  for (const name of Object.keys(given)) {
    if (inputOf(plan, name)) continue;
    const near = suggest(name, names);
    const help =
      near !== undefined
        ? `did you mean "${near}"?`
        : names.length > 0
          ? `it has ${names.map((one) => `"${one}"`).join(', ')}`
          : 'it has none';
    diagnostics.push(mistake('DAG731', `"${name}" is not an input of ${plan.workflow}`, shownAt([name], 'key'), { help }));
  }
  for (const [name, input] of Object.entries(plan.inputs)) {
    const own = Object.hasOwn(given, name) ? given[name] : undefined;
    const value = own === undefined ? input.default : own;
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
    if (own === undefined) continue;
    for (const problem of compileValidator(input.schema)(value)) {
      // Told of the value alone; the reader thinks of the input.
      const message = problem.message.replace(/^the value\b/, `"${name}"`).replace(/^"\[/, `"${name}[`);
      diagnostics.push(mistake('DAG733', message, shownAt([name, ...problem.path])));
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
  if (value === undefined) problem(`the input "${name}" must be ${describe(schema)}`, first);
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

/** Texts are cut to so many characters where inputs are shown. */
const SHOWN_TEXT = 200;

/** Where a value stands in the given values, written down as a document of their own: made when there is a mistake to point at. */
function shownInputs(given: JsonObject): (path: Path, part?: 'key' | 'value') => Span {
  const short = (_: string, value: unknown): unknown =>
    typeof value === 'string' && value.length > SHOWN_TEXT ? `${value.slice(0, SHOWN_TEXT)}…` : value;
  let document: Document | undefined;
  return (path, part) => {
    document ??= parseDocument({ name: 'inputs', text: JSON.stringify(given, short, 2) }, () => {});
    // What is too large or too deep to be shown is only named.
    return document?.spanOf(path, part) ?? whole({ name: 'inputs', text: '' });
  };
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
