import { type Command, textArgument } from '../command.ts';
import { driveOf, driveOptions } from '../drive-run.ts';

export const resume: Command = {
  name: 'resume',
  group: 'Runs',
  summary: 'go on with a run',
  description:
    'Goes on with a run that was interrupted, waits, failed or was stopped, on the plan it started with. What succeeded stays; what was paid for is not paid for again.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last (see: dagrun runs list)' }],
  options: [
    { flags: '--replies <file>', description: 'take the answers of a simulated run from another replies file' },
    { flags: '--repeat-unsafe', description: 'do again without asking what may do harm when it is done twice' },
    ...driveOptions,
  ],
  examples: [
    ['resume last', 'go on with the newest run'],
    ['resume run_01k9f2m3q7', 'the beginning of an id is enough'],
    ['resume last --no-wait', 'go as far as it gets without anybody'],
  ],

  async action(ctx, args, options) {
    const { resumeRun } = await import('../resume-run.ts');
    return resumeRun(ctx, driveOf(options), textArgument(args[0]), options);
  },
};
