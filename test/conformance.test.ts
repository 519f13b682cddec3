import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { examineFixture, isThere, promised, readFixtures, readRules } from './support/conformance.ts';

const rules = readRules();
const fixtures = readFixtures();
const built = fixtures.filter((fixture) => fixture.waitsFor === undefined);
const waiting = fixtures.filter((fixture) => fixture.waitsFor !== undefined);

describe('the rules', () => {
  test('every fixture belongs to a rule', () => {
    const ids = new Set(rules.map(({ id }) => id));
    expect(fixtures.filter(({ rule }) => !ids.has(rule)).map(({ path }) => path)).toEqual([]);
  });

  test('the reference names all rules of what is there, and no others', () => {
    const [text = ''] = readFileSync(join(import.meta.dirname, '../docs/language.md'), 'utf8').split('<!-- The rules');
    const named = new Set([...text.matchAll(/\bL\d+\.\d+\b/g)].map(([id]) => id));
    const there = rules.map(({ id }) => id).filter((id) => !waiting.some((fixture) => fixture.rule === id));
    expect([...named].sort()).toEqual(there.sort());
  });

  test.each(rules.map((rule) => [rule.id, rule] as const))('%s is kept by a fixture, and broken by one', (id, rule) => {
    const named = [...(rule.pass ?? []), ...(rule.fail ?? []), ...(rule.tests ?? [])];
    expect(named.filter((path) => !isThere(path))).toEqual([]);
    const own = (verdict: 'pass' | 'fail'): number =>
      fixtures.filter((fixture) => fixture.rule === id && fixture.verdict === verdict).length + (rule[verdict] ?? []).length;
    const shownElsewhere = (rule.tests ?? []).length > 0;
    expect({ kept: own('pass') > 0 || shownElsewhere, broken: own('fail') > 0 || shownElsewhere }).toEqual({ kept: true, broken: true });
  });
});

describe('a fixture keeps its rule or breaks it where it says', () => {
  test.each(built.map((fixture) => [fixture.path, fixture] as const))('%s', async (_, fixture) => {
    const { places, told } = await examineFixture(fixture);
    expect(places, told).toEqual(promised(fixture));
    // A run that breaks a rule may say so in what it expects.
    if (fixture.type !== 'run') expect(fixture.fails.length > 0, 'what it promises').toBe(fixture.verdict === 'fail');
    expect(fixture.fails.filter(({ code }) => code === '?')).toEqual([]);
  });
});

/** Counted, so that it is seen how much of the language is still to come; `?` stands for a code that is not there yet. */
describe(`${waiting.length} fixtures wait for what is not there yet${countedByFeature()}`, () => {
  test.each(waiting.map((fixture) => [fixture.path, fixture] as const))('%s', async (path, fixture) => {
    const expected = promised(fixture);
    const { places, told } = await examineFixture(fixture);
    expect(places, `${path} holds: it waits no longer for ${fixture.waitsFor}\n${told}`).not.toEqual(expected);
  });
});

function countedByFeature(): string {
  const counts = new Map<string, number>();
  for (const { waitsFor = '' } of waiting) counts.set(waitsFor, (counts.get(waitsFor) ?? 0) + 1);
  return counts.size === 0 ? '' : `: ${[...counts].map(([feature, count]) => `${feature} ${count}`).join(', ')}`;
}
