import { describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/base/json.ts';
import { Failed } from '../../../engine/contracts/failure.ts';
import { compileExpression, type Scope } from '../../../engine/lang/evaluate.ts';
import { parseExpression } from '../../../engine/lang/expression.ts';
import { functions } from '../../../engine/lang/functions.ts';
import { operandsOf } from '../../../engine/lang/operands.ts';
import { compileSource, expressionsIn } from '../../../engine/lang/structure.ts';

const scope: Scope = {
  inputs: { n: 3, f: 2.5, text: 'héllo', list: [1, 2, 3], o: { a: 1, none: null }, files: ['src/core/a.ts', 'x'], modules: ['src/core/'] },
  nodes: { classify: { output: { risk: 0.2 } }, skipped: { output: null, status: 'skipped' } },
  index: 1,
};

function evaluate(text: string, on: Scope = scope): Json {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return compileExpression(parsed.tree)(on);
}

function failureOf(text: string, on: Scope = scope): string {
  try {
    return `it gave ${JSON.stringify(evaluate(text, on))}`;
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    expect(error.failure.type).toBe('expression_failed');
    return error.failure.message;
  }
}

describe('values', () => {
  test.each<[string, Json]>([
    // one type of number
    ['7 / 2', 3.5],
    ['7 % 4', 3],
    ['-7 % 4', -3],
    ['1 == 1.0', true],
    ['0.1 + 0.2', 0.1 + 0.2],
    ['inputs.n * inputs.f', 7.5],
    ['-inputs.n', -3],
    ['2 + 3 * 4 - 1', 13],
    ['inputs.list[index]', 2],
    ['inputs.list[1.0]', 2],
    // paths
    ['inputs.o.a', 1],
    ['inputs["o"]["a"]', 1],
    ['inputs.o', { a: 1, none: null }],
    ['inputs.?absent', null],
    ['inputs.?absent.x.y[0]', null],
    ['inputs.list[?9]', null],
    // texts, lists, objects
    ['"a" + "b"', 'ab'],
    ['[1] + [2, 3]', [1, 2, 3]],
    ['{"k": inputs.n, "l": [1, "x"]}', { k: 3, l: [1, 'x'] }],
    ['[1, "a", null, {}]', [1, 'a', null, {}]],
    // comparing
    ['"a" < "b" && 2 >= 2 && 1 <= 2 && 3 > 2', true],
    ['{"a": [1, {"b": 2}]} == {"a": [1, {"b": 2}]}', true],
    ['{"a": 1, "b": 2} == {"b": 2, "a": 1}', true],
    ['{"a": 1} == {"a": 1, "b": 2}', false],
    ['[1, 2] != [2, 1]', true],
    ['1 == "1"', false],
    ['null == false', false],
    ['2 in inputs.list', true],
    ['[1] in [[1], 2]', true],
    ['"a" in inputs.o', true],
    ['"toString" in inputs.o', false],
    // short circuit, left to right
    ['false && inputs.absent', false],
    ['true || inputs.absent', true],
    ['true ? 1 : inputs.absent', 1],
    ['!(1 > 2)', true],
    // null tests
    ['inputs.o.none == null', true],
    ['inputs.o.absent == null', true],
    ['inputs.o.absent.deeper != null', false],
    ['null != inputs.o.absent', false],
    ['nodes.skipped.output == null', true],
    ['nodes.skipped.output.x == null', true],
    ['inputs.list[9] == null', true],
    ['nodes.skipped.output != null && nodes.skipped.output.x > 1', false],
    ['nodes.skipped.output == null ? "none" : nodes.skipped.output.x', 'none'],
    // has, coalesce, optional
    ['has(inputs.o.a)', true],
    ['has(inputs.o.absent)', false],
    ['has(inputs.o.none)', false],
    ['has(nodes.skipped.output.x)', false],
    ['coalesce(inputs.o.absent.x, inputs.o.none, "z", inputs.absent)', 'z'],
    ['coalesce(inputs.o.none, null)', null],
    ['coalesce(size(nodes.skipped.output), 0)', 0],
    ['coalesce(nodes.skipped.output.map(x, x.a), [])', []],
    ['coalesce(nodes.skipped.output.a + 1, 0)', 0],
    ['coalesce(nodes.skipped.output && true, false)', false],
    ['coalesce(last([]), 4)', 4],
    ['coalesce(false, true)', false],
    ['optional(nodes.skipped.output.x.y)', null],
    ['optional(inputs.o.a)', 1],
    // macros
    ['inputs.list.map(x, x * 2)', [2, 4, 6]],
    ['inputs.list.map(x, x > 1, x * 2)', [4, 6]],
    ['inputs.list.filter(x, x != 2)', [1, 3]],
    ['inputs.list.all(x, x > 0)', true],
    ['[].all(x, x)', true],
    ['inputs.list.exists(x, x == 3)', true],
    ['inputs.list.exists_one(x, x > 2)', true],
    ['inputs.list.exists_one(x, x > 1)', false],
    ['inputs.list.map(x, [10, 20].map(x, x + 1).map(y, [x, y]))', [1, 2, 3].map((x) => [11, 21].map((y) => [x, y]))],
    ['inputs.o.exists(key, key == "none")', true],
    ['inputs.files.exists(f, inputs.modules.exists(m, f.startsWith(m)))', true],
    ['inputs.list.exists(index, index == 3) && index == 1', true],
    // functions, where they are not plain
    ['size(inputs.text)', 5],
    ['slice("héllo", -3)', 'llo'],
    ['slice("a𝒳b", 1, 2)', '𝒳'],
    ['round(1.005, 2)', 1.01],
    ['round(-2.5)', -3],
    ['round(1e21)', 1e21],
    ['int(-7 / 2)', -3],
    ['int(" 42 ")', 42],
    ['double("1e3")', 1000],
    ['string(1e21) + string(true)', '1e+21true'],
    ['min(inputs.list) + max(4, 5)', 6],
    ['sum([])', 0],
    ['unique([1, "1", {"a": 1}, {"a": 1}, 1])', [1, '1', { a: 1 }]],
    ['sort(["b", "a"], "desc")', ['b', 'a']],
    ['sort_by([{"a": {"b": 2}, "k": 1}, {"a": {"b": 1}}, {"a": {"b": 2}, "k": 2}], "a.b", "desc").map(x, x.?k)', [1, 2, null]],
    ['join([1, true, "x"])', '1truex'],
    ['split("a", "")', ['a']],
    ['regex("abc", "B")', false],
    ['keys(merge({"__proto__": 1}, {"b": 2}))', ['__proto__', 'b']],
  ])('%s', (text, expected) => expect(evaluate(text)).toEqual(expected));

  test.each([...functions.values()].map((one) => [one.example.expression, one.example.gives] as const))('example: %s', (text, gives) =>
    expect(evaluate(text)).toEqual(gives),
  );

  test('a scope is read where the expression reads it, and nowhere else', () => {
    const nodes = Object.defineProperty({ a: { output: 1 } }, 'b', {
      enumerable: true,
      get: () => {
        throw new Error('nobody asked for b');
      },
    });
    expect(evaluate('nodes.a.output + 1', { nodes })).toBe(2);
  });
});

describe('failures name the part that is wrong', () => {
  test.each([
    ['inputs.absent', '`inputs` has no `absent`; it has `n`, `f`, `text`, `list`, `o`, `files`, `modules`'],
    ['inputs.o.none.x', '`inputs.o.none` is null, so `x` cannot be read from it'],
    ['nodes.skipped.output.x > 1', '`nodes.skipped.output` is null, so `x` cannot be read from it'],
    ['absent', 'there is no `absent` here'],
    ['absent == null', 'there is no `absent` here'],
    ['{}.x', '`{}` has no `x`; it is empty'],
    ['inputs.list.x', '`inputs.list` is a list and has no field `x`; read it from an element, or of all with `map`'],
    ['inputs.text.length', '`inputs.text` is text and has no field `length`; write `size(…)`'],
    ['inputs.list[9]', '`inputs.list` has 3 elements, so none at 9'],
    ['inputs.list[-1]', '`inputs.list` has 3 elements, so none at -1'],
    ['inputs.list[0.5]', '`inputs.list` is a list, so its index is a whole number, not 0.5'],
    ['inputs.list["0"]', '`inputs.list` is a list, so its index is a whole number, not text'],
    ['inputs.o[1]', '`inputs.o` is an object, so its key is text, not a number'],
    ['inputs.n[0]', '`inputs.n` is a number and has no elements'],
    ['inputs.constructor', '`inputs` has no `constructor`; it has `n`, `f`, `text`, `list`, `o`, `files`, `modules`'],
    ['inputs.o.__proto__', '`inputs.o` has no `__proto__`; it has `a`, `none`'],
    ['1 && true', '`&&` needs true or false, but `1` is a number'],
    ['inputs.text || true', '`||` needs true or false, but `inputs.text` is text'],
    ['!inputs.n', '`!` needs true or false, but `inputs.n` is a number'],
    ['inputs.n ? 1 : 2', '`? :` needs true or false, but `inputs.n` is a number'],
    ['true && inputs.o.none', '`&&` needs true or false, but `inputs.o.none` is null'],
    ['inputs.list.filter(x, x)', '`filter` needs true or false, but `x` is a number'],
    ['inputs.list.exists(x, x.y)', '`x` is a number and has no field `y`'],
    ['inputs.text.map(x, x)', '`map` goes over a list, but `inputs.text` is text'],
    [
      'inputs.n + "a"',
      '`+` takes two numbers, two texts or two lists, but `inputs.n` is a number and `"a"` is text; write `string(…)` around a number',
    ],
    ['1 - "a"', '`-` takes two numbers, but `"a"` is text'],
    ['-inputs.text', '`-` takes two numbers, but `inputs.text` is text'],
    ['1 / (inputs.n - 3)', '`inputs.n - 3` is 0, and nothing can be divided by it'],
    ['1 % 0', '`0` is 0, and nothing can be divided by it'],
    ['1e308 * 10', '`*` gives a number that is too large'],
    ['1 < "a"', '`<` compares two numbers or two texts, but `1` is a number and `"a"` is text'],
    ['true < false', '`<` compares two numbers or two texts, but `true` is true and `false` is false'],
    ['"a" in "abc"', '`"abc"` is text; write `.contains(…)`'],
    ['1 in inputs.o', '`inputs.o` is an object, so `in` takes the name of a field, but `1` is a number'],
    ['1 in inputs.n', '`in` looks into a list or an object, but `inputs.n` is a number'],
    ['{inputs.text: 1, "a": 2}[inputs.n]', '`{inputs.text: 1, "a": 2}` is an object, so its key is text, not a number'],
    ['{1: 2}', 'the key `1` is a number, not text'],
    ['size(inputs.n)', '`size` takes a list, an object or text, but `inputs.n` is a number'],
    ['size(nodes.skipped.output)', '`size` takes a list, an object or text, but `nodes.skipped.output` is null'],
    ['inputs.list.contains(1)', '`contains` looks into text; for a list, write `x in list`'],
    ['"a".startsWith(inputs.n)', '`startsWith` takes text, but `inputs.n` is a number'],
    ['int("12x")', '`int`: "12x" does not spell a number'],
    ['string({})', '`string` takes a number, a boolean or text, but `{}` is an object'],
    ['bool("yes")', '`bool` takes "true" or "false", but `"yes"` is text'],
    ['last([])', '`[]` is an empty list and has no last element'],
    ['max([])', '`[]` is an empty list and has no max'],
    ['sum([1, "a"])', '`sum` takes numbers, but element 1 of `[1, "a"]` is text'],
    ['flatten([1])', '`flatten`: element 0 of `[1]` is a number, not a list'],
    ['join([null])', '`join`: element 0 of `[null]` is null, not text'],
    ['sort([1, "a"])', '`sort` takes numbers or texts, all of one kind, but at 1 in `[1, "a"]` there is text'],
    ['sort([1], "up")', '`sort` takes "asc" or "desc", not "up"'],
    ['sort_by([{}], "a")', '`sort_by`: element 0 of `[{}]` has no `a`'],
    ['slice([1], 0.5)', '`slice` takes a whole number, but `0.5` is 0.5'],
    ['round(1, 99)', '`round` takes 0 to 15 digits, not 99'],
    ['merge({}, 1)', '`merge` takes an object, but `1` is a number'],
    [
      'regex("a", "(?=x)")',
      '"(?=x)" is not a pattern: look-ahead and look-behind are not supported, so that no text can make matching slow',
    ],
  ])('%s', (text, message) => expect(failureOf(text)).toBe(message));

  test.each([
    ['a failure inside coalesce that is not about a missing value', 'coalesce(1 + "a", 0)'],
    ['a failure right of &&', 'true && inputs.absent'],
    ['a failure in a macro, even where another element decides', '[1, "a"].exists(x, x / 2 > 5)'],
  ])('is not absorbed: %s', (_, text) => expect(failureOf(text)).not.toMatch(/^it gave/));
});

describe('bounds', () => {
  const many = { list: Array.from({ length: 500 }, (_, at) => at), text: 'x'.repeat(1_000_000) };

  test('steps', () => {
    expect(failureOf('list.map(a, list.map(b, list.map(c, 1)))', many)).toMatch(/^this expression takes too many steps/);
  });

  test('length of a text', () => {
    expect(failureOf('join(list.map(x, text), "")', many)).toMatch(/would make a text of 500000000 characters/);
    expect(failureOf('[text].map(a, a+a+a+a).map(b, b+b+b+b).map(c, c+c+c+c)[0]', many)).toMatch(
      /makes a text of more than 16 million characters/,
    );
    expect(failureOf('replace(text, "x", text)', many)).toBe('`replace` would make a text that is too long');
  });

  test('a bad pattern takes no time', () => {
    expect(evaluate('regex(text, "^(x+)+$")', { text: `${'x'.repeat(5000)}!` })).toBe(false);
  });
});

describe('structures', () => {
  test('texts are expressions, the rest stays', () => {
    const source = { sum: 'inputs.n + 1', all: ['"text"', 5, true, null], nested: { list: 'inputs.list' } };
    expect(compileSource(source)(scope)).toEqual({ sum: 4, all: ['text', 5, true, null], nested: { list: [1, 2, 3] } });
    expect(expressionsIn(source, ['nodes', 'a'])).toEqual([
      { text: 'inputs.n + 1', path: ['nodes', 'a', 'sum'] },
      { text: '"text"', path: ['nodes', 'a', 'all', 0] },
      { text: 'inputs.list', path: ['nodes', 'a', 'nested', 'list'] },
    ]);
  });

  test.each([[5], [null], [{}], [[1, 2]]])('%j is a constant', (source) => expect(compileSource(source)({})).toBe(source));
});

describe('operands', () => {
  const operands = (text: string, on: Scope = scope): unknown => {
    const parsed = parseExpression(text);
    return parsed.ok ? operandsOf(parsed.tree, on) : parsed.problem;
  };

  test('are the paths an expression names, with their values', () => {
    expect(operands('nodes.classify.output.risk < 0.7 && !inputs.files.exists(f, inputs.modules.exists(m, f.startsWith(m)))')).toEqual({
      'nodes.classify.output.risk': 0.2,
      'inputs.files': ['src/core/a.ts', 'x'],
      'inputs.modules': ['src/core/'],
    });
  });

  test('what is absent is null, and what cannot be read is left out', () => {
    expect(operands('nodes.skipped.output.x == null || inputs.text.y || absent || inputs.list[index] == 1')).toEqual({
      'nodes.skipped.output.x': null,
      'inputs.list[index]': 2,
    });
  });

  test('large values are cut', () => {
    const large = { text: 'é'.repeat(300), list: Array.from({ length: 1000 }, () => 'x'), object: { text: 'x'.repeat(600) } };
    expect(operands('text == "" || size(list) > size(object)', large)).toEqual({
      text: `${'é'.repeat(199)}…`,
      list: 'a list of 1000',
      object: 'an object of 1 fields',
    });
  });
});
