import type { Context } from './context.ts';

/** One command: a file in `commands/` and a line in main.ts. Declared as data, so that help needs nothing but this. */
export interface Command {
  readonly name: string;
  readonly group: 'Workflows' | 'Runs' | 'Project';
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What the summary leaves out; shown in the command's own help. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly options?: readonly OptionDecl[];
  /** Command lines without `dagrun`, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /**
   * Returns the exit code. Whatever is heavy is imported in here and not at the top of the file.
   * `options` holds what was given, under the long name in camelCase.
   */
  action(ctx: Context, args: readonly (string | readonly string[] | undefined)[], options: Options): Promise<number>;
}

/** Commands under one word, `dagrun runs list`: a file in `commands/` and a line in main.ts, like a command. */
export interface CommandGroup {
  readonly name: string;
  readonly group: Command['group'];
  readonly summary: string;
  readonly description?: string;
  /** In the order of the help. */
  readonly commands: readonly Command[];
}

export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

export interface OptionDecl {
  /** `-q, --quiet`, `--input <json>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; its value is the list. */
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
}

export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** True for a word that stands for several commands. */
export function isGroup(command: Command | CommandGroup): command is CommandGroup {
  return 'commands' in command;
}

/** Exit codes, as printed in the help. */
export const EXIT = { done: 0, failed: 1, usage: 2, configuration: 3, limit: 4, waiting: 5, bug: 70 } as const;

/** A command line that cannot be meant: exit code 2. */
export class UsageError extends Error {
  readonly exitCode: number = EXIT.usage;
  readonly help: string | undefined;
  constructor(message: string, help?: string) {
    super(message);
    this.name = 'UsageError';
    this.help = help;
  }
}

/** The value of an option that takes a text. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of a repeatable option. */
export function listOption(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value : [];
}

/** The text of a required argument; the command line was refused before if it is missing. */
export function textArgument(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}
