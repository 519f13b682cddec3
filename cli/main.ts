#!/usr/bin/env node
import { realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { type Command, EXIT, type Options, UsageError } from './command.ts';
import { describe } from './commands/describe.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { graph } from './commands/graph.ts';
import { init } from './commands/init.ts';
import { list } from './commands/list.ts';
import { models } from './commands/models.ts';
import { run } from './commands/run.ts';
import { validate } from './commands/validate.ts';
import { createContext, type GlobalOptions } from './context.ts';
import { flushed, type Io, processIo } from './io.ts';
import { tellProblem } from './problem.ts';

/** In the order of the help: what one does first comes first. */
const commands: readonly Command[] = [run, validate, list, describe, graph, init, models, doctor, explain];

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
export async function main(argv: readonly string[], io: Io): Promise<number> {
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
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
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
      getOutHelpWidth: () => Math.min(100, io.stdout.columns ?? 100),
    })
    .configureHelp({
      styleTitle: (title) => (colour ? `\u001B[1m${title}\u001B[22m` : title),
      // That a command has options goes without saying.
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    })
    .addHelpText('after', `\n${EXIT_CODES}\n\nStart with: dagrun init, or dagrun list`);

  for (const command of commands) {
    const declared = program.command(command.name).summary(command.summary).helpGroup(`${command.group}:`);
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
    const width = Math.max(...command.examples.map(([line]) => line.length));
    const examples = command.examples.map(([line, does]) => `  dagrun ${line.padEnd(width)}  ${does}`);
    const codes = command.group === 'Workflows' ? `\n\n${EXIT_CODES}` : '';
    declared.addHelpText('after', `\nExamples:\n${examples.join('\n')}${codes}`);
    declared.action((...given: unknown[]) => {
      const count = command.arguments?.length ?? 0;
      return act(command, given.slice(0, count) as (string | string[] | undefined)[], given[count] as Options);
    });
  }
  return program;
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
  const command = commands.find((candidate) => argv.includes(candidate.name));
  const seeHelp = command ? `see: dagrun ${command.name} --help` : 'see: dagrun --help';
  const help = near === undefined ? seeHelp : `did you mean "${near}"?`;
  switch (error.code) {
    case 'commander.unknownCommand':
      if (/\.ya?ml$/.test(quoted)) return new UsageError(`there is no command "${quoted}"`, `to run the file: dagrun run ${quoted}`);
      return new UsageError(`there is no command "${quoted}"`, help);
    case 'commander.unknownOption':
      return new UsageError(`there is no option "${quoted}"${command ? ` of "dagrun ${command.name}"` : ''}`, help);
    case 'commander.missingArgument':
      return new UsageError(`"dagrun ${command?.name ?? ''}" needs ${articled(quoted)}`, exampleOf(command) ?? seeHelp);
    case 'commander.optionMissingArgument':
      return new UsageError(`the option "${quoted}" needs a value`, seeHelp);
    case 'commander.excessArguments':
      return new UsageError(`there are more arguments than "dagrun ${command?.name ?? ''}" takes`, seeHelp);
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
  // Whatever escapes every promise is a bug of ours, and still no reason to show a stack.
  process.on('uncaughtException', (error) => {
    void tellProblem(createContext(io, globalsIn(argv)), error).finally(() => process.exit(EXIT.bug));
  });
  const code = await main(argv, io);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}
