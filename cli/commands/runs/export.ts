import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, EXIT, textArgument, textOption, UsageError } from '../../command.ts';

export const exportCommand: Command = {
  name: 'export',
  group: 'Runs',
  summary: 'write a run out as lines of JSON',
  description: 'Writes a run out: its plan in the first line, then its events, one per line. `dagrun runs import` reads it again.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last' }],
  options: [{ flags: '-o <file>', description: 'where to; to stdout when left out' }],
  examples: [['runs export last -o run.jsonl', 'keep a run, or send it to somebody']],

  async action(ctx, args, options) {
    const { exportRun } = await import('../../../engine/index.ts');
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const run = textArgument(args[0]);
    const file = textOption(options, 'o');
    if (file === undefined) {
      await exportRun(run, { ...around, onLine: (line) => ctx.printForeign(line, 'json') });
      return EXIT.done;
    }
    const lines: string[] = [];
    await exportRun(run, { ...around, onLine: (line) => void lines.push(`${line}\n`) });
    try {
      await pipeline(lines, createWriteStream(resolve(ctx.cwd, file)));
    } catch {
      throw new UsageError(`the file "${file}" cannot be written`, 'paths start at the folder you are in');
    }
    ctx.tell(`${lines.length - 1} events written to ${file}`);
    return EXIT.done;
  },
};
