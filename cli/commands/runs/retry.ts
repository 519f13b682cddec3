import { type Command, textArgument, UsageError } from '../../command.ts';
import { driveOf, driveOptions } from '../../drive-run.ts';

export const retryCommand: Command = {
  name: 'retry',
  group: 'Runs',
  summary: 'give a run that failed or was stopped another chance',
  description: 'Does again what had not succeeded in a run that failed or was stopped; everything else stays, and is not paid for again.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last' }],
  options: [{ flags: '--replies <file>', description: 'take the answers of a simulated run from another replies file' }, ...driveOptions],
  examples: [['runs retry last', 'try the rest again']],

  async action(ctx, args, options) {
    const { resumeRun } = await import('../../resume-run.ts');
    return resumeRun(ctx, driveOf(options), textArgument(args[0]), options, {
      refuse: ({ summary: { run, status } }) => {
        if (status === 'failed' || status === 'cancelled') return undefined;
        if (status === 'succeeded')
          return new UsageError(
            `${run} has succeeded: there is nothing to try again`,
            `dagrun runs fork ${run} --at <node> does a part of it anew`,
          );
        return new UsageError(
          `${run} is ${status}, and has not failed`,
          status === 'running' ? undefined : `dagrun resume ${run} goes on with it`,
        );
      },
    });
  },
};
