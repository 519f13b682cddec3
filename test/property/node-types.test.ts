import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../engine/base/json.ts';
import { compileExpression } from '../../engine/lang/evaluate.ts';
import { parseExpression } from '../../engine/lang/expression.ts';
import { inferExpression } from '../../engine/lang/infer-expression.ts';
import { nodeShape } from '../../engine/lang/node-shape.ts';
import { BOOLEAN, INTEGER, listOf, NULL, NUMBER, objectOf, oneOf, type Shape, STRING, union } from '../../engine/lang/shape.ts';
import type { TypeScope } from '../../engine/lang/type-scope.ts';
import { fc } from '../support/properties.ts';
import { expectExpressionsSound, expectTemplatesSound, RUNS } from '../support/sound-types.ts';

const OUTPUT: Shape = objectOf({ n: INTEGER, text: STRING, 'note?': STRING });
const ITERATION: Shape = { type: 'number', integer: true, min: 1 };
const LOOP: Shape = objectOf({
  iteration: ITERATION,
  previous: union(OUTPUT, NULL),
  carry: objectOf({ seen: listOf(STRING), count: INTEGER }),
});

/** A round of a loop that has a name, and nodes around it: one that may be skipped, a fan-out of which items may fail, a route, a judged one. */
const names: ReadonlyMap<string, Shape> = new Map([
  ['iteration', ITERATION],
  ['previous', union(OUTPUT, NULL)],
  ['carry', objectOf({ seen: listOf(STRING), count: INTEGER })],
  ['attempt', LOOP],
  [
    'nodes',
    objectOf({
      maybe: nodeShape({ output: OUTPUT, skipped: { type: 'null', skipped: ['maybe'] }, called: true, byTier: true }),
      stood: nodeShape({ output: OUTPUT, skipped: STRING, called: true, byTier: true }),
      many: nodeShape({
        output: listOf(union(OUTPUT, NULL)),
        called: false,
        byTier: true,
        items: { item: STRING, output: OUTPUT, mayFail: true },
      }),
      routed: nodeShape({
        output: OUTPUT,
        skipped: { type: 'null', skipped: ['routed'] },
        called: false,
        byTier: false,
        features: { made: { route: oneOf('a', 'b') }, skipped: { route: union(oneOf('a', 'b', 'spam'), NULL) } },
      }),
      judged: nodeShape({
        output: STRING,
        called: true,
        byTier: true,
        features: { made: { score: union(NUMBER, NULL), accepted: BOOLEAN }, skipped: {} },
      }),
    }),
  ],
]);
const scope: TypeScope = { names, skips: 'refuse', loops: new Set(['iteration', 'attempt']) };

const text = fc.constantFrom('', 'a', 'x y');
const output = fc.record({ n: fc.integer({ min: -2, max: 9 }), text, note: text }, { requiredKeys: ['n', 'text'] });
const error = fc.constant<Json>({ type: 'timed_out', code: 'DAG800', message: 'too late' });

function entry(status: string, given: Json, more: JsonObject): JsonObject {
  const failed = status === 'failed' || status === 'cancelled';
  return {
    output: failed ? null : given,
    status,
    error: status === 'failed' ? { type: 'timed_out', code: 'DAG800', message: 'too late' } : null,
    skip_reason: status === 'skipped' ? 'no need' : null,
    cost: 0.1,
    tier: status === 'skipped' ? null : 'cheap',
    model: status === 'skipped' ? null : 'm',
    ...more,
  };
}

/** What a run would have under these names: what belongs together goes together. */
const worlds = fc
  .record({
    round: fc.integer({ min: 1, max: 3 }),
    before: output,
    seen: fc.array(text, { maxLength: 2 }),
    count: fc.integer({ min: 0, max: 5 }),
    maybe: fc.option(output, { nil: null }),
    stood: fc.option(output, { nil: null }),
    items: fc.array(
      fc.record({ status: fc.constantFrom('succeeded', 'failed', 'skipped', 'cancelled'), output, recovered: fc.boolean(), error }),
    ),
    route: fc.constantFrom('a', 'b', 'spam', null),
    routed: output,
    judged: text,
    score: fc.option(fc.integer({ min: 1, max: 10 }), { nil: null }),
  })
  .map((world): JsonObject => {
    const loop = {
      iteration: world.round,
      previous: world.round === 1 ? null : (world.before as Json),
      carry: { seen: world.seen, count: world.count },
    };
    const items = world.items.map((one, index) => ({
      index,
      key: `k${index}`,
      item: 'f',
      status: one.status,
      output: one.status === 'succeeded' ? (one.output as Json) : null,
      error: one.status === 'failed' || one.status === 'skipped' || one.recovered ? one.error : null,
      cost: 0,
    }));
    const skips = world.route === 'spam' || world.route === null;
    return {
      ...loop,
      attempt: loop,
      nodes: {
        maybe: entry(world.maybe === null ? 'skipped' : 'succeeded', world.maybe as Json, {}),
        stood: entry(world.stood === null ? 'skipped' : 'succeeded', world.stood === null ? 'nothing' : (world.stood as Json), {}),
        many: entry('succeeded', items.map((one) => one.output) as Json, { items: items as Json, tier: null, model: null }),
        routed: entry(skips ? 'skipped' : 'succeeded', skips ? null : (world.routed as Json), {
          route: world.route,
          tier: null,
          model: null,
        }),
        judged: entry('succeeded', world.judged, { score: world.score, accepted: world.score !== null && world.score > 5 }),
      },
    };
  });

const NUMBERS = [
  'iteration', 'attempt.iteration', 'carry.count', 'previous.n', 'attempt.previous.n', 'nodes.maybe.output.n', 'nodes.stood.output.n', 'nodes.routed.output.n',
  'nodes.judged.score', 'size(carry.seen)', 'size(nodes.many.items)', 'nodes.many.output[0].n', '1', '2',
]; // biome-ignore format: one word list
const TEXTS = [
  'previous.text', 'attempt.previous.text', 'previous.note', 'nodes.maybe.output.text', 'nodes.maybe.skip_reason', 'nodes.stood.output', 'nodes.routed.route',
  'nodes.judged.output', 'nodes.maybe.error.message', 'nodes.maybe.tier', '"a"', 'nodes.many.items[0].error.message',
]; // biome-ignore format: one word list
const TESTS = [
  'iteration > 1', 'iteration == 1', 'iteration != 1', '1 < iteration', 'iteration >= 2', 'iteration < 2', 'iteration <= 1', 'attempt.iteration > 1', 'iteration > 0',
  'previous != null', 'attempt.previous == null', 'nodes.maybe.status == "succeeded"', 'nodes.maybe.status != "skipped"', 'nodes.maybe.status == "skipped"',
  'nodes.maybe.output != null', 'nodes.stood.status == "skipped"', 'nodes.stood.status != "skipped"', 'nodes.routed.route == "a"', 'nodes.routed.route == "spam"',
  'nodes.routed.route != null', 'nodes.routed.output != null', 'nodes.routed.status == "succeeded"', 'nodes.judged.score != null', 'nodes.judged.accepted',
  'nodes.maybe.error != null', 'has(previous.note)', 'carry.count > 2',
]; // biome-ignore format: one word list
const OF_ITEMS = ['i.output.n', 'i.output', 'i.error.message', 'i.item', 'i.status', 'i.output.text', 'i.cost'];
const ITEM_TESTS = [
  'i.status == "succeeded"', 'i.status == "failed"', 'i.status != "succeeded"', 'i.output != null', 'i.error != null', 'i.status == "skipped"', 'i.status in ["failed", "skipped"]',
  'i.status == "succeeded" && i.output.n > 1',
]; // biome-ignore format: one word list

const { any, test } = fc.letrec<Record<'any' | 'test', string>>((tie) => {
  const leaf = fc.constantFrom(...NUMBERS, ...TEXTS);
  const depth = { depthSize: 'small', withCrossShrink: true } as const;
  return {
    test: fc.oneof(
      depth,
      fc.constantFrom(...TESTS),
      fc.tuple(tie('test'), fc.constantFrom('&&', '||'), tie('test')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('test').map((one) => `!(${one})`),
    ),
    any: fc.oneof(
      depth,
      leaf,
      fc.tuple(tie('test'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => `coalesce(${a}, ${b})`),
      fc.constantFrom(...OF_ITEMS).map((body) => `nodes.many.items.map(i, ${body})`),
      fc
        .tuple(fc.constantFrom(...ITEM_TESTS), fc.constantFrom(...OF_ITEMS))
        .map(([only, body]) => `nodes.many.items.filter(i, ${only}).map(i, ${body})`),
      fc
        .tuple(fc.constantFrom(...ITEM_TESTS), fc.constantFrom(...OF_ITEMS))
        .map(([only, body]) => `nodes.many.items.map(i, ${only} ? ${body} : "-")`),
      tie('test'),
    ),
  };
});

/** What depends on the values alone: nothing before the run can know it. */
const OF_VALUES = /has \d+ elements?, so none|is an empty list/;

describe('what the checker lets through, of nodes and loops', () => {
  it('evaluates in every round, whatever was skipped or has failed', () => {
    expectExpressionsSound({ sources: any, worlds, each: 6, scope, ofValues: OF_VALUES });
  });

  it('renders in every round, whatever was skipped or has failed', () => {
    const printed = fc.constantFrom(...NUMBERS.slice(0, 9), ...TEXTS.slice(0, 10)).filter((one) => /^[a-z_.]+$/.test(one));
    const tests = fc.constantFrom(
      'previous', '(gt iteration 1)', '(eq iteration 1)', '(ne iteration 1)', '(lt iteration 2)', '(gt attempt.iteration 1)', '(eq nodes.maybe.status "succeeded")',
      '(ne nodes.maybe.status "skipped")', '(eq nodes.stood.status "skipped")', 'nodes.routed.output', '(eq nodes.routed.route "a")', 'nodes.maybe.output', 'nodes.judged.score',
    ); // biome-ignore format: one word list
    const { template } = fc.letrec<{ template: string }>((tie) => ({
      template: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        printed.map((one) => `{{${one}}}`),
        fc.tuple(tests, tie('template'), tie('template')).map(([a, b, c]) => `{{#if ${a}}}${b}{{else}}${c}{{/if}}`),
        fc.constant('{{#each nodes.many.items as |i|}}{{#if (eq i.status "succeeded")}}{{i.output.n}}{{else}}{{i.item}}{{/if}}{{/each}}'),
      ),
    }));
    expectTemplatesSound({ sources: template, worlds, each: 6, scope });
  });

  it('says of a condition what it says of its outcome', () => {
    fc.assert(
      fc.property(test, worlds, (source, world) => {
        const parsed = parseExpression(source);
        if (!parsed.ok || inferExpression(parsed.tree, scope).problems.length > 0) return;
        expect(typeof compileExpression(parsed.tree)(world)).toBe('boolean');
      }),
      { numRuns: RUNS },
    );
  });
});
