import { type Command, EXIT, textOption, UsageError } from '../../command.ts';
import { countOption } from './list.ts';

export const pruneCommand: Command = {
  name: 'prune',
  group: 'Runs',
  summary: 'forget old runs',
  description:
    'Forgets runs that have ended, with all they hold. Without --yes it only says which. Never one that runs, waits or is stale; what the cache holds stays.',
  options: [
    { flags: '--older-than <time>', description: 'only runs that ended longer ago: 12h, 30d' },
    { flags: '--keep <n>', description: 'never the newest so many' },
    { flags: '--yes', description: 'do it' },
  ],
  examples: [
    ['runs prune --older-than 30d', 'see what would go'],
    ['runs prune --older-than 30d --keep 20 --yes', 'forget it'],
  ],

  async action(ctx, _args, options) {
    const engine = await import('../../../engine/index.ts');
    const age = textOption(options, 'olderThan');
    const olderThan = age === undefined ? undefined : engine.parseDuration(age);
    if (age !== undefined && olderThan === undefined)
      throw new UsageError(`"${age}" is no value of "--older-than"`, 'a duration, as in 12h or 30d');
    const keep = countOption(textOption(options, 'keep'), '--keep');
    if (olderThan === undefined && keep === undefined)
      throw new UsageError('nothing says which runs may go', 'give --older-than 30d, --keep 20, or both');
    const yes = options.yes === true;
    const gone = await engine.pruneRuns({
      cwd: ctx.cwd,
      env: ctx.io.env,
      ...(olderThan !== undefined && { olderThan }),
      ...(keep !== undefined && { keep }),
      dryRun: !yes,
    });
    const many = `${gone.runs.length} ${gone.runs.length === 1 ? 'run' : 'runs'}`;
    if (gone.runs.length === 0) ctx.tell('no run is old enough to go');
    else if (yes) ctx.tell(`${many} forgotten, ${sizeOf(gone.bytes)} freed in the store for later ones`);
    else {
      for (const { run, workflow, status, endedAt } of gone.runs) ctx.print(`${run}  ${workflow}  ${status}  ${endedAt ?? ''}\n`);
      ctx.tell(`${many} would be forgotten, with ${sizeOf(gone.bytes)}; --yes does it`);
    }
    return EXIT.done;
  },
};

function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
