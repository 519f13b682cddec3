import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runId } from '../../engine/base/ids.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { renderLock } from '../../engine/lock-file.ts';
import { runIn } from '../../engine/run-workflow.ts';
import { recordRun, renderRecording } from '../../engine/testing/record.ts';
import { runTests } from '../../engine/testing/run-tests.ts';
import { virtualClock } from '../../engine/testing/virtual-clock.ts';
import { testSandbox, told } from '../support/test-report.ts';

const space = testSandbox();
const { report } = space;
afterAll(() => space.remove());
space.write('find.mjs', 'export const find = () => 1;\n');

describe('what is stubbed fails in its own words', () => {
  const CALLS = `tools:
  find: { script: ./find.mjs#find, description: Finds., input: { fields: { q: string } } }
nodes:
  build: { kind: command, argv: [make], on_error: { value: "'unbuilt'" } }
  first: { kind: tool, tool: find, with: { q: a }, on_error: { value: "'none'" } }
  ask: { tier: cheap, tools: [find], prompt: Find. }
outputs: { build: nodes.build.output, first: nodes.first.output, ask: nodes.ask.output }
`;

  test('a tool to whoever calls it, a node as its kind fails', async () => {
    const found = await report(
      CALLS,
      `  it:
    stubs:
      - { node: build, fail: { message: "make: no rule to make it" } }
      - { tool: find, args: { q: a }, fail: { message: nobody is called a } }
      - { tool: find, fail: { message: nobody is called b } }
    replies:
      - { node: ask, tool_calls: [{ tool: find, args: { q: b } }] }
      - { node: ask, text: Nobody. }
    expect:
      outputs: { build: unbuilt, first: none, ask: Nobody. }
      nodes:
        build: { error: { type: task_failed, message: "make: no rule to make it" }, recovered: true }
        first: { error: { type: tool_failed, message: "find: nobody is called a" } }
        ask: { tool_calls: { find: { failed: true, result: nobody is called b } } }
      prompts: { ask: { contains: nobody is called b } }
  as a node:
    stubs: [{ node: build, text: built }, { node: first, fail: { message: not today } }]
    replies: [{ node: ask, text: Nobody. }]
    expect: { nodes: { first: { error: { type: tool_failed, message: "find: not today" } } } }
  by name as before:
    stubs: [{ node: build, fail: unavailable }, { tool: find, fail: { type: timed_out, message: late } }]
    replies: [{ node: ask, text: Nobody. }]
    expect: { nodes: { build: { error: unavailable }, first: { error: { type: tool_failed, message: "find: late" } } } }
`,
    );
    expect(told(found)).toBe('');
  });

  test('of a model call the name of a failure is wanted', async () => {
    await report(CALLS, '  it: {}\n');
    space.write(
      'named.test.yml',
      'workflow: w2.workflow.yml\nscenarios:\n  it: { replies: [{ node: ask, fail: { message: no } }], stubs: [{ tool: find, fail: {} }] }\n',
    );
    const found = await runTests(['named.test.yml'], { cwd: space.folder });
    expect(found.files[0]!.diagnostics.map(({ message }) => message)).toEqual([
      '"scenarios.it.replies[0].fail.type" is missing',
      '"scenarios.it.stubs[0].fail.message" is missing',
    ]);
  });

  test('and a recording says them again, try by try', async () => {
    const file = join(space.folder, 'recorded.workflow.yml');
    writeFileSync(
      file,
      `dagrun: 1
name: recorded
${CALLS.replace('argv: [make],', 'argv: [make], retry: { max_attempts: 2 },')}`,
    );
    const given = (text: string): string => {
      const path = join(space.folder, 'recorded.replies.yml');
      writeFileSync(path, text);
      return path;
    };
    const workflow = await loadWorkflow(file, { env: {} });
    const played = async (replies: string): Promise<{ result: RunResult; events: RunEvent[] }> => {
      const clock = virtualClock();
      const events: RunEvent[] = [];
      const onEvent = (event: RunEvent): void => void events.push(event);
      const world = { clock, random: () => 0.5, id: runId('run_recorded'), alone: true };
      const running = runIn(world, workflow, { replies: given(replies), env: { DAGRUN_STORE: 'memory:' }, onEvent });
      await clock.runUntil(running, () => {});
      const result = await running;
      return { events, result: JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === 'durationMs' ? 0 : value))) };
    };
    const first = await played(`stubs:
  - { node: build, fail: { type: unavailable, message: no disk } }
  - { node: build, text: built }
  - { tool: find, fail: { message: nobody } }
replies: [{ node: ask, text: Nobody. }]
`);
    const { stubs } = recordRun(first.events, workflow.plan);
    const ordered = (stubs as { node: string; attempt: number }[]).toSorted((one, other) =>
      `${one.node} ${one.attempt}` < `${other.node} ${other.attempt}` ? -1 : 1,
    );
    expect(ordered).toEqual([
      { node: 'build', attempt: 1, fail: { type: 'unavailable', message: 'no disk' } },
      { node: 'build', attempt: 2, json: 'built' },
      { node: 'first', attempt: 1, fail: { message: 'nobody' } },
    ]);
    const second = await played(renderRecording(first.events, workflow.plan));
    expect(second.result).toEqual(first.result);
    expect(second.result.nodes.map(({ id, attempts, error }) => [id, attempts, error?.message])).toEqual([
      ['build', 2, undefined],
      ['first', 1, 'find: nobody'],
      ['ask', 1, undefined],
    ]);
  });
});

describe('a stubbed tool of an MCP server', () => {
  const SERVED = `tools:
  fs: { mcp: { command: node, args: [server.mjs] } }
nodes:
  one: { kind: tool, tool: fs/read_file, with: { path: a.txt }, on_error: { value: "'none'" } }
  two: { kind: tool, tool: fs/write_file, with: { path: b.txt }, on_error: { value: "'not written'" } }
  ask: { tier: cheap, tools: ["fs/*"], prompt: Read. }
outputs: { one: nodes.one.output, two: nodes.two.output, ask: nodes.ask.output }
`;
  const SCENARIOS = `  it gives something:
    stubs: [{ tool: fs/read_file, text: hello, times: 2 }]
    replies: [{ node: ask, tool_calls: [{ tool: fs/read_file, args: { path: b.txt } }] }, { node: ask, text: done }]
    expect:
      outputs: { one: hello, two: not written, ask: done }
      tool_calls: { fs/read_file: 2 }
      nodes: { two: { error: { message: { contains: "has no entry under \`stubs\`" } } } }
  it fails:
    stubs: [{ tool: fs/read_file, fail: { message: no such file } }]
    expect: { outputs: { one: none }, nodes: { one: { error: { type: tool_failed, message: "fs/read_file: no such file" } } } }
`;
  const marker = (): string => join(space.folder, 'started');
  const serve = (): void =>
    writeFileSync(
      join(space.folder, 'server.mjs'),
      `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(marker())}, '');\n`,
    );

  test('needs no server, and no entry in dagrun.lock: nothing is started', async () => {
    serve();
    expect(told(await report(SERVED, SCENARIOS))).toBe('');
    expect(existsSync(marker())).toBe(false);
  });

  test('nor does one that dagrun.lock tells of, whose arguments and output are then known', async () => {
    serve();
    const input = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
    const tools = ['read_file', 'write_file'].map((name) => ({ name, description: 'Files.', input }));
    const lock = join(space.folder, 'dagrun.lock');
    writeFileSync(lock, renderLock(new Map([['node server.mjs', tools]])));
    expect(told(await report(SERVED, SCENARIOS))).toBe('');
    const found = await report(SERVED, '  it: { stubs: [{ tool: fs/read_fiel, text: x }] }\n');
    writeFileSync(lock, renderLock(new Map()));
    expect(found.files[0]!.diagnostics[0]).toMatchObject({ code: 'DAG742', help: 'did you mean "fs/read_file"?' });
    expect(existsSync(marker())).toBe(false);
  });
});
