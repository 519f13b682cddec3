import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { parseExpression } from './expression.ts';
import type { Steps } from './guards.ts';
import type { FieldReading } from './readings.ts';
import { expressionsIn } from './structure.ts';

/** Something whose text or value is in what a field gives: not what it only compares, counts or tests. */
export interface Carried {
  /** `['nodes', 'scan', 'output', '[]', 'file']`, down to the part that was asked for. */
  readonly path: Steps;
  /** Where it is read: the text's path, and the stretch of it. */
  readonly at: FieldReading['path'];
  readonly start: number;
  readonly end: number;
}

/** A field of a node, or of the definition of a tool. */
type Readable = Pick<FieldReading, 'holds' | 'source' | 'path' | 'template' | 'references'>;

/** What is in the value of a field, or in the part of it that `steps` lead to (`'[]'` for an element). */
export function carriedBy(reading: Readable, steps: Steps = []): readonly Carried[] {
  if (reading.holds === 'template') return carriedByTemplate(reading);
  return expressionsIn(reading.source, reading.path).flatMap(({ text, path }) => {
    // In a structure a text is the part at its own place.
    const inner = path.slice(reading.path.length).map((step) => (typeof step === 'number' ? '[]' : step));
    if (inner.some((step, at) => !canBe(steps[at], step))) return [];
    const parsed = parseExpression(text);
    if (!parsed.ok) return [];
    return carried(parsed.tree, steps.slice(inner.length), new Map()).map((one) => ({ ...one, at: path }));
  });
}

/** True where a step may lead to a part: `'[]'` is also a field whose name is computed. */
const canBe = (step: string | undefined, name: Json): boolean => step === undefined || step === '[]' || step === name;

type Found = Omit<Carried, 'at'>;
type Locals = ReadonlyMap<string, (steps: Steps) => readonly Found[]>;

function carried(tree: Expr, steps: Steps, locals: Locals): readonly Found[] {
  const both = (...parts: readonly Expr[]): readonly Found[] => parts.flatMap((part) => carried(part, steps, locals));
  const [first, ...rest] = steps;
  switch (tree.op) {
    case 'literal':
    case 'has':
    case 'not':
    case 'negate':
    case 'and':
    case 'or':
      return [];
    case 'name': {
      const local = locals.get(tree.name);
      return local === undefined ? [{ path: [tree.name, ...steps], start: tree.start, end: tree.end }] : local(steps);
    }
    case 'field':
    case 'index': {
      const step = tree.op === 'field' ? tree.name : tree.at.op === 'literal' && typeof tree.at.value === 'string' ? tree.at.value : '[]';
      // The whole of what is read is what is to be seen.
      return carried(tree.of, [step, ...steps], locals).map((one) => ({ ...one, start: tree.start, end: tree.end }));
    }
    case 'optional':
      return both(tree.of);
    case 'coalesce':
      return both(...tree.args);
    case 'conditional':
      return both(tree.then, tree.otherwise);
    case 'binary':
      return tree.operator === '+' ? both(tree.left, tree.right) : [];
    case 'list':
      return tree.items.flatMap((item) => carried(item, rest, locals));
    case 'object':
      return tree.entries.flatMap(({ key, value }) =>
        key.op !== 'literal' || canBe(first, key.value) ? carried(value, rest, locals) : [],
      );
    case 'macro': {
      if (tree.name === 'filter') return both(tree.of);
      if (tree.name !== 'map') return [];
      const element = (inner: Steps): readonly Found[] => carried(tree.of, ['[]', ...inner], locals);
      return carried(tree.body, rest, new Map([...locals, [tree.variable, element]]));
    }
    case 'call':
      return carriedByCall(tree, steps, locals);
  }
}

/** Functions that give a number, or true or false. */
const COUNTING: ReadonlySet<string> = new Set([
  'size',
  'int',
  'double',
  'bool',
  'startsWith',
  'endsWith',
  'contains',
  'regex',
  'sum',
  'round',
]);

function carriedByCall({ name, args }: Expr & { op: 'call' }, steps: Steps, locals: Locals): readonly Found[] {
  const [of] = args;
  if (of === undefined || COUNTING.has(name)) return [];
  const from = (inner: Steps): readonly Found[] => carried(of, inner, locals);
  switch (name) {
    case 'last':
      return from(['[]', ...steps]);
    case 'unique':
    case 'sort':
    case 'sort_by':
    case 'slice':
      return from(steps);
    case 'flatten':
      return from(['[]', ...(steps.length === 0 ? ['[]'] : steps)]);
    case 'join':
      return from(['[]']);
    case 'values':
      return from(steps.length === 0 ? ['[]'] : steps);
    case 'split':
      return from([]);
    case 'merge':
      return args.flatMap((arg) => carried(arg, steps, locals));
    default:
      return args.flatMap((arg) => carried(arg, [], locals));
  }
}

/** Helpers that give a number, or true or false. */
const TESTING: ReadonlySet<string> = new Set(['exists', 'eq', 'ne', 'lt', 'gt', 'and', 'or', 'not', 'length']);

function carriedByTemplate({ template, references, path }: Readable): readonly Carried[] {
  if (!template?.ok) return [];
  const printed = template.tree.flatMap(printedIn);
  return references
    .filter(({ use, start, end }) => use && printed.some((stretch) => stretch.start <= start && end <= stretch.end))
    .map(({ path: read, start, end }) => ({ path: read, at: path, start, end }));
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

function printedIn(part: TemplatePart): readonly Stretch[] {
  switch (part.type) {
    case 'text':
      return [];
    case 'print':
      return printedBy(part.value);
    case 'if':
      return [...part.then, ...part.otherwise].flatMap(printedIn);
    case 'each':
    case 'with':
      return [...part.body, ...part.otherwise].flatMap(printedIn);
    case 'partial':
      return [part];
  }
}

function printedBy(value: TemplateValue): readonly Stretch[] {
  if (value.type === 'literal') return [];
  if (value.type === 'path') return [value];
  return TESTING.has(value.name) ? [] : value.args.flatMap(printedBy);
}
