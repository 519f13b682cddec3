import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { positionAt } from '../../engine/base/position.ts';
import { runTests } from '../../engine/testing/run-tests.ts';

const WORKFLOW = `dagrun: 1
name: w
inputs: { notes: { type: array, items: { type: string } } }
tools:
  find: { script: ./find.mjs#find, description: Finds., input: { fields: { q: string } } }
nodes:
  sort:
    tier: cheap
    foreach: inputs.notes
    prompt: "Is this a task? {{item}}"
    output: { fields: { is_task: boolean } }
  ask: { tier: cheap, tools: [find], prompt: Find. }
  total: { kind: set, value: size(nodes.sort.output) }
  gate: { kind: approval, message: Go on? }
  refine:
    kind: group
    repeat: { times: 2 }
    nodes: { draft: { tier: cheap, prompt: Draft. } }
  plan: { tier: capable, prompt: "{{json nodes.sort.output}} {{nodes.ask.output}}" }
outputs: { plan: nodes.plan.output, total: nodes.total.output }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-mistakes-'));
  writeFileSync(join(folder, 'w.workflow.yml'), WORKFLOW);
  writeFileSync(join(folder, 'find.mjs'), 'export const find = () => 1;\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of a test file, and how it can be mended: `3:7 DAG741 message (help)`. */
async function mistakesOf(text: string, others: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  for (const [name, content] of Object.entries(others)) writeFileSync(join(folder, name), content);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'w.test.yml'), text);
  const { files } = await runTests([join(folder, 'w.test.yml')], { cwd: folder });
  return (files[0]?.diagnostics ?? [])
    .map(({ code, message, at, help }) => ({
      ...positionAt(at.file, at.start),
      text: `${code} ${message}${help === undefined ? '' : ` (${help})`}`,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, text: said }) => `${line}:${column} ${said}`);
}

const inScenario = (lines: string): string => `workflow: w.workflow.yml\ninputs: { notes: [a] }\nscenarios:\n  one:\n${lines}`;

describe('all mistakes of a test file show at once', () => {
  test('those of its shape do not hide those against its workflow', async () => {
    const text = inScenario(`    replies:
      - { node: srt, json: 1 }
      - { node: sort, jsn: {} }
      - { node: total, json: 1 }
      - { node: plan, text: x, json: 1 }
    expect:
      nodes: { sort: suceeded, pln: suceeded, plan: { attempts: three, tires: 2 } }
      output: { plan: x }
      that: [nodes.pln.status == "x", { taht: "1 == 1" }]
`);
    expect(await mistakesOf(text)).toEqual([
      '6:17 DAG722 "srt" is not a node of the workflow (did you mean "sort"?)',
      '7:23 DAG741 "jsn" is not a key of a reply (did you mean "json"?)',
      '8:17 DAG745 "total" calls no model (put the entry under `stubs`)',
      '9:9 DAG723 an entry gives one of json, text, fail; this one gives json and text (keep one of them, and write another entry for the other)',
      '11:22 DAG741 "scenarios.one.expect.nodes.sort" must be "succeeded", "failed", "skipped", "cancelled", "waiting" or an object; got "suceeded" (did you mean "succeeded"?)',
      '11:32 DAG742 "pln" is not a node of w (did you mean "plan"?)',
      '11:37 DAG741 "scenarios.one.expect.nodes.pln" must be "succeeded", "failed", "skipped", "cancelled", "waiting" or an object; got "suceeded" (did you mean "succeeded"?)',
      '11:65 DAG741 "scenarios.one.expect.nodes.plan.attempts" must be a number or an object; got "three"',
      '11:72 DAG741 "tires" is not a key of an expected node',
      '12:7 DAG741 "output" is not a key of `expect` (did you mean "outputs"?)',
      '13:14 DAG744 `nodes.pln.status` reads "pln", which is not there (did you mean "plan"?)',
      '13:41 DAG741 "taht" is not a key of an assertion (did you mean "that"?)',
    ]);
  });

  test('those of its workflow and of files that it names are beside its own', async () => {
    const text = `workflow: w.workflow.yml
scenarios:
  one: { replies_file: a.replies.yml, input_files: { notes: nowhere.txt }, expct: {} }
`;
    const replies = 'replys: []\nreplies: [{ node: srt, text: x }, { node: sort, txt: x }]\n';
    expect(await mistakesOf(text, { 'a.replies.yml': replies })).toEqual([
      '1:1 DAG721 "replys" is not a key of a replies file (did you mean "replies"?)',
      '2:19 DAG722 "srt" is not a node of the workflow (did you mean "sort"?)',
      '2:49 DAG721 "txt" is not a key of an entry (did you mean "text"?)',
      '3:61 DAG743 the file "nowhere.txt" cannot be read (the path starts at the folder of this file)',
      '3:76 DAG741 "expct" is not a key of a scenario (did you mean "expect"?)',
    ]);
    const wrong = WORKFLOW.replace('"{{json nodes.sort.output}}', '"{{nodes.srt.output}}');
    expect((await mistakesOf(text, { 'w.workflow.yml': wrong })).map((one) => one.slice(0, one.indexOf(' ', 8)))).toEqual([
      '1:11 DAG743',
      '3:61 DAG743',
      '3:76 DAG741',
      '19:43 DAG202',
    ]);
    expect(await mistakesOf(text.replace('w.work', 'v.work'))).toContain(
      '1:11 DAG743 there is no workflow "v.workflow.yml" (the path starts at the folder of this file)',
    );
  });

  test('none is told that only follows from another', async () => {
    // A misspelt key is not missing besides, and what it holds is not, either.
    expect(await mistakesOf('workflow: w.workflow.yml\ninput: { notes: [a] }\nscenario:\n  one: {}\n')).toEqual([
      '2:1 DAG741 "input" is not a key of a test file (did you mean "inputs"?)',
      '3:1 DAG741 "scenario" is not a key of a test file (did you mean "scenarios"?)',
    ]);
    expect(await mistakesOf('workflow: w.workflow.yml\ninputs: notes\nscenarios: { one: {} }\n')).toEqual([
      '2:9 DAG741 "inputs" must be an object; got the text "notes"',
    ]);
    expect(await mistakesOf('workflow: 5\nscenarios: { one: { expect: { status: ok } } }\n')).toEqual([
      '1:11 DAG741 "workflow" must be text; got 5',
      '2:39 DAG741 "scenarios.one.expect.status" must be one of "succeeded", "failed", "cancelled", "waiting"; got "ok"',
    ]);
    expect(await mistakesOf(inScenario('    faults: [{ fault: slow, delay: soon }, { node: pln, fault: slw, delay: 1s }]\n'))).toEqual([
      '5:14 DAG741 "scenarios.one.faults[0].node" is missing',
      '5:52 DAG742 "pln" is not a node of w (did you mean "plan"?)',
      '5:64 DAG741 "scenarios.one.faults[1].fault" must be one of "rate_limited", "timed_out", "unavailable", "refused", "malformed", "slow", "tool_error"; got "slw" (did you mean "slow"?)',
    ]);
  });

  test('where lists and names are mixed up', async () => {
    expect(await mistakesOf('workflow: w.workflow.yml\nscenarios:\n  - { inputs: { notes: [a] } }\n')).toEqual([
      '3:3 DAG741 "scenarios" must be an object; got a list (each has its name for a key: `two items: { … }`)',
    ]);
    expect(await mistakesOf(inScenario('    replies: { node: plan, text: x }\n    expect: { that: "1 == 1", nodes: [pln] }\n'))).toEqual([
      '5:14 DAG741 "scenarios.one.replies" must be a list; got an object',
      '6:21 DAG741 "scenarios.one.expect.that" must be a list; got the text "1 == 1"',
      '6:38 DAG741 "scenarios.one.expect.nodes" must be an object; got a list',
    ]);
  });
});

describe('what is given', () => {
  test('is for nodes that can have it', async () => {
    const text =
      inScenario(`    stubs: [{ node: plan, text: x }, { tool: fnd, text: x }, { node: refine, json: 1 }, { tool: find, node: total, text: x }]
    answers: [{ gate: plan, approved: true }, { gate: gate, approved: true }, { gate: ask, approved: true, times: any }]
    waits: [{ node: total, over: due }, { node: gate, over: deadline_passed }]
`);
    expect(await mistakesOf(text)).toEqual([
      '5:21 DAG745 "plan" calls a model (put the entry under `replies`)',
      '5:46 DAG742 "fnd" is not a tool that a node can call in w (did you mean "find"?)',
      '5:70 DAG722 "refine" itself does nothing (did you mean "refine/draft"?)',
      '5:89 DAG723 an entry stands in for a node or for a tool, not for both (keep one of them)',
      '6:23 DAG745 "plan" asks nobody (answers are for nodes of kind `approval`, and for those that call tools)',
      '7:21 DAG745 "total" waits for nothing (what ends waiting is for nodes of kind `wait` and `approval`)',
    ]);
  });

  test('inputs are named with what is wrong in them', async () => {
    expect(await mistakesOf('workflow: w.workflow.yml\nscenarios: { one: { inputs: { notes: [a, 5], lang: de } } }\n')).toEqual([
      '2:42 DAG733 the input "notes": "[1]" must be text; got 5',
      '2:46 DAG731 "lang" is not an input of w (there is only "notes")',
    ]);
  });
});

test('what could never be seen to fail is not expected', async () => {
  const text = inScenario(`    expect: { status: succeeded, error: refused }
  two:
    expect: { error: refused, outputs: { plan: x } }
  three:
    expect: { status: waiting, snapshot: true }
`);
  expect(await mistakesOf(text)).toEqual([
    '5:34 DAG741 a run that succeeded has no error (leave out `status`, or say `failed`)',
    '7:31 DAG741 only a run that succeeds has outputs',
    '9:32 DAG741 only a run that succeeds has outputs to compare',
  ]);
});
