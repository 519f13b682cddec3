import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

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

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-process-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

interface SlowServer {
  readonly url: string;
  /** Resolves when the first request has come. */
  readonly asked: Promise<void>;
  answer(): void;
  close(): void;
}

/** A server that answers when it is told to. */
async function slowServer(): Promise<SlowServer> {
  const waiting: ServerResponse[] = [];
  let tell: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      waiting.push(response);
      tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    answer() {
      const message = { role: 'assistant', content: 'Done.' };
      const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
      const body = {
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      };
      for (const response of waiting.splice(0)) response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const SLOW = `dagrun: 1
name: slow
nodes:
  first: { model: local/m, prompt: One. }
  second: { model: local/m, prompt: "Two. {{nodes.first.output}}" }
outputs: { second: nodes.second.output }
`;

function slowProject(server: SlowServer): string {
  return folderWith({
    'dagrun.config.yml': `providers:\n  local: { type: openai, base_url: "${server.url}" }\n`,
    'slow.workflow.yml': SLOW,
  });
}

function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    let seen = '';
    child.stderr?.on('data', (chunk) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
  });
}

describe.concurrent('a process', { timeout: 60_000 }, () => {
  test('lets what is in flight finish at the first interrupt, and starts nothing new', async () => {
    const server = await slowServer();
    const { child, ended } = start(['run', 'slow', '--json'], slowProject(server));
    await server.asked;
    const stopping = said(child, 'stopping');
    child.kill('SIGINT');
    await stopping;
    server.answer();
    const { code, stdout, stderr } = await ended;
    server.close();
    expect(code, stderr).toBe(130);
    const result = JSON.parse(stdout);
    expect(result.status).toBe('cancelled');
    expect(result.nodes.map((node: { status: string }) => node.status)).toEqual(['succeeded', 'cancelled']);
    expect(stderr).toContain('1 call in flight will finish');
  });

  test('gives it up at the second; the bill says what is not known', async () => {
    const server = await slowServer();
    const { child, ended } = start(['run', 'slow'], slowProject(server));
    await server.asked;
    const stopping = said(child, 'stopping');
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    server.close();
    expect(code, stderr).toBe(143);
    expect(stdout).toBe('');
    expect(stderr).toContain('giving up 1 call in flight');
    expect(stderr).toContain('stopped after');
  });

  test('does not mind a reader that goes away', async () => {
    const folder = folderWith({
      'many.workflow.yml': `dagrun: 1
name: many
inputs: { numbers: { type: array, items: { type: integer } } }
nodes:
  doubled: { kind: set, foreach: inputs.numbers, value: item * 2 }
outputs: { doubled: nodes.doubled.output }
`,
      'numbers.json': JSON.stringify({ numbers: Array.from({ length: 3000 }, (_, at) => at) }),
    });
    const { child, ended } = start(['run', 'many', '--input', '@numbers.json', '--events', 'jsonl'], folder);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await ended;
    expect(stderr).not.toContain('EPIPE');
    expect(stderr).toContain('succeeded in');
    expect(code).toBe(0);
  });
});
