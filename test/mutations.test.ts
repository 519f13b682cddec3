import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkWorkflow, renderDiagnostics } from '../engine/index.ts';

/** Workflows broken at random, the same ones in every run: the seed is fixed, and a failure names the number of its variant. */
const VARIANTS = 200;
const SEED = 20_261_120;

const gallery = join(import.meta.dirname, '../workflows');
const originals = readdirSync(gallery)
  .filter((file) => file.endsWith('.workflow.yml'))
  .sort()
  .map((file) => readFileSync(join(gallery, file), 'utf8'));
const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-broken-'));
mkdirSync(join(sandbox, 'partials'));
writeFileSync(join(sandbox, 'partials/material.md'), readFileSync(join(gallery, 'partials/material.md'), 'utf8'));
afterAll(() => rmSync(sandbox, { recursive: true }));

type Random = () => number;
type Mutation = (text: string, random: Random) => string;

/** mulberry32: small, and good enough to choose places in a text. */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const whole = (random: Random, below: number): number => Math.floor(random() * below);
const oneOf = <T>(random: Random, list: readonly T[]): T => list[whole(random, list.length)]!;

/** Replaces one match of `pattern`, chosen at random, if there is any. */
function atOne(text: string, random: Random, pattern: RegExp, change: (match: string) => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const match = oneOf(random, matches);
  return text.slice(0, match.index) + change(match[0]) + text.slice(match.index + match[0].length);
}

function withLines(change: (lines: string[], random: Random) => void): Mutation {
  return (text, random) => {
    const lines = text.split('\n');
    change(lines, random);
    return lines.join('\n');
  };
}

const mutations: Readonly<Record<string, Mutation>> = {
  'delete a line': withLines((lines, random) => lines.splice(whole(random, lines.length), 1)),
  'repeat a line': withLines((lines, random) => {
    const at = whole(random, lines.length);
    lines.splice(at, 0, lines[at]!);
  }),
  'swap two lines': withLines((lines, random) => {
    const [a, b] = [whole(random, lines.length), whole(random, lines.length)];
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  }),
  'shift a line': withLines((lines, random) => {
    const at = whole(random, lines.length);
    lines[at] = random() < 0.5 ? `  ${lines[at]}` : lines[at]!.replace(/^ {1,2}/, '');
  }),
  'delete a character': (text, random) => {
    const at = whole(random, text.length);
    return text.slice(0, at) + text.slice(at + 1);
  },
  'insert a character': (text, random) => {
    const at = whole(random, text.length);
    return text.slice(0, at) + oneOf(random, [...'{}[]:#&*!|>"\'`,?%@-\t\0é🙂']) + text.slice(at);
  },
  'cut the end off': (text, random) => text.slice(0, whole(random, text.length)),
  'misspell a key': (text, random) =>
    atOne(text, random, /[a-z_]{3,}(?=:)/g, (key) => key.slice(0, 1) + key.slice(2) + oneOf(random, ['', 's', 'x'])),
  'misspell a name': (text, random) =>
    atOne(text, random, /(?<=(?:nodes|inputs|constants|output)\.)[a-z_]+/g, (name) => `${name}${oneOf(random, ['s', 'x', '_'])}`),
  'change a type': (text, random) =>
    atOne(text, random, /\b(string|number|integer|boolean|array)\b/g, () =>
      oneOf(random, ['string', 'number', 'integer', 'boolean', 'array', 'text', '7']),
    ),
  'change a value': (text, random) =>
    atOne(text, random, /(?<=: )\S.*$/gm, () =>
      oneOf(random, ['null', '[]', '{}', '-1', 'true', '""', '[[1]]', '{a: {b: 1}}', '*x', '1e999']),
    ),
  'break a template': (text, random) =>
    atOne(text, random, /\{\{[^}]*\}\}/g, (tag) =>
      oneOf(random, [
        tag.slice(0, -1),
        tag.slice(1),
        '{{',
        '{{#each}}',
        '{{/if}}',
        '{{else}}',
        '{{> nothing}}',
        '{{{x}}}',
        '{{a.[0]}}',
        '{{#if nodes}}',
      ]),
    ),
  'break an expression': (text, random) =>
    atOne(text, random, /[<>=&]{1,2}|\(|\)|\bin\b|\?/g, () => oneOf(random, ['', '=', '&', '===', '(', ')', '..', ' and ', '<>'])),
};

function variant(number: number): { readonly text: string; readonly how: string } {
  const random = randomFrom(SEED + number);
  let text = originals[number % originals.length]!;
  const how: string[] = [];
  for (let times = 1 + whole(random, 3); times > 0; times--) {
    const name = oneOf(random, Object.keys(mutations));
    how.push(name);
    text = mutations[name]!(text, random);
  }
  return { text, how: how.join(', ') };
}

test(`${VARIANTS} broken variants: valid, or told where and what is wrong`, async () => {
  let broken = 0;
  for (let number = 0; number < VARIANTS; number++) {
    const { text, how } = variant(number);
    const file = join(sandbox, 'variant.workflow.yml');
    writeFileSync(file, text);
    const diagnostics = await checkWorkflow(file, { cwd: sandbox, env: {} }).catch((error: unknown) => {
      throw new Error(`variant ${number} (${how}) threw`, { cause: error });
    });
    const told = renderDiagnostics(diagnostics, { format: 'pretty', colour: false });
    const context = `variant ${number} (${how}):\n${told}`;
    for (const { at, code, message } of diagnostics) {
      expect(at.start, context).toBeGreaterThanOrEqual(0);
      expect(at.end, context).toBeGreaterThanOrEqual(at.start);
      expect(at.end, context).toBeLessThanOrEqual(at.file.text.length);
      expect(code, context).not.toMatch(/^DAG9/);
      expect(message.length, context).toBeGreaterThan(0);
    }
    // Words of the libraries underneath, or of ours that no author knows.
    expect(told, context).not.toMatch(
      /instancePath|must NOT|at (?:Object|async)\b|\.ts:\d|node_modules|YAMLParseError|undefined is not|\[object Object\]|Parse error on line/,
    );
    if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) broken += 1;
  }
  // Most variants have to be broken, or the test says nothing.
  expect(broken).toBeGreaterThan(VARIANTS / 2);
});
