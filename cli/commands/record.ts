import { writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { RunEvent } from '../../engine/index.ts';
import { type Command, EXIT, textArgument, textOption, UsageError } from '../command.ts';

export const record: Command = {
  name: 'record',
  group: 'Runs',
  summary: 'write a run down as a replies file',
  description:
    'Writes down what models, people and time said in a run. With `run --replies` it is replayed: offline, with the same outputs and the same bill; in a test it is `replies_file`.',
  arguments: [{ name: 'run', description: 'the id of a run, or its beginning; `last` for the newest' }],
  options: [{ flags: '-o, --output <file>', description: 'where to; stdout when left out' }],
  examples: [
    ['record last -o review.replies.yml', 'the newest run, into a file'],
    ['run review -i diff=@change.diff --replies review.replies.yml', 'and its replay'],
  ],

  async action(ctx, args, options) {
    const engine = await import('../../engine/index.ts');
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const id = await engine.findRun(textArgument(args[0]), around);
    const { summary, plan } = await engine.openRun(id, around);
    const events: RunEvent[] = [];
    await engine.readEvents(id, { ...around, onEvent: (event) => void events.push(event) });
    const text = engine.renderRecording(events, plan);
    const file = textOption(options, 'output');
    if (file === undefined) {
      ctx.printForeign(text, 'text');
      return EXIT.done;
    }
    try {
      await writeFile(resolve(ctx.cwd, file), text);
    } catch {
      throw new UsageError(`the file "${file}" cannot be written`, 'its folder must exist');
    }
    const workflow = relative(ctx.cwd, summary.file);
    ctx.tell([
      `${ctx.err.green('✓')} ${id} is written down in ${file}`,
      `  ${ctx.err.dim('its replay:')} dagrun run ${workflow} --replies ${file}`,
    ]);
    return EXIT.done;
  },
};
