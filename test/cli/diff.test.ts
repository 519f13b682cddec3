import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import type { WorkflowDiff } from '../../engine/index.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { diffSchema } from '../../engine/syntax/diff-schema.ts';
import { fakeIo } from './fake-io.ts';

/** A repository with three commits: a workflow with a partial and a schema file, both changed, and the workflow moved. */
let repo: string;

const git = (...args: readonly string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false', ...args], { cwd: repo, stdio: 'ignore' });
};

function put(path: string, text: string): void {
  mkdirSync(dirname(join(repo, path)), { recursive: true });
  writeFileSync(join(repo, path), text);
}

const workflow = (prompt: string): string => `dagrun: 1
name: ask
inputs: { question: { type: string } }
nodes:
  answer:
    tier: cheap
    prompt: "${prompt} {{inputs.question}} {{> tone}}"
    output: { $ref: ./schemas/answer.json }
outputs: { answer: nodes.answer.output.text }
`;

const schema = (fields: readonly string[]): string =>
  JSON.stringify({ type: 'object', properties: Object.fromEntries(fields.map((name) => [name, { type: 'string' }])), required: fields });

beforeAll(() => {
  repo = mkdtempSync(join(tmpdir(), 'dagrun-diff-'));
  git('init', '-b', 'trunk');
  put('flows/ask.workflow.yml', workflow('Answer.'));
  put('flows/partials/tone.md', 'Be calm.');
  put('flows/schemas/answer.json', schema(['text', 'source']));
  git('add', '.');
  git('commit', '-m', 'one');
  put('flows/partials/tone.md', 'Be quick.');
  put('flows/schemas/answer.json', schema(['text']));
  git('add', '.');
  git('commit', '-m', 'two');
  put('flows/ask.workflow.yml', workflow('Answer well.'));
});
afterAll(() => rmSync(repo, { recursive: true }));

async function ran(line: string, cwd = repo): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ cwd });
  const code = await main(['diff', ...line.split(' ')], io);
  return { code, out: io.written.stdout, err: io.written.stderr };
}

async function diffed(line: string, cwd = repo): Promise<WorkflowDiff> {
  const { out, err } = await ran(`${line} --format json`, cwd);
  expect(err).toBe('');
  const diff = JSON.parse(out);
  expect(compileValidator(diffSchema)(diff)).toEqual([]);
  return diff;
}

describe('a file and its past', () => {
  test('alone: what is not committed yet', async () => {
    const diff = await diffed('flows/ask.workflow.yml');
    expect([diff.before.file, diff.after.file]).toEqual(['HEAD:flows/ask.workflow.yml', 'flows/ask.workflow.yml']);
    expect(diff.nodes.map(({ node, fields, output }) => [node, fields.map(({ field }) => field), output])).toEqual([
      ['answer', ['prompt'], []],
    ]);
    expect(diff.settings).toEqual([]);
  });

  test('a revision: partials and schemas are those of the revision', async () => {
    const diff = await diffed('HEAD~1:flows/ask.workflow.yml HEAD:flows/ask.workflow.yml');
    expect(diff.settings).toEqual([{ field: 'partials.tone', holds: 'text', before: 'Be calm.', after: 'Be quick.' }]);
    expect(diff.nodes).toMatchObject([{ node: 'answer', fields: [], output: [{ at: 'source', change: 'removed' }] }]);
    expect(diff.reuse).toEqual([{ node: 'answer', verdict: 'again', because: 'its output changed' }]);
  });

  test('a revision alone: what it has become', async () => {
    const diff = await diffed('trunk~1:flows/ask.workflow.yml');
    expect(diff.after.file).toBe('flows/ask.workflow.yml');
    expect(diff.nodes[0]?.fields.map(({ field }) => field)).toEqual(['prompt']);
    expect(diff.settings).toHaveLength(1);
  });

  test("from another folder: git's paths start at the top, `./` starts here", async () => {
    const flows = join(repo, 'flows');
    expect((await diffed('ask.workflow.yml', flows)).before.file).toBe('HEAD:flows/ask.workflow.yml');
    expect((await diffed('HEAD:./ask.workflow.yml', flows)).after.file).toBe('ask.workflow.yml');
    expect(await ran('HEAD:ask.workflow.yml', flows)).toMatchObject({
      code: 2,
      err: 'error: there is no file ask.workflow.yml in HEAD\nhelp: did you mean HEAD:flows/ask.workflow.yml?\n',
    });
  });

  test('a file behind a symbolic link is compared with itself', async () => {
    symlinkSync(join(repo, 'flows'), join(repo, 'link'));
    expect((await diffed('link/ask.workflow.yml')).before.file).toBe('HEAD:flows/ask.workflow.yml');
    rmSync(join(repo, 'link'));
  });

  test('a file that was moved is compared by naming both', async () => {
    renameSync(join(repo, 'flows/ask.workflow.yml'), join(repo, 'flows/moved.workflow.yml'));
    expect(await ran('flows/moved.workflow.yml')).toMatchObject({ code: 2, err: expect.stringContaining('it was not committed then') });
    expect(await ran('HEAD:flows/ask.workflow.yml')).toMatchObject({ code: 2, err: expect.stringContaining('any more') });
    expect((await diffed('HEAD:flows/ask.workflow.yml flows/moved.workflow.yml')).nodes).toHaveLength(1);
    renameSync(join(repo, 'flows/moved.workflow.yml'), join(repo, 'flows/ask.workflow.yml'));
  });
});

describe('what cannot be compared', () => {
  test.each([
    ['HEAD~9:flows/ask.workflow.yml', 'there is no revision "HEAD~9"'],
    ['nowhere:flows/ask.workflow.yml', 'there is no revision "nowhere"'],
    ['HEAD:flows/asks.workflow.yml', 'did you mean HEAD:flows/ask.workflow.yml?'],
    ['HEAD:../outside.yml', 'there is no file ../outside.yml in HEAD'],
    ['-- --output=x:flows/ask.workflow.yml', 'there is no revision "--output=x"'],
  ])('%s', async (line, message) => {
    const { code, out, err } = await ran(line);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  test('a side with mistakes tells them under its own name', async () => {
    put('flows/ask.workflow.yml', workflow('{{inputs.questoin}}'));
    git('commit', '-am', 'three');
    put('flows/ask.workflow.yml', workflow('Answer well.'));
    const { code, err } = await ran('flows/ask.workflow.yml');
    expect(code).toBe(2);
    expect(err).toContain('HEAD:flows/ask.workflow.yml:7:');
    git('reset', '--soft', 'HEAD~1');
    git('commit', '-am', 'three, mended');
  });
});

test('no colour, no bracket, no line is wider than the terminal', async () => {
  const io = fakeIo({ cwd: repo, terminal: 60, env: { NO_COLOR: '1' } });
  expect(await main(['diff', 'HEAD~2:flows/ask.workflow.yml', 'flows/ask.workflow.yml', '--verbose'], io)).toBe(0);
  for (const line of io.written.stdout.split('\n').slice(1)) expect(line.length, line).toBeLessThanOrEqual(60);
});
