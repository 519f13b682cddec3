import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** What only a real process shows: signals, pipes that close, exit codes as a shell sees them. */
const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], folder: string): { child: ChildProcess; ended: Promise<Ended> } {
  const { ANTHROPIC_API_KEY: _a, OPENAI_API_KEY: _o, CI: _c, GITHUB_ACTIONS: _g, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', '-C', folder, ...args], { cwd: root, env });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))) };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('with a server that takes its time', () => {
  let server: Server;
  let waiting: ServerResponse[];
  let asked: () => void;
  let firstRequest: Promise<void>;

  beforeEach(async () => {
    waiting = [];
    firstRequest = new Promise((resolve) => {
      asked = resolve;
    });
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        waiting.push(response);
        asked();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, 'dagrun.config.yml'), `providers:\n  local: { type: openai, base_url: "http://127.0.0.1:${port}/v1" }\n`);
    writeFileSync(
      join(folder, 'slow.workflow.yml'),
      'dagrun: 1\nname: slow\nnodes:\n  first: { model: local/m, prompt: One. }\n  second: { model: local/m, prompt: "Two. {{nodes.first.output}}" }\noutputs: { second: nodes.second.output }\n',
    );
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answer = (): void => {
    for (const response of waiting.splice(0)) {
      const message = { role: 'assistant', content: 'Done.' };
      const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
      );
    }
  };

  const said = (child: ChildProcess, text: string): Promise<void> =>
    new Promise((resolve) => {
      let seen = '';
      child.stderr?.on('data', (chunk) => {
        seen += chunk;
        if (seen.includes(text)) resolve();
      });
    });

  test('the first interrupt lets what is in flight finish, and starts nothing new', async () => {
    const { child, ended } = start(['run', 'slow', '--json'], folder);
    await firstRequest;
    const stopping = said(child, 'stopping');
    child.kill('SIGINT');
    await stopping;
    answer();
    const { code, stdout, stderr } = await ended;
    expect(code, stderr).toBe(130);
    const result = JSON.parse(stdout);
    expect(result.status).toBe('cancelled');
    expect(result.nodes.map((node: { status: string }) => node.status)).toEqual(['succeeded', 'cancelled']);
    expect(stderr).toContain('1 call in flight will finish');
  });

  test('the second one gives it up; the bill says what is not known', async () => {
    const { child, ended } = start(['run', 'slow'], folder);
    await firstRequest;
    const stopping = said(child, 'stopping');
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect(code, stderr).toBe(143);
    expect(stdout).toBe('');
    expect(stderr).toContain('giving up what is in flight');
    expect(stderr).toContain('stopped after');
  });
});

test('a reader that goes away is no failure', async () => {
  writeFileSync(
    join(folder, 'many.workflow.yml'),
    'dagrun: 1\nname: many\nnodes:\n  all: { kind: set, foreach: inputs.list, value: item }\ninputs: { list: { type: array, items: { type: integer } } }\noutputs: { all: nodes.all.output }\n',
  );
  writeFileSync(join(folder, 'list.json'), JSON.stringify({ list: Array.from({ length: 3000 }, (_, at) => at) }));
  const { child, ended } = start(['run', 'many', '--input', '@list.json', '--events', 'jsonl', '--offline'], folder);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await ended;
  expect(stderr).not.toContain('EPIPE');
  expect(stderr).toContain('succeeded in');
  expect(code).toBe(0);
});
