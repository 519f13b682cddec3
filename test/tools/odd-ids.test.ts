import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOpenAiServer } from '../support/openai-server.ts';
import type { WireServer } from '../support/wire-server.ts';
import { type Workspace, workspace } from '../support/workspace-run.ts';

let space: Workspace;
let server: WireServer;
beforeEach(async () => {
  space = workspace();
  space.write('echo.mjs', 'export const echo = ({ n }) => n * 10;\n');
  server = await startOpenAiServer();
});
afterEach(async () => {
  space.remove();
  await server.close();
});

/** A turn with a call of `echo` for each id; the first is about 1, and so on. */
const calling = (...calls: readonly (readonly [id: unknown, args: string])[]) => ({
  body: {
    choices: [
      {
        message: {
          content: null,
          tool_calls: calls.map(([id, args]) => ({ id, type: 'function', function: { name: 'echo', arguments: args } })),
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  },
});

const run = () =>
  space.run(
    `tools:
  echo: { script: "./echo.mjs#echo", input: { fields: { n: integer } } }
nodes:
  it: { tier: cheap, prompt: Go., tools: [echo] }
outputs: { it: nodes.it.output }
`,
    { env: { OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: server.url } },
  );
const told = (request: number): readonly { readonly role: string; readonly content: string; readonly tool_call_id?: string }[] =>
  server.received[request]!.body.messages.filter(({ role }: { role: string }) => role === 'tool');

test.each<[string, readonly unknown[]]>([
  ['of what every object has', ['constructor', '__proto__', 'toString']],
  ['the same one', ['c', 'c', 'c']],
  ['ones that we would give', ['call_1_3', 'call_1_2', 'call_1_2']],
  ['none, and others than texts', [null, 7, '']],
  ['with characters that are not taken', ['a b', 'ä', 'x'.repeat(65)]],
])('calls with ids %s: each gets its own result', async (_, ids) => {
  server.script(calling(...ids.map((id, at) => [id, `{"n":${at + 1}}`] as const)), calling(['c', '{"n":4}']), { text: 'Done.' });
  expect((await run()).output()).toBe('Done.');
  const results = told(2);
  expect(results.map(({ content }) => content)).toEqual(['10', '20', '30', '40']);
  expect(new Set(results.map((result) => result.tool_call_id)).size).toBe(4);
});

test('arguments that are no JSON, or have half of a character in them', async () => {
  server.script(calling(['c1', '{"n":'], ['c2', '{"n":2,"\\ud83d":1}'], ['c3', '[1]']), { text: 'Done.' });
  expect((await run()).output()).toBe('Done.');
  expect(told(1).map(({ content }) => content)).toEqual([
    'Error: the arguments do not fit: they are not valid JSON; they must be an object',
    expect.stringMatching(/^Error: the arguments do not fit: /),
    'Error: the arguments do not fit: they must be an object',
  ]);
});
