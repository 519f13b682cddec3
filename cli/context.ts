import { resolve } from 'node:path';
import { disarm, disarmJson } from './disarm.ts';
import type { Io } from './io.ts';
import { createPaint, type Paint, wantsColour } from './paint.ts';

/** What every command is given: the process, the global options, and colours for each stream. */
export interface Context {
  readonly io: Io;
  /** Absolute: `-C`, or where the command was started. */
  readonly cwd: string;
  /** Colours for the result. */
  readonly out: Paint;
  /** Colours for everything else. */
  readonly err: Paint;
  /** Columns for text on stdout and stderr; fixed ones where there is no terminal. */
  readonly outWidth: number;
  readonly errWidth: number;
  /** Writes to stdout: the result. */
  print(text: string): void;
  /** The same for what models wrote, which may not give commands to whoever reads the log. A JSON document gets its line break here. */
  printForeign(text: string, format: 'text' | 'json'): void;
  /** Writes lines to stderr: everything that is not the result. */
  tell(lines: string | readonly string[]): void;
}

/** Where there is no terminal, tables keep every word: they are searched and cut by programs. */
const OUT_WIDTH_WITHOUT_TERMINAL = 1000;
/** What is told beside them is read in logs. */
const ERR_WIDTH_WITHOUT_TERMINAL = 120;
const NARROWEST = 40;

export interface GlobalOptions {
  readonly colour: boolean | undefined;
  readonly folder: string | undefined;
}

export function createContext(io: Io, options: GlobalOptions): Context {
  const onGitHub = Boolean(io.env.GITHUB_ACTIONS);
  return {
    io,
    cwd: options.folder === undefined ? io.cwd : resolve(io.cwd, options.folder),
    out: createPaint(wantsColour(options.colour, io.env, io.stdout)),
    err: createPaint(wantsColour(options.colour, io.env, io.stderr)),
    get outWidth() {
      return Math.max(NARROWEST, io.stdout.columns ?? OUT_WIDTH_WITHOUT_TERMINAL);
    },
    get errWidth() {
      return Math.max(NARROWEST, io.stderr.columns ?? ERR_WIDTH_WITHOUT_TERMINAL);
    },
    print: (text) => io.stdout.write(text),
    printForeign(text, format) {
      const logged = onGitHub && !io.stdout.isFile;
      if (format === 'json') io.stdout.write(`${logged ? disarmJson(text) : text}\n`);
      else io.stdout.write(logged ? disarm(text) : text);
    },
    tell(lines) {
      const text = typeof lines === 'string' ? lines : lines.join('\n');
      const block = text === '' || text.endsWith('\n') ? text : `${text}\n`;
      io.stderr.write(onGitHub ? disarm(block) : block);
    },
  };
}
