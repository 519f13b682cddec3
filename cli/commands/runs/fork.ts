import { type Command, listOption, textArgument, textOption, UsageError } from '../../command.ts';
import { driveOf, driveOptions } from '../../drive-run.ts';
import { userName } from '../../user.ts';

export const forkCommand: Command = {
  name: 'fork',
  group: 'Runs',
  summary: 'start a new run from a node of an old one',
  description:
    'Starts a new run of the same plan. All that does not follow from the node is taken over from the old run as it was, and costs nothing; the node and what follows are done anew.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last' }],
  options: [
    { flags: '--at <node>', description: 'the node from which on everything is done anew' },
    {
      flags: '--set <key=value>',
      description: 'another value for an input; @file reads it from a file; repeat it for more',
      repeatable: true,
    },
    { flags: '--replies <file>', description: 'take the answers of a simulated run from another replies file' },
    ...driveOptions,
  ],
  examples: [
    ['runs fork last --at summary', 'write the summary once more'],
    ['runs fork last --at summary --set tone=formal', 'with another input'],
  ],

  async action(ctx, args, options) {
    const drive = driveOf(options);
    const at = textOption(options, 'at');
    if (at === undefined) throw new UsageError('nothing says where to begin', 'give --at <node>: from there on everything is done anew');
    const engine = await import('../../../engine/index.ts');
    const { resumeRun } = await import('../../resume-run.ts');
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const old = await engine.openRun(textArgument(args[0]), around);
    const workflow = { name: old.plan.workflow, file: old.summary.file, plan: old.plan, document: old.document, warnings: [] };
    const set = engine.parseInputs(workflow, { pairs: listOption(options, 'set') }, around);
    const forked = await engine.forkRun(old.summary.run, { ...around, at, set, by: userName(ctx.io.env) });
    if (!drive.quiet) {
      ctx.tell(
        `${ctx.err.bold('forked')} ${old.summary.run} at ${at}: ${forked.taken.length === 0 ? 'nothing' : forked.taken.join(', ')} taken over`,
      );
      for (const node of forked.outdated) {
        ctx.tell(
          `${ctx.err.yellow('note:')} ${node} read an input that is another one now, and stays as it was; --at ${node} would do it anew`,
        );
      }
    }
    return resumeRun(ctx, drive, forked.run, options, { fresh: true });
  },
};
