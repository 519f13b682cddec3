import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workspace, workspace } from '../support/workspace-run.ts';

const TOOLS = `tools:
  search: { script: ./db.mjs#search, description: Finds orders., input: { fields: { query: string } } }
  refund: { script: ./db.mjs#refund, input: { fields: { order: string } }, idempotent: false }
  page: { http: { url: "https://shop.example/{{args.path}}" }, input: { fields: { path: string } } }
`;

let space: Workspace;
beforeEach(() => {
  space = workspace();
  space.write(
    'db.mjs',
    "export const search = ({ query }) => 'found ' + query;\nexport const refund = () => { throw new Error('never'); };\n",
  );
});
afterEach(() => space.remove());

function run(node: string, replies?: string) {
  if (replies !== undefined) space.write('replies.yml', replies);
  const text = `${TOOLS}nodes:\n  it: ${node}\noutputs: { it: nodes.it.output }\n`;
  return space.run(text, replies === undefined ? { offline: true } : { replies: 'replies.yml' });
}

const callsOf = (told: Awaited<ReturnType<typeof run>>) =>
  told.events.flatMap((event) => (event.type === 'tool.called' ? [[event.call.tool, event.call.status, event.call.result]] : []));

describe('without a model', () => {
  test('a made-up answer calls nothing, whatever is required', async () => {
    const told = await run('{ prompt: Where?, tools: [search, refund], tool_choice: required }');
    expect(told.output()).toContain('made-up');
    expect(callsOf(told)).toEqual([]);
  });

  test('a reply calls tools: those inside are called, what reaches outside is made up or stubbed', async () => {
    const told = await run(
      '{ prompt: Where?, tools: [search, refund, page] }',
      `replies:
  - { node: it, tool_calls: [{ tool: search, args: { query: a } }, { tool: refund, args: { order: "7" } }, { tool: page, args: { path: x } }, { tool: page, args: { path: "y" } }] }
  - { node: it, text: Here. }
stubs:
  - { tool: page, args: { path: "y" }, fail: { type: unavailable, message: the shop is closed } }
  - { tool: page, text: "<html>" }
`,
    );
    expect(told.output()).toBe('Here.');
    expect(callsOf(told).sort()).toEqual([
      ['page', 'failed', 'the shop is closed'],
      ['page', 'succeeded', '<html>'],
      ['refund', 'succeeded', expect.stringContaining('made-up')],
      ['search', 'succeeded', 'found a'],
    ]);
  });

  test.each([
    [true, '{ gate: it, approved: true }', ['succeeded', expect.stringContaining('made-up')]],
    [false, '{ gate: it, approved: false, reason: not today }', undefined],
  ])('somebody is asked, and says %s', async (_, answer, outcome) => {
    const told = await run(
      '{ prompt: Where?, tools: [search, refund], approve: [refund] }',
      `replies:
  - { node: it, tool_calls: [{ tool: refund, args: { order: "7" } }, { tool: search, args: { query: a } }] }
  - { node: it, text: Here. }
answers: [${answer}]
`,
    );
    expect(told.output()).toBe('Here.');
    expect(callsOf(told)[0]).toEqual(['search', 'succeeded', 'found a']);
    expect(callsOf(told)[1]?.slice(1)).toEqual(outcome);
    expect(told.events.filter(({ type }) => type === 'attempt.parked')).toHaveLength(1);
  });

  test('two that have to be allowed are asked about one after the other', async () => {
    const told = await run(
      '{ prompt: Where?, tools: [refund], approve: [refund] }',
      `replies:
  - { node: it, tool_calls: [{ tool: refund, args: { order: "7" } }, { tool: refund, args: { order: "8" } }] }
  - { node: it, text: Here. }
answers: [{ gate: it, approved: false }, { gate: it, approved: true }]
stubs: [{ tool: refund, json: { ok: true } }]
`,
    );
    expect(told.output()).toBe('Here.');
    expect(callsOf(told)).toEqual([['refund', 'succeeded', { ok: true }]]);
  });
});

describe('a node that is one call', () => {
  test('gives what the tool gives', async () => {
    expect((await run('{ kind: tool, tool: search, with: { query: b } }')).output()).toBe('found b');
  });

  test('fails as the tool fails', async () => {
    const told = await run(
      '{ kind: tool, tool: page, with: { path: x } }',
      'stubs: [{ tool: page, fail: { type: unavailable, message: closed } }]',
    );
    expect(told.error()).toBe('tool_failed: page: closed');
  });

  test('asks somebody first where the tool says so', async () => {
    const asking = TOOLS.replace('idempotent: false', 'approve: true');
    space.write('replies.yml', 'answers: [{ gate: it, approved: false, reason: no }]\n');
    const told = await space.run(
      `${asking}nodes:\n  it: { kind: tool, tool: refund, with: { order: "7" } }\noutputs: { it: nodes.it.output }\n`,
      {
        replies: 'replies.yml',
      },
    );
    expect(told.error()).toBe('tool_failed: refund: a person did not allow the call, and said: no');
  });
});

describe('a workflow as a tool', () => {
  const child = `dagrun: 1
name: research
description: Finds out about a topic.
inputs: { topic: { type: string }, words: { type: integer, default: 5 } }
tools: { look: { script: ./look.mjs#look, input: { fields: { at: string } } } }
nodes:
  looked: { kind: tool, tool: look, with: { at: "{{inputs.topic}}" } }
  summary: { tier: cheap, prompt: "Sum {{nodes.looked.output}} up in {{inputs.words}} words.", output: { fields: { text: string } } }
outputs: { summary: nodes.summary.output.text }
`;
  const parent = 'tools: { research: { workflow: ./sub/research.workflow.yml } }\n';
  beforeEach(() => {
    space.write('sub/research.workflow.yml', child);
    space.write('sub/look.mjs', 'export const look = ({ at }) => at.toUpperCase();\n');
  });

  test('runs within the task that calls it: its calls are on the bill and in the journal of that task', async () => {
    const told = await space.run(
      `${parent}nodes:\n  it: { kind: tool, tool: research, with: { topic: dns } }\noutputs: { it: nodes.it.output.summary }\n`,
      { offline: true },
    );
    expect(told.output()).toContain('made-up');
    const calls = told.events.filter((event) => event.type === 'model.called' || event.type === 'tool.called');
    expect(calls.map((event) => [event.type, event.task])).toEqual([
      ['tool.called', 'it'],
      ['model.called', 'it'],
      ['tool.called', 'it'],
    ]);
    expect(told.result.nodes[0]?.cost).toBeGreaterThan(0);
  });

  test('a model is offered its inputs as arguments, and told what it failed of', async () => {
    space.write('sub/look.mjs', "export const look = () => { throw new Error('no'); };\n");
    space.write(
      'replies.yml',
      'replies:\n  - { node: it, tool_calls: [{ tool: research, args: { topic: 7 } }, { tool: research, args: { topic: dns } }] }\n  - { node: it, text: Sorry. }\n',
    );
    const told = await space.run(`${parent}nodes:\n  it: { prompt: What is DNS?, tools: [research] }\noutputs: { it: nodes.it.output }\n`, {
      replies: 'replies.yml',
    });
    expect(told.output()).toBe('Sorry.');
    expect(callsOf(told)).toEqual([
      ['research', 'failed', expect.stringMatching(/^the arguments do not fit: "topic"/)],
      ['look', 'failed', expect.stringContaining('no')],
      ['research', 'failed', 'its node "looked" failed: look: sub/look.mjs:1:35: no'],
    ]);
  });

  test('one that waits for somebody is refused', async () => {
    space.write('sub/research.workflow.yml', child.replace('nodes:\n', 'nodes:\n  ask: { kind: approval, message: May I? }\n'));
    await expect(space.run(`${parent}nodes:\n  it: { prompt: What is DNS?, tools: [research] }\n`)).rejects.toMatchObject({
      diagnostics: [{ code: 'DAG535', label: 'its node "ask" waits' }],
    });
  });
});
