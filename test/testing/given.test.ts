import { afterAll, describe, expect, test } from 'vitest';
import { testSandbox, told } from '../support/test-report.ts';

const space = testSandbox();
const { report } = space;
afterAll(() => space.remove());

describe('answers of people', () => {
  const LOOP = `nodes:
  many:
    foreach: "['a', 'b']"
    kind: group
    repeat: { until: nodes.ask.output.approved, max: 3 }
    nodes:
      write: { prompt: "Write {{item}}{{iteration}}" }
      ask: { kind: approval, message: "Is {{nodes.write.output}} right?" }
    result: "iteration"
outputs: { rounds: nodes.many.output }
`;

  test('are for an item and a round', async () => {
    const found = await report(
      LOOP,
      `  it:
    answers:
      - { gate: many/ask, item: 1, iteration: 1, approved: true }
      - { gate: many/ask, iteration: 2, approved: true }
      - { gate: many/ask, approved: false }
    expect:
      outputs: { rounds: [2, 1] }
      nodes: { "many[0]#1/ask": { output: { approved: false } } }
`,
    );
    expect(told(found)).toBe('');
  });

  const GATE = `nodes:
  gate: { kind: approval, message: Go?, approvers: [ada, bob, test], require_different_approver: true }
outputs: { by: nodes.gate.output.responder }
`;

  test('are by somebody who may answer; whoever may not is refused, and the next one asked', async () => {
    const found = await report(
      GATE,
      `  nobody said who: { answers: [{ gate: gate, approved: true }], expect: { outputs: { by: ada } } }
  a stranger is no approver: { answers: [{ gate: gate, approved: true, by: eve }], expect: { status: waiting, nodes: { gate: waiting } } }
  whoever starts a run may not: { answers: [{ gate: gate, approved: true, by: test, times: any }], expect: { status: waiting } }
  a second one may: { answers: [{ gate: gate, approved: false, by: eve }, { gate: gate, approved: true, by: bob }], expect: { outputs: { by: bob } } }
`,
    );
    expect(told(found)).toBe('');
    const wrong = await report(GATE, '  it: { answers: [{ gate: gate, approved: true, by: eve }] }\n');
    expect(wrong.files[0]!.scenarios[0]!.diagnostics[0]).toMatchObject({
      details: ['waiting: gate', 'refused: the answer of eve at gate: eve is not one of its approvers (ada, bob, test)'],
    });
  });
});

test('where entries say so, only they answer a judge', async () => {
  const found = await report(
    `nodes:
  essay:
    prompt: Write.
    evaluate: { prompt: "Judge {{candidate}}", output: { fields: { score: integer 1..9 } }, accept_if: evaluation.score > 5, max_iterations: 2, revise: Again. }
  best: { prompt: Pick., best_of: { n: 2, pick: judge, judge: { prompt: "{{json candidates}}" } } }
outputs: { essay: nodes.essay.output, best: nodes.best.output }
`,
    `  it:
    replies:
      - { node: essay, times: 2, text: An essay. }
      - { node: essay, call: evaluate, iteration: 1, json: { score: 1 } }
      - { node: essay, call: evaluate, json: { score: 7 } }
      - { node: best, times: any, text: The best. }
      - { node: best, call: judge, json: { best: 2 } }
    expect:
      outputs: { essay: An essay., best: The best. }
      nodes: { essay: { score: 7, iterations: 2 } }
`,
  );
  expect(told(found)).toBe('');
});

describe('what is not used', () => {
  space.write('look.mjs', 'export const look = () => 1;\n');
  const ASK = `tools: { look: { script: ./look.mjs#look, input: { fields: { at: string } } } }
nodes:
  look: { kind: tool, tool: look, with: { at: here }, run_if: "false" }
  ask: { prompt: How many?, on_error: skip }
  gate: { kind: approval, message: Go?, run_if: "false" }
outputs: { n: 'coalesce(nodes.ask.output, "")' }
`;

  test('by a scenario is a warning, a failure that does not happen an error', async () => {
    const found = await report(
      ASK,
      `  it:
    replies:
      - { node: ask, times: 3, text: two }
      - { node: ask, text: three }
      - { node: ask, attempt: 2, fail: refused }
    answers: [{ gate: gate, approved: true }]
    stubs: [{ tool: look, text: nothing }]
`,
    );
    expect(told(found)).toMatchInlineSnapshot(`
      "w5.test.yml:5:9 warning DAG748: this reply for "ask" was used once, and could have been 3 times
      w5.test.yml:6:9 warning DAG748: this reply for "ask" was never used
      w5.test.yml:7:9 error DAG748: this reply for "ask" fails, and was never used
      w5.test.yml:8:15 warning DAG748: this answer for "gate" was never used
      w5.test.yml:9:13 warning DAG748: this stub for "look" was never used
      "
    `);
    expect(found.failed).toBe(1);
  });

  test('because there is no such tool, is a mistake', async () => {
    const found = await report(ASK, '  it: { stubs: [{ tool: loook, json: 1 }] }\n');
    expect(told(found)).toMatch(/:3:25 error DAG742: "loook" is not a tool that a node can call/);
  });

  test('by no scenario is told once all were run', async () => {
    space.write(
      'shared.replies.yml',
      'replies:\n  - { node: ask, text: one }\n  - { node: ask, text: two }\n  - { node: ask, text: three }\n',
    );
    const scenarios = `  one: { replies_file: shared.replies.yml, expect: { outputs: { n: one } } }
  two: { replies: [{ node: ask, text: zero }], expect: { outputs: { n: zero } } }
answers:
  - { gate: gate, approved: true }
`;
    expect(told(await report(ASK, scenarios))).toMatchInlineSnapshot(`
      "w7.test.yml:6:5 warning DAG748: no scenario uses this answer for "gate"
      shared.replies.yml:3:5 warning DAG748: no scenario uses this reply for "ask"
      shared.replies.yml:4:5 warning DAG748: no scenario uses this reply for "ask"
      "
    `);
  });
});
