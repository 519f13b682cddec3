import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { updateTools } from '../../engine/server-tools.ts';
import { fallingServer } from '../support/falling-server.ts';
import { type Workspace, workspace } from '../support/workspace-run.ts';

let space: Workspace;
beforeEach(() => {
  space = workspace('');
});
afterEach(() => space.remove());

test('calls side by side that find a server ended start it once', { timeout: 30_000 }, async () => {
  space.write(
    'falls.mjs',
    fallingServer('process.exit(7);', "import { appendFileSync } from 'node:fs'; appendFileSync('starts.txt', 'x');"),
  );
  const text = `tools:
  no: { mcp: { command: node, args: [falls.mjs] } }
nodes:
  falls: { kind: tool, tool: no/fall, on_error: skip }
  stand: { kind: tool, foreach: "[1, 2, 3, 4, 5]", tool: no/stand, needs: { falls: optional } }
outputs: { it: nodes.stand.output }
`;
  space.write('it.workflow.yml', `dagrun: 1\nname: it\n${text}`);
  const env = { PATH: process.env.PATH ?? '', HOME: space.folder };
  await updateTools('it.workflow.yml', { cwd: space.folder, env, missing: true });
  const before = readFileSync(space.path('starts.txt'), 'utf8').length;
  const told = await space.run(text, { env: { ...env, DAGRUN_STORE: 'memory:' } });
  expect(told.output()).toEqual(['fine', 'fine', 'fine', 'fine', 'fine']);
  // Before the first call, and after the fall.
  expect(readFileSync(space.path('starts.txt'), 'utf8').length - before).toBe(2);
});
