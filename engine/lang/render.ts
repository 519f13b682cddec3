import { invariant } from '../base/assert.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { Budget } from './budget.ts';
import type { Scope } from './evaluate.ts';
import { fail, failMissing } from './failing.ts';
import { isTruthy } from './helpers.ts';
import { parseTemplate } from './template.ts';
import { printValue } from './template-text.ts';
import { type Frame, type Lexical, lenientValue, type Read, strictValue } from './template-values.ts';
import { kindOf } from './values.ts';

/** Characters of the longest text a template may make: about a million tokens, more than any model reads. */
const MAX_OUTPUT = 4 * 1024 * 1024;
/** Parts of a template with all its partials: partials that call each other twice grow fast. */
const MAX_PARTS = 20_000;

type Print = (frame: Frame, out: Output) => void;

interface Output {
  text: string;
  readonly budget: Budget;
}

interface Compiling extends Lexical {
  readonly partials: Readonly<Record<string, string>>;
  readonly open: readonly string[];
  readonly count: { parts: number };
}

/**
 * A function that renders a template on a scope; it throws Failed (expression_failed) where a value is absent, or is one that does
 * not print: null, a list, an object. Nothing is escaped. `partials` are texts by name; they were checked with the template.
 */
export function compileTemplate(parts: readonly TemplatePart[], partials: Readonly<Record<string, string>>): (scope: Scope) => string {
  const [only] = parts;
  if (only === undefined) return () => '';
  if (parts.length === 1 && only.type === 'text') {
    const { text } = only;
    return () => text;
  }
  const print = compileAll(parts, { slots: new Map(), count: { parts: 0 }, contexts: 0, loops: 0, partials, open: [] });
  return (scope) => {
    const out: Output = { text: '', budget: new Budget() };
    print({ scope, slots: [], contexts: [], loops: [] }, out);
    return out.text;
  };
}

function compileAll(parts: readonly TemplatePart[], at: Compiling): Print {
  const printers = parts.map((part) => compile(part, at));
  const [first] = printers;
  if (first !== undefined && printers.length === 1) return first;
  return (frame, out) => {
    for (const print of printers) print(frame, out);
  };
}

function write(out: Output, text: string): void {
  out.text += text;
  if (out.text.length > MAX_OUTPUT) fail(`this template makes a text of more than ${MAX_OUTPUT / 1024 / 1024} million characters`);
}

function compile(part: TemplatePart, at: Compiling): Print {
  if (++at.count.parts > MAX_PARTS) fail('this template and its partials have too many parts; call fewer partials from partials');
  switch (part.type) {
    case 'text': {
      const { text } = part;
      return (_, out) => write(out, text);
    }
    case 'print': {
      const read = strictValue(part.value, at);
      const { value } = part;
      return (frame, out) => write(out, textOf(read(frame), value));
    }
    case 'if': {
      const test = lenientValue(part.test, at);
      const then = compileAll(part.then, at);
      const otherwise = compileAll(part.otherwise, at);
      const { negated } = part;
      return (frame, out) => (isTruthy(test(frame)) !== negated ? then : otherwise)(frame, out);
    }
    case 'each':
      return compileEach(part, at);
    case 'with':
      return compileWith(part, at);
    case 'partial':
      return compilePartial(part, at);
  }
}

function compileEach(part: TemplatePart & { readonly type: 'each' }, at: Compiling): Print {
  const read = strictValue(part.of, at);
  const [element, place] = named(part.names, at);
  const body = compileAll(part.body, { ...at, slots: slotsWith(at, part.names), contexts: at.contexts + 1, loops: at.loops + 1 });
  const otherwise = compileAll(part.otherwise, at);
  const { contexts: context, loops: loop } = at;
  return (frame, out) => {
    const of = read(frame);
    if (!isList(of) && !isObject(of)) {
      const message = `\`{{#each}}\` goes over a list or an object, but \`${printValue(part.of)}\` is ${kindOf(of)}`;
      return of === null ? failMissing(message) : fail(message);
    }
    const keys = isList(of) ? undefined : Object.keys(of);
    const count = keys?.length ?? (of as readonly Json[]).length;
    if (count === 0) return otherwise(frame, out);
    out.budget.spend(count);
    for (let index = 0; index < count; index++) {
      const key = keys?.[index] ?? index;
      const value = isList(of) ? (of[index] ?? null) : (of[key] ?? null);
      frame.contexts[context] = value;
      frame.loops[loop] = { index, first: index === 0, last: index === count - 1, key };
      if (element !== undefined) frame.slots[element] = value;
      if (place !== undefined) frame.slots[place] = key;
      body(frame, out);
    }
  };
}

function compileWith(part: TemplatePart & { readonly type: 'with' }, at: Compiling): Print {
  const read = strictValue(part.of, at);
  const [name] = named(part.names, at);
  const body = compileAll(part.body, { ...at, slots: slotsWith(at, part.names), contexts: at.contexts + 1 });
  const otherwise = compileAll(part.otherwise, at);
  const { contexts: context } = at;
  return (frame, out) => {
    const value = read(frame);
    if (value === null) return failMissing(`\`{{#with}}\` needs a value, but \`${printValue(part.of)}\` is null`);
    if (!isTruthy(value)) return otherwise(frame, out);
    frame.contexts[context] = value;
    if (name !== undefined) frame.slots[name] = value;
    return body(frame, out);
  };
}

/** A partial is compiled where it is called: it sees the names of that place. What it is given may be null until it is used. */
function compilePartial(part: TemplatePart & { readonly type: 'partial' }, at: Compiling): Print {
  const { name, indent } = part;
  if (at.open.includes(name))
    return fail(`the partial \`${name}\` calls itself: ${[...at.open, name].map((one) => `\`${one}\``).join(' → ')}`);
  const text = Object.hasOwn(at.partials, name) ? at.partials[name] : undefined;
  const parsed = text === undefined ? undefined : parseTemplate(text);
  invariant(parsed?.ok, `the partial ${name} was checked`);
  const names = Object.keys(part.hash);
  const values = Object.values(part.hash).map((value) => lenientValue(value, at));
  const context = part.context === undefined ? undefined : lenientValue(part.context, at);
  const slots = named(names, at);
  const inner = { ...at, slots: slotsWith(at, names), contexts: at.contexts + (context === undefined ? 0 : 1), open: [...at.open, name] };
  const body = compileAll(parsed.tree, inner);
  return (frame, out) => {
    assign(frame, slots, values);
    if (context !== undefined) frame.contexts[at.contexts] = context(frame);
    if (indent === '') return body(frame, out);
    const own: Output = { text: '', budget: out.budget };
    body(frame, own);
    return write(out, own.text.replace(/^(?=[^\r\n])/gm, indent));
  };
}

function assign(frame: Frame, slots: readonly number[], values: readonly Read[]): void {
  // All are read before one is set: a value may read the name it takes.
  const read = values.map((value) => value(frame));
  for (const [index, slot] of slots.entries()) frame.slots[slot] = read[index] ?? null;
}

/** A slot for each new name. A name that hides another gets its own, so that the other is there again afterwards. */
function named(names: readonly string[], at: Lexical): readonly number[] {
  const next = Math.max(-1, ...at.slots.values()) + 1;
  return names.map((_, index) => next + index);
}

function slotsWith(at: Lexical, names: readonly string[]): ReadonlyMap<string, number> {
  const slots = new Map(at.slots);
  const numbers = named(names, at);
  for (const [index, name] of names.entries()) slots.set(name, numbers[index] ?? 0);
  return slots;
}

function textOf(value: Json, written: TemplateValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  // A candidate that is data is judged and revised as a text like any other.
  if (value !== null && isCandidate(written)) return JSON.stringify(value, null, 2);
  const name = printValue(written);
  if (value === null)
    return failMissing(`\`${name}\` is null and cannot be printed; guard it with \`{{#if …}}\`, or write \`{{default … "instead"}}\``);
  const what = isList(value)
    ? 'a list; print it with `bullets`, `join` or `json`'
    : 'an object; print it with `json` or `yaml`, or one of its fields';
  return fail(`\`${name}\` is ${what}`);
}

function isCandidate(written: TemplateValue): boolean {
  return written.type === 'path' && !written.explicit && !written.data && written.parts.length === 1 && written.parts[0] === 'candidate';
}
