import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadWorkflow, recordRun } from '../../engine/index.ts';
import { yamlText } from '../../engine/lang/yaml-text.ts';
import { type Workspace, workspace } from '../support/workspace-run.ts';

const CHILD = `dagrun: 1
name: research
description: Finds out about topics.
inputs: { topics: { type: array, items: { type: string } } }
tools: { look: { script: ./look.mjs#look, input: { fields: { at: string } } } }
nodes:
  looked: { foreach: inputs.topics, kind: tool, tool: look, with: { at: "{{item}}" } }
  notes: { tier: cheap, foreach: nodes.looked.output, prompt: "Note {{item}}." }
  summary: { tier: cheap, prompt: "Sum up {{join nodes.notes.output ', '}}", evaluate: { prompt: "Judge {{candidate}}", output: { fields: { score: integer } }, accept_if: evaluation.score > 5, max_iterations: 2, revise: Again. } }
outputs: { summary: nodes.summary.output, cost: nodes.notes.cost }
`;
const PARENT = `tools: { research: { workflow: ./sub/research.workflow.yml } }
nodes:
  it: { prompt: What is DNS?, tools: [research] }
outputs: { it: nodes.it.output }
`;
const REPLIES = `replies:
  - { node: it, tool_calls: [{ tool: research, args: { topics: [dns, ip] } }] }
  - { node: it/research/notes, item: 1, text: of ip }
  - { node: it/research/notes, item: 0, text: of dns }
  - { node: it/research/summary, text: first }
  - { node: it/research/summary, call: evaluate, iteration: 1, json: { score: 1 } }
  - { node: it/research/summary, call: revise, text: second }
  - { node: it/research/summary, call: evaluate, iteration: 2, json: { score: 9 } }
  - { node: it, text: Names. }
`;

let space: Workspace;
beforeEach(() => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration reads the environment so.
  space = workspace('secrets: { mail: "${MAIL}" }\n');
  space.write('sub/research.workflow.yml', CHILD);
  space.write('sub/look.mjs', 'export const look = ({ at }) => at.toUpperCase();\n');
});
afterEach(() => space.remove());

const toolCalls = (told: Awaited<ReturnType<Workspace['run']>>) =>
  told.events.flatMap((event) => (event.type === 'tool.called' ? [[event.call.tool, event.call.result]] : []));

describe('replies', () => {
  test('name the nodes of the workflow below the tool, with items, rounds and parts', async () => {
    space.write('replies.yml', REPLIES);
    const told = await space.run(PARENT, { replies: 'replies.yml' });
    expect(told.output()).toBe('Names.');
    expect(toolCalls(told).at(-1)).toEqual(['research', { summary: 'second', cost: expect.any(Number) }]);
    const [, research] = toolCalls(told).at(-1)!;
    expect((research as { cost: number }).cost).toBeGreaterThan(0);
  });

  test('name none that is not there', async () => {
    space.write('replies.yml', 'replies: [{ node: it/research/sumary, text: x }]\n');
    await expect(space.run(PARENT, { replies: 'replies.yml' })).rejects.toMatchObject({
      diagnostics: [{ code: 'DAG722', help: 'did you mean "it/research/summary"?' }],
    });
  });

  test('are what a run of it is recorded as, and replay the same', async () => {
    space.write('replies.yml', REPLIES);
    const first = await space.run(PARENT, { replies: 'replies.yml' });
    const recorded = recordRun(first.events, (await loadWorkflow(space.path('it.workflow.yml'), { cwd: space.folder, env: {} })).plan);
    space.write('recorded.yml', yamlText(recorded));
    const again = await space.run(PARENT, { replies: 'recorded.yml' });
    // Those of one turn end in any order.
    const sorted = (told: typeof first): readonly string[] =>
      told.events
        .flatMap((event) => (event.type === 'tool.called' ? [JSON.stringify([event.call.tool, event.call.args, event.call.result])] : []))
        .sort();
    expect(sorted(again)).toEqual(sorted(first));
    expect([again.output(), again.result.cost.total]).toEqual([first.output(), first.result.cost.total]);
  });

  test('stand in for its nodes that would do something outside', async () => {
    space.write(
      'sub/research.workflow.yml',
      CHILD.replace('nodes:\n', 'nodes:\n  said: { kind: command, argv: [echo, hello] }\n').replace(
        'cost: nodes.notes.cost',
        'cost: nodes.said.output',
      ),
    );
    space.write('replies.yml', `${REPLIES}stubs: [{ node: it/research/said, text: stubbed }]\n`);
    const told = await space.run(PARENT, { replies: 'replies.yml' });
    expect(toolCalls(told).at(-1)?.[1]).toEqual({ summary: 'second', cost: 'stubbed' });
  });
});

describe('what it needs', () => {
  const MODEL = 'nodes:\n  it: { kind: tool, tool: research, with: { topics: [] } }\n';
  const parent = PARENT.replace(/nodes:\n.*\n/, MODEL);

  test('is made sure of before the run starts: secrets of its tools, and providers of its nodes', async () => {
    space.write(
      'sub/research.workflow.yml',
      CHILD.replace(
        'tools: {',
        'tools: { post: { http: { method: POST, url: "https://a.example", headers: { a: "{{secrets.mail}}" } }, input: { fields: { q: string } } },',
      ).replace('nodes:\n', 'nodes:\n  posted: { kind: tool, tool: post, with: { q: x } }\n'),
    );
    await expect(space.run(parent, { env: { ANTHROPIC_API_KEY: 'k3y' } })).rejects.toMatchObject({
      message: 'the secret "mail" has no value',
      exitCode: 3,
    });
    await expect(space.run(parent)).rejects.toMatchObject({ message: expect.stringContaining('provider'), exitCode: 3 });
  });

  test('is made sure of for sub-workflows as well', async () => {
    space.write(
      'sub/child.workflow.yml',
      `dagrun: 1
name: child
nodes:
  group: { kind: group, nodes: { post: { kind: http, method: GET, url: "https://a.example", headers: { a: "{{secrets.mail}}" } } } }
outputs: { ok: "size(nodes.group.status) > 0" }
`,
    );
    await expect(
      space.run('nodes:\n  it: { kind: workflow, workflow: ./sub/child.workflow.yml }\noutputs: { it: nodes.it.status }\n'),
    ).rejects.toMatchObject({ message: 'the secret "mail" has no value' });
  });
});

describe('money', () => {
  test('its own limit binds each call of it, and what is spent in it counts', async () => {
    space.write('sub/research.workflow.yml', CHILD.replace('nodes:\n', 'limits: { max_cost: 0.000001 }\nnodes:\n'));
    space.write('replies.yml', REPLIES);
    const told = await space.run(PARENT, { replies: 'replies.yml' });
    expect(toolCalls(told).at(-1)?.[1]).toMatch(/^its node "notes" failed: .*the next call may cost up to/);
    expect(told.output()).toBe('Names.');
  });

  test('when it is spent, a fan-out inside ends at once, however many items may fail', async () => {
    const many = 'notes: { tier: cheap, foreach: { items: nodes.looked.output, max_failures: 9, concurrency: 1 },';
    const limited = CHILD.replace('notes: { tier: cheap, foreach: nodes.looked.output,', many).replace(
      'nodes.notes.output',
      'nodes.looked.output',
    );
    space.write('sub/research.workflow.yml', limited.replace('nodes:\n', 'limits: { max_cost: 0.5 }\nnodes:\n'));
    const costly = REPLIES.replace('text: of dns', 'text: of dns, usage: { input: 9000000, output: 1 }');
    space.write('replies.yml', costly);
    const told = await space.run(PARENT, { replies: 'replies.yml' });
    expect(toolCalls(told).at(-1)?.[1]).toMatch(/^its node "notes" failed: the next call may cost up to .* \$0 of \$0\.5000 is left/);
  });
});
