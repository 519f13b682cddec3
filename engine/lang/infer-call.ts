import type { Expr } from '../contracts/expression.ts';
import { condition } from './infer-operator.ts';
import { checkKnown, takenByFunctions } from './known-arguments.ts';
import { factsWhen, narrowedBy } from './narrowing.ts';
import { complainOfNull } from './null-problem.ts';
import { pathText } from './path-text.ts';
import { compileRegex } from './regex.ts';
import { ANY, BOOLEAN, elementOf, fieldOf, isAny, listOf, membersOf, NEVER, type Shape, STRING, union, withoutNull } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { signatures } from './signatures.ts';
import { type Env, withFacts } from './type-env.ts';
import { wantType } from './wanted-type.ts';

/** What a function gives for its arguments. */
export function inferCall(tree: Expr & { op: 'call' }, env: Env): Shape {
  const shapes = tree.args.map((arg) => env.infer(arg, env, 'value'));
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
  if (tree.name === 'regex' && typeof literals[1] === 'string' && tree.args[1] !== undefined) {
    const { problem } = compileRegex(literals[1]);
    if (problem !== undefined) env.complain('DAG409', tree.args[1], 'this is not a pattern', { label: 'cannot be read', help: problem });
  }
  for (const taken of takenByFunctions[tree.name] ?? []) checkKnown(tree.name, taken, tree.args[taken.at], shapes[taken.at] ?? ANY, env);
  if (WANT_AN_ELEMENT.has(tree.name)) {
    const [only, second] = tree.args;
    if (env.missing) env.missing([]);
    else if (only?.op === 'list' && only.items.length === 0 && second === undefined) {
      env.complain('DAG409', only, `\`${tree.name}\` has nothing to give for an empty list`, { label: 'it is empty' });
      return ANY;
    }
  }
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
    } else if (found.found === 'sometimes') {
      env.complain('DAG404', at, `"${name}" may be missing from the elements of \`${pathText(list)}\``, {
        label: 'not in every value',
        help: `leave out those without it: \`${pathText(list)}.filter(x, has(x.${name}))\``,
      });
    } else if (found.found === 'always') checkSortValue(list, at, name, found.shape, env);
  }
}

function checkSortValue(list: Expr, at: Expr, name: string, shape: Shape, env: Env): void {
  const wrong = isAny(shape) ? [] : membersOf(shape).filter(({ type }) => type !== 'number' && type !== 'string' && type !== 'never');
  if (wrong.length === 0) return;
  const nulls = wrong.every(({ type }) => type === 'null');
  env.complain('DAG409', at, `\`sort_by\` compares numbers or texts, and "${name}" ${nulls ? 'may be null' : `is ${printSort(shape)}`}`, {
    label: printShape(shape),
    ...(nulls && { help: `leave those out: \`${pathText(list)}.filter(x, x.${name} != null)\`` }),
  });
}

/** What a macro gives for a list. */
export function inferMacro(tree: Expr & { op: 'macro' }, env: Env): Shape {
  const shape = env.infer(tree.of, env, 'value');
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
      const made = inner.infer(tree.body, inner, 'value');
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
  const isAbout = (path: string): boolean => path === variable || ['.', '[', ']'].some((sign) => path.startsWith(variable + sign));
  const facts = new Map([...env.facts].filter(([key]) => !key.split('[=').some(isAbout)));
  return { ...env, locals: new Map([...env.locals, [variable, element]]), facts };
}
