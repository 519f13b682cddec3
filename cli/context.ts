import { resolve } from 'node:path';
import { disarm } from './disarm.ts';
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
  /** Columns for text on stdout and stderr; a fixed one where there is no terminal. */
  readonly outWidth: number;
  readonly errWidth: number;
  /** Writes to stdout: the result. */
  print(text: string): void;
  /** Writes lines to stderr: everything that is not the result. */
  tell(lines: string | readonly string[]): void;
}

/** Wide enough for most lines, and the same on every machine that has no terminal. */
const WIDTH_WITHOUT_TERMINAL = 100;
const WIDEST = 200;

export interface GlobalOptions {
  readonly colour: boolean | undefined;
  readonly folder: string | undefined;
}

export function createContext(io: Io, options: GlobalOptions): Context {
  const onGitHub = Boolean(io.env.GITHUB_ACTIONS);
  const width = (columns: number | undefined): number => Math.min(WIDEST, Math.max(40, columns ?? WIDTH_WITHOUT_TERMINAL));
  return {
    io,
    cwd: options.folder === undefined ? io.cwd : resolve(io.cwd, options.folder),
    out: createPaint(wantsColour(options.colour, io.env, io.stdout)),
    err: createPaint(wantsColour(options.colour, io.env, io.stderr)),
    get outWidth() {
      return width(io.stdout.columns);
    },
    get errWidth() {
      return width(io.stderr.columns);
    },
    print(text) {
      io.stdout.write(onGitHub && !io.stdout.isFile ? disarm(text) : text);
    },
    tell(lines) {
      const text = typeof lines === 'string' ? lines : lines.join('\n');
      const block = text === '' || text.endsWith('\n') ? text : `${text}\n`;
      io.stderr.write(onGitHub ? disarm(block) : block);
    },
  };
}
