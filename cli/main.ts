#!/usr/bin/env node
import { realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { type Command, type CommandGroup, EXIT, isGroup, type Options, UsageError } from './command.ts';
import { approvals } from './commands/approvals.ts';
import { cache } from './commands/cache.ts';
import { describe } from './commands/describe.ts';
import { diff } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { graph } from './commands/graph.ts';
import { init } from './commands/init.ts';
import { list } from './commands/list.ts';
import { models } from './commands/models.ts';
import { record } from './commands/record.ts';
import { resume } from './commands/resume.ts';
import { run } from './commands/run.ts';
import { runs } from './commands/runs.ts';
import { signal } from './commands/signal.ts';
import { test } from './commands/test.ts';
import { tools } from './commands/tools.ts';
import { validate } from './commands/validate.ts';
import { compileLate } from './compile-late.ts';
import { createContext, type GlobalOptions } from './context.ts';
import { flushed, type Io, processIo } from './io.ts';
import { tellProblem } from './problem.ts';

const EXAMPLES_OF_A_GROUP = 3;

/** In the order of the help: what one does first comes first. */
const commands: readonly (Command | CommandGroup)[] = [
  run,
  validate,
  test,
  list,
  describe,
  graph,
  diff,
  resume,
  runs,
  approvals,
  signal,
  record,
  cache,
  tools,
  init,
  models,
  doctor,
  explain,
];

const EXIT_CODES = `Exit codes:
  0    done
  1    the run failed
  2    the command line or the workflow is wrong
  3    configuration or credentials are missing
  4    a budget or a limit was reached
  5    waiting for a person
  70   a bug in dagrun
  130  interrupted, 143 terminated`;

/** Runs one command line (without node and script) and returns its exit code. Throws nothing. */
export async function main(given: readonly string[], io: Io): Promise<number> {
  const argv = given.length === 0 || isOnlyGroup(given) ? [...given, '--help'] : given;
  const globals = globalsIn(argv);
  const ctx = createContext(io, globals);
  try {
    if (globals.folder !== undefined && !isFolder(ctx.cwd)) throw new UsageError(`there is no folder "${globals.folder}"`);
    let code: number = EXIT.done;
    const program = createProgram(io, ctx.out.on, (command, args, options) => {
      return command.action(ctx, args, options).then((exit) => {
        code = exit;
      });
    });
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      return tellProblem(ctx, usageErrorFrom(error, argv));
    }
    return tellProblem(ctx, error);
  }
}

type Act = (command: Command, args: readonly (string | readonly string[] | undefined)[], options: Options) => Promise<void>;

function createProgram(io: Io, colour: boolean, act: Act): Commander {
  const program = new Commander('dagrun');
  program
    .description('Runs LLM workflows written as YAML: checked first, on the cheapest model that is good enough.')
    .usage('<command> [options]')
    .version(manifest.version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(new Commander('help').argument('[command]').summary('print help for a command').helpGroup('Project:'))
    .option('-C <dir>', 'work as if started in this folder')
    .option('--color', 'colour the output even where it is no terminal')
    .option('--no-color', 'never colour the output')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Its own messages; ours are made from the error it throws.
      writeErr: () => {},
      getOutHasColors: () => colour,
      getOutHelpWidth: () => helpWidth(io.stdout.columns),
    })
    .configureHelp({
      styleTitle: (title) => (colour ? `\u001B[1m${title}\u001B[22m` : title),
      // That a command has options goes without saying.
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    })
    .addHelpText('after', `\n${EXIT_CODES}\n\nStart with: dagrun init, or dagrun list`);

  for (const command of commands) {
    if (!isGroup(command)) {
      declare(program, command, command.name, act, io.stdout.columns);
      continue;
    }
    const group = program.command(command.name).summary(command.summary).helpGroup(`${command.group}:`);
    group
      .description(command.description ?? command.summary)
      .usage('<command> [options]')
      .helpOption('-h, --help', 'print help')
      .helpCommand(false);
    // One example of each of the first few: each command has all of its own.
    const first = command.commands.slice(0, EXAMPLES_OF_A_GROUP).flatMap(({ examples }) => examples.slice(0, 1));
    group.addHelpText('after', `\n${examplesText(first, io.stdout.columns)}`);
    for (const one of command.commands) declare(group, one, `${command.name} ${one.name}`, act, io.stdout.columns);
  }
  return program;
}

/** `path`: the words it is called by. `columns`: how wide the terminal is, undefined where there is none. */
function declare(parent: Commander, command: Command, path: string, act: Act, columns: number | undefined): void {
  const declared = parent.command(command.name).summary(command.summary);
  if (path === command.name) declared.helpGroup(`${command.group}:`);
  declared.description(command.description ?? command.summary).helpOption('-h, --help', 'print help');
  for (const { name, description, optional, variadic } of command.arguments ?? []) {
    const inner = variadic ? `${name}...` : name;
    declared.addArgument(new Argument(optional ? `[${inner}]` : `<${inner}>`, description));
  }
  for (const { flags, description, repeatable, choices } of command.options ?? []) {
    const option = new Option(flags, description);
    if (choices) option.choices(choices);
    if (repeatable) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    declared.addOption(option);
  }
  const codes = command.group === 'Project' ? '' : `\n\n${EXIT_CODES}`;
  declared.addHelpText('after', `\n${examplesText(command.examples, columns)}${codes}`);
  declared.action((...given: unknown[]) => {
    const count = command.arguments?.length ?? 0;
    return act(command, given.slice(0, count) as (string | string[] | undefined)[], given[count] as Options);
  });
}

/** Characters in a line of help: those of the terminal, up to what is read easily. */
function helpWidth(columns: number | undefined): number {
  return Math.min(100, columns ?? 100);
}

/** Examples side by side with what they do; one below the other where a line would be longer than the help is wide. */
function examplesText(examples: Command['examples'], columns: number | undefined): string {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, does]) => `  dagrun ${line.padEnd(longest)}  ${does}`);
  const fits = beside.every((text) => text.length <= helpWidth(columns));
  const lines = fits ? beside : examples.map(([line, does]) => `  dagrun ${line}\n      ${does}`);
  return `Examples:\n${lines.join('\n')}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function argumentTerm(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** The global options, which hold wherever they stand. Read before the rest, so that mistakes are told in the right colours. */
function globalsIn(argv: readonly string[]): GlobalOptions {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const colour = own.findLast((text) => text === '--color' || text === '--no-color');
  const at = own.lastIndexOf('-C');
  const glued = own.findLast((text) => text.startsWith('-C') && text.length > 2);
  return {
    colour: colour === undefined ? undefined : colour === '--color',
    folder: at !== -1 ? own[at + 1] : glued?.slice(2),
  };
}

/** commander's complaint in our words. */
function usageErrorFrom(error: CommanderError, argv: readonly string[]): UsageError {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const near = /\(Did you mean (?:one of )?([^)?]+)\?\)/.exec(error.message)?.[1];
  const { path, command } = calledIn(argv);
  const seeHelp = path === undefined ? 'see: dagrun --help' : `see: dagrun ${path} --help`;
  const help = near === undefined ? seeHelp : `did you mean "${near}"?`;
  switch (error.code) {
    case 'commander.unknownCommand':
      if (/\.ya?ml$/.test(quoted)) return new UsageError(`there is no command "${quoted}"`, `to run the file: dagrun run ${quoted}`);
      return new UsageError(`there is no command "${path === undefined ? '' : `${path} `}${quoted}"`, help);
    case 'commander.unknownOption':
      return new UsageError(`there is no option "${quoted}"${path === undefined ? '' : ` of "dagrun ${path}"`}`, help);
    case 'commander.missingArgument':
      return new UsageError(`"dagrun ${path ?? ''}" needs ${articled(quoted)}`, exampleOf(command) ?? seeHelp);
    case 'commander.optionMissingArgument':
      return new UsageError(`the option "${quoted}" needs a value`, seeHelp);
    case 'commander.excessArguments':
      return new UsageError(`there are more arguments than "dagrun ${path ?? ''}" takes`, seeHelp);
    case 'commander.invalidArgument': {
      const choices = /Allowed choices are (.*)\.$/.exec(error.message)?.[1];
      const value = /argument '([^']*)'/.exec(error.message)?.[1] ?? '';
      return new UsageError(
        `"${value}" is no value of "${quoted.split(' ')[0] ?? ''}"`,
        choices === undefined ? seeHelp : `one of: ${choices}`,
      );
    }
    default:
      return new UsageError(error.message.replace(/^error: /, ''), seeHelp);
  }
}

/** True for a group's word alone: its help says what else to type. */
function isOnlyGroup(argv: readonly string[]): boolean {
  return argv.length === 1 && commands.some((command) => isGroup(command) && command.name === argv[0]);
}

/** The command a line is about, as far as it can be told: its words, and the command when it is one. */
function calledIn(argv: readonly string[]): { readonly path?: string; readonly command?: Command } {
  const first = commands.find((candidate) => argv.includes(candidate.name));
  if (!first) return {};
  if (!isGroup(first)) return { path: first.name, command: first };
  const rest = argv.slice(argv.indexOf(first.name) + 1);
  const second = first.commands.find((candidate) => rest.includes(candidate.name));
  return second ? { path: `${first.name} ${second.name}`, command: second } : { path: first.name };
}

function exampleOf(command: Command | undefined): string | undefined {
  const line = command?.examples[0]?.[0];
  return line === undefined ? undefined : `for example: dagrun ${line}`;
}

function articled(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** True when this file was started, and not imported. */
function isStarted(): boolean {
  const script = process.argv[1];
  if (script === undefined) return false;
  try {
    return realpathSync(script) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isStarted()) {
  const io = processIo();
  const argv = process.argv.slice(2);
  if (argv.find((word) => !word.startsWith('-')) === validate.name) compileLate();
  // Whatever escapes every promise is a bug of ours, and still no reason to show a stack.
  process.on('uncaughtException', (error) => {
    void tellProblem(createContext(io, globalsIn(argv)), error).finally(() => process.exit(EXIT.bug));
  });
  const code = await main(argv, io);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}
