import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DagrunError } from '../../engine/errors.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { listTools, updateTools } from '../../engine/server-tools.ts';
import { fallingServer } from '../support/falling-server.ts';
import { type Workspace, workspace } from '../support/workspace-run.ts';

const serverFile = (name: string): string =>
  new URL(`../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url).pathname;

let space: Workspace;
beforeEach(() => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration reads the environment so.
  space = workspace('http: { allow: [127.0.0.1] }\nsecrets: { mine: "${MINE}" }\n');
});
afterEach(() => space.remove());

/** Asks the servers, as the first run would, then runs. */
async function run(text: string, env: Record<string, string> = {}) {
  space.write('it.workflow.yml', `dagrun: 1\nname: it\n${text}`);
  const around = { cwd: space.folder, env: { PATH: process.env.PATH ?? '', HOME: space.folder, ...env } };
  await updateTools('it.workflow.yml', { ...around, missing: true });
  return space.run(text, { env: { ...around.env, DAGRUN_STORE: 'memory:' } });
}

describe('servers that are started', () => {
  const fs = (rest = ''): string => `tools:\n  fs: { mcp: { command: node, args: [${serverFile('filesystem')}, "."]${rest} } }\n`;

  test('files are read and written; what a server refuses fails the node', { timeout: 30_000 }, async () => {
    space.write('a.txt', 'hello');
    const told = await run(
      `${fs()}nodes:
  write: { kind: tool, tool: fs/write_file, with: { path: b.txt, content: "{{inputs.text}}" } }
  read: { kind: tool, tool: fs/read_text_file, with: { path: a.txt }, needs: [write], result: output.content }
  outside: { kind: tool, tool: fs/read_text_file, with: { path: /etc/passwd }, on_error: skip }
inputs: { text: { type: string, default: "1 < 2" } }
outputs: { it: nodes.read.output, error: 'coalesce(nodes.outside.error.message, "")' }
`,
    );
    expect(told.output()).toBe('hello');
    expect(told.output('error')).toMatch(/^fs\/read_text_file: Access denied/);
  });

  test('what is not in the lock file is found by its check, with the arguments and types of the server', { timeout: 30_000 }, async () => {
    await run(`${fs()}nodes:\n  it: { kind: tool, tool: fs/list_allowed_directories }\noutputs: { it: nodes.it.status }\n`);
    const text = `${fs(', tools: { wite_file: { approve: true } }')}nodes:
  a: { kind: tool, tool: fs/read_txt_file, with: { path: a } }
  b: { kind: tool, tool: fs/read_text_file, with: { path: 7 } }
  c: { kind: tool, tool: fs/read_text_file, with: { path: a } }
  d: { kind: set, value: nodes.c.output.contents }
  e: { prompt: x, tools: ["fs/*_file"] }
`;
    space.write('it.workflow.yml', `dagrun: 1\nname: it\n${text}`);
    const invalid = await loadWorkflow('it.workflow.yml', { cwd: space.folder, env: {} }).catch((error: unknown) => error);
    expect(
      (invalid as { diagnostics: { code: string; message: string; help?: string }[] }).diagnostics.map(
        ({ code, help }) => `${code} ${help}`,
      ),
    ).toEqual([
      'DAG530 did you mean "write_file"?',
      'DAG530 did you mean "fs/read_text_file"?',
      'DAG532 it takes text; a text that is exactly one `{{path}}` keeps the type of the value',
      expect.stringMatching(/^DAG4\d\d did you mean "content"\?$/),
    ]);
    const listed = await listTools('it.workflow.yml', { cwd: space.folder, env: {} });
    expect(listed.find(({ name }) => name === 'fs/write_file')).toMatchObject({
      approve: false,
      idempotent: false,
      arguments: '{ content, path }',
    });
    expect(listed.find(({ name }) => name === 'fs/read_text_file')).toMatchObject({ idempotent: true });
  });

  test('a server that has changed is refused before anything runs', { timeout: 30_000 }, async () => {
    const text = `${fs()}nodes:\n  it: { kind: tool, tool: fs/list_allowed_directories }\noutputs: { it: nodes.it.status }\n`;
    await run(text);
    const { readdirSync, readFileSync, statSync } = await import('node:fs');
    const lock = readFileSync(space.path('dagrun.lock'), 'utf8');
    space.write('dagrun.lock', lock.replace('Returns the list of directories', 'Returns a list of directories'));
    await expect(run(text)).rejects.toThrow('the server "fs" is not what dagrun.lock says: list_allowed_directories has changed');
    // What is not used may change.
    space.write('dagrun.lock', lock.replace('Create a new directory', 'Make a new directory'));
    expect((await run(text)).output()).toBe('succeeded');
    const { ino } = statSync(space.path('dagrun.lock'));
    expect(await updateTools('it.workflow.yml', { cwd: space.folder, env: { PATH: process.env.PATH ?? '' } })).toMatchObject([
      { server: 'fs', tools: 14, isNew: false, changes: [{ tool: 'create_directory', what: 'changed' }] },
    ]);
    expect(readFileSync(space.path('dagrun.lock'), 'utf8')).toBe(lock);
    // Put there in one step: a process that ends meanwhile leaves no half of it.
    expect(statSync(space.path('dagrun.lock')).ino).not.toBe(ino);
    expect(readdirSync(space.folder).filter((name) => name.startsWith('dagrun.lock'))).toEqual(['dagrun.lock']);
  });

  test('one that cannot be started says so, and nothing runs', { timeout: 30_000 }, async () => {
    await expect(
      run('tools:\n  no: { mcp: { command: no-such-program } }\nnodes:\n  it: { prompt: x, tools: ["no/*"] }\n'),
    ).rejects.toThrow('the server of "no" cannot be started: there is no such program on the PATH');
  });

  test.each<[string, string | RegExp]>([
    ['console.error("no database at db.example"); process.exit(3)', 'it exited with code 3: no database at db.example'],
    ['console.error("It starts.\\n\\nIt cannot."); process.exit(1)', 'it exited with code 1:\n  It starts.\n  It cannot.'],
    ['', 'it exited with code 0, and wrote nothing to stderr'],
    ['process.kill(process.pid, "SIGKILL")', 'it was ended by SIGKILL, and wrote nothing to stderr'],
    [
      'import "./none.mjs"',
      /^it exited with code 1: Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module '.*none\.mjs' imported from .*bad\.mjs$/,
    ],
    ['throw new TypeError("no port")', /^it exited with code 1:\n {2}throw new TypeError\("no port"\)\n {2}TypeError: no port$/],
    ['console.error("{{secrets.mine}} is no token"); process.exit(1)', 'it exited with code 1: [secrets.mine] is no token'],
  ])('one that exits at once tells how, and what it wrote: %s', { timeout: 30_000 }, async (code, why) => {
    const inCode = code.replace('"{{secrets.mine}} ', 'process.env.TOKEN + " ');
    space.write('bad.mjs', inCode);
    const failed = await run(
      'tools:\n  no: { mcp: { command: node, args: [bad.mjs], env: { TOKEN: "{{secrets.mine}}" } } }\nnodes:\n  it: { prompt: x, tools: ["no/*"] }\n',
      { MINE: 's3cr3t' },
    ).catch((error: unknown) => error as DagrunError);
    const { message, help } = failed as DagrunError;
    const said = 'the server of "no" cannot be started: ';
    expect(message.slice(0, said.length)).toBe(said);
    expect(message.slice(said.length)).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
    expect(help).toBe(
      'try it in a terminal: `node bad.mjs`\n`dagrun tools update it.workflow.yml` asks it again; `--offline` runs without any server',
    );
  });

  test('one that ends in the midst of a call says how, and is started again for the next', { timeout: 30_000 }, async () => {
    space.write('falls.mjs', fallingServer("console.error('it rains\\nout of memory'); process.exit(7);"));
    const told = await run(`tools:
  no: { mcp: { command: node, args: [falls.mjs] } }
nodes:
  falls: { kind: tool, tool: no/fall, on_error: skip }
  stands: { kind: tool, tool: no/stand, needs: { falls: optional } }
outputs: { it: nodes.stands.output, error: 'coalesce(nodes.falls.error.message, "")' }
`);
    expect(told.output('error')).toBe(
      'no/fall: the call failed: it exited with code 7: it rains / out of memory; it is started again for the next call',
    );
    expect(told.output()).toBe('fine');
  });

  test('without dagrun.lock, whoever asks nobody is told what asks it', { timeout: 30_000 }, async () => {
    const text = `${fs()}nodes:\n  it: { kind: tool, tool: fs/list_allowed_directories }\noutputs: { it: nodes.it.status }\n`;
    expect((await space.run(text, { offline: true })).error()).toBe(
      'tool_failed: fs/list_allowed_directories: what tools the server "fs" has is not known: `dagrun tools update it.workflow.yml` asks it',
    );
  });

  test('memory is kept between calls of a run, where its environment says', { timeout: 30_000 }, async () => {
    const told = await run(
      `tools:
  memory: { mcp: { command: node, args: [${serverFile('memory')}], env: { MEMORY_FILE_PATH: "{{inputs.file}}" } } }
inputs: { file: { type: string, default: ${space.path('memory.json')} } }
nodes:
  put:
    kind: tool
    tool: memory/create_entities
    with: { entities: [{ name: dagrun, entityType: program, observations: [it runs workflows] }] }
  find: { kind: tool, tool: memory/search_nodes, with: { query: dagrun }, needs: [put] }
outputs: { it: "nodes.find.output.entities.map(e, e.observations[0])" }
`,
    );
    expect(told.output()).toEqual(['it runs workflows']);
  });

  test('its environment is clean, and what it says of a secret is the name', { timeout: 30_000 }, async () => {
    const told = await run(
      `tools:
  every: { mcp: { command: node, args: [${serverFile('everything')}], env: { TOKEN: "x-{{secrets.mine}}" } } }
nodes:
  it: { kind: tool, tool: every/get-env }
outputs: { it: nodes.it.output }
`,
      { MINE: 's3cr3t', OTHER: 'never' },
    );
    const env = JSON.parse(String(told.output())) as Record<string, string>;
    expect(env.TOKEN).toBe('x-[secrets.mine]');
    expect(env.HOME).toBe(space.folder);
    expect(Object.keys(env)).not.toContain('OTHER');
    expect(JSON.stringify(told.events)).not.toContain('s3cr3t');
  });
});

describe('a server that runs already', () => {
  test('speaks streamable HTTP; texts, data, refusals and time-outs come as they are', { timeout: 60_000 }, async () => {
    const port = await freePort();
    // It listens on all interfaces when it is let.
    space.write(
      'loopback.mjs',
      "import net from 'node:net'; const own = net.Server.prototype.listen; net.Server.prototype.listen = function (port, ...rest) { return own.call(this, Number(port), '127.0.0.1', ...rest.filter((one) => typeof one === 'function')); };\n",
    );
    const server = spawn(process.execPath, ['--import', space.path('loopback.mjs'), serverFile('everything'), 'streamableHttp'], {
      env: { PORT: String(port), PATH: process.env.PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.stderr.on('data', (chunk: Buffer) => /listening/.test(String(chunk)) && resolve());
        server.once('exit', () => reject(new Error('the server ended')));
      });
      const told = await run(
        `tools:
  every: { mcp: { url: "http://127.0.0.1:${port}/mcp", headers: { authorization: "Bearer {{secrets.mine}}" }, tools: { trigger-long-running-operation: { timeout: 200ms } } } }
nodes:
  sum: { kind: tool, tool: every/get-sum, with: { a: 1, b: { cel: 1 + 1 } } }
  weather: { kind: tool, tool: every/get-structured-content, with: { location: New York } }
  picture: { kind: tool, tool: every/get-tiny-image }
  long: { kind: tool, tool: every/trigger-long-running-operation, with: { duration: 10, steps: 2 }, on_error: skip }
outputs:
  sum: nodes.sum.output
  humid: nodes.weather.output.humidity > 0
  picture: nodes.picture.output
  long: coalesce(nodes.long.error.message, "")
`,
        { MINE: 's3cr3t' },
      );
      expect(told.output('sum')).toBe('The sum of 1 and 2 is 3.');
      expect(told.output('humid')).toBe(true);
      expect(told.output('picture')).toMatch(/\[image, image\/png, \d+ bytes\]/);
      // Kept with the call, so that a model is shown it again after a crash.
      const images = told.events.flatMap((event) => (event.type === 'tool.called' && event.call.images ? event.call.images : []));
      expect(images).toEqual([
        {
          type: 'image',
          mediaType: 'image/png',
          name: 'every/get-tiny-image',
          data: expect.any(String),
          pixels: { width: 20, height: 20 },
        },
      ]);
      expect(told.output('long')).toBe('every/trigger-long-running-operation: it did not end within 200ms');
    } finally {
      server.kill();
    }
  });

  test('is called at no private address that is not allowed', { timeout: 30_000 }, async () => {
    space.write('dagrun.config.yml', '');
    await expect(
      run('tools:\n  no: { mcp: { url: "http://127.0.0.1:9/mcp" } }\nnodes:\n  it: { prompt: x, tools: ["no/*"] }\n'),
    ).rejects.toThrow('the server of "no" cannot be reached: 127.0.0.1:9 is on this machine or in a private network');
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
