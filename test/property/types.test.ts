import { describe, it } from 'vitest';
import type { Json, JsonSchema } from '../../engine/base/json.ts';
import { fc } from '../support/properties.ts';
import { expectExpressionsSound, expectTemplatesSound } from '../support/sound-types.ts';
import { names, WORLD } from '../unit/types/world.ts';

/** Values that fit a schema, of the forms the world uses. */
function valuesOf(schema: JsonSchema, root: JsonSchema = schema): fc.Arbitrary<Json> {
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as Json[]));
  if (schema.const !== undefined) return fc.constant(schema.const);
  const branches = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (branches !== undefined) return fc.oneof(...branches.map((one) => valuesOf(one, root)));
  if (typeof schema.$ref === 'string')
    return valuesOf({ ...(root.$defs as Record<string, JsonSchema>).node, depth: ((schema.depth as number) ?? 0) + 1 }, root);
  const types = Array.isArray(schema.type) ? (schema.type as string[]) : [schema.type as string | undefined];
  return fc.oneof(
    ...types.map((type): fc.Arbitrary<Json> => {
      switch (type) {
        case 'string':
          return fc.constantFrom('', 'a', 'b', 'docs', 'x,y');
        case 'integer':
          return fc.integer({ min: -3, max: 5 });
        case 'number':
          return schema.minimum === undefined ? fc.constantFrom(-1.5, 0, 0.5, 3) : fc.constantFrom(0, 0.3, 1);
        case 'boolean':
          return fc.boolean();
        case 'null':
          return fc.constant(null);
        case 'array':
          return fc.array(valuesOf(schema.items as JsonSchema, root), { maxLength: 3 });
        case 'object': {
          const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
          const depth = (schema.depth as number) ?? 0;
          const entries = Object.entries(properties).map(([name, one]) => {
            if (depth > 1 && name === 'children') return [name, fc.constant([])] as const;
            return [
              name,
              valuesOf(depth > 0 && name === 'children' ? { ...one, items: { $ref: '#/$defs/node', depth } } : one, root),
            ] as const;
          });
          if (entries.length === 0) return fc.dictionary(fc.constantFrom('a', 'b', 'key'), fc.integer({ min: 0, max: 3 }), { maxKeys: 2 });
          return fc.record(Object.fromEntries(entries), { requiredKeys: schema.required as string[] }) as fc.Arbitrary<Json>;
        }
        default:
          return fc.constantFrom<Json>(1, 'a', { x: { y: [{ z: 1 }] } });
      }
    }),
  );
}

const skippedSchema: JsonSchema = {
  type: ['object', 'null'],
  properties: { x: { type: 'integer' }, level: { enum: ['low', 'high'] } },
  required: ['x', 'level'],
};
const known = Object.keys(WORLD).filter((name) => !['any', 'thing', 'open'].includes(name));
const values = fc.record({
  ...Object.fromEntries(known.map((name) => [name, valuesOf(WORLD[name] as JsonSchema)])),
  s: valuesOf(skippedSchema),
}) as fc.Arbitrary<Record<string, Json>>;

const LEAVES = {
  number: [
    'n',
    'i',
    'risk',
    'o.deep.x',
    'mo.x',
    's.x',
    'size(files)',
    'findings[0].line',
    'event.x',
    '2',
    '0.5',
    'max(nums)',
    'mix',
    'sum(nums)',
    'map.a',
  ],
  text: [
    't',
    'kind',
    'o.name',
    'o.extra',
    'mt',
    's.level',
    'files[0]',
    'findings[0].severity',
    'findings[0].note',
    'event.code',
    'event.kind',
    '"a"',
    '"docs"',
    'mix',
    'tree.name',
    'upper(t)',
    'o.?extra',
  ],
  flag: [
    'b',
    'mb',
    'true',
    'kind == "docs"',
    's == null',
    's != null',
    'mo != null',
    'mt != null',
    'has(o.extra)',
    'o.extra != null',
    'has(s.x)',
    'event.kind == "click"',
    'event.kind != "key"',
    'risk > 0.5',
    'kind in ["docs", "bugfix"]',
  ],
  list: ['files', 'nums', 'findings', 'holes', 'nested', 'tree.children', '[1, 2]', '[]', 'keys(map)', 'findings.map(f, f.file)'],
  element: ['x', 'x.line', 'x.note', 'x.file', 'x.severity', 'x + 1', 'size(x)', 'x.name', 'upper(x)'],
  test: [
    'x != null',
    'x.severity == "high"',
    'has(x.note)',
    'x.note != null',
    'x == "a"',
    'x > 1',
    'x != null && x.line > 1',
    'x == null || x.note == null',
    'size(x) > 0',
  ],
} as const;

const { any } = fc.letrec<Record<'number' | 'text' | 'flag' | 'list' | 'any', string>>((tie) => {
  const pick = (from: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...from);
  const join = (parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
    fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));
  const [n, t, f, l] = [tie('number'), tie('text'), tie('flag'), tie('list')];
  const choose = (of: fc.Arbitrary<string>): fc.Arbitrary<string> => join(['(', f, ' ? ', of, ' : ', of, ')']);
  const depth = { depthSize: 'small', withCrossShrink: true } as const;
  return {
    number: fc.oneof(
      depth,
      pick(LEAVES.number),
      join(['(', n, ' + ', n, ')']),
      join(['coalesce(', n, ', ', n, ')']),
      choose(n),
      join(['size(', l, ')']),
    ),
    text: fc.oneof(
      depth,
      pick(LEAVES.text),
      join(['(', t, ' + ', t, ')']),
      join(['coalesce(', t, ', ', t, ')']),
      choose(t),
      join(['string(', n, ')']),
    ),
    flag: fc.oneof(
      depth,
      pick(LEAVES.flag),
      join(['(', f, ' && ', f, ')']),
      join(['(', f, ' || ', f, ')']),
      join(['!(', f, ')']),
      join(['(', n, ' < ', n, ')']),
      join(['(', t, ' == ', t, ')']),
      join([l, '.exists(x, ', pick(LEAVES.test), ')']),
    ),
    list: fc.oneof(
      depth,
      pick(LEAVES.list),
      join([l, '.filter(x, ', pick(LEAVES.test), ')']),
      join([l, '.map(x, ', pick(LEAVES.element), ')']),
      join([l, '.map(x, ', pick(LEAVES.test), ', ', pick(LEAVES.element), ')']),
      join(['(', l, ' + ', l, ')']),
      join(['flatten([', l, ', ', l, '])']),
      join(['unique(', l, ')']),
    ),
    any: fc.oneof(
      n,
      t,
      f,
      l,
      join(['optional(', n, ')']),
      join(['optional(', t, ')']),
      join(['{"a": ', n, ', "b": ', t, '}.', pick(['a', 'b'])]),
    ),
  };
});

/** What depends on the values alone: nothing before the run can know it. */
const OF_VALUES = /has \d+ elements?, so none|is an empty list|of one kind|too large|`map` has no/;

describe('what the checker lets through', () => {
  it('evaluates on every value of its types, to a value of the type it was given', () => {
    expectExpressionsSound({ sources: any, worlds: values, each: 4, scope: { names, skips: 'refuse' }, ofValues: OF_VALUES });
  });

  it('renders on every value of its types', () => {
    const paths = [
      't',
      'n',
      'kind',
      'mt',
      'o.extra',
      'o.deep.x',
      'mo.x',
      's.x',
      'files',
      'event.code',
      'event.x',
      'b',
      's',
      'this',
      'this.file',
      'file',
      'note',
      'line',
      'x',
      'x.note',
    ];
    const path = fc.constantFrom(...paths);
    const value = fc.oneof(
      path,
      path,
      path.map((one) => `default ${one} "-"`),
      path.map((one) => `json ${one}`),
      path.map((one) => `upper ${one}`),
    );
    const test = fc.oneof(
      path,
      path.map((one) => `(exists ${one})`),
      fc.tuple(path, path).map(([a, b]) => `(and ${a} ${b})`),
      path.map((one) => `(not ${one})`),
      fc.constant('(eq event.kind "click")'),
    );
    const { template } = fc.letrec<{ template: string }>((tie) => ({
      template: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        value.map((one) => `{{${one}}}`),
        fc.tuple(test, tie('template'), tie('template')).map(([a, b, c]) => `{{#if ${a}}}${b}{{else}}${c}{{/if}}`),
        fc.tuple(test, tie('template')).map(([a, b]) => `{{#unless ${a}}}x{{else}}${b}{{/unless}}`),
        fc
          .tuple(fc.constantFrom('files', 'findings', 'holes', 'map', 'nums'), tie('template'))
          .map(([a, b]) => `{{#each ${a}}}${b}{{/each}}`),
        fc.tuple(fc.constantFrom('files', 'findings', 'holes'), tie('template')).map(([a, b]) => `{{#each ${a} as |x|}}${b}{{/each}}`),
        fc.tuple(tie('template')).map(([b]) => `{{#with o}}${b}{{/with}}`),
        fc.tuple(tie('template'), tie('template')).map(([a, b]) => a + b),
      ),
    }));
    // A name that is nowhere is for another rule to find.
    const known = new Map([...names].filter(([name]) => name !== 'x'));
    const ofValues = /there is no `|nothing is called/;
    expectTemplatesSound({ sources: template, worlds: values, each: 4, scope: { names: known, skips: 'refuse' }, ofValues });
  });
});
