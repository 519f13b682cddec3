import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import { explainParseError } from './expression-mistakes.ts';
import { insteadOf } from './function-advice.ts';
import { functionNames, functions } from './functions.ts';
import { Mistake, type Parsed, type SyntaxProblem } from './parsed.ts';

/** What cel-js gives; only its shape is relied on, never its evaluator. */
interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

/** An expression nested deeper, or of more parts, is refused: no one can read it, and evaluating it recurses. */
const MAX_DEPTH = 60;
const MAX_NODES = 2000;

const cel = new Environment({
  unlistedVariablesAreDyn: true,
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: MAX_NODES, maxDepth: MAX_DEPTH, maxCallArguments: 32, maxListElements: 500, maxMapEntries: 500 },
});

const MACROS = ['all', 'exists', 'exists_one', 'map', 'filter'] as const;
type MacroName = (typeof MACROS)[number];
const isMacro = (name: string): name is MacroName => (MACROS as readonly string[]).includes(name);

/** Every name that can be called: functions, macros, and the three that look at whether a value is there. */
const callableNames: readonly string[] = [...functionNames, ...MACROS, 'has', 'coalesce', 'optional'];

/** Words of other languages that parse as names but can never be one. */
const FOREIGN_WORDS: Readonly<Record<string, string>> = {
  True: 'true',
  TRUE: 'true',
  False: 'false',
  FALSE: 'false',
  None: 'null',
  nil: 'null',
  NULL: 'null',
  Null: 'null',
  undefined: 'null',
};

/**
 * What was parsed last: reading a file asks for each of its expressions six times or so (what it reads, its types, what its condition lets
 * through), and every run of its plan does again. All is forgotten when there is more text than that of a very large file.
 */
const parsed = new Map<string, Parsed<Expr>>();
const MOST_LETTERS = 1_000_000;
let letters = 0;

/** The tree of a CEL expression, or what is wrong with its text. Never throws. The same text gives the same tree, which nobody may change. */
export function parseExpression(text: string): Parsed<Expr> {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const found = parse(text);
  letters += text.length;
  if (letters > MOST_LETTERS) {
    parsed.clear();
    letters = text.length;
  }
  parsed.set(text, found);
  return found;
}

function parse(text: string): Parsed<Expr> {
  try {
    return { ok: true, tree: convert(cel.parse(text).ast as unknown as CelNode) };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, problem: error.problem };
    if (error instanceof ParseError) {
      const { code, range } = error as unknown as { code?: string; range?: { start: number; end: number } };
      return { ok: false, problem: explainParseError(text, code ?? '', range?.start ?? 0, range?.end ?? text.length) };
    }
    // The parser recurses, so a text of ten thousand brackets ends the stack before any limit is met.
    if (error instanceof RangeError) {
      return { ok: false, problem: { message: 'this expression is nested too deeply', start: 0, end: text.length, help: TOO_LARGE } };
    }
    throw error;
  }
}

const TOO_LARGE = 'compute a part of it in a node of `kind: set` and read that';

function mistake(at: { readonly start: number; readonly end: number }, message: string, more: Partial<SyntaxProblem> = {}): never {
  throw new Mistake({ message, start: at.start, end: at.end, ...more });
}

/** One side of an operator with two. */
function side(node: CelNode, which: 0 | 1): Expr {
  return convert((node.args as [CelNode, CelNode])[which]);
}

function convert(node: CelNode): Expr {
  // Written out in every branch: spreading `at` into each tree takes fifteen times as long as all the rest.
  const { start, end } = node;
  const at = { start, end };
  switch (node.op) {
    case 'value':
      return { start, end, op: 'literal', value: literal(node.args, at) };
    case 'id': {
      const name = node.args as string;
      const word = Object.hasOwn(FOREIGN_WORDS, name) ? FOREIGN_WORDS[name] : undefined;
      if (word !== undefined) mistake(at, `\`${name}\` is not a word of expressions`, { help: `write \`${word}\`` });
      return { start, end, op: 'name', name };
    }
    case '.':
    case '.?': {
      const [of, name] = node.args as [CelNode, string];
      return { start, end, op: 'field', of: convert(of), name, optional: node.op === '.?' };
    }
    case '[]':
    case '[?]': {
      const [of, index] = node.args as [CelNode, CelNode];
      return { start, end, op: 'index', of: convert(of), at: convert(index), optional: node.op === '[?]' };
    }
    case '!_':
      return { start, end, op: 'not', of: convert(node.args as CelNode) };
    case '-_': {
      const of = convert(node.args as CelNode);
      // -1 is a number, so that what looks for constants finds one.
      if (of.op === 'literal' && typeof of.value === 'number') return { start, end, op: 'literal', value: -of.value };
      return { start, end, op: 'negate', of };
    }
    case '&&':
      return { start, end, op: 'and', left: side(node, 0), right: side(node, 1) };
    case '||':
      return { start, end, op: 'or', left: side(node, 0), right: side(node, 1) };
    case '?:': {
      const [test, then, otherwise] = node.args as [CelNode, CelNode, CelNode];
      // biome-ignore lint/suspicious/noThenProperty: a tree is never awaited, and its branch is called `then` everywhere.
      return { start, end, op: 'conditional', test: convert(test), then: convert(then), otherwise: convert(otherwise) };
    }
    case 'list':
      return { start, end, op: 'list', items: (node.args as CelNode[]).map(convert) };
    case 'map':
      return { start, end, op: 'object', entries: (node.args as [CelNode, CelNode][]).map(([key, value]) => entry(key, value)) };
    case 'call': {
      const [name, args] = node.args as [string, CelNode[]];
      return call(name, undefined, args, at);
    }
    case 'rcall': {
      const [name, receiver, args] = node.args as [string, CelNode, CelNode[]];
      return call(name, receiver, args, at);
    }
    case '-': {
      const tree: Expr = { start, end, op: 'binary', operator: '-', left: side(node, 0), right: side(node, 1) };
      refuseDashedName(tree);
      return tree;
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '+':
    case '*':
    case '/':
    case '%':
    case 'in':
      return { start, end, op: 'binary', operator: node.op, left: side(node, 0), right: side(node, 1) };
    default:
      return mistake(at, `\`${node.op}\` is not part of expressions`);
  }
}

function literal(value: unknown, at: { start: number; end: number }): Json {
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      mistake(at, 'this number is too large to be exact', { help: 'write it as text, in quotes, if it is an id' });
    }
    return number;
  }
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return mistake(at, 'there are no bytes in JSON', { help: 'write the text without `b`' });
  return mistake(at, 'there is one type of number, without `u`', { help: 'write the number alone' });
}

function entry(key: CelNode, value: CelNode): { key: Expr; value: Expr } {
  if (key.op === 'id') {
    mistake(key, `the key \`${String(key.args)}\` needs quotes`, { help: `write \`"${String(key.args)}": …\`` });
  }
  return { key: convert(key), value: convert(value) };
}

/** `nodes.my-step.output` reads as `nodes.my` minus `step.output`, which nobody means. */
function refuseDashedName(tree: Expr & { op: 'binary' }): void {
  const { left, right } = tree;
  if (left.op !== 'field' || left.of.op !== 'name' || left.of.name !== 'nodes') return;
  let root = right;
  while (root.op === 'field' || root.op === 'index') root = root.of;
  if (root.op !== 'name' || right.start !== left.end + 1) return;
  const dashed = `${left.name}-${root.name}`;
  mistake({ start: left.end - left.name.length, end: root.end }, `\`${dashed}\` is a subtraction here, not a name`, {
    help: `ids are written with \`_\`: \`${dashed.replace('-', '_')}\``,
  });
}

function call(name: string, receiver: CelNode | undefined, args: readonly CelNode[], at: { start: number; end: number }): Expr {
  if (isMacro(name)) return macro(name, receiver, args, at);
  const { start, end } = at;
  const all = receiver === undefined ? args : [receiver, ...args];
  switch (name) {
    case 'has': {
      const [of] = args;
      if (receiver !== undefined || args.length !== 1 || of?.op !== '.') {
        mistake(at, '`has` takes one path that ends in a field', { help: 'write `has(inputs.config.name)`' });
      }
      return { start, end, op: 'has', of: convert(of) };
    }
    case 'coalesce':
      if (receiver !== undefined || args.length === 0)
        mistake(at, '`coalesce` takes its values as arguments', { help: 'write `coalesce(a, b)`' });
      return { start, end, op: 'coalesce', args: args.map(convert) };
    case 'optional': {
      const [of] = args;
      if (receiver !== undefined || args.length !== 1 || of === undefined) {
        mistake(at, '`optional` takes one path', { help: 'write `optional(nodes.review.output)`' });
      }
      return { start, end, op: 'optional', of: convert(of) };
    }
  }
  const known = functions.get(name);
  if (known === undefined) {
    const help = insteadOf(name);
    mistake(at, `there is no function \`${name}\``, { name, candidates: callableNames, ...(help === undefined ? {} : { help }) });
  }
  if (all.length < known.min || all.length > known.max) {
    mistake(at, `\`${name}\` takes ${count(known.min, known.max)}, not ${all.length}`, { help: `write \`${known.usage}\`` });
  }
  if (receiver !== undefined && !known.method)
    mistake(at, `\`${name}\` is called with its value inside`, { help: `write \`${known.usage}\`` });
  if (name === 'sort_by' && all[1]?.op === 'id' && all.length === 3) {
    mistake(at, '`sort_by` takes the name of a field as text', { help: 'write `sort_by(list, "field")`' });
  }
  return { start, end, op: 'call', name, method: receiver !== undefined, args: all.map(convert) };
}

function count(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return `at least ${min} argument${min === 1 ? '' : 's'}`;
  return min === max ? `${min} argument${min === 1 ? '' : 's'}` : `${min} to ${max} arguments`;
}

function macro(name: MacroName, receiver: CelNode | undefined, args: readonly CelNode[], at: { start: number; end: number }): Expr {
  const usage = `list.${name}(x, …)`;
  if (receiver === undefined) mistake(at, `\`${name}\` is called on a list`, { help: `write \`${usage}\`` });
  const [variable, second, third] = args;
  const most = name === 'map' ? 3 : 2;
  if (variable === undefined || second === undefined || args.length > most) {
    mistake(at, `\`${name}\` takes a name for one element and what to do with it`, { help: `write \`${usage}\`` });
  }
  if (variable.op !== 'id')
    mistake(variable, `the first argument of \`${name}\` is a name for one element`, { help: `write \`${usage}\`` });
  const body = convert(third ?? second);
  return {
    start: at.start,
    end: at.end,
    op: 'macro',
    name,
    of: convert(receiver),
    variable: variable.args as string,
    ...(third === undefined ? {} : { where: convert(second) }),
    body,
  };
}
