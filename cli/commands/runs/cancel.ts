import { type Command, EXIT, textArgument } from '../../command.ts';
import { userName } from '../../user.ts';

export const cancelCommand: Command = {
  name: 'cancel',
  group: 'Runs',
  summary: 'end a run',
  description:
    'Ends a run: nothing new starts, and what is in flight finishes. Whoever drives it is asked to; a run that nobody drives ends at once. It can still be resumed.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last' }],
  examples: [['runs cancel last', 'end the newest run']],

  async action(ctx, args) {
    const engine = await import('../../../engine/index.ts');
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const run = await engine.findRun(textArgument(args[0]), around);
    const cancelled = await engine.cancelRun(run, { ...around, by: userName(ctx.io.env) });
    if (cancelled.type === 'asked') {
      ctx.tell([
        `${run} is asked to end: it is driven by ${cancelled.drivenBy}`,
        `${ctx.err.cyan('help:')} dagrun runs events ${run} --follow shows when it has`,
      ]);
    } else if (cancelled.type === 'ended') {
      ctx.tell([`${ctx.err.yellow('■')} ${run} is ended`, `${ctx.err.cyan('help:')} dagrun resume ${run} would go on with it after all`]);
    } else ctx.tell(`${run} is over already: it is ${cancelled.status}`);
    return EXIT.done;
  },
};
