import { afterAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/workspace-run.ts';

const place = workspace();
afterAll(() => place.remove());
const call = (script: string, more = '', options = {}): ReturnType<typeof place.run> =>
  place.run(
    `inputs: { list: { type: array, default: [] } }\nnodes:\n  it: { kind: script, script: "${script}"${more && `, ${more}`} }\noutputs: { it: nodes.it.output }\n`,
    options,
  );

place.write(
  'lib/words.mjs',
  "import { least } from './least.mjs';\nexport const count = ({ text }) => text.split(' ').filter((word) => word.length >= least).length;\nexport async function later(value) { return { value }; }\nexport default (given) => given;\nexport const limit = 3;\n",
);
place.write('lib/least.mjs', 'export const least = 2;\n');
place.write(
  'lib/typed.ts',
  "import { helper } from './helper';\nimport type { Nothing } from './nothing-there.ts';\nenum Size { small = 1, large = 2 }\nexport function build(given: { n: number }): { size: Size; helped: string } {\n  return { size: given.n > 1 ? Size.large : Size.small, helped: helper(given.n) };\n}\nexport function fails(): never {\n  const nothing = undefined as unknown as { x: number };\n  return nothing.x as never;\n}\n",
);
place.write(
  'lib/helper.ts',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code of the module.
  'export const helper = (n: number): string => `helped ${n}`;\nexport function thrower(): void {\n  throw new RangeError("too far");\n}\n',
);
place.write('lib/common.cjs', 'module.exports = { twice: (n) => n * 2 };\n');

describe('a function of a module', () => {
  test('is called with `with`, and what it gives is the output', async () => {
    expect((await call('./lib/words.mjs#count', 'with: { text: "a bb ccc" }')).output()).toBe(2);
    expect((await call('lib/words.mjs#later', 'with: { cel: "[1, 2].map(x, x * 2)" }')).output()).toEqual({ value: [2, 4] });
    expect((await call('./lib/words.mjs#default')).output()).toBe(null);
    expect((await call('./lib/common.cjs#twice', 'with: 4')).output()).toBe(8);
  });

  test('of TypeScript, with all of its language', async () => {
    expect((await call('./lib/typed.ts#build', 'with: { n: 2 }')).output()).toEqual({ size: 2, helped: 'helped 2' });
  });

  test('is told when its time is up', async () => {
    place.write(
      'lib/slow.mjs',
      "export const slow = (_, { abort }) => new Promise((_, reject) => abort.addEventListener('abort', () => reject(new Error('told to stop'))));\n",
    );
    expect((await call('./lib/slow.mjs#slow', 'timeout: 50ms')).error()).toBe('timed_out: no answer within 0.05 s');
  });

  test('says what it does, for people', async () => {
    place.write(
      'lib/talks.mjs',
      "export const talks = (given, { log }) => { for (const n of given) log('at', { n }); return given.length; };\n",
    );
    const told = await call('./lib/talks.mjs#talks', 'with: [1, 2]');
    expect(told.output()).toBe(2);
    expect(told.events.flatMap((event) => (event.type === 'attempt.logged' ? [event.text] : []))).toEqual(['at { n: 1 }', 'at { n: 2 }']);
    const much = await call('./lib/talks.mjs#talks', 'with: { cel: "inputs.list" }', {
      inputs: { list: Array.from({ length: 500 }, (_, n) => n) },
    });
    expect(much.events.filter((event) => event.type === 'attempt.logged')).toHaveLength(200);
  });

  test('is tried again when the node says so', async () => {
    place.write(
      'lib/flaky.mjs',
      "let calls = 0;\nexport const flaky = () => {\n  calls += 1;\n  if (calls < 3) throw new Error('not yet');\n  return calls;\n};\n",
    );
    expect((await call('./lib/flaky.mjs#flaky', 'retry: { max_attempts: 3, initial_delay: 0ms, max_delay: 0ms }')).output()).toBe(3);
  });
});

describe('what goes wrong', () => {
  test('in the module is told with its place there, and nothing of ours', async () => {
    expect((await call('./lib/typed.ts#fails')).error()).toMatch(
      /^task_failed: lib\/typed\.ts:9:\d+: TypeError: Cannot read properties of undefined \(reading 'x'\)$/,
    );
    expect((await call('./lib/helper.ts#thrower')).error()).toMatch(/^task_failed: lib\/helper\.ts:3:\d+: RangeError: too far$/);
    place.write('lib/odd.mjs', "export const odd = () => { throw 'just text'; };\n");
    expect((await call('./lib/odd.mjs#odd')).error()).toBe('task_failed: lib/odd.mjs: just text');
  });

  test('while it is loaded', async () => {
    place.write('lib/early.mjs', "\nthrow new Error('too early');\nexport const x = () => 1;\n");
    expect((await call('./lib/early.mjs#x')).error()).toBe('task_failed: lib/early.mjs:2:7: too early');
    place.write('lib/broken.ts', 'export const x = ( => 1;\n');
    expect((await call('./lib/broken.ts#x')).error()).toMatch(/^task_failed: lib\/broken\.ts/);
    // Something before might have written it.
    const told = await place.run(
      'nodes:\n  make: { kind: command, argv: ["true"] }\n  it: { kind: script, script: "./lib/missing.ts#x", needs: [make] }\noutputs: { it: nodes.it.output }\n',
    );
    expect(told.error('it')).toBe('file_unreadable: there is no file "./lib/missing.ts"');
    // One that leads outside by the time it is called.
    const moved = await place.run(
      'nodes:\n  move: { kind: command, argv: [ln, -s, /, away] }\n  it: { kind: script, script: "./away/outside.ts#x", needs: [move] }\noutputs: { it: nodes.it.output }\n',
    );
    expect(moved.error('it')).toBe('file_unreadable: "./away/outside.ts" lies outside the workspace');
  });

  test('with its name', async () => {
    expect((await call('./lib/words.mjs#cuont')).error()).toBe(
      'task_failed: lib/words.mjs exports nothing called "cuont"; it exports count, default, later',
    );
    expect((await call('./lib/words.mjs#limit')).error()).toContain('exports "limit", which is no function');
  });

  test('with what it returns', async () => {
    place.write(
      'lib/returns.mjs',
      'const loop = {}; loop.self = loop;\nexport const undef = () => undefined;\nexport const fields = () => ({ a: undefined, b: 1 });\nexport const fn = () => ({ a: [1, () => 1] });\nexport const date = () => ({ at: new Date(0) });\nexport const nan = () => [0 / 0];\nexport const big = () => 1n;\nexport const circle = () => loop;\nexport const getter = () => ({ get a() { throw new Error("not now"); } });\n',
    );
    const given = async (name: string): Promise<unknown> => {
      const told = await call(`./lib/returns.mjs#${name}`);
      return told.result.error ? told.error() : told.output();
    };
    expect(await given('undef')).toBe(null);
    expect(await given('fields')).toEqual({ b: 1 });
    expect(await given('fn')).toBe('output_invalid: what ./lib/returns.mjs#fn returned is not JSON: a[1] is a function');
    expect(await given('date')).toContain('at is a Date, not plain data');
    expect(await given('nan')).toContain('[0] is NaN');
    expect(await given('big')).toContain('it is a bigint');
    expect(await given('circle')).toContain('self leads back to itself');
    expect(await given('getter')).toBe('output_invalid: what ./lib/returns.mjs#getter returned is not JSON: it cannot be read: not now');
  });
});
