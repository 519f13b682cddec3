import { describe, expect, test } from 'vitest';
import type { Expr } from '../../../engine/contracts/expression.ts';
import { parseExpression } from '../../../engine/lang/expression.ts';
import { printExpression } from '../../../engine/lang/expression-text.ts';

function tree(text: string): Expr {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return parsed.tree;
}

/** The tree without its offsets. */
function shape(text: string): unknown {
  return JSON.parse(JSON.stringify(tree(text), (key, value) => (key === 'start' || key === 'end' ? undefined : value)));
}

const name = (of: string): object => ({ op: 'name', name: of });
const literal = (value: unknown): object => ({ op: 'literal', value });
const field = (of: object, called: string, optional = false): object => ({ op: 'field', of, name: called, optional });

describe('trees', () => {
  test.each<[string, unknown]>([
    ['1', literal(1)],
    ['-1', literal(-1)],
    ['0x1F', literal(31)],
    ['1e3', literal(1000)],
    ['"a" // what it is', literal('a')],
    ["'\\u00e9'", literal('é')],
    ["r'\\d+'", literal('\\d+')],
    ['null', literal(null)],
    ['a.b', field(name('a'), 'b')],
    ['a.?b', field(name('a'), 'b', true)],
    ['a["b c"]', { op: 'index', of: name('a'), at: literal('b c'), optional: false }],
    ['a[?0]', { op: 'index', of: name('a'), at: literal(0), optional: true }],
    ['!a', { op: 'not', of: name('a') }],
    ['-a', { op: 'negate', of: name('a') }],
    ['a && b || c', { op: 'or', left: { op: 'and', left: name('a'), right: name('b') }, right: name('c') }],
    ['a in [1]', { op: 'binary', operator: 'in', left: name('a'), right: { op: 'list', items: [literal(1)] } }],
    // biome-ignore lint/suspicious/noThenProperty: the name of the branch.
    ['a ? b : c', { op: 'conditional', test: name('a'), then: name('b'), otherwise: name('c') }],
    ['{"k": 1}', { op: 'object', entries: [{ key: literal('k'), value: literal(1) }] }],
    ['size(a)', { op: 'call', name: 'size', method: false, args: [name('a')] }],
    ['a.startsWith("x")', { op: 'call', name: 'startsWith', method: true, args: [name('a'), literal('x')] }],
    ['has(a.b)', { op: 'has', of: field(name('a'), 'b') }],
    ['coalesce(a, 1)', { op: 'coalesce', args: [name('a'), literal(1)] }],
    ['optional(a)', { op: 'optional', of: name('a') }],
    ['l.exists(x, x)', { op: 'macro', name: 'exists', of: name('l'), variable: 'x', body: name('x') }],
    ['l.map(x, x, 1)', { op: 'macro', name: 'map', of: name('l'), variable: 'x', where: name('x'), body: literal(1) }],
  ])('%s', (text, expected) => expect(shape(text)).toEqual(expected));

  test('offsets are those of the text', () => {
    const found = tree('"é𝒳" == a.b[0] && !c');
    if (found.op !== 'and' || found.left.op !== 'binary') throw new Error('another tree');
    const text = '"é𝒳" == a.b[0] && !c';
    expect(text.slice(found.left.right.start, found.left.right.end)).toBe('a.b[0]');
    expect(text.slice(found.right.start, found.right.end)).toBe('!c');
  });
});

describe('what is refused, in our words', () => {
  test.each<[string, string, string, string?]>([
    // text, message, the part pointed at, help
    ['', 'this expression is empty', ''],
    ['a = b', '`=` does not compare', '=', '`==` compares'],
    ['a === b', '`===` is not an operator', '===', '`==` compares'],
    ['a !== b', '`!==` is not an operator', '!==', '`!=` compares'],
    ['a <> b', '`<>` is not an operator', '<>', 'write `!=`'],
    ['a and b', '`and` is not an operator', 'and', 'write `&&`'],
    ['a or b', '`or` is not an operator', 'or', 'write `||`'],
    ['not a', '`not` is not an operator', 'not', 'write `!`'],
    ['a not in b', '`not in` is not an operator', 'not in', 'write `!(a in list)`'],
    ['a & b', '`&` is not an operator', '&', 'write `&&` for "and"'],
    ['a | upper', '`|` is not an operator', '|', 'write `||` for "or"; a function is called: `upper(x)`'],
    ['a ?? b', '`??` is not an operator', '??', 'write `coalesce(a, b)`'],
    ['a?.b', '`?.` is not an operator', '?.', 'write `optional(a.b)`, or `coalesce(a.b, "instead")`'],
    ['a ?: b', '`?:` needs a value in the middle', '?:'],
    ['a ? b', '`?` has no `:`', '', 'write `test ? a : b`'],
    ['{{inputs.x}}', 'expressions are written bare, without `{{ }}`', '{{', 'write `inputs.x`'],
    ['{{inputs.x}} > 1', 'expressions are written bare, without `{{ }}`', '{{', 'leave the braces out, and join texts with `+`'],
    ['$' + '{inputs.x}', 'expressions are written bare, without `$' + '{ }`', '$' + '{'],
    ['l.filter(x => x.ok)', '`=>` is not part of expressions', '=>'],
    ['“a”', 'this is a typographic quote', '“', 'write straight quotes: `"…"`'],
    ['`a`', 'texts stand in quotes, not in backticks', '`'],
    ['"a', 'a text starts here and does not end', '"a', 'close it with `"`'],
    ["it's", 'a text starts here and does not end', "'s", "close it with `'`"],
    ['"\\q"', '`\\q` is not an escape', '\\q'],
    ['(a', '`(` is not closed', '(', 'close it with `)`'],
    ['a)', '`)` closes nothing', ')'],
    ['(a]', '`(` is closed by `]`', ']', 'write `)`'],
    ['a["x"', '`[` is not closed', '['],
    ['a b', '`b` was not expected here', 'b'],
    ['a +', 'something is missing after `+`', ''],
    ['1 +* 2', '`*` was not expected here', '*'],
    ['a.0', 'an element of a list stands in brackets', '0', 'write `[0]`'],
    ['.5', 'a number starts with a digit', '.5', 'write `0.5`'],
    ['a.in', '`in` is a word of expressions', 'in', 'write `["in"]`'],
    ['for', '`for` is a reserved word', 'for'],
    ['if a then b', '`if` is not part of expressions', 'if', 'write `test ? a : b`'],
    ['a; b', '`;` is not part of expressions', ';'],
    ['größe', '`ö` cannot stand outside a text', 'ö'],
    ['None', '`None` is not a word of expressions', 'None', 'write `null`'],
    ['True && a', '`True` is not a word of expressions', 'True', 'write `true`'],
    ['1u', 'there is one type of number, without `u`', '1u'],
    ['b"x"', 'there are no bytes in JSON', 'b"x"'],
    ['99999999999999999999', 'this number is too large to be exact', '99999999999999999999'],
    ['{a: 1}', 'the key `a` needs quotes', 'a', 'write `"a": …`'],
    ['nodes.my-node.output', '`my-node` is a subtraction here, not a name', 'my-node', 'ids are written with `_`: `my_node`'],
    ['foo(1)', 'there is no function `foo`', 'foo(1)'],
    ['a.matches("x")', 'there is no function `matches`', 'a.matches("x")', 'write `regex(text, pattern)`'],
    ['a.length()', 'there is no function `length`', 'a.length()', 'write `size(x)`'],
    ['a.?b.orValue(1)', 'there is no function `orValue`', 'a.?b.orValue(1)', 'write `coalesce(a.b, "instead")`'],
    ['cel.bind(x, 1, x)', 'there is no function `bind`', 'cel.bind(x, 1, x)'],
    ['timestamp("x")', 'there is no function `timestamp`', 'timestamp("x")'],
    ['size()', '`size` takes 1 argument, not 0', 'size()', 'write `size(x)`'],
    ['slice(a)', '`slice` takes 2 to 3 arguments, not 1', 'slice(a)'],
    ['min()', '`min` takes at least 1 argument, not 0', 'min()'],
    ['"1".int()', '`int` is called with its value inside', '"1".int()', 'write `int(x)`'],
    ['has(a)', '`has` takes one path that ends in a field', 'has(a)'],
    ['coalesce()', '`coalesce` takes its values as arguments', 'coalesce()'],
    ['optional(a, b)', '`optional` takes one path', 'optional(a, b)'],
    ['all(l, x)', '`all` is called on a list', 'all(l, x)', 'write `list.all(x, …)`'],
    ['l.map(x)', '`map` takes a name for one element and what to do with it', 'l.map(x)'],
    ['l.sort_by(f, f.line)', '`sort_by` takes the name of a field as text', 'l.sort_by(f, f.line)', 'write `sort_by(list, "field")`'],
  ])('%s', (text, message, pointed, help) => {
    const parsed = parseExpression(text);
    if (parsed.ok) throw new Error('it was accepted');
    const { problem } = parsed;
    expect([problem.message, text.slice(problem.start, problem.end)]).toEqual([message, pointed]);
    if (help !== undefined) expect(problem.help).toBe(help);
  });

  test('an unknown function comes with the names there are', () => {
    const parsed = parseExpression('flaten(l)');
    expect(parsed.ok || [parsed.problem.name, parsed.problem.candidates?.includes('flatten')]).toEqual(['flaten', true]);
  });

  test.each([
    ['brackets', '('.repeat(20_000)],
    ['minus signs', `${'-'.repeat(50_000)}1`],
    ['terms', `a${'+a'.repeat(20_000)}`],
    ['elements', `[${'1,'.repeat(5000)}1]`],
  ])('too many %s', (_, text) => expect(parseExpression(text).ok).toBe(false));
});

describe('printing', () => {
  test.each([
    'nodes.a.output.x[0]["k"].?y',
    'a && (b || !c) && d',
    '(a + b) * c - (d - e)',
    'a == (b ? 1 : 2)',
    'l.filter(x, x.ok).map(x, x.a > 1, {"k": [x, null]})',
    'coalesce(optional(a), has(a.b), "x".startsWith(b), size(c))',
    '-(-a)',
    '-1 + 2',
    '(a ? b : c).d',
  ])('%s is printed as something that means the same', (text) => {
    const printed = printExpression(tree(text));
    expect(shape(printed)).toEqual(shape(text));
  });
});
