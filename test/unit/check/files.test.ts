import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkWorkflow, diffWorkflows } from '../../../engine/index.ts';

let top: string;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'dagrun-files-')));
  write('space/package.json', '{}');
});
afterEach(() => rmSync(top, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(top, name)), { recursive: true });
  writeFileSync(join(top, name), text);
}

/** What is told of nodes in a workflow of `folder`, checked by somebody in `cwd`. */
async function told(nodes: string, folder = 'space', cwd = folder): Promise<readonly string[]> {
  write(`${folder}/it.workflow.yml`, `dagrun: 1\nname: it\nnodes:\n${nodes}`);
  const found = await checkWorkflow(join(top, folder, 'it.workflow.yml'), { cwd: join(top, cwd), env: {} });
  return found.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);
}

describe('a workspace behind a symbolic link', () => {
  test('holds what is not there yet', async () => {
    symlinkSync(join(top, 'space'), join(top, 'link'));
    write('space/lib/a.mjs', '');
    const nodes =
      '  a: { kind: write, path: new/a.md, content: x }\n  b: { kind: script, script: ./lib/a.mjs#a }\n  c: { prompt: Read., attach: [notes/none.md, "notes/*.md", lib/a.mjs] }\n';
    expect(await told(nodes, 'link')).toEqual([]);
  });

  test('ends where a link leads out of it, and a link that leads nowhere may lead somewhere in time', async () => {
    write('outside/a.mjs', '');
    symlinkSync(join(top, 'outside'), join(top, 'space/away'));
    symlinkSync(join(top, 'nowhere'), join(top, 'space/dangling'));
    const nodes =
      '  a: { kind: write, path: away/a.md, content: x }\n  b: { kind: script, script: ./away/a.mjs#a }\n  c: { prompt: Read., attach: ["away/*.md"] }\n  d: { kind: write, path: dangling, content: x }\n';
    expect(await told(nodes)).toEqual([
      'DAG141 "away/a.md" lies outside the workspace',
      'DAG141 "./away/a.mjs" lies outside the workspace',
      'DAG141 "away/*.md" lies outside the workspace',
    ]);
  });
});

test('whoever runs it brings a workspace, too', async () => {
  write('other/package.json', '{}');
  const nodes = '  a: { kind: write, path: ../other/a.md, content: x }\n';
  expect(await told(nodes)).toEqual(['DAG141 "../other/a.md" lies outside the workspace']);
  expect(await told(nodes, 'space', 'other')).toEqual([]);
});

test('a program is a file that may be executed, from the folder it runs in', async () => {
  write('space/bin/count', '#!/bin/sh\n');
  const nodes = '  a: { kind: command, argv: [bin/count] }\n  b: { kind: command, argv: [./count], cwd: bin }\n';
  expect(await told(nodes)).toEqual(['DAG139 "bin/count" may not be executed', 'DAG139 "./count" may not be executed']);
  chmodSync(join(top, 'space/bin/count'), 0o755);
  expect(await told(nodes)).toEqual([]);
  expect(await told('  a: { kind: command, argv: [./bin] }\n')).toEqual(['DAG139 "./bin" may not be executed']);
});

describe('what comes before', () => {
  const use = '{ kind: script, script: ./made.mjs#made';
  const missing = ['DAG139 there is no file "./made.mjs"'];

  test.each([
    ['a model call writes nothing', `  a: { prompt: Write. }\n  b: ${use}, with: "{{nodes.a.output}}" }\n`, missing],
    ['a command may write', `  a: { kind: command, argv: [make] }\n  b: ${use}, with: "{{nodes.a.output}}" }\n`, []],
    [
      'so may one two steps before',
      `  a: { kind: command, argv: [make] }\n  x: { prompt: "{{json nodes.a.output}}" }\n  b: ${use}, needs: [x] }\n`,
      [],
    ],
    ['one beside it does not come before', `  a: { kind: command, argv: [make] }\n  b: ${use} }\n`, missing],
    ['one after it does not either', `  a: { kind: command, argv: [make], needs: [b] }\n  b: ${use} }\n`, missing],
    [
      'one before a group comes before all in it',
      `  a: { kind: command, argv: [make] }\n  g: { kind: group, needs: [a], nodes: { b: ${use} } } }\n`,
      [],
    ],
    [
      'one inside a group comes before what reads the group',
      `  g: { kind: group, nodes: { a: { kind: command, argv: [make] } } }\n  b: ${use}, needs: [g] }\n`,
      [],
    ],
    [
      'of a loop, the round before comes before',
      `  g: { kind: group, repeat: { times: 2 }, nodes: { b: ${use} }, a: { kind: write, path: made.mjs, content: x, needs: [b] } } }\n`,
      [],
    ],
    [
      'one whose shape is wrong may be anything',
      `  a: { kind: write, path: made.mjs }\n  b: ${use}, needs: [a] }\n`,
      ['DAG121 node "a" has no "content"'],
    ],
  ])('%s', async (_, nodes, expected) => {
    expect(await told(nodes)).toEqual(expected);
  });
});

test('a file of another revision is compared without what lies around it now', async () => {
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: join(top, 'space'), stdio: 'ignore' });
  };
  write(
    'space/it.workflow.yml',
    'dagrun: 1\nname: it\nnodes:\n  a: { kind: script, script: ./made.mjs#made }\noutputs: { a: nodes.a.output }\n',
  );
  git('init', '-q');
  git('add', 'it.workflow.yml');
  git('commit', '-q', '-m', 'one');
  // Built, and not committed.
  write('space/made.mjs', 'export const made = () => 1;\n');
  const around = { cwd: join(top, 'space'), env: {} };
  await expect(diffWorkflows('HEAD:it.workflow.yml', 'it.workflow.yml', around)).resolves.toBeDefined();
});
