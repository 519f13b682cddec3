import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { workspace } from '../support/workspace-run.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the configuration.
const place = workspace('secrets: { token: "${TOKEN}" }\n');
afterAll(() => place.remove());
const run = (fields: string, options = {}): ReturnType<typeof place.run> =>
  place.run(`nodes:\n  it: { kind: command, ${fields} }\noutputs: { it: nodes.it.output }\n`, options);
/** A program in JavaScript, as an argument list. */
const node = (code: string, ...args: string[]): string => `argv: ${JSON.stringify([process.execPath, '-e', code, ...args])}`;

describe('what goes in', () => {
  test('arguments are read by no shell', async () => {
    const told = await place.run(
      `inputs: { name: { type: string } }\nnodes:\n  it: { kind: command, argv: [printf, "%s|", "{{inputs.name}}", "a b", "*"], output: { type: string } }\noutputs: { it: nodes.it.output }\n`,
      { inputs: { name: '$(touch pwned); `id` && x' } },
    );
    expect(told.output()).toBe('$(touch pwned); `id` && x|a b|*|');
    expect(existsSync(place.path('pwned'))).toBe(false);
  });

  test('a path to a list becomes one argument for each element', async () => {
    const told = await place.run(
      'inputs: { files: { type: array, items: { type: string }, default: [a b, c] }, n: { type: integer, default: 3 } }\n' +
        'nodes:\n  it: { kind: command, argv: [printf, "%s|", "{{inputs.files}}", "{{inputs.n}}", "-{{inputs.n}}"], output: { type: string } }\noutputs: { it: nodes.it.output }\n',
    );
    expect(told.output()).toBe('a b|c|3|-3|');
  });

  test('stdin takes text as it is, and anything else as JSON', async () => {
    expect((await run('argv: [cat], stdin: "two\\nlines", output: { type: string }')).output()).toBe('two\nlines');
    expect((await run('argv: [cat], stdin: { a: [1, "{{run.workflow}}"], b: { cel: 1 + 1 } }, output: { type: object }')).output()).toEqual(
      { a: [1, 'it'], b: 2 },
    );
    expect((await run('argv: [cat], output: { type: string }')).output()).toBe('');
  });

  test('a program that does not read all of it is no failure', async () => {
    const text = 'x'.repeat(1_000_000);
    const told = await place.run(
      'inputs: { text: { type: string } }\nnodes:\n  it: { kind: command, argv: ["true"], stdin: "{{inputs.text}}" }\noutputs: { it: nodes.it.output }\n',
      { inputs: { text } },
    );
    expect(told.output()).toBe('');
  });

  test('the environment is clean, but for what the node gives', async () => {
    const told = await run(
      `${node('console.log(JSON.stringify(process.env))')}, env: { NAME: "{{run.workflow}}" }, output: { type: object }`,
      { env: { ANTHROPIC_API_KEY: 'key', LANG: 'C' } },
    );
    expect(told.output()).toEqual({ PATH: process.env.PATH, HOME: place.folder, LANG: 'C', NAME: 'it' });
  });

  test('it runs in the folder of the workflow, or in another of the workspace', async () => {
    place.write('inner/file.txt', '');
    expect((await run('argv: [pwd], output: { type: string }')).output()).toBe(place.folder);
    expect((await run('argv: [pwd], cwd: inner, output: { type: string }')).output()).toBe(place.path('inner'));
    expect((await run(`argv: [pwd], cwd: '{{lower "inner/file.txt"}}'`)).error()).toBe(
      'file_unreadable: `cwd`: "inner/file.txt" is no folder',
    );
    symlinkSync(tmpdir(), place.path('out'));
    for (const cwd of ['..', '/', 'out'])
      expect((await run(`argv: [pwd], cwd: '{{lower "${cwd}"}}'`)).error()).toBe(`file_unreadable: "${cwd}" lies outside the workspace`);
  });
});

describe('what comes out', () => {
  test('stdout without its last newline, by the schema of the output', async () => {
    expect((await run('argv: [printf, "12\\n\\n"], output: { type: string }')).output()).toBe('12\n');
    expect((await run('argv: [echo, "12"], output: { type: integer }')).output()).toBe(12);
    expect((await run('argv: [echo, "{\\"a\\": 1}"]')).output()).toEqual({ a: 1 });
    expect((await run('argv: [echo, "12"]')).output()).toBe('12');
    expect((await run('argv: [echo, yes], output: { enum: ["yes", "no"] }')).output()).toBe('yes');
    expect((await run('argv: [echo, some text], output: { type: object }')).error()).toBe(
      'output_invalid: what echo printed is not JSON, which its `output` wants: it begins with "some text"',
    );
    expect((await run('argv: [echo, "{\\"a\\": 1}"], output: { fields: { a: string } }')).error()).toMatch(/^output_invalid: /);
  });

  test('all of it with `full`', async () => {
    const told = await run(`${node('console.log("out"); console.error("err"); process.exit(3)')}, full: true, ok_exit_codes: [0, 3]`);
    expect(told.output()).toEqual({ exit_code: 3, stdout: 'out', stderr: 'err' });
  });

  test('an exit code that is not right is a failure, with the end of what was said', async () => {
    expect((await run(`${node('console.error("no such branch"); process.exit(2)')}`)).error()).toBe(
      `task_failed: ${process.execPath} exited with code 2: no such branch`,
    );
    expect((await run('argv: [sh, -c, "kill -SEGV $$"]')).error()).toBe('task_failed: sh was ended by SIGSEGV');
    expect((await run('argv: [no-such-program-here]')).error()).toBe('task_failed: there is no program "no-such-program-here" on the PATH');
    expect((await run(`argv: ['{{lower "./it.workflow.yml"}}']`)).error()).toBe('task_failed: "./it.workflow.yml" may not be executed');
  });

  test('too much is a failure that says so', async () => {
    const told = await run(node('const b = "x".repeat(1 << 20); for (let i = 0; i < 11; i++) process.stdout.write(b)'));
    expect(told.error()).toBe(`task_failed: ${process.execPath} wrote more than 10 MiB to stdout, and was ended; let it write to a file`);
  });

  test('it is tried again when the node says so', async () => {
    place.write('count', '');
    const told = await run(
      'argv: [sh, -c, "echo x >> count; [ $(wc -l < count) -ge 3 ]"], retry: { max_attempts: 3, initial_delay: 0ms, max_delay: 0ms }',
    );
    expect(told.output()).toBe('');
    expect(told.result.nodes[0]?.attempts).toBe(3);
  });
});

describe('when its time is up', () => {
  test('what it started ends with it', async () => {
    place.write('pids', '');
    // The grandchild holds the pipe open and would go on for a minute.
    const told = await run('argv: [sh, -c, "sleep 60 & echo $! > pids; wait"], timeout: 300ms');
    expect(told.error()).toBe('timed_out: no answer within 0.3 s');
    const pid = Number(readFileSync(place.path('pids'), 'utf8'));
    await untilDead(pid);
  });

  test('one that will not end is made to', async () => {
    const told = await run('argv: [sh, -c, "trap : TERM; while :; do sleep 1; done"], timeout: 200ms');
    expect(told.error()).toBe('timed_out: no answer within 0.2 s');
  });

  test('what it leaves behind when it ends by itself is ended, too', async () => {
    place.write('left', '');
    expect((await run('argv: [sh, -c, "sleep 60 & echo $! > left"]')).output()).toBe('');
    await untilDead(Number(readFileSync(place.path('left'), 'utf8')));
  });

  test('a run that is given up ends it', async () => {
    const abort = new AbortController();
    const told = run('argv: [sh, -c, "echo started > begun; sleep 60"]', { abort: abort.signal });
    while (!existsSync(place.path('begun'))) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect((await told).result.status).toBe('cancelled');
  });
});

/** It was killed: the system may need a moment for it. The test's own time limit ends the wait for one that lives on. */
async function untilDead(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(1);
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('secrets', () => {
  test('reach the program, and nothing that is kept', async () => {
    const secret = 'hunter2-and-more';
    const code =
      'console.log(process.env.TOKEN + " " + Buffer.from(process.env.TOKEN).toString("base64")); console.error(process.env.AUTH); process.exit(Number(process.argv[1]))';
    const good = await run(
      `${node(code, '0')}, env: { TOKEN: "{{secrets.token}}", AUTH: "Bearer {{secrets.token}} for {{run.workflow}}" }, full: true`,
      { env: { TOKEN: secret } },
    );
    expect(good.output()).toEqual({ exit_code: 0, stdout: '[secrets.token] [secrets.token]', stderr: 'Bearer [secrets.token] for it' });
    const bad = await run(`${node(code, '1')}, env: { TOKEN: "{{secrets.token}}", AUTH: "Bearer {{secrets.token}}" }`, {
      env: { TOKEN: secret },
    });
    expect(bad.error()).toContain('exited with code 1: Bearer [secrets.token]');
    for (const { events, result } of [good, bad]) expect(JSON.stringify([events, result])).not.toContain('hunter2');
  });

  test('data of the run cannot pass for one', async () => {
    const told = await place.run(
      'inputs: { text: { type: string } }\nnodes:\n  it: { kind: command, argv: [printenv, A], env: { A: "{{inputs.text}}" }, output: { type: string } }\noutputs: { it: nodes.it.output }\n',
      { inputs: { text: '{{secrets.token}}' }, env: { TOKEN: 'hunter2-and-more' } },
    );
    expect(told.output()).toBe('{{secrets.token}}');
  });

  test('one without a value is told before anything runs', async () => {
    await expect(run('argv: ["true"], env: { A: "{{secrets.token}}" }')).rejects.toMatchObject({
      exitCode: 3,
      message: 'the secret "token" has no value',
      diagnostics: [{ code: 'DAG705', message: 'the environment variable TOKEN is not set' }],
    });
  });
});
