import type { Expr } from '../contracts/expression.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { compareShapes, orderShapes } from './comparisons.ts';
import { helperSignatures, takenByHelpers } from './helper-signatures.ts';
import { helpers } from './helpers.ts';
import { infer } from './infer-expression.ts';
import { checkKnown, type Taken } from './known-arguments.ts';
import { factsWhen, surroundings } from './narrowing.ts';
import { complainOfNull } from './null-problem.ts';
import { pathText } from './path-text.ts';
import { ANY, BOOLEAN, elementOf, INTEGER, isAny, membersOf, type Shape, STRING, union, withoutNull } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { parseTemplate } from './template.ts';
import { outOfReach } from './template-reach.ts';
import { exprOf, lookupOf, type Place, placeholder, testOf } from './template-trees.ts';
import { type Mode, tolerantly, withFacts } from './type-env.ts';
import { type Complain, collector, type TypeProblem } from './type-problem.ts';
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
  for (const taken of takenByHelpers[value.name] ?? []) {
    const arg = value.args[taken.at];
    if (arg !== undefined) checkKnown(value.name, taken, exprOf(arg, place) ?? placeholder(arg), shapes[taken.at] ?? ANY, place.env);
  }
  checkCompared(value, shapes, place);
  return lookedUp(value, shapes, place) ?? signature.result(shapes);
}

/** What `lookup` takes in a list. */
const PLACE: Taken = { at: 1, takes: (key) => typeof key === 'number' || /^\d+$/.test(String(key)), words: 'a place in a list' };

/** What `lookup` finds in an object: the same as an expression would; undefined where it may be looking elsewhere. */
function lookedUp(value: TemplateValue & { type: 'helper' }, shapes: readonly Shape[], place: Place): Shape | undefined {
  if (value.name !== 'lookup') return undefined;
  const [from = ANY, key = ANY] = shapes;
  const [, name] = value.args;
  if (name !== undefined && membersOf(from).every((one) => one.type === 'list')) {
    const complain: Complain = (code, at, message, more) =>
      place.env.complain(code, at, message, { ...more, help: 'places are counted from 0; fields are those of an object' });
    return checkKnown('lookup', PLACE, exprOf(name, place) ?? placeholder(name), key, { ...place.env, complain }) ? ANY : undefined;
  }
  const tree = lookupOf(value, place);
  if (tree === undefined || !membersOf(from).every((one) => one.type === 'object')) return undefined;
  if (tree.op === 'index' && !membersOf(key).every((one) => one.type === 'string')) return undefined;
  return infer(tree, place.env, 'value');
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
