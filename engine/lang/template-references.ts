import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { common, type Facts, guardOf, knownPart, NO_FACTS, outputThatRan, type Steps } from './guards.ts';
import { helpers } from './helpers.ts';
import { scopeNames } from './scope-names.ts';
import { parseTemplate } from './template.ts';
import { printPath } from './template-text.ts';

/**
 * What a template reads, in the order it is written. What a partial reads counts as read at the tag that calls it.
 *
 * `names` are the names in scope beside those of the language: a fan-out's `as`. A bare name that is neither is a field of the
 * innermost context, or, outside all blocks, a name that does not exist, which is reported as it stands.
 */
export function referencesInTemplate(
  parts: readonly TemplatePart[],
  at: Path,
  partials: Readonly<Record<string, string>>,
  names: ReadonlySet<string> = scopeNames,
): Reference[] {
  const found: Reference[] = [];
  walkAll(parts, { at, found, partials, names, contexts: [], locals: new Map(), facts: NO_FACTS, open: [], calls: { left: 1000 } });
  return found;
}

interface Place {
  readonly at: Path;
  readonly found: Reference[];
  readonly partials: Readonly<Record<string, string>>;
  readonly names: ReadonlySet<string>;
  /** What `this` is, innermost last; undefined where it is no path. */
  readonly contexts: readonly (Steps | undefined)[];
  readonly locals: ReadonlyMap<string, Steps | undefined>;
  readonly facts: Facts;
  /** Partials being read, so that one that calls itself ends. */
  readonly open: readonly string[];
  /** How many more partials are read: partials that call each other twice grow fast. */
  readonly calls: { left: number };
  /** The tag that called the partial being read. */
  readonly tag?: { readonly start: number; readonly end: number };
  /** The partial being read, and what it is given. */
  readonly partial?: Reference['partial'];
}

function walkAll(parts: readonly TemplatePart[], place: Place): void {
  for (const part of parts) walk(part, place);
}

function walk(part: TemplatePart, place: Place): void {
  switch (part.type) {
    case 'text':
      return;
    case 'print':
      read(part.value, place, 'use');
      return;
    case 'if': {
      readTested(part.test, place, 'test');
      const when = (outcome: boolean): Place => ({ ...place, facts: [...place.facts, ...factsOf(part.test, outcome, place)] });
      walkAll(part.then, when(!part.negated));
      walkAll(part.otherwise, when(part.negated));
      return;
    }
    case 'each': {
      read(part.of, place, 'use');
      const of = resolve(part.of, place);
      const element = of === undefined ? undefined : [...of, '[]'];
      walkAll(part.body, inside(place, element, [element, undefined], part.names));
      walkAll(part.otherwise, place);
      return;
    }
    case 'with': {
      read(part.of, place, 'use');
      const of = resolve(part.of, place);
      walkAll(part.body, inside(place, of, [of], part.names));
      walkAll(part.otherwise, place);
      return;
    }
    case 'partial':
      walkPartial(part, place);
  }
}

function inside(place: Place, context: Steps | undefined, values: readonly (Steps | undefined)[], names: readonly string[]): Place {
  const locals = new Map(place.locals);
  for (const [index, name] of names.entries()) locals.set(name, values[index]);
  return { ...place, contexts: [...place.contexts, context], locals };
}

/** What is handed to a partial is read where the partial uses it; handing it over only asks what it is. */
function walkPartial(part: TemplatePart & { readonly type: 'partial' }, place: Place): void {
  const locals = new Map(place.locals);
  for (const [name, value] of Object.entries(part.hash)) {
    readTested(value, place, 'test');
    locals.set(name, resolve(value, place));
  }
  let contexts = place.contexts;
  if (part.context !== undefined) {
    readTested(part.context, place, 'test');
    contexts = [...contexts, resolve(part.context, place)];
  }
  const text = Object.hasOwn(place.partials, part.name) ? place.partials[part.name] : undefined;
  if (text === undefined || place.open.includes(part.name) || place.calls.left-- <= 0) return;
  const parsed = parseTemplate(text);
  if (!parsed.ok) return;
  const tag = place.tag ?? { start: part.start, end: part.end };
  const partial = { name: part.name, given: Object.keys(part.hash) };
  walkAll(parsed.tree, { ...place, locals, contexts, tag, partial, open: [...place.open, part.name] });
}

type How = 'use' | 'guarded' | 'test';

function read(value: TemplateValue, place: Place, how: How): void {
  switch (value.type) {
    case 'literal':
      return;
    case 'path': {
      const path = resolve(value, place);
      if (path === undefined) return;
      const use = how !== 'test';
      const { start, end } = place.tag ?? value;
      const guardedBy = !use ? undefined : how === 'guarded' ? 'default' : guardOf(path, place.facts);
      const guarded = guardedBy !== undefined;
      const { at, partial } = place;
      place.found.push({
        path,
        text: printPath(value),
        at,
        start,
        end,
        use,
        guarded,
        ...(guarded && { guardedBy }),
        ...(partial && { partial }),
      });
      return;
    }
    case 'helper': {
      const tolerant = helpers.get(value.name)?.tolerant;
      const compared = nullTest(value);
      for (const [index, argument] of value.args.entries()) {
        if (tolerant === 'all' || argument === compared) readTested(argument, place, 'test');
        else if (tolerant === 'first' && index === 0) readTested(argument, place, 'guarded');
        else read(argument, place, 'use');
      }
      for (const argument of Object.values(value.hash)) read(argument, place, 'use');
    }
  }
}

/** Only a path, or what is looked up in one, may be missing where a helper asks for it: other helpers need their values. */
function readTested(value: TemplateValue, place: Place, how: 'test' | 'guarded'): void {
  if (value.type === 'path') read(value, place, how);
  else if (value.type === 'helper' && value.name === 'lookup') {
    for (const [index, argument] of value.args.entries()) {
      if (index === 0) readTested(argument, place, how);
      else read(argument, place, 'use');
    }
  } else read(value, place, 'use');
}

/** What a path stands for, or undefined where that is not known before the run. */
function resolve(value: TemplateValue, place: Place): Steps | undefined {
  if (value.type !== 'path' || value.data) return undefined;
  const steps = value.parts.map((part) => (/^\d+$/.test(part) ? '[]' : part));
  const [root] = value.parts;
  if (!value.explicit && root !== undefined) {
    if (place.locals.has(root)) {
      const local = place.locals.get(root);
      return local === undefined ? undefined : [...local, ...steps.slice(1)];
    }
    if (place.names.has(root) || place.contexts.length === 0) return steps;
  }
  // Outside all blocks the context is the scope itself: `../inputs.x` is what Handlebars has taught people.
  if (value.up === place.contexts.length) return steps.length > 0 ? steps : undefined;
  const context = place.contexts[place.contexts.length - 1 - value.up];
  return context === undefined ? undefined : [...context, ...steps];
}

/** The paths that are there and not null when a test is `outcome`. */
function factsOf(test: TemplateValue, outcome: boolean, place: Place): Facts {
  if (test.type === 'path') return outcome ? factOf(test, place) : NO_FACTS;
  if (test.type === 'literal') return NO_FACTS;
  const [first] = test.args;
  switch (test.name) {
    case 'not':
      return first === undefined ? NO_FACTS : factsOf(first, !outcome, place);
    case 'exists':
      return first !== undefined && outcome ? factOf(first, place) : NO_FACTS;
    case 'and':
    case 'or': {
      const each = test.args.map((argument) => factsOf(argument, outcome, place));
      return (test.name === 'and') === outcome
        ? each.flat()
        : (each.reduce<Facts | undefined>((a, b) => (a === undefined ? b : common(a, b)), undefined) ?? NO_FACTS);
    }
    case 'eq':
    case 'ne': {
      const ran = ranTest(test, outcome, place);
      if (ran !== undefined) return ran;
      const compared = nullTest(test);
      return compared !== undefined && (test.name === 'ne') === outcome ? factOf(compared, place) : NO_FACTS;
    }
    default:
      return NO_FACTS;
  }
}

/** `(eq nodes.x.status "succeeded")`, or `(ne … "skipped")`: x was not skipped. */
function ranTest({ name, args }: TemplateValue & { readonly type: 'helper' }, outcome: boolean, place: Place): Facts | undefined {
  const [a, b] = args;
  const [of, value] = b?.type === 'literal' ? [a, b] : [b, a];
  if (of === undefined || value?.type !== 'literal') return undefined;
  const output = outputThatRan(resolve(of, place), value.value, (name === 'eq') === outcome);
  return output === undefined ? undefined : [output];
}

function factOf(tested: TemplateValue, place: Place): Facts {
  const path = resolve(tested, place);
  return path === undefined ? NO_FACTS : [knownPart(path)];
}

/** The path compared with null in `(eq x null)` and `(ne null x)`. */
function nullTest(value: TemplateValue & { readonly type: 'helper' }): TemplateValue | undefined {
  if (value.name !== 'eq' && value.name !== 'ne') return undefined;
  const [a, b] = value.args;
  const isNull = (one: TemplateValue | undefined): boolean => one?.type === 'literal' && one.value === null;
  const tested = isNull(b) ? a : isNull(a) ? b : undefined;
  return tested?.type === 'path' ? tested : undefined;
}
