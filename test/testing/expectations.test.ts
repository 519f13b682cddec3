import { afterAll, describe, expect, test } from 'vitest';
import { runTests } from '../../engine/index.ts';
import { testSandbox, told } from '../support/test-report.ts';

const space = testSandbox();
const { report } = space;
afterAll(() => space.remove());

space.write(
  'shop.mjs',
  "export const find = ({ customer }) => ({ orders: [customer] });\nexport const refund = () => { throw new Error('closed'); };\n",
);

describe('calls of tools', () => {
  const workflow = `tools:
  find: { script: ./shop.mjs#find, input: { fields: { customer: string, limit?: integer } } }
  refund: { script: ./shop.mjs#refund, input: { fields: { order: string } } }
  unused: { script: ./shop.mjs#find, input: { fields: { customer: string } } }
nodes:
  answer: { prompt: What?, tools: [find, refund] }
  look: { kind: tool, tool: find, with: { customer: Cy } }
outputs: { answer: nodes.answer.output }
`;
  const replies = `replies:
      - { node: answer, tool_calls: [{ tool: find, args: { customer: Ada, limit: 2 } }, { tool: find, args: { customer: Bob } }, { tool: refund, args: { order: A7 } }] }
      - { node: answer, text: Done. }`;

  test('are expected by how often, with what, and with what came of it', async () => {
    const found = await report(
      workflow,
      `  it:
    ${replies}
    expect:
      tool_calls: { find: 3 }
      nodes:
        look: { tool_calls: 1 }
        answer:
          tool_calls:
            find: [{ args: { customer: Ada } }, { args: { limit: 2 }, times: 1, result: { orders: [Ada] } }, { args: { customer: Cy }, times: 0 }]
            refund: { times: 1, failed: true, result: { contains: closed } }
      that:
        - nodes.answer.tool_calls.exists(c, c.tool == "refund" && c.failed)
        - size(run.tool_calls) == 4
`,
    );
    expect(told(found)).toBe('');
  });

  test('that are not as expected are told with those that were made', async () => {
    const found = await report(
      workflow,
      `  it:
    ${replies}
    expect:
      nodes:
        look: { tool_calls: 0 }
        answer:
          tool_calls:
            find: { args: { customer: Eve } }
            refund: 0
  other:
    expect:
      nodes:
        look: { tool_calls: { find: { args: { customer: Di }, result: { orders: [] } } } }
        answer: { tool_calls: { find: { args: { customer: Ada } }, refund: { times: { min: 1 } } } }
`,
    );
    expect(told(found)).toMatchInlineSnapshot(`
      "w2.test.yml:9:29 error DAG746: \`nodes.look.tool_calls\` is 1, not 0
      w2.test.yml:12:19 error DAG746: \`nodes.answer.tool_calls.find\` was never called so
      w2.test.yml:13:21 error DAG746: \`nodes.answer.tool_calls.refund\` was called once; expected: never
      w2.test.yml:17:57 error DAG746: \`nodes.look.tool_calls.find.args.customer\` is "Cy", not "Di"
      w2.test.yml:17:81 error DAG746: \`nodes.look.tool_calls.find.result.orders\` has 1 element, not 0
      w2.test.yml:18:39 error DAG746: \`nodes.answer.tool_calls.find\` was never called
      w2.test.yml:18:92 error DAG746: \`nodes.answer.tool_calls.refund.times\` was never called; expected: at least once
      "
    `);
  });

  test('are of tools that a node can call', async () => {
    const found = await report(
      workflow,
      '  it: { expect: { tool_calls: { fnd: 1, unused: 0 }, nodes: { answer: { tool_calls: { refnd: 1 } } } } }\n',
    );
    expect(told(found)).toMatchInlineSnapshot(`
      "w3.test.yml:3:33 error DAG742: "fnd" is not a tool that a node can call in w3
      w3.test.yml:3:41 error DAG742: "unused" is not a tool that a node can call in w3
      w3.test.yml:3:87 error DAG742: "refnd" is not a tool that a node can call in w3
      "
    `);
  });
});

describe('nodes inside nodes', () => {
  const workflow = `inputs: { list: { type: array, items: { type: string }, default: [a, b] } }
nodes:
  scan:
    foreach: inputs.list
    kind: group
    nodes:
      read: { prompt: "Read {{item}}", tier: cheap }
      rate: { prompt: "Rate {{nodes.read.output}}", output: { fields: { n: integer } }, on_error: skip }
  refine:
    kind: group
    repeat: { until: nodes.grade.output.n > 5, max: 3 }
    nodes:
      draft: { prompt: Write. }
      parts: { foreach: "['x', 'y']", kind: set, value: item }
      grade: { prompt: "Grade {{nodes.draft.output}}", output: { fields: { n: integer } } }
  essay:
    prompt: Write an essay.
    evaluate: { prompt: "Judge {{candidate}}", output: { fields: { score: integer } }, accept_if: evaluation.score > 5, max_iterations: 3, revise: "Better {{candidate}}", on_exhausted: accept }
  answer:
    route:
      by: inputs.list.size() > 1
      cases:
        "true": { kind: group, nodes: { long: { prompt: Long. } }, result: nodes.long.output }
        "false": { prompt: Short. }
outputs: { refined: nodes.refine.output.draft, answer: nodes.answer.output }
`;
  const given = `replies:
      - { node: scan/read, item: 0, text: "A!" }
      - { node: scan/read, item: 1, text: "B!" }
      - { node: scan/rate, item: 0, json: { n: 1 } }
      - { node: scan/rate, item: 1, fail: refused, times: any }
      - { node: refine/draft, iteration: 1, text: one }
      - { node: refine/draft, iteration: 2, text: two }
      - { node: refine/grade, iteration: 1, json: { n: 3 } }
      - { node: refine/grade, iteration: 2, json: { n: 7 } }
      - { node: essay, call: ask, text: first }
      - { node: essay, call: revise, text: second }
      - { node: essay, call: evaluate, iteration: 1, json: { score: 2 } }
      - { node: essay, call: evaluate, iteration: 2, json: { score: 8 } }
      - { node: answer/true/long, text: Long it is. }`;

  test('are expected by their place, and one of them by its item or round', async () => {
    const found = await report(
      workflow,
      `  it:
    ${given}
    expect:
      nodes:
        scan: { items: 2, model_calls: 4 }
        scan/read: { model_calls: 2, tier: cheap }
        scan[0]: succeeded
        scan[1]/read: { output: B!, model_calls: 1, tier: cheap }
        scan[1]/rate: { status: skipped, error: refused }
        refine: { iterations: 2, accepted: true, model_calls: 4 }
        "refine#1/draft": { output: one }
        "refine#2/parts[1]": { output: y }
        "refine#1/parts": { items: 2, output: [x, y] }
        "refine#2": { status: succeeded, output: { draft: two, parts: [x, y] }, model_calls: 2 }
        "essay#1": { output: first, score: 2, model_calls: 2 }
        essay: { score: 8, iterations: 2, output: second, model_calls: 4 }
        answer: { route: "true", model_calls: 1 }
        answer/true/long: { output: Long it is. }
        answer/false: skipped
      prompts:
        scan[1]/rate: { contains: B!, lacks: A! }
        "refine#2/grade": { contains: two, lacks: one }
      that:
        - nodes.scan.items[1].nodes.read.output == "B!"
        - nodes.scan.items.all(i, i.nodes.read.model_calls == 1)
        - nodes.refine.iterations[0].nodes.draft.output == "one"
        - nodes.refine.iterations.map(r, r.nodes.grade.output.n) == [3, 7]
        - nodes.essay.iterations[1].evaluation.score == 8 && nodes.essay.score == 8 && nodes.essay.accepted
        - nodes.answer.nodes["true"].nodes.long.output == "Long it is." && nodes.answer.route == "true"
        - nodes.answer.nodes["false"].status == "skipped"
`,
    );
    expect(told(found)).toBe('');
  });

  test('what does not hold, was never come to, or is several things', async () => {
    const found = await report(
      workflow,
      `  it:
    ${given}
    expect:
      nodes:
        scan/read: { output: B! }
        scan[2]/read: succeeded
        scan[1]/rate: succeeded
        "refine#3/draft": { output: three }
        "refine#2/draft": { output: one }
        answer/false: succeeded
`,
    );
    expect(told(found)).toMatchInlineSnapshot(`
      "w5.test.yml:20:30 error DAG746: \`nodes.scan/read.output\` is another each time: it was done 2 times
      w5.test.yml:21:23 error DAG746: \`nodes.scan[2]/read\` was never come to
      w5.test.yml:22:23 error DAG746: \`nodes.scan[1]/rate\` is "skipped", not "succeeded"
      w5.test.yml:23:27 error DAG746: \`nodes.refine#3/draft\` was never come to
      w5.test.yml:24:37 error DAG746: \`nodes.refine#2/draft.output\` is "two", not "one"
      w5.test.yml:25:23 error DAG746: \`nodes.answer/false\` is "skipped", not "succeeded"
      "
    `);
  });

  test('are named as they are', async () => {
    const found = await report(
      workflow,
      `  it:
    expect:
      nodes:
        scan/raed: succeeded
        scan/read[1]: succeeded
        refine[0]/draft: succeeded
        "scan#1/read": succeeded
        "refine/draft#1": succeeded
        refine/parts[1]: { output: y }
        answer/true/lang: succeeded
      prompts:
        scan: { contains: x }
        "essay#2#1": { contains: x }
      that:
        - nodes.scan.nodes.read.output == ""
        - nodes.scan.items[0].nodes.raed.output == ""
        - nodes.refine.nodes.draft.output == ""
        - nodes.refine.iterations[0].nodes.draft.nodes.x == ""
        - nodes.refine.items[0].status == ""
        - nodes.answer.nodes["true"].nodes.long.outptu == ""
        - nodes.scan.items[0].nmes == ""
`,
    );
    expect(told(found)).toMatchInlineSnapshot(`
      "w6.test.yml:6:9 error DAG742: "scan/raed" is not a node of w6
      w6.test.yml:7:9 error DAG745: "scan/read" has no items
      w6.test.yml:8:9 error DAG745: "refine" has no items
      w6.test.yml:9:9 error DAG745: "scan" has no rounds
      w6.test.yml:10:9 error DAG745: "refine/draft" has no rounds
      w6.test.yml:11:9 error DAG745: "refine/parts[1]" does not say which item or round of all around it is meant
      w6.test.yml:12:9 error DAG742: "answer/true/lang" is not a node of w6
      w6.test.yml:14:9 error DAG745: "scan" calls no model: it has no prompt
      w6.test.yml:15:9 error DAG745: "essay" has no such rounds
      w6.test.yml:17:11 error DAG744: the nodes inside of "scan" are in each of its items
      w6.test.yml:18:11 error DAG744: there is no node "raed" inside of "scan"
      w6.test.yml:19:11 error DAG744: the nodes inside of "refine" are in each of its rounds
      w6.test.yml:20:11 error DAG744: there are no nodes inside of "draft"
      w6.test.yml:21:11 error DAG744: "refine" has no items
      w6.test.yml:22:11 error DAG744: a node has no "outptu"
      w6.test.yml:23:11 error DAG744: an item has no "nmes"
      "
    `);
  });
});

test('what is failed of is one of the failures that there are', async () => {
  space.write('w8.workflow.yml', 'dagrun: 1\nname: w8\nnodes: { answer: { prompt: x } }\noutputs: { text: nodes.answer.output }\n');
  space.write(
    'w8.test.yml',
    `workflow: w8.workflow.yml
scenarios:
  one: { expect: { error: timed_uot } }
  two: { expect: { error: { type: refusd }, nodes: { answer: { error: unavailble } } } }
  three: { faults: [{ node: answer, fault: refused }], expect: { error: { type: refused } } }
`,
  );
  const found = await runTests(['w8.test.yml'], { cwd: space.folder });
  const places = told(found)
    .split('\n')
    .map((line) => /^(\S+) error (DAG\d+): "(\S+)"/.exec(line)?.slice(1));
  expect(places.filter((place) => place)).toEqual([
    ['w8.test.yml:3:27', 'DAG741', 'scenarios.one.expect.error'],
    ['w8.test.yml:4:35', 'DAG741', 'scenarios.two.expect.error.type'],
    ['w8.test.yml:4:71', 'DAG741', 'scenarios.two.expect.nodes.answer.error'],
  ]);
  expect(found.files[0]?.diagnostics.map(({ help }) => help)).toEqual(
    ['timed_out', 'refused', 'unavailable'].map((name) => `did you mean "${name}"?`),
  );
});

test('what was spent at most cannot be told of models whose prices nobody knows', async () => {
  const found = await report(
    `nodes:
  ask: { model: local/llama, prompt: What? }
outputs: { ask: nodes.ask.output }
`,
    `  most: { replies: [{ node: ask, text: That. }], expect: { cost: { max: 1 } } }
  least: { replies: [{ node: ask, text: That. }], expect: { cost: { min: 0 } } }
`,
  );
  expect(told(found)).toMatch(/^\S+:3:\d+ error DAG\d+: .*cost.* cannot be told: the price of 1 call is not known/);
  expect(found.files[0]?.scenarios.map(({ status, unpricedCalls }) => [status, unpricedCalls])).toEqual([
    ['failed', 1],
    ['passed', 1],
  ]);
});

test('how a run ended is told, however long the name of its scenario', async () => {
  const name = 'all goes well and the names of scenarios may be as long as they like to be';
  const found = await report(
    'nodes: { a: { kind: set, value: "1" } }\noutputs: { a: nodes.a.output }\n',
    `  ${name}: { expect: { error: refused } }\n`,
  );
  expect(found.files[0]!.scenarios[0]!.diagnostics[0]!.message).toBe(
    'the run of "all goes well and the names of scenarios m…" succeeded, and was to have failed',
  );
});
