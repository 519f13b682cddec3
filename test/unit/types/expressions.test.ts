import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../../engine/base/json.ts';
import { parseExpression } from '../../../engine/lang/expression.ts';
import { inferExpression } from '../../../engine/lang/infer-expression.ts';
import { shapeOf } from '../../../engine/lang/schema-shape.ts';
import { NULL, type Shape, union } from '../../../engine/lang/shape.ts';
import { printShape } from '../../../engine/lang/shape-text.ts';

const object = (properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const text: JsonSchema = { type: 'string' };
const integer: JsonSchema = { type: 'integer' };
const finding = object({ file: text, line: integer, severity: { enum: ['low', 'medium', 'high'] }, note: text }, ['note']);

/** The world every expression below reads. `s` is the output of a node that may be skipped. */
const WORLD: Record<string, JsonSchema> = {
  t: text,
  n: { type: 'number' },
  i: integer,
  b: { type: 'boolean' },
  risk: { type: 'number', minimum: 0, maximum: 1 },
  kind: { enum: ['bugfix', 'feature', 'docs'] },
  files: { type: 'array', items: text },
  modules: { type: 'array', items: text },
  nums: { type: 'array', items: integer },
  o: object({ name: text, level: { enum: ['low', 'high'] }, extra: text, deep: object({ x: integer }) }, ['extra']),
  open: { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: true },
  map: { type: 'object', additionalProperties: integer },
  thing: { type: 'object' },
  mt: { type: ['string', 'null'] },
  mo: { anyOf: [object({ x: integer }), { type: 'null' }] },
  mb: { type: ['boolean', 'null'] },
  findings: { type: 'array', items: finding },
  holes: { type: 'array', items: { anyOf: [finding, { type: 'null' }] } },
  nested: { type: 'array', items: { type: 'array', items: integer } },
  event: {
    oneOf: [object({ kind: { const: 'click' }, x: integer }), object({ kind: { const: 'key' }, code: text })],
  },
  mix: { type: ['string', 'integer'] },
  any: {},
  tree: { $ref: '#/$defs/node', $defs: { node: object({ name: text, children: { type: 'array', items: { $ref: '#/$defs/node' } } }) } },
};

const names = new Map<string, Shape>(Object.entries(WORLD).map(([name, schema]) => [name, shapeOf(schema)]));
names.set('s', union(shapeOf(object({ x: integer, level: { enum: ['low', 'high'] } })), { ...NULL, skipped: ['scan'] } as Shape));

function infer(source: string, skips: 'follow' | 'refuse' = 'follow') {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.problem.message}`);
  const { shape, problems } = inferExpression(parsed.tree, { names, skips });
  return { type: printShape(shape), problems: problems.map((one) => `${one.code} ${source.slice(one.start, one.end)}`), full: problems };
}

describe('right expressions give a type, and no complaint', () => {
  it.each([
    ['t', 'text'],
    ['1 + 2', 'a whole number'],
    ['i / 2', 'a number'],
    ['i * 2 - 1', 'a whole number'],
    ['risk * 10 > 5', 'true or false'],
    ['risk < 0.7 && size(files) < 10', 'true or false'],
    ['!files.exists(f, modules.exists(m, f.startsWith(m)))', 'true or false'],
    ['kind == "docs"', 'true or false'],
    ['kind in ["docs", "feature"]', 'true or false'],
    ['"a" in files', 'true or false'],
    ['"key" in map', 'true or false'],
    ['o.name + ": " + string(i)', 'text'],
    ['o.deep.x', 'a whole number'],
    ['o["name"]', 'text'],
    ['open.a', undefined],
    ['open.whatever.more', 'any value'],
    ['thing.whatever', 'any value'],
    ['map.a + 1', 'a whole number'],
    ['any.x.y[0].z > 3', 'true or false'],
    ['unknown.name', 'any value'],
    ['has(o.extra) && o.extra == "x"', 'true or false'],
    ['has(o.extra) ? o.extra : "none"', 'text'],
    ['!has(o.extra) || o.extra == "x"', 'true or false'],
    ['o.extra != null && o.extra.startsWith("x")', 'true or false'],
    ['coalesce(o.extra, "none")', 'text'],
    ['optional(o.extra)', 'text or null'],
    ['o.?extra', 'text or null'],
    ['coalesce(o.?extra, "x")', 'text'],
    ['mt == null ? "none" : mt.upper()', 'text'],
    ['mt != null && mt.contains("x")', 'true or false'],
    ['mt == null || mt.contains("x")', 'true or false'],
    ['!(mt == null) && mt.contains("x")', 'true or false'],
    ['mt == "x"', 'true or false'],
    ['mo != null && mo.x > 3', 'true or false'],
    ['mo.x != null && mo.x > 3', 'true or false'],
    ['coalesce(mo.x, 0) + 1', 'a whole number'],
    ['coalesce(mb, false) && b', 'true or false'],
    ['coalesce(mb, false) ? 1 : 2', '1 | 2'],
    ['findings[0].file', 'text'],
    ['findings.map(f, f.line)', 'a list of whole numbers'],
    ['findings.filter(f, f.severity == "high")', 'a list of { file, line, severity, note? }'],
    ['findings.filter(f, f.severity == "high").map(f, f.file)', 'a list of texts'],
    ['findings.filter(f, has(f.note)).map(f, f.note)', 'a list of texts'],
    ['findings.map(f, has(f.note), f.note)', 'a list of texts'],
    ['findings.filter(f, f.note != null).map(f, upper(f.note))', 'a list of texts'],
    ['findings.exists(f, f.severity in ["high", "low"])', 'true or false'],
    ['holes.filter(h, h != null)', 'a list of { file, line, severity, note? }'],
    ['holes.filter(h, h != null).map(h, h.file)', 'a list of texts'],
    ['holes.filter(h, h != null && h.severity == "high").size() > 0', 'true or false'],
    ['size(holes.filter(h, h == null))', 'a whole number of at least 0'],
    ['findings.all(x, x.line > 0)', 'true or false'],
    ['flatten(nested)', 'a list of whole numbers'],
    ['flatten(findings.map(f, [f.file, f.severity]))', 'a list of texts'],
    ['sort_by(findings, "line")', 'a list of { file, line, severity, note? }'],
    ['sort_by(findings, "line", "desc")[0].file', 'text'],
    ['sum(findings.map(f, f.line))', 'a whole number'],
    ['max(nums)', 'a whole number'],
    ['max(i, 3)', 'a whole number'],
    ['round(n * 100) / 100', 'a number'],
    ['keys(map)', 'a list of texts'],
    ['values(map)', 'a list of whole numbers'],
    ['entries(map).map(e, e.key + string(e.value))', 'a list of texts'],
    ['merge(o, {"level": 3}).level', '3'],
    ['join(findings.map(f, f.file), ", ")', 'text'],
    ['files + ["a"]', 'a list of texts'],
    ['[1, "a", null]', undefined],
    ['{"a": 1, "b": files}.b[0]', 'text'],
    ['event.kind == "click" ? event.x : 0', 'a whole number'],
    ['event.kind == "key" && event.code == "Enter"', 'true or false'],
    ['event.kind != "click" || event.x > 1', 'true or false'],
    ['event.kind == "click" && event.x > 3 || event.kind == "key"', 'true or false'],
    ['mix == 3 || mix == "three"', 'true or false'],
    ['string(mix)', 'text'],
    ['tree.children[0].children[0].name', 'text'],
    ['tree.children.map(c, c.children.map(d, d.name))', 'a list of lists'],
    ['s.x > 3', 'true or false'],
    ['s == null', 'true or false'],
    ['coalesce(s.x, 0)', 'a whole number'],
    ['s != null ? s.x : 0', 'a whole number'],
    ['optional(s)', '{ x, level } or null'],
    ['b ? [1] : []', undefined],
    ['b ? "a" : null', '"a" or null'],
    ['n == 3', 'true or false'],
    ['3 == i', 'true or false'],
    ['i == 3.0', 'true or false'],
    ['risk >= 0 && risk <= 1', 'true or false'],
    ['files == []', 'true or false'],
    ['last(files)', 'text'],
    ['slice(t, 0, 3)', 'text'],
    ['slice(files, 0, 3)[0]', 'text'],
    ['map[t]', 'a whole number'],
    ['files[i]', 'text'],
    ['-i', 'a whole number'],
    ['i % 2 == 0', 'true or false'],
    ['t.split(",").map(x, x.trim())', 'a list of texts'],
    ['regex(t, "^a+$")', 'true or false'],
    ['size(t) + size(files) + size(map)', 'a whole number'],
    ['unique(findings.map(f, f.severity))', '"low" | "medium" | "high"'],
    ['true', 'true'],
  ])('%s', (source, type) => {
    const { type: found, problems } = infer(source);
    expect(problems).toEqual([]);
    if (type !== undefined && !source.startsWith('unique')) expect(found).toBe(type);
  });
});

describe('where a result must not go missing', () => {
  it.each([
    'coalesce(s.x, 0)',
    'optional(s)',
    's == null ? 0 : s.x',
    's != null && s.x > 3',
    'coalesce(s, null)',
    's.x != null ? s.x : 0',
    'has(s.x) ? s.level : "low"',
  ])('a guarded read is fine: %s', (source) => expect(infer(source, 'refuse').problems).toEqual([]));
  it.each([
    ['s', 'DAG406 s'],
    ['s.x', 'DAG406 s'],
    ['{"a": s.x}', 'DAG406 s'],
    ['coalesce(s, s)', 'DAG406 coalesce(s, s)'],
    ['s.level == "low" ? 1 : 2', 'DAG406 s'],
  ])('an unguarded one is not: %s', (source, problem) => expect(infer(source, 'refuse').problems).toEqual([problem]));
});

describe('wrong expressions', () => {
  it.each([
    ['o.nmae', 'DAG403 nmae'],
    ['findings[0].sevrity', 'DAG403 sevrity'],
    ['findings.map(f, f.fil)', 'DAG403 fil'],
    ['findings.filter(f, f.sevrity == "high")', 'DAG403 sevrity'],
    ['findings.file', 'DAG403 file'],
    ['files.length', 'DAG403 length'],
    ['t.x', 'DAG403 x'],
    ['coalesce(o.nmae, 1)', 'DAG403 nmae'],
    ['o.nmae == null', 'DAG403 nmae'],
    ['o.extra', 'DAG404 extra'],
    ['o.extra == "x"', 'DAG404 extra'],
    ['has(o.extra) || o.extra == "x"', 'DAG404 extra'],
    ['findings.map(f, f.note)', 'DAG404 note'],
    ['mt.upper()', 'DAG405 mt'],
    ['mt == null && mt.contains("x")', 'DAG405 mt'],
    ['mo.x', 'DAG405 mo'],
    ['holes.map(h, h.file)', 'DAG405 h'],
    ['mb && b', 'DAG405 mb'],
    ['t + 1', 'DAG407 t + 1'],
    ['t + files', 'DAG407 t + files'],
    ['t * 2', 'DAG409 t'],
    ['kind == "bugfx"', 'DAG408 "bugfx"'],
    ['o.level != "medium"', 'DAG408 "medium"'],
    ['kind in ["docs", "feture"]', 'DAG408 "feture"'],
    ['"feture" == kind', 'DAG408 "feture"'],
    ['findings.exists(f, f.severity == "critical")', 'DAG408 "critical"'],
    ['b == "true"', 'DAG408 "true"'],
    ['i == "3"', 'DAG408 "3"'],
    ['t == 3', 'DAG408 3'],
    ['t == i', 'DAG408 t == i'],
    ['files == "a"', 'DAG408 "a"'],
    ['3 in files', 'DAG408 3'],
    ['t < 3', 'DAG408 t < 3'],
    ['b < true', 'DAG409 b'],
    ['t && b', 'DAG410 t'],
    ['!files', 'DAG410 files'],
    ['size(files) ? 1 : 2', 'DAG410 size(files)'],
    ['"a" in t', 'DAG411 t'],
    ['t.exists(c, c == "a")', 'DAG411 t'],
    ['o.exists(f, f.name == "a")', 'DAG403 name'],
    ['size(i)', 'DAG409 i'],
    ['upper(i)', 'DAG409 i'],
    ['sum(files)', 'DAG409 files'],
    ['join(findings, ", ")', 'DAG409 findings'],
    ['sort_by(findings, "lin")', 'DAG403 "lin"'],
    ['sort(findings)', 'DAG409 findings'],
    ['files["a"]', 'DAG403 "a"'],
    ['files[t]', 'DAG409 t'],
    ['t[0]', 'DAG403 t[0]'],
    ['risk > 5', 'DAG416 risk > 5'],
    ['event.x', 'DAG404 x'],
    ['event.kind == "key" && event.x > 1', 'DAG403 x'],
    ['tree.children[0].nmae', 'DAG403 nmae'],
    ['{"a": 1}.b', 'DAG403 b'],
  ])('%s', (source, problem) => expect(infer(source).problems).toContain(problem));

  it('says one thing about one mistake', () => {
    for (const source of ['o.nmae.x.y', 'findings.map(f, f.fil).size() > 3', 'upper(o.nmae) == "a" && b']) {
      expect(infer(source).problems.length, source).toBe(1);
    }
  });
});
