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
    "export const search = ({ query }) => `found ${query}`;\nexport const refund = () => { throw new Error('never'); };\n",
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
