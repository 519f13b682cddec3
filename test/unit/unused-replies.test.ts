import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import { renderDiagnostics } from '../../engine/diagnostics/render.ts';
import { answerGate } from '../../engine/index.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { resume, run } from '../../engine/run-workflow.ts';

const WORKFLOW = `dagrun: 1
name: unused
inputs: { go: { type: boolean, default: true } }
nodes:
  scan: { foreach: "['a', 'b']", tier: cheap, prompt: "{{item}}", retry: { max_attempts: 1 } }
  ask: { run_if: "!inputs.go", kind: approval, message: Go on? }
  send: { kind: command, argv: [send], needs: [scan] }
outputs: { sent: nodes.send.output }
`;
const SCAN = '  - { node: scan, item: 0, text: A }\n  - { node: scan, item: 1, text: B }\n';
const SEND = 'stubs: [{ node: send, text: sent }]\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-unused-'));
  writeFileSync(join(folder, 'u.workflow.yml'), WORKFLOW);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is warned of at the end of a run, as people read it. */
async function warned(replies: string, go = true) {
  writeFileSync(join(folder, 'u.replies.yml'), replies);
  const around = { cwd: folder, env: { DAGRUN_STORE: `file:${join(folder, 'runs.db')}` } };
  const warnings: Diagnostic[] = [];
  const onWarning = (warning: Diagnostic): void => void warnings.push(warning);
  const told = (): string => renderDiagnostics(warnings, { format: 'pretty', colour: false });
  const workflow = await loadWorkflow(join(folder, 'u.workflow.yml'), around);
  const result = await run(workflow, { ...around, inputs: { go }, replies: 'u.replies.yml', wait: false, onWarning });
  return { result, told, around, onWarning };
}

test('an entry that answered something is not spoken of', async () => {
  const { result, told } = await warned(`replies:\n${SCAN}${SEND}`);
  expect(result.status).toBe('succeeded');
  expect(told()).toBe('');
});

test('of nodes that nothing was asked of there is nothing to tell', async () => {
  expect((await warned(`replies:\n${SCAN}${SEND}answers: [{ gate: ask, approved: true }]\n`)).told()).toBe('');
});

test('a reply that does not pass, and is answered by nothing else, is named', async () => {
  const text = WORKFLOW.replace('prompt: "{{item}}"', 'prompt: "{{item}}", output: { fields: { size: small | large } }');
  writeFileSync(join(folder, 'u.workflow.yml'), text);
  const replies = (mended: string): string =>
    `replies:\n  - { node: scan, item: 0, json: { size: small } }\n  - { node: scan, item: 1, json: { size: lagre } }\n${mended}${SEND}`;
  const { result, told } = await warned(replies(''));
  expect(result.status).toBe('succeeded');
  expect(told()).toBe(`u.replies.yml:3:5 warning DAG749: this reply for "scan" does not pass, and an answer was made up in its place

    2 |   - { node: scan, item: 0, json: { size: small } }
  > 3 |   - { node: scan, item: 1, json: { size: lagre } }
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ sent back to be mended
    4 | stubs: [{ node: send, text: sent }]

  help: see the \`output\` and the \`check\` of "scan"; a second reply is what it answers when it is asked to mend this one
  more: dagrun explain DAG749
`);
  expect((await warned(replies('  - { node: scan, item: 1, json: { size: large } }\n'))).told()).toBe('');
});

test('what nobody used is named, with its line and what it asked for', async () => {
  const { told } = await warned(`replies:
${SCAN}  - { node: scan, item: 2, attempt: 1, text: C }
${SEND.replace(']', ', { node: send, text: again }]')}`);
  expect(told()).toBe(`u.replies.yml:4:5 warning DAG748: 2 entries of u.replies.yml were never used

    3 |   - { node: scan, item: 1, text: B }
  > 4 |   - { node: scan, item: 2, attempt: 1, text: C }
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not used
    5 | stubs: [{ node: send, text: sent }, { node: send, text: again }]

  u.replies.yml:4 reply for "scan" (item 2, attempt 1)
  u.replies.yml:5 stub for "send"

  help: see \`item\`, \`iteration\`, \`attempt\` and \`tier\`, and whether another entry comes first
  more: dagrun explain DAG748
`);
});

test('one alone is named at its line, and many are counted', async () => {
  expect((await warned(`replies:\n${SCAN}  - { node: scan, tier: premium, text: C }\n${SEND}`)).told()).toMatch(
    /^u\.replies\.yml:4:5 warning DAG748: this reply for "scan" was never used\n/,
  );
  const many = Array.from({ length: 12 }, (_, at) => `  - { node: scan, item: ${at + 2}, text: C }\n`).join('');
  expect((await warned(`replies:\n${SCAN}${many}${SEND}`)).told()).toMatch(
    /12 entries of u\.replies\.yml were never used[\s\S]*u\.replies\.yml:13 reply for "scan" \(item 11\)\n {2}and 2 more\n/,
  );
});

test('of a run that fails, too; one that waits may yet use them, and so may whoever goes on with it', async () => {
  const failing = await warned(
    `replies:\n${SCAN.replace('text: B', 'fail: refused')}  - { node: scan, item: 0, attempt: 2, text: A }\n${SEND}`,
  );
  expect(failing.result.status).toBe('failed');
  expect(failing.told()).toContain('this reply for "scan" was never used');

  const waiting = await warned(`replies:\n${SCAN}  - { node: scan, item: 2, text: C }\n${SEND}`, false);
  expect(waiting.result.status).toBe('waiting');
  expect(waiting.told()).toBe('');
  // What was used before it waited counts.
  const { around, onWarning } = waiting;
  await answerGate(waiting.result.run, 'ask', { approved: true, by: 'ada' }, around);
  const result = await resume(waiting.result.run, { ...around, wait: false, onWarning });
  expect(result.status).toBe('succeeded');
  expect(waiting.told()).toContain('this reply for "scan" was never used');
});
