import { type Command, type Options, textArgument } from '../command.ts';
import type { Context } from '../context.ts';
import { driveOf, driveOptions } from '../drive-run.ts';
import { run } from './run.ts';

export const resume: Command = {
  name: 'resume',
  group: 'Runs',
  summary: 'go on with a run',
  description:
    'Goes on with a run that was interrupted, waits, failed or was stopped, on the plan it started with. What succeeded stays; what was paid for is not paid for again.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last (see: dagrun runs list)' }],
  options: [
    { flags: '--edited', description: 'on the file as it is now: a new run that asks only what has changed (run --from)' },
    { flags: '--replies <file>', description: 'take the answers of a simulated run from another replies file' },
    { flags: '--repeat-unsafe', description: 'do again without asking what may do harm when it is done twice' },
    ...driveOptions,
  ],
  examples: [
    ['resume last', 'go on with the newest run'],
    ['resume run_01k9f2m3q7', 'the beginning of an id is enough'],
    ['resume last --edited', 'after a change of the file: pay for what has changed'],
    ['resume last --no-wait', 'go as far as it gets without anybody'],
  ],

  async action(ctx, args, options) {
    if (options.edited === true) return onEditedFile(ctx, textArgument(args[0]), options);
    const { resumeRun } = await import('../resume-run.ts');
    return resumeRun(ctx, driveOf(options), textArgument(args[0]), options);
  },
};

/** Runs the file of an earlier run as it is now, and takes from that run whatever has not changed. */
async function onEditedFile(ctx: Context, text: string, options: Options): Promise<number> {
  const { readRun } = await import('../../engine/index.ts');
  let replies: string | undefined;
  const earlier = await readRun(text, {
    cwd: ctx.cwd,
    env: ctx.io.env,
    onEvent(event) {
      if (event.type === 'run.started') replies = event.replies;
    },
  });
  return run.action(ctx, [earlier.summary.file], {
    ...(replies !== undefined && { replies }),
    ...options,
    from: earlier.summary.run,
    offline: earlier.result.simulated,
  });
}
