import { isList, isObject, type Json, type JsonSchema } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Document, Path } from '../contracts/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { alternatives, shown, typeInWords } from '../lang/in-words.ts';
import { misfits, type Problem } from '../lang/misfit.ts';
import { cutText } from '../source/cut-text.ts';
import { helpForField, takesPlaceOf } from './foreign-fields.ts';
import { ownFields } from './schema.ts';

/** Where a schema was applied, and what the author would call that place. */
export interface Place {
  readonly document: Document;
  /** The part of the document the schema was applied to. */
  readonly path: Path;
  /** `a workflow`, `a node`, `an output`. */
  readonly what: string;
  /** The place as a subject: `node "scan"`, `the file`. */
  readonly subject: string;
  readonly kinds: readonly NodeKind[];
  /** The kind of the node, when the place is one. */
  readonly kind?: NodeKind;
  /** The field that holds the place, where that decides what its fields are called. */
  readonly inside?: string;
  /** Where a field of the place stands, when they do not all stand below `path`. */
  placeOf?(field: string): Path;
}

/**
 * Schema problems as things a person can act on. A field that is missing because its name was mistyped, or because the node
 * is of another kind than its author thinks, is not spoken of twice.
 */
export function explainProblems(problems: readonly Problem[], place: Place): readonly Diagnostic[] {
  const explained = problems.map((problem) => ({ problem, diagnostic: explainProblem(problem, place) }));
  const mistyped = new Set<string>();
  for (const { problem, diagnostic } of explained) {
    if (problem.keyword !== 'additionalProperties') continue;
    const meant = diagnostic.fix?.replacement ?? takesPlaceOf(String(problem.params.key), fieldHolding(problem, place));
    if (meant !== undefined) mistyped.add(JSON.stringify([...problem.path, meant]));
  }
  const otherKind = explained.some(({ diagnostic }) => diagnostic.code === 'DAG126');
  const isEcho = ({ keyword, path, params }: Problem): boolean =>
    keyword === 'required' && ((otherKind && path.length === 0) || mistyped.has(JSON.stringify([...path, params.key ?? ''])));
  return explained.filter(({ problem }) => !isEcho(problem)).map(({ diagnostic }) => diagnostic);
}

/** A schema problem as something a person can act on. */
export function explainProblem(problem: Problem, place: Place): Diagnostic {
  switch (problem.keyword) {
    case 'additionalProperties':
      return unknownField(problem, place);
    case 'required':
      return missingField(problem, place);
    case 'type':
    case 'anyOf':
      return wrongType(problem, place);
    default:
      return wrongValue(problem, place);
  }
}

function unknownField(problem: Problem, place: Place): Diagnostic {
  const { document, kinds, kind } = place;
  const path = absolute(problem, place);
  const key = String(problem.params.key);
  const at = document.spanOf(problem.path.length === 0 && place.placeOf ? place.placeOf(key) : [...path, key], 'key');
  const inside = problem.path[problem.path.length - 1];
  const cut = cutText(document, [...path, key]);
  if (cut) return cut;
  const owner =
    kind !== undefined && inside === undefined ? kinds.find((other) => other !== kind && Object.hasOwn(ownFields(other), key)) : undefined;
  if (owner !== undefined && kind !== undefined) {
    const help =
      kind.kind === kinds[0]?.kind
        ? `add \`kind: ${owner.kind}\`, or remove "${key}"`
        : `change the kind to "${owner.kind}", or remove "${key}"`;
    return error('DAG126', at, `"${key}" is a field of kind "${owner.kind}", and ${place.subject} is of kind "${kind.kind}"`, { help });
  }
  const fields = isObject(problem.schema.properties) ? Object.keys(problem.schema.properties) : [];
  const value = valueAt(document.value, path);
  const { help, instead } = helpForField(key, fields, isObject(value) ? Object.keys(value) : [], fieldHolding(problem, place));
  return error('DAG120', at, `"${key}" is not a field of ${ownerOf(problem, place)}`, {
    ...(help !== undefined && { help }),
    ...(instead !== undefined && { fix: { at, replacement: instead } }),
  });
}

/** The field whose value, or an item of whose value, a problem is about; undefined for a workflow or a node. */
function fieldHolding({ path }: Problem, { inside }: Place): string | undefined {
  const names = [...(inside === undefined ? [] : [inside]), ...path].filter((step) => typeof step === 'string');
  return names[names.length - 1];
}

/** What a field belongs to: `a node`, `"retry"`, `an item of "check"`. */
function ownerOf({ path }: Problem, place: Place): string {
  const [outer, inside] = [path[path.length - 2], path[path.length - 1]];
  if (inside === undefined) return place.what;
  return typeof inside === 'number' ? `an item of "${String(outer)}"` : `"${inside}"`;
}

function missingField(problem: Problem, place: Place): Diagnostic {
  const path = absolute(problem, place);
  const key = String(problem.params.key);
  const inside = problem.path[problem.path.length - 1];
  const subject =
    inside === undefined
      ? place.subject
      : typeof inside === 'number'
        ? `item ${inside} of "${String(problem.path[problem.path.length - 2] ?? '')}"`
        : `"${inside}"`;
  const field = isObject(problem.schema.properties) ? problem.schema.properties[key] : undefined;
  const description =
    isObject(field) && typeof field.description === 'string' && field.description.length > 15 ? field.description : undefined;
  const example = EXAMPLES[key];
  return error('DAG121', place.document.spanOf(path, 'key'), `${subject} has no "${key}"`, {
    ...(description !== undefined && { because: `"${key}" is ${lowerFirst(description).replace(/\.$/, '')}` }),
    help: example === undefined ? `add "${key}"` : `add \`${example}\``,
  });
}

const EXAMPLES: Readonly<Record<string, string>> = {
  dagrun: 'dagrun: 1',
  name: 'name: my-workflow',
  prompt: 'prompt: …',
  when: 'when: inputs.size < 10',
  items: 'items: inputs.files',
  that: 'that: size(output) > 0',
  value: 'value: nodes.x.output',
  nodes: 'nodes: { summary: { prompt: … } }',
  cases: 'cases: { bug: { … }, feature: { … } }',
  accept_if: 'accept_if: evaluation.score >= 7',
  to: 'to: premium',
  n: 'n: 3',
  workflow: 'workflow: ./other.workflow.yml',
  first: 'first: "[]"',
  next: 'next: carry.notes + [output]',
};

function wrongType(problem: Problem, place: Place): Diagnostic {
  const path = absolute(problem, place);
  const value = valueAt(place.document.value, path);
  const name = nameOf(problem, place);
  const types = isList(problem.params.type) ? problem.params.type.map(String) : [];
  const choices = isList(problem.params.enum) ? problem.params.enum : [];
  if (problem.schema['x-unit'] === 'duration' || (typeof value === 'number' && choices.length === 0 && types.join() === 'duration')) {
    return badDuration(value, name, place, path);
  }
  if (value === null) {
    return error('DAG122', place.document.spanOf(path, 'key'), `${name} is empty`, {
      help: `give it ${expected(types, choices)}, or remove it`,
    });
  }
  const at = place.document.spanOf(path);
  const share = path[path.length - 1] === 'max_failures' && typeof value === 'number' && value > 0 && value < 1;
  if (share) return error('DAG122', at, `${name} must be a whole number or a share`, { help: `write ${Math.round(value * 1000) / 10}%` });
  return error('DAG122', at, `${name} must be ${expected(types, choices)}`, {
    label: `this is ${choices.length > 0 && typeof value === 'string' ? shown(value) : kindForAuthors(value)}`,
    ...typeAdvice(value, types, choices, at, problem.schema),
  });
}

/** What mends a value of a wrong type, where that can be said. */
function typeAdvice(
  value: Json,
  types: readonly string[],
  choices: readonly Json[],
  at: Diagnostic['at'],
  schema: JsonSchema,
): Partial<Diagnostic> {
  const text = typeof value === 'string' ? value : undefined;
  if (text !== undefined) {
    if (types.includes('boolean') && /^(yes|no|on|off)$/i.test(text)) {
      const replacement = /^(yes|on)$/i.test(text) ? 'true' : 'false';
      return { help: `write ${replacement}: in YAML 1.2, "${text}" is a text`, fix: { at, replacement } };
    }
    if ((types.includes('number') || types.includes('integer')) && /^-?\d+(\.\d+)?$/.test(text)) {
      return { help: `write ${text} without quotes`, fix: { at, replacement: text } };
    }
    if (types.includes('array')) return listAdvice(at.file.text.slice(at.start, at.end), schema);
    const digits = /^[$€]\s*(\d+(?:\.\d+)?)$/.exec(text)?.[1];
    if (types.includes('number') && digits !== undefined) return { help: `write ${digits}`, fix: { at, replacement: digits } };
    if (schema['x-schema'] === true) return { help: `write { type: string }, or { fields: { … } }` };
    const near = suggest(
      text,
      choices.filter((choice) => typeof choice === 'string'),
    );
    if (near !== undefined) return { help: `did you mean "${near}"?`, fix: { at, replacement: near } };
  }
  if (types.join() === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return { help: `write "${value}" between quotes` };
  if (types.includes('string') && isObject(value) && at.file.text[at.start] === '{')
    return { help: 'put the text between quotes if { is meant as itself' };
  const written = at.file.text.slice(at.start, at.end);
  if (types.join() === 'array' && isObject(value) && isObject(schema.items) && schema.items.type === 'object') {
    if (!written.startsWith('{')) return { help: `begin its first line with "- ", and the others two blanks further right` };
    return { help: `write [${written.includes('\n') ? '{ … }' : written}]` };
  }
  if (types.join() === 'object' && typeof value !== 'object') {
    const field = fieldFor(value, schema);
    if (field !== undefined) return { help: `write { ${field}: ${written} }` };
  }
  if (schema['x-schema'] === true && isList(value)) return { help: 'write { type: array, items: { … } }, or { fields: { … } }' };
  if (types.join() === 'object' && isList(value)) return { help: 'give each a name, `name: …` in place of `- `' };
  return {};
}

/** The field a value was meant for that stands where a map of fields should: the one that is required, or the one of the value's type. */
function fieldFor(value: Json, schema: JsonSchema): string | undefined {
  const [required] = isList(schema.required) ? schema.required : [];
  if (typeof required === 'string') return required;
  const fields = Object.entries(isObject(schema.properties) ? schema.properties : {});
  return fields.find(([, field]) => isObject(field) && misfits(value, field).length === 0)?.[0];
}

/** A list where one value stands: the value in brackets, below the field its items need when these are maps. */
function listAdvice(text: string, schema: JsonSchema): Partial<Diagnostic> {
  const items = isObject(schema.items) ? schema.items : {};
  const [field] = isList(items.required) ? items.required : [];
  return { help: typeof field === 'string' ? `write [{ ${field}: ${text} }]` : `write [${text}]` };
}

/** A longer headline wraps in a terminal. */
const MAX_HEADLINE = 90;

function wrongValue(problem: Problem, place: Place): Diagnostic {
  const path = absolute(problem, place);
  const value = valueAt(place.document.value, path);
  const at = place.document.spanOf(path);
  const name = nameOf(problem, place);
  if (problem.keyword === 'const' && path.length === 1 && path[0] === 'dagrun') {
    return error('DAG128', at, `this dagrun reads version 1 of the language; the file says ${shown(value)}`, { help: 'write `dagrun: 1`' });
  }
  if (problem.schema['x-unit'] === 'duration') return badDuration(value, name, place, path);
  if (problem.keyword === 'enum' && isList(problem.params.enum)) {
    const choices = problem.params.enum;
    const near =
      typeof value === 'string'
        ? suggest(
            value,
            choices.filter((choice) => typeof choice === 'string'),
          )
        : undefined;
    const list = choices.map(shown).join(', ');
    const message = `${name} must be ${choices.length === 1 ? '' : 'one of '}${list}; this is ${shown(value)}`;
    const single = isList(value) && value.length === 1 && choices.some((choice) => choice === value[0]) ? value[0] : undefined;
    const help =
      near !== undefined
        ? `did you mean "${near}"?`
        : single !== undefined
          ? `write ${String(single)}`
          : isList(value) && problem.path[0] === 'needs'
            ? 'nodes that are all wanted are a list: `needs: [a, b]`; for at least one of them write `needs: { any_of: [a, b] }`'
            : undefined;
    const short = message.length <= MAX_HEADLINE;
    return error('DAG123', at, short ? message : `${name} cannot be ${shown(value)}`, {
      ...(help !== undefined || !short ? { help: help ?? `write one of ${list}` } : {}),
      ...(near !== undefined && { fix: { at, replacement: near } }),
    });
  }
  if (problem.keyword === 'pattern') return wrongPattern(problem, place, name, value, at);
  if (problem.keyword === 'minProperties' || problem.keyword === 'minItems') {
    return error('DAG123', place.document.spanOf(path, 'key'), `${name} is empty`, { help: 'put something into it, or remove it' });
  }
  if (problem.keyword === 'maxProperties' && isObject(value)) {
    const keys = Object.keys(value).map((key) => `"${key}"`);
    return error('DAG124', at, `${keys.join(' and ')} exclude each other in ${name}`, { help: 'keep one of them' });
  }
  return error('DAG123', at, problem.message.replace(/^the value|^"[^"]*"/, name));
}

function wrongPattern(problem: Problem, place: Place, name: string, value: Json, at: Diagnostic['at']): Diagnostic {
  if (problem.path[0] === 'name' && typeof value === 'string') {
    const instead = value
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '');
    return error('DAG129', at, `${name} must be small letters, digits and hyphens; this is ${shown(value)}`, {
      ...(instead !== '' && { help: `write "${instead}"`, fix: { at, replacement: instead } }),
    });
  }
  const words = problem.schema['x-words'];
  if (typeof words === 'string') return error('DAG123', at, `${name} must be ${words}; this is ${shown(value)}`);
  const isModel = place.kinds.some((kind) =>
    Object.values(ownFields(kind)).some((field) => isObject(field) && field.pattern === problem.params.pattern),
  );
  if (isModel) {
    return error('DAG123', at, `${name} must name a provider and a model; this is ${shown(value)}`, {
      help: 'write `provider/model`, such as `openai/gpt-5-mini`; `dagrun models` lists them',
    });
  }
  return error('DAG123', at, `${name} must match ${String(problem.params.pattern)}; this is ${shown(value)}`);
}

function badDuration(value: Json, name: string, place: Place, path: Path): Diagnostic {
  const at = place.document.spanOf(path);
  if (typeof value === 'string' && parseDuration(value) === 0) return error('DAG123', at, `${name} must be longer than ${value}`);
  if (typeof value === 'number') {
    return error('DAG127', at, `${name} must say its unit: ms, s, m, h or d`, {
      help: `write ${value}s for seconds, ${value}ms for milliseconds`,
    });
  }
  return error(
    'DAG127',
    at,
    `${name} must be a duration; this is ${isObject(value) || isList(value) ? kindForAuthors(value) : shown(value)}`,
    {
      help: 'write a number and a unit without a blank: 250ms, 90s, 1.5h, 2d',
    },
  );
}

function error(code: Diagnostic['code'], at: Diagnostic['at'], message: string, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code, severity: 'error', message, at, ...more };
}

function absolute(problem: Problem, place: Place): Path {
  const [field, ...below] = problem.path;
  if (place.placeOf === undefined || field === undefined) return [...place.path, ...problem.path];
  return [...place.placeOf(String(field)), ...below];
}

/** The part a problem is about: `"retry.max_attempts"`, or the place itself. */
function nameOf(problem: Problem, place: Place): string {
  let text = '';
  for (const step of problem.path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text === '' ? place.subject : `"${text}"`;
}

function expected(types: readonly string[], choices: readonly Json[]): string {
  const several = types.length + choices.length > 1;
  const words = types.map((type) => (type === 'object' ? 'a map' : type === 'boolean' && several ? 'a boolean' : typeInWords(type)));
  return alternatives([...choices.map(shown), ...words]);
}

/** What a value is, as one calls it in YAML. */
export function kindForAuthors(value: Json): string {
  if (isList(value)) return 'a list';
  if (isObject(value)) return 'a map';
  if (value === null) return 'empty';
  return typeof value === 'string' ? 'a text' : shown(value);
}

/** The part of a value at a path; null when there is none. */
export function valueAt(value: Json, path: Path): Json {
  let at: Json | undefined = value;
  for (const step of path) at = isList(at) ? at[Number(step)] : isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at ?? null;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
