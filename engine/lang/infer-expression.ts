import type { Expr } from '../contracts/expression.ts';
import { compareShapes, compareToLiteral, orderShapes } from './comparisons.ts';
import { printExpression } from './expression-text.ts';
import { type Env, factsWhen, narrowedBy, pathKey, surroundings, withFacts } from './narrowing.ts';
import {
  ANY,
  BOOLEAN,
  elementOf,
  type Field,
  fieldOf,
  INTEGER,
  isAny,
  listOf,
  mayBeNull,
  membersOf,
  NEVER,
  NULL,
  NUMBER,
  type Shape,
  STRING,
  shapeOfValue,
  skippedNodes,
  union,
  withoutNull,
  withoutSkip,
} from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { signatures } from './signatures.ts';
import { type Complain, collector, type Stretch, type TypeProblem } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';

export interface Inferred {
  readonly shape: Shape;
  readonly problems: readonly TypeProblem[];
}

/** What an expression gives, and what is wrong with its types. Where nothing is known, nothing is said. */
export function inferExpression(tree: Expr, scope: TypeScope): Inferred {
  const { problems, complain } = collector();
  const env = surroundings(scope, complain, 'expression', quietShape);
  const shape = infer(tree, env, 'value');
  return { shape, problems };
}

/**
 * How a part is read. `value`: it has to be there. `asking`: it is being found out whether it is there
 * (`x != null`, `has(x)`, `optional(x)`, `coalesce(x, …)`), so null and missing are answers.
 */
export type Mode = 'value' | 'asking';

/** What a part is when one asks whether it is there, nothing being said of mistakes. */
export function quietShape(tree: Expr, env: Env): Shape {
  return infer(tree, { ...env, complain: () => {} }, 'asking');
}

/** What a part gives; complaints go to `env`. */
export function infer(tree: Expr, env: Env, mode: Mode): Shape {
  if (mode === 'value') return used(inferRaw(tree, env, mode), tree, env);
  return IN_ONE_PIECE.has(tree.op) ? inferTolerant(tree, env) : inferRaw(tree, env, mode);
}

/** Parts that are null as a whole when something in them is missing, where one asks whether they are there. */
const IN_ONE_PIECE: ReadonlySet<Expr['op']> = new Set([
  'call',
  'macro',
  'not',
  'negate',
  'and',
  'or',
  'binary',
  'conditional',
  'coalesce',
  'list',
  'object',
]);
/** What is no mistake there: missing, null, skipped. */
const MISSING: ReadonlySet<string> = new Set(['DAG404', 'DAG405', 'DAG406']);

function inferTolerant(tree: Expr, env: Env): Shape {
  return tolerantly(env, (inner) => infer(tree, inner, 'value'));
}

/** What a part gives that is null as a whole when something in it is missing. */
export function tolerantly(env: Env, inferPart: (inner: Env) => Shape): Shape {
  let isMissing = false;
  const skipped = new Set<string>();
  const shape = inferPart({
    ...env,
    missing: (nodes) => {
      if (nodes.length === 0) isMissing = true;
      for (const node of nodes) skipped.add(node);
    },
    complain: (code, ...rest) => {
      if (MISSING.has(code)) isMissing = true;
      else env.complain(code, ...rest);
    },
  });
  return union(shape, isMissing ? NULL : NEVER, skipped.size > 0 ? { type: 'null', skipped: [...skipped] } : NEVER);
}

/** A use of a value: what a skip may have left null is either guarded, or skips the reader, or is a mistake. */
function used(shape: Shape, tree: Expr, env: Env): Shape {
  const all = skippedNodes(shape);
  if (all.length === 0) return shape;
  const skipped = all.filter((node) => !env.scope.spared?.has(node));
  if (skipped.length === 0) return withoutSkip(shape);
  if (env.missing !== undefined) env.missing(skipped);
  else if (env.scope.skips === 'refuse') {
    const [node] = skipped;
    const text = pathText(tree);
    env.complain('DAG406', tree, `\`${text}\` may be missing: "${node}" can be skipped`, {
      label: `null when "${node}" is skipped`,
      because: 'a result that silently went missing would look like a success',
      help: `say what it is then: \`coalesce(${text}, …)\`, \`optional(${text})\` for null, or \`if_skipped\` on "${node}"`,
    });
  }
  return withoutSkip(shape);
}

function inferRaw(tree: Expr, env: Env, mode: Mode): Shape {
  switch (tree.op) {
    case 'literal':
      return shapeOfValue(tree.value);
    case 'name':
      return env.facts.get(tree.name) ?? env.locals.get(tree.name) ?? env.scope.names.get(tree.name) ?? ANY;
    case 'field':
      return inferField(tree, env, mode);
    case 'index':
      return inferIndex(tree, env, mode);
    case 'call':
      return inferCall(tree, env);
    case 'macro':
      return inferMacro(tree, env);
    case 'has':
      infer(tree.of, env, 'asking');
      return BOOLEAN;
    case 'optional': {
      const shape = infer(tree.of, env, 'asking');
      return skippedNodes(shape).length > 0 ? union(withoutSkip(shape), NULL) : shape;
    }
    case 'coalesce':
      return inferCoalesce(tree, env);
    case 'not':
      condition(tree.of, env, 'after `!`');
      return BOOLEAN;
    case 'negate':
      return number(tree.of, env, '-') ? INTEGER : NUMBER;
    case 'and':
    case 'or':
      condition(tree.left, env, tree.op === 'and' ? 'before `&&`' : 'before `||`');
      condition(tree.right, withFacts(env, factsWhen(tree.left, tree.op === 'and', env)), tree.op === 'and' ? 'after `&&`' : 'after `||`');
      return BOOLEAN;
    case 'binary':
      return inferBinary(tree, env);
    case 'conditional': {
      condition(tree.test, env, 'before `?`');
      const then = infer(tree.then, withFacts(env, factsWhen(tree.test, true, env)), mode);
      const otherwise = infer(tree.otherwise, withFacts(env, factsWhen(tree.test, false, env)), mode);
      return union(then, otherwise);
    }
    case 'list': {
      const items = tree.items.map((item) => infer(item, env, 'value'));
      return items.length > 0 && items.length <= 50 ? { type: 'list', element: NEVER, tuple: items } : listOf(union(...items));
    }
    case 'object':
      return inferObject(tree, env);
  }
}

function inferObject(tree: Expr & { op: 'object' }, env: Env): Shape {
  const fields = new Map<string, Field>();
  const rest: Shape[] = [];
  for (const { key, value } of tree.entries) {
    const shape = infer(value, env, 'value');
    if (key.op === 'literal' && typeof key.value === 'string') fields.set(key.value, { shape, required: true });
    else {
      argument(key, env, ['string'], 'a key of an object', 'text');
      rest.push(shape);
    }
  }
  return { type: 'object', fields, exact: rest.length === 0, ...(rest.length > 0 && { rest: union(...rest) }) };
}

// ── paths ──────────────────────────────────────────────────────────────────────────────────────────────────────

function inferField(tree: Expr & { op: 'field' }, env: Env, mode: Mode): Shape {
  const fact = env.facts.get(pathKey(tree) ?? '');
  const base = infer(tree.of, env, mode);
  if (fact !== undefined) return fact;
  return stepInto(tree, tree.name, base, env, mode);
}

/** True where a step before was `.?`: what follows it is null when it was. */
function isChained(tree: Expr): boolean {
  return (tree.op === 'field' || tree.op === 'index') && (tree.optional || isChained(tree.of));
}

/** The field `name` of `base`; what cannot be there is a mistake in either mode. */
function stepInto(tree: Expr & { op: 'field' | 'index' }, name: string, base: Shape, env: Env, mode: Mode): Shape {
  const at = lastStep(tree, name);
  const found = fieldOf(base, name);
  const below = nullsBelow(tree.of, base, env, isChained(tree.of) ? 'asking' : mode);
  switch (found.found) {
    case 'unknown':
      return below.length > 0 ? union(ANY, ...below) : ANY;
    case 'always':
      return union(found.shape, ...below);
    case 'unlisted':
      if (mode === 'asking' || isChained(tree)) return union(found.shape, NULL, ...below);
      env.missing?.([]);
      return union(found.shape, ...below);
    case 'sometimes':
      if (mode === 'asking' || isChained(tree)) return union(found.shape, NULL, ...below);
      env.complain(
        'DAG404',
        at,
        isHere(tree.of) ? `"${name}" may be missing here` : `"${name}" may be missing from \`${pathText(tree.of)}\``,
        {
          label: 'not in every value',
          help: guardHelp(pathText(tree), 'missing', env),
        },
      );
      return found.shape;
    case 'never':
      env.complain('DAG403', at, isHere(tree.of) ? `there is no field "${name}" here` : `\`${pathText(tree.of)}\` has no field "${name}"`, {
        label: found.names.length === 0 ? 'it has no fields' : `not in ${printShape(withoutNull(base))}`,
        name,
        candidates: found.names,
      });
      return ANY;
    case 'no_object':
      complainOfFlat(tree, name, found.shape, at, env);
      return ANY;
  }
}

function complainOfFlat(tree: Expr & { op: 'field' | 'index' }, name: string, flat: Shape, at: Stretch, env: Env): void {
  const of = pathText(tree.of);
  const list = membersOf(flat).some((one) => one.type === 'list');
  const counts = name === 'length' || name === 'size' || name === 'count';
  env.complain('DAG403', at, `\`${of}\` is ${printSort(flat)}: it has no field "${name}"`, {
    label: `of ${printShape(flat)}`,
    ...(counts
      ? { help: env.notation === 'template' ? `write \`{{length ${of}}}\`` : `write \`size(${of})\`` }
      : list
        ? { help: elementsHelp(of, name, env) }
        : /^(nodes\.\w+\.)?output$/.test(of) && { help: 'for fields, give the node an `output`: `output: { fields: { … } }`' }),
  });
}

function elementsHelp(of: string, name: string, env: Env): string {
  if (env.notation === 'template') return `go through it: \`{{#each ${of} as |x|}} {{x.${name}}} {{/each}}\``;
  return `take one element, \`${of}[0].${name}\`, or all of them, \`${of}.map(x, x.${name})\``;
}

/** What is left of null in the base of a path: answers where one is asking, a mistake where a value is wanted. */
function nullsBelow(of: Expr, base: Shape, env: Env, mode: Mode): readonly Shape[] {
  const members = membersOf(base);
  const nulls = members.filter((one) => one.type === 'null');
  if (nulls.length === 0) return [];
  if (mode === 'asking') return nulls;
  if (nulls.some((one) => one.skipped === undefined)) complainOfNull(of, env);
  return [];
}

/** True for the context of a template's block, which has no name of its own. */
function isHere(tree: Expr): boolean {
  return tree.op === 'name' && tree.name.startsWith('this#');
}

/** How to guard a path that may lead to nothing. */
function guardHelp(whole: string, why: 'missing' | 'null', env: Env): string {
  const path = whole.replace(/^this\./, '');
  if (env.notation === 'template') return `put it inside \`{{#if ${path}}} … {{/if}}\`, or write \`default ${path} "…"\``;
  if (why === 'missing') return `guard it: \`coalesce(${path}, …)\` or \`has(${path}) && …\`; or list it under \`required\``;
  return `guard it: \`${path} != null && …\`, \`${path} == null ? … : …\`, or \`coalesce(${path}, …)\``;
}

/** Complains that a value may be null where it has to be there. */
export function complainOfNull(tree: Expr, env: Env): void {
  const text = pathText(tree);
  env.complain('DAG405', tree, `\`${text}\` may be null`, {
    label: 'may be null',
    help: guardHelp(text, 'null', env),
  });
}

function inferIndex(tree: Expr & { op: 'index' }, env: Env, mode: Mode): Shape {
  const fact = env.facts.get(pathKey(tree) ?? '');
  const base = infer(tree.of, env, mode);
  const at = mode === 'asking' ? withoutNull(infer(tree.at, env, mode)) : infer(tree.at, env, mode);
  if (fact !== undefined) return fact;
  if (tree.at.op === 'literal' && typeof tree.at.value === 'string') return stepInto(tree, tree.at.value, base, env, mode);
  const below = nullsBelow(tree.of, base, env, isChained(tree.of) ? 'asking' : mode);
  const asking = isChained(tree) ? 'asking' : mode;
  const members = membersOf(base).filter((one) => one.type !== 'null');
  if (members.length === 0 || isAny(base)) return union(ANY, ...below);
  const results: Shape[] = [...below];
  for (const one of members) {
    if (one.type === 'list') {
      wantType(tree.at, at, ['number'], 'the index of a list', 'a whole number', env);
      const literal = tree.at.op === 'literal' && typeof tree.at.value === 'number' ? tree.at.value : undefined;
      const exact = literal === undefined ? undefined : one.tuple?.[literal];
      const element = exact ?? elementOf(one);
      results.push(element.type === 'never' ? ANY : element);
      // An index past the end is found in the run only; whoever asks gets null.
      if (exact === undefined && asking === 'asking') results.push(NULL);
      else if (exact === undefined) env.missing?.([]);
    } else if (one.type === 'object') {
      wantType(tree.at, at, ['string'], 'the key of an object', 'text', env);
      const values = [...[...one.fields.values()].map((field) => field.shape), ...(one.rest === undefined ? [] : [one.rest])];
      results.push(values.length === 0 ? ANY : union(...values));
      if (asking === 'asking') results.push(NULL);
      else env.missing?.([]);
    } else {
      env.complain('DAG403', tree, `\`${pathText(tree.of)}\` is ${printSort(one)}: it has no elements`, {
        label: `of ${printShape(one)}`,
        ...(one.type === 'string' && { help: `a part of a text: \`slice(${pathText(tree.of)}, 0, 1)\`` }),
      });
      return ANY;
    }
  }
  return union(...results);
}

/** Longer parts are not repeated in a message; the frame shows them. */
const MOST_TEXT = 60;

/** A part of an expression as text, for messages; `(…)` when it is long. */
export function pathText(tree: Expr): string {
  // Contexts of template blocks carry a number, so that two of them can be told apart.
  const text = printExpression(tree).replace(/#\d+/g, '');
  return text.length <= MOST_TEXT || pathKey(tree) !== undefined ? text : '(…)';
}

/** Where the last step of a path is written. */
function lastStep(tree: Expr & { op: 'field' | 'index' }, name: string): Stretch {
  if (tree.op === 'index') return tree.at;
  return { start: Math.max(tree.start, tree.end - name.length), end: tree.end };
}

// ── null on purpose ────────────────────────────────────────────────────────────────────────────────────────────

function inferCoalesce(tree: Expr & { op: 'coalesce' }, env: Env): Shape {
  const last = tree.args.length - 1;
  const shapes = tree.args.map((arg, i) => (i === last ? quietShape(arg, env) : infer(arg, env, 'asking')));
  const final = shapes[last] ?? NULL;
  const before = shapes.slice(0, last).map(withoutNull);
  const lastTree = tree.args[last];
  const certain = shapes
    .slice(0, last)
    .findIndex((shape) => membersOf(shape).every((one) => one.type !== 'null' && one.type !== 'any' && one.type !== 'never'));
  if (lastTree !== undefined && certain >= 0) {
    // One that is always there is as far as it goes: what may be missing after it never matters.
    tolerantly(env, (inner) => infer(lastTree, inner, 'value'));
    return union(...before.slice(0, certain + 1));
  }
  if (lastTree === undefined || skippedNodes(final).length === 0) {
    // What the last one lacks is missing from the whole: reading it there is the same as reading it anywhere.
    const strict = lastTree === undefined ? NULL : infer(lastTree, env, 'value');
    return union(...before, strict);
  }
  const groups = shapes.map((shape) => (mayBeNull(shape) ? undefined : skippedNodes(shape)));
  const covered = env.scope.oneAlwaysRuns?.(groups.filter((group) => group !== undefined)) ?? false;
  const missing = (nodes: readonly string[]): void => {
    if (nodes.length === 0) env.missing?.(nodes);
  };
  const settledLast = withoutSkip(infer(lastTree, { ...env, missing }, 'value'));
  if (covered) return union(...before, settledLast);
  if (env.missing !== undefined) env.missing(skippedNodes(final));
  else if (env.scope.skips === 'refuse') {
    const names = [...new Set(shapes.flatMap((shape) => skippedNodes(shape)))];
    env.complain(
      'DAG406',
      tree,
      `all of this may be missing: ${names.map((name) => `"${name}"`).join(' and ')} can be skipped in one run`,
      {
        label: 'null when all of them are skipped',
        because: 'a result that silently went missing would look like a success',
        help: 'add a last argument that is always there, such as a text, or wrap it in `optional(…)` for null',
      },
    );
  }
  return union(...before, settledLast);
}

// ── operators ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A part that decides something has to be true or false. */
function condition(tree: Expr, env: Env, where: string): void {
  const shape = infer(tree, env, 'value');
  conditionProblem(tree, shape, where, env.complain);
}

/** Complains when what decides something is not true or false. `where` says what it decides: `after `&&``, `in `skip_if``. */
export function conditionProblem(tree: Expr, shape: Shape, where: string, complain: Complain): void {
  if (isAny(shape)) return;
  const members = membersOf(shape);
  const wrong = members.filter((one) => one.type !== 'boolean' && one.type !== 'never');
  if (wrong.length === 0) return;
  const text = pathText(tree);
  if (wrong.every((one) => one.type === 'null') && members.length > wrong.length) {
    complain('DAG405', tree, `\`${text}\` ${where} may be null`, {
      label: 'true, false or null',
      help: `say what null means: \`coalesce(${text}, false)\``,
    });
    return;
  }
  complain('DAG410', tree, `a condition ${where} is true or false, and this is ${printSort(shape)}`, {
    label: printShape(shape),
    help: conditionHelp(text, members),
  });
}

function conditionHelp(text: string, members: readonly Shape[]): string {
  switch (members.find((one) => one.type !== 'null')?.type) {
    case 'list':
    case 'object':
      return `compare something: \`size(${text}) > 0\``;
    case 'string':
      return `compare it: \`${text} == "…"\`, or \`${text} != ""\``;
    case 'number':
      return `compare it: \`${text} > 0\``;
    default:
      return 'compare it with something';
  }
}

/** Complains when a part is no number; true when it is a whole one. */
function number(tree: Expr, env: Env, operator: string): boolean {
  const shape = argument(tree, env, ['number'], `\`${operator}\``, 'a number');
  return membersOf(shape).every((one) => one.type === 'number' && one.integer);
}

function inferBinary(tree: Expr & { op: 'binary' }, env: Env): Shape {
  switch (tree.operator) {
    case '==':
    case '!=':
      return inferEquality(tree, env);
    case 'in':
      return inferMembership(tree, env);
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const left = argument(tree.left, env, ['number', 'string'], `\`${tree.operator}\``, 'a number or text');
      const right = argument(tree.right, env, ['number', 'string'], `\`${tree.operator}\``, 'a number or text');
      orderShapes(tree, left, right, env.complain);
      return BOOLEAN;
    }
    case '+':
      return inferSum(tree, env);
    default: {
      const left = number(tree.left, env, tree.operator);
      const right = number(tree.right, env, tree.operator);
      return left && right && tree.operator !== '/' ? INTEGER : NUMBER;
    }
  }
}

function inferEquality(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const isNull = (side: Expr): boolean => side.op === 'literal' && side.value === null;
  if (isNull(tree.left) || isNull(tree.right)) {
    const side = isNull(tree.left) ? tree.right : tree.left;
    infer(side, env, IN_ONE_PIECE.has(side.op) ? 'value' : 'asking');
    return BOOLEAN;
  }
  const left = infer(tree.left, env, 'value');
  const right = infer(tree.right, env, 'value');
  compareShapes(tree, left, right, env.complain);
  return BOOLEAN;
}

function inferMembership(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const left = infer(tree.left, env, 'value');
  const right = infer(tree.right, env, 'value');
  if (isAny(right)) return BOOLEAN;
  for (const one of membersOf(right)) {
    if (one.type === 'list') {
      if (tree.right.op === 'list') {
        for (const [i, item] of tree.right.items.entries()) compareToLiteral(tree.left, left, item, one.tuple?.[i] ?? ANY, env.complain);
      } else compareShapes(tree, left, elementOf(one), env.complain);
    } else if (one.type === 'object') {
      wantType(tree.left, left, ['string'], 'left of `in` an object', 'the name of a field', env);
    } else if (one.type === 'null') complainOfNull(tree.right, env);
    else if (one.type !== 'never') {
      env.complain('DAG411', tree.right, `\`in\` looks through a list, and this is ${printSort(one)}`, {
        label: printShape(one),
        ...(one.type === 'string' && { help: `a text within a text: \`${pathText(tree.right)}.contains(${pathText(tree.left)})\`` }),
      });
    }
  }
  return BOOLEAN;
}

function inferSum(tree: Expr & { op: 'binary' }, env: Env): Shape {
  const wanted = ['number', 'string', 'list'] as const;
  const left = argument(tree.left, env, wanted, '`+`', 'a number, text or a list');
  const right = argument(tree.right, env, wanted, '`+`', 'a number, text or a list');
  const fits = (shape: Shape): readonly Shape[] => membersOf(shape).filter((one) => wanted.some((type) => type === one.type));
  if (isAny(left) || isAny(right)) {
    const known = isAny(left) ? fits(right) : fits(left);
    // The unknown side has to be of the sort of the other.
    const sorts = new Set(known.map((one) => one.type));
    return sorts.size === 1 && sorts.has('string')
      ? STRING
      : sorts.size === 1 && sorts.has('number')
        ? NUMBER
        : sorts.has('list')
          ? listOf(ANY)
          : ANY;
  }
  const [a, b] = [fits(left), fits(right)];
  if (a.length === 0 || b.length === 0) return ANY;
  const sort = a[0]?.type;
  if (![...a, ...b].every((one) => one.type === sort)) {
    env.complain('DAG407', tree, `\`+\` cannot join ${printSort(left)} and ${printSort(right)}`, {
      label: `${printShape(left)}, ${printShape(right)}`,
      ...joinHelp(tree, a, b),
    });
    return ANY;
  }
  if (sort === 'string') return STRING;
  if (sort === 'number') return [...a, ...b].every((one) => one.type === 'number' && one.integer) ? INTEGER : NUMBER;
  return listOf(union(...[...a, ...b].map((one) => (one.type === 'list' ? elementOf(one) : NEVER))));
}

function joinHelp(tree: Expr & { op: 'binary' }, left: readonly Shape[], right: readonly Shape[]): { help?: string } {
  const [a, b] = [left[0]?.type, right[0]?.type];
  if (a === 'list') return { help: `put the other in a list: \`[${pathText(tree.right)}]\`` };
  if (b === 'list') return { help: `put the other in a list: \`[${pathText(tree.left)}]\`` };
  if (a === 'string') return { help: `make it text first: \`string(${pathText(tree.right)})\`` };
  return b === 'string' ? { help: `make it text first: \`string(${pathText(tree.left)})\`` } : {};
}

// ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The sorts of values that an argument can be asked for. */
export type Sort = 'string' | 'number' | 'boolean' | 'list' | 'object';

/** The shape of a part that has to be of one of some sorts; complains when it is not. */
function argument(tree: Expr, env: Env, sorts: readonly Sort[], of: string, wanted: string): Shape {
  const shape = infer(tree, env, 'value');
  wantType(tree, shape, sorts, of, wanted, env);
  return shape;
}

/** Complains when the shape of a part is none of the sorts wanted. */
export function wantType(tree: Expr, shape: Shape, sorts: readonly Sort[], of: string, wanted: string, env: Env): void {
  if (isAny(shape)) return;
  const members = membersOf(shape).filter((one) => one.type !== 'never');
  const wrong = members.filter((one) => !(sorts as readonly string[]).includes(one.type));
  if (wrong.length === 0) return;
  if (wrong.every((one) => one.type === 'null') && wrong.length < members.length) {
    complainOfNull(tree, env);
    return;
  }
  const text = pathText(tree);
  const listAsText = sorts.includes('string') && !sorts.includes('list') && wrong.every((one) => one.type === 'list');
  const numeric = sorts.includes('number') && wrong.every((one) => one.type === 'string');
  env.complain('DAG409', tree, `${of} wants ${wanted}, and this is ${printSort(union(...wrong))}`, {
    label: printShape(shape),
    ...(listAsText && {
      help: env.notation === 'template' ? `make it text: \`join ${text} ", "\`` : `make it text: \`join(${text}, ", ")\``,
    }),
    ...(numeric && tree.op !== 'literal' && { help: `if it holds digits: \`${wanted.includes('whole') ? 'int' : 'double'}(${text})\`` }),
    ...(sorts.length === 1 &&
      sorts[0] === 'string' &&
      wrong.every((one) => one.type === 'number' || one.type === 'boolean') && { help: `make it text: \`string(${text})\`` }),
  });
}

function inferCall(tree: Expr & { op: 'call' }, env: Env): Shape {
  const shapes = tree.args.map((arg) => infer(arg, env, 'value'));
  const signature = signatures[tree.name];
  if (signature === undefined) return ANY;
  for (const [i, shape] of shapes.entries()) {
    const want = signature.params[i] ?? signature.rest;
    const arg = tree.args[i];
    if (want === undefined || arg === undefined) continue;
    wantType(arg, shape, want.sorts, `\`${tree.name}\``, want.words, env);
    if (want.element === undefined) continue;
    for (const one of membersOf(shape)) {
      if (one.type !== 'list') continue;
      const element = elementOf(one);
      const wrong = isAny(element)
        ? []
        : membersOf(element).filter((part) => part.type !== 'never' && !want.element?.sorts.some((sort) => sort === part.type));
      if (wrong.length === 0) continue;
      env.complain('DAG409', arg, `\`${tree.name}\` wants a list of ${want.element.words}, and this is ${printShape(one)}`, {
        label: printShape(one),
        ...(wrong.every((part) => part.type === 'null') && { help: `leave null out: \`${pathText(arg)}.filter(x, x != null)\`` }),
      });
    }
  }
  const literals = tree.args.map((arg) => (arg.op === 'literal' ? arg.value : undefined));
  const known = shapes.map((shape, i) => (i === 0 ? withoutNull(shape) : shape));
  if (tree.name === 'sort_by' && typeof literals[1] === 'string' && tree.args[1] !== undefined) {
    checkSortField(tree.args[0] as Expr, tree.args[1], literals[1], known[0] ?? ANY, env);
  }
  if (WANT_AN_ELEMENT.has(tree.name)) env.missing?.([]);
  return signature.result(known, literals);
}

/** Functions that have nothing to give for an empty list, which is found in the run only. */
const WANT_AN_ELEMENT: ReadonlySet<string> = new Set(['last', 'min', 'max', 'sort_by']);

/** `sort_by` names a field of the elements. */
function checkSortField(list: Expr, at: Expr, name: string, shape: Shape, env: Env): void {
  if (name === '' || name.includes('.')) return;
  for (const one of membersOf(shape)) {
    if (one.type !== 'list') continue;
    const found = fieldOf(elementOf(one), name);
    if (found.found === 'never') {
      env.complain('DAG403', at, `the elements of \`${pathText(list)}\` have no field "${name}"`, {
        label: 'no such field',
        name,
        candidates: found.names,
      });
    }
  }
}

function inferMacro(tree: Expr & { op: 'macro' }, env: Env): Shape {
  const shape = infer(tree.of, env, 'value');
  const element = iterated(tree, shape, env);
  // The body of a macro over an empty list never runs: nothing is said of it.
  const empty = element.type === 'never';
  let inner = bind(env, tree.variable, empty ? ANY : element);
  if (tree.where !== undefined) {
    condition(tree.where, inner, `in \`${tree.name}\``);
    inner = withFacts(inner, factsWhen(tree.where, true, inner));
  }
  switch (tree.name) {
    case 'map': {
      const made = infer(tree.body, inner, 'value');
      return listOf(empty ? NEVER : made);
    }
    case 'filter':
      condition(tree.body, inner, 'in `filter`');
      return listOf(empty ? NEVER : narrowedBy(element, tree.variable, factsWhen(tree.body, true, inner)));
    default:
      condition(tree.body, inner, `in \`${tree.name}\``);
      return BOOLEAN;
  }
}

/** What a macro's variable stands for: an element of a list, or a key of an object. */
function iterated(tree: Expr & { op: 'macro' }, shape: Shape, env: Env): Shape {
  if (isAny(shape)) return ANY;
  const elements: Shape[] = [];
  for (const one of membersOf(shape)) {
    if (one.type === 'list') elements.push(elementOf(one));
    else if (one.type === 'object') elements.push(STRING);
    else if (one.type === 'null') complainOfNull(tree.of, env);
    else if (one.type !== 'never') {
      env.complain('DAG411', tree.of, `\`${tree.name}\` goes through a list, and this is ${printSort(one)}`, { label: printShape(one) });
      return ANY;
    }
  }
  return union(...elements);
}

/** The surroundings inside a macro: its variable hides what had its name. */
function bind(env: Env, variable: string, element: Shape): Env {
  const facts = new Map(
    [...env.facts].filter(([key]) => key !== variable && !key.startsWith(`${variable}.`) && !key.startsWith(`${variable}[`)),
  );
  return { ...env, locals: new Map([...env.locals, [variable, element]]), facts };
}
