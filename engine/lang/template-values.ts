import { isList, isObject, type Json } from '../base/json.ts';
import type { TemplateValue } from '../contracts/template.ts';
import type { Scope } from './evaluate.ts';
import { fail, failMissing } from './failing.ts';
import { helpers, lookUp } from './helpers.ts';
import { printPath } from './template-text.ts';
import { kindOf } from './values.ts';

/** One rendering: what is read, and what the blocks around a place have set, by number. */
export interface Frame {
  readonly scope: Scope;
  /** Values of block names. */
  readonly slots: Json[];
  /** What `this` is, outermost first. */
  readonly contexts: Json[];
  readonly loops: { readonly index: number; readonly first: boolean; readonly last: boolean; readonly key: string | number }[];
}

/** What is known of a place before anything is rendered: the blocks around it. */
export interface Lexical {
  readonly slots: ReadonlyMap<string, number>;
  readonly contexts: number;
  readonly loops: number;
}

export type Read = (frame: Frame) => Json;

/** Gives a value; throws Failed where a step of its path is absent. */
export function strictValue(value: TemplateValue, at: Lexical): Read {
  switch (value.type) {
    case 'literal': {
      const { value: constant } = value;
      return () => constant;
    }
    case 'path':
      return value.data ? readData(value, at) : readPath(value, at, true);
    case 'helper':
      return callHelper(value, at);
  }
}

/** Gives a value, or null where its path ends early: what `{{#if}}`, `default`, `exists`, `and`, `or`, `not` look at. */
export function lenientValue(value: TemplateValue, at: Lexical): Read {
  if (value.type === 'path' && !value.data) return readPath(value, at, false);
  if (value.type === 'helper' && value.name === 'lookup') {
    const [from, key] = value.args;
    if (from !== undefined && key !== undefined) {
      const of = lenientValue(from, at);
      const by = strictValue(key, at);
      return (frame) => lookUp(of(frame), by(frame)) ?? null;
    }
  }
  return strictValue(value, at);
}

function callHelper(value: TemplateValue & { readonly type: 'helper' }, at: Lexical): Read {
  const helper = helpers.get(value.name);
  if (helper === undefined) throw new Error(`the parser let \`${value.name}\` through`);
  const comparesNull =
    (value.name === 'eq' || value.name === 'ne') && value.args.some((one) => one.type === 'literal' && one.value === null);
  const args = value.args.map((argument, index) =>
    comparesNull || helper.tolerant === 'all' || (helper.tolerant === 'first' && index === 0)
      ? lenientValue(argument, at)
      : strictValue(argument, at),
  );
  const hash = Object.entries(value.hash).map(([key, one]) => ({ key, read: strictValue(one, at) }));
  if (hash.length === 0) {
    return (frame) =>
      helper.call(
        args.map((read) => read(frame)),
        {},
      );
  }
  return (frame) =>
    helper.call(
      args.map((read) => read(frame)),
      Object.fromEntries(hash.map(({ key, read }) => [key, read(frame)])),
    );
}

function readData(value: TemplateValue & { readonly type: 'path' }, at: Lexical): Read {
  const loop = at.loops - 1 - value.up;
  const [name] = value.parts;
  return ({ loops }) => {
    const found = loops[loop];
    if (loop < 0 || found === undefined) return fail(`\`${printPath(value)}\` is known only inside \`{{#each}}\``);
    switch (name) {
      case 'index':
        return found.index;
      case 'first':
        return found.first;
      case 'last':
        return found.last;
      default:
        return found.key;
    }
  };
}

function readPath(value: TemplateValue & { readonly type: 'path' }, at: Lexical, strict: boolean): Read {
  const [root, ...rest] = value.parts;
  const slot = value.explicit || root === undefined ? undefined : at.slots.get(root);
  if (slot !== undefined) return (frame) => follow(frame.slots[slot] ?? null, rest, 1, value, strict);
  const context = at.contexts - 1 - value.up;
  const { parts } = value;
  const inScope = (scope: Scope): Json | undefined => (root !== undefined && Object.hasOwn(scope, root) ? scope[root] : undefined);
  // Outside all blocks the context is the scope: `../inputs.x` is what Handlebars has taught people.
  if (context === -1) {
    return ({ scope }) => {
      const from = inScope(scope);
      if (from !== undefined) return follow(from, rest, 1, value, strict);
      return fail(
        root === undefined
          ? `there is no \`${printPath(value)}\` here: it is known inside \`each\` and \`with\``
          : `there is no \`${root}\` here`,
      );
    };
  }
  if (context < -1) return () => fail(`\`${printPath(value)}\` leads out of all blocks`);
  if (value.explicit) return (frame) => follow(frame.contexts[context] ?? null, parts, 0, value, strict);
  return (frame) => {
    const from = inScope(frame.scope);
    return from !== undefined ? follow(from, rest, 1, value, strict) : follow(frame.contexts[context] ?? null, parts, 0, value, strict);
  };
}

/** The value at the end of a path; `done` parts of it are behind `from`. */
function follow(
  from: Json,
  steps: readonly string[],
  done: number,
  value: TemplateValue & { readonly type: 'path' },
  strict: boolean,
): Json {
  let at: Json = from;
  for (const [index, step] of steps.entries()) {
    const next: Json | undefined = isObject(at) ? (Object.hasOwn(at, step) ? at[step] : undefined) : lookUp(at, step);
    if (next === undefined) {
      return strict ? absent(at, step, { ...value, parts: value.parts.slice(0, done + index) }, value) : null;
    }
    at = next;
  }
  return at;
}

function absent(
  at: Json,
  step: string,
  above: TemplateValue & { readonly type: 'path' },
  whole: TemplateValue & { readonly type: 'path' },
): never {
  if (above.parts.length === 0 && !whole.explicit) return failMissing(`there is no \`${printPath(whole)}\` here`);
  const name = printPath(above);
  if (at === null) return failMissing(`\`${name}\` is null, so \`${printPath(whole)}\` is not there`);
  if (isObject(at)) {
    const names = Object.keys(at);
    const known = names.length === 0 || names.length > 8 ? '' : `; it has ${names.map((one) => `\`${one}\``).join(', ')}`;
    return failMissing(`\`${name}\` has no \`${step}\`${known}`);
  }
  if (step === 'length') return fail(`\`${name}\` is ${kindOf(at)}; its length is \`{{length ${name}}}\``);
  if (isList(at)) {
    return /^\d+$/.test(step)
      ? failMissing(`\`${name}\` has ${at.length} element${at.length === 1 ? '' : 's'}, so none at ${step}`)
      : fail(`\`${name}\` is a list and has no \`${step}\`; go over it with \`{{#each ${name}}}\``);
  }
  return fail(`\`${name}\` is ${kindOf(at)} and has no \`${step}\``);
}
