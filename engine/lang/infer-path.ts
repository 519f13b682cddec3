import type { Expr } from '../contracts/expression.ts';
import { lengthOfConstant } from './constant-lists.ts';
import { complainOfNull, guardHelp } from './null-problem.ts';
import { factKey, pathText } from './path-text.ts';
import { ANY, elementOf, fieldOf, isAny, membersOf, NEVER, NULL, type ObjectShape, type Shape, union, withoutNull } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import { valuesIn } from './shape-values.ts';
import type { Env, Mode } from './type-env.ts';
import type { Stretch } from './type-problem.ts';
import { wantType } from './wanted-type.ts';

/** What a field of something gives; that it is not there is a mistake in either mode. */
export function inferField(tree: Expr & { op: 'field' }, env: Env, mode: Mode): Shape {
  const fact = factOf(tree, env);
  const base = env.infer(tree.of, env, mode);
  if (fact !== undefined) return fact;
  return stepInto(tree, tree.name, base, env, mode);
}

/** What is known of a path here and now. Where nothing is known, which is nearly everywhere, its name is not put together. */
function factOf(tree: Expr, { facts }: Env): Shape | undefined {
  return facts.size === 0 ? undefined : facts.get(factKey(tree) ?? '');
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
      // Of nothing at all there are no parts: a loop whose first round has not been looked at yet.
      if (base.type === 'never') return NEVER;
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
      complainOfFlat(tree, name, found.shape, base, at, env);
      return ANY;
  }
}

function complainOfFlat(tree: Expr & { op: 'field' | 'index' }, name: string, flat: Shape, base: Shape, at: Stretch, env: Env): void {
  const of = pathText(tree.of);
  const list = membersOf(flat).some((one) => one.type === 'list');
  const counts = name === 'length' || name === 'size' || name === 'count';
  // Of several types one has the field.
  const may = membersOf(base).some((one) => one.type === 'object');
  const said = may ? `may be ${printSort(flat)}, which has no field "${name}"` : `is ${printSort(flat)}: it has no field "${name}"`;
  env.complain('DAG403', at, `\`${of}\` ${said}`, {
    label: `of ${printShape(may ? base : flat)}`,
    ...(counts
      ? { help: env.notation === 'template' ? `write \`{{length ${of}}}\`` : `write \`size(${of})\`` }
      : list
        ? { help: elementsHelp(of, name, env) }
        : !may && /^(nodes\.\w+\.)?output$/.test(of) && { help: 'for fields, give the node an `output`: `output: { fields: { … } }`' }),
  });
}

function elementsHelp(of: string, name: string, env: Env): string {
  if (env.notation === 'template') return `go through it: \`{{#each ${of} as |x|}} {{x.${name}}} {{/each}}\``;
  return `take one element, \`${of}[0].${name}\`, or all of them, \`${of}.map(x, x.${name})\``;
}

/** What is left of null in the base of a path: answers where one is asking, a mistake where a value is wanted. */
function nullsBelow(of: Expr, base: Shape, env: Env, mode: Mode): readonly Shape[] {
  // Most have no alternatives, and are something.
  if (base.type === 'object') return [];
  const nulls = membersOf(base).filter((one) => one.type === 'null');
  if (nulls.length === 0) return [];
  if (mode === 'asking') return nulls;
  if (nulls.some((one) => one.skipped === undefined)) complainOfNull(of, env);
  return [];
}

/** True for the context of a template's block, which has no name of its own. */
function isHere(tree: Expr): boolean {
  return tree.op === 'name' && tree.name.startsWith('this#');
}

/** What an element of a list, or a field of an object whose name is computed, gives. */
export function inferIndex(tree: Expr & { op: 'index' }, env: Env, mode: Mode): Shape {
  const fact = factOf(tree, env);
  const base = env.infer(tree.of, env, mode);
  const at = mode === 'asking' ? withoutNull(env.infer(tree.at, env, mode)) : env.infer(tree.at, env, mode);
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
      if (literal !== undefined && literal < 0) {
        env.complain('DAG409', tree.at, 'the places of a list are counted from its start, from 0', {
          label: 'before the start',
          help: `the last element is \`last(${pathText(tree.of)})\``,
        });
      }
      if (literal !== undefined && literal >= 0 && (!Number.isInteger(literal) || members.every((list) => isPastEnd(list, literal)))) {
        complainOfPlace(tree, literal, one.tuple?.length ?? 0, env);
        return ANY;
      }
      // What is written in the file now may be changed: who asks whether there is something is right to ask.
      const length = literal === undefined || asking === 'asking' || env.missing ? undefined : lengthWritten(tree.of, env);
      if (literal !== undefined && length !== undefined && literal >= length) {
        complainOfPlace(tree, literal, length, env);
        return ANY;
      }
      const exact = literal === undefined ? undefined : one.tuple?.[literal];
      const element = exact ?? elementOf(one);
      results.push(element.type === 'never' ? ANY : element);
      // An index past the end is found in the run only; whoever asks gets null.
      if (exact === undefined && asking === 'asking') results.push(NULL);
      else if (exact === undefined) env.missing?.([]);
    } else if (one.type === 'object') {
      wantType(tree.at, at, ['string'], 'the key of an object', 'text', env);
      const named = namedBy(tree, one, at, asking, env);
      if (named !== undefined) {
        results.push(named);
        continue;
      }
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

/** True of a list whose elements are all known, and none of them is at that place. */
function isPastEnd(list: Shape, place: number): boolean {
  return list.type === 'list' && list.tuple?.[place] === undefined && list.tuple !== undefined && list.element.type === 'never';
}

/** How many elements a list has that is written in the file: here, or as a constant. */
function lengthWritten(list: Expr, env: Env): number | undefined {
  return list.op === 'list' ? list.items.length : lengthOfConstant(list, env);
}

function complainOfPlace(tree: Expr & { op: 'index' }, place: number, count: number, env: Env): void {
  const of = pathText(tree.of);
  if (!Number.isInteger(place)) {
    env.complain('DAG409', tree.at, 'the places of a list are whole numbers', { label: 'between two places' });
    return;
  }
  if (count === 0) {
    env.complain('DAG409', tree.at, `\`${of}\` is an empty list: there is nothing at ${place}`, { label: 'past the end' });
    return;
  }
  env.complain('DAG409', tree.at, `\`${of}\` has ${count} element${count === 1 ? '' : 's'}: there is none at ${place}`, {
    label: 'past the end',
    help: `places are counted from 0; the last element is \`${of}[${count - 1}]\``,
  });
}

/** What an object has under a name that is one of a few; undefined where the name may be any. */
function namedBy(tree: Expr & { op: 'index' }, of: ObjectShape, at: Shape, mode: Mode, env: Env): Shape | undefined {
  const names = valuesIn(at)?.filter((value) => typeof value === 'string');
  if (names === undefined || names.length === 0) return undefined;
  const found = names.map((name) => ({ name, ...fieldOf(of, name) }));
  const lacking = found.filter(({ found: how }) => how === 'never' || how === 'sometimes').map(({ name }) => name);
  const shapes = union(...found.map((one) => ('shape' in one ? one.shape : NEVER)));
  if (mode === 'asking') return lacking.length > 0 || found.some(({ found: how }) => how === 'unlisted') ? union(shapes, NULL) : shapes;
  if (lacking.length === 0) {
    if (found.some(({ found: how }) => how === 'unlisted')) env.missing?.([]);
    return shapes;
  }
  const [path, key] = [pathText(tree.of), pathText(tree.at)];
  // What a block goes through has the name that the block gives it, which is not known here.
  const under = key.startsWith('this') ? 'this name' : `\`${key}\``;
  const first = lacking.slice(0, 3).map((name) => `"${name}"`);
  const inTemplate = env.notation === 'template';
  env.complain('DAG404', tree, `\`${path}\` may have nothing under ${under}`, {
    label: `nothing under ${first.join(', ')}${lacking.length > 3 ? ', …' : ''}`,
    help: `add ${lacking.length === 1 ? 'it' : 'them'}, or say what holds then: ${inTemplate ? '`default (lookup …) "…"`' : `\`coalesce(${path}[${key}], …)\``}`,
  });
  return shapes.type === 'never' ? ANY : shapes;
}

/** Where the last step of a path is written. */
function lastStep(tree: Expr & { op: 'field' | 'index' }, name: string): Stretch {
  if (tree.op === 'index') return tree.at;
  return { start: Math.max(tree.start, tree.end - name.length), end: tree.end };
}
