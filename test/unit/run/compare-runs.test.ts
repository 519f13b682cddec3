import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { runId } from '../../../engine/base/ids.ts';
import { explainReuse, loadWorkflow, type RunOptions, run } from '../../../engine/index.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { compareRuns } from '../../../engine/run/compare-runs.ts';
import { differenceInWords } from '../../../engine/run/difference-in-words.ts';
import { firstDifference } from '../../../engine/run/first-difference.ts';
import { newRunId } from '../../../engine/run-id.ts';
import { runIn } from '../../../engine/run-workflow.ts';
import { openMemoryStore } from '../../../engine/store/memory.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-compare-'));
afterAll(() => rmSync(sandbox, { recursive: true, force: true }));
let count = 0;

interface Version {
  readonly text: string;
  readonly options?: RunOptions;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: string;
}

/** What is said of each node of the second run. */
async function told(before: Version, after: Version): Promise<readonly string[]> {
  count += 1;
  const cwd = mkdtempSync(join(sandbox, `p${count}-`));
  const store = openMemoryStore();
  const go = async ({ text, options, files = {}, config = '{}\n' }: Version, from?: string): Promise<string> => {
    for (const [name, content] of Object.entries({ 'dagrun.config.yml': config, ...files })) writeFileSync(join(cwd, name), content);
    const file = join(cwd, 'w.workflow.yml');
    writeFileSync(file, `dagrun: 1\nname: w\n${text}`);
    const workflow = await loadWorkflow(file, { cwd, env: {} });
    const world = { clock: systemClock, random: () => 0, id: newRunId(), alone: true, store };
    return (await runIn(world, workflow, { cwd, env: {}, offline: true, ...options, ...(from !== undefined && { from }) })).run;
  };
  const second = await go(after, await go(before));
  const { nodes } = (await compareRuns(store, runId(second), kinds))!;
  return nodes.map(({ node, verdict, task, because }) => {
    const item = task !== undefined && String(task) !== node ? [task] : [];
    return [node, verdict, ...item, ...(because ? [differenceInWords(because)] : [])].join(' | ');
  });
}

const change = (text: string, from: string, to: string): [Version, Version] => [{ text }, { text: text.replace(from, to) }];

describe('why a node was done again', () => {
  test.each<[string, [Version, Version], string[]]>([
    [
      'a line of a prompt',
      change('nodes:\n  a:\n    prompt: |\n      One.\n      Two.\n', 'Two.', 'Three.'),
      ['a | again | prompt, line 2: "Two." is now "Three."'],
    ],
    [
      'a line that is new',
      change('nodes:\n  a:\n    prompt: |\n      One.\n', 'One.', 'One.\n      Two.'),
      ['a | again | prompt, line 2: "Two." is new'],
    ],
    [
      'the end of a long prompt',
      change(`nodes: { a: { prompt: "${'Say it again. '.repeat(9)}Now." } }\n`, 'Now.', 'Later.'),
      ['a | again | prompt: "…y it again. Now." is now "…y it again. Later."'],
    ],
    ['a tier', change('nodes: { a: { tier: cheap, prompt: x } }\n', 'cheap', 'premium'), ['a | again | tier: "cheap" is now "premium"']],
    [
      'a source, and its reader',
      [
        { text: 'nodes: { a: { kind: set, value: "1 + 1" }, b: { prompt: "It is {{nodes.a.output}}." } }\n' },
        { text: 'nodes: { a: { kind: set, value: "1 + 2" }, b: { prompt: "It is {{nodes.a.output}}." } }\n' },
      ],
      ['a | again | value: 2 is now 3', 'b | again | prompt reads nodes.a.output: "It is 2." is now "It is 3."'],
    ],
    [
      'an input',
      [
        { text: 'inputs: { x: { type: string } }\nnodes: { a: { prompt: "{{inputs.x}}" } }\n', options: { inputs: { x: 'one' } } },
        { text: 'inputs: { x: { type: string } }\nnodes: { a: { prompt: "{{inputs.x}}" } }\n', options: { inputs: { x: 'two' } } },
      ],
      ['a | again | prompt reads inputs.x: "one" is now "two"'],
    ],
    [
      'a schema',
      change('nodes: { a: { prompt: x, output: { fields: { n: integer 1..9 } } } }\n', '1..9', '1..5'),
      ['a | again | output.properties.n.maximum: 9 is now 5'],
    ],
    [
      'a check, and what it reads',
      [
        { text: 'inputs: { n: { type: integer, default: 1 } }\nnodes: { a: { prompt: x, check: [{ that: size(output) > inputs.n }] } }\n' },
        { text: 'inputs: { n: { type: integer, default: 2 } }\nnodes: { a: { prompt: x, check: [{ that: size(output) > inputs.n }] } }\n' },
      ],
      ['a | again | its checks or its result read inputs.n: 1 is now 2'],
    ],
    [
      'a kind',
      change('nodes: { a: { prompt: x } }\n', 'prompt: x', 'kind: set, value: 1'),
      ['a | again | was of kind llm and is of kind set'],
    ],
    [
      'the models of a tier',
      [
        { text: 'nodes: { a: { prompt: x } }\n', config: 'tiers: { capable: [anthropic/claude-sonnet-5-5] }\n' },
        { text: 'nodes: { a: { prompt: x } }\n', config: 'tiers: { capable: [anthropic/claude-opus-5-5] }\n' },
      ],
      ['a | again | the models were anthropic/claude-sonnet-5-5 and are anthropic/claude-opus-5-5'],
    ],
    [
      'a file',
      [
        { text: 'nodes: { a: { prompt: x, attach: [note.md] } }\n', files: { 'note.md': 'one' } },
        { text: 'nodes: { a: { prompt: x, attach: [note.md] } }\n', files: { 'note.md': 'two' } },
      ],
      ['a | again | the text of the file it attaches has changed: note.md'],
    ],
    [
      'an item that is new, one that has changed, one with its key',
      [
        {
          text: `constants: { l: [a, b], k: [{ id: 1, t: a }, { id: 2, t: b }] }
nodes: { add: { foreach: constants.l, prompt: "{{item}}" }, put: { foreach: { items: constants.k, key: item.id }, prompt: "{{item.t}}" } }\n`,
        },
        {
          text: `constants: { l: [a, x, b], k: [{ id: 2, t: c }, { id: 1, t: a }] }
nodes: { add: { foreach: constants.l, prompt: "{{item}}" }, put: { foreach: { items: constants.k, key: item.id }, prompt: "{{item.t}}" } }\n`,
        },
      ],
      ['add | again | add[1] | the item is new', 'put | again | put[0] | prompt reads item.t: "b" is now "c"'],
    ],
    [
      'what failed before',
      [
        {
          text: 'nodes: { a: { prompt: x, retry: { max_attempts: 1 }, on_error: skip } }\n',
          files: { 'r.yml': 'replies: [{ node: a, fail: refused }]\n' },
          options: { replies: 'r.yml' },
        },
        { text: 'nodes: { a: { prompt: x, retry: { max_attempts: 1 }, on_error: skip } }\n' },
      ],
      ['a | again | did not succeed before: skipped'],
    ],
    [
      'what was to be done again, what follows, and what neither',
      [
        { text: 'nodes: { a: { prompt: x }, b: { prompt: "{{nodes.a.output}}" }, c: { prompt: y } }\n' },
        { text: 'nodes: { a: { prompt: x }, b: { prompt: "{{nodes.a.output}}" }, c: { prompt: y } }\n', options: { refresh: ['a'] } },
      ],
      ['a | again | was to be done again', 'b | again | was to be done again', 'c | reused'],
    ],
    [
      'nodes that come and go, and one that is skipped',
      [
        { text: 'inputs: { s: { type: boolean, default: false } }\nnodes: { a: { prompt: x }, b: { prompt: y, skip_if: inputs.s } }\n' },
        { text: 'inputs: { s: { type: boolean, default: true } }\nnodes: { c: { prompt: x }, b: { prompt: y, skip_if: inputs.s } }\n' },
      ],
      ['c | new', 'b | not_run', 'a | gone'],
    ],
  ])('%s', async (_, [before, after], expected) => {
    expect(await told(before, after)).toEqual(expected);
  });

  test('a run that began anew has nothing to compare', async () => {
    const cwd = mkdtempSync(join(sandbox, 'alone-'));
    writeFileSync(join(cwd, 'w.workflow.yml'), 'dagrun: 1\nname: w\nnodes: { a: { prompt: x } }\n');
    const result = await run(await loadWorkflow('w.workflow.yml', { cwd, env: {} }), { cwd, env: {}, offline: true });
    expect(await explainReuse(result.run, { cwd, env: {} })).toBeUndefined();
  });
});

test('a first difference is where values part, whatever the order of their fields', () => {
  expect(firstDifference({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBeUndefined();
  expect(firstDifference({ a: [1, { x: 'one\ntwo' }] }, { a: [1, { x: 'one\n2' }] })).toEqual({
    path: ['a', 1, 'x'],
    line: 2,
    before: 'two',
    after: '2',
  });
  expect(firstDifference([1], [1, 2])).toEqual({ path: [1], before: null, after: 2 });
  expect(firstDifference('a', null)).toEqual({ path: [], before: 'a', after: null });
});
