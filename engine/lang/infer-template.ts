import type { Expr } from '../contracts/expression.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { compareShapes, orderShapes } from './comparisons.ts';
import { helperSignatures } from './helper-signatures.ts';
import { helpers } from './helpers.ts';
import { infer } from './infer-expression.ts';
import { factsWhen, surroundings } from './narrowing.ts';
import { complainOfNull } from './null-problem.ts';
import { pathText } from './path-text.ts';
import { ANY, BOOLEAN, elementOf, INTEGER, isAny, membersOf, type Shape, STRING, union, withoutNull } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { parseTemplate } from './template.ts';
import { outOfReach } from './template-reach.ts';
import { type Env, type Mode, tolerantly, withFacts } from './type-env.ts';
import { type Complain, collector, type Stretch, type TypeProblem } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';
import { shapeOfValue } from './value-shape.ts';
import { wantType } from './wanted-type.ts';

/** What is wrong with the types in a template: wrong paths, what cannot be printed, what may be missing. */
export function inferTemplate(
  parts: readonly TemplatePart[],
  scope: TypeScope,
  partials: Readonly<Record<string, string>>,
): readonly TypeProblem[] {
  const { problems, complain } = collector();
  const env = surroundings(scope, complain, 'template', infer);
  walk(parts, { env, contexts: [], loops: 0, names: new Map(), partials, open: [] });
  return problems;
}

/** What a value that stands outside all blocks is, nothing being said of mistakes. */
export function printedShape(value: TemplateValue, scope: TypeScope): Shape {
  const env = surroundings(scope, () => {}, 'template', infer);
  return valueShape(value, { env, contexts: [], loops: 0, names: new Map(), partials: {}, open: [] }, 'value');
}

/** The surroundings of one part of a template. */
interface Place {
  readonly env: Env;
  /** The local that each enclosing block's context is kept under, innermost last. */
  readonly contexts: readonly string[];
  /** How many of these blocks go through something. */
  readonly loops: number;
  /** Names given by blocks (`as |x|`), and the local each is kept under. */
  readonly names: ReadonlyMap<string, string>;
  readonly partials: Readonly<Record<string, string>>;
  /** Partials being printed: one within itself is somebody else's mistake. */
  readonly open: readonly string[];
}

function walk(parts: readonly TemplatePart[], place: Place): void {
  for (const part of parts) walkPart(part, place);
}

function walkPart(part: TemplatePart, place: Place): void {
  switch (part.type) {
    case 'text':
      return;
    case 'print':
      checkPrinted(part.value, valueShape(part.value, place, 'value'), place);
      return;
    case 'if': {
      valueShape(part.test, place, 'asking');
      const test = testOf(part.test, place);
      const inside = (outcome: boolean): Place => ({ ...place, env: withFacts(place.env, factsWhen(test, outcome, place.env)) });
      walk(part.then, inside(!part.negated));
      walk(part.otherwise, inside(part.negated));
      return;
    }
    case 'each': {
      const shape = valueShape(part.of, place, 'value');
      const element = iterated(part.of, shape, place);
      const [name, index] = part.names;
      const keyed = union(...membersOf(shape).map((one) => (one.type === 'object' ? STRING : INTEGER)));
      let inner = entered(place, element, name);
      if (index !== undefined) inner = named(inner, index, isAny(shape) ? ANY : keyed);
      walk(part.body, { ...inner, loops: place.loops + 1 });
      walk(part.otherwise, place);
      return;
    }
    case 'with': {
      const shape = valueShape(part.of, place, 'value');
      if (hasOwnNull(shape)) complainOfNull(exprOf(part.of, place) ?? placeholder(part.of), place.env);
      walk(part.body, entered(place, withoutNull(shape), part.names[0]));
      walk(part.otherwise, place);
      return;
    }
    case 'partial':
      walkPartial(part, place);
  }
}

const hasOwnNull = (shape: Shape): boolean => membersOf(shape).some((one) => one.type === 'null');

/** The surroundings inside a block with a context of its own, which `name` may stand for as well. */
function entered(place: Place, context: Shape, name: string | undefined): Place {
  // Where the author has given it a name, messages use that.
  const local = `${name ?? 'this'}#${place.env.locals.size}`;
  const env = { ...place.env, locals: new Map([...place.env.locals, [local, context]]) };
  const names = name === undefined ? place.names : new Map([...place.names, [name, local]]);
  return { ...place, env, contexts: [...place.contexts, local], names };
}

function named(place: Place, name: string, shape: Shape): Place {
  const local = `${name}#${place.env.locals.size}`;
  const env = { ...place.env, locals: new Map([...place.env.locals, [local, shape]]) };
  return { ...place, env, names: new Map([...place.names, [name, local]]) };
}

/** What one round of `{{#each}}` has as its context. */
function iterated(of: TemplateValue, shape: Shape, place: Place): Shape {
  if (isAny(shape)) return ANY;
  const elements: Shape[] = [];
  for (const one of membersOf(shape)) {
    if (one.type === 'list') elements.push(elementOf(one));
    else if (one.type === 'object') {
      elements.push(...[...one.fields.values()].map((field) => field.shape), one.rest ?? (one.exact ? union() : ANY));
    } else if (one.type === 'null') complainOfNull(exprOf(of, place) ?? placeholder(of), place.env);
    else if (one.type !== 'never') {
      place.env.complain('DAG411', of, `\`{{#each}}\` goes through a list, and this is ${printSort(one)}`, {
        label: printShape(one),
        ...(one.type === 'string' && { help: 'print it as it is, or go through its lines: `{{#each (lines …)}}`' }),
      });
      return ANY;
    }
  }
  const element = union(...elements);
  return element.type === 'never' ? ANY : element;
}

function walkPartial(part: TemplatePart & { type: 'partial' }, place: Place): void {
  const text = place.partials[part.name];
  const context = part.context === undefined ? undefined : valueShape(part.context, place, 'asking');
  // What a partial is given may be missing until it is used there.
  const given = Object.entries(part.hash).map(([name, value]) => [name, valueShape(value, place, 'asking')] as const);
  if (text === undefined || place.open.includes(part.name)) return;
  const parsed = parsedPartial(text);
  if (parsed === undefined) return;
  // Offsets inside the partial mean nothing here: what is wrong in it is told where it is called.
  const complain: Complain = (code, at, message, more) =>
    place.env.complain(code, part, `in the partial "${part.name}": ${message}`, {
      ...more,
      label: `\`${text.slice(at.start, at.end)}\` there`,
    });
  let inner: Place = { ...place, env: { ...place.env, complain }, open: [...place.open, part.name] };
  if (context !== undefined) inner = entered(inner, context, undefined);
  for (const [name, shape] of given) inner = named(inner, name, shape);
  walk(parsed, inner);
}

const partialTrees = new Map<string, readonly TemplatePart[] | undefined>();

/** The parts of a partial, kept, as it is printed in many places; undefined when it cannot be read. */
function parsedPartial(text: string): readonly TemplatePart[] | undefined {
  if (!partialTrees.has(text)) {
    // One process may load many workflows: what is kept stays small.
    if (partialTrees.size >= 200) partialTrees.clear();
    const parsed = parseTemplate(text);
    partialTrees.set(text, parsed.ok ? parsed.tree : undefined);
  }
  return partialTrees.get(text);
}

// ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────

function valueShape(value: TemplateValue, place: Place, mode: Mode): Shape {
  switch (value.type) {
    case 'literal':
      return shapeOfValue(value.value);
    case 'path': {
      const lost = outOfReach(value, { contexts: place.contexts.length, loops: place.loops });
      if (lost !== undefined) {
        place.env.complain('DAG205', value, lost.message, { label: lost.label, help: lost.help });
        return ANY;
      }
      const data = value.data ? dataShape(value.parts) : undefined;
      if (data !== undefined) return data;
      checkOutranked(value, place);
      const tree = exprOf(value, place);
      return tree === undefined ? ANY : infer(tree, place.env, mode);
    }
    case 'helper':
      if (mode === 'value') return helperShape(value, place);
      return tolerantly(place.env, (env) => helperShape(value, { ...place, env }));
  }
}

/** Every field knows these, and nobody takes a field of a row for one of them. */
const ROOTS: ReadonlySet<string> = new Set(['inputs', 'constants', 'run', 'nodes', 'secrets']);

/** In a block, an item or a round comes before a field of the same name: who wrote the name may have meant the field. */
function checkOutranked(value: TemplateValue & { type: 'path' }, { contexts, names, env }: Place): void {
  const [first = ''] = value.parts;
  const context = contexts.at(-1);
  if (value.data || value.explicit || value.up > 0 || context === undefined) return;
  if (ROOTS.has(first) || names.has(first) || !env.scope.names.has(first)) return;
  // Who has named what the block goes through says which of the two is meant.
  if ([...names.values()].includes(context)) return;
  const hasField = membersOf(env.locals.get(context) ?? ANY).some((one) => one.type === 'object' && one.fields.has(first));
  if (!hasField) return;
  env.complain('DAG209', value, `\`${first}\` is not the field of that name here`, {
    severity: 'warning',
    label: `the field is \`this.${first}\``,
    because: 'names of items and rounds come before the fields of what a block goes through',
    help: `write \`this.${first}\` for the field; if it is not meant, name what the block goes through: \`{{#each … as |row|}}\``,
  });
}

/** `@index` and its like; undefined for `@root`, which is an ordinary path. */
function dataShape(parts: readonly string[]): Shape | undefined {
  switch (parts[0]) {
    case 'index':
      return INTEGER;
    case 'first':
    case 'last':
      return BOOLEAN;
    case 'root':
      return undefined;
    default:
      // `@key` is a text for objects and a number for lists.
      return ANY;
  }
}

function helperShape(value: TemplateValue & { type: 'helper' }, place: Place): Shape {
  const { tolerant } = helpers.get(value.name) ?? {};
  const shapes = value.args.map((arg, i) => {
    const asking = tolerant === 'all' || (tolerant === 'first' && i === 0);
    return valueShape(arg, place, asking ? 'asking' : 'value');
  });
  for (const named of Object.values(value.hash)) valueShape(named, place, 'value');
  const signature = helperSignatures[value.name];
  if (signature === undefined) return ANY;
  for (const [i, shape] of shapes.entries()) {
    const want = signature.params[i];
    const arg = value.args[i];
    if (want === undefined || arg === undefined) continue;
    wantType(exprOf(arg, place) ?? placeholder(arg), shape, want.sorts, `\`${value.name}\``, want.words, place.env);
  }
  checkCompared(value, shapes, place);
  return lookedUp(value, shapes, place) ?? signature.result(shapes);
}

/** What `lookup` finds in an object: the same as an expression would; undefined where it may be looking elsewhere. */
function lookedUp(value: TemplateValue & { type: 'helper' }, shapes: readonly Shape[], place: Place): Shape | undefined {
  const tree = value.name === 'lookup' ? lookupOf(value, place) : undefined;
  const [from = ANY, key = ANY] = shapes;
  if (tree === undefined || !membersOf(from).every((one) => one.type === 'object')) return undefined;
  if (tree.op === 'index' && !membersOf(key).every((one) => one.type === 'string')) return undefined;
  return infer(tree, place.env, 'value');
}

function lookupOf({ args, start }: TemplateValue & { type: 'helper' }, place: Place): Expr | undefined {
  const [of, at] = args.map((arg) => exprOf(arg, place));
  if (of === undefined || at === undefined) return undefined;
  if (at.op !== 'literal') return { start: of.start, end: at.end, op: 'index', of, at, optional: false };
  return typeof at.value === 'string' ? { start, end: at.end - 1, op: 'field', of, name: at.value, optional: false } : undefined;
}

/** `eq` and its like say the same as the operators of expressions, and are wrong in the same ways. */
function checkCompared(value: TemplateValue & { type: 'helper' }, shapes: readonly Shape[], place: Place): void {
  const [first, second] = value.args;
  const [a, b] = shapes;
  if (first === undefined || second === undefined || a === undefined || b === undefined) return;
  const [left, right] = [exprOf(first, place) ?? placeholder(first), exprOf(second, place) ?? placeholder(second)];
  const at = { start: value.start, end: value.end };
  const isNull = (side: Expr): boolean => side.op === 'literal' && side.value === null;
  if ((value.name === 'eq' || value.name === 'ne') && !isNull(left) && !isNull(right)) {
    compareShapes({ ...at, op: 'binary', operator: value.name === 'eq' ? '==' : '!=', left, right }, a, b, place.env.complain);
  } else if (value.name === 'lt' || value.name === 'gt') {
    orderShapes({ ...at, op: 'binary', operator: value.name === 'lt' ? '<' : '>', left, right }, a, b, place.env.complain);
  }
}

/** Printing takes text, a number, true or false. */
function checkPrinted(value: TemplateValue, shape: Shape, place: Place): void {
  if (isAny(shape)) return;
  const tree = exprOf(value, place);
  const path = value.type === 'path' && tree !== undefined ? pathText(tree) : undefined;
  const said = path === undefined ? 'this' : `\`${path}\``;
  if (path !== undefined && place.env.scope.printable?.has(path) && !place.names.has(path)) return;
  const members = membersOf(shape);
  const structure = members.find((one) => one.type === 'list' || one.type === 'object');
  if (structure !== undefined) {
    place.env.complain('DAG412', value, `${said} is ${structure.type === 'list' ? 'a list' : 'an object'}, and cannot be printed as text`, {
      label: printShape(shape),
      help: structureHelp(structure, path),
    });
  } else if (members.some((one) => one.type === 'null')) {
    const always = members.every((one) => one.type === 'null');
    place.env.complain('DAG412', value, `${said} ${always ? 'is' : 'may be'} null, which cannot be printed`, {
      label: always ? 'null' : 'may be null',
      help:
        path === undefined
          ? 'put it inside `{{#if …}}`, or use `default`'
          : `\`{{default ${path} "…"}}\`, or put it inside \`{{#if ${path}}} … {{/if}}\``,
    });
  }
}

function structureHelp(structure: Shape, path: string | undefined): string {
  const what = path ?? '(…)';
  if (structure.type === 'object') {
    const [field] = structure.fields.keys();
    return `\`{{json ${what}}}\`, \`{{yaml ${what}}}\`${field === undefined || path === undefined ? '' : `, or one of its fields: \`{{${path}.${field}}}\``}`;
  }
  const flat = structure.type === 'list' && membersOf(elementOf(structure)).every((one) => one.type !== 'object' && one.type !== 'list');
  return flat
    ? `\`{{bullets ${what}}}\`, \`{{join ${what} ", "}}\` or \`{{json ${what}}}\``
    : `\`{{json ${what}}}\`, or go through it with \`{{#each ${what}}}\``;
}

// ── as expressions ─────────────────────────────────────────────────────────────────────────────────────────────

/** A path or literal as the tree of an expression, so that both languages follow paths by the same rules. */
function exprOf(value: TemplateValue, place: Place): Expr | undefined {
  const at: Stretch = { start: value.start, end: value.end };
  if (value.type === 'literal') return { ...at, op: 'literal', value: value.value };
  if (value.type !== 'path') return undefined;
  const { contexts, names, env } = place;
  let steps = value.data ? value.parts.slice(1) : value.parts;
  let root: string | undefined;
  if (value.data) {
    if (value.parts[0] !== 'root') return undefined;
    [root, ...steps] = steps;
  } else if (value.explicit || value.up > 0) {
    const context = contexts.length - 1 - value.up;
    // Outside all blocks the context is the scope.
    if (context === -1) [root, ...steps] = steps;
    else root = contexts[context];
    if (context === -1 && root !== undefined && !env.scope.names.has(root)) return undefined;
  } else {
    const [first = '', ...rest] = steps;
    if (names.has(first) || env.scope.names.has(first)) {
      root = names.get(first) ?? first;
      steps = rest;
    } else root = contexts.at(-1);
  }
  if (root === undefined) return undefined;
  let left = steps.reduce((sum, step) => sum + step.length + 1, 0);
  // A context that is not written, as in `{{file}}`, stands where its field does.
  const rootEnd = at.end - left;
  let tree: Expr = { start: at.start, end: rootEnd > at.start ? rootEnd : at.end, op: 'name', name: root };
  for (const step of steps) {
    left -= step.length + 1;
    const end = Math.max(at.start, at.end - left);
    // The text of the path up to here: what a message underlines.
    tree = /^\d+$/.test(step)
      ? { start: at.start, end, op: 'index', of: tree, at: { ...at, op: 'literal', value: Number(step) }, optional: false }
      : { start: at.start, end, op: 'field', of: tree, name: step, optional: false };
  }
  return tree;
}

const placeholder = (value: TemplateValue): Expr => ({ start: value.start, end: value.end, op: 'name', name: '…' });

const OPERATORS = { eq: '==', ne: '!=', lt: '<', gt: '>' } as const;

/** What `{{#if}}` finds out, as an expression: that a path leads to something, that two values are equal. */
function testOf(value: TemplateValue, place: Place): Expr {
  const at: Stretch = { start: value.start, end: value.end };
  if (value.type === 'helper') {
    const args = value.args.map((arg) => testOf(arg, place));
    const [left = placeholder(value)] = args;
    switch (value.name) {
      case 'not':
        return { ...at, op: 'not', of: left };
      case 'and':
      case 'or': {
        const op = value.name;
        return args.slice(1).reduce<Expr>((sum, one) => ({ ...at, op, left: sum, right: one }), left);
      }
      case 'exists':
        return left;
      case 'lookup': {
        const found = lookupOf(value, place);
        if (found === undefined) break;
        return { ...at, op: 'binary', operator: '!=', left: found, right: { ...at, op: 'literal', value: null } };
      }
      case 'eq':
      case 'ne':
      case 'lt':
      case 'gt': {
        const [a, b] = value.args.map((arg) => exprOf(arg, place) ?? placeholder(arg));
        if (a === undefined || b === undefined) break;
        return { ...at, op: 'binary', operator: OPERATORS[value.name], left: a, right: b };
      }
    }
    return placeholder(value);
  }
  const path = value.type === 'path' && !value.data ? exprOf(value, place) : undefined;
  if (path === undefined) return placeholder(value);
  return { ...at, op: 'binary', operator: '!=', left: path, right: { ...at, op: 'literal', value: null } };
}
