import { stat } from 'node:fs/promises';
import { isList, type Json, type JsonObject } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import { type SealedText, unseal, withoutSecrets } from '../lang/sealed-text.ts';
import { type Ending, runProgram } from './child-process.ts';
import { dataIn, textOf } from './data-text.ts';

interface CommandSpec {
  readonly argv: readonly Json[];
  readonly stdin?: Json;
  readonly env?: Readonly<Record<string, SealedText>>;
  readonly cwd?: string;
  readonly ok_exit_codes?: readonly number[];
  readonly full?: boolean;
}

/** Of stdout, and of stderr: outputs are kept in the journal. */
const MAX_OUTPUT = 10 * 1024 * 1024;

export const command: NodeKind<CommandSpec> = {
  kind: 'command',
  summary: 'Run a program, without a shell: data goes in by arguments, stdin and environment, and comes out by stdout.',
  schema: {
    type: 'object',
    properties: {
      argv: {
        type: 'array',
        minItems: 1,
        items: { type: 'string' },
        'x-holds': 'template',
        'x-typed': 'path',
        'x-reaches': 'a command',
        'x-wants': {
          title: 'texts, numbers, true, false, or a list of texts',
          anyOf: [{ type: ['string', 'number', 'boolean'] }, { type: 'array', items: { type: ['string', 'number', 'boolean'] } }],
        },
        description:
          'The program and its arguments, one text each; nothing in them is read by a shell. A text that is exactly one `{{path}}` to a list becomes one argument per element.',
      },
      stdin: {
        'x-holds': 'template',
        'x-typed': true,
        description:
          'What it reads: text as it is, anything else as JSON. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
      env: {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-holds': 'template',
        'x-secrets': true,
        description: 'Its environment, beside PATH, HOME, LANG and TMPDIR. Secrets may stand here: `{{secrets.<name>}}`.',
      },
      cwd: {
        type: 'string',
        'x-holds': 'template',
        'x-reaches': 'a path',
        description: 'The folder it runs in, inside the workspace. Default: that of this file.',
      },
      ok_exit_codes: {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: 0, maximum: 255 },
        'x-holds': 'literal',
        description: 'Exit codes that are no failure. Default: [0].',
      },
      full: {
        type: 'boolean',
        'x-holds': 'literal',
        description: 'Whether the output is `{ exit_code, stdout, stderr }`. Default: false, the output is what stdout says.',
      },
    },
    required: ['argv'],
    additionalProperties: false,
  },
  example: 'kind: command\nargv: [git, log, --oneline, -n, "20", "{{inputs.branch}}"]\noutput: { type: string }\n',
  callsModel: false,
  output: ({ full }) =>
    full === true
      ? {
          type: 'object',
          properties: { exit_code: { type: 'integer' }, stdout: { type: 'string' }, stderr: { type: 'string' } },
          required: ['exit_code', 'stdout', 'stderr'],
          additionalProperties: false,
        }
      : {},
  idempotent: () => false,
  reuse: { version: 1 },

  check({ argv, env }, report) {
    const [program] = isList(argv) ? argv : [];
    const first = typeof program === 'string' ? program.trim() : '';
    if (program === '')
      report('DAG123', ['argv', 0], 'the first of `argv` is the program, and this is empty', { help: 'write its name: [git, log]' });
    else if (isList(argv) && argv.length === 1 && /\s/.test(first) && !first.includes('{{'))
      report('DAG123', ['argv', 0], 'a program with its arguments is a list of texts', {
        help: `write [${first.split(/\s+/).join(', ')}]; for pipes and the like, a shell: [sh, -c, …]`,
      });
    for (const name of Object.keys((env ?? {}) as JsonObject))
      if (name === '' || name.includes('='))
        report('DAG123', ['env', name], 'the name of a variable is not empty and holds no "="', { help: 'write NAME: value' });
  },

  async execute(spec, ctx) {
    const argv = argumentsOf(spec.argv);
    const told = new Map<string, string>();
    const ending = await runProgram({
      argv,
      cwd: await folderOf(spec.cwd ?? '.', ctx),
      env: environmentOf(spec.env ?? {}, ctx, told),
      ...(spec.stdin !== undefined && { stdin: textOf(spec.stdin) }),
      maxOutput: MAX_OUTPUT,
      abort: ctx.abort,
    });
    const ok = spec.ok_exit_codes ?? [0];
    if (ending.type !== 'exited' || !ok.includes(ending.code))
      throw new Failed({ type: 'task_failed', message: said(argv[0], ending, told) });
    const stdout = withoutLastNewline(ending.stdout.toString('utf8'));
    if (spec.full) return { exit_code: ending.code, stdout, stderr: withoutLastNewline(ending.stderr.toString('utf8')) };
    return dataIn(stdout, ctx.outputSchema, `what ${argv[0]} printed`);
  },
};

/** Throws Failed (expression_failed). */
function argumentsOf(argv: readonly Json[]): readonly [string, ...string[]] {
  const texts = argv.flatMap((value, index) => (isList(value) ? value : [value]).map((one) => argument(one, index)));
  const [program, ...rest] = texts;
  if (program === undefined || program === '')
    throw new Failed({ type: 'expression_failed', field: 'argv', message: '`argv` names no program' });
  return [program, ...rest];
}

function argument(value: Json, index: number): string {
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = isText ? String(value) : undefined;
  if (text !== undefined && !text.includes('\0')) return text;
  const what = text === undefined ? 'no text, number or list of these' : 'a text with a NUL character in it';
  throw new Failed({ type: 'expression_failed', field: `argv[${index}]`, message: `\`argv[${index}]\` is ${what}` });
}

async function folderOf(path: string, { outside }: TaskContext): Promise<string> {
  const { file } = await outside.place(path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) return file;
  throw new Failed({ type: 'file_unreadable', message: `\`cwd\`: "${path}" is ${found ? 'no folder' : 'not there'}`, file: path });
}

function environmentOf(
  env: Readonly<Record<string, SealedText>>,
  { outside }: TaskContext,
  told: Map<string, string>,
): Readonly<Record<string, string>> {
  const own = Object.entries(env).map(([name, text]) => {
    const value = unseal(text, (name) => {
      const secret = outside.secret(name);
      told.set(name, secret);
      return secret;
    });
    if (!value.includes('\0')) return [name, value];
    throw new Failed({ type: 'expression_failed', field: `env.${name}`, message: `\`env.${name}\` holds a NUL character` });
  });
  return { ...outside.environment, ...Object.fromEntries(own) };
}

function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** Characters of stderr that a failure quotes. */
const QUOTED = 600;

function said(program: string, ending: Ending, secrets: ReadonlyMap<string, string>): string {
  switch (ending.type) {
    case 'exited':
      return `${program} exited with code ${ending.code}${quoteOf(ending.stderr.length > 0 ? ending.stderr : ending.stdout, secrets)}`;
    case 'signalled':
      return `${program} was ended by ${ending.by}${quoteOf(ending.stderr, secrets)}`;
    case 'too_much':
      return `${program} wrote more than ${MAX_OUTPUT / 1024 / 1024} MiB to ${ending.stream}, and was ended; let it write to a file`;
    case 'not_started':
      if (ending.code === 'ENOENT') return `there is no program "${program}" on the PATH`;
      if (ending.code === 'EACCES') return `"${program}" may not be executed`;
      if (ending.code === 'E2BIG') return `the arguments of ${program} are too long for the system; pass them by \`stdin\``;
      return `${program} cannot be started (${ending.code})`;
  }
}

/** The end of what it said: there programs say why they give up. */
function quoteOf(output: Buffer, secrets: ReadonlyMap<string, string>): string {
  // Before it is cut: half a secret would not be recognised.
  const text = withoutSecrets(output.toString('utf8').trim(), secrets);
  if (text === '') return '';
  return `: ${text.length > QUOTED ? `…${text.slice(-QUOTED)}` : text}`;
}
